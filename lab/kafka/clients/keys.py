"""KeyPattern: which keys an application gives its records."""

import re
from dataclasses import dataclass

from lab.env.node import Dice

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ZIPF_TOTAL = 5_040
COUNT = re.compile("[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """`none`; `cycle:6` gives A B C D E F A …; `zipf:6` draws them, the first most often; or names joined by commas,
    in turn. Beyond 26 keys they are k0, k1 …
    """

    text: str = "none"

    def wrong(self) -> str:
        """What is wrong with the pattern; empty if nothing."""
        kind, _, count = self.text.partition(":")
        if kind in ("cycle", "zipf") and count:
            fine = COUNT.fullmatch(count) is not None and 1 <= int(count) <= 100_000
            return "" if fine else f"wanted 1 to 100,000 keys, found {count[:20]!r}"
        return "" if self.text else "wanted none, cycle:N, zipf:N or names joined by commas, found nothing"

    def key(self, number: int, dice: Dice) -> bytes | None:
        """The key of an application's record of that number."""
        kind, _, count = self.text.partition(":")
        if self.text == "none":
            return None
        if kind == "cycle" and count:
            return self._named(number % int(count), int(count))
        if kind == "zipf" and count:
            return self._named(self._zipf(int(count), dice), int(count))
        names = self.text.split(",")
        return names[number % len(names)].strip().encode()

    def _named(self, index: int, count: int) -> bytes:
        return (LETTERS[index] if count <= len(LETTERS) else f"k{index}").encode()

    def _zipf(self, count: int, dice: Dice) -> int:
        """Rank r with a weight of 1/r, in whole numbers."""
        weights = [ZIPF_TOTAL // rank or 1 for rank in range(1, min(count, 1_000) + 1)]
        drawn = dice.below(sum(weights))
        for rank, weight in enumerate(weights):
            drawn -= weight
            if drawn < 0:
                return rank
        raise AssertionError(count)
