"""Digest: one hash for a whole world, from a canonical walk over its values.

Not a hash of pickle bytes: those depend on which equal objects happen to be one object, which a restored
world need not share with the one that ran straight through.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

from lab.env.sealed import Sealed
from lab.world.world import World


def digest(world: World) -> str:
    """Equal for equal worlds, in every process and on every platform."""
    return _Walk(world, {}).digest()


class _Walk:
    """Feeds typed values to a hash; objects already visited are named by their order of first visit, unless they are
    sealed: nobody can tell two equal ones from one and the same, so they have a hash of their own. `sealed`: these.
    """

    def __init__(self, whole: object, sealed: dict[int, str]) -> None:
        self.whole = whole
        self.sealed = sealed
        self.hash = hashlib.sha256()
        self.seen: dict[int, int] = {}
        self.kept: list[object] = []

    def digest(self) -> str:
        """The hash of the whole and all below it."""
        waiting: list[object] = [self.whole]
        while waiting:
            waiting += self._parts(waiting.pop())
        return self.hash.hexdigest()

    def _parts(self, one: Any) -> list[object]:
        """Hash what is one itself; what it holds comes back, last first."""
        if one is None or isinstance(one, (bool, int, str, bytes)):
            self._leaf(one)
            return []
        if isinstance(one, type):
            self._leaf(one.__qualname__)
            return []
        if isinstance(one, (list, tuple)):
            items = cast("Sequence[object]", one)
            self._leaf(f"{type(items).__name__}:{len(items)}")
            return list(reversed(items))
        if isinstance(one, dict):
            pairs = cast("dict[object, object]", one)
            self._leaf(f"dict:{len(pairs)}")
            return [part for key, value in reversed(pairs.items()) for part in (value, key)]
        if isinstance(one, (set, frozenset)):
            members = cast("set[Any]", one)
            self._leaf(f"set:{len(members)}")
            return sorted(members, reverse=True)
        return self._object(one)

    def _leaf(self, value: object) -> None:
        text = f"{type(value).__name__}={value!r};"
        self.hash.update(text.encode())

    def _object(self, one: Any) -> list[object]:
        """An object's own values. Mutable ones may point at each other, so each is walked once."""
        assert not isinstance(one, memoryview), "a view in a world: it may change, and has no value of its own"
        if isinstance(one, Sealed) and one is not self.whole:
            self._leaf(self._sealed(one))
            return []
        number = self.seen.get(id(one))
        if number is not None:
            self._leaf(f"again:{number}")
            return []
        self.seen[id(one)] = len(self.seen)
        self.kept.append(one)
        self._leaf(type(one).__qualname__)
        return list(reversed([part for name, value in _attributes(one) for part in (name, value)]))

    def _sealed(self, one: Sealed) -> str:
        if id(one) not in self.sealed:
            self.sealed[id(one)] = _Walk(one, self.sealed).digest()
            self.kept.append(one)
        return self.sealed[id(one)]


def _attributes(one: Any) -> list[tuple[str, object]]:
    kind_of_one = cast("type[Any]", type(one))
    if kind_of_one.__getstate__ is not object.__getstate__:
        return [("state", one.__getstate__())]
    found: list[tuple[str, object]] = []
    for kind in reversed(cast("type[object]", type(one)).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        found.extend((name, getattr(one, name)) for name in names if hasattr(one, name))
    return found + list(getattr(one, "__dict__", {}).items())
