"""roundrobin: all partitions of all topics, dealt out in turn."""

from collections.abc import Mapping, Sequence

from lab.kafka.clients.assignors.subscription import Assignment
from lab.kafka.protocol.consumer_protocol import Subscription
from lab.kafka.protocol.topics import TopicPartition


def assign_round_robin(members: Sequence[Subscription], counts: Mapping[str, int]) -> Assignment:
    """A member that does not want a topic is passed over."""
    found: Assignment = {member.member_id: [] for member in members}
    circle = sorted(members, key=Subscription.order)
    turn = 0
    for topic in sorted(counts):
        if not any(topic in member.topics for member in circle):
            continue
        for index in range(counts[topic]):
            while topic not in circle[turn % len(circle)].topics:
                turn += 1
            found[circle[turn % len(circle)].member_id].append(TopicPartition(topic, index))
            turn += 1
    return found
