"""range: each topic by itself, in consecutive ranges; the first members get the rest."""

from collections.abc import Mapping, Sequence

from lab.kafka.clients.assignors.subscription import Assignment
from lab.kafka.protocol.consumer_protocol import Subscription
from lab.kafka.protocol.topics import TopicPartition


def assign_range(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """Topics are independent, so that one member may get the larger share of each."""
    found: Assignment = {member.member_id: [] for member in members}
    for topic in sorted(counts):
        interested = sorted((one for one in members if topic in one.topics), key=Subscription.order)
        if not interested:
            continue
        share, rest = divmod(counts[topic], len(interested))
        start = 0
        for place, member in enumerate(interested):
            end = start + share + (place < rest)
            found[member.member_id] += [TopicPartition(topic, index) for index in range(start, end)]
            start = end
    return found
