"""TransactionShard: the transactional ids of one partition of `__transaction_state` (spec 5.3, 5.10).

A request is answered at once, or becomes a `Transition`: what to log, and what to answer when that is replicated.
Nothing is sent here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.group import NOBODY, Token
from lab.kafka.coordinator.transaction.metadata import (
    AT_REST,
    EPOCH_MAX,
    NO_EPOCH,
    NO_PRODUCER,
    PREPARED,
    StoredTransaction,
    TransactionMetadata,
    TransactionStatus,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transactions import (
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    EndTxnResponse,
)
from lab.kafka.protocol.topics import TopicPartition

S = TransactionStatus


@dataclass(slots=True)
class Transition:
    """A transactional id on its way to another state. `stored` None: it is forgotten, by a tombstone. `answer` is sent
    to `reply_to` when it is replicated; what is sent otherwise follows from the `request`.
    """

    transactional_id: str
    stored: StoredTransaction | None
    last_producer_epoch: int
    request: object
    answer: object
    reply_to: Token
    reason: str


class TransactionShard:
    """Decides. `coordinator_epoch`: the leader epoch of the partition, which markers carry."""

    def __init__(self, config: BrokerConfig, coordinator_epoch: int) -> None:
        self.config = config
        self.coordinator_epoch = coordinator_epoch
        self.transactions: dict[str, TransactionMetadata] = {}

    # --- InitProducerId (spec 5.3.1) --------------------------------------------------------------

    def wants_producer_id(self, request: InitProducerIdRequest | EndTxnRequest) -> bool:
        """Whether a fresh producer id is needed to answer: of a new id, or one without another epoch."""
        metadata = self.transactions.get(request.transactional_id or "")
        if metadata is None:
            return isinstance(request, InitProducerIdRequest)
        return metadata.exhausted or metadata.stored.producer_id == NO_PRODUCER

    def init_producer_id(
        self, request: InitProducerIdRequest, fresh_id: int, now_ms: int, reply_to: Token
    ) -> InitProducerIdResponse | Transition:
        """Who the producer is from now on; whoever was it before is fenced, and what that has left is aborted."""
        name = request.transactional_id
        assert name is not None
        if not name:
            return InitProducerIdResponse(ErrorCode.INVALID_REQUEST)
        if not 1 <= request.transaction_timeout_ms <= self.config.transaction_max_timeout_ms:
            return InitProducerIdResponse(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
        metadata = self.transactions.get(name)
        if metadata is None:
            nobody = StoredTransaction(NO_PRODUCER, NO_EPOCH, request.transaction_timeout_ms, S.EMPTY)
            metadata = self.transactions[name] = TransactionMetadata(name, nobody)
        error = self._init_error(metadata, request)
        if error:
            return InitProducerIdResponse(error)
        if metadata.stored.status is S.ONGOING:
            answer = InitProducerIdResponse(ErrorCode.CONCURRENT_TRANSACTIONS)
            return self.abort_and_fence(metadata, now_ms, "its producer began anew", request, answer, reply_to)
        return self._identify(metadata, request, fresh_id, now_ms, reply_to)

    def _init_error(self, metadata: TransactionMetadata, request: InitProducerIdRequest) -> ErrorCode:
        stored = metadata.stored
        if metadata.pending is not None or stored.status in PREPARED:
            return ErrorCode.CONCURRENT_TRANSACTIONS
        if request.producer_id == NO_PRODUCER or metadata.producer_epoch == NO_EPOCH:
            return ErrorCode.NONE
        rotated = request.producer_id == stored.previous_producer_id and request.producer_epoch >= EPOCH_MAX - 1
        if request.producer_id != stored.producer_id and not rotated:
            return ErrorCode.PRODUCER_FENCED
        return ErrorCode.NONE

    def _identify(
        self, metadata: TransactionMetadata, request: InitProducerIdRequest, fresh_id: int, now_ms: int, reply_to: Token
    ) -> InitProducerIdResponse | Transition:
        """The next epoch, or the first one of another producer id."""
        stored, epoch = metadata.stored, metadata.producer_epoch
        expected = request.producer_epoch if request.producer_id != NO_PRODUCER else None
        producer_id, next_epoch = stored.producer_id, epoch + 1
        last = epoch if expected is not None else NO_EPOCH
        if producer_id == NO_PRODUCER:
            producer_id, next_epoch, last = fresh_id, 0, NO_EPOCH
        elif metadata.exhausted and expected in (None, epoch):
            producer_id, next_epoch = fresh_id, 0
        elif expected is not None and expected != epoch:
            if expected != metadata.last_producer_epoch:
                return InitProducerIdResponse(ErrorCode.PRODUCER_FENCED)
            next_epoch, last = epoch, metadata.last_producer_epoch  # the same request once more
        rotated = stored.producer_id not in (producer_id, NO_PRODUCER)
        wanted = StoredTransaction(
            producer_id, next_epoch, request.transaction_timeout_ms, S.EMPTY, (), now_ms, -1,
            stored.producer_id if rotated else NO_PRODUCER, transaction_version=self.config.transaction_version,
        )  # fmt: skip
        answer = InitProducerIdResponse(ErrorCode.NONE, producer_id, next_epoch, self.config.transaction_version)
        return self._begin(metadata, wanted, last, request, answer, reply_to, "its producer begins")

    def abort_and_fence(
        self, metadata: TransactionMetadata, now_ms: int, reason: str, request: object = None, answer: object = None,
        reply_to: Token = NOBODY,
    ) -> Transition:  # fmt: skip
        """Abort an ongoing transaction under a raised epoch: whoever writes in it is a zombie from now on. Stored as of
        version 1: this epoch was not raised for the producer, whose EndTxn is not a retry then.
        """
        metadata.fence()
        wanted = replace(
            metadata.stored, producer_epoch=metadata.producer_epoch, status=S.PREPARE_ABORT, updated_ms=now_ms,
            transaction_version=1,
        )  # fmt: skip
        return self._begin(metadata, wanted, NO_EPOCH, request, answer, reply_to, reason)

    def raise_epochs(self, epochs: Mapping[str, int], now_ms: int, reason: str) -> list[Transition]:
        """Transactional ids of which these epochs are known elsewhere get higher ones: an open transaction is aborted.
        One whose end is being written has none to raise.
        """
        found: list[Transition] = []
        for name, epoch in epochs.items():
            metadata = self.transactions.get(name)
            if metadata is None or metadata.pending is not None or metadata.stored.status in PREPARED:
                continue
            metadata.fenced_epoch = max(metadata.producer_epoch, epoch)
            if metadata.stored.status is S.ONGOING:
                found.append(self.abort_and_fence(metadata, now_ms, reason))
            else:
                metadata.fence()
                wanted = replace(
                    metadata.stored, producer_epoch=metadata.producer_epoch, status=S.EMPTY, partitions=(),
                    updated_ms=now_ms, transaction_version=1,
                )  # fmt: skip
                found.append(self._begin(metadata, wanted, NO_EPOCH, None, None, NOBODY, reason))
        return found

    # --- AddPartitionsToTxn, AddOffsetsToTxn (spec 5.3.2) -----------------------------------------

    def add_partitions(
        self, request: AddPartitionsToTxnRequest, answer: object, now_ms: int, reply_to: Token, asked: object
    ) -> ErrorCode | Transition:
        """These partitions belong to the transaction, which begins with the first. `asked`: the request that this
        stands for.
        """
        found = self._of_producer(request.transactional_id, request.producer_id, request.producer_epoch)
        if isinstance(found, ErrorCode):
            return found
        stored = found.stored
        if found.pending is not None or stored.status in PREPARED:
            return ErrorCode.CONCURRENT_TRANSACTIONS
        known = dict.fromkeys(stored.partitions if stored.status is S.ONGOING else ())
        if stored.status is S.ONGOING and all(one in known for one in request.partitions):
            return ErrorCode.NONE
        wanted = replace(
            stored, status=S.ONGOING, partitions=tuple(known | dict.fromkeys(request.partitions)), updated_ms=now_ms,
            started_ms=stored.started_ms if stored.status is S.ONGOING else now_ms,
        )  # fmt: skip
        names = ", ".join(str(one) for one in request.partitions if one not in known)
        return self._begin(found, wanted, found.last_producer_epoch, asked, answer, reply_to, f"{names} is added")

    def verify(self, request: AddPartitionsToTxnRequest) -> dict[TopicPartition, ErrorCode]:
        """Whether partitions are in an ongoing transaction, as their leaders ask (KIP-890)."""
        found = self._of_producer(request.transactional_id, request.producer_id, request.producer_epoch)
        if isinstance(found, ErrorCode):
            return dict.fromkeys(request.partitions, found)
        stored = found.stored
        if found.pending is not None or stored.status in PREPARED:
            return dict.fromkeys(request.partitions, ErrorCode.CONCURRENT_TRANSACTIONS)
        known = stored.partitions if stored.status is S.ONGOING else ()
        return {one: ErrorCode.NONE if one in known else ErrorCode.TRANSACTION_ABORTABLE for one in request.partitions}

    def _of_producer(self, name: str, producer_id: int, producer_epoch: int) -> TransactionMetadata | ErrorCode:
        if not name:
            return ErrorCode.INVALID_REQUEST
        metadata = self.transactions.get(name)
        if metadata is None or metadata.stored.producer_id != producer_id:
            return ErrorCode.INVALID_PRODUCER_ID_MAPPING
        return metadata if metadata.producer_epoch == producer_epoch else ErrorCode.PRODUCER_FENCED

    # --- EndTxn (spec 5.3.3) ----------------------------------------------------------------------

    def end(
        self, request: EndTxnRequest, fresh_id: int, now_ms: int, reply_to: Token
    ) -> EndTxnResponse | Transition:  # fmt: skip
        """Commit or abort: answered when the decision is replicated, before any marker is written."""
        metadata = self.transactions.get(request.transactional_id)
        if metadata is None:
            return EndTxnResponse(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        retried = self._is_retry(metadata, request)
        if metadata.stored.producer_id != request.producer_id and not retried:
            return EndTxnResponse(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        if metadata.producer_epoch != request.producer_epoch and not retried:
            return EndTxnResponse(ErrorCode.PRODUCER_FENCED)
        if metadata.pending is not None:
            return EndTxnResponse(ErrorCode.CONCURRENT_TRANSACTIONS)
        stored = metadata.stored
        empty_abort = request.transaction_version >= 2 and not request.committed and stored.status in AT_REST
        if stored.status is S.ONGOING or (empty_abort and not retried):
            return self._prepare(metadata, request, fresh_id, now_ms, reply_to)
        return self._ended_before(stored, request, retried=retried)

    def _is_retry(self, metadata: TransactionMetadata, request: EndTxnRequest) -> bool:
        """Whether the epoch was raised by an earlier request of the same kind, whose answer was not heard (KIP-890)."""
        stored = metadata.stored
        if request.transaction_version < 2 or stored.transaction_version < 2:
            return False
        if stored.status not in (*PREPARED, S.COMPLETE_COMMIT, S.COMPLETE_ABORT):
            return False
        if stored.producer_id == request.producer_id:
            return metadata.producer_epoch == request.producer_epoch + 1
        rotated = stored.previous_producer_id == request.producer_id and metadata.producer_epoch == 0
        return rotated and request.producer_epoch == EPOCH_MAX - 1

    def _ended_before(self, stored: StoredTransaction, request: EndTxnRequest, *, retried: bool) -> EndTxnResponse:
        prepared = S.PREPARE_COMMIT if request.committed else S.PREPARE_ABORT
        complete = S.COMPLETE_COMMIT if request.committed else S.COMPLETE_ABORT
        of_the_next = request.transaction_version >= 2 and not retried
        if stored.status is prepared or (of_the_next and stored.status in PREPARED):
            return EndTxnResponse(ErrorCode.CONCURRENT_TRANSACTIONS)
        if stored.status is complete and retried:
            return EndTxnResponse(ErrorCode.NONE, stored.producer_id, stored.producer_epoch)
        if stored.status is complete and request.transaction_version < 2:
            return EndTxnResponse(ErrorCode.NONE)
        return EndTxnResponse(ErrorCode.INVALID_TXN_STATE)

    def _prepare(
        self, metadata: TransactionMetadata, request: EndTxnRequest, fresh_id: int, now_ms: int, reply_to: Token
    ) -> Transition:
        """With version 2 under the next epoch, so that nothing late of this transaction can be written."""
        stored, last = metadata.stored, metadata.last_producer_epoch
        status = S.PREPARE_COMMIT if request.committed else S.PREPARE_ABORT
        wanted = replace(stored, status=status, updated_ms=now_ms, transaction_version=request.transaction_version)
        answer = EndTxnResponse(ErrorCode.NONE)
        if stored.status is not S.ONGOING:
            wanted = replace(wanted, partitions=(), started_ms=now_ms)
        if request.transaction_version >= 2:
            last = metadata.producer_epoch
            answer = EndTxnResponse(ErrorCode.NONE, stored.producer_id, last + 1)
            wanted = replace(wanted, producer_epoch=last + 1)
            if metadata.exhausted:
                wanted = replace(wanted, next_producer_id=fresh_id)
                answer = EndTxnResponse(ErrorCode.NONE, fresh_id, 0)
        reason = "its producer commits" if request.committed else "its producer aborts"
        return self._begin(metadata, wanted, last, request, answer, reply_to, reason)

    # --- what nobody asks for (spec 5.3.4) --------------------------------------------------------

    def complete(self, transactional_id: str, now_ms: int) -> Transition:
        """All markers are written."""
        metadata = self.transactions[transactional_id]
        wanted = metadata.completed(now_ms)
        return self._begin(
            metadata, wanted, metadata.last_producer_epoch, None, None, NOBODY, "all markers are written"
        )

    def timed_out(self, now_ms: int) -> list[Transition]:
        """Transactions that are open for longer than their time-out are aborted."""
        return [
            self.abort_and_fence(one, now_ms, f"open for more than {one.stored.timeout_ms} ms")
            for one in self.transactions.values()
            if one.pending is None and one.stored.status is S.ONGOING
            and one.stored.started_ms + one.stored.timeout_ms < now_ms
        ]  # fmt: skip

    def expired(self, now_ms: int) -> list[Transition]:
        """Transactional ids at rest that nobody has used for transactional.id.expiration.ms are forgotten."""
        found: list[Transition] = []
        for name, metadata in self.transactions.items():
            stored = metadata.stored
            old = now_ms - stored.updated_ms >= self.config.transactional_id_expiration_ms
            if metadata.pending is None and stored.status in AT_REST and old and stored.producer_id != NO_PRODUCER:
                metadata.pending = S.DEAD
                found.append(Transition(name, None, NO_EPOCH, None, None, NOBODY, "not used for too long"))
        return found

    # --- transitions ------------------------------------------------------------------------------

    def _begin(
        self, metadata: TransactionMetadata, wanted: StoredTransaction, last: int, request: object, answer: object,
        reply_to: Token, reason: str,
    ) -> Transition:  # fmt: skip
        assert metadata.pending is None, metadata
        metadata.pending = wanted.status
        return Transition(metadata.transactional_id, wanted, last, request, answer, reply_to, reason)

    def took(self, transition: Transition) -> None:
        """It is in the log, replicated."""
        if transition.stored is None:
            del self.transactions[transition.transactional_id]
        else:
            metadata = self.transactions[transition.transactional_id]
            metadata.apply(transition.stored, transition.last_producer_epoch)

    def failed(self, transition: Transition) -> None:
        """The log did not take it: all is as before, but for an epoch that was raised."""
        metadata = self.transactions[transition.transactional_id]
        metadata.pending = None
        metadata.failed_fence = metadata.fenced_epoch != NO_EPOCH
