"""Verifications: writes in a transaction that wait until its coordinator knows of the partition (KIP-890, spec 5.6).

A producer of `transaction_version` 1 has added the partition itself, and the leader asks whether that is so; since
version 2 the leader adds it. Either way once a transaction: while one is open here, nobody is asked.
"""

from dataclasses import dataclass

from lab.env import Address, Env, Micros, address, millis
from lab.kafka.coordinator.group import Token
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.transactions import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    TxnOffsetCommitRequest,
)
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.network_client import NetworkClient

CHANNEL = "verification"
TIMEOUT: Micros = millis(30_000)
REQUEST_BYTES = 96
NO_SEQUENCE = -1
TRY_AGAIN = (
    ErrorCode.CONCURRENT_TRANSACTIONS,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.NETWORK_EXCEPTION,
)


@dataclass(slots=True)
class Verified:
    """A write whose partitions were asked about; `errors`: those that must not be written to."""

    request: ProduceRequest | TxnOffsetCommitRequest
    errors: dict[TopicPartition, ErrorCode]


@dataclass(slots=True)
class Guard:
    """What is verified for one producer in one partition, from the first question to the marker. `sequence`: the lowest
    that was to be written. A log that does not know the producer takes any, and would take a later batch where an
    earlier one was put off.
    """

    leader_epoch: int
    producer_epoch: int
    sequence: int


@dataclass(slots=True)
class Parked:
    """A write that waits for an answer. `partitions`: what guards each; a marker that comes first takes that away."""

    reply_to: Token
    client_id: str
    request: ProduceRequest | TxnOffsetCommitRequest
    producer_id: int
    partitions: dict[TopicPartition, Guard]

    def overtakes(self, partition: TopicPartition) -> bool:
        """Whether an earlier batch was to be written there first."""
        batch = self.request.data.get(partition) if isinstance(self.request, ProduceRequest) else None
        return isinstance(batch, RecordBatch) and batch.base_sequence > self.partitions[partition].sequence


class Verifications:
    """Who is being verified where: guards by (partition, producer id)."""

    __slots__ = ("guards", "net")

    def __init__(self, name: str) -> None:
        self.net = NetworkClient(name, TIMEOUT)
        self.guards: dict[tuple[TopicPartition, int], Guard] = {}

    def guard(self, partition: TopicPartition, leader_epoch: int, batch: tuple[int, int, int]) -> Guard:
        """The guard of a write (producer id, epoch, first sequence): all writes into one transaction share it."""
        producer_id, producer_epoch, sequence = batch
        found = self.guards.get((partition, producer_id))
        if found is None or (found.leader_epoch, found.producer_epoch) < (leader_epoch, producer_epoch):
            found = self.guards[partition, producer_id] = Guard(leader_epoch, producer_epoch, sequence)
        elif found.producer_epoch == producer_epoch:
            found.sequence = min(found.sequence, sequence)
        return found

    def ask(self, env: Env, host: str, parked: Parked, request: AddPartitionsToTxnRequest) -> None:
        """Ask the coordinator; the write waits."""
        self.net.send(env, address(host, CHANNEL), request, REQUEST_BYTES, parked)

    def answered(self, correlation_id: int, body: AddPartitionsToTxnResponse) -> tuple[Parked, Verified] | None:
        """The write that may go on, with what the coordinator said of its partitions."""
        parked = self.net.answered(correlation_id)
        return self._judged(parked, body.errors) if isinstance(parked, Parked) else None

    def _judged(self, parked: Parked, errors: dict[TopicPartition, ErrorCode]) -> tuple[Parked, Verified]:
        found: dict[TopicPartition, ErrorCode] = {}
        version = parked.request.transaction_version
        for partition, guard in parked.partitions.items():
            error = _said(errors.get(partition, ErrorCode.UNKNOWN_SERVER_ERROR), version)
            if not error and self.guards.get((partition, parked.producer_id)) is not guard:
                error = ErrorCode.INVALID_TXN_STATE  # ended while the coordinator was asked
            if error:
                found[partition] = error
        return parked, Verified(parked.request, found)

    def lost(self, peer: Address) -> list[tuple[Parked, Verified]]:
        """The connection to a coordinator is gone."""
        return [self._unanswered(parked) for parked in self.net.lost(peer)]

    def expire(self, env: Env) -> list[tuple[Parked, Verified]]:
        """Answers that are too late."""
        return [self._unanswered(parked) for parked in self.net.expired(env.now)]

    def _unanswered(self, parked: Parked) -> tuple[Parked, Verified]:
        return self._judged(parked, dict.fromkeys(parked.partitions, ErrorCode.NETWORK_EXCEPTION))

    def drop_sender(self, peer: Address) -> None:
        """Nobody waits for these any more."""
        for number, one in list(self.net.in_flight.items()):
            if isinstance(one.tag, Parked) and one.tag.reply_to[0] == peer:
                del self.net.in_flight[number]

    def ended(self, partition: TopicPartition, producer_id: int) -> None:
        """A marker came: whatever is being verified belongs to a transaction that is over."""
        self.guards.pop((partition, producer_id), None)


def _said(error: ErrorCode, version: int) -> ErrorCode:
    """What the coordinator's answer means for the producer: old ones do not know all of these errors."""
    if error is ErrorCode.PRODUCER_FENCED:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    if error in TRY_AGAIN and (version < 2 or error is not ErrorCode.CONCURRENT_TRANSACTIONS):
        return ErrorCode.NOT_ENOUGH_REPLICAS
    if error is ErrorCode.TRANSACTION_ABORTABLE and version < 2:
        return ErrorCode.INVALID_TXN_STATE
    return error
