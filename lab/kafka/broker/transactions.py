"""Transactions: the transaction shards of this broker, and the markers it writes as a leader (spec 5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lab.env import Address, Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker.consumer_groups import APPEND_ERRORS
from lab.kafka.broker.context import RequestContext
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.broker.markers import CHANNEL as MARKERS
from lab.kafka.broker.markers import Markers, Marking
from lab.kafka.broker.offset_commits import transaction_ended
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedAppend
from lab.kafka.broker.verification import CHANNEL as VERIFICATION
from lab.kafka.broker.verification import Parked, Verifications, Verified
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.group import NOBODY, Token, group_partition
from lab.kafka.coordinator.transaction.metadata import COMPLETE, PREPARED, TransactionMetadata
from lab.kafka.coordinator.transaction.records import (
    read_transaction,
    read_transaction_key,
    transaction_key,
    transaction_value,
)
from lab.kafka.coordinator.transaction.shard import TransactionShard, Transition
from lab.kafka.protocol.control import Marker, marker_batch
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    EndTxnRequest,
    EndTxnResponse,
    TxnMarker,
    TxnOffsetCommitRequest,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

TRANSACTIONS_TOPIC = "__transaction_state"
TIMER, MARKER_TIMER = "transactions", "markers"
MARKER_TIMEOUT_MS = 30_000
CHANNELS = (MARKERS, VERIFICATION)
"""Connections on which brokers speak with each other about transactions."""


@dataclass(slots=True)
class PendingTransition:
    """A decision on its way into the log."""

    partition: TopicPartition
    coordinator_epoch: int
    transition: Transition


@dataclass(slots=True)
class Writing:
    """A WriteTxnMarkers request while its markers are being replicated."""

    reply_to: Token
    left: int
    errors: dict[tuple[int, TopicPartition], ErrorCode]


@dataclass(slots=True)
class PendingMarker:
    """A marker on its way into one partition's log."""

    writing: Writing
    partition: TopicPartition
    producer_id: int
    commit: bool


TransactionToken: TypeAlias = PendingTransition | PendingMarker


def refused(request: object, error: ErrorCode) -> object:
    """The answer to a request that failed."""
    match request:
        case InitProducerIdRequest():
            return InitProducerIdResponse(error)
        case AddPartitionsToTxnRequest():
            return AddPartitionsToTxnResponse(dict.fromkeys(request.partitions, error))
        case AddOffsetsToTxnRequest():
            return AddOffsetsToTxnResponse(error)
        case EndTxnRequest():
            return EndTxnResponse(error)
        case _:
            raise AssertionError(request)


class TransactionCoordinators:
    """Made when first needed: most brokers of most worlds have none."""

    __slots__ = ("config", "expiry_at", "markers", "shards", "timeouts_at", "verifications")

    def __init__(self, name: str, config: BrokerConfig) -> None:
        self.config = config
        self.shards: dict[TopicPartition, TransactionShard] = {}
        self.markers = Markers(name)
        self.verifications = Verifications(name)
        self.timeouts_at: Micros = 0
        self.expiry_at: Micros = 0

    # --- gaining and losing -----------------------------------------------------------------------

    def on_leader(self, broker: "Broker", env: Env, partition: Partition) -> None:
        """This broker is the coordinator of these transactional ids now: what is decided already is told again."""
        name = partition.partition
        log = partition.log
        self.markers.forget(name)
        shard = self.shards[name] = TransactionShard(self.config, partition.leader_epoch)
        batches = log.read(log.log_start_offset, 1 << 40, log.log_end_offset)
        assert isinstance(batches, tuple), batches
        for batch in batches:
            for record in batch.records():
                self._replay(shard, record)
        found = {
            one.transactional_id: (one.stored.producer_id, one.stored.producer_epoch, one.stored.status.title)
            for one in shard.transactions.values()
        }
        env.tell(facts.TransactionsLoaded(name, found))
        for one in shard.transactions.values():
            if one.stored.status in PREPARED:
                self.markers.begin(name, one.transactional_id, shard.coordinator_epoch, one.stored)
        self._send_markers(broker, env)
        self._schedule(env)

    def _replay(self, shard: TransactionShard, record: Record) -> None:
        assert record.key is not None
        transactional_id = read_transaction_key(record.key)
        if record.value is None:
            shard.transactions.pop(transactional_id, None)
        else:
            stored = read_transaction(record.value)
            shard.transactions[transactional_id] = TransactionMetadata(transactional_id, stored)

    def on_not_leader(self, name: TopicPartition) -> None:
        """Somebody else is the coordinator."""
        if self.shards.pop(name, None) is not None:
            self.markers.forget(name)

    def hang_up(self, broker: "Broker", peer: Address) -> None:
        """A connection is gone: whoever waited there is not answered."""
        self.verifications.drop_sender(peer)
        for operation in broker.purgatory.operations.values():
            token = operation.token if isinstance(operation, DelayedAppend) else None
            if isinstance(token, PendingTransition) and token.transition.reply_to[0] == peer:
                token.transition.reply_to = NOBODY
            elif isinstance(token, PendingMarker) and token.writing.reply_to[0] == peer:
                token.writing.reply_to = NOBODY

    def connection_lost(self, broker: "Broker", env: Env, peer: Address) -> None:
        """Another broker that was asked something is gone, or refuses."""
        self.markers.lost(env, peer)
        for parked, verified in self.verifications.lost(peer):
            self._go_on(broker, env, parked, verified)
        self._schedule_markers(env)

    # --- requests ---------------------------------------------------------------------------------

    def shard_of(self, broker: "Broker", transactional_id: str) -> tuple[TopicPartition, TransactionShard] | ErrorCode:
        """The shard that keeps a transactional id, if this broker is its coordinator."""
        topic = broker.image.topics.get(TRANSACTIONS_TOPIC)
        if topic is None:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        name = TopicPartition(TRANSACTIONS_TOPIC, group_partition(transactional_id, len(topic.partitions)))
        shard = self.shards.get(name)
        return (name, shard) if shard is not None else ErrorCode.NOT_COORDINATOR

    def carry_out(self, broker: "Broker", env: Env, name: TopicPartition, transition: Transition) -> None:
        """Log a decision; what it leads to follows when it is replicated."""
        stored = transition.stored
        value = transaction_value(stored) if stored is not None else None
        record = Record(0, env.wall_time_ms, transaction_key(transition.transactional_id), value)
        token = PendingTransition(name, self.shards[name].coordinator_epoch, transition)
        metadata = self.shards[name].transactions[transition.transactional_id]
        timeout_ms = metadata.stored.timeout_ms
        broker.append_internal(env, broker.partitions[name], RecordBatch.build([record]), token, timeout_ms)
        self._schedule(env)

    def fence(self, broker: "Broker", env: Env, epochs: Mapping[str, int], reason: str) -> None:
        """Raise the epochs of transactional ids of this coordinator."""
        for name, shard in self.shards.items():
            for transition in shard.raise_epochs(epochs, env.wall_time_ms, reason):
                self.carry_out(broker, env, name, transition)

    def completed(self, broker: "Broker", env: Env, token: TransactionToken, error: ErrorCode) -> None:
        """An append is replicated, or has failed."""
        match token:
            case PendingTransition():
                self._decided(broker, env, token, APPEND_ERRORS.get(error, error))
            case PendingMarker():
                self._marked(broker, env, token, error)

    def _decided(self, broker: "Broker", env: Env, token: PendingTransition, error: ErrorCode) -> None:
        transition = token.transition
        shard = self.shards.get(token.partition)
        if shard is None or shard.coordinator_epoch != token.coordinator_epoch:
            self._answer(broker, env, transition, ErrorCode.NOT_COORDINATOR)
            return
        if error:
            shard.failed(transition)
            self._answer(broker, env, transition, error)
            self._retry_completion(env, transition)
            return
        shard.took(transition)
        self._tell(env, transition)
        self._answer(broker, env, transition, ErrorCode.NONE)
        stored = transition.stored
        if stored is not None and stored.status in COMPLETE:
            self.markers.markings.pop(transition.transactional_id, None)
        elif stored is not None and stored.status in PREPARED:
            self.markers.begin(token.partition, transition.transactional_id, shard.coordinator_epoch, stored)
            self._send_markers(broker, env)

    def _tell(self, env: Env, transition: Transition) -> None:
        name, stored = transition.transactional_id, transition.stored
        if stored is None:
            env.tell(facts.TransactionExpired(name))
            return
        env.tell(
            facts.TransactionStateChanged(
                name, stored.producer_id, stored.producer_epoch, stored.status.title, stored.partitions,
                transition.reason,
            )
        )  # fmt: skip

    def _answer(self, broker: "Broker", env: Env, transition: Transition, error: ErrorCode) -> None:
        if transition.request is not None:
            body = refused(transition.request, error) if error else transition.answer
            broker.reply(env, *transition.reply_to, body)

    def _retry_completion(self, env: Env, transition: Transition) -> None:
        """That all markers are written is said until the log takes it."""
        stored = transition.stored
        if stored is not None and stored.status in COMPLETE:
            env.set_timer(MARKER_TIMER, env.now + millis(100))

    # --- markers, as their coordinator ------------------------------------------------------------

    def _send_markers(self, broker: "Broker", env: Env) -> None:
        for marking in self.markers.send(env, broker.image):
            self._all_marked(broker, env, marking)
        self._schedule_markers(env)

    def _all_marked(self, broker: "Broker", env: Env, marking: Marking) -> None:
        shard = self.shards[marking.shard]
        metadata = shard.transactions[marking.transactional_id]
        if metadata.pending is not None:
            return  # its completion is on its way into the log
        transition = shard.complete(marking.transactional_id, env.wall_time_ms)
        self.carry_out(broker, env, marking.shard, transition)

    def markers_answered(self, broker: "Broker", env: Env, correlation_id: int, body: WriteTxnMarkersResponse) -> None:
        """A leader has written markers, or not."""
        self.markers.answered(env, correlation_id, body)
        self._send_markers(broker, env)

    # --- markers, as a leader of partitions -------------------------------------------------------

    def write_markers(self, broker: "Broker", env: Env, request: WriteTxnMarkersRequest, reply_to: Token) -> None:
        """Into each partition's log, with acks=all; answered when all are replicated, or have failed."""
        left = sum(len(marker.partitions) for marker in request.markers)
        writing = Writing(reply_to, left, {})
        for marker in request.markers:
            for name in marker.partitions:
                self._write(broker, env, name, marker, PendingMarker(writing, name, marker.producer_id, marker.commit))

    def _write(
        self, broker: "Broker", env: Env, name: TopicPartition, marker: TxnMarker, token: PendingMarker
    ) -> None:  # fmt: skip
        partition = broker.partitions.get(name)
        if partition is None:
            self._marked(broker, env, token, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
            return
        self.verifications.ended(name, marker.producer_id)
        says = Marker(marker.commit, marker.coordinator_epoch)
        batch = marker_batch(marker.producer_id, marker.producer_epoch, says, env.wall_time_ms)
        broker.append_internal(env, partition, batch, token, MARKER_TIMEOUT_MS)

    def _marked(self, broker: "Broker", env: Env, token: PendingMarker, error: ErrorCode) -> None:
        if not error and token.partition.topic == OFFSETS_TOPIC:
            transaction_ended(broker, env, token.partition, token.producer_id, token.commit)
        writing = token.writing
        writing.errors[token.producer_id, token.partition] = error
        writing.left -= 1
        if not writing.left:
            broker.reply(env, *writing.reply_to, WriteTxnMarkersResponse(writing.errors))

    # --- verification -----------------------------------------------------------------------------

    def verify_write(
        self,
        broker: "Broker",
        context: RequestContext,
        request: ProduceRequest,
        data: dict[TopicPartition, RecordBatch],
    ) -> bool:
        """Whether a write waits for the coordinator: it is the first of its transaction in a partition led here."""
        asked: dict[TopicPartition, int] = {}
        producer = -1, -1
        for name, batch in data.items():
            partition = broker.partitions.get(name)
            if batch.is_transactional and partition is not None and partition.leading:
                producer = batch.producer_id, batch.producer_epoch
                if not partition.log.producers.has_open(*producer):
                    asked[name] = batch.base_sequence
        return bool(asked) and self.verify(broker, context, request, asked, *producer)

    def verify(
        self, broker: "Broker", context: RequestContext, request: ProduceRequest | TxnOffsetCommitRequest,
        sequences: Mapping[TopicPartition, int], producer_id: int, producer_epoch: int,
    ) -> bool:  # fmt: skip
        """Ask the coordinator, unless that is switched off. Whether the request waits."""
        version = request.transaction_version
        if version < 2 and not self.config.transaction_partition_verification_enable:
            return False
        name = request.transactional_id
        assert name is not None
        guards = {
            partition: self.verifications.guard(
                partition, broker.partitions[partition].leader_epoch, (producer_id, producer_epoch, sequence)
            )
            for partition, sequence in sequences.items()
        }
        parked = Parked(context.token, context.client_id, request, producer_id, guards)
        wanted = AddPartitionsToTxnRequest(
            name, producer_id, producer_epoch, tuple(sequences), verify_only=version < 2
        )  # fmt: skip
        self.verifications.ask(context.env, self._coordinator_host(broker, name), parked, wanted)
        self._schedule_markers(context.env)
        return True

    def _coordinator_host(self, broker: "Broker", transactional_id: str) -> str:
        """As far as this broker knows; it asks itself where nobody leads, and is told so."""
        topic = broker.image.topics.get(TRANSACTIONS_TOPIC)
        index = group_partition(transactional_id, len(topic.partitions)) if topic is not None else 0
        leader_id = topic.partitions[index].leader_id if topic is not None else broker.broker_id
        leader = broker.image.brokers.get(leader_id) or broker.image.brokers[broker.broker_id]
        return leader.host

    def verification_answered(
        self, broker: "Broker", env: Env, correlation_id: int, body: AddPartitionsToTxnResponse
    ) -> None:  # fmt: skip
        """A coordinator has answered for partitions."""
        found = self.verifications.answered(correlation_id, body)
        if found is not None:
            self._go_on(broker, env, *found)

    def _go_on(self, broker: "Broker", env: Env, parked: Parked, verified: Verified) -> None:
        for name, guard in parked.partitions.items():
            partition = broker.partitions.get(name)
            if partition is None or name in verified.errors or not parked.overtakes(name):
                continue
            if not partition.log.producers.has_open(parked.producer_id, guard.producer_epoch):
                verified.errors[name] = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        sender, correlation_id = parked.reply_to
        broker.resume(RequestContext(env, sender, correlation_id, parked.client_id), verified)

    # --- time -------------------------------------------------------------------------------------

    def _schedule(self, env: Env) -> None:
        if not any(shard.transactions for shard in self.shards.values()):
            return
        if self.timeouts_at <= env.now:
            interval = self.config.transaction_abort_timed_out_transaction_cleanup_interval_ms
            self.timeouts_at = env.now + millis(interval)
            env.set_timer(TIMER, self.timeouts_at)
        if self.expiry_at <= env.now:
            interval = self.config.transaction_remove_expired_transaction_cleanup_interval_ms
            self.expiry_at = env.now + millis(interval)

    def _schedule_markers(self, env: Env) -> None:
        found = (self.markers.next_deadline(), self.verifications.net.next_deadline())
        at = min((at for at in found if at is not None), default=None)
        if at is not None:
            env.set_timer(MARKER_TIMER, at)

    def wake(self, broker: "Broker", env: Env) -> None:
        """Look for transactions past their time-out, and every now and then for ids that have expired."""
        expiry_is_due = self.expiry_at <= env.now
        for name, shard in list(self.shards.items()):
            due = shard.timed_out(env.wall_time_ms)
            if expiry_is_due:
                due += shard.expired(env.wall_time_ms)
            for transition in due:
                self.carry_out(broker, env, name, transition)
        self._schedule(env)

    def wake_markers(self, broker: "Broker", env: Env) -> None:
        """Some markers are owed, or some answers, for longer than a moment."""
        self.markers.expire(env)
        for parked, verified in self.verifications.expire(env):
            self._go_on(broker, env, parked, verified)
        self._send_markers(broker, env)
