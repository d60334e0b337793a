"""Purgatory: requests that wait, as data with a deadline (spec 2.8)."""

from dataclasses import dataclass

from lab.env import Address, Micros
from lab.kafka.broker.fetch_session import FetchSession
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
class DelayedFetch:
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


Delayed = DelayedProduce | DelayedFetch | DelayedAppend


class Purgatory:
    """All waiting operations by number; partitions know which numbers watch them."""

    __slots__ = ("next_number", "operations")

    def __init__(self) -> None:
        self.operations: dict[int, Delayed] = {}
        self.next_number = 0

    def add(self, operation: Delayed) -> int:
        """Keep an operation; returns its number."""
        self.next_number += 1
        self.operations[self.next_number] = operation
        return self.next_number

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
