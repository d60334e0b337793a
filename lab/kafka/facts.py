"""Facts: what the engine states about itself for whoever watches (`Env.tell`), once, where it happens.

The ledger, the invariants, the key moments of the time line and the fuzzer all hear these and nothing
else. Stating a fact changes nothing. `node` is always the name of the host that speaks and is not
repeated in the fact.
"""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition

# --- logs and replication -------------------------------------------------------------------------


@dataclass(slots=True)
class Appended:
    """A replica wrote a batch. `leading`: as the leader (offsets were assigned here)."""

    partition: TopicPartition
    batch: RecordBatch
    leader_epoch: int
    leading: bool


@dataclass(slots=True)
class Truncated:
    """A replica cut its log: offsets from `offset` to `log_end_offset` are gone here."""

    partition: TopicPartition
    offset: int
    log_end_offset: int


@dataclass(slots=True)
class LogLoaded:
    """A broker opened a log at start, with what recovery left of it."""

    partition: TopicPartition
    log_start_offset: int
    log_end_offset: int
    clean: bool


@dataclass(slots=True)
class HighWatermarkMoved:
    """A replica's high watermark changed. For the leader this is what commits."""

    partition: TopicPartition
    high_watermark: int
    log_end_offset: int
    leader_epoch: int
    leading: bool


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
class Compacted:
    """The cleaner rewrote closed segments up to `end_offset`: `kept` of `seen` records stayed."""

    partition: TopicPartition
    end_offset: int
    seen: int
    kept: int


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


# --- controller -----------------------------------------------------------------------------------


@dataclass(slots=True)
class PartitionChanged:
    """The controller committed a partition's state. `reason`: created, fenced, unfenced, elected,
    preferred, unclean, isr, shutdown …
    """

    partition: TopicPartition
    replicas: tuple[int, ...]
    in_sync_replicas: tuple[int, ...]
    leader_id: int
    leader_epoch: int
    partition_epoch: int
    reason: str
    previous_isr: tuple[int, ...] = ()
    previous_leader_id: int = -1


@dataclass(slots=True)
class BrokerRegistered:
    """A broker process signed on and got its epoch."""

    broker_id: int
    broker_epoch: int


@dataclass(slots=True)
class BrokerFenced:
    """The controller takes the broker out of service."""

    broker_id: int
    reason: str


@dataclass(slots=True)
class BrokerUnfenced:
    """The controller lets the broker serve."""

    broker_id: int


@dataclass(slots=True)
class TopicCreated:
    """A topic exists from now on."""

    name: str
    partitions: int
    replication_factor: int


@dataclass(slots=True)
class TopicDeleted:
    """A topic is gone."""

    name: str


# --- groups ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class GroupStateChanged:
    """A coordinator moved a group to another state (Kafka's state names)."""

    group_id: str
    state: str
    generation_id: int
    members: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class GroupAssigned:
    """A coordinator stored the assignment of a generation: member id -> its partitions."""

    group_id: str
    generation_id: int
    protocol: str
    assignment: dict[str, tuple[TopicPartition, ...]]


@dataclass(slots=True)
class OffsetsCommitted:
    """A commit is in the `__consumer_offsets` log, replicated, and is being acknowledged."""

    group_id: str
    generation_id: int
    member_id: str
    offsets: dict[TopicPartition, int]


@dataclass(slots=True)
class OffsetsForgotten:
    """A coordinator forgot committed offsets that expired or whose topic is gone; `ended`: and the group."""

    group_id: str
    partitions: tuple[TopicPartition, ...]
    ended: bool


@dataclass(slots=True)
class CommitRefused:
    """A coordinator refused a commit."""

    group_id: str
    generation_id: int
    member_id: str
    error_code: ErrorCode


@dataclass(slots=True)
class GroupsLoaded:
    """A new coordinator has replayed its partition of `__consumer_offsets`: group -> (generation, offsets)."""

    partition: TopicPartition
    groups: dict[str, tuple[int, dict[TopicPartition, int]]]


# --- clients --------------------------------------------------------------------------------------


@dataclass(slots=True)
class RecordBorn:
    """A producer app made a record. `birth` numbers this producer's records 0, 1, 2 … and travels in
    the record's header `birth` as `<producer>:<birth>`.
    """

    producer: str
    birth: int
    topic: str
    key: bytes | None


@dataclass(slots=True)
class RecordsAcked:
    """A batch was acknowledged to the producer app: these births, stored from `base_offset` (-1 unknown)."""

    producer: str
    partition: TopicPartition
    births: tuple[int, ...]
    base_offset: int
    acks: int
    duplicate: bool = False


@dataclass(slots=True)
class RecordsFailed:
    """The producer app was told an error. `unknown`: the batch had been sent, so it may be stored."""

    producer: str
    partition: TopicPartition
    births: tuple[int, ...]
    error: str
    unknown: bool


@dataclass(slots=True)
class BatchRetried:
    """A producer sends a batch again."""

    producer: str
    partition: TopicPartition
    births: tuple[int, ...]
    attempt: int
    error: str


@dataclass(slots=True)
class RecordsPolled:
    """poll() returned records of one partition to a consumer app: offsets and birth headers."""

    group_id: str
    member: str
    partition: TopicPartition
    offsets: tuple[int, ...]
    births: tuple[str, ...]
    high_watermark: int


@dataclass(slots=True)
class RecordDone:
    """A consumer app has finished its work on one record."""

    group_id: str
    member: str
    partition: TopicPartition
    offset: int
    birth: str
    key: bytes | None


@dataclass(slots=True)
class PartitionsAssigned:
    """A consumer took these partitions: all it now owns, and which of them are new."""

    group_id: str
    member: str
    generation_id: int
    owned: tuple[TopicPartition, ...]
    added: tuple[TopicPartition, ...]
    group_instance_id: str | None = None


@dataclass(slots=True)
class PartitionsRevoked:
    """A consumer gave partitions up. `lost`: it was thrown out, and could not commit first."""

    group_id: str
    member: str
    generation_id: int
    revoked: tuple[TopicPartition, ...]
    lost: bool


@dataclass(slots=True)
class PositionReset:
    """A consumer's position jumped. `reason`: committed, earliest, latest, seek, out of range, truncated …"""

    group_id: str
    member: str
    partition: TopicPartition
    offset: int
    reason: str


@dataclass(slots=True)
class CommitAcknowledged:
    """A consumer heard that its commit was stored."""

    group_id: str
    member: str
    offsets: dict[TopicPartition, int]


@dataclass(slots=True)
class CommitFailed:
    """A consumer's commit was refused for good."""

    group_id: str
    member: str
    error: str


@dataclass(slots=True)
class PollFailed:
    """poll() threw an exception (Kafka's name for it) that no application catches: it closes and ends."""

    group_id: str
    member: str
    exception: str


@dataclass(slots=True)
class LeftGroup:
    """A consumer left by itself. `reason`: closed, max.poll.interval.ms exceeded …"""

    group_id: str
    member: str
    reason: str


@dataclass(slots=True)
class RowRefused:
    """A data file's row was malformed and skipped."""

    producer: str
    path: str
    line: int
    reason: str


@dataclass(slots=True)
class AdminResult:
    """An administrator's request has ended; `error` is empty when it worked."""

    request: str
    error: str
    text: str
