"""Values: whether two things are alike for whoever only reads them, and where they first are not.

Whether equal parts are one object or two is no difference here: what has travelled in bytes shares nothing.
"""

from dataclasses import is_dataclass
from functools import cache
from typing import Any

from lab.env import Sealed
from lab.kafka.protocol.records import RecordBatch
from lab.world.digest import _attributes, _Walk


class _ByValue(_Walk):
    """The digest's walk, in which messages, and whatever else is only values, are walked as often as they are met."""

    def _object(self, one: Any) -> list[object]:
        if not is_dataclass(one) and not isinstance(one, Sealed):
            return super()._object(one)
        self._leaf(type(one).__qualname__)
        return [part for name, value in reversed(_attributes(one)) for part in (value, name)]


def value_digest(thing: object) -> str:
    """As `digest`, of a world or of anything in one, and blind to who shares what with whom."""
    return _ByValue(thing, {}).digest()


def difference(one: Any, other: Any, path: str) -> str:
    """Where two values first differ: in a type, in what they hold, or in its order. Empty if they do not."""
    if one is other:
        return ""
    if type(one) is not type(other):
        return f"{path}: {type(one).__name__} {one!r}, then {type(other).__name__} {other!r}"
    if isinstance(one, dict):
        return _in_rows(list(one), list(other), f"keys of {path}") or _in_rows(
            list(one.values()), list(other.values()), f"values of {path}"
        )
    if isinstance(one, (list, tuple)):
        return _in_rows(one, other, path)
    names = names_of(type(one))
    if not names:
        return "" if one == other else f"{path}: {one!r}, then {other!r}"
    for name in names:
        found = difference(getattr(one, name), getattr(other, name), f"{path}.{name}")
        if found:
            return found
    return ""


def _in_rows(one: Any, other: Any, path: str) -> str:
    if len(one) != len(other):
        return f"{path}: {len(one)} things, then {len(other)}"
    for place, (value, another) in enumerate(zip(one, other, strict=True)):
        found = difference(value, another, f"{path}[{place}]")
        if found:
            return found
    return ""


@cache
def names_of(kind: type) -> tuple[str, ...]:
    """The attributes of a message, or of what is in one; of a batch its bytes, from which all else comes."""
    if kind is RecordBatch:
        return ("data",)
    return tuple(kind.__dataclass_fields__) if is_dataclass(kind) else ()
