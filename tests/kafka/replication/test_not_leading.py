"""What a broker says of a partition that others lead: who does, and where that is (KIP-951)."""

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Thaw
from lab.kafka.protocol.apis import SIZE_BYTES, read_request, write_request
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.cluster import DescribeClusterRequest
from lab.kafka.protocol.messages.fetch import FETCH, FetchPartition, FetchRequest
from lab.kafka.protocol.messages.list_offsets import LATEST, ListOffsetsRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.topics import DeleteRecordsRequest
from lab.kafka.protocol.node_endpoint import NodeEndpoint
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, batch, orders, settings

LEADER = NodeEndpoint(1, "broker-1", "a")
STRANGER = "broker-3"
NOBODY = TopicPartition("nobody", 0)


@pytest.fixture
def story() -> Story:
    """orders-0 on 1 and 2; 3 has nothing of it."""
    return Story(brokers=3, topics=orders(replicas=2), racks=("a", "b", "c"))


def test_who_has_no_replica_knows_all_the_same_who_leads(story: Story):
    produced = story.ask(STRANGER, ProduceRequest(1, 5_000, {ORDERS: batch("x")}))
    one = produced.responses[ORDERS]
    assert (one.error_code, one.current_leader) == (ErrorCode.NOT_LEADER_OR_FOLLOWER, (1, 0))
    assert produced.node_endpoints == (LEADER,)
    fetched = story.ask(STRANGER, FetchRequest(-1, 0, 1, 1 << 20, {ORDERS: FetchPartition(0, 1 << 20)}))
    one = fetched.responses[ORDERS]
    assert (one.error_code, one.current_leader) == (ErrorCode.NOT_LEADER_OR_FOLLOWER, (1, 0))
    assert fetched.node_endpoints == (LEADER,)


@pytest.mark.parametrize(
    ("name", "error"),
    [(ORDERS, ErrorCode.NOT_LEADER_OR_FOLLOWER), (NOBODY, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)],
)
def test_only_a_partition_nobody_has_is_unknown(story: Story, name: TopicPartition, error: ErrorCode):
    listed = story.ask(STRANGER, ListOffsetsRequest(-1, {name: (LATEST, -1)}))
    assert listed.partitions[name].error_code is error
    ended = story.ask(STRANGER, OffsetForLeaderEpochRequest({name: (-1, 0)}))
    assert ended.partitions[name].error_code is error
    deleted = story.ask(STRANGER, DeleteRecordsRequest({name: 0}))
    assert deleted.partitions[name][0] is error


@pytest.mark.parametrize(
    ("epoch", "error"), [(0, ErrorCode.NOT_LEADER_OR_FOLLOWER), (5, ErrorCode.UNKNOWN_LEADER_EPOCH)]
)
def test_a_follower_looks_at_the_epoch_first(story: Story, epoch: int, error: ErrorCode):
    listed = story.ask("broker-2", ListOffsetsRequest(-1, {ORDERS: (LATEST, epoch)}))
    assert listed.partitions[ORDERS].error_code is error
    ended = story.ask("broker-2", OffsetForLeaderEpochRequest({ORDERS: (epoch, 0)}))
    assert ended.partitions[ORDERS].error_code is error


@pytest.mark.parametrize(("version", "error"), [(10, ErrorCode.NOT_LEADER_OR_FOLLOWER), (11, ErrorCode.NONE)])
def test_a_follower_serves_a_client_whose_requests_have_room_for_a_rack(story: Story, version: int, error: ErrorCode):
    """KIP-392: who says no rack may still read from a follower; who could not say one does not know of that."""
    asked = FetchRequest(-1, 0, 1, 1 << 20, {ORDERS: FetchPartition(0, 1 << 20)})
    _, heard = read_request(write_request(FETCH, version, 1, "old", asked)[SIZE_BYTES:])
    story.run(1)
    assert story.ask("broker-2", heard).responses[ORDERS].error_code is error


def test_brokers_are_told_with_their_racks(story: Story):
    racks = {1: "a", 2: "b", 3: "c"}
    assert story.ask("broker-2", MetadataRequest()).racks == racks
    assert story.ask("broker-2", DescribeClusterRequest()).racks == racks


@pytest.mark.parametrize("name", [ORDERS, NOBODY])
def test_a_write_nobody_wants_an_answer_to_ends_the_connection_where_it_fails(story: Story, name: TopicPartition):
    story.send("broker-2", ProduceRequest(0, 5_000, {name: batch("x")}))
    story.run(1)
    assert story.closed == ["broker-2#hand-1"]


def test_a_write_nobody_wants_an_answer_to_leaves_the_connection_where_it_succeeds(story: Story):
    story.send("broker-1", ProduceRequest(0, 5_000, {ORDERS: batch("x")}))
    story.run(1)
    assert (story.closed, story.replica(1).log.log_end_offset) == ([], 1)


def test_so_a_producer_that_wants_no_answers_finds_the_new_leader():
    story = Story(topics=orders(), broker_config=settings(broker_session_timeout_ms=3_000))
    story.producer("web", rate=20, config=settings(acks=0, metadata_max_age_ms=600_000))
    story.run(3)
    story.act(Freeze("broker-1"))
    story.until(lambda: story.state().leader_id != 1)
    story.act(Thaw("broker-1"))
    leader = story.state().leader_id
    story.run(3)
    before = story.replica(leader).log.log_end_offset
    story.run(5)
    assert story.replica(leader).log.log_end_offset - before >= 90, "no metadata was due, and no answer told it"


def test_of_a_partition_without_a_leader_nobody_is_told_where(story: Story):
    story.act(Crash("broker-1"))
    story.until(lambda: story.state().leader_id == 2)
    story.act(Crash("broker-2"))
    story.until(lambda: story.state().leader_id == -1)
    story.run(1)
    produced = story.ask(STRANGER, ProduceRequest(1, 5_000, {ORDERS: batch("x")}))
    one = produced.responses[ORDERS]
    assert (one.error_code, one.current_leader) == (ErrorCode.NOT_LEADER_OR_FOLLOWER, (-1, 2))
    assert produced.node_endpoints == ()
