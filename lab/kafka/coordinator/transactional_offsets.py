"""TransactionalOffsets: commits that wait for the end of a producer's transaction (KIP-447, spec 5.4, 5.9)."""

from dataclasses import dataclass
from typing import NamedTuple

from lab.kafka.coordinator.commits import member_error
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitRequest
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class PendingOffset:
    """What holds when the transaction is committed, unless something newer was committed outside of it meanwhile."""

    offset: CommittedOffset
    timestamp_ms: int
    superseded: bool = False


class DecidedOffset(NamedTuple):
    """An offset that holds from now on."""

    group_id: str
    partition: TopicPartition
    offset: CommittedOffset
    timestamp_ms: int


class TransactionalOffsets:
    """Those of one partition of `__consumer_offsets`: producer id -> (group, partition) -> offset."""

    __slots__ = ("pending",)

    def __init__(self) -> None:
        self.pending: dict[int, dict[tuple[str, TopicPartition], PendingOffset]] = {}

    def add(
        self, producer_id: int, group_id: str, partition: TopicPartition, offset: CommittedOffset, timestamp_ms: int
    ) -> None:
        """In the log, as part of a transaction; the newest one of a transaction counts."""
        of_producer = self.pending.setdefault(producer_id, {})
        of_producer[group_id, partition] = PendingOffset(offset, timestamp_ms)

    def supersede(self, group_id: str, partition: TopicPartition) -> None:
        """Something was committed outside of any transaction: that is newer than all that waits."""
        for of_producer in self.pending.values():
            if (group_id, partition) in of_producer:
                of_producer[group_id, partition].superseded = True

    def has(self, group_id: str) -> bool:
        """Whether a transaction is about to commit an offset of that group, or not."""
        return any(group == group_id for of_producer in self.pending.values() for group, _ in of_producer)

    def is_unstable(self, group_id: str, partition: TopicPartition) -> bool:
        """Whether a transaction is about to commit an offset, or not."""
        return any((group_id, partition) in of_producer for of_producer in self.pending.values())

    def decide(self, producer_id: int, commit: bool) -> list[DecidedOffset]:
        """A marker: what holds from now on. What was aborted never does."""
        found = self.pending.pop(producer_id, {})
        return [
            DecidedOffset(group_id, partition, one.offset, one.timestamp_ms)
            for (group_id, partition), one in found.items()
            if commit and not one.superseded
        ]


def transactional_commit_error(group: AnyGroup | None, request: TxnOffsetCommitRequest, *, pending: bool) -> ErrorCode:
    """Why a commit within a transaction may not be logged: whoever names a member must be one, of this generation. The
    group need not be stable, and who names nobody is believed. `pending`: with what a transaction has to commit there
    is a group, even if it has nothing else.
    """
    if request.generation_id < 0 and not request.member_id and request.group_instance_id is None:
        return ErrorCode.NONE
    if group is None:
        return (
            ErrorCode.ILLEGAL_GENERATION if request.generation_id >= 0 and not pending else ErrorCode.UNKNOWN_MEMBER_ID
        )
    if isinstance(group, ConsumerGroup):
        error = member_error(group, request.member_id, request.generation_id)
        # This request is older than member epochs, and so are those who send it.
        return ErrorCode.ILLEGAL_GENERATION if error is ErrorCode.STALE_MEMBER_EPOCH else error
    error = group.member_error(request.member_id, request.group_instance_id, request.generation_id)
    return error or ErrorCode.NONE
