"""Roles: what a voter may be, and what it keeps only while it is that (Kafka's states, with those of KIP-996)."""

from dataclasses import dataclass, field
from typing import TypeAlias

from lab.env import Address, Micros
from lab.kafka.protocol.messages.quorum import OffsetAndEpoch, QuorumFetchRequest
from lab.kafka.protocol.records import RecordBatch

LONG_AGO: Micros = -(1 << 62)


@dataclass(slots=True)
class Unattached:
    """Knows no leader; perhaps it has voted."""

    name = "unattached"


@dataclass(slots=True)
class Prospective:
    """Asks whether it would be elected, and disturbs nobody by that."""

    name = "prospective"
    votes: dict[int, bool] = field(default_factory=dict[int, bool])


@dataclass(slots=True)
class Candidate:
    """Stands for election in an epoch of its own; `backing_off`: it has lost, and waits."""

    name = "candidate"
    votes: dict[int, bool] = field(default_factory=dict[int, bool])
    backing_off: bool = False


@dataclass(slots=True)
class Download:
    """A snapshot that is being fetched slice by slice."""

    snapshot_id: OffsetAndEpoch
    data: bytes = b""


@dataclass(slots=True)
class Follower:
    """Fetches from the leader of its epoch; `heard`: with success, so it believes in that leader."""

    name = "follower"
    heard: bool = False
    heard_at: Micros = LONG_AGO
    download: Download | None = None


@dataclass(slots=True)
class Progress:
    """How far a voter is, as its leader knows from its fetches; -1 and long ago: it has not fetched yet."""

    end_offset: int = -1
    fetched_at: Micros = LONG_AGO
    caught_up_at: Micros = LONG_AGO


@dataclass(slots=True)
class ParkedFetch:
    """A fetch that waits for new records."""

    correlation_id: int
    request: QuorumFetchRequest
    deadline: Micros


@dataclass(slots=True)
class Leader:
    """Appends, and answers fetches. `accumulated`: batches that wait for the linger to be over."""

    name = "leader"
    epoch_start_offset: int
    next_offset: int
    progress: dict[int, Progress]
    since: Micros
    fetched: dict[int, None] = field(default_factory=dict[int, None])
    majority_at: Micros = LONG_AGO
    told: dict[int, None] = field(default_factory=dict[int, None])
    parked: dict[Address, ParkedFetch] = field(default_factory=dict[Address, ParkedFetch])
    accumulated: list[RecordBatch] = field(default_factory=list[RecordBatch])


@dataclass(slots=True)
class Resigned:
    """Was the leader, and says so to those who do not know yet."""

    name = "resigned"
    successors: tuple[int, ...] = ()
    acknowledged: dict[int, None] = field(default_factory=dict[int, None])


Role: TypeAlias = Unattached | Prospective | Candidate | Follower | Leader | Resigned
