"""DescribeProducers (61), DescribeTransactions (65), ListTransactions (66): transactions as administrators see them
(spec 5.11). With these, and WriteTxnMarkers, a hanging transaction is found and ended by hand (KIP-664).
"""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.broker.partition import Partition
from lab.kafka.coordinator.transaction.metadata import StoredTransaction, TransactionStatus
from lab.kafka.log.transactions import TransactionState
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.transaction_admin import (
    ActiveProducer,
    DescribedProducers,
    DescribedTransaction,
    DescribeProducersRequest,
    DescribeProducersResponse,
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
    ListedTransaction,
    ListTransactionsRequest,
    ListTransactionsResponse,
)
from lab.kafka.protocol.topics import TopicPartition

STATES = {one.title: one for one in TransactionStatus}


@handles(DescribeProducersRequest)
def describe_producers(
    broker: Broker, request: DescribeProducersRequest, context: RequestContext
) -> DescribeProducersResponse:
    """From the log itself, so a follower answers too."""
    found: dict[TopicPartition, DescribedProducers] = {}
    for name in request.partitions:
        partition = broker.partitions.get(name)
        if partition is not None:
            found[name] = DescribedProducers(ErrorCode.NONE, _producers(partition))
        elif broker.image.partition(name) is not None:
            found[name] = DescribedProducers(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        else:
            found[name] = DescribedProducers(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return DescribeProducersResponse(found)


def _producers(partition: Partition) -> tuple[ActiveProducer, ...]:
    producers = partition.log.producers
    transactions = producers if isinstance(producers, TransactionState) else TransactionState({})
    return tuple(
        ActiveProducer(
            producer_id, entry.producer_epoch,
            entry.batches[-1][1] if entry.batches else -1,
            max(entry.batches[-1][4] if entry.batches else -1, transactions.marked.get(producer_id, (-1, -1))[1]),
            transactions.marked.get(producer_id, (-1, -1))[0],
            transactions.open.get(producer_id, -1),
        )
        for producer_id, entry in producers.entries.items()
    )  # fmt: skip


@handles(DescribeTransactionsRequest)
def describe_transactions(
    broker: Broker, request: DescribeTransactionsRequest, context: RequestContext
) -> DescribeTransactionsResponse:
    """Each from its coordinator's memory."""
    return DescribeTransactionsResponse(tuple(_described(broker, context, one) for one in request.transactional_ids))


def _described(broker: Broker, context: RequestContext, transactional_id: str) -> DescribedTransaction:
    if not transactional_id:
        return DescribedTransaction(ErrorCode.INVALID_REQUEST, transactional_id)
    found = broker.transactions(context.env).shard_of(broker, transactional_id)
    if isinstance(found, ErrorCode):
        return DescribedTransaction(found, transactional_id)
    metadata = found[1].transactions.get(transactional_id)
    if metadata is None:
        return DescribedTransaction(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, transactional_id)
    stored = metadata.stored
    return DescribedTransaction(
        ErrorCode.NONE, transactional_id, stored.status.title, stored.timeout_ms, stored.started_ms,
        stored.producer_id, metadata.producer_epoch, stored.partitions,
    )  # fmt: skip


@handles(ListTransactionsRequest)
def list_transactions(
    broker: Broker, request: ListTransactionsRequest, context: RequestContext
) -> ListTransactionsResponse:
    """Those whose coordinator this broker is."""
    unknown = tuple(one for one in request.state_filters if one not in STATES)
    states = tuple(STATES[one] for one in request.state_filters if one in STATES)
    coordinators = broker.transaction_coordinators
    if coordinators is None or (unknown and not states):
        return ListTransactionsResponse((), unknown)
    now_ms = context.env.wall_time_ms
    found = tuple(
        ListedTransaction(name, metadata.stored.producer_id, metadata.stored.status.title)
        for shard in coordinators.shards.values()
        for name, metadata in shard.transactions.items()
        if (not states or metadata.stored.status in states) and _wanted(request, metadata.stored, now_ms)
    )
    return ListTransactionsResponse(found, unknown)


def _wanted(request: ListTransactionsRequest, stored: StoredTransaction, now_ms: int) -> bool:
    if request.producer_id_filters and stored.producer_id not in request.producer_id_filters:
        return False
    if request.duration_filter_ms < 0:
        return True
    return stored.started_ms >= 0 and now_ms - stored.started_ms > request.duration_filter_ms
