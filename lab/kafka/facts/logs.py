"""Facts of logs and their replication: what a replica wrote, cut, committed, and who leads."""

from dataclasses import dataclass

from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class Appended:
    """A leader gave a batch its offsets, and wrote it."""

    partition: TopicPartition
    batch: RecordBatch
    leader_epoch: int


@dataclass(slots=True)
class Copied:
    """A follower wrote a batch as its leader has it."""

    partition: TopicPartition
    batch: RecordBatch
    leader_epoch: int


@dataclass(slots=True)
class Truncated:
    """A replica cut its log: offsets from `offset` to `log_end_offset` are gone here. `high_watermark` was its own."""

    partition: TopicPartition
    offset: int
    log_end_offset: int
    high_watermark: int


@dataclass(slots=True)
class LogLoaded:
    """A broker opened a log at start, with what recovery left of it."""

    partition: TopicPartition
    log_start_offset: int
    log_end_offset: int
    clean: bool


@dataclass(slots=True)
class ProducersForgotten:
    """A replica has dropped what it knew of these producer ids: they were silent for producer.id.expiration.ms."""

    partition: TopicPartition
    producer_ids: tuple[int, ...]


@dataclass(slots=True)
class HeapAlarm:
    """What a broker remembers of producer ids has nearly filled what its heap has for them."""

    used_bytes: int
    capacity_bytes: int


@dataclass(slots=True)
class HeapExhausted:
    """It remembers more than its heap holds: the process ends (java.lang.OutOfMemoryError)."""

    used_bytes: int
    capacity_bytes: int


@dataclass(slots=True)
class HighWatermarkMoved:
    """A leader's high watermark rose: this is what commits."""

    partition: TopicPartition
    high_watermark: int
    log_end_offset: int
    leader_epoch: int


@dataclass(slots=True)
class HighWatermarkLearnt:
    """A follower took its leader's high watermark, as far as its own log reaches."""

    partition: TopicPartition
    high_watermark: int
    log_end_offset: int
    leader_epoch: int


@dataclass(slots=True)
class LogStartMoved:
    """Records below `log_start_offset` are gone: by retention, or by DeleteRecords."""

    partition: TopicPartition
    log_start_offset: int
    reason: str


@dataclass(slots=True)
class SegmentRolled:
    """A new active segment begins at `base_offset`."""

    partition: TopicPartition
    base_offset: int


@dataclass(slots=True)
class BecameLeader:
    """This broker now leads the partition in `leader_epoch`."""

    partition: TopicPartition
    leader_epoch: int
    log_end_offset: int
    in_sync_replicas: tuple[int, ...]


@dataclass(slots=True)
class BecameFollower:
    """This broker now follows `leader_id`."""

    partition: TopicPartition
    leader_epoch: int
    leader_id: int
    log_end_offset: int


@dataclass(slots=True)
class IsrCommitted:
    """The leader applied an in-sync replica set that the controller committed."""

    partition: TopicPartition
    in_sync_replicas: tuple[int, ...]
    partition_epoch: int
    leader_epoch: int


@dataclass(slots=True)
class LogDirFailed:
    """The disk refused a write: the broker stops, as Kafka does with a failed log dir."""

    reason: str


@dataclass(slots=True)
class BatchRotted:
    """A byte of a stored batch has turned on this machine's disk, and nobody there knows. `base_offset` to before
    `next_offset`: the offsets of the batch. Stated by the world, not by a process.
    """

    partition: TopicPartition
    base_offset: int
    next_offset: int


@dataclass(slots=True)
class CorruptBatchFound:
    """Who has fetched a batch found that it is not what its writer meant, and has not taken it (spec 2.2, 6.6).
    `offset`: where the reader stands, at its beginning or within it.
    """

    partition: TopicPartition
    offset: int


@dataclass(slots=True)
class ReplicaDeleted:
    """A broker has deleted its replica: the partition was moved to others, or its topic is gone."""

    partition: TopicPartition
