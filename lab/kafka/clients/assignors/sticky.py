"""sticky and cooperative-sticky: balance first, then move as little as possible (spec 4.5)."""

from collections.abc import Mapping, Sequence

from lab.kafka.balance import balance
from lab.kafka.clients.assignors.subscription import Assignment, remembered
from lab.kafka.protocol.consumer_protocol import Subscription
from lab.kafka.protocol.topics import TopicPartition


def assign_sticky(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """Members get again what they had, as far as balance allows. An eager protocol: they have given it up before
    they join, so what they had is in their user data.
    """
    return _assign([remembered(one) for one in members], counts)


def assign_cooperative_sticky(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """The same, but what still has an owner is not given to another yet: it is first revoked, and a second
    rebalance hands it over.
    """
    owners = {one: member_id for member_id, kept in _kept(members, counts).items() for one in kept}
    claimed = {one: None for member in members for one in member.owned}
    return {
        member_id: [one for one in partitions if owners.get(one) == member_id or one not in claimed]
        for member_id, partitions in _assign(members, counts).items()
    }


def _assign(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    known = [_known_topics(one, counts) for one in members]
    equal = all(topics == known[0] for topics in known)
    found = _quotas(members, counts, known[0]) if equal else _by_need(members, counts)
    return {member_id: sorted(partitions) for member_id, partitions in found.items()}


def _known_topics(member: Subscription, counts: Mapping[str, int]) -> list[str]:
    return sorted(topic for topic in dict.fromkeys(member.topics) if topic in counts)


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


# --- all want the same topics ---------------------------------------------------------------------


def _quotas(members: Sequence[Subscription], counts: Mapping[str, int], topics: Sequence[str]) -> Assignment:
    """Everybody keeps up to a quota, `rest` members one more; what is left over is dealt to those below
    (Kafka's constrained assignment, step by step).
    """
    partitions = [TopicPartition(topic, index) for topic in topics for index in range(counts[topic])]
    quota, rest = divmod(len(partitions), len(members))
    owned = _kept(members, counts)
    found: Assignment = {}
    for member_id in sorted(owned):
        mine = sorted(owned[member_id], key=lambda one: (one.partition, one.topic))
        more = len(mine) > quota and rest > 0
        rest -= more
        found[member_id] = mine[: quota + more]
    taken = {one: None for kept in found.values() for one in kept}
    free = [one for one in partitions if one not in taken]
    _deal(found, free, quota)
    return found


def _deal(found: Assignment, free: Sequence[TopicPartition], quota: int) -> None:
    """In turn to members below their quota; then one each to those who have just reached it."""
    below = [member_id for member_id, kept in found.items() if len(kept) < quota]
    exact = [member_id for member_id, kept in found.items() if len(kept) == quota]
    turn = 0
    for partition in free:
        if not below:
            found[exact.pop(0)].append(partition)
            continue
        turn %= len(below)
        member_id = below[turn]
        found[member_id].append(partition)
        if len(found[member_id]) == quota:
            below.remove(member_id)
            exact.append(member_id)
        else:
            turn += 1


# --- they want different topics -------------------------------------------------------------------


def _by_need(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """Partitions without an owner go to the poorest who wants them, those wanted by fewest first; then one after
    another is moved from a richer member to a poorer one, while that makes them more equal.
    """
    found = _kept(members, counts)
    ordered = sorted(members, key=lambda one: one.member_id)
    wanted = {topic: [one.member_id for one in ordered if topic in one.topics] for topic in sorted(counts)}
    topics = sorted((topic for topic in wanted if wanted[topic]), key=lambda topic: len(wanted[topic]))
    partitions = [TopicPartition(topic, index) for topic in topics for index in range(counts[topic])]
    return balance(found, partitions, wanted)
