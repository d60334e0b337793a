"""OpenNumber: an enumeration of the protocol whose numbers may stand for nothing."""

from enum import IntEnum
from typing import Self


class OpenNumber(IntEnum):
    """A number that stands for nothing is kept, nameless: what asks with it is told so, and nothing else ends."""

    @classmethod
    def _missing_(cls, value: object) -> Self:
        assert isinstance(value, int)
        found = int.__new__(cls, value)
        found._name_ = ""
        found._value_ = value
        return found

    @property
    def known(self) -> bool:
        """Whether it stands for something."""
        return bool(self._name_)  # `name` is a property, and costs a call
