"""Markers: what a coordinator has decided and still has to tell the leaders of the partitions (spec 5.3.3)."""

from dataclasses import dataclass

from lab.env import Address, Env, Micros, address, millis
from lab.kafka import facts
from lab.kafka.coordinator.transaction.metadata import StoredTransaction, TransactionStatus
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.transactions import TxnMarker, WriteTxnMarkersRequest, WriteTxnMarkersResponse
from lab.kafka.protocol.topics import TopicPartition, all_by_topic
from lab.kafka.rpc.network_client import NetworkClient

CHANNEL = "markers"
RETRY: Micros = millis(100)
TIMEOUT: Micros = millis(30_000)
REQUEST_BYTES = 96
ABANDONED = (ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.TRANSACTION_COORDINATOR_FENCED)
"""Another coordinator, or a newer epoch of the producer, was there before: nothing more to say."""


@dataclass(slots=True)
class Marking:
    """One transaction: in which of its partitions a marker is owed, and from when on it may be sent (`waiting`), and
    where one is on its way.
    """

    shard: TopicPartition
    transactional_id: str
    coordinator_epoch: int
    stored: StoredTransaction
    waiting: dict[TopicPartition, Micros]
    out: dict[TopicPartition, None]

    @property
    def done(self) -> bool:
        """Whether every partition has its marker."""
        return not self.waiting and not self.out


@dataclass(slots=True)
class Sent:
    """A request that is out: which partitions of which transactions it was about."""

    partitions: dict[str, tuple[TopicPartition, ...]]


class Markers:
    """All transactions of this broker's shards that are decided and not complete; by transactional id."""

    __slots__ = ("markings", "net")

    def __init__(self, name: str) -> None:
        self.net = NetworkClient(name, TIMEOUT)
        self.markings: dict[str, Marking] = {}

    def begin(self, shard: TopicPartition, name: str, coordinator_epoch: int, stored: StoredTransaction) -> None:
        """A decision is replicated: its partitions are to be told."""
        waiting: dict[TopicPartition, Micros] = dict.fromkeys(stored.partitions, 0)
        self.markings[name] = Marking(shard, name, coordinator_epoch, stored, waiting, {})

    def forget(self, shard: TopicPartition) -> None:
        """Another broker coordinates these now, and tells the partitions itself."""
        self.markings = {name: one for name, one in self.markings.items() if one.shard != shard}

    def send(self, env: Env, image: MetadataImage) -> list[Marking]:
        """To each leader what it has to write. Returns the transactions of which nothing is owed any more: partitions
        that were deleted need no marker. What was refused, or has no leader, waits a moment. Kafka sends what was
        refused again at once, and a network paces it; here a leader that refuses would be asked without end.
        """
        wanted: dict[str, dict[str, tuple[TopicPartition, ...]]] = {}
        for name, marking in self.markings.items():
            for partition, due in list(marking.waiting.items()):
                state = image.partition(partition)
                if state is None:
                    del marking.waiting[partition]
                    continue
                if due > env.now:
                    continue
                leader = image.brokers.get(state.leader_id)
                if leader is not None and not leader.fenced:
                    of_host = wanted.setdefault(leader.host, {})
                    of_host[name] = (*of_host.get(name, ()), partition)
                else:
                    marking.waiting[partition] = env.now + RETRY
        for host, partitions in wanted.items():
            self._post(env, host, partitions)
        return [one for one in self.markings.values() if one.done]

    def _post(self, env: Env, host: str, partitions: dict[str, tuple[TopicPartition, ...]]) -> None:
        markers: list[TxnMarker] = []
        for name, chosen in partitions.items():
            marking = self.markings[name]
            stored = marking.stored
            commit = stored.status is TransactionStatus.PREPARE_COMMIT
            markers.append(
                TxnMarker(
                    stored.producer_id, stored.producer_epoch, commit, marking.coordinator_epoch, all_by_topic(chosen)
                )
            )
            for partition in chosen:
                del marking.waiting[partition]
                marking.out[partition] = None
        request = WriteTxnMarkersRequest(tuple(markers))
        self.net.send(env, address(host, CHANNEL), request, REQUEST_BYTES, Sent(partitions))

    def answered(self, env: Env, correlation_id: int, body: WriteTxnMarkersResponse) -> None:
        """What a leader has written, and what is to be tried again, perhaps with another leader."""
        sent = self.net.answered(correlation_id)
        if not isinstance(sent, Sent):
            return
        for name, partitions in sent.partitions.items():
            marking = self.markings.get(name)
            if marking is None:
                continue
            for partition in partitions:
                if partition not in marking.out:
                    continue
                error = body.errors.get((marking.stored.producer_id, partition), ErrorCode.UNKNOWN_SERVER_ERROR)
                env.tell(facts.MarkersWritten(name, partition, error))
                self._settle(env, marking, partition, error)

    def _settle(self, env: Env, marking: Marking, partition: TopicPartition, error: ErrorCode) -> None:
        del marking.out[partition]
        if error in ABANDONED:
            self.markings.pop(marking.transactional_id, None)
        elif error:
            marking.waiting[partition] = env.now + RETRY

    def lost(self, env: Env, peer: Address) -> None:
        """A connection is gone."""
        for tag in self.net.lost(peer):
            self._retry(env, tag)

    def expire(self, env: Env) -> None:
        """Answers that are too late."""
        for tag in self.net.expired(env.now):
            self._retry(env, tag)

    def _retry(self, env: Env, sent: Sent) -> None:
        for name, partitions in sent.partitions.items():
            marking = self.markings.get(name)
            for partition in partitions:
                if marking is not None and marking.out.pop(partition, "") is None:
                    marking.waiting[partition] = env.now + RETRY

    def next_deadline(self) -> Micros | None:
        """When to look again."""
        found = [at for marking in self.markings.values() for at in marking.waiting.values()]
        answer = self.net.next_deadline()
        return min(found if answer is None else (answer, *found), default=None)
