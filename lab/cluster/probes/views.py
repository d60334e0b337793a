"""The answers to probes: frozen views, with names instead of engine objects."""

from dataclasses import dataclass

from lab.cluster.probes.transactions import PartitionTransactionsView
from lab.env import Micros

Tone = str
"""`""` quiet, `ok`, `pending`, `fail`, `txn`, `frost`: the state colours by meaning."""


# --- the cluster as a matrix ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BrokerView:
    """One broker. `state`: running, starting, fenced, slow, frozen, crashed, stopped, off, partitioned.

    `heap_percent`: how much of what it has for producer ids is taken, where that is watched; `heap_alarmed`: that is
    nearly all.
    """

    name: str
    broker_id: int
    state: str
    note: str
    disk_used_bytes: int
    disk_capacity_bytes: int | None
    queue: int
    leaders: int
    heap_percent: int | None = None
    heap_alarmed: bool = False


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """One tile of the matrix: a replica of a partition on a broker.

    `role`: leader, follower, offline. `behind`: offsets behind the leader's log end. `recent`: the
    last eight records, oldest first, as (key letter or "·", committed).
    """

    broker: str
    role: str
    in_sync: bool
    log_end_offset: int
    high_watermark: int
    behind: int
    recent: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One column of the matrix. `leader` is "" when there is none."""

    name: str
    topic: str
    index: int
    leader: str
    leader_epoch: int
    in_sync_replicas: tuple[str, ...]
    replicas: tuple[ReplicaView, ...]
    high_watermark: int


@dataclass(frozen=True, slots=True)
class ProducerView:
    """A producer app. `state`: running, stopped, crashed, frozen, blocked."""

    name: str
    topic: str
    acks: str
    rate_per_second: int
    state: str
    buffered: int
    acked: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class ProgramView:
    """A real client. `state`: running, frozen, or gone while it has no connection. `brokers`: those it is connected to;
    `groups`: those it is a member of.
    """

    name: str
    software: str
    state: str
    brokers: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """A consumer app in a group. `state`: consuming, joining, paused, crashed, frozen, left, stopped. `note` is
    `program` for a real client.
    """

    name: str
    state: str
    partitions: tuple[str, ...]
    lag: int
    note: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """A consumer group. `state` in Kafka's words, `category` 0..7 its colour and letter."""

    name: str
    state: str
    generation: int
    coordinator: str
    members: tuple[MemberView, ...]
    lag: int
    category: int


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link in trouble. `state`: cut, slow."""

    source: str
    target: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class ControllerView:
    """A controller. `role` and `epoch` are its own belief about the quorum ("" and 0: it is alone), `lag` how many
    metadata records it has not got, `active` whether it decides.
    """

    name: str
    state: str
    role: str
    epoch: int
    lag: int
    active: bool


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Everything the matrix shows."""

    now: Micros
    brokers: tuple[BrokerView, ...]
    controllers: tuple[ControllerView, ...]
    partitions: tuple[PartitionView, ...]
    producers: tuple[ProducerView, ...]
    groups: tuple[GroupView, ...]
    links: tuple[LinkView, ...]
    programs: tuple[ProgramView, ...] = ()


# --- messages in flight ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlightView:
    """A message between two hosts. `kind`: record, ack, replica, request, response. Its place is linear in
    time between `sent_at` and `arrives_at`; a `held` one stands where the cut or frozen end begins.
    `partition` is the first it carries, `records` how many records.
    """

    source: str
    target: str
    kind: str
    sent_at: Micros
    arrives_at: Micros
    held: bool
    partition: str
    records: int
    event: int


# --- the lens -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CellView:
    """One offset of one replica. `kind`: record, tombstone, gap (compacted away), control. `corrupt`: its batch does
    not match its CRC.
    """

    offset: int
    letter: str
    category: int
    committed: bool
    kind: str = "record"
    corrupt: bool = False


@dataclass(frozen=True, slots=True)
class LensReplicaView:
    """One row: a replica's newest records. `flushed_offset`: all below it would survive a power loss."""

    broker: str
    role: str
    state: str
    in_sync: bool
    behind: int
    leader_epoch: int
    log_start_offset: int
    log_end_offset: int
    high_watermark: int
    flushed_offset: int
    cells: tuple[CellView, ...]


@dataclass(frozen=True, slots=True)
class ShareRunView:
    """Offsets from `first` to before `end`, alike in a share group: Available, Acquired, Acknowledged or Archived."""

    first: int
    end: int
    state: str
    delivery_count: int
    member: str


@dataclass(frozen=True, slots=True)
class LensGroupView:
    """One group's marks under the log; -1 where it has none. Lag in records, and in microseconds: how long
    ago the first record it has not done was appended. Of a share group (`shared`) the marks are start and end offset,
    and `runs` what lies between them.
    """

    group: str
    category: int
    member: str
    committed: int
    position: int
    lag: int
    lag_us: Micros
    note: str
    shared: bool = False
    runs: tuple[ShareRunView, ...] = ()


@dataclass(frozen=True, slots=True)
class LensView:
    """One partition on one offset axis, from `first_offset` (inclusive) to `end_offset` (exclusive). `transactions`:
    None where the leader's log never had one.
    """

    partition: str
    exists: bool
    leader: str
    leader_epoch: int
    high_watermark: int
    first_offset: int
    end_offset: int
    replicas: tuple[LensReplicaView, ...]
    groups: tuple[LensGroupView, ...]
    transactions: PartitionTransactionsView | None = None


# --- the inspector --------------------------------------------------------------------------------


OFFSET, EXCHANGE = "offset", "exchange"
"""The kinds of links to an offset of the partition that is inspected, and to one request of a real client and its
answer (`program/connection/correlation id`); all others are kinds of subjects.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the inspector. `link`: the (kind, name) to which it leads, if it is about another thing."""

    label: str
    value: str
    tone: Tone = ""
    mono: bool = False
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """A line of the inspector's replica table."""

    broker: str
    role: str
    log_end_offset: int
    behind: int
    in_sync: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class CauseView:
    """A cause: a sentence with **bold** parts, when, and the event to jump to."""

    icon: str
    tone: Tone
    text: str
    time: Micros
    event_number: int
    label: str


@dataclass(frozen=True, slots=True)
class InspectorView:
    """What the inspector shows of a subject. `kind`: partition, broker, producer, consumer, group, cluster."""

    kind: str
    name: str
    subtitle: str
    icon: str
    replicas: tuple[ReplicaRow, ...]
    sections: tuple[Section, ...]
    why: str
    causes: tuple[CauseView, ...]
    config: tuple[tuple[str, str], ...]


# --- records --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record as the record browser shows it. `batch`: base and last offset of its batch. `corrupt`: the batch does
    not match its CRC; of one that cannot be read there is one row, without a record.
    """

    offset: int
    timestamp_ms: int
    key: str
    value: str
    headers: tuple[tuple[str, str], ...]
    batch: tuple[int, int]
    leader_epoch: int
    producer_id: int
    sequence: int
    size_bytes: int
    raw: bytes
    corrupt: bool = False


@dataclass(frozen=True, slots=True)
class RecordsView:
    """A page of a partition's log on one broker."""

    partition: str
    broker: str
    log_start_offset: int
    log_end_offset: int
    high_watermark: int
    rows: tuple[RecordRow, ...]


# --- time -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MomentView:
    """A key moment, numbered from 1."""

    number: int
    time: Micros
    event_number: int
    kind: str
    subject: str
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class SpanView:
    """Something that lasted: a fault, a rebalance. `end` None: it still lasts."""

    lane: str
    subject: str
    text: str
    start: Micros
    end: Micros | None
    tone: Tone


@dataclass(frozen=True, slots=True)
class BranchView:
    """A branch of history."""

    name: str
    parent: str
    fork_time: Micros
    latest: Micros
    current: bool


@dataclass(frozen=True, slots=True)
class TimelineView:
    """The lanes of the timeline. `density`: events in each of `density_step` microseconds."""

    now: Micros
    latest: Micros
    moments: tuple[MomentView, ...]
    spans: tuple[SpanView, ...]
    density: tuple[int, ...]
    density_step: Micros
    branches: tuple[BranchView, ...]


# --- truth ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GroupTruth:
    """What one group did with the records, by the ledger."""

    group: str
    fetched: int
    done: int
    duplicates: int
    skipped: int
    reordered: int
    phantom: int


@dataclass(frozen=True, slots=True)
class LedgerView:
    """How many records are in each of the ledger's sets."""

    born: int
    acked: int
    failed: int
    unknown: int
    stored: int
    visible: int
    lost: int
    ghost: int
    duplicates: int
    groups: tuple[GroupTruth, ...]


@dataclass(frozen=True, slots=True)
class HealthView:
    """The health lamp. `violation` is empty while every invariant holds."""

    checked: int
    violation: str
    invariant: str
    event_number: int
