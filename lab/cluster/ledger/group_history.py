"""GroupHistory: what one group did, partition by partition."""

from dataclasses import dataclass, field

from lab.cluster.ledger.interval_set import IntervalSet
from lab.env import Packed
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class Progress(Packed):
    """How far one group got in one partition. `first`: where it began to be responsible. `done_by`: by member."""

    first: int = -1
    committed: int = -1
    position: int = -1
    member: str = ""
    done: IntervalSet = field(default_factory=IntervalSet)
    fetched: IntervalSet = field(default_factory=IntervalSet)
    done_by: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class GroupHistory:
    """What one group did. `hidden`: offsets it passed that no application sees: markers, and what was aborted."""

    partitions: dict[TopicPartition, Progress] = field(default_factory=dict[TopicPartition, Progress])
    done: int = 0
    duplicates: int = 0
    phantom: int = 0
    reordered: int = 0
    reordered_keys: dict[bytes, int] = field(default_factory=dict[bytes, int])
    newest_birth: dict[str, int] = field(default_factory=dict[str, int])
    newest_of_key: dict[bytes, tuple[str, int]] = field(default_factory=dict[bytes, tuple[str, int]])
    done_by: dict[str, int] = field(default_factory=dict[str, int])
    hidden: dict[TopicPartition, IntervalSet] = field(default_factory=dict[TopicPartition, IntervalSet])

    def skipped(self) -> int:
        """Offsets the group has committed beyond without ever finishing them, though it might have."""
        total = 0
        for partition, progress in self.partitions.items():
            if 0 <= progress.first < progress.committed:
                hidden = self.hidden.get(partition)
                for start, end in progress.done.gaps(progress.first, progress.committed):
                    total += end - start - (hidden.count(start, end) if hidden is not None else 0)
        return total

    def progress(self, partition: TopicPartition) -> Progress:
        """The group's progress in `partition`; an empty one, if it has none yet."""
        found = self.partitions.get(partition)
        return found if found is not None else Progress()

    def begun_progress(self, partition: TopicPartition) -> Progress:
        """The group's progress in `partition`, begun if need be."""
        found = self.partitions.get(partition)
        if found is None:
            found = self.partitions[partition] = Progress()
        return found
