"""Whatever bytes come, the decoder makes a message of them or says that they are Malformed, and takes no more than its
share of memory and time for it.
"""

import random
import struct
import time
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.kafka.protocol.apis import APIS, PLAIN_MAX, Header, read_request, read_response
from lab.kafka.protocol.codec import encode, uvarint
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.schema import Api
from tests.kafka.protocol.wire_bytes import Maker
from tests.live.broken_frames import every_version, head, mutated, valid_frame

VERSIONS = list(every_version())
EACH_SEEDS = 40


def read(frame: bytes) -> str:
    """What came of it. Anything but a message or Malformed fails the test that asks."""
    try:
        header, body = read_request(frame)
    except Malformed:
        return "malformed"
    assert isinstance(header, Header)
    return "message" if body is not None else "version"


@pytest.mark.parametrize("api", APIS.values(), ids=lambda one: one.name)
def test_a_request_that_is_cut_anywhere_is_malformed(api: Api):
    for version in range(api.versions.first, api.versions.last + 1):
        frame = valid_frame(api, version)
        assert read(frame) == "message", (api.name, version)
        for length in range(len(frame)):
            assert read(frame[:length]) == "malformed", (api.name, version, length)


@pytest.mark.parametrize("api", APIS.values(), ids=lambda one: one.name)
def test_a_request_with_something_wrong_is_a_message_or_malformed(api: Api):
    found: list[str] = []
    for version in range(api.versions.first, api.versions.last + 1):
        for seed in range(EACH_SEEDS):
            dice = random.Random(f"{api.name} {version} {seed}")
            frame = valid_frame(api, version, seed)
            found.append(read(mutated(frame, dice, begin=dice.choice((0, 8, len(head(api, version)))))))
    assert "malformed" in found


@pytest.mark.parametrize("api", APIS.values(), ids=lambda one: one.name)
def test_an_answer_with_something_wrong_is_a_message_or_malformed(api: Api):
    """Other programs here read answers too."""
    for version in range(api.versions.first, api.versions.last + 1):
        for seed in range(8):
            dice = random.Random(f"{api.name} {version} {seed}")
            frame = bytes(4) + b"\0" * api.response(version).is_flexible(version)
            frame += Maker(api.response(version), version, seed).message()
            with suppress(Malformed):
                read_response(api, version, mutated(frame, dice))


@given(st.binary(max_size=400))
@settings(max_examples=500, deadline=None)
def test_garbage_is_malformed_or_a_message(data: bytes):
    read(data)


@given(st.sampled_from(VERSIONS), st.binary(max_size=200))
@settings(max_examples=1_000, deadline=None)
def test_garbage_behind_a_true_header_is_malformed_or_a_message(which: tuple[Api, int], data: bytes):
    read(head(*which) + data)


@pytest.mark.parametrize("claim", [(1 << 31) - 1, 1 << 20, -2, -(1 << 31)])
def test_a_count_that_lies_makes_nothing(claim: int):
    """In front of every version, in each place where a count or a length may be."""
    tracemalloc.start()
    began = time.process_time()
    for api, version in VERSIONS:
        flexible = api.request(version).is_flexible(version)
        lie = uvarint(claim + 1) if flexible and claim > 0 else struct.pack(">i", claim)
        frame = valid_frame(api, version, 3)
        for at in range(len(head(api, version)), min(len(frame), 160)):
            read(frame[:at] + lie + frame[at:])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20, f"{most:,} bytes"
    assert time.process_time() - began < 60


def test_a_request_without_records_is_not_long():
    metadata = APIS[3]
    count = PLAIN_MAX // 2
    frame = head(metadata, 9) + uvarint(count + 1) + b"\x01\0" * count + b"\0\0\0\0"
    with pytest.raises(Malformed, match="at most 1,048,576 bytes wanted"):
        read_request(frame)
    assert read(head(metadata, 9) + uvarint(count // 2 + 1) + b"\x01\0" * (count // 2) + b"\0\0\0\0") == "message"


def test_tags_without_number_are_read_once():
    """A tag that says it is empty and is not: what it holds would be read again and again."""
    fetch = APIS[1]
    version = fetch.versions.last
    empty = uvarint(1) + uvarint(0)  # tag 1 (replica_state) of no bytes
    body = Maker(fetch.request(version), version, 1).message()
    frame = head(fetch, version) + body[:-1] + uvarint(20_000) + empty * 20_000
    began = time.process_time()
    read(frame)
    assert time.process_time() - began < 2
    unknown = head(fetch, version) + body[:-1] + uvarint(2) + uvarint(77) + uvarint(1 << 30) + b"x"
    assert read(unknown) == "malformed"


def test_what_stands_behind_a_request_is_not_looked_at():
    """As in Kafka: librdkafka writes a request for all metadata with three bytes too many."""
    for api, version in VERSIONS:
        frame = valid_frame(api, version)
        header, body = read_request(frame + b"\0\0\0")
        same, message = read_request(frame)
        assert header == same
        schema = api.request(version)
        assert b"".join(encode(schema, version, body)) == b"".join(encode(schema, version, message)), (
            api.name,
            version,
        )
