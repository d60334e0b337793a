"""DescribeLogDirs (35): how much of its disk a broker has filled, and with what."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    INT64,
    STRING,
    THROTTLE,
    Array,
    ByTopic,
    Versions,
    api,
    message,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class DescribeLogDirsRequest:
    """Of these partitions; None: of all."""

    partitions: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class ReplicaSize:
    """The bytes of a log, and how far its high watermark is ahead of it."""

    partition_size: int
    offset_lag: int


@dataclass(slots=True)
class LogDir:
    """A folder of logs. Sizes of -1: the disk has no end."""

    error_code: ErrorCode
    log_dir: str
    replicas: dict[TopicPartition, ReplicaSize]
    total_bytes: int = -1
    usable_bytes: int = -1


@dataclass(slots=True)
class DescribeLogDirsResponse:
    """Of each folder; here every broker has one."""

    log_dirs: tuple[LogDir, ...]
    error_code: ErrorCode = ErrorCode.NONE


_REPLICA = struct(
    ReplicaSize,
    wire("partition_size", INT64),
    wire("offset_lag", INT64),
    unused("is_future_key", BOOL, False),
)
_LOG_DIR = struct(
    LogDir,
    wire("error_code", ERROR),
    wire("log_dir", STRING),
    wire("topics", ByTopic(_REPLICA), attribute="replicas"),
    wire("total_bytes", INT64, "4+", default=-1),
    wire("usable_bytes", INT64, "4+", default=-1),
)

DESCRIBE_LOG_DIRS = api(
    35, "DescribeLogDirs", "1-4", 2,
    message(
        DescribeLogDirsRequest,
        wire("topics", ByTopic(topic="topic", nullable=Versions.of("0+")), attribute="partitions"),
    ),
    message(
        DescribeLogDirsResponse,
        THROTTLE,
        wire("error_code", ERROR, "3+", default=ErrorCode.NONE),
        wire("results", Array(_LOG_DIR), attribute="log_dirs"),
    ),
)  # fmt: skip
