"""Orders: what the person at the keyboard tells a process directly (sender `operator`), as data.

They stand for what one does on a machine itself: `kafka-server-stop`, a program's own controls, a
changed line of its code. They are not part of the protocol.
"""

from dataclasses import dataclass

from lab.env.sealed import Sealed
from lab.kafka.protocol.acls import Peer
from lab.kafka.protocol.codec import Buffer
from lab.kafka.protocol.topics import TopicPartition

OPERATOR = "operator"
"""The sender of an order. Nothing can be sent back to it."""


@dataclass(slots=True)
class Shutdown:
    """SIGTERM: stop in an orderly way (a broker hands its leaderships over, a client closes)."""


@dataclass(slots=True)
class SetRate:
    """A producer's load: `per_second` records a second; 0 stops it."""

    per_second: int


@dataclass(slots=True)
class SendRecords:
    """Have a producer send these now, in order: (key, value); without a value it is a tombstone."""

    records: tuple[tuple[bytes | None, bytes | None], ...]
    partition: int | None = None


@dataclass(slots=True)
class EndTransaction:
    """Have a producer commit, or abort, the transaction it has open."""

    commit: bool


@dataclass(slots=True)
class SetAudit:
    """Of an application that serves requests: its audit feature serves so many percent of them from now on, and makes
    a producer for each unless `shared`.
    """

    percent: int
    shared: bool


@dataclass(slots=True)
class SetWork:
    """A consumer's work on one record takes `per_record_us` from now on."""

    per_record_us: int


@dataclass(slots=True)
class SetPoison:
    """A share consumer's work on records with this key fails from now on; empty: on none."""

    key: str


@dataclass(slots=True)
class PauseWork:
    """The consumer's poll loop stops (its heartbeat thread does not): the application hangs."""


@dataclass(slots=True)
class ResumeWork:
    """The poll loop goes on."""


@dataclass(slots=True)
class Seek:
    """The consumer moves its own positions: partition -> offset."""

    offsets: dict[TopicPartition, int]


@dataclass(slots=True)
class PausePartitions:
    """`consumer.pause`: keep the partitions, fetch nothing from them."""

    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class ResumePartitions:
    """`consumer.resume`."""

    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class SetClientConfig:
    """The application closes its client and makes another with these settings, which are all that are not default: no
    client library changes one that runs.
    """

    configs: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Admin:
    """Have the administrator's client send one request (a CreateTopicsRequest, an ElectLeadersRequest …)."""

    body: object


@dataclass(slots=True)
class AskCoordinator:
    """Have the administrator's client send one request to the coordinator of a group."""

    group_id: str
    body: object


@dataclass(slots=True)
class AskTransactionCoordinator:
    """Have the administrator's client send one request to the coordinator of a transactional id."""

    transactional_id: str
    body: object


@dataclass(slots=True)
class DescribeProducers:
    """Who writes to a partition, as its leader knows it (`kafka-transactions.sh describe-producers`)."""

    partition: TopicPartition


@dataclass(slots=True)
class FindHanging:
    """`kafka-transactions.sh find-hanging`: transactions in a topic that no coordinator knows of, and that nobody has
    written to for longer than any transaction may take.
    """

    topic: str
    max_transaction_timeout_ms: int


@dataclass(slots=True)
class AbortHanging:
    """`kafka-transactions.sh abort`: end by hand the transaction that begins here."""

    partition: TopicPartition
    start_offset: int


@dataclass(slots=True)
class ResetGroup:
    """Move a group's offsets. `to`: earliest, latest, offset, timestamp (with `value`, a date in milliseconds)."""

    group_id: str
    topics: tuple[str, ...]
    to: str
    value: int = 0


@dataclass(slots=True)
class ProgramConnected:
    """A real program has opened a connection to a broker. `listeners`: host of a broker -> `host:port` outside."""

    connection: int
    broker: str
    listeners: tuple[tuple[str, str], ...]
    peer: Peer


@dataclass(slots=True)
class FenceOff:
    """The cluster goes on from its past, and real clients of the future that was may return. Producer ids below
    `producer_id` were handed out there, groups have reached these generations, transactional ids these epochs;
    `client_ids` are those of the clients.
    """

    producer_id: int
    client_ids: tuple[str, ...]
    generations: tuple[tuple[str, int], ...]
    producer_epochs: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class FrameArrived(Sealed):
    """A whole frame came in over a connection, without its size."""

    connection: int
    data: Buffer


@dataclass(slots=True)
class ProgramHungUp:
    """A real program has closed a connection."""

    connection: int
