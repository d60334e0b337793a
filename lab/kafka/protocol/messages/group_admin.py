"""ListGroups (16), DeleteGroups (42), OffsetDelete (47): what administrators ask about groups."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class ListGroupsRequest:
    """Of the broker that is asked; no filter means all. Types are classic and consumer."""

    states_filter: tuple[str, ...] = ()
    types_filter: tuple[str, ...] = ()


@dataclass(slots=True)
class ListedGroup:
    """One group that this broker coordinates."""

    group_id: str
    protocol_type: str
    group_state: str
    group_type: str


@dataclass(slots=True)
class ListGroupsResponse:
    """In the order in which they came to be."""

    groups: tuple[ListedGroup, ...]


@dataclass(slots=True)
class DeleteGroupsRequest:
    """One group a request, where Kafka's may name several of one coordinator."""

    group_id: str


@dataclass(slots=True)
class DeleteGroupsResponse:
    """NON_EMPTY_GROUP while anybody is in it."""

    error_code: ErrorCode


@dataclass(slots=True)
class OffsetDeleteRequest:
    """Forget these committed offsets of a group."""

    group_id: str
    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class OffsetDeleteResponse:
    """An error for the whole group, or one a partition: GROUP_SUBSCRIBED_TO_TOPIC while members read the topic."""

    error_code: ErrorCode
    partitions: dict[TopicPartition, ErrorCode]
