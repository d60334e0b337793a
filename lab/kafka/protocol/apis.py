"""APIS: what a client can ask of a broker, by number; and how a request and its answer are framed (spec 7.1, 7.2).

A frame is a header and a message; before it come four bytes with its size. Headers have a tag section where the
message is flexible, with one exception: the answer to ApiVersions, which is read by clients that do not know yet.
"""

import struct
from dataclasses import dataclass
from typing import Any

from lab.kafka.protocol.codec import Buffer, decode, encode, read_uvarint, skip_tags
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import CREATE_ACLS, DELETE_ACLS, DESCRIBE_ACLS
from lab.kafka.protocol.messages.api_versions import API_VERSIONS, ApiVersionsResponse
from lab.kafka.protocol.messages.cluster import DESCRIBE_CLUSTER
from lab.kafka.protocol.messages.configs import ALTER_CONFIGS, DESCRIBE_CONFIGS, INCREMENTAL_ALTER_CONFIGS
from lab.kafka.protocol.messages.consumer_groups import CONSUMER_GROUP_DESCRIBE, CONSUMER_GROUP_HEARTBEAT
from lab.kafka.protocol.messages.describe_topic_partitions import DESCRIBE_TOPIC_PARTITIONS
from lab.kafka.protocol.messages.fetch import FETCH
from lab.kafka.protocol.messages.find_coordinator import FIND_COORDINATOR
from lab.kafka.protocol.messages.group_admin import DELETE_GROUPS, LIST_GROUPS, OFFSET_DELETE
from lab.kafka.protocol.messages.groups import DESCRIBE_GROUPS, HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP
from lab.kafka.protocol.messages.list_offsets import LIST_OFFSETS
from lab.kafka.protocol.messages.log_dirs import DESCRIBE_LOG_DIRS
from lab.kafka.protocol.messages.metadata import METADATA
from lab.kafka.protocol.messages.offset_for_leader_epoch import OFFSET_FOR_LEADER_EPOCH
from lab.kafka.protocol.messages.offsets import OFFSET_COMMIT, OFFSET_FETCH
from lab.kafka.protocol.messages.produce import PRODUCE
from lab.kafka.protocol.messages.producer_ids import INIT_PRODUCER_ID
from lab.kafka.protocol.messages.quorum import DESCRIBE_QUORUM
from lab.kafka.protocol.messages.reassignments import ALTER_PARTITION_REASSIGNMENTS, LIST_PARTITION_REASSIGNMENTS
from lab.kafka.protocol.messages.sasl import SASL_AUTHENTICATE, SASL_HANDSHAKE
from lab.kafka.protocol.messages.share_fetch import SHARE_ACKNOWLEDGE, SHARE_FETCH
from lab.kafka.protocol.messages.share_groups import SHARE_GROUP_DESCRIBE, SHARE_GROUP_HEARTBEAT
from lab.kafka.protocol.messages.share_offsets import (
    ALTER_SHARE_GROUP_OFFSETS,
    DELETE_SHARE_GROUP_OFFSETS,
    DESCRIBE_SHARE_GROUP_OFFSETS,
)
from lab.kafka.protocol.messages.topics import (
    CREATE_PARTITIONS,
    CREATE_TOPICS,
    DELETE_RECORDS,
    DELETE_TOPICS,
    ELECT_LEADERS,
)
from lab.kafka.protocol.messages.transaction_admin import (
    DESCRIBE_PRODUCERS,
    DESCRIBE_TRANSACTIONS,
    LIST_TRANSACTIONS,
)
from lab.kafka.protocol.messages.transactions import (
    ADD_OFFSETS_TO_TXN,
    ADD_PARTITIONS_TO_TXN,
    END_TXN,
    TXN_OFFSET_COMMIT,
    WRITE_TXN_MARKERS,
)
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.schema import Api, Message

APIS: dict[int, Api] = {
    one.key: one
    for one in (
        PRODUCE,
        FETCH,
        LIST_OFFSETS,
        METADATA,
        OFFSET_COMMIT,
        OFFSET_FETCH,
        FIND_COORDINATOR,
        JOIN_GROUP,
        HEARTBEAT,
        LEAVE_GROUP,
        SYNC_GROUP,
        DESCRIBE_GROUPS,
        LIST_GROUPS,
        SASL_HANDSHAKE,
        API_VERSIONS,
        CREATE_TOPICS,
        DELETE_TOPICS,
        DELETE_RECORDS,
        INIT_PRODUCER_ID,
        OFFSET_FOR_LEADER_EPOCH,
        ADD_PARTITIONS_TO_TXN,
        ADD_OFFSETS_TO_TXN,
        END_TXN,
        WRITE_TXN_MARKERS,
        TXN_OFFSET_COMMIT,
        DESCRIBE_ACLS,
        CREATE_ACLS,
        DELETE_ACLS,
        DESCRIBE_CONFIGS,
        ALTER_CONFIGS,
        DESCRIBE_LOG_DIRS,
        SASL_AUTHENTICATE,
        CREATE_PARTITIONS,
        DELETE_GROUPS,
        ELECT_LEADERS,
        INCREMENTAL_ALTER_CONFIGS,
        ALTER_PARTITION_REASSIGNMENTS,
        LIST_PARTITION_REASSIGNMENTS,
        OFFSET_DELETE,
        DESCRIBE_QUORUM,
        DESCRIBE_CLUSTER,
        DESCRIBE_PRODUCERS,
        DESCRIBE_TRANSACTIONS,
        LIST_TRANSACTIONS,
        CONSUMER_GROUP_HEARTBEAT,
        CONSUMER_GROUP_DESCRIBE,
        DESCRIBE_TOPIC_PARTITIONS,
        SHARE_GROUP_HEARTBEAT,
        SHARE_GROUP_DESCRIBE,
        SHARE_FETCH,
        SHARE_ACKNOWLEDGE,
        DESCRIBE_SHARE_GROUP_OFFSETS,
        ALTER_SHARE_GROUP_OFFSETS,
        DELETE_SHARE_GROUP_OFFSETS,
    )
}
"""In the order of their numbers."""
BY_REQUEST: dict[type, tuple[Api, Message]] = {
    request.kind: (one, request) for one in APIS.values() for request in one.requests
}
"""By the engine's class of a request."""
_ASKED: dict[tuple[int, int], tuple[Api, Message, bool]] = {
    (one.key, version): (one, request, request.is_flexible(version))
    for one in APIS.values()
    for version in range(one.versions.first, one.versions.last + 1)
    for request in (one.request(version),)
}
"""What can be asked here, by the number of the API and the version; and whether its requests are flexible."""

_HEADER = struct.Struct(">hhih")
_SIZE = struct.Struct(">i")
_SHORT = struct.Struct(">h")
_CORRELATION = struct.Struct(">i")
_SIZE_AND_CORRELATION = struct.Struct(">ii")
_SIZE_CORRELATION_AND_TAGS = struct.Struct(">iix")
SIZE_BYTES = _SIZE.size
PLAIN_MAX = 1 << 20
"""Bytes of a request that carries no records. In Kafka `socket.request.max.bytes` is the only limit, and a thread of
several is busy with it; here everybody would wait.
"""


@dataclass(slots=True)
class Header:
    """What stands before a request: of which API, in which version, and who asks. The API by its number: a header waits
    for its answer in a world, and is in its checkpoints.
    """

    key: int
    version: int
    correlation_id: int
    client_id: str

    @property
    def api(self) -> Api:
        """What is asked for."""
        return APIS[self.key]


def api_versions(error: ErrorCode = ErrorCode.NONE) -> ApiVersionsResponse:
    """All that can be asked here; with an error, in which versions this is."""
    told = (API_VERSIONS,) if error else APIS.values()
    return ApiVersionsResponse(error, tuple((one.key, one.advertised.first, one.advertised.last) for one in told))


def read_request(frame: Buffer) -> tuple[Header, object | None]:
    """The request that a frame (without its size) is. Without a message it is an ApiVersions of a version that is not
    known, which has an answer all the same. Raises Malformed, also for what cannot be asked here.
    """
    try:
        key, version, correlation_id, length = _HEADER.unpack_from(frame)
        client_id, at = "", _HEADER.size
        if length > 0:
            client_id = str(frame[at : at + length], "utf-8")
            at += length
        end = len(frame)
        if at > end:
            raise Malformed(f"a request header: {at} bytes wanted, {end} found")
        asked = _ASKED.get((key, version))
        if asked is None:
            if key == API_VERSIONS.key:
                return Header(key, version, correlation_id, client_id), None
            raise Malformed(f"a request: {_wanted(APIS.get(key))} wanted, API key {key} version {version} found")
        api, request, flexible = asked
        if end > PLAIN_MAX and api is not PRODUCE:
            raise Malformed(f"{api.name}: at most {PLAIN_MAX:,} bytes wanted, {end:,} found")
        if flexible:
            at = skip_tags(frame, at, end)
    except (struct.error, IndexError, UnicodeDecodeError) as wrong:
        raise Malformed(f"a request header in {len(frame)} bytes: {wrong}") from wrong
    # What stands behind a request is not looked at, as in Kafka: librdkafka writes a null array in four bytes where it
    # asks for all topics; the first of them is one, and three bytes are over.
    body = decode(request, version, frame, at, exact=False)
    return Header(key, version, correlation_id, client_id), body


def is_answered(frame: Buffer) -> bool:
    """Whether a request gets an answer, if only a closed connection: all but a Produce with acks=0 do."""
    try:
        key, version, _, length = _HEADER.unpack_from(frame)
        if key != PRODUCE.key or (asked := _ASKED.get((key, version))) is None:
            return True
        at = _HEADER.size
        if length > 0:
            at += length
        if asked[2]:
            if frame[at] == 0 and frame[at + 1] <= 1:  # no tags, no transactional id
                at += 2
            else:
                size, at = read_uvarint(frame, skip_tags(frame, at, len(frame)))
                at += max(size - 1, 0)
        else:
            (size,) = _SHORT.unpack_from(frame, at)
            at += _SHORT.size + max(size, 0)
        return _SHORT.unpack_from(frame, at) != (0,)
    except (struct.error, IndexError, Malformed):
        return True


def _wanted(api: Api | None) -> str:
    return "a known API" if api is None else f"{api.name} {api.versions.first} to {api.versions.last}"


def write_request(api: Api, version: int, correlation_id: int, client_id: str, body: object) -> bytes:
    """A request with its size, as a client sends it."""
    name = client_id.encode()
    head = _HEADER.pack(api.key, version, correlation_id, len(name)) + name
    if api.request(version).is_flexible(version):
        head += b"\0"
    return _framed([head, *encode(api.request(version), version, body)])


def write_response(api: Api, version: int, correlation_id: int, body: object) -> list[Buffer]:
    """An answer with its size, in pieces."""
    response = api.response(version)
    pieces = encode(response, version, body)
    size = _CORRELATION.size + sum(map(len, pieces))
    if response.flexible <= version and api is not API_VERSIONS:
        return [_SIZE_CORRELATION_AND_TAGS.pack(size + 1, correlation_id), *pieces]
    return [_SIZE_AND_CORRELATION.pack(size, correlation_id), *pieces]


def read_response(api: Api, version: int, frame: Buffer) -> tuple[int, Any]:
    """Correlation id and message of an answer (without its size). Raises Malformed."""
    if len(frame) < _CORRELATION.size:
        raise Malformed(f"a response: {_CORRELATION.size} bytes wanted, {len(frame)} found")
    (correlation_id,) = _CORRELATION.unpack_from(frame)
    at = _CORRELATION.size
    if api.response(version).is_flexible(version) and api is not API_VERSIONS:
        try:
            at = skip_tags(frame, at, len(frame))
        except IndexError as wrong:
            raise Malformed(f"a response header in {len(frame)} bytes: {wrong}") from wrong
    return correlation_id, decode(api.response(version), version, frame, at)


def _framed(pieces: list[Buffer]) -> bytes:
    data = b"".join(pieces)
    return _SIZE.pack(len(data)) + data
