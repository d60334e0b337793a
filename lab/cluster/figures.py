"""Figures: numbers as people read them, in probes, lessons and the window alike."""

THIN_SPACE = "\u202f"
"""Narrow, and no place to break a line: a number stays whole."""


def grouped(number: int) -> str:
    """`8 214`: thousands apart, with thin spaces; a comma would be a decimal point in half of Europe."""
    return f"{number:,}".replace(",", THIN_SPACE)
