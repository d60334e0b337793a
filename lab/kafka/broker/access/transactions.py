"""Transactions: WRITE on the transactional id to use it, DESCRIBE to look; IDEMPOTENT_WRITE for a mere producer id."""

from dataclasses import replace

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transaction_admin import (
    DescribedProducers,
    DescribedTransaction,
    DescribeProducersRequest,
    DescribeProducersResponse,
    DescribeTransactionsRequest,
    ListTransactionsRequest,
)
from lab.kafka.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    EndTxnRequest,
    EndTxnResponse,
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)
from lab.kafka.protocol.topics import TopicPartition

CLUSTER, GROUP, TOPIC = ResourceType.CLUSTER, ResourceType.GROUP, ResourceType.TOPIC
DENIED = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED


def _may_write(asker: Asker, transactional_id: str) -> bool:
    return asker.may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, transactional_id)


@checks(InitProducerIdRequest)
def init_producer_id(asker: Asker, request: InitProducerIdRequest) -> object:
    """WRITE on the transactional id. Without one IDEMPOTENT_WRITE on the cluster, or WRITE on any topic (KIP-679)."""
    name = request.transactional_id
    if name is not None:
        return asker.go_on(request) if _may_write(asker, name) else InitProducerIdResponse(DENIED)
    if asker.may(AclOperation.IDEMPOTENT_WRITE, CLUSTER) or asker.may_any(AclOperation.WRITE, TOPIC):
        return asker.go_on(request)
    return InitProducerIdResponse(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)


@checks(AddPartitionsToTxnRequest)
def add_partitions_to_txn(asker: Asker, request: AddPartitionsToTxnRequest) -> object:
    """WRITE on the transactional id and on each topic; one that is denied refuses all."""
    if not _may_write(asker, request.transactional_id):
        return AddPartitionsToTxnResponse(dict.fromkeys(request.partitions, DENIED))
    allowed, denied = asker.split(AclOperation.WRITE, dict.fromkeys(request.partitions))
    if not denied:
        return asker.go_on(request)
    image = asker.broker.image
    unknown = [one for one in allowed if image.partition(one) is None]
    return AddPartitionsToTxnResponse(
        dict.fromkeys(denied, TOPIC_DENIED)
        | dict.fromkeys(allowed, ErrorCode.OPERATION_NOT_ATTEMPTED)
        | dict.fromkeys(unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    )


@checks(AddOffsetsToTxnRequest)
def add_offsets_to_txn(asker: Asker, request: AddOffsetsToTxnRequest) -> object:
    """WRITE on the transactional id, and READ on the group."""
    if not _may_write(asker, request.transactional_id):
        return AddOffsetsToTxnResponse(DENIED)
    if not asker.may(AclOperation.READ, GROUP, request.group_id):
        return AddOffsetsToTxnResponse(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    return asker.go_on(request)


@checks(EndTxnRequest)
def end_txn(asker: Asker, request: EndTxnRequest) -> object:
    """WRITE on the transactional id."""
    return asker.go_on(request) if _may_write(asker, request.transactional_id) else EndTxnResponse(DENIED)


@checks(TxnOffsetCommitRequest)
def txn_offset_commit(asker: Asker, request: TxnOffsetCommitRequest) -> object:
    """WRITE on the transactional id, READ on the group, and on each topic."""
    if not _may_write(asker, request.transactional_id):
        return TxnOffsetCommitResponse(dict.fromkeys(request.offsets, DENIED))
    if not asker.may(AclOperation.READ, GROUP, request.group_id):
        return TxnOffsetCommitResponse(dict.fromkeys(request.offsets, ErrorCode.GROUP_AUTHORIZATION_FAILED))
    allowed, denied = asker.split(AclOperation.READ, request.offsets)
    refused = TxnOffsetCommitResponse(dict.fromkeys(denied, TOPIC_DENIED))
    return asker.go_on(replace(request, offsets=allowed), refused) if allowed else refused


@checks(WriteTxnMarkersRequest)
def write_txn_markers(asker: Asker, request: WriteTxnMarkersRequest) -> object:
    """ALTER on the cluster, for administrators who end what hangs; or CLUSTER_ACTION."""
    if asker.may(AclOperation.ALTER, CLUSTER) or asker.may(AclOperation.CLUSTER_ACTION, CLUSTER):
        return asker.go_on(request)
    error = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
    return WriteTxnMarkersResponse(
        {(marker.producer_id, one): error for marker in request.markers for one in marker.partitions}
    )


@checks(DescribeProducersRequest)
def describe_producers(asker: Asker, request: DescribeProducersRequest) -> object:
    """READ on each topic."""
    allowed, denied = asker.split(AclOperation.READ, dict.fromkeys(request.partitions))
    refused = DescribeProducersResponse({one: DescribedProducers(TOPIC_DENIED) for one in denied})
    return asker.go_on(replace(request, partitions=tuple(allowed)), refused)


@checks(DescribeTransactionsRequest)
def describe_transactions(asker: Asker, request: DescribeTransactionsRequest) -> object:
    """DESCRIBE on each transactional id; of its topics those with DESCRIBE are told."""
    ids = request.transactional_ids
    allowed = asker.among(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, ids)
    refused = tuple(DescribedTransaction(DENIED, one) for one in ids if one not in allowed)
    answer = asker.go_on(replace(request, transactional_ids=tuple(one for one in ids if one in allowed)))
    found = tuple(replace(one, partitions=_described(asker, one)) for one in answer.transactions)
    return replace(answer, transactions=(*found, *refused))


def _described(asker: Asker, transaction: DescribedTransaction) -> tuple[TopicPartition, ...]:
    return tuple(asker.split(AclOperation.DESCRIBE, dict.fromkeys(transaction.partitions))[0])


@checks(ListTransactionsRequest)
def list_transactions(asker: Asker, request: ListTransactionsRequest) -> object:
    """Those with DESCRIBE on the transactional id."""
    answer = asker.go_on(request)
    ids = (one.transactional_id for one in answer.transactions)
    seen = asker.among(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, ids)
    return replace(answer, transactions=tuple(one for one in answer.transactions if one.transactional_id in seen))
