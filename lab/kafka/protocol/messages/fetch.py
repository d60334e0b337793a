"""Fetch (API 1): read batches; consumers and follower replicas use the same request."""

from dataclasses import dataclass
from enum import IntEnum

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition


class IsolationLevel(IntEnum):
    """How far a consumer may read: to the high watermark, or to the last stable offset."""

    READ_UNCOMMITTED = 0
    READ_COMMITTED = 1


@dataclass(slots=True)
class FetchPartition(Sealed):
    """From where to read one partition. Epochs of -1 mean: do not check."""

    fetch_offset: int
    partition_max_bytes: int
    current_leader_epoch: int = -1
    last_fetched_epoch: int = -1
    log_start_offset: int = -1


@dataclass(slots=True)
class FetchRequest(Sealed):
    """`replica_id` -1 is a consumer. Fetch sessions (KIP-227) are declined: every fetch is a full one,
    which the protocol always allows.
    """

    replica_id: int
    max_wait_ms: int
    min_bytes: int
    max_bytes: int
    partitions: dict[TopicPartition, FetchPartition]
    replica_epoch: int = -1
    isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED
    rack_id: str = ""


@dataclass(slots=True)
class FetchedPartition:
    """One partition's answer. `diverging_epoch` (epoch, end offset) tells a follower to truncate.
    `preferred_read_replica` tells a consumer to read from that broker (KIP-392).
    """

    error_code: ErrorCode
    high_watermark: int = -1
    last_stable_offset: int = -1
    log_start_offset: int = -1
    records: tuple[RecordBatch, ...] = ()
    diverging_epoch: tuple[int, int] | None = None
    current_leader: tuple[int, int] | None = None
    preferred_read_replica: int = -1


@dataclass(slots=True)
class FetchResponse:
    """Answers for the partitions that had something to say, or for all of them."""

    responses: dict[TopicPartition, FetchedPartition]
    error_code: ErrorCode = ErrorCode.NONE
