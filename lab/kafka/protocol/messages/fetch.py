"""Fetch (API 1): read batches; consumers and follower replicas use the same request."""

from dataclasses import dataclass
from enum import IntEnum

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition

INITIAL_EPOCH, FINAL_EPOCH = 0, -1
"""Session epochs of a full fetch: one that asks for a new session, and one that wants none."""


class IsolationLevel(IntEnum):
    """How far a consumer may read: to the high watermark, or to the last stable offset."""

    READ_UNCOMMITTED = 0
    READ_COMMITTED = 1


@dataclass(slots=True)
class FetchPartition(Sealed):
    """From where to read one partition. Epochs of -1 and no `topic_id` mean: do not check. The id is not the key, as
    it is in Kafka: so whoever looks a partition up compares it, and need not translate it first.
    """

    fetch_offset: int
    partition_max_bytes: int
    current_leader_epoch: int = -1
    last_fetched_epoch: int = -1
    log_start_offset: int = -1
    topic_id: TopicId = NO_TOPIC_ID


@dataclass(slots=True)
class FetchRequest(Sealed):
    """`replica_id` -1 is a consumer. In a session (KIP-227) `partitions` are those that are new or asked otherwise
    than before, `forgotten` those that go.
    """

    replica_id: int
    max_wait_ms: int
    min_bytes: int
    max_bytes: int
    partitions: dict[TopicPartition, FetchPartition]
    replica_epoch: int = -1
    isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED
    rack_id: str = ""
    session_id: int = 0
    session_epoch: int = FINAL_EPOCH
    forgotten: tuple[TopicPartition, ...] = ()


@dataclass(slots=True)
class FetchedPartition:
    """One partition's answer. `diverging_epoch` (epoch, end offset) tells a follower to truncate. Who reads committed
    is told the `aborted_transactions`, (producer id, first offset), that have records here.
    `preferred_read_replica` tells a consumer to read from that broker (KIP-392).
    """

    error_code: ErrorCode
    high_watermark: int = -1
    last_stable_offset: int = -1
    log_start_offset: int = -1
    records: tuple[RecordBatch, ...] = ()
    diverging_epoch: tuple[int, int] | None = None
    current_leader: tuple[int, int] | None = None
    aborted_transactions: tuple[tuple[int, int], ...] | None = None
    preferred_read_replica: int = -1


@dataclass(slots=True)
class FetchResponse:
    """Answers for the partitions that had something to say. `session_id` 0: the broker keeps no session."""

    responses: dict[TopicPartition, FetchedPartition]
    error_code: ErrorCode = ErrorCode.NONE
    session_id: int = 0
