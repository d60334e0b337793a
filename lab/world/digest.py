"""Digest: one hash for a whole world, from a canonical walk over its values.

Not a hash of pickle bytes: those depend on which equal objects happen to be one object, which a restored
world need not share with the one that ran straight through.
"""

import hashlib
from typing import Any

from lab.world.world import World


def digest(world: World) -> str:
    """Equal for equal worlds, in every process and on every platform."""
    walk = _Walk()
    walk.visit(world)
    return walk.hash.hexdigest()


class _Walk:
    """Feeds typed values to a hash; objects already visited are named by their order of first visit."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.seen: dict[int, int] = {}
        self.kept: list[object] = []

    def visit(self, thing: Any) -> None:
        """Add one value and all below it."""
        waiting = [thing]
        while waiting:
            one = waiting.pop()
            if one is None or isinstance(one, (bool, int, str, bytes)):
                self._leaf(one)
            elif isinstance(one, type):
                self._leaf(one.__qualname__)
            elif isinstance(one, (list, tuple)):
                self._leaf(f"{type(one).__name__}:{len(one)}")
                waiting += reversed(one)
            elif isinstance(one, dict):
                self._leaf(f"dict:{len(one)}")
                for key, value in reversed(one.items()):
                    waiting += (value, key)
            elif isinstance(one, (set, frozenset)):
                self._leaf(f"set:{len(one)}")
                waiting += sorted(one, reverse=True)
            else:
                waiting += self._object(one)

    def _leaf(self, value: object) -> None:
        text = f"{type(value).__name__}={value!r};"
        self.hash.update(text.encode())

    def _object(self, one: Any) -> list[object]:
        """An object's own values. Mutable ones may point at each other, so each is walked once."""
        number = self.seen.get(id(one))
        if number is not None:
            self._leaf(f"again:{number}")
            return []
        self.seen[id(one)] = len(self.seen)
        self.kept.append(one)
        self._leaf(type(one).__qualname__)
        return list(reversed([part for name, value in _attributes(one) for part in (name, value)]))


def _attributes(one: Any) -> list[tuple[str, object]]:
    if hasattr(type(one), "__getstate__") and type(one).__getstate__ is not object.__getstate__:
        return [("state", one.__getstate__())]
    found: list[tuple[str, object]] = []
    for kind in reversed(type(one).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        found.extend((name, getattr(one, name)) for name in names if hasattr(one, name))
    return found + list(getattr(one, "__dict__", {}).items())
