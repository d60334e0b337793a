"""Refusals: what a real client hears where an administrator's request found no controller.

Simulated clients are told so by an EnvelopeResponse; others expect the answer to what they asked, with the error in its
place.
"""

from collections.abc import Callable
from typing import Any

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import (
    AclResult,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DeletedAcls,
)
from lab.kafka.protocol.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsResponse,
    IncrementalAlterConfigsRequest,
)
from lab.kafka.protocol.messages.quorum import DescribeQuorumRequest, DescribeQuorumResponse
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
)
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    ElectLeadersRequest,
    ElectLeadersResponse,
    TopicResult,
)


def _not_created(request: CreateTopicsRequest, error: ErrorCode) -> CreateTopicsResponse:
    return CreateTopicsResponse(tuple(TopicResult(one.name, error) for one in request.topics))


def _not_deleted(request: DeleteTopicsRequest, error: ErrorCode) -> DeleteTopicsResponse:
    named = [TopicResult(name, error) for name in request.names]
    return DeleteTopicsResponse((*named, *(TopicResult("", error, topic_id=one) for one in request.topic_ids)))


def _not_grown(request: CreatePartitionsRequest, error: ErrorCode) -> CreatePartitionsResponse:
    return CreatePartitionsResponse(tuple(TopicResult(name, error) for name in request.topics))


def _not_altered(request: AlterConfigsRequest | IncrementalAlterConfigsRequest, error: ErrorCode) -> object:
    return AlterConfigsResponse(dict.fromkeys(request.resources, (error, "")))


def _not_elected(request: ElectLeadersRequest, error: ErrorCode) -> ElectLeadersResponse:
    return ElectLeadersResponse(dict.fromkeys(request.partitions or (), error), error)


def _no_acls_created(request: CreateAclsRequest, error: ErrorCode) -> CreateAclsResponse:
    return CreateAclsResponse((AclResult(error),) * len(request.creations))


def _no_acls_deleted(request: DeleteAclsRequest, error: ErrorCode) -> DeleteAclsResponse:
    return DeleteAclsResponse((DeletedAcls(error),) * len(request.filters))


REFUSALS: dict[type, Callable[[Any, ErrorCode], object]] = {
    CreateTopicsRequest: _not_created,
    DeleteTopicsRequest: _not_deleted,
    CreatePartitionsRequest: _not_grown,
    AlterConfigsRequest: _not_altered,
    IncrementalAlterConfigsRequest: _not_altered,
    ElectLeadersRequest: _not_elected,
    AlterPartitionReassignmentsRequest: lambda _, error: AlterPartitionReassignmentsResponse({}, error),
    ListPartitionReassignmentsRequest: lambda _, error: ListPartitionReassignmentsResponse({}, error),
    CreateAclsRequest: _no_acls_created,
    DeleteAclsRequest: _no_acls_deleted,
    DescribeQuorumRequest: lambda _, error: DescribeQuorumResponse(error),
}
"""Of each request that a broker hands on to the controller, the answer that is this error."""
