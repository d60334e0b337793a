"""Instants and speeds in the window's sentences."""

from lab.cluster.figures import THIN_SPACE
from lab.env import Micros

FRACTIONS = {(1, 2): "½", (1, 4): "¼", (1, 8): "⅛", (1, 10): "⅒"}


def short_time(time: Micros) -> str:
    """`38.402 s`: an instant in a sentence."""
    return f"{time / 1_000_000:.3f}{THIN_SPACE}s"


def speed_text(numerator: int, denominator: int = 1) -> str:
    """`¼×`, `16×`, `1/1000×`: virtual seconds in one real second."""
    if denominator == 1:
        return f"{numerator}×"
    return FRACTIONS.get((numerator, denominator), f"{numerator}/{denominator}") + "×"
