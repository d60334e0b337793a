"""Of each API: who has the rules that Kafka's table names may ask, and who lacks one of them may not."""

from typing import Any, NamedTuple

import pytest

from lab.kafka.broker.access import CHECKS, OPEN
from lab.kafka.broker.context import HANDLERS
from lab.kafka.broker.verification import Verified
from lab.kafka.protocol.acls import ALL_ACLS
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from lab.kafka.protocol.messages.configs import (
    ALL_BROKERS,
    AlterConfigsRequest,
    DescribeConfigsRequest,
    IncrementalAlterConfigsRequest,
    broker_resource,
    group_resource,
    topic_resource,
)
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest
from lab.kafka.protocol.messages.describe_topic_partitions import DescribeTopicPartitionsRequest
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.messages.find_coordinator import (
    TRANSACTION,
    FindCoordinatorRequest,
    FindCoordinatorsRequest,
)
from lab.kafka.protocol.messages.group_admin import DeleteGroupsRequest, ListGroupsRequest, OffsetDeleteRequest
from lab.kafka.protocol.messages.groups import (
    DescribeGroupsRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
)
from lab.kafka.protocol.messages.list_offsets import EARLIEST, ListOffsetsRequest
from lab.kafka.protocol.messages.log_dirs import DescribeLogDirsRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetFetchesRequest,
    OffsetFetchRequest,
)
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest
from lab.kafka.protocol.messages.quorum import DescribeQuorumRequest
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
    UnregisterBrokerRequest,
    UpdateFeaturesRequest,
)
from lab.kafka.protocol.messages.share_fetch import ShareAcknowledgeRequest, ShareFetchRequest
from lab.kafka.protocol.messages.share_groups import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    ShareGroupDescribeRequest,
    ShareGroupHeartbeatRequest,
)
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequest,
    ShareOffsetsAsked,
)
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ReadShareGroupStateSummaryRequest,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    ElectionType,
    ElectLeadersRequest,
    NewTopic,
)
from lab.kafka.protocol.messages.transaction_admin import (
    DescribeProducersRequest,
    DescribeTransactionsRequest,
    ListTransactionsRequest,
)
from lab.kafka.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnMarker,
    TxnOffsetCommitRequest,
    WriteTxnMarkersRequest,
)
from tests.kafka.access.gated import Gated, refusals
from tests.kafka.access.rules import rule
from tests.story import ORDERS, batch, orders

TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID = (
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
)
PRODUCER = 5, 0
COMMIT = {ORDERS: CommittedOffset(1)}
SHARE_FETCH = ShareFetchRequest("pay", "m", 0, 0, 1_000, 10, {ORDERS: ()})
ONE = {ORDERS: FetchPartition(0, 1_000)}


class Case(NamedTuple):
    """A request; what is needed, each as (operation, resource), and the error of who lacks just that."""

    request: Any
    needs: tuple[tuple[str, ErrorCode], ...]


def needing(request: Any, *needs: tuple[str, ErrorCode]) -> Case:
    return Case(request, needs)


READ_PAY = "READ group pay", GROUP
DESCRIBE_PAY = "DESCRIBE group pay", GROUP
READ_ORDERS = "READ topic orders", TOPIC
DESCRIBE_ORDERS = "DESCRIBE topic orders", TOPIC
WRITE_TX = "WRITE transactional_id tx", TRANSACTIONAL_ID
ALTER = "ALTER cluster kafka-cluster", CLUSTER
DESCRIBE = "DESCRIBE cluster kafka-cluster", CLUSTER
ACTION = "CLUSTER_ACTION cluster kafka-cluster", CLUSTER

CASES = (
    needing(ProduceRequest(1, 1_000, {ORDERS: batch("one")}), ("WRITE topic orders", TOPIC)),
    needing(FetchRequest(-1, 0, 1, 1_000, ONE), READ_ORDERS),
    needing(FetchRequest(9, 0, 1, 1_000, ONE), (ACTION[0], TOPIC)),
    needing(ListOffsetsRequest(-1, {ORDERS: (EARLIEST, -1)}), DESCRIBE_ORDERS),
    needing(OffsetForLeaderEpochRequest({ORDERS: (-1, 0)}), DESCRIBE_ORDERS),
    needing(OffsetForLeaderEpochRequest({ORDERS: (-1, 0)}), (ACTION[0], TOPIC)),
    needing(DeleteRecordsRequest({ORDERS: 0}), ("DELETE topic orders", TOPIC)),
    needing(MetadataRequest(("orders",)), DESCRIBE_ORDERS),
    needing(MetadataRequest(("new",)), ("DESCRIBE topic new", TOPIC)),
    needing(
        MetadataRequest(("new",), allow_auto_topic_creation=True),
        ("DESCRIBE topic new", TOPIC), ("CREATE topic new", TOPIC),
    ),
    needing(DescribeTopicPartitionsRequest(("orders",)), DESCRIBE_ORDERS),
    needing(
        CreateTopicsRequest((NewTopic("fresh", 1, 1),), validate_only=True),
        ("CREATE topic fresh", TOPIC), ("DESCRIBE_CONFIGS topic fresh", TOPIC),
    ),
    needing(
        CreateTopicsRequest((NewTopic("fresh", 1, 1),), validate_only=True),
        ("CREATE cluster kafka-cluster", TOPIC), ("DESCRIBE_CONFIGS topic fresh", TOPIC),
    ),
    needing(DeleteTopicsRequest(("gone",)), ("DESCRIBE topic gone", TOPIC)),
    needing(DeleteTopicsRequest(("gone",)), ("DELETE cluster kafka-cluster", TOPIC)),
    needing(CreatePartitionsRequest({"orders": 9}, validate_only=True), ("ALTER topic orders", TOPIC)),
    needing(JoinGroupRequest("pay", 10_000, 10_000, "", (("range", b""),)), READ_PAY),
    needing(SyncGroupRequest("pay", 1, "m"), READ_PAY),
    needing(HeartbeatRequest("pay", 1, "m"), READ_PAY),
    needing(LeaveGroupRequest("pay", ()), READ_PAY),
    needing(
        ConsumerGroupHeartbeatRequest("pay", "m", 0, subscribed_topic_names=("orders",), topic_partitions=()),
        READ_PAY, DESCRIBE_ORDERS,
    ),
    needing(FindCoordinatorRequest("pay"), DESCRIBE_PAY),
    needing(
        FindCoordinatorRequest("tx", TRANSACTION), ("DESCRIBE transactional_id tx", TRANSACTIONAL_ID)
    ),
    needing(FindCoordinatorsRequest(("pay",)), DESCRIBE_PAY),
    needing(OffsetCommitRequest("pay", -1, "", COMMIT), READ_PAY, READ_ORDERS),
    needing(OffsetFetchRequest("pay", (ORDERS,)), DESCRIBE_PAY, DESCRIBE_ORDERS),
    needing(OffsetFetchesRequest((OffsetFetchRequest("pay", (ORDERS,)),)), DESCRIBE_PAY, DESCRIBE_ORDERS),
    needing(DescribeGroupsRequest(("pay",)), DESCRIBE_PAY),
    needing(ConsumerGroupDescribeRequest(("pay",)), DESCRIBE_PAY),
    needing(DeleteGroupsRequest(("gone",)), ("DELETE group gone", GROUP)),
    needing(OffsetDeleteRequest("pay", (ORDERS,)), ("DELETE group pay", GROUP), READ_ORDERS),
    needing(InitProducerIdRequest(), ("IDEMPOTENT_WRITE cluster kafka-cluster", CLUSTER)),
    needing(InitProducerIdRequest(), ("WRITE topic any", CLUSTER)),
    needing(InitProducerIdRequest("tx"), WRITE_TX),
    needing(AddPartitionsToTxnRequest("tx", *PRODUCER, (ORDERS,)), WRITE_TX, ("WRITE topic orders", TOPIC)),
    needing(AddOffsetsToTxnRequest("tx", *PRODUCER, "pay"), WRITE_TX, READ_PAY),
    needing(EndTxnRequest("tx", *PRODUCER, True), WRITE_TX),
    needing(TxnOffsetCommitRequest("tx", "pay", *PRODUCER, COMMIT), WRITE_TX, READ_PAY, READ_ORDERS),
    needing(WriteTxnMarkersRequest((TxnMarker(*PRODUCER, False, 0, (ORDERS,)),)), ALTER),
    needing(WriteTxnMarkersRequest((TxnMarker(*PRODUCER, False, 0, (ORDERS,)),)), ACTION),
    needing(DescribeProducersRequest((ORDERS,)), READ_ORDERS),
    needing(DescribeTransactionsRequest(("tx",)), ("DESCRIBE transactional_id tx", TRANSACTIONAL_ID)),
    needing(DescribeConfigsRequest({topic_resource("orders"): None}), ("DESCRIBE_CONFIGS topic orders", TOPIC)),
    needing(DescribeConfigsRequest({group_resource("pay"): None}), ("DESCRIBE_CONFIGS group pay", GROUP)),
    needing(
        DescribeConfigsRequest({broker_resource(1): ()}), ("DESCRIBE_CONFIGS cluster kafka-cluster", CLUSTER)
    ),
    needing(AlterConfigsRequest({topic_resource("orders"): {}}, True), ("ALTER_CONFIGS topic orders", TOPIC)),
    needing(
        IncrementalAlterConfigsRequest({ALL_BROKERS: {}}, True), ("ALTER_CONFIGS cluster kafka-cluster", CLUSTER)
    ),
    needing(
        IncrementalAlterConfigsRequest({group_resource("pay"): {}}, True), ("ALTER_CONFIGS group pay", GROUP)
    ),
    needing(DescribeAclsRequest(ALL_ACLS), DESCRIBE),
    needing(CreateAclsRequest((rule("allow hand READ topic orders"),)), ALTER),
    needing(DeleteAclsRequest((ALL_ACLS._replace(principal="User:nobody"),)), ALTER),
    needing(ElectLeadersRequest(ElectionType.PREFERRED, (ORDERS,)), ALTER),
    needing(AlterPartitionReassignmentsRequest({ORDERS: None}), ALTER),
    needing(ListPartitionReassignmentsRequest(), DESCRIBE),
    needing(DescribeQuorumRequest(), DESCRIBE),
    needing(DescribeLogDirsRequest(), DESCRIBE),
    needing(UnregisterBrokerRequest(9), ALTER),
    needing(UpdateFeaturesRequest({}), ALTER),
    needing(
        ShareGroupHeartbeatRequest("pay", "m", 0, ("orders",)), READ_PAY, DESCRIBE_ORDERS
    ),
    needing(ShareGroupDescribeRequest(("pay",)), DESCRIBE_PAY),
    needing(SHARE_FETCH, READ_PAY, READ_ORDERS),
    needing(ShareAcknowledgeRequest("pay", "m", 1, {ORDERS: ()}), READ_PAY, READ_ORDERS),
    needing(InitializeShareGroupStateRequest("pay", ORDERS, 0), ACTION),
    needing(ReadShareGroupStateRequest("pay", ORDERS, 0), ACTION),
    needing(WriteShareGroupStateRequest("pay", ORDERS, 0, 0, 0, ()), ACTION),
    needing(DeleteShareGroupStateRequest("pay", ORDERS), ACTION),
    needing(ReadShareGroupStateSummaryRequest("pay", ORDERS), ACTION),
    needing(
        DescribeShareGroupOffsetsRequest((ShareOffsetsAsked("pay", (ORDERS,)),)), DESCRIBE_PAY, DESCRIBE_ORDERS
    ),
    needing(AlterShareGroupOffsetsRequest("queue", {ORDERS: 0}), ("READ group queue", GROUP), READ_ORDERS),
    needing(DeleteShareGroupOffsetsRequest("queue", ("orders",)), ("DELETE group queue", GROUP), READ_ORDERS),
)  # fmt: skip
LEFT_OUT_ONLY = (ListGroupsRequest, ListTransactionsRequest)
"""What is never refused: whoever may not see something is not told of it."""


@pytest.fixture(scope="module")
def gated() -> Gated:
    """One cluster for all cases here, whose only broker looks after all groups and transactions. There is a group, a
    share group without members, and a share session.
    """
    found = Gated(brokers=1, topics=orders(1, 1))
    found.have("allow hand ALL group *", "allow hand ALL transactional_id *", "allow hand ALL topic *")
    for one in (FindCoordinatorRequest("pay"), FindCoordinatorRequest("tx", TRANSACTION)):
        found.until(lambda one=one: not found.ask("broker-1", one).error_code)
    assert not any(found.ask("broker-1", OffsetCommitRequest("pay", -1, "", COMMIT)).partitions.values())
    for epoch in (JOIN_EPOCH, LEAVE_EPOCH):
        assert not found.ask("broker-1", ShareGroupHeartbeatRequest("queue", "m", epoch, ("orders",))).error_code
    assert not found.ask("broker-1", SHARE_FETCH).error_code
    return found


def named(one: Case) -> str:
    return f"{type(one.request).__name__} needs {' and '.join(need for need, _ in one.needs)}"


@pytest.mark.parametrize("one", CASES, ids=named)
def test_who_has_the_rules_may_and_who_lacks_one_may_not(gated: Gated, one: Case):
    rules = [f"allow hand {need}" for need, _ in one.needs]
    for at, (_, error) in enumerate(one.needs):
        gated.have(*rules[:at], *rules[at + 1 :])
        assert error in refusals(gated.ask("broker-1", one.request)), f"without {rules[at]}"
    gated.have(*rules)
    assert not refusals(gated.ask("broker-1", one.request)), rules


def test_no_request_is_forgotten():
    looked_at = {*CHECKS, *OPEN, Verified}
    assert looked_at == set(HANDLERS), "what a broker answers is looked at, or is open to all by name"
    assert {type(one.request) for one in CASES} | {*LEFT_OUT_ONLY} == set(CHECKS)
