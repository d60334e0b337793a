"""Figures: numbers as people read them, in probes, lessons and the window alike."""

THIN_SPACE = "\u202f"
"""Narrow, and no place to break a line: a number stays whole."""


def counted(number: int, noun: str, several: str = "") -> str:
    """`1 broker`, `3 brokers`; `several` where an s at the end is not enough."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def brief(number: float) -> str:
    """`950`, `10k`, `1.5M`: where there is room for a few letters only."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:g}"


def grouped(number: int) -> str:
    """`8 214`: thousands apart, with thin spaces; a comma would be a decimal point in half of Europe."""
    return f"{number:,}".replace(",", THIN_SPACE)
