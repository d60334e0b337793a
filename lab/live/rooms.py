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
        if size > ROOM_BYTES:
            return memoryview(bytearray(size))
        found = next(filter(_is_free, self._rooms), None)
        if found is None:
            found = bytearray(ROOM_BYTES)
            if len(self._rooms) < ROOMS_MAX:
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
