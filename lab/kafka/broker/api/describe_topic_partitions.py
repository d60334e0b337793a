"""DescribeTopicPartitions (75): metadata of topics by pages, with the replicas that are eligible to lead (KIP-966)."""

from collections.abc import Iterator

from lab.kafka.broker.access.operations import allowed_operations
from lab.kafka.broker.api.metadata import partition_metadata
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.metadata.image import NONE_ELIGIBLE, PartitionState
from lab.kafka.protocol.acls import ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.describe_topic_partitions import (
    PARTITIONS_MAX,
    Cursor,
    DescribedPartition,
    DescribedTopic,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
)
from lab.kafka.protocol.topics import valid_topic_name


@handles(DescribeTopicPartitionsRequest)
def describe_topic_partitions(
    broker: Broker, request: DescribeTopicPartitionsRequest, context: RequestContext
) -> DescribeTopicPartitionsResponse:
    """From the cursor on, until the page is full. Where the cursor is wrong nothing more is told."""
    answer = _page(broker, request)
    for one in answer.topics:
        if one.error_code is not ErrorCode.INVALID_REQUEST:
            one.authorized_operations = allowed_operations(broker, context, ResourceType.TOPIC, one.name)
    return answer


def _page(broker: Broker, request: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse:
    begin = request.cursor or Cursor("", 0)
    elsewhere = bool(request.cursor and request.topics) and begin.topic_name not in request.topics
    if begin.partition_index < 0 or elsewhere:
        wrong = ErrorCode.INVALID_REQUEST
        return DescribeTopicPartitionsResponse(tuple(DescribedTopic(wrong, name) for name in request.topics))
    room = min(max(request.response_partition_limit, 1), PARTITIONS_MAX)
    found: list[DescribedTopic] = []
    for name in sorted(dict.fromkeys(request.topics or broker.image.topics)):
        if name < begin.topic_name:
            continue
        first = begin.partition_index if name == begin.topic_name else 0
        if not room:
            return DescribeTopicPartitionsResponse(tuple(found), Cursor(name, first))
        topic = broker.image.topics.get(name)
        if topic is None:
            wrong = bool(valid_topic_name(name))
            error = ErrorCode.INVALID_TOPIC_EXCEPTION if wrong else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            found.append(DescribedTopic(error, name))
            continue
        states = [topic.partitions[index] for index in sorted(topic.partitions) if index >= first]
        page = tuple(_described(broker, states[:room]))
        found.append(DescribedTopic(ErrorCode.NONE, name, topic.topic_id, name.startswith("__"), page))
        room -= len(page)
        if len(page) < len(states):
            return DescribeTopicPartitionsResponse(tuple(found), Cursor(name, first + len(page)))
    return DescribeTopicPartitionsResponse(tuple(found))


def _described(broker: Broker, states: list[PartitionState]) -> Iterator[DescribedPartition]:
    eligible = broker.image.eligible
    for state in states:
        known = partition_metadata(broker, state)
        elr = (eligible or {}).get(state.partition, NONE_ELIGIBLE)
        yield DescribedPartition(
            ErrorCode.NONE, state.partition.partition, known.leader_id, known.leader_epoch, known.replicas,
            known.isr, elr.elr, elr.last_known_elr, known.offline_replicas,
        )  # fmt: skip
