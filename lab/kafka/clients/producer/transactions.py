"""TransactionManager: the transactional half of a producer: its states, and what it asks of coordinators (spec 5.7).

What blocks in Java (initTransactions, sendOffsetsToTransaction, commitTransaction, abortTransaction) is begun by a
call here and has returned when `busy` is false again; tried again until then, as an application would.
"""

from dataclasses import dataclass

from lab.env import Address, Env, Micros, address, millis
from lab.kafka import facts
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.client import ProducerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import (
    GROUP,
    TRANSACTION,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    EndTxnRequest,
    EndTxnResponse,
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
)
from lab.kafka.protocol.topics import TopicPartition, by_topic
from lab.kafka.rpc.network_client import NetworkClient

UNINITIALIZED, INITIALIZING, READY, IN_TRANSACTION, COMMITTING, ABORTING, ABORTABLE_ERROR, FATAL_ERROR = (
    "Uninitialized", "Initializing", "Ready", "InTransaction", "CommittingTransaction", "AbortingTransaction",
    "AbortableError", "FatalError",
)  # fmt: skip
REQUEST_BYTES = 96
CHANNEL = "transactions"
FIRST_ADD_BACKOFF: Micros = millis(20)
"""While the markers of the last transaction are being written the next one is tried again so soon."""
REDISCOVER = (
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.NETWORK_EXCEPTION,
    ErrorCode.REQUEST_TIMED_OUT,
)
FATAL = (
    ErrorCode.PRODUCER_FENCED,
    ErrorCode.INVALID_PRODUCER_EPOCH,
    ErrorCode.INVALID_TXN_STATE,
    ErrorCode.INVALID_TRANSACTION_TIMEOUT,
    ErrorCode.UNSUPPORTED_VERSION,
    ErrorCode.INVALID_REQUEST,
)
"""From a coordinator: another producer of this name has begun, or the request made no sense (spec 5.8)."""


@dataclass(frozen=True, slots=True)
class GroupMetadata:
    """As which member of a group a consumer read what the offsets say (KIP-447)."""

    group_id: str
    generation_id: int = -1
    member_id: str = ""
    group_instance_id: str | None = None


@dataclass(slots=True)
class Offsets:
    """Offsets to be committed with the transaction. `added`: the coordinator knows that the group is in it."""

    group: GroupMetadata
    offsets: dict[TopicPartition, CommittedOffset]
    added: bool = False


class TransactionManager:
    """One transactional id. One request at a time is out; what the sender may send is asked of `allows`.

    `new` and `added`: partitions written to that the coordinator has yet to hear of, and those it knows. `unanswered`:
    a request to add some of which nobody knows what became.
    """

    __slots__ = (
        "added", "began", "config", "coordinator", "error", "group_coordinator", "metadata", "must_initialize", "name",
        "net", "new", "offsets", "out", "producer_epoch", "producer_id", "retry_at", "state", "transaction_version",
        "unanswered",
    )  # fmt: skip

    def __init__(self, name: str, config: ProducerConfig, metadata: Metadata, net: NetworkClient) -> None:
        self.name = name
        self.config = config
        self.metadata = metadata
        self.net = net
        self.state = UNINITIALIZED
        self.error = ""
        self.producer_id = -1
        self.producer_epoch = -1
        self.transaction_version = 1
        self.coordinator: Address | None = None
        self.group_coordinator: Address | None = None
        self.began = False
        self.must_initialize = False
        self.new: dict[TopicPartition, None] = {}
        self.added: dict[TopicPartition, None] = {}
        self.offsets: Offsets | None = None
        self.out: object = None
        self.unanswered: object = None
        self.retry_at: Micros = 0

    @property
    def transactional_id(self) -> str:
        """Who this producer is across restarts."""
        return self.config.transactional_id

    @property
    def busy(self) -> bool:
        """Whether a call that blocks has not returned."""
        return self.state in (INITIALIZING, COMMITTING, ABORTING) or (
            self.state == IN_TRANSACTION and self.offsets is not None
        )

    @property
    def completing(self) -> bool:
        """Whether nothing may linger: the transaction ends."""
        return self.state in (COMMITTING, ABORTING)

    @property
    def given_up(self) -> bool:
        """Whether what was not sent yet shall never be."""
        return self.state in (ABORTING, ABORTABLE_ERROR, FATAL_ERROR)

    @property
    def identified(self) -> bool:
        """Whether batches may be numbered."""
        return self.producer_id >= 0 and self.state not in (INITIALIZING, FATAL_ERROR)

    # --- what the application calls ---------------------------------------------------------------

    def initialize(self) -> None:
        """initTransactions: fence whoever had this name, and end what that left open."""
        assert self.state in (UNINITIALIZED, READY), self.state
        self.state = INITIALIZING

    def begin(self, env: Env) -> None:
        """beginTransaction: no message is sent."""
        assert self.state == READY, self.state
        self.state = IN_TRANSACTION
        env.tell(facts.TransactionBegan(self.name, self.transactional_id))

    def commit(self) -> None:
        """commitTransaction: when everything is acknowledged, have the coordinator decide."""
        assert self.state == IN_TRANSACTION, self.state
        self.state = COMMITTING

    def abort(self) -> None:
        """abortTransaction: what was not sent yet is dropped."""
        assert self.state in (IN_TRANSACTION, ABORTABLE_ERROR), self.state
        self.state = ABORTING
        self.new = {}
        self.offsets = None

    def send_offsets(self, offsets: dict[TopicPartition, CommittedOffset], group: GroupMetadata) -> None:
        """sendOffsetsToTransaction."""
        assert self.state == IN_TRANSACTION, self.state
        self.offsets = Offsets(group, offsets)

    def wrote_to(self, partition: TopicPartition) -> None:
        """A record was placed: its partition will be part of the transaction."""
        assert self.state in (IN_TRANSACTION, COMMITTING), self.state
        if partition not in self.added:
            self.new[partition] = None

    def allows(self, partition: TopicPartition) -> bool:
        """Whether a batch for this partition may be sent: the coordinator knows of it, or its leader will tell."""
        return partition in self.added or self.transaction_version >= 2

    # --- errors (spec 5.8) ------------------------------------------------------------------------

    def fail(self, env: Env, error: str, *, fatal: bool = False, new_epoch: bool = False) -> None:
        """Nothing but an abort is possible from here; or, if fatal, nothing at all."""
        if self.state == FATAL_ERROR or (self.state == ABORTABLE_ERROR and not fatal):
            return
        self.must_initialize = self.must_initialize or new_epoch
        if self.state == ABORTING and not fatal:
            return  # that is what it is about to do
        self.error = error
        self.state = FATAL_ERROR if fatal else ABORTABLE_ERROR
        self.offsets = None
        env.tell(facts.TransactionFailed(self.name, self.transactional_id, error, fatal))

    def _answered_with(self, env: Env, error: ErrorCode) -> None:
        """An error of a coordinator that has no meaning of its own."""
        if error in REDISCOVER:
            self.coordinator = None
            self._pause(env)
        elif error.retriable:
            self._pause(env)
        elif error in FATAL:
            self.fail(env, error.name, fatal=True)
        elif error is ErrorCode.INVALID_PRODUCER_ID_MAPPING:
            # The coordinator has forgotten this id. There is nothing of it to end, either.
            self.began = False
            self.fail(env, error.name, new_epoch=True)
        else:
            self.fail(env, error.name)

    def _pause(self, env: Env, pause: Micros | None = None) -> None:
        self.retry_at = env.now + (self.config.retry_backoff_us if pause is None else pause)

    # --- the sender's part ------------------------------------------------------------------------

    def work(self, env: Env, *, flushed: bool, in_flight: bool) -> None:
        """The next request, if one is due. `flushed`: nothing waits or is out; `in_flight`: something is out."""
        if self.out is not None or env.now < self.retry_at or not self.metadata.brokers:
            return
        if self.state in (UNINITIALIZED, READY, FATAL_ERROR, ABORTABLE_ERROR):
            return
        if self.state == COMMITTING and flushed and not self._owes_anything():
            self._ended(env, committed=True)
        elif self.state == ABORTING and not in_flight and not self._owes_anything() and not self.must_initialize:
            self._ended(env, committed=False)
        elif self.coordinator is None:
            self._find(env, self.transactional_id, TRANSACTION)
        else:
            self._ask_coordinator(env, self.coordinator, flushed=flushed, in_flight=in_flight)

    def _owes_anything(self) -> bool:
        """Whether there is anything of the transaction that the coordinator knows, or will know."""
        return self.began or bool(self.new) or self.offsets is not None or self.unanswered is not None

    def _ask_coordinator(self, env: Env, coordinator: Address, *, flushed: bool, in_flight: bool) -> None:
        if self.state == ABORTING and self.unanswered is not None:
            self._send(env, coordinator, self.unanswered)
        elif self.state == INITIALIZING or (self.state == ABORTING and not in_flight and not self.began):
            request = InitProducerIdRequest(
                self.transactional_id, self.config.transaction_timeout_ms, self.producer_id, self.producer_epoch
            )
            self._send(env, coordinator, request)
        elif self.new and self.state != ABORTING:
            self._add_partitions(env, coordinator)
        elif self.offsets is not None:
            self._send_offsets(env, coordinator, self.offsets)
        elif (self.state == COMMITTING and flushed) or (self.state == ABORTING and not in_flight):
            committed = self.state == COMMITTING
            self._send(env, coordinator, EndTxnRequest(
                self.transactional_id, self.producer_id, self.producer_epoch, committed, self.transaction_version
            ))  # fmt: skip

    def _add_partitions(self, env: Env, coordinator: Address) -> None:
        """With version 2 their leaders do that when they are first written to."""
        if self.transaction_version >= 2:
            self.began = True
            self.added |= self.new
            self.new = {}
            return
        self._send(env, coordinator, AddPartitionsToTxnRequest(
            self.transactional_id, self.producer_id, self.producer_epoch, tuple(self.new)
        ))  # fmt: skip

    def _send_offsets(self, env: Env, coordinator: Address, offsets: Offsets) -> None:
        if not offsets.added and self.transaction_version < 2:
            self._send(env, coordinator, AddOffsetsToTxnRequest(
                self.transactional_id, self.producer_id, self.producer_epoch, offsets.group.group_id
            ))  # fmt: skip
        elif self.group_coordinator is None:
            self._find(env, offsets.group.group_id, GROUP)
        else:
            self.began = True
            group = offsets.group
            self._send(env, self.group_coordinator, TxnOffsetCommitRequest(
                self.transactional_id, group.group_id, self.producer_id, self.producer_epoch,
                by_topic(offsets.offsets),
                group.generation_id, group.member_id, group.group_instance_id, self.transaction_version,
            ))  # fmt: skip

    def _find(self, env: Env, key: str, key_type: int) -> None:
        self._send(env, self.metadata.someone(self.net), FindCoordinatorRequest(key, key_type))

    def _send(self, env: Env, target: Address, request: object) -> None:
        self.out = request
        if isinstance(request, (AddPartitionsToTxnRequest, AddOffsetsToTxnRequest)):
            self.unanswered = request
        self.net.send(env, target, request, REQUEST_BYTES, request)

    # --- answers ----------------------------------------------------------------------------------

    def answered(self, env: Env, request: object, body: object) -> None:
        """An answer to what was out."""
        if self.out is not request:
            return
        self.out = None
        match body:
            case FindCoordinatorResponse():
                self._found(env, request, body)
            case InitProducerIdResponse():
                self._initialized(env, body)
            case AddPartitionsToTxnResponse():
                self._partitions_added(env, body)
            case AddOffsetsToTxnResponse():
                self._offsets_added(env, body.error_code)
            case TxnOffsetCommitResponse():
                self._offsets_sent(env, body)
            case EndTxnResponse():
                self._end_answered(env, body)
            case _:
                raise AssertionError(body)

    def lost(self, env: Env, request: object) -> None:
        """Its connection is gone, or its answer too late: what became of it nobody knows. All of these may be sent
        again.
        """
        if self.out is request:
            self.out = None
            self._pause(env)
            if isinstance(request, TxnOffsetCommitRequest):
                self.group_coordinator = None
            elif not isinstance(request, FindCoordinatorRequest):
                self.coordinator = None

    def _found(self, env: Env, request: object, body: FindCoordinatorResponse) -> None:
        assert isinstance(request, FindCoordinatorRequest)
        if body.error_code:
            self._pause(env)
        elif request.key_type == TRANSACTION:
            self.coordinator = address(body.host, CHANNEL)
        else:
            self.group_coordinator = address(body.host, CHANNEL)

    def _initialized(self, env: Env, body: InitProducerIdResponse) -> None:
        if self.state not in (INITIALIZING, ABORTING):
            return
        if body.error_code:
            self._answered_with(env, body.error_code)
            return
        self.transaction_version = body.transaction_version
        self.must_initialize = False
        self._become(env, body.producer_id, body.producer_epoch)
        if self.state == INITIALIZING:
            self.state = READY

    def _become(self, env: Env, producer_id: int, producer_epoch: int) -> None:
        self.producer_id, self.producer_epoch = producer_id, producer_epoch
        env.tell(facts.ProducerInitialized(self.name, self.transactional_id, producer_id, producer_epoch))

    def _partitions_added(self, env: Env, body: AddPartitionsToTxnResponse) -> None:
        errors = [one for one in body.errors.values() if one and one is not ErrorCode.OPERATION_NOT_ATTEMPTED]
        self._is_answered(errors[0] if errors else ErrorCode.NONE)
        if not errors:
            self.began = True
            for partition in body.errors:
                self.new.pop(partition, None)
                self.added[partition] = None
        elif errors[0] is ErrorCode.CONCURRENT_TRANSACTIONS and not self.began:
            self._pause(env, FIRST_ADD_BACKOFF)
        elif errors[0] is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
            self._pause(env)
        else:
            self._answered_with(env, errors[0])

    def _is_answered(self, error: ErrorCode) -> None:
        """A retriable error may come from a coordinator whose log took it all the same."""
        if not error.retriable:
            self.unanswered = None

    def _offsets_added(self, env: Env, error: ErrorCode) -> None:
        self._is_answered(error)
        if error is ErrorCode.CONCURRENT_TRANSACTIONS and not self.began:
            self._pause(env, FIRST_ADD_BACKOFF)
        elif error:
            self._answered_with(env, error)
        else:
            self.began = True
            if self.offsets is not None:
                self.offsets.added = True

    def _offsets_sent(self, env: Env, body: TxnOffsetCommitResponse) -> None:
        error = next((one for one in body.partitions.values() if one), ErrorCode.NONE)
        if error in REDISCOVER:
            self.group_coordinator = None
            self._pause(env)
        elif error.retriable:
            self._pause(env)
        elif error:
            # Of the group: the consumer is no longer who it was. Of the producer: it is fenced.
            self.fail(env, error.name, fatal=error in FATAL)
        else:
            self.offsets = None

    def _end_answered(self, env: Env, body: EndTxnResponse) -> None:
        if body.error_code:
            self._answered_with(env, body.error_code)
            return
        if self.transaction_version >= 2 and body.producer_id >= 0:
            self._become(env, body.producer_id, body.producer_epoch)
            self.must_initialize = False  # the epoch is raised
        self.began = False
        if self.state == COMMITTING:
            self._ended(env, committed=True)
        elif self.state == ABORTING and not self.must_initialize:
            self._ended(env, committed=False)

    def _ended(self, env: Env, *, committed: bool) -> None:
        self.state = READY
        self.began = False
        self.new = {}
        self.added = {}
        self.error = ""
        env.tell(facts.TransactionEnded(self.name, self.transactional_id, committed))

    def next_deadline(self, now: Micros) -> Micros | None:
        """When a pause is over."""
        return self.retry_at if self.retry_at > now else None
