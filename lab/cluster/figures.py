"""Figures: numbers as people read them, in probes, lessons and the window alike."""

THIN_SPACE = "\u202f"
"""Narrow, and no place to break a line: a number stays whole."""


def counted(number: int, noun: str, several: str = "") -> str:
    """`1 broker`, `3 brokers`; `several` where an s at the end is not enough."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def grouped(number: int) -> str:
    """`8 214`: thousands apart, with thin spaces; a comma would be a decimal point in half of Europe."""
    return f"{number:,}".replace(",", THIN_SPACE)
