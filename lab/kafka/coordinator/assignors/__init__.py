"""Assignors of the coordinator: who is to read what, computed by the broker and not by a member (spec 4.6).

Each is a function of the members, what the last target gave them, and the partition counts of all topics they read.
"""

from collections.abc import Callable, Mapping, Sequence

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.assignors.range import assign_range
from lab.kafka.coordinator.assignors.uniform import assign_uniform
from lab.kafka.coordinator.consumer_group import ConsumerMember, Partitions

ServerAssignor = Callable[
    [Sequence[ConsumerMember], Mapping[str, Partitions], Mapping[str, int]], dict[str, Partitions]
]
SERVER_ASSIGNORS: dict[str, ServerAssignor] = {"uniform": assign_uniform, "range": assign_range}
"""By name."""


def offered(config: BrokerConfig) -> tuple[str, ...]:
    """The names that a broker lets members choose from; the first serves those who choose none."""
    return tuple(one.strip() for one in config.group_consumer_assignors.split(","))
