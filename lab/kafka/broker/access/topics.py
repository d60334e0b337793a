"""Topics: DESCRIBE to know of one, CREATE, DELETE, ALTER. Who may not describe one does not learn whether it exists."""

from dataclasses import replace

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.describe_topic_partitions import (
    DescribedTopic,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
)
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse, TopicMetadata
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    TopicResult,
)

TOPIC, CLUSTER = ResourceType.TOPIC, ResourceType.CLUSTER
DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED


@checks(MetadataRequest)
def metadata(asker: Asker, request: MetadataRequest) -> object:
    """DESCRIBE on each topic: of all topics others are left out. Where asking would make one, CREATE on it or on the
    cluster.
    """
    if request.topics is None and not request.topic_ids:
        seen = tuple(asker.among(AclOperation.DESCRIBE, TOPIC, asker.broker.image.topics))
        return asker.go_on(replace(request, topics=seen, allow_auto_topic_creation=False))
    names = request.topics or ()
    seen = asker.among(AclOperation.DESCRIBE, TOPIC, names)
    refused = {name: TopicMetadata(DENIED, name, {}) for name in names if name not in seen}
    for name in _not_creatable(asker, request, seen):
        del seen[name]
        refused[name] = TopicMetadata(DENIED, name, {})
    known = asker.broker.image.topic_names
    hidden = [
        one for one in request.topic_ids if one in known and not asker.may(AclOperation.DESCRIBE, TOPIC, known[one])
    ]
    refused |= {one: TopicMetadata(DENIED, "", {}, topic_id=one) for one in hidden}
    ids = tuple(one for one in request.topic_ids if one not in hidden)
    return asker.go_on(replace(request, topics=tuple(seen), topic_ids=ids), MetadataResponse({}, refused))


def _not_creatable(asker: Asker, request: MetadataRequest, names: dict[str, None]) -> list[str]:
    """Those that would be made now, by one who may not."""
    broker = asker.broker
    if not request.allow_auto_topic_creation or not broker.config.auto_create_topics_enable:
        return []
    new = [name for name in names if name not in broker.image.topics]
    if not new or asker.may(AclOperation.CREATE, CLUSTER):
        return []
    creatable = asker.among(AclOperation.CREATE, TOPIC, new)
    return [name for name in new if name not in creatable]


@checks(DescribeTopicPartitionsRequest)
def describe_topic_partitions(asker: Asker, request: DescribeTopicPartitionsRequest) -> object:
    """DESCRIBE on each topic: of all topics others are left out; of those that are named they are refused, on every
    page on which they could stand.
    """
    first = request.cursor.topic_name if request.cursor is not None else ""
    names = request.topics or tuple(asker.broker.image.topics)
    seen = asker.among(AclOperation.DESCRIBE, TOPIC, names)
    denied = [name for name in dict.fromkeys(request.topics) if name not in seen and name >= first]
    refused = tuple(DescribedTopic(DENIED, name) for name in sorted(denied))
    if not seen:
        return DescribeTopicPartitionsResponse(refused)
    answer = asker.go_on(replace(request, topics=tuple(seen)))
    return replace(answer, topics=(*answer.topics, *refused))


@checks(CreateTopicsRequest)
def create_topics(asker: Asker, request: CreateTopicsRequest) -> object:
    """CREATE on the cluster, or on each topic. Who may not DESCRIBE_CONFIGS of it is not told its settings."""
    names = [one.name for one in request.topics]
    anywhere = asker.may(AclOperation.CREATE, CLUSTER)
    creatable = dict.fromkeys(names) if anywhere else asker.among(AclOperation.CREATE, TOPIC, names)
    described = asker.among(AclOperation.DESCRIBE_CONFIGS, TOPIC, creatable)
    refused = [
        TopicResult(one, DENIED, "Authorization failed.") for one in dict.fromkeys(names) if one not in creatable
    ]
    narrowed = replace(
        request,
        topics=tuple(one for one in request.topics if one.name in creatable),
        undescribed=tuple(one for one in creatable if one not in described),
    )
    return asker.go_on(narrowed, CreateTopicsResponse(tuple(refused)))


@checks(DeleteTopicsRequest)
def delete_topics(asker: Asker, request: DeleteTopicsRequest) -> object:
    """DELETE on the cluster, or on each topic. Who may not even describe one that is named by its id is not told its
    name.
    """
    if asker.may(AclOperation.DELETE, CLUSTER):
        return asker.go_on(request)
    known = asker.broker.image.topic_names
    names = [*request.names, *(known[one] for one in request.topic_ids if one in known)]
    described = asker.among(AclOperation.DESCRIBE, TOPIC, names)
    deletable = asker.among(AclOperation.DELETE, TOPIC, names)
    there = asker.broker.image.topics
    kept = tuple(one for one in request.names if one in described and (one in deletable or one not in there))
    refused = [TopicResult(one, DENIED) for one in dict.fromkeys(request.names) if one not in kept]
    ids = tuple(one for one in request.topic_ids if one not in known or known[one] in deletable)
    refused += [
        TopicResult(known[one] if known[one] in described else "", DENIED, topic_id=one)
        for one in request.topic_ids
        if one not in ids
    ]
    return asker.go_on(DeleteTopicsRequest(kept, ids), DeleteTopicsResponse(tuple(refused)))


@checks(CreatePartitionsRequest)
def create_partitions(asker: Asker, request: CreatePartitionsRequest) -> object:
    """ALTER on each topic."""
    allowed = asker.among(AclOperation.ALTER, TOPIC, request.topics)
    refused = tuple(TopicResult(one, DENIED) for one in request.topics if one not in allowed)
    narrowed = replace(request, topics={name: count for name, count in request.topics.items() if name in allowed})
    return asker.go_on(narrowed, CreatePartitionsResponse(refused))
