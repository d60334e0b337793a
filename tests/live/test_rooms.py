"""Rooms: no two frames share memory while one of them is looked at."""

from lab.live.rooms import ROOM_BYTES, ROOMS_MAX, Rooms


def test_a_room_is_used_again_once_nobody_looks_into_it() -> None:
    rooms = Rooms()
    first = rooms.take(100)
    first[:5] = b"first"
    records = first[2:5].toreadonly()
    del first
    second = rooms.take(100)
    second[:5] = b"other"
    assert records == b"rst", "a part of a frame keeps all of its room"
    del records
    third = rooms.take(50)
    assert len(third) == 50
    assert third[:5] == b"first", "the first room was free again, and is as it was left"
    assert second[:5] == b"other"


def test_more_frames_than_rooms_and_longer_ones_have_memory_of_their_own() -> None:
    rooms = Rooms()
    taken = [rooms.take(ROOM_BYTES) for _ in range(ROOMS_MAX + 3)]
    for number, one in enumerate(taken):
        one[0] = number
    assert [one[0] for one in taken] == list(range(ROOMS_MAX + 3))
    assert len(rooms.take(ROOM_BYTES + 1)) == ROOM_BYTES + 1


def test_a_spare_room_is_one_that_is_used_again_or_none() -> None:
    rooms = Rooms()
    taken = [rooms.spare(10) for _ in range(ROOMS_MAX)]
    assert None not in taken
    assert rooms.spare(10) is None, "all are looked into"
    assert rooms.spare(ROOM_BYTES + 1) is None
    taken.pop()
    assert rooms.spare(ROOM_BYTES) is not None
