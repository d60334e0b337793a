"""sticky and cooperative-sticky: balance first, then move as little as possible."""

from collections.abc import Mapping, Sequence

from lab.kafka.clients.assignors.subscription import Assignment, Subscription
from lab.kafka.protocol.topics import TopicPartition


def assign_sticky(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """Members keep what they have, as far as balance allows."""
    found = _kept(members, counts)
    free = _unassigned(found, members, counts)
    for partition in free:
        candidates = [one for one in sorted(members, key=lambda one: one.member_id) if partition.topic in one.topics]
        if candidates:
            poorest = min(candidates, key=lambda one: len(found[one.member_id]))
            found[poorest.member_id].append(partition)
    _balance(found, members)
    return {member_id: sorted(partitions) for member_id, partitions in found.items()}


def assign_cooperative_sticky(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """The same, but what still has an owner is not given to another yet: it is first revoked, and a second
    rebalance hands it over.
    """
    found = assign_sticky(members, counts)
    owners = {
        partition: member_id for member_id, partitions in _kept(members, counts).items() for partition in partitions
    }
    return {
        member_id: [one for one in partitions if owners.get(one, member_id) == member_id]
        for member_id, partitions in found.items()
    }


def _kept(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """What each member owns and still wants. Two claims: the higher generation wins; equal ones both lose."""
    claims: dict[TopicPartition, list[Subscription]] = {}
    for member in members:
        for partition in member.owned:
            if partition.topic in member.topics and partition.partition < counts.get(partition.topic, 0):
                claims.setdefault(partition, []).append(member)
    found: Assignment = {member.member_id: [] for member in members}
    for partition, claimants in claims.items():
        newest = max(one.generation for one in claimants)
        winners = [one for one in claimants if one.generation == newest]
        if len(winners) == 1:
            found[winners[0].member_id].append(partition)
    return found


def _unassigned(found: Assignment, members: Sequence[Subscription], counts: Mapping[str, int]) -> list[TopicPartition]:
    """Partitions without an owner, those of topics that fewest members want first."""
    taken = {partition for partitions in found.values() for partition in partitions}
    wanted = [topic for topic in sorted(counts) if any(topic in one.topics for one in members)]
    wanted.sort(key=lambda topic: sum(topic in one.topics for one in members))
    return [
        TopicPartition(topic, index) for topic in wanted for index in range(counts[topic])
        if TopicPartition(topic, index) not in taken
    ]  # fmt: skip


def _balance(found: Assignment, members: Sequence[Subscription]) -> None:
    """Move one partition at a time from a richer member to a poorer one, while that makes them more equal."""
    ordered = sorted(members, key=lambda one: one.member_id)
    moved = True
    while moved:
        moved = False
        for poor in sorted(ordered, key=lambda one: len(found[one.member_id])):
            for rich in sorted(ordered, key=lambda one: -len(found[one.member_id])):
                if len(found[rich.member_id]) - len(found[poor.member_id]) < 2:
                    break
                movable = [one for one in sorted(found[rich.member_id]) if one.topic in poor.topics]
                if movable:
                    found[rich.member_id].remove(movable[-1])
                    found[poor.member_id].append(movable[-1])
                    moved = True
                    break
            if moved:
                break
