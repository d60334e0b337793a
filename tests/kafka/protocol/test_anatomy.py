"""The anatomy of frames against the compiled codec: every byte of every version of every message has its field."""

import struct

import pytest

from lab.kafka.protocol.anatomy import Anatomy, Part, anatomy_of_request, anatomy_of_response
from lab.kafka.protocol.apis import APIS, read_request, write_request
from lab.kafka.protocol.messages.api_versions import API_VERSIONS, ApiVersionsRequest
from lab.kafka.protocol.messages.produce import PRODUCE, ProduceRequest
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.protocol.wire_bytes import Maker

CASES = [
    (api.key, api.name, version)
    for api in APIS.values()
    for version in range(api.versions.first, api.versions.last + 1)
]


def leaves(parts: tuple[Part, ...]) -> list[Part]:
    """Those in which no other stands."""
    return [
        one
        for one, behind in zip(parts, (*parts[1:], None), strict=True)
        if behind is None or behind.depth <= one.depth
    ]


def check(found: Anatomy, size: int) -> None:
    """What is in a row stands within it, no two fields share a byte, and none but lengths are between them."""
    assert not found.wrong, found.wrong
    within: list[Part] = []
    at = 0
    for one in found.parts:
        del within[one.depth :]
        assert all(row.start <= one.start <= one.end <= row.end for row in within), one
        within.append(one)
    for one in leaves(found.parts):
        assert at <= one.start <= one.end, one
        at = one.end
    assert at == size


@pytest.mark.parametrize(("key", "name", "version"), CASES)
def test_each_byte_of_a_request_has_its_field(key: int, name: str, version: int) -> None:
    schema = APIS[key].request(version)
    for seed in range(6):
        head = struct.pack(">hhih4s", key, version, seed, 4, b"shop") + b"\0" * schema.is_flexible(version)
        body = Maker(schema, version, seed).message()
        check(anatomy_of_request(head + body), len(head + body))


@pytest.mark.parametrize(("key", "name", "version"), CASES)
def test_each_byte_of_an_answer_has_its_field(key: int, name: str, version: int) -> None:
    api = APIS[key]
    schema = api.response(version)
    for seed in range(6):
        tags = schema.is_flexible(version) and api is not API_VERSIONS
        frame = struct.pack(">i", seed) + b"\0" * tags + Maker(schema, version, seed).message()
        check(anatomy_of_response(api, version, frame), len(frame))


@pytest.mark.parametrize(("key", "name", "version"), CASES)
def test_where_the_codec_stops_the_anatomy_breaks_off(key: int, name: str, version: int) -> None:
    """A frame that lacks its last byte is refused by both."""
    schema = APIS[key].request(version)
    head = struct.pack(">hhih", key, version, 1, -1) + b"\0" * schema.is_flexible(version)
    frame = head + Maker(schema, version, 3).message()
    if len(frame) == len(head):
        return
    with pytest.raises(Malformed):
        read_request(frame[:-1])
    assert anatomy_of_request(frame[:-1]).wrong


def produce(version: int) -> bytes:
    batch = RecordBatch.build([Record(0, 5, b"Ada", b"cup")], producer_id=7, producer_epoch=1, base_sequence=3)
    request = ProduceRequest(-1, 1_500, {TopicPartition("orders", 2): batch})
    return write_request(PRODUCE, version, 9, "shop", request)[4:]


@pytest.mark.parametrize("version", [7, 9])
def test_a_produce_request_reads_as_the_protocol_calls_it(version: int) -> None:
    found = {one.path: one for one in anatomy_of_request(produce(version)).parts}
    row = "topic_data.[0].partition_data.[0]"
    assert found["header.client_id"].value == "shop"
    assert found["acks"].value == -1
    assert found["topic_data.[0].name"].value == "orders"
    assert found[f"{row}.index"].value == 2
    batch = f"{row}.records.batch[0]"
    assert (found[f"{batch}.producer_id"].value, found[f"{batch}.base_sequence"].value) == (7, 3)
    assert b"cup" in found[f"{batch}.records"].value
    assert found["topic_data.[0].name"].kind == ("compact string" if version == 9 else "string")


def test_the_bytes_of_a_field_are_its_own() -> None:
    frame = produce(7)
    found = {one.path: one for one in anatomy_of_request(frame).parts}
    timeout = found["timeout_ms"]
    assert frame[timeout.start : timeout.end] == struct.pack(">i", 1_500)
    client = found["header.client_id"]
    assert frame[client.start : client.end] == b"\0\4shop"


def test_a_tag_that_nobody_knows_is_shown_with_its_bytes() -> None:
    frame = write_request(API_VERSIONS, 3, 1, "shop", ApiVersionsRequest("kcat", "1"))[4:]
    found = anatomy_of_request(frame[:-1] + b"\1\x63\2ab")
    assert [(one.name, one.kind, one.value) for one in found.parts[-3:]] == [
        ("tagged_fields", "tags", 1),
        ("tag 99", "unknown tag", 2),
        ("rest", "bytes", b"ab"),
    ]


def test_what_is_no_request_is_told_as_far_as_it_goes() -> None:
    found = anatomy_of_request(struct.pack(">hhi", 3, 4, 5))
    assert found.wrong.startswith("broken off")
    assert [one.name for one in found.parts] == ["header", "request_api_key", "request_api_version", "correlation_id"]
    assert anatomy_of_request(struct.pack(">hhih", 999, 0, 1, -1)).wrong == "no version that is known here"
