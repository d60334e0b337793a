"""range: of each topic, consecutive partitions for each member; members in the order of instance and member ids."""

from collections.abc import Mapping, Sequence

from lab.kafka.coordinator.consumer_group import ConsumerMember, Partitions
from lab.kafka.protocol.topics import TopicPartition


def assign_range(
    members: Sequence[ConsumerMember], before: Mapping[str, Partitions], counts: Mapping[str, int]
) -> dict[str, Partitions]:
    """Topics with as many partitions are cut alike, so that equal keys of both meet at one member."""
    found: dict[str, list[TopicPartition]] = {one.member_id: [] for one in members}
    for topic in sorted(counts):
        readers = sorted((one for one in members if topic in one.topics), key=_order)
        if not readers:
            continue
        share, rest = divmod(counts[topic], len(readers))
        start = 0
        for place, member in enumerate(readers):
            end = start + share + (place < rest)
            found[member.member_id] += [TopicPartition(topic, index) for index in range(start, end)]
            start = end
    return {member_id: tuple(partitions) for member_id, partitions in found.items()}


def _order(member: ConsumerMember) -> tuple[bool, str]:
    """Static members first, by instance id; the others by member id."""
    return member.instance_id is None, member.instance_id or member.member_id
