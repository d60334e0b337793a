"""TransactionMetadata: a transactional id in the memory of its coordinator, and its states (spec 5.3, 5.10)."""

from dataclasses import dataclass, field, replace
from enum import IntEnum

from lab.env import Sealed
from lab.kafka.protocol.topics import TopicPartition

NO_PRODUCER = -1
NO_EPOCH = -1
EPOCH_MAX = 32_767
"""Reserved for fencing: a producer's own epochs end one before it."""


class TransactionStatus(IntEnum):
    """Kafka's states by number; the last one is never stored."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7

    @property
    def title(self) -> str:
        """Kafka's name: `PrepareCommit`."""
        return "".join(part.capitalize() for part in self.name.split("_"))


S = TransactionStatus
COMPLETE = (S.COMPLETE_COMMIT, S.COMPLETE_ABORT)
AT_REST = (S.EMPTY, *COMPLETE)
PREPARED = (S.PREPARE_COMMIT, S.PREPARE_ABORT)
VALID_PREVIOUS: dict[TransactionStatus, tuple[TransactionStatus, ...]] = {
    S.EMPTY: AT_REST,
    S.ONGOING: (S.ONGOING, *AT_REST),
    S.PREPARE_COMMIT: (S.ONGOING,),
    S.PREPARE_ABORT: (S.ONGOING, S.PREPARE_EPOCH_FENCE, *AT_REST),
    S.COMPLETE_COMMIT: (S.PREPARE_COMMIT,),
    S.COMPLETE_ABORT: (S.PREPARE_ABORT,),
    S.DEAD: AT_REST,
    S.PREPARE_EPOCH_FENCE: (S.ONGOING,),
}
"""From where each state may be entered. To abort at rest is KIP-890's: a producer whose first write failed."""


@dataclass(frozen=True, slots=True)
class StoredTransaction(Sealed):
    """A transactional id as the log remembers it. Times are milliseconds since 1970, -1 for none."""

    producer_id: int
    producer_epoch: int
    timeout_ms: int
    status: TransactionStatus
    partitions: tuple[TopicPartition, ...] = ()
    updated_ms: int = -1
    started_ms: int = -1
    previous_producer_id: int = NO_PRODUCER
    next_producer_id: int = NO_PRODUCER
    transaction_version: int = 1


@dataclass(slots=True)
class TransactionMetadata:
    """One transactional id. `pending`: the state that is on its way into the log; until it is there, others wait.

    `last_producer_epoch`: which epoch the producer had before the coordinator raised it at its own wish, for retries.
    `failed_fence`: the epoch was raised in memory, and the log did not take it.
    """

    transactional_id: str
    stored: StoredTransaction
    last_producer_epoch: int = NO_EPOCH
    pending: TransactionStatus | None = None
    failed_fence: bool = False
    fenced_epoch: int = field(default=NO_EPOCH)

    @property
    def producer_epoch(self) -> int:
        """The newest epoch; one that fences counts before the log has it."""
        return max(self.stored.producer_epoch, self.fenced_epoch)

    @property
    def exhausted(self) -> bool:
        """Whether the producer id has no epoch left."""
        return self.producer_epoch >= EPOCH_MAX - 1

    def fence(self) -> None:
        """Raise the epoch in memory, once: whoever wrote with the old one is a zombie from now on."""
        if not self.failed_fence:
            self.fenced_epoch = self.producer_epoch + 1
        self.last_producer_epoch = NO_EPOCH

    def apply(self, stored: StoredTransaction, last_producer_epoch: int) -> None:
        """What was pending is in the log."""
        assert self.stored.status in VALID_PREVIOUS[stored.status], (self, stored)
        self.stored = stored
        self.last_producer_epoch = last_producer_epoch
        self.pending = None
        self.failed_fence = False
        self.fenced_epoch = NO_EPOCH

    def completed(self, now_ms: int) -> StoredTransaction:
        """All markers are written: at rest, under the next producer id if this one has no epoch left."""
        stored = self.stored
        status = S.COMPLETE_COMMIT if stored.status is S.PREPARE_COMMIT else S.COMPLETE_ABORT
        found = replace(stored, status=status, partitions=(), updated_ms=now_ms)
        if stored.next_producer_id != NO_PRODUCER:
            found = replace(
                found, producer_id=stored.next_producer_id, producer_epoch=0,
                previous_producer_id=stored.producer_id, next_producer_id=NO_PRODUCER,
            )  # fmt: skip
        return found
