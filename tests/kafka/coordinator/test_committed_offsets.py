"""Offsets and generations in `__consumer_offsets`: stored, found again, forgotten (spec 4.2.6, 4.3)."""

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop
from lab.cluster.actions.replicas import Reassign
from lab.cluster.actions.topics import DeleteTopic
from lab.env import address
from lab.kafka import facts
from lab.kafka.coordinator.commits import expired_offsets
from lab.kafka.coordinator.group import EMPTY, STABLE, Group
from lab.kafka.coordinator.offset_records import (
    GroupKey,
    OffsetKey,
    StoredGroup,
    read_group,
    read_key,
    read_offset,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest
from lab.kafka.protocol.messages.groups import DescribeGroupsRequest, HeartbeatRequest
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.coordinator.desk import RANGE
from tests.story import HAND, ORDERS, Ask, Story, orders, settings

EARLIEST = settings(auto_offset_reset="earliest")
WEEK_MS = 7 * 86_400_000


def coordinator_of(story: Story, group: str) -> str:
    """As FindCoordinator says, after the topic has been made."""
    story.ask("broker-1", FindCoordinatorRequest(group))
    story.run(1)
    found = story.ask("broker-1", FindCoordinatorRequest(group))
    assert found.error_code is ErrorCode.NONE
    return found.host


def commit(story: Story, node: str, offsets: dict[TopicPartition, CommittedOffset], group: str = "tool"):
    answer = story.ask(node, OffsetCommitRequest(group, -1, "", offsets))
    assert isinstance(answer, OffsetCommitResponse)
    return answer.partitions


def fetched(story: Story, node: str, group: str = "tool") -> dict[TopicPartition, int]:
    answer = story.ask(node, OffsetFetchRequest(group))
    assert answer.error_code is ErrorCode.NONE
    return {name: one.offset for name, one in answer.offsets.items()}


def stored(story: Story, group: str) -> list[object]:
    """What the log of the offsets topic holds of a group, oldest first."""
    found: list[object] = []
    for name, partition in story.broker(1).partitions.items():
        if name.topic != "__consumer_offsets":
            continue
        batches = partition.log.read(0, 1 << 30, partition.log.log_end_offset)
        assert isinstance(batches, tuple)
        for record in (record for one in batches for record in one.records()):
            assert record.key is not None
            key = read_key(record.key)
            if key.group_id != group:
                continue
            match key, record.value:
                case _, None:
                    found.append((key, None))
                case GroupKey(), bytes(value):
                    found.append(read_group(value))
                case OffsetKey(), bytes(value):
                    found.append((key.partition, read_offset(value)[0].offset))
                case _:
                    raise AssertionError(key)
    return found


def test_a_coordinator_is_made_when_it_is_first_asked_for():
    story = Story(topics=orders())
    assert story.ask("broker-2", FindCoordinatorRequest("pay")).error_code is ErrorCode.COORDINATOR_NOT_AVAILABLE
    story.run(1)
    found = story.ask("broker-2", FindCoordinatorRequest("pay"))
    assert found.error_code is ErrorCode.NONE
    state = story.state(TopicPartition("__consumer_offsets", 110_760 % 3))
    assert (found.node_id, state.replicas) == (state.leader_id, (1, 2, 3))


def test_with_kafkas_fifty_partitions_a_group_is_where_kafka_has_it():
    story = Story(topics=orders(), broker_config=settings(offsets_topic_num_partitions=50))
    story.consumer("a", "pay")
    story.run(5)
    (loaded,) = [name for name, shard in story.broker(story.coordinator()).coordinators.shards.items() if shard.groups]
    assert loaded == TopicPartition("__consumer_offsets", 10)


def test_a_broker_that_does_not_keep_the_group_says_so():
    story = Story(topics=orders())
    host = coordinator_of(story, "pay")
    other = next(name for name in ("broker-1", "broker-2", "broker-3") if name != host)
    assert story.ask(other, HeartbeatRequest("pay", 1, "a")).error_code is ErrorCode.NOT_COORDINATOR
    assert story.ask(host, HeartbeatRequest("pay", 1, "a")).error_code is ErrorCode.UNKNOWN_MEMBER_ID
    assert story.ask(other, OffsetFetchRequest("pay")).error_code is ErrorCode.NOT_COORDINATOR


def test_spec_04_23_too_long_a_text_refuses_its_partition_only():
    story = Story(topics=orders(2))
    host = coordinator_of(story, "tool")
    second = TopicPartition("orders", 1)
    found = commit(
        story, host, {ORDERS: CommittedOffset(1, -1, "x" * 4_097), second: CommittedOffset(2, -1, "x" * 4_096)}
    )
    assert found == {ORDERS: ErrorCode.OFFSET_METADATA_TOO_LARGE, second: ErrorCode.NONE}
    assert fetched(story, host) == {second: 2}


def test_an_unknown_topic_refuses_its_partition_only():
    story = Story(topics=orders())
    host = coordinator_of(story, "tool")
    nowhere = TopicPartition("nowhere", 0)
    found = commit(story, host, {nowhere: CommittedOffset(1), ORDERS: CommittedOffset(1)})
    assert found == {nowhere: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ORDERS: ErrorCode.NONE}
    assert commit(story, host, {nowhere: CommittedOffset(1)}) == {nowhere: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


def test_what_was_never_committed_is_minus_one():
    story = Story(topics=orders())
    host = coordinator_of(story, "tool")
    answer = story.ask(host, OffsetFetchRequest("tool", (ORDERS,)))
    assert answer.offsets == {ORDERS: CommittedOffset(-1, -1, "")}


def test_a_commit_is_answered_when_it_is_replicated():
    story = Story(topics=orders(), broker_config=settings(replica_lag_time_max_ms=20_000))
    host = coordinator_of(story, "tool")
    others = [name for name in ("broker-1", "broker-2", "broker-3") if name != host]
    story.act(*(Crash(name) for name in others))
    found = commit(story, host, {ORDERS: CommittedOffset(1)})
    assert found == {ORDERS: ErrorCode.COORDINATOR_NOT_AVAILABLE}, "5 s: not replicated in time"
    story.until(lambda: story.state().isr == (int(host[-1]),))
    assert commit(story, host, {ORDERS: CommittedOffset(2)}) == {ORDERS: ErrorCode.NONE}


def test_a_generation_and_its_commits_are_records_of_the_offsets_topic():
    story = Story(topics=orders())
    story.producer("web", rate=10, count=5)
    story.consumer("a", config=EARLIEST)
    story.run(12)
    story.act(Stop("a"))
    story.run(5)
    first, *commits, last = stored(story, "pay")
    assert isinstance(first, StoredGroup)
    assert (first.generation, first.protocol, len(first.members)) == (1, "range", 1)
    assert first.members[0].client_id == "a"
    assert commits[-1] == (ORDERS, 5)
    assert isinstance(last, StoredGroup)
    assert (last.generation, last.members) == (2, ())
    assert last.state_timestamp_ms // 1_000 == 1_767_225_600 + story.now // 1_000 - 5


def test_spec_04_19_a_coordinator_that_fails_over_keeps_generation_and_offsets_without_a_rebalance():
    story = Story(topics=orders(3))
    story.producer("web", rate=30)
    for name in ("a", "b"):
        story.consumer(name, config=EARLIEST)
    story.run(15)
    before = story.group()
    generation, members = before.generation, list(before.members)
    rebalances = len(list(story.heard(facts.GroupStateChanged, state="PreparingRebalance")))
    first = story.coordinator()
    story.act(Crash(f"broker-{first}"))
    story.run(20)
    after = story.group()
    assert story.coordinator() != first
    assert (after.generation, list(after.members), after.state) == (generation, members, STABLE)
    assert len(list(story.heard(facts.GroupStateChanged, state="PreparingRebalance"))) == rebalances
    (loaded,) = [one for one in story.told(facts.GroupsLoaded) if "pay" in one.groups]
    assert loaded.groups["pay"][0] == generation
    story.run(10)
    assert story.ledger.groups["pay"].duplicates == 0


def test_a_group_without_commits_goes_on_counting_generations_elsewhere():
    story = Story(topics=orders())
    story.consumer("a", commit="none")
    story.run(6)
    story.act(Stop("a"))
    story.run(2)
    assert story.group().generation == 2
    story.act(Crash(f"broker-{story.coordinator()}"))
    story.run(12)
    story.act(Restart("a"))
    story.run(6)
    assert story.group().generation == 3


def test_a_group_that_lost_its_coordinator_while_it_rebalanced_starts_over():
    story = Story(topics=orders(2))
    story.consumer("a")
    story.run(6)
    story.consumer("b")
    story.until(lambda: story.group().state == "PreparingRebalance")
    story.act(Stop(f"broker-{story.coordinator()}"))
    story.run(20)
    assert story.group().state == STABLE
    assert story.owned("a", "b") == {"a": [0], "b": [1]} or story.owned("a", "b") == {"a": [1], "b": [0]}


def test_an_answer_never_goes_to_a_later_process_of_the_same_name():
    """`a` is killed while its JoinGroup is parked, and its next process asks in the same words and numbers."""
    story = Story(topics=orders(2))
    coordinator_of(story, "pay")
    story.consumer("a")
    story.run(1)
    (first,) = story.group().members
    story.act(Crash("a"), Restart("a"))
    story.run(7)
    assert next(iter(story.group().members)) == first, "it may still come back, for all the coordinator knows"
    assert story.app("a").membership.member_id == list(story.group().members)[1]
    story.run(50)
    assert story.owned("a") == {"a": [0, 1]}


# --- forgetting (spec 4.3.1) ----------------------------------------------------------------------


def remembered(state: str, protocol_type: str, since_ms: int, committed_ms: int) -> Group:
    group = Group("pay", state, protocol_type=protocol_type, state_timestamp_ms=since_ms)
    group.offsets[ORDERS] = CommittedOffset(1)
    group.committed_ms[ORDERS] = committed_ms
    return group


def test_spec_04_18_an_empty_groups_offsets_expire_seven_days_after_it_became_empty():
    group = remembered(EMPTY, "consumer", since_ms=1_000, committed_ms=0)
    assert expired_offsets(group, 1_000 + WEEK_MS - 1, WEEK_MS) == ()
    assert expired_offsets(group, 1_000 + WEEK_MS, WEEK_MS) == (ORDERS,)


def test_spec_04_18_offsets_of_a_simple_consumer_expire_seven_days_after_their_commit():
    group = remembered(EMPTY, "", since_ms=0, committed_ms=5_000)
    assert expired_offsets(group, 5_000 + WEEK_MS - 1, WEEK_MS) == ()
    assert expired_offsets(group, 5_000 + WEEK_MS, WEEK_MS) == (ORDERS,)


def test_offsets_of_topics_that_a_stable_group_no_longer_reads_expire():
    group = remembered(STABLE, "consumer", since_ms=0, committed_ms=0)
    assert expired_offsets(group, WEEK_MS, WEEK_MS) == (ORDERS,)
    assert expired_offsets(remembered("PreparingRebalance", "consumer", 0, 0), WEEK_MS, WEEK_MS) == ()


def test_spec_04_18_an_empty_group_is_gone_after_its_retention_and_its_log_says_so():
    hurry = settings(offsets_retention_minutes=1, offsets_retention_check_interval_ms=10_000)
    story = Story(topics=orders(), broker_config=hurry)
    story.producer("web", rate=10, count=20)
    story.consumer("a", config=EARLIEST)
    story.run(15)
    host = f"broker-{story.coordinator()}"
    story.act(Stop("a"))
    story.run(55)
    assert fetched(story, host, "pay") == {ORDERS: 20}
    story.run(20)
    assert fetched(story, host, "pay") == {}
    assert story.ask(host, DescribeGroupsRequest(("pay",))).groups[0].state == "Dead"
    assert stored(story, "pay")[-2:] == [(OffsetKey("pay", ORDERS), None), (GroupKey("pay"), None)]


def test_spec_04_18_a_simple_consumer_that_goes_on_committing_is_kept():
    hurry = settings(offsets_retention_minutes=1, offsets_retention_check_interval_ms=10_000)
    story = Story(topics=orders(), broker_config=hurry)
    host = coordinator_of(story, "tool")
    for number in range(5):
        commit(story, host, {ORDERS: CommittedOffset(number)})
        story.run(40)
    assert fetched(story, host) == {ORDERS: 4}
    story.run(90)
    assert fetched(story, host) == {}


def test_a_deleted_topic_takes_its_committed_offsets_with_it():
    story = Story(topics=orders())
    host = coordinator_of(story, "tool")
    commit(story, host, {ORDERS: CommittedOffset(7)})
    story.act(DeleteTopic("orders"))
    story.run(2)
    assert fetched(story, host) == {}
    assert stored(story, "tool")[-1] == (OffsetKey("tool", ORDERS), None)


def test_a_subscription_begins_with_its_topics():
    from lab.kafka.protocol.consumer_protocol import Subscription, encode_subscription
    from tests.kafka.coordinator.desk import Desk

    subscription = encode_subscription(Subscription("a", ("orders", "bills")))
    desk = Desk().stable("a", protocols=(("range", subscription),))
    assert list(desk.group.subscribed_topics()) == ["orders", "bills"]
    assert list(Desk().stable("a", protocols=RANGE).group.subscribed_topics()) == []


def test_what_is_pipelined_behind_a_commit_is_refused_when_the_coordinator_moves():
    story = Story(topics=orders(), broker_config=settings(offsets_topic_num_partitions=1))
    node = coordinator_of(story, "tool")
    taker, frozen = (f"broker-{one}" for one in (1, 2, 3) if f"broker-{one}" != node)
    story.act(Freeze(frozen))
    for number in (1_001, 1_002):
        asked = OffsetCommitRequest("tool", -1, "", {ORDERS: CommittedOffset(number)})
        story.order(HAND, Ask(number, address(node, "pipelined"), asked))
    story.run(1)
    assert story.answer(1_001) is None, "not all have copied it, and the other waits behind it"
    story.act(Reassign("__consumer_offsets-0", (taker,)))
    story.until(lambda: story.answer(1_002) is not None)
    assert TopicPartition("__consumer_offsets", 0) not in story.broker(int(node[-1])).partitions
    assert story.answer(1_002).partitions[ORDERS] is ErrorCode.NOT_COORDINATOR


def test_who_waits_to_join_comes_back_when_its_coordinator_leads_in_a_new_epoch():
    story = Story(topics=orders(), broker_config=settings(offsets_topic_num_partitions=1))
    node = coordinator_of(story, "pay")
    story.consumer("one", config=EARLIEST)
    story.until(lambda: story.app("one").membership.stage == "joining")
    story.run(1)
    offsets = TopicPartition("__consumer_offsets", 0)
    leader, follower, _ = story.state(offsets).replicas
    assert f"broker-{leader}" == node
    story.act(Reassign(str(offsets), (node, f"broker-{follower}")))
    story.until(lambda: story.replica(leader, offsets).leader_epoch == 1)
    assert story.until(lambda: story.owned("one") == {"one": [0]}) < 5_000
