"""uniform: as equal as can be, and as few partitions moved as that allows."""

from collections.abc import Mapping, Sequence

from lab.kafka.balance import balance
from lab.kafka.coordinator.consumer_group import ConsumerMember, Partitions
from lab.kafka.protocol.topics import TopicPartition

Shares = dict[str, list[TopicPartition]]


def assign_uniform(
    members: Sequence[ConsumerMember], before: Mapping[str, Partitions], counts: Mapping[str, int]
) -> dict[str, Partitions]:
    """Everybody keeps what it had up to its share; what is left over fills those who have less."""
    ordered = sorted(members, key=lambda one: one.member_id)
    wanted = {one.member_id: dict.fromkeys(topic for topic in sorted(one.topics) if topic in counts) for one in ordered}
    kept: Shares = {
        one: [
            partition
            for partition in before.get(one, ())
            if partition.topic in topics and partition.partition < counts[partition.topic]
        ]
        for one, topics in wanted.items()
    }
    subscriptions = list(wanted.values())
    equal = all(topics == subscriptions[0] for topics in subscriptions)
    found = _equal_shares(kept, subscriptions[0], counts) if equal else _fair_shares(kept, wanted, counts)
    return {one: tuple(sorted(partitions)) for one, partitions in found.items()}


def _all(topics: Mapping[str, None], counts: Mapping[str, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, index) for topic in topics for index in range(counts[topic])]


def _equal_shares(kept: Shares, topics: Mapping[str, None], counts: Mapping[str, int]) -> Shares:
    """All want the same topics: a share is the quotient, and one more for as many members as the division leaves."""
    partitions = _all(topics, counts)
    share, rest = divmod(len(partitions), len(kept))
    found: Shares = {}
    for one, mine in kept.items():
        more = len(mine) > share and rest > 0
        rest -= more
        found[one] = mine[: share + more]
    taken = {partition: None for mine in found.values() for partition in mine}
    free = [partition for partition in partitions if partition not in taken]
    for one, mine in found.items():
        more = rest > 0 and len(mine) <= share
        rest -= more
        count = max(0, share + more - len(mine))
        found[one], free = mine + free[:count], free[count:]
    assert not free, free
    return found


def _fair_shares(kept: Shares, wanted: Mapping[str, Mapping[str, None]], counts: Mapping[str, int]) -> Shares:
    """They want different topics: the poorest who wants a partition gets it; then partitions move from richer to
    poorer members while that makes them more equal.
    """
    topics = sorted({topic: None for mine in wanted.values() for topic in mine})
    readers = {topic: [one for one, mine in wanted.items() if topic in mine] for topic in topics}
    topics.sort(key=lambda topic: len(readers[topic]))
    partitions = _all(dict.fromkeys(topics), counts)
    return balance({one: list(mine) for one, mine in kept.items()}, partitions, readers)
