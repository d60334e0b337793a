"""Every version of every API, byte for byte as another implementation of the protocol has it."""

import io
from typing import Any

import pytest
from kio.index import load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer

from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.codec import decode, encode
from lab.kafka.protocol.messages.api_versions import ApiVersionsResponse
from lab.kafka.protocol.messages.configs import IncrementalAlterConfigsRequest
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeResponse
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.offsets import OffsetFetchesRequest, OffsetFetchesResponse, OffsetFetchResponse
from lab.kafka.protocol.messages.quorum import DescribeQuorumRequest, DescribeQuorumResponse
from lab.kafka.protocol.messages.share_groups import ShareGroupDescribeResponse
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsResponse,
    DescribeShareGroupOffsetsResponse,
)
from lab.kafka.protocol.messages.topics import DeleteTopicsRequest
from lab.kafka.protocol.messages.transactions import WriteTxnMarkersResponse
from lab.kafka.protocol.schema import Message
from tests.kafka.protocol.wire_bytes import Maker

CASES = [
    (api.key, api.name, version)
    for api in APIS.values()
    for version in range(api.versions.first, api.versions.last + 1)
]


SAID_OTHERWISE = {
    ConsumerGroupDescribeResponse: "a topic without partitions is not named",
    ShareGroupDescribeResponse: "a topic without partitions is not named",
    DescribeShareGroupOffsetsResponse: "a topic without partitions is not named",
    AlterShareGroupOffsetsResponse: "a topic without partitions is not named",
    DescribeQuorumRequest: "a topic without partitions is not named",
    DescribeQuorumResponse: "there is one partition to tell of, or none",
    ApiVersionsResponse: "a feature that begins at 0 is not told to older clients",
    DeleteTopicsRequest: "a topic is named by its id or by its name",
    IncrementalAlterConfigsRequest: "a setting that is reset has no value, and nonsense is a null",
    WriteTxnMarkersResponse: "a producer without partitions is not named",
    MetadataRequest: "a topic is asked for by its id or by its name",
    MetadataResponse: "a topic without a name is one whose id nobody knows",
    OffsetFetchResponse: "a partition with an error has no offset",
    OffsetFetchesRequest: "whether stable offsets are wanted is known of each group",
    OffsetFetchesResponse: "a partition with an error has no offset",
}
"""Messages that the engine cannot say in all ways in which the wire can; what it says must be read back the same."""


def as_kio_writes_it(entity: Any, data: bytes) -> bytes:
    found, size = entity_reader(entity)(data, 0)
    assert size == len(data), f"{size} of {len(data)} bytes read"
    written = io.BytesIO()
    entity_writer(entity)(written, found)
    return written.getvalue()


def check(schema: Message, version: int, entity: Any) -> None:
    for seed in range(12):
        made = Maker(schema, version, seed).message()
        data = b"".join(encode(schema, version, decode(schema, version, memoryview(made))))
        assert data == made or schema.kind in SAID_OTHERWISE
        assert b"".join(encode(schema, version, decode(schema, version, data))) == data
        assert as_kio_writes_it(entity, data) == data


@pytest.mark.parametrize(("key", "name", "version"), CASES)
def test_a_request_is_what_kio_reads_and_writes(key: int, name: str, version: int) -> None:
    check(APIS[key].request(version), version, load_request_schema(key, version))


@pytest.mark.parametrize(("key", "name", "version"), CASES)
def test_a_response_is_what_kio_reads_and_writes(key: int, name: str, version: int) -> None:
    check(APIS[key].response(version), version, load_response_schema(key, version))
