"""Checkpoint: a world as bytes, with everything that is sealed shared by reference.

A checkpoint is only a cache: the same world comes from the seed and the journal. So when to take one may
depend on the processor's clock, which is read here and nowhere else in the world.
"""

import io
import pickle
from collections.abc import Callable
from time import process_time_ns
from typing import Any, cast

import cramjam

from lab.env.sealed import Sealed
from lab.env.units import Micros
from lab.world.garbage import uncollected
from lab.world.world import World

_loading: list[Sealed] = []


def cpu_ns() -> int:
    """Processor time spent so far; decides only when a checkpoint is due, never what happens."""
    return process_time_ns()


def _shared(index: int) -> Sealed:
    """Called by the unpickler in place of a sealed object."""
    return _loading[index]


class Checkpoint:
    """One instant of a world. Taking it does not change the world; restoring shares nothing that may change.

    `number`: how many were taken before it on its branch.
    """

    __slots__ = ("compressed", "data", "event_number", "number", "sealed", "time")

    def __init__(self, world: World, number: int = 0) -> None:
        self.number = number
        self.event_number = world.event_number
        self.time: Micros = world.now
        self.sealed: list[Sealed] = []
        self.compressed = False
        self.data = self._dump(world)

    def _dump(self, world: World) -> bytes:
        sealed = self.sealed

        def reduce(thing: Sealed) -> tuple[Callable[[int], Sealed], tuple[int]]:
            sealed.append(thing)  # asked once an object: the pickler remembers it
            return _shared, (len(sealed) - 1,)

        buffer = io.BytesIO()
        pickler = pickle.Pickler(buffer, protocol=5)
        pickler.dispatch_table = dict.fromkeys(_kinds(), reduce)
        with uncollected():
            pickler.dump(world)
        return buffer.getvalue()

    def restore(self) -> World:
        """A new world, equal to the one that was."""
        data = bytes(cramjam.zstd.decompress(self.data)) if self.compressed else self.data
        _loading[:] = self.sealed
        try:
            with uncollected():  # ten thousand new objects, none of them garbage: it would look through all of them
                return cast("World", pickle.loads(data))
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
