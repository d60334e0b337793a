"""Produce (API 0): append one batch to each of several partitions."""

from dataclasses import dataclass, field

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class ProduceRequest:
    """`acks`: -1 all in-sync replicas, 1 the leader, 0 nobody answers. `transaction_version`: see `transactions`."""

    acks: int
    timeout_ms: int
    data: dict[TopicPartition, RecordBatch]
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
    """One answer a partition."""

    responses: dict[TopicPartition, PartitionProduceResponse] = field(
        default_factory=dict[TopicPartition, PartitionProduceResponse]
    )
