"""Naming: a request that calls topics by their ids, said again with their names, and the answer with ids (KIP-516).

So nothing behind this knows of two ways to call a topic. What an id stands for is said by this broker's image, which
may be behind: UNKNOWN_TOPIC_ID, and clients ask again.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from lab.kafka.broker.session_cache import SessionCache
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse
from lab.kafka.protocol.messages.fetch import FetchedPartition, FetchRequest, FetchResponse
from lab.kafka.protocol.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchesRequest,
    OffsetFetchesResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
)
from lab.kafka.protocol.messages.produce import PartitionProduceResponse, ProduceRequest, ProduceResponse
from lab.kafka.protocol.messages.share_fetch import (
    ShareAcknowledgeRequest,
    ShareAcknowledgeResponse,
    SharedPartition,
    ShareFetchRequest,
    ShareFetchResponse,
)
from lab.kafka.protocol.messages.share_groups import ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

V = TypeVar("V")
UNKNOWN = ErrorCode.UNKNOWN_TOPIC_ID


class Naming:
    """The topics of one request: their ids by their names, and partitions of those that nobody knows here."""

    __slots__ = ("image", "topic_ids", "unknown")

    def __init__(self, image: MetadataImage) -> None:
        self.image = image
        self.topic_ids: dict[str, TopicId] = {}
        self.unknown: dict[TopicPartition, None] = {}

    def named(self, called: Iterable[TopicPartition]) -> dict[TopicPartition, TopicPartition]:
        """Partitions by their names, of each what it was called."""
        found: dict[TopicPartition, TopicPartition] = {}
        for one in called:
            name = self.image.topic_names.get(one.topic, "")
            if name:
                self.topic_ids[name] = one.topic
                found[TopicPartition(name, one.partition)] = one
            else:
                self.unknown[one] = None
        return found

    def table(self, called: dict[TopicPartition, V]) -> dict[TopicPartition, V]:
        """A table by names; what is unknown is not in it."""
        return {name: called[one] for name, one in self.named(called).items()}

    def called(self, name: TopicPartition) -> TopicPartition | None:
        """What a partition is called in the answer. None: its topic is gone, and was not asked for."""
        topic_id = self.topic_ids.get(name.topic) or self.image.topic_id(name.topic)
        return TopicPartition(topic_id, name.partition) if topic_id else None

    def back(self, named: dict[TopicPartition, V]) -> dict[TopicPartition, V]:
        """A table by ids again."""
        return {called: value for one, value in named.items() if (called := self.called(one)) is not None}

    def all_back(self, named: Iterable[TopicPartition]) -> tuple[TopicPartition, ...]:
        """Partitions by their ids again."""
        return tuple(called for one in named if (called := self.called(one)) is not None)

    def refused(self, make: Callable[[], V]) -> dict[TopicPartition, V]:
        """An answer for each partition of an unknown topic."""
        return {one: make() for one in self.unknown}

    def rephrase(self, answer: object) -> object:
        """The answer as it was asked for."""
        return with_ids(answer, self)


def with_names(request: Any, naming: Naming, sessions: SessionCache) -> object:
    """The request that is meant."""
    match request:
        case FetchRequest():
            return _fetch(request, naming, sessions)
        case ProduceRequest():
            return replace(request, data=naming.table(dict(request.data)))
        case OffsetCommitRequest():
            return replace(request, offsets=naming.table(request.offsets))
        case OffsetFetchesRequest():
            return OffsetFetchesRequest(tuple(_offset_fetch(one, naming) for one in request.groups))
        case ConsumerGroupHeartbeatRequest():
            owned = request.topic_partitions
            return request if owned is None else replace(request, topic_partitions=tuple(naming.named(owned)))
        case ShareFetchRequest():
            forgotten = tuple(naming.named(request.forgotten))
            naming.unknown.clear()
            return replace(request, partitions=naming.table(request.partitions), forgotten=forgotten)
        case ShareAcknowledgeRequest():
            return replace(request, partitions=naming.table(request.partitions))
        case ShareGroupHeartbeatRequest():
            return request
        case _:
            raise AssertionError(request)


def _fetch(request: FetchRequest, naming: Naming, sessions: SessionCache) -> FetchRequest:
    """A topic that nobody knows is answered at once. One that is gone is forgotten by the name its session has."""
    session = sessions.sessions.get(request.session_id)
    known = session.request.partitions if session is not None else {}
    gone = {(one.topic_id, name.partition): name for name, one in known.items()}
    forgotten = dict(naming.named(request.forgotten))
    left = tuple(gone[one] for one in naming.unknown if one in gone)
    naming.unknown.clear()
    named = naming.named(request.partitions)
    return replace(
        request,
        partitions={name: replace(request.partitions[one], topic_id=one.topic) for name, one in named.items()},
        forgotten=(*forgotten, *left),
        max_wait_ms=0 if naming.unknown else request.max_wait_ms,
    )


def _offset_fetch(request: OffsetFetchRequest, naming: Naming) -> OffsetFetchRequest:
    asked = request.partitions
    return request if asked is None else replace(request, partitions=tuple(naming.named(asked)))


def with_ids(answer: Any, naming: Naming) -> object:
    """The answer as it was asked for."""
    match answer:
        case FetchResponse():
            if answer.error_code:
                return replace(answer, responses={})
            unknown = naming.refused(lambda: FetchedPartition(UNKNOWN, aborted_transactions=()))
            return replace(answer, responses=naming.back(answer.responses) | unknown)
        case ProduceResponse():
            unknown = naming.refused(lambda: PartitionProduceResponse(UNKNOWN))
            return replace(answer, responses=naming.back(answer.responses) | unknown)
        case OffsetCommitResponse():
            return OffsetCommitResponse(naming.back(answer.partitions) | naming.refused(lambda: UNKNOWN))
        case OffsetFetchesResponse():
            return OffsetFetchesResponse({name: _offsets(one, naming) for name, one in answer.groups.items()})
        case ConsumerGroupHeartbeatResponse() | ShareGroupHeartbeatResponse():
            assigned = answer.assignment
            return answer if assigned is None else replace(answer, assignment=naming.all_back(assigned))
        case ShareFetchResponse():
            unknown = naming.refused(lambda: SharedPartition(UNKNOWN))
            return replace(answer, responses=naming.back(answer.responses) | unknown)
        case ShareAcknowledgeResponse():
            return replace(answer, partitions=naming.back(answer.partitions) | naming.refused(lambda: UNKNOWN))
        case _:
            raise AssertionError(answer)


def _offsets(answer: OffsetFetchResponse, naming: Naming) -> OffsetFetchResponse:
    errors = naming.back(answer.errors)
    if not answer.error_code:
        errors |= naming.refused(lambda: UNKNOWN)
    return replace(answer, offsets=naming.back(answer.offsets), errors=errors)
