"""Produce (0): append one batch to each of several partitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, cast

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.node_endpoint import NODE_ENDPOINTS, NodeEndpoint
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.schema import (
    ERROR,
    INT16,
    INT32,
    INT64,
    NULLABLE_STRING,
    RECORDS,
    Array,
    ByTopic,
    Converted,
    Versions,
    api,
    message,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition

READ_MAX = 16
"""Batches of a real client with so many records or fewer are decoded before they are appended."""


@dataclass(slots=True)
class NoBatch:
    """What came in the place of one record batch, in words. Only a real client can send it."""

    reason: str
    record_count: ClassVar[int] = 0

    @classmethod
    def or_batch(cls, records: "bytes | memoryview | None") -> "RecordBatch | NoBatch":
        """The batch that `records` are. Its CRC is looked at by the log; its records here, if they are few: what
        somebody's first own producer gets wrong is told as Kafka tells it, and to look into a large batch would cost
        more than all else that is done with it. So a log may hold what is no record, and its readers are ready for it.
        """
        if not records:
            return cls("one record batch wanted, none found")
        try:
            batch = RecordBatch.parse(cast("bytes", records))  # perhaps a view of its frame: a log copies it once
            if batch.record_count <= READ_MAX and batch.valid_crc():
                batch.records()
        except Malformed as wrong:
            return cls(str(wrong))
        return batch

    @staticmethod
    def bytes_of(batch: "RecordBatch | NoBatch") -> bytes:
        """As they are sent."""
        return batch.data if isinstance(batch, RecordBatch) else b""


@dataclass(slots=True)
class ProduceRequest:
    """`acks`: -1 all in-sync replicas, 1 the leader, 0 nobody answers. `transaction_version`: see `transactions`."""

    acks: int
    timeout_ms: int
    data: Mapping[TopicPartition, RecordBatch | NoBatch]
    transactional_id: str | None = None
    transaction_version: int = 1


@dataclass(slots=True)
class PartitionProduceResponse:
    """What became of one partition's batch; `current_leader` (id, epoch) as KIP-951 sends it."""

    error_code: ErrorCode
    base_offset: int = -1
    log_append_time_ms: int = -1
    log_start_offset: int = -1
    record_errors: tuple[tuple[int, str], ...] = ()
    error_message: str | None = None
    current_leader: tuple[int, int] | None = None


@dataclass(slots=True)
class ProduceResponse:
    """One answer a partition. `node_endpoints`: where those are that lead instead."""

    responses: dict[TopicPartition, PartitionProduceResponse] = field(
        default_factory=dict[TopicPartition, PartitionProduceResponse]
    )
    node_endpoints: tuple[NodeEndpoint, ...] = ()


_RECORDS = wire("records", Converted(RECORDS, NoBatch.or_batch, NoBatch.bytes_of))
_ERROR = struct(None, wire("batch_index", INT32), wire("batch_index_error_message", NULLABLE_STRING))
_LEADER = struct(None, wire("leader_id", INT32), wire("leader_epoch", INT32))
_ANSWER = struct(
    PartitionProduceResponse,
    wire("error_code", ERROR),
    wire("base_offset", INT64),
    wire("log_append_time_ms", INT64, "2+"),
    wire("log_start_offset", INT64, "5+"),
    wire("record_errors", Array(_ERROR), "8+"),
    wire("error_message", NULLABLE_STRING, "8+"),
    wire("current_leader", _LEADER, "10+", tag=0, default=None),
)

_BY_ID = Versions.of("13+")
_PRODUCE = (
    wire("transactional_id", NULLABLE_STRING, "3+"),
    wire("acks", INT16),
    wire("timeout_ms", INT32),
    wire("topic_data", ByTopic(_RECORDS, partitions="partition_data", index="index", ids=_BY_ID), attribute="data"),
)

PRODUCE = api(
    0, "Produce", "3-13", 9,
    (
        message(ProduceRequest, *_PRODUCE, versions="0-11"),
        message(ProduceRequest, *_PRODUCE, versions="12+", make=partial(ProduceRequest, transaction_version=2)),
    ),
    message(
        ProduceResponse,
        wire("responses", ByTopic(_ANSWER, partitions="partition_responses", index="index", ids=_BY_ID)),
        unused("throttle_time_ms", INT32, 0, "1+"),
        wire("node_endpoints", NODE_ENDPOINTS, "10+", tag=0, default=()),
    ),
    advertised="0-13",
    by_topic_id=_BY_ID,
)  # fmt: skip
