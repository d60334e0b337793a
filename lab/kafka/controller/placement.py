"""Where the replicas of a new partition go: in stripes over the brokers, and over their racks (spec 2.11)."""

from collections.abc import Sequence

from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import PartitionRecord
from lab.kafka.protocol.topic_ids import TopicId


def place(image: MetadataImage, index: int, replication_factor: int) -> tuple[int, ...]:
    """Partition 0 begins at the lowest broker and each next one a broker further. Kafka begins at a random
    one; a lesson wants to know who leads. The first one is active; those that are not come last.

    With racks, neighbours in the ring are of different racks, and no rack gets a second replica before each
    has one.
    """
    ids = by_rack(image, sorted(image.brokers))
    active = [one for one in ids if image.is_active(one)]
    first = index % len(active)
    ring = [*active[first:], *active[:first], *(one for one in ids if one not in active)]
    return tuple(spread(image, ring, replication_factor) if image.racks else ring[:replication_factor])


def by_rack(image: MetadataImage, ids: Sequence[int]) -> list[int]:
    """The brokers, a rack after the other in turn. Those without one are a rack of their own, as in Kafka."""
    racks: dict[str, list[int]] = {}
    for one in ids:
        racks.setdefault(image.racks.get(one, ""), []).append(one)
    rounds = max((len(members) for members in racks.values()), default=0)
    return [members[at] for at in range(rounds) for members in racks.values() if at < len(members)]


def spread(image: MetadataImage, ring: Sequence[int], count: int) -> list[int]:
    """The first `count` of the ring, where each takes the next one of the racks that are used least."""
    left, chosen = list(ring), list[int]()
    used: dict[str, int] = {image.racks.get(one, ""): 0 for one in ring}
    while left and len(chosen) < count:
        best = min(left, key=lambda one: used[image.racks.get(one, "")])
        left.remove(best)
        chosen.append(best)
        used[image.racks.get(best, "")] += 1
    return chosen


def partition_record(
    image: MetadataImage, topic_id: TopicId, topic: str, index: int, replicas: Sequence[int]
) -> PartitionRecord:
    """A new partition: in sync are those that serve, and the first of them leads."""
    isr = [one for one in replicas if image.is_active(one)]
    return PartitionRecord(topic_id, topic, index, list(replicas), isr, isr[0])
