"""Descriptions: what the administrator's client says of a group, a transaction or settings it has asked about."""

from collections.abc import Iterable

from lab.kafka.protocol.consumer_protocol import decode_assignment
from lab.kafka.protocol.messages.acls import DeleteAclsResponse
from lab.kafka.protocol.messages.configs import ConfigEntry, DescribeConfigsResponse
from lab.kafka.protocol.messages.consumer_groups import DescribedConsumerGroup
from lab.kafka.protocol.messages.groups import DescribedGroup
from lab.kafka.protocol.messages.transaction_admin import DescribedTransaction
from lab.kafka.protocol.topics import TopicPartition


def classic_text(group: DescribedGroup) -> str:
    """`pay: Stable in generation 3, range; …`."""
    if group.state == "Dead":
        return f"{group.group_id}: there is no such group"
    members = [_has(one.group_instance_id or one.member_id, decode_assignment(one.assignment)) for one in group.members]
    head = f"{group.group_id}: {group.state} in generation {group.generation_id}"
    return "; ".join([f"{head}, {group.protocol}" if group.protocol else head, *members])


def consumer_text(group: DescribedConsumerGroup) -> str:
    """`pay: Stable in epoch 3, uniform; …`. A member's epoch is said where it is not the group's."""
    head = f"{group.group_id}: {group.group_state} in epoch {group.group_epoch}, {group.assignor_name}"
    members = [
        _has(one.client_id, one.assignment)
        + (f" in epoch {one.member_epoch}" if one.member_epoch != group.group_epoch else "")
        for one in group.members
    ]
    return "; ".join([head, *members])


def transaction_text(one: DescribedTransaction) -> str:
    """`bank: Ongoing, producer 3 in epoch 0, orders-0, orders-1`."""
    head = f"{one.transactional_id}: {one.transaction_state}, producer {one.producer_id} in epoch {one.producer_epoch}"
    return ", ".join([head, *(str(partition) for partition in one.partitions)])


def _has(name: str, partitions: Iterable[TopicPartition]) -> str:
    return f"{name} has {', '.join(str(one) for one in partitions) or 'nothing'}"


def settings_text(response: DescribeConfigsResponse) -> str:
    """`broker 1: min.insync.replicas=2 {DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=2, …}`, as kafka-configs
    writes it; only what somebody has set, where all was asked for.
    """
    parts: list[str] = []
    for resource, described in response.resources.items():
        entries = [one for one in described.entries if len(described.entries) == 1 or not one.is_default]
        parts.append(f"{resource}: {'; '.join(map(_setting, entries)) or 'all is default'}")
    return "; ".join(parts)


def _setting(entry: ConfigEntry) -> str:
    synonyms = ", ".join(f"{one.source.name}:{one.name}={one.value}" for one in entry.synonyms)
    return f"{entry.name}={entry.value} {{{synonyms}}}"


def acls_text(body: DeleteAclsResponse) -> str:
    """How many ACLs are gone."""
    return f"{sum(len(one.matching_acls) for one in body.filter_results)} deleted"
