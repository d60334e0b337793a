"""Offsets of share groups: DESCRIBE to look, READ to change and DELETE to forget; and on each topic what that needs."""

from dataclasses import dataclass, replace

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsResponse,
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsResponse,
    DescribedShareOffsets,
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsResponse,
    ShareOffset,
)
from lab.kafka.protocol.topics import TopicPartition

GROUP, TOPIC = ResourceType.GROUP, ResourceType.TOPIC
DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED
TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED


@dataclass(slots=True)
class Seen:
    """What an asker may see of offsets: of these `topics`. `denied`: what was asked for by name, by group; `groups`:
    which may not be looked at.
    """

    topics: dict[str, None]
    denied: dict[str, tuple[TopicPartition, ...]]
    groups: tuple[str, ...]

    def rephrase(self, answer: object) -> object:
        """The whole answer."""
        assert isinstance(answer, DescribeShareGroupOffsetsResponse), answer
        told = tuple(replace(one, partitions=self._told(one)) for one in answer.groups)
        return replace(
            answer, groups=told + tuple(DescribedShareOffsets(one, error_code=DENIED) for one in self.groups)
        )

    def _told(self, group: DescribedShareOffsets) -> dict[TopicPartition, ShareOffset]:
        seen = {name: offset for name, offset in group.partitions.items() if name.topic in self.topics}
        denied = () if group.error_code else self.denied.get(group.group_id, ())
        return seen | {name: ShareOffset(error_code=TOPIC_DENIED) for name in denied}


@checks(DescribeShareGroupOffsetsRequest)
def describe_share_group_offsets(asker: Asker, request: DescribeShareGroupOffsetsRequest) -> object:
    """DESCRIBE on each group, and on each topic that is named; where all are asked for, others are left out."""
    allowed = asker.among(AclOperation.DESCRIBE, GROUP, (one.group_id for one in request.groups))
    named = (name.topic for one in request.groups for name in one.partitions or ())
    topics = asker.among(AclOperation.DESCRIBE, TOPIC, (*asker.broker.image.topics, *named))
    seen = Seen(topics, {}, tuple(one.group_id for one in request.groups if one.group_id not in allowed))
    asked = [one for one in request.groups if one.group_id in allowed]
    for at, one in enumerate(asked):
        if one.partitions is not None:
            seen.denied[one.group_id] = tuple(name for name in one.partitions if name.topic not in topics)
            asked[at] = replace(one, partitions=tuple(name for name in one.partitions if name.topic in topics))
    return asker.rephrased(replace(request, groups=tuple(asked)), seen)


@checks(AlterShareGroupOffsetsRequest)
def alter_share_group_offsets(asker: Asker, request: AlterShareGroupOffsetsRequest) -> object:
    """READ on the group, and on each topic."""
    if not asker.may(AclOperation.READ, GROUP, request.group_id):
        return AlterShareGroupOffsetsResponse(DENIED)
    allowed, denied = asker.split(AclOperation.READ, request.offsets)
    refused = AlterShareGroupOffsetsResponse(ErrorCode.NONE, dict.fromkeys(denied, TOPIC_DENIED))
    return asker.go_on(replace(request, offsets=allowed), refused)


@checks(DeleteShareGroupOffsetsRequest)
def delete_share_group_offsets(asker: Asker, request: DeleteShareGroupOffsetsRequest) -> object:
    """DELETE on the group, and READ on each topic."""
    if not asker.may(AclOperation.DELETE, GROUP, request.group_id):
        return DeleteShareGroupOffsetsResponse(DENIED)
    allowed = asker.among(AclOperation.READ, TOPIC, request.topics)
    denied = {topic: TOPIC_DENIED for topic in request.topics if topic not in allowed}
    return asker.go_on(replace(request, topics=tuple(allowed)), DeleteShareGroupOffsetsResponse(ErrorCode.NONE, denied))
