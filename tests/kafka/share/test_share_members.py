"""Members of share groups and what they are told to share (spec 4.7)."""

from lab.cluster.actions.machines import Crash, Freeze, Stop, Thaw
from lab.kafka import facts
from lab.kafka.coordinator.share_group import ShareGroup, ShareMember, assign
from lab.kafka.coordinator.share_group_records import (
    current_entry,
    epoch_entry,
    gone_entries,
    initialized_entry,
    member_entry,
    replay_share_record,
    target_entry,
    target_epoch_entry,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest
from lab.kafka.protocol.messages.groups import JoinGroupRequest
from lab.kafka.protocol.messages.share_groups import (
    ShareGroupDescribeRequest,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.share.queue import Queue
from tests.story import settings

PARTITIONS = tuple(TopicPartition("orders", index) for index in range(3))


def found(story: Queue, group: str = "work") -> str:
    story.ask("broker-1", FindCoordinatorRequest(group))
    story.run(1)
    return story.ask("broker-1", FindCoordinatorRequest(group)).host


def beat(
    story: Queue, node: str, member: str, epoch: int, topics: tuple[str, ...] | None = None
) -> ShareGroupHeartbeatResponse:
    return story.ask(node, ShareGroupHeartbeatRequest("work", member, epoch, topics))


def join(story: Queue, node: str, member: str) -> ShareGroupHeartbeatResponse:
    return beat(story, node, member, 0, ("orders",))


# --- heartbeats -----------------------------------------------------------------------------------


def test_a_member_joins_with_epoch_0_and_learns_its_epoch_interval_and_partitions():
    story = Queue(3)
    node = found(story)
    first = join(story, node, "m-1")
    assert (first.error_code, first.member_epoch, first.heartbeat_interval_ms) == (ErrorCode.NONE, 1, 5_000)
    assert first.assignment == ()  # their state is not initialized yet
    story.run(2)
    second = beat(story, node, "m-1", 1)
    assert second.member_epoch == 4
    assert second.assignment == PARTITIONS
    assert beat(story, node, "m-1", 4).assignment is None  # as before
    again = beat(story, node, "m-1", 1)  # the answer was lost
    assert (again.error_code, again.assignment) == (ErrorCode.NONE, PARTITIONS)


def test_what_a_heartbeat_may_not_say():
    story = Queue()
    node = found(story)
    assert join(story, node, "").error_code is ErrorCode.INVALID_REQUEST
    assert beat(story, node, "m-1", 0).error_code is ErrorCode.INVALID_REQUEST
    assert beat(story, node, "m-1", -2).error_code is ErrorCode.INVALID_REQUEST
    assert beat(story, node, "m-1", 3).error_code is ErrorCode.UNKNOWN_MEMBER_ID
    assert beat(story, node, "m-1", -1).error_code is ErrorCode.UNKNOWN_MEMBER_ID
    join(story, node, "m-1")
    assert beat(story, node, "m-1", 9).error_code is ErrorCode.FENCED_MEMBER_EPOCH
    empty = ShareGroupHeartbeatRequest("", "m-1", 0, ("orders",))
    assert story.ask(node, empty).error_code is ErrorCode.INVALID_GROUP_ID
    other = next(f"broker-{one}" for one in (1, 2, 3) if f"broker-{one}" != node)
    assert join(story, other, "m-1").error_code is ErrorCode.NOT_COORDINATOR


def test_a_group_has_a_largest_size():
    story = Queue(broker={"group_share_max_size": 2})
    node = found(story)
    assert [join(story, node, f"m-{one}").error_code for one in (1, 2, 3)] == [
        ErrorCode.NONE, ErrorCode.NONE, ErrorCode.GROUP_MAX_SIZE_REACHED,
    ]  # fmt: skip


def test_a_consumer_group_is_not_a_share_group():
    story = Queue()
    node = found(story)
    story.ask(node, JoinGroupRequest("work", 10_000, 60_000, "", (("range", b"\x00\x03\x00\x00\x00\x00"),)))
    assert join(story, node, "m-1").error_code is ErrorCode.GROUP_ID_NOT_FOUND


def test_a_group_is_stable_with_members_and_empty_without():
    story = Queue()
    node = found(story)

    def state() -> str:
        return story.ask(node, ShareGroupDescribeRequest(("work",))).groups[0].group_state

    assert story.ask(node, ShareGroupDescribeRequest(("work",))).groups[0].error_code is ErrorCode.GROUP_ID_NOT_FOUND
    join(story, node, "m-1")
    assert state() == "Stable"
    assert beat(story, node, "m-1", -1).member_epoch == -1
    assert state() == "Empty"


def test_a_member_that_is_silent_for_its_session_timeout_is_out():
    story = Queue()
    node = found(story)
    join(story, node, "m-1")
    story.run(44)
    assert list(story.share_group().members) == ["m-1"]
    story.run(2)
    assert story.share_group().state == "Empty"
    assert beat(story, node, "m-1", 1).error_code is ErrorCode.UNKNOWN_MEMBER_ID


# --- workers --------------------------------------------------------------------------------------


def test_more_members_than_partitions_and_all_of_them_work():
    story = Queue(3)
    for number in range(9):
        story.worker(f"w-{number}", work_us=200_000)
    story.producer("shop", rate=30, keys="cycle:6")
    story.run(20)
    sharers = [one for member in story.share_group().members.values() for one in member.assigned]
    assert [sharers.count(one) for one in PARTITIONS] == [3, 3, 3]
    done = {one.member for one in story.told(facts.RecordDone)}
    assert done == {f"w-{number}" for number in range(9)}
    assert story.ledger.group("work").duplicates == 0


def test_the_group_outlives_its_coordinator():
    story = Queue(2)
    story.producer("shop", rate=20)
    for name in ("w-1", "w-2"):
        story.worker(name)
    story.run(10)
    group = story.share_group()
    epoch, members = group.group_epoch, list(group.members)
    node = found(story)
    story.act(Crash(node))
    story.run(20)
    assert found(story) != node
    after = story.share_group()
    assert (after.group_epoch, list(after.members)) == (epoch, members)
    assert after.initialized == group.initialized
    before = len(story.done("work"))
    story.run(5)
    assert len(story.done("work")) > before + 80


def test_a_worker_that_stops_leaves_and_one_that_freezes_is_thrown_out_and_comes_back():
    story = Queue(broker={"group_share_session_timeout_ms": 6_000, "group_share_heartbeat_interval_ms": 1_500})
    story.producer("shop", rate=20)
    for name in ("w-1", "w-2", "w-3"):
        story.worker(name)
    story.run(8)
    story.act(Stop("w-1"))
    story.run(1)
    assert sorted(one.client_id for one in story.share_group().members.values()) == ["w-2", "w-3"]
    story.act(Freeze("w-2"))
    story.run(8)
    assert [one.client_id for one in story.share_group().members.values()] == ["w-3"]
    story.act(Thaw("w-2"))
    story.run(3)
    assert sorted(one.client_id for one in story.share_group().members.values()) == ["w-2", "w-3"]


# --- assigning ------------------------------------------------------------------------------------


def group_of(members: int, partitions: int = 3, **target: tuple[TopicPartition, ...]) -> ShareGroup:
    names = [f"m-{number}" for number in range(members)]
    group = ShareGroup("work", members={one: ShareMember(one, one, topics=("orders",)) for one in names})
    group.initialized = dict.fromkeys(PARTITIONS[:partitions])
    group.target = {name.replace("_", "-"): found for name, found in target.items()}
    return group


def test_each_partition_has_a_member_and_each_member_a_partition():
    for members in range(1, 12):
        for partitions in (1, 2, 3):
            plan = assign(group_of(members, partitions))
            assert all(plan.values())
            shared = [one for found in plan.values() for one in found]
            sharers = [shared.count(one) for one in PARTITIONS[:partitions]]
            assert min(sharers) >= 1
            assert max(sharers) <= -(-members // partitions)


def test_what_was_assigned_stays_where_it_is_balanced():
    plan = assign(group_of(2, m_0=PARTITIONS[:2], m_1=PARTITIONS[2:]))
    assert plan == {"m-0": PARTITIONS[:2], "m-1": PARTITIONS[2:]}


def test_nobody_gets_what_it_does_not_want():
    group = group_of(2)
    group.members["m-1"].topics = ("other",)
    assert assign(group) == {"m-0": PARTITIONS, "m-1": ()}


# --- records --------------------------------------------------------------------------------------


def test_a_group_is_what_its_records_say():
    member = ShareMember("m-1", "w-1", "/127.0.0.1", ("orders",), 7, 6, PARTITIONS[:2])
    groups: dict[str, ShareGroup] = {}
    for key, value in (
        member_entry("work", member), epoch_entry("work", 7), target_epoch_entry("work", 7),
        target_entry("work", "m-1", PARTITIONS[:2]), current_entry("work", member),
        initialized_entry("work", PARTITIONS, 1_000),
    ):  # fmt: skip
        replay_share_record(groups, key, value)
    group = groups["work"]
    assert group.members == {"m-1": member}
    assert (group.group_epoch, group.assignment_epoch) == (7, 7)
    assert group.target == {"m-1": PARTITIONS[:2]}
    assert tuple(group.initialized) == PARTITIONS
    for key, value in gone_entries("work", "m-1"):
        replay_share_record(groups, key, value)
    assert (group.members, group.target) == ({}, {})


def test_a_group_of_a_worker_that_asks_for_too_much_is_told_so():
    story = Queue(broker={"group_share_max_size": 1})
    story.worker("w-1")
    story.run(2)
    story.worker("w-2", config=settings(retry_backoff_ms=100))
    story.run(2)
    assert [one.exception for one in story.told(facts.PollFailed)] == ["GROUP_MAX_SIZE_REACHED"]
