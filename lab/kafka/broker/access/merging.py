"""Merging: the answer to what was allowed, and to what was not, as one."""

from dataclasses import replace
from typing import Any

from lab.kafka.protocol.messages.configs import AlterConfigsResponse, DescribeConfigsResponse
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeResponse
from lab.kafka.protocol.messages.fetch import FetchResponse
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorsResponse
from lab.kafka.protocol.messages.group_admin import DeleteGroupsResponse, OffsetDeleteResponse
from lab.kafka.protocol.messages.groups import DescribeGroupsResponse
from lab.kafka.protocol.messages.list_offsets import ListOffsetsResponse
from lab.kafka.protocol.messages.metadata import MetadataResponse
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochResponse
from lab.kafka.protocol.messages.offsets import OffsetCommitResponse, OffsetFetchesResponse, OffsetFetchResponse
from lab.kafka.protocol.messages.produce import ProduceResponse
from lab.kafka.protocol.messages.share_fetch import ShareAcknowledgeResponse, ShareFetchResponse
from lab.kafka.protocol.messages.share_groups import ShareGroupDescribeResponse
from lab.kafka.protocol.messages.share_offsets import AlterShareGroupOffsetsResponse, DeleteShareGroupOffsetsResponse
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsResponse,
    CreateTopicsResponse,
    DeleteRecordsResponse,
    DeleteTopicsResponse,
)
from lab.kafka.protocol.messages.transaction_admin import DescribeProducersResponse, DescribeTransactionsResponse
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitResponse

ROWS: dict[type, str] = {
    AlterConfigsResponse: "resources",
    AlterShareGroupOffsetsResponse: "partitions",
    ConsumerGroupDescribeResponse: "groups",
    CreatePartitionsResponse: "topics",
    CreateTopicsResponse: "topics",
    DeleteGroupsResponse: "groups",
    DeleteRecordsResponse: "partitions",
    DeleteShareGroupOffsetsResponse: "topics",
    DeleteTopicsResponse: "topics",
    DescribeConfigsResponse: "resources",
    DescribeGroupsResponse: "groups",
    DescribeProducersResponse: "partitions",
    DescribeTransactionsResponse: "transactions",
    FetchResponse: "responses",
    FindCoordinatorsResponse: "coordinators",
    ListOffsetsResponse: "partitions",
    MetadataResponse: "topics",
    OffsetCommitResponse: "partitions",
    OffsetDeleteResponse: "partitions",
    OffsetFetchResponse: "errors",
    OffsetFetchesResponse: "groups",
    OffsetForLeaderEpochResponse: "partitions",
    ProduceResponse: "responses",
    ShareAcknowledgeResponse: "partitions",
    ShareFetchResponse: "responses",
    ShareGroupDescribeResponse: "groups",
    TxnOffsetCommitResponse: "partitions",
}
"""Of each answer that may be refused in part, where its parts stand: a dict or a tuple."""


def merged(answer: Any, refused: Any) -> object:
    """Both in one. An answer that says nothing but that all has failed stays as it is."""
    if type(answer) is not type(refused) or getattr(answer, "error_code", 0):
        return answer
    rows = ROWS[type(answer)]
    done, not_done = getattr(answer, rows), getattr(refused, rows)
    return replace(answer, **{rows: done + not_done if isinstance(done, tuple) else done | not_done})
