"""The cluster: requests that need one operation on it as a whole, all or nothing."""

from collections.abc import Callable
from typing import Any

from lab.kafka.broker.access.asker import CHECKS, Check, needs
from lab.kafka.protocol.acls import AclOperation
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import (
    AclResult,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DeletedAcls,
    DescribeAclsRequest,
    DescribeAclsResponse,
)
from lab.kafka.protocol.messages.log_dirs import DescribeLogDirsRequest, DescribeLogDirsResponse
from lab.kafka.protocol.messages.quorum import DescribeQuorumRequest, DescribeQuorumResponse
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    UnregisterBrokerRequest,
    UnregisterBrokerResponse,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ReadShareGroupStateSummaryRequest,
    ShareStateResponse,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.messages.topics import ElectLeadersRequest, ElectLeadersResponse
from lab.kafka.protocol.sentences import SENTENCES

DENIED = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
TEXT = SENTENCES[DENIED]
ALTER, DESCRIBE, CLUSTER_ACTION = AclOperation.ALTER, AclOperation.DESCRIBE, AclOperation.CLUSTER_ACTION
STATES = (
    InitializeShareGroupStateRequest, ReadShareGroupStateRequest, WriteShareGroupStateRequest,
    DeleteShareGroupStateRequest, ReadShareGroupStateSummaryRequest,
)  # fmt: skip
NEEDED: dict[type, tuple[AclOperation, Callable[[Any], object]]] = {
    DescribeAclsRequest: (DESCRIBE, lambda _: DescribeAclsResponse(DENIED, TEXT)),
    CreateAclsRequest: (
        ALTER, lambda request: CreateAclsResponse((AclResult(DENIED, TEXT),) * len(request.creations)),
    ),
    DeleteAclsRequest: (
        ALTER, lambda request: DeleteAclsResponse((DeletedAcls(DENIED, TEXT),) * len(request.filters)),
    ),
    ElectLeadersRequest: (
        ALTER, lambda request: ElectLeadersResponse(dict.fromkeys(request.partitions or (), DENIED), DENIED),
    ),
    AlterPartitionReassignmentsRequest: (
        ALTER,
        lambda request: AlterPartitionReassignmentsResponse(dict.fromkeys(request.partitions, (DENIED, TEXT)), DENIED),
    ),
    ListPartitionReassignmentsRequest: (DESCRIBE, lambda _: ListPartitionReassignmentsResponse({}, DENIED)),
    DescribeQuorumRequest: (DESCRIBE, lambda _: DescribeQuorumResponse(DENIED)),
    DescribeLogDirsRequest: (DESCRIBE, lambda _: DescribeLogDirsResponse((), DENIED)),
    UnregisterBrokerRequest: (ALTER, lambda _: UnregisterBrokerResponse(DENIED, TEXT)),
    UpdateFeaturesRequest: (ALTER, lambda _: UpdateFeaturesResponse(DENIED, TEXT)),
    **dict.fromkeys(STATES, (CLUSTER_ACTION, lambda _: ShareStateResponse(DENIED))),
}  # fmt: skip
"""Of each request the operation on the cluster, and the answer to one who may not."""

CHECKED: dict[type, Check] = {kind: needs(*needed) for kind, needed in NEEDED.items()}
CHECKS.update(CHECKED)
