"""Saying: what the engine's messages become where the wire says the same otherwise, and what they say beside it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lab.kafka.metadata.fetch import (
    FetchMetadataRefused,
    FetchMetadataRequest,
    FetchMetadataResponse,
    FetchMetadataSnapshot,
)
from lab.kafka.protocol.messages.api_versions import ApiVersionsResponse
from lab.kafka.protocol.messages.brokers import AlterPartitionRequest
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.fetch import FetchRequest
from lab.kafka.protocol.messages.find_coordinator import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
    FindCoordinatorsRequest,
    FindCoordinatorsResponse,
)
from lab.kafka.protocol.messages.groups import DescribedGroup, DescribeGroupsResponse
from lab.kafka.protocol.messages.offsets import (
    OffsetFetchesRequest,
    OffsetFetchesResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
)
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest, InitProducerIdResponse
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.wire.values import names_of

BESIDE: Mapping[tuple[type, str], str] = {
    (InitProducerIdResponse, "transaction_version"): (
        "Kafka's clients read the feature in ApiVersions, which simulated ones do not ask for"
    ),
    (AllocateProducerIdsRequest, "least"): (
        "behind a fence between two futures of a real client a broker skips ids; Kafka has one future"
    ),
    (DescribedGroup, "generation_id"): "Kafka's administrators are not told it; here they see it, to learn what it is",
}
"""Fields that no version has, and why the engine says them all the same: they arrive beside the wire."""
TELLING = {*(kind for kind, _ in BESIDE), DescribeGroupsResponse, tuple}
"""What has such a field somewhere below it."""

NO_WIRE: Mapping[type, str] = {
    FetchMetadataRequest: "a Fetch of the metadata log in Kafka, whose brokers keep a log of it; here",
    FetchMetadataResponse: "its records travel decoded, and only when they are committed",
    FetchMetadataSnapshot: "likewise",
    FetchMetadataRefused: "likewise",
    EnvelopeResponse: "a broker opens it in Kafka; here an administrator is told what was in it",
}
"""What has no form on a wire, and why. It goes pickled."""

SAID_LESS: Mapping[type, str] = {
    ApiVersionsResponse: "clients before version 4 are not told of a feature that begins at 0 (KIP-1022)",
}
"""Answers to real clients that say less in an older version, on purpose."""

BATCHES: Mapping[type, type] = {
    OffsetFetchRequest: OffsetFetchesRequest,
    FindCoordinatorRequest: FindCoordinatorsRequest,
}
"""What simulated clients ask for singly, and newer versions for several at once."""


def key_of(request: OffsetFetchRequest | FindCoordinatorRequest) -> str:
    """By which name its answer is found in a batch."""
    return request.group_id if isinstance(request, OffsetFetchRequest) else request.key


def batch_of(request: OffsetFetchRequest | FindCoordinatorRequest) -> object:
    """A batch of one."""
    if isinstance(request, OffsetFetchRequest):
        return OffsetFetchesRequest((request,))
    return FindCoordinatorsRequest((request.key,), request.key_type)


def alone(request: OffsetFetchesRequest | FindCoordinatorsRequest) -> object:
    """The one in a batch."""
    if isinstance(request, OffsetFetchesRequest):
        return request.groups[0]
    return FindCoordinatorRequest(request.keys[0], request.key_type)


def answer_batch(key: str, answer: OffsetFetchResponse | FindCoordinatorResponse) -> object:
    """The answer to a batch of one."""
    if isinstance(answer, OffsetFetchResponse):
        return OffsetFetchesResponse({key: answer})
    return FindCoordinatorsResponse({key: answer})


def answer_alone(key: str, answer: OffsetFetchesResponse | FindCoordinatorsResponse) -> object:
    """The answer to the one in a batch."""
    return answer.groups[key] if isinstance(answer, OffsetFetchesResponse) else answer.coordinators[key]


def renamed(value: Any, rename: Callable[[str], str]) -> Any:
    """The same with its partitions' topics called otherwise."""
    kind = type(value)
    if kind is TopicPartition:
        return TopicPartition(rename(value.topic), value.partition)
    if kind is dict:
        return {renamed(key, rename): renamed(one, rename) for key, one in value.items()}
    if kind is tuple:
        return tuple([renamed(one, rename) for one in value])
    if kind is RecordBatch or not names_of(kind):
        return value
    return kind(**{name: renamed(getattr(value, name), rename) for name in names_of(kind)})


def with_topic_ids(called: Any, named: Any) -> Any:
    """What was `called` by ids and is `named` again: in a Fetch and an AlterPartition the engine says both."""
    if not isinstance(named, (FetchRequest, AlterPartitionRequest)):
        return named
    pairs = zip(called.partitions, named.partitions.items(), strict=True)
    return replace(named, partitions={name: replace(one, topic_id=by_id.topic) for by_id, (name, one) in pairs})


def with_what_is_beside(said: Any, found: Any) -> Any:
    """What was read, and what was said beside the wire."""
    if found is said or type(said) not in TELLING:
        return found
    if type(found) is tuple and type(said) is tuple:
        return tuple(with_what_is_beside(one, other) for one, other in zip(said, found, strict=False))
    if type(found) is type(said):
        for name in names_of(type(found)):
            value = getattr(said, name)
            beside = (type(found), name) in BESIDE
            setattr(found, name, value if beside else with_what_is_beside(value, getattr(found, name)))
    return found
