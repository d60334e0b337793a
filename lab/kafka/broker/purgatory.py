"""Purgatory: requests that wait, as data with a deadline (spec 2.8)."""

from dataclasses import dataclass

from lab.env import Address, Micros, Packed
from lab.kafka.broker.fetch_session import FetchSession
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchRequest
from lab.kafka.protocol.messages.produce import ProduceResponse
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class DelayedProduce:
    """acks=all: waits until each partition's high watermark has passed what was appended."""

    sender: Address
    correlation_id: int
    deadline: Micros
    response: ProduceResponse
    required: dict[TopicPartition, int]
    leader_epochs: dict[TopicPartition, int]


@dataclass(slots=True)
class DelayedFetch(Packed):
    """Waits for `min_bytes`, or for anything else worth an answer."""

    sender: Address
    correlation_id: int
    deadline: Micros
    request: FetchRequest
    session: FetchSession | None = None


@dataclass(slots=True)
class DelayedAppend:
    """A coordinator's append waits to be committed; `token` is the coordinator's own."""

    partition: TopicPartition
    required: int
    leader_epoch: int
    deadline: Micros
    token: object


@dataclass(slots=True)
class DelayedDelete:
    """DeleteRecords: waits until the low watermark of each partition is at the offset in `required`."""

    sender: Address
    correlation_id: int
    deadline: Micros
    results: dict[TopicPartition, tuple[ErrorCode, int]]
    required: dict[TopicPartition, int]


@dataclass(slots=True)
class DelayedShareFetch:
    """Waits for records to acquire, and for its acknowledgements to be written: those under the number
    `acknowledging`. `over`: only for these.
    """

    sender: Address
    correlation_id: int
    deadline: Micros
    group_id: str
    member_id: str
    client_id: str
    max_records: int
    max_bytes: int
    partitions: tuple[TopicPartition, ...]
    acknowledging: int = 0
    over: bool = False


Delayed = DelayedProduce | DelayedFetch | DelayedAppend | DelayedDelete | DelayedShareFetch


class Purgatory:
    """All waiting operations by number; partitions know which numbers watch them. `deletes`: the numbers of those
    that wait for followers to delete.
    """

    __slots__ = ("deletes", "next_number", "operations")

    def __init__(self) -> None:
        self.operations: dict[int, Delayed] = {}
        self.deletes: dict[int, None] | None = None
        self.next_number = 0

    def add(self, operation: Delayed) -> int:
        """Keep an operation; returns its number."""
        self.next_number += 1
        self.operations[self.next_number] = operation
        if isinstance(operation, DelayedDelete):
            self.deletes = {**(self.deletes or {}), self.next_number: None}
        return self.next_number

    def forget_delete(self, number: int) -> None:
        """This one waits no more."""
        left = {one: None for one in self.deletes or () if one != number}
        self.deletes = left or None

    def expired(self, now: Micros) -> list[int]:
        """The numbers of operations whose time is over."""
        return [number for number, one in self.operations.items() if one.deadline <= now]

    def next_deadline(self) -> Micros | None:
        """The earliest deadline."""
        return min((one.deadline for one in self.operations.values()), default=None)

    def drop_sender(self, sender: Address) -> None:
        """A connection is gone: nobody waits for its answers any more."""
        for number, one in list(self.operations.items()):
            if not isinstance(one, DelayedAppend) and one.sender == sender:
                del self.operations[number]
