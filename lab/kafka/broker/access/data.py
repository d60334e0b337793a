"""Records and offsets: WRITE to produce, READ to fetch, DESCRIBE to learn offsets, DELETE to delete records."""

from dataclasses import replace

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    FetchedPartition,
    FetchRequest,
    FetchResponse,
)
from lab.kafka.protocol.messages.list_offsets import ListedOffset, ListOffsetsRequest, ListOffsetsResponse
from lab.kafka.protocol.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)
from lab.kafka.protocol.messages.produce import PartitionProduceResponse, ProduceRequest, ProduceResponse
from lab.kafka.protocol.messages.topics import DeleteRecordsRequest, DeleteRecordsResponse
from lab.kafka.protocol.records import RecordBatch

DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED


@checks(ProduceRequest)
def produce(asker: Asker, request: ProduceRequest) -> object:
    """WRITE on each topic; with batches of a transaction WRITE on its transactional id, or nothing is written."""
    name = request.transactional_id
    transactional = any(isinstance(one, RecordBatch) and one.is_transactional for one in request.data.values())
    if transactional and not (name and asker.may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, name)):
        error = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        refused = {one: PartitionProduceResponse(error) for one in request.data}
        return asker.go_on(replace(request, data={}, transactional_id=None), ProduceResponse(refused))
    allowed, denied = asker.split(AclOperation.WRITE, request.data)
    if not denied:
        return asker.go_on(request)
    refused = {one: PartitionProduceResponse(DENIED) for one in denied}
    return asker.go_on(replace(request, data=allowed), ProduceResponse(refused))


@checks(FetchRequest)
def fetch(asker: Asker, request: FetchRequest) -> object:
    """READ on each topic; who says to be a replica needs CLUSTER_ACTION. Nobody gets a session: what may be read is
    looked at with every fetch, and so every fetch names all it wants.
    """
    if request.session_epoch not in (INITIAL_EPOCH, FINAL_EPOCH):
        return FetchResponse({}, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if request.replica_id < 0:
        allowed, denied = asker.split(AclOperation.READ, request.partitions)
    elif asker.may(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER):
        allowed, denied = request.partitions, ()
    else:
        allowed, denied = {}, tuple(request.partitions)
    narrowed = replace(
        request,
        partitions=allowed,
        session_id=0,
        session_epoch=FINAL_EPOCH,
        max_wait_ms=request.max_wait_ms if allowed else 0,
    )
    return asker.go_on(narrowed, FetchResponse({one: FetchedPartition(DENIED) for one in denied}))


@checks(ListOffsetsRequest)
def list_offsets(asker: Asker, request: ListOffsetsRequest) -> object:
    """DESCRIBE on each topic."""
    allowed, denied = asker.split(AclOperation.DESCRIBE, request.partitions)
    refused = ListOffsetsResponse({one: ListedOffset(DENIED) for one in denied})
    return asker.go_on(replace(request, partitions=allowed), refused)


@checks(OffsetForLeaderEpochRequest)
def offset_for_leader_epoch(asker: Asker, request: OffsetForLeaderEpochRequest) -> object:
    """DESCRIBE on each topic, or CLUSTER_ACTION."""
    if asker.may(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER):
        return asker.go_on(request)
    allowed, denied = asker.split(AclOperation.DESCRIBE, request.partitions)
    refused = OffsetForLeaderEpochResponse({one: EpochEndOffset(DENIED) for one in denied})
    return asker.go_on(replace(request, partitions=allowed), refused)


@checks(DeleteRecordsRequest)
def delete_records(asker: Asker, request: DeleteRecordsRequest) -> object:
    """DELETE on each topic."""
    allowed, denied = asker.split(AclOperation.DELETE, request.offsets)
    refused = DeleteRecordsResponse(dict.fromkeys(denied, (DENIED, -1)))
    return asker.go_on(replace(request, offsets=allowed), refused)
