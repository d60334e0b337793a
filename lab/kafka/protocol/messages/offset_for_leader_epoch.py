"""OffsetForLeaderEpoch (23): where an epoch ended; how a consumer notices truncation (KIP-320)."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import ERROR, INT32, INT64, THROTTLE, ByTopic, api, message, struct, unused, wire
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


_ASKED = struct(None, wire("current_leader_epoch", INT32), wire("leader_epoch", INT32))
_END = struct(EpochEndOffset, wire("error_code", ERROR), wire("leader_epoch", INT32), wire("end_offset", INT64))

OFFSET_FOR_LEADER_EPOCH = api(
    23, "OffsetForLeaderEpoch", "2-4", 4,
    message(
        OffsetForLeaderEpochRequest,
        unused("replica_id", INT32, -1, "3+"),
        wire("topics", ByTopic(_ASKED, topic="topic", index="partition"), attribute="partitions"),
    ),
    message(
        OffsetForLeaderEpochResponse,
        THROTTLE,
        wire("topics", ByTopic(_END, topic="topic", index="partition", key_at=1), attribute="partitions"),
    ),
)  # fmt: skip
