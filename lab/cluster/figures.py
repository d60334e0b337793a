"""Figures: numbers as people read them, in probes, lessons and the window alike."""

THIN_SPACE = "\u2009"


def grouped(number: int) -> str:
    """`8 214`: thousands apart, with thin spaces; a comma would be a decimal point in half of Europe."""
    return f"{number:,}".replace(",", THIN_SPACE)
