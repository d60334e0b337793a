"""Rooms: memory for long frames, used again and again.

Memory that a process touches for the first time costs several times as much as what is then copied into it. A room is
free again when nobody looks into it any more, and nobody has to say so: a `bytearray` knows.
"""

ROOM_BYTES = 1 << 20
"""Of a room; more than a request of librdkafka's or Java's producer has by default."""
ROOMS_MAX = 16


class Rooms:
    """Some rooms of one size; whoever wants more, or more room, gets memory that is used once."""

    __slots__ = ("_rooms",)

    def __init__(self) -> None:
        self._rooms: list[bytearray] = []

    def take(self, size: int) -> memoryview:
        """Room for a frame of so many bytes, which are not zero. It stays the taker's as long as there is a view."""
        found = self.spare(size)
        return found if found is not None else memoryview(bytearray(size))

    def spare(self, size: int) -> memoryview | None:
        """As `take`, but only where memory is used again; None if no room is free, or large enough."""
        if size > ROOM_BYTES:
            return None
        found = next(filter(_is_free, self._rooms), None)
        if found is None:
            if len(self._rooms) == ROOMS_MAX:
                return None
            found = bytearray(ROOM_BYTES)
            self._rooms.append(found)
        return memoryview(found)[:size]


def _is_free(room: bytearray) -> bool:
    """A `bytearray` refuses to change its length while there are views of it."""
    try:
        room.pop()
    except BufferError:
        return False
    room.append(0)
    return True
