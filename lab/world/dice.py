"""Dice: streams of chance, one a subsystem, so that drawing from one never changes another.

SHAKE-128 over a name and a counter: the same on every platform and version, and a stream's state is
two small numbers (a `random.Random` pickles to 3.8 kB).
"""

import hashlib
import struct

DRAWS = 512
_UNPACK = struct.Struct(f"<{DRAWS}H").unpack


class Stream:
    """Whole numbers below 65,536, without end."""

    __slots__ = ("_block", "_drawn", "_name", "_number")

    def __init__(self, name: str) -> None:
        self._name = name
        self._number = 0
        self._block: tuple[int, ...] = ()
        self._drawn = DRAWS

    def __getstate__(self) -> tuple[str, int, int]:
        return self._name, self._number, self._drawn

    def __setstate__(self, state: tuple[str, int, int]) -> None:
        self._name, self._number, self._drawn = state
        self._block = self._fill(self._number) if self._number else ()

    def _fill(self, number: int) -> tuple[int, ...]:
        seed = f"{self._name}/{number}".encode()
        return _UNPACK(hashlib.shake_128(seed).digest(2 * DRAWS))

    def draw(self) -> int:
        """The next 16 bits."""
        drawn = self._drawn
        if drawn == DRAWS:
            self._number += 1
            self._block = self._fill(self._number)
            drawn = 0
        self._drawn = drawn + 1
        return self._block[drawn]

    def below(self, bound: int) -> int:
        """A whole number in [0, bound); even enough for bounds up to 2 ** 32."""
        if bound <= 256:
            return self.draw() * bound >> 16
        wide = self.draw() << 32 | self.draw() << 16 | self.draw()
        return wide * bound >> 48

    def chance(self, per_million: int) -> bool:
        """True with a probability of `per_million` in a million."""
        return self.below(1_000_000) < per_million
