"""A transaction coordinator's desk without a network: what it decides is stored at once, unless `storing` is off."""

from typing import Any

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.transaction.metadata import TransactionMetadata
from lab.kafka.coordinator.transaction.records import read_transaction, transaction_value
from lab.kafka.coordinator.transaction.shard import TransactionShard, Transition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transactions import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    EndTxnRequest,
    EndTxnResponse,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.story import settings

MS = 1_767_225_600_000
A, B = TopicPartition("orders", 0), TopicPartition("orders", 1)
ASKER = ("app", 1)


class Notary:
    """One shard with the transactional id `pay`."""

    def __init__(self, version: int = 2, **config: object) -> None:
        self.version = version
        self.shard = TransactionShard(BrokerConfig(settings(transaction_version=version, **config)), 5)
        self.now_ms = MS
        self.fresh = 6
        self.storing = True
        self.waiting: list[Transition] = []
        self.log: list[tuple[str, int, int]] = []

    @property
    def pay(self) -> TransactionMetadata:
        return self.shard.transactions["pay"]

    @property
    def state(self) -> str:
        return self.pay.stored.status.title

    def _settle(self, decided: Any) -> Any:
        if not isinstance(decided, Transition):
            return decided
        if not self.storing:
            self.waiting.append(decided)
            return None
        self._store(decided)
        return decided.answer

    def _store(self, decided: Transition) -> None:
        stored = decided.stored
        if stored is not None:
            assert read_transaction(transaction_value(stored)) == stored
            self.log.append((stored.status.title, stored.producer_id, stored.producer_epoch))
        self.shard.took(decided)

    # --- requests ---------------------------------------------------------------------------------

    def init(self, timeout_ms: int = 60_000, expected: tuple[int, int] = (-1, -1)) -> ErrorCode | tuple[int, int]:
        """The producer id and epoch that the client is given, or an error."""
        request = InitProducerIdRequest("pay", timeout_ms, *expected)
        if self.shard.wants_producer_id(request):
            self.fresh += 1
        answer = self._settle(self.shard.init_producer_id(request, self.fresh, self.now_ms, ASKER))
        assert isinstance(answer, InitProducerIdResponse)
        return answer.error_code or (answer.producer_id, answer.producer_epoch)

    def add(self, who: tuple[int, int], *partitions: TopicPartition) -> ErrorCode:
        request = AddPartitionsToTxnRequest("pay", *who, partitions)
        answer = AddPartitionsToTxnResponse(dict.fromkeys(partitions, ErrorCode.NONE))
        found = self._settle(self.shard.add_partitions(request, answer, self.now_ms, ASKER, request))
        return found if isinstance(found, ErrorCode) else ErrorCode.NONE

    def end(self, who: tuple[int, int], commit: bool) -> ErrorCode | tuple[int, int]:
        request = EndTxnRequest("pay", *who, commit, self.version)
        if self.shard.wants_producer_id(request):
            self.fresh += 1
        answer = self._settle(self.shard.end(request, self.fresh, self.now_ms, ASKER))
        assert isinstance(answer, EndTxnResponse)
        return answer.error_code or (answer.producer_id, answer.producer_epoch)

    # --- what nobody asks for ---------------------------------------------------------------------

    def markers_written(self) -> None:
        self._store(self.shard.complete("pay", self.now_ms))

    def look(self) -> list[str]:
        """What the coordinator does by itself now."""
        found = [*self.shard.timed_out(self.now_ms), *self.shard.expired(self.now_ms)]
        for one in found:
            self._settle(one)
        return [one.reason for one in found]

    def stored(self) -> None:
        """What was pending is replicated."""
        for one in self.waiting:
            self._store(one)
        self.waiting = []

    def refused_by_the_log(self) -> None:
        for one in self.waiting:
            self.shard.failed(one)
        self.waiting = []
