"""Checkpoint: a world as bytes, with everything that is sealed shared by reference.

A checkpoint is only a cache: the same world comes from the seed and the journal. So when to take one may
depend on the processor's clock, which is read here and nowhere else in the world.
"""

import io
import pickle
from collections import Counter
from collections.abc import Callable
from time import process_time_ns
from typing import Any, cast

import cramjam

from lab.env.sealed import Sealed
from lab.env.units import Micros
from lab.world.garbage import uncollected
from lab.world.world import World

WORDS = 250

_loading: list[Sealed] = []


def cpu_ns() -> int:
    """Processor time spent so far; decides only when a checkpoint is due, never what happens."""
    return process_time_ns()


def _shared(index: int) -> Sealed:
    """Called by the unpickler in place of a sealed object."""
    return _loading[index]


class Vocabulary:
    """The commonest names of fields and kinds of things, which writer and reader both know beforehand: what stands
    among the first 256 things of a pickle is referred to by two bytes instead of five, and a world is mostly fields.
    A kind that a pickle has not met yet would be spelled out, module and all.
    """

    __slots__ = ("memo", "preface")

    def __init__(self, known: tuple[str | type[Any], ...]) -> None:
        buffer = io.BytesIO()
        pickler = pickle.Pickler(buffer, protocol=5)
        pickler.dump(known)
        self.memo = pickler.memo
        self.preface = buffer.getvalue()


class _Census(pickle.Pickler):
    """Counts the fields and the kinds of everything it is given."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), protocol=5)
        self.counts: Counter[str | type[Any]] = Counter()

    def reducer_override(self, thing: object) -> Any:
        if isinstance(thing, type):
            return NotImplemented
        if isinstance(thing, Sealed):
            return _shared, (0,)
        if type(thing).__module__ != "builtins":  # functions have a kind that no name leads to
            self.counts[type(thing)] += 1
        self.counts.update(list(getattr(thing, "__dict__", ())))
        for kind in type(thing).__mro__:
            self.counts.update(kind.__dict__.get("__slots__", ()))
        return NotImplemented


_vocabulary: list[Vocabulary] = []


def vocabulary_of(world: World) -> Vocabulary:
    """Counted once a process, in the first world there is a checkpoint of."""
    if not _vocabulary:
        census = _Census()
        census.dump(world)
        _vocabulary.append(Vocabulary(tuple(known for known, _ in census.counts.most_common(WORDS))))
    return _vocabulary[0]


class Checkpoint:
    """One instant of a world. Taking it does not change the world; restoring shares nothing that may change.

    `number`: how many were taken before it on its branch.
    """

    __slots__ = ("compressed", "data", "event_number", "number", "sealed", "time", "vocabulary")

    def __init__(self, world: World, number: int = 0) -> None:
        self.number = number
        self.event_number = world.event_number
        self.time: Micros = world.now
        self.sealed: list[Sealed] = []
        self.compressed = False
        self.vocabulary = vocabulary_of(world)
        self.data = self._dump(world)

    def _dump(self, world: World) -> bytes:
        sealed = self.sealed

        def reduce(thing: Sealed) -> tuple[Callable[[int], Sealed], tuple[int]]:
            sealed.append(thing)  # asked once an object: the pickler remembers it
            return _shared, (len(sealed) - 1,)

        buffer = io.BytesIO()
        pickler = pickle.Pickler(buffer, protocol=5)
        pickler.dispatch_table = dict.fromkeys(_kinds(), reduce)
        pickler.memo = self.vocabulary.memo
        with uncollected():
            pickler.dump(world)
        return buffer.getvalue()

    def restore(self) -> World:
        """A new world, equal to the one that was."""
        data = bytes(cramjam.zstd.decompress(self.data)) if self.compressed else self.data
        _loading[:] = self.sealed
        try:
            with uncollected():  # ten thousand new objects, none of them garbage: it would look through all of them
                unpickler = pickle.Unpickler(io.BytesIO(self.vocabulary.preface + data))
                unpickler.load()  # what it remembers of the preface, the rest refers to
                return cast("World", unpickler.load())
        finally:
            _loading.clear()

    def compress(self) -> None:
        """Make it a quarter as large; it restores a little slower. By Zstandard: zlib takes four times as long."""
        if not self.compressed:
            self.data = bytes(cramjam.zstd.compress(self.data, 1))
            self.compressed = True

    @property
    def size_bytes(self) -> int:
        """What it holds by itself: its data and its references."""
        return len(self.data) + 8 * len(self.sealed)


def _kinds() -> list[type[Any]]:
    """Every kind of sealed object there is."""
    found: list[type[Any]] = []
    waiting: list[type[Any]] = [Sealed]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found
