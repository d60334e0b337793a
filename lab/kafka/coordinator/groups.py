"""Groups of both protocols by id, and how an id goes over from the one to the other while nobody is in it."""

from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import EMPTY, Group

AnyGroup = Group | ConsumerGroup


def as_consumer_group(groups: dict[str, AnyGroup], group_id: str) -> ConsumerGroup:
    """The consumer group of this id; a new one, with the offsets of the one there was, if that was classic."""
    found = groups.get(group_id)
    if isinstance(found, ConsumerGroup):
        return found
    made = ConsumerGroup(group_id)
    if found is not None:
        made.offsets, made.committed_ms = found.offsets, found.committed_ms
    return made


def as_classic_group(groups: dict[str, AnyGroup], group_id: str) -> Group:
    """The classic group of this id; a new one, with the offsets of the one there was, if that was another."""
    found = groups.get(group_id)
    if isinstance(found, Group):
        return found
    made = Group(group_id)
    if found is not None:
        made.offsets, made.committed_ms = found.offsets, found.committed_ms
    return made


def is_over(group: AnyGroup) -> bool:
    """Whether nobody is in it or about to be."""
    return group.state == EMPTY and not (isinstance(group, Group) and group.pending)
