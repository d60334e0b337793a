"""OffsetForLeaderEpoch (API 23): where an epoch ended; how a consumer notices truncation (KIP-320)."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class OffsetForLeaderEpochRequest:
    """Partition -> (current leader epoch or -1, the epoch asked about)."""

    partitions: dict[TopicPartition, tuple[int, int]]


@dataclass(slots=True)
class EpochEndOffset:
    """Epoch and end offset -1: this log knows nothing of it."""

    error_code: ErrorCode
    leader_epoch: int = -1
    end_offset: int = -1


@dataclass(slots=True)
class OffsetForLeaderEpochResponse:
    """One answer a partition."""

    partitions: dict[TopicPartition, EpochEndOffset]
