"""Balance: partitions dealt out until nobody has two more than another who wants the same topic.

The sticky assignor of the clients and the uniform one of the coordinators end alike, after each has decided what
members keep.
"""

from collections.abc import Mapping, Sequence

from lab.kafka.protocol.topics import TopicPartition


def balance(
    found: dict[str, list[TopicPartition]], partitions: Sequence[TopicPartition], readers: Mapping[str, Sequence[str]]
) -> dict[str, list[TopicPartition]]:
    """Fill `found`, member -> partitions: who has least of those who read its topic gets a partition without an owner;
    then one after another is moved from a richer member to a poorer one, while that makes them more equal.
    """
    owners = {partition: one for one, mine in found.items() for partition in mine}

    def poorest(topic: str) -> str:
        return min(readers[topic], key=lambda one: len(found[one]))

    for partition in partitions:
        if partition not in owners:
            owners[partition] = poorest(partition.topic)
            found[owners[partition]].append(partition)
    moved = True
    while moved:
        moved = False
        for partition in partitions:
            rich, poor = owners[partition], poorest(partition.topic)
            if len(found[rich]) > len(found[poor]) + 1:
                found[rich].remove(partition)
                found[poor].append(partition)
                owners[partition] = poor
                moved = True
    return found
