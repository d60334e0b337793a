"""Members of the classic protocol in a consumer group, as its coordinator serves them (KIP-848, spec 4.6)."""

from typing import Any

import pytest

from lab.env import millis
from lab.kafka import facts
from lab.kafka.coordinator.consumer_group import MemberState
from lab.kafka.coordinator.group import Group, Member
from lab.kafka.protocol.consumer_protocol import (
    Subscription,
    decode_assignment,
    embedded_version,
    encode_assignment,
    encode_subscription,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import LeavingMember, SyncGroupResponse
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.coordinator.consumer_desk import ConsumerDesk, orders

SUBSCRIBED = encode_subscription(Subscription("", ("orders",)))
RANGE = (("range", SUBSCRIBED),)
UNKNOWN, ILLEGAL = ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION
REBALANCE, INCONSISTENT = ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def assigned(answer: SyncGroupResponse) -> tuple[TopicPartition, ...]:
    assert answer.error_code is ErrorCode.NONE
    return decode_assignment(answer.assignment)


def classic(*names: str, state: str = "Stable", protocol: str = "range") -> Group:
    """A classic group in generation 3, whose first member has both partitions."""
    group = Group("pay", state, 3, "consumer", protocol, names[0])
    for name in names:
        assignment = encode_assignment(orders(0, 1) if name == names[0] else ())
        group.members[name] = Member(
            name, name, f"/{name}", None, 10_000, 20_000, RANGE, millis(10_000), assignment, is_new=False
        )  # fmt: skip
    return group


def mixed() -> ConsumerDesk:
    """`old` has both partitions in generation 3; `new` has just joined."""
    desk = ConsumerDesk()
    assert desk.take_over(classic("old")) is ErrorCode.NONE
    desk.join("new")
    return desk


def at_rest() -> ConsumerDesk:
    desk = mixed()
    desk.join_classic("old")
    desk.sync("old", 4)
    desk.beat("new", 4)
    assert desk.group.state == "Stable"
    return desk


# --- going over -----------------------------------------------------------------------------------


def test_who_was_a_member_is_one_and_has_what_it_had():
    desk = mixed()
    old = desk.member("old")
    assert (old.epoch, old.assigned, old.topics) == (3, orders(0, 1), ("orders",))
    assert (old.client_id, old.client_host) == ("old", "/old")
    assert old.classic is not None
    assert (old.classic.session_timeout_ms, old.classic.protocols) == (10_000, RANGE)
    assert (desk.group.epoch, desk.member("new").epoch, desk.member("new").assigned) == (4, 4, ())


def test_a_group_in_its_first_rebalance_goes_over():
    desk = ConsumerDesk()
    group = classic("old", state="PreparingRebalance", protocol="")
    group.generation, group.members["old"].assignment = 0, b""
    assert desk.take_over(group) is ErrorCode.NONE
    assert desk.join("new").member_epoch == 1
    assert (desk.member("old").epoch, desk.member("old").topics) == (0, ("orders",))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"protocol_type": "connect"}, ErrorCode.GROUP_ID_NOT_FOUND),
        ({"subscription": b"\x00"}, ErrorCode.GROUP_ID_NOT_FOUND),
        ({"subscription": b"\xff\xff" + SUBSCRIBED[2:]}, ErrorCode.GROUP_ID_NOT_FOUND),
        ({"assignment": b"\x00\x01\x00"}, ErrorCode.GROUP_ID_NOT_FOUND),
        ({"assignment": encode_assignment(())[:-4] + b"\x00\x00\x00\x01x"}, ErrorCode.GROUP_ID_NOT_FOUND),
        ({"assignment": encode_assignment(orders(0, 0))}, ErrorCode.UNKNOWN_SERVER_ERROR),
    ],
    ids=["another type", "no subscription", "a version below 0", "no assignment", "user data", "a partition twice"],
)
def test_what_cannot_be_translated_stays_classic(change: dict[str, Any], error: ErrorCode):
    group = classic("old")
    group.protocol_type = change.get("protocol_type", "consumer")
    group.members["old"].protocols = (("range", change.get("subscription", SUBSCRIBED)),)
    group.members["old"].assignment = change.get("assignment", b"")
    desk = ConsumerDesk()
    assert desk.take_over(group) is error
    assert desk.written == []


def test_a_group_that_is_too_large_stays_classic():
    desk = ConsumerDesk(group_consumer_max_size=1)
    assert desk.take_over(classic("a", "b")) is ErrorCode.GROUP_ID_NOT_FOUND


def test_a_topic_that_is_gone_is_nobodys():
    desk = ConsumerDesk({"bills": 1})
    desk.take_over(classic("old"))
    assert desk.member("old").assigned == ()


# --- heartbeats and steps -------------------------------------------------------------------------


def test_a_member_is_told_to_join_again_until_it_has_what_it_is_to_have():
    desk = mixed()
    assert desk.heartbeat("old", 3) is REBALANCE
    assert desk.sync("old", 3).error_code is REBALANCE
    step = desk.join_classic("old", 0, 1)
    assert (step.generation_id, step.leader, step.members, step.protocol_name) == (3, "", (), "range")
    assert desk.member("old").state is MemberState.UNREVOKED_PARTITIONS
    kept = assigned(desk.sync("old", 3))
    assert desk.heartbeat("old", 3) is REBALANCE
    assert desk.beat("new", 4).assignment is None
    assert desk.join_classic("old", *(one.partition for one in kept)).generation_id == 4
    assert assigned(desk.sync("old", 4)) == kept
    assert desk.heartbeat("old", 4) is ErrorCode.NONE
    given = desk.beat("new", 4).assignment
    assert given is not None
    assert sorted((*kept, *given)) == list(orders(0, 1))


def test_a_member_is_told_when_what_it_waits_for_is_free():
    desk = ConsumerDesk()
    desk.join("new")
    desk.join_classic("old")
    assert desk.member("old").state is MemberState.UNRELEASED_PARTITIONS
    assert assigned(desk.sync("old", 2)) == ()
    assert desk.heartbeat("old", 2) is ErrorCode.NONE
    left = desk.beat("new", 1).assignment
    assert desk.heartbeat("old", 2) is ErrorCode.NONE
    desk.beat("new", 1, topic_partitions=left)
    assert desk.heartbeat("old", 2) is REBALANCE
    assert desk.join_classic("old").generation_id == 2
    assert len(assigned(desk.sync("old", 2))) == 1


def test_an_assignment_is_written_in_the_version_of_the_subscription():
    desk = ConsumerDesk()
    desk.join("new")
    desk.join_classic("old", protocols=(("range", b"\x00\x00" + SUBSCRIBED[2:14] + b"\xff\xff\xff\xff"),))
    assert embedded_version(desk.sync("old", 2).assignment) == 0


def test_a_member_is_who_it_says_it_is():
    desk = mixed()
    assert desk.heartbeat("nobody", 3) is UNKNOWN
    assert desk.heartbeat("new", 4) is UNKNOWN
    assert desk.heartbeat("old", 9) is ILLEGAL
    assert desk.sync("nobody", 3).error_code is UNKNOWN
    assert desk.sync("new", 4).error_code is UNKNOWN
    assert desk.sync("old", 9).error_code is ILLEGAL
    assert desk.sync("old", 3, protocol_name="sticky").error_code is INCONSISTENT
    assert desk.sync("old", 3, protocol_type="connect").error_code is INCONSISTENT
    assert (desk.commit("old", 9), desk.commit("old", 3)) == (ILLEGAL, ErrorCode.NONE)
    assert desk.commit("new", 9) is ErrorCode.STALE_MEMBER_EPOCH


def test_who_joins_has_a_protocol_in_common_with_all_of_its_kind():
    desk = mixed()
    assert desk.join_classic("c", protocols=(("sticky", SUBSCRIBED),)).error_code is INCONSISTENT
    assert desk.join_classic("c", protocols=()).error_code is INCONSISTENT
    assert desk.join_classic("c", protocol_type="connect").error_code is INCONSISTENT
    assert desk.join_classic("c", protocols=(("sticky", SUBSCRIBED), *RANGE)).error_code is ErrorCode.NONE


def test_a_group_that_is_full_takes_nobody_of_either_protocol():
    desk = ConsumerDesk(group_consumer_max_size=2)
    desk.take_over(classic("old"))
    desk.join("new")
    assert desk.join_classic("c").error_code is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert desk.join_classic("old").error_code is ErrorCode.NONE


def test_a_newcomer_without_an_id_is_given_one_first():
    answer = mixed().join_classic("c", member_id="")
    assert (answer.error_code, answer.member_id) == (ErrorCode.MEMBER_ID_REQUIRED, "c")


# --- time -----------------------------------------------------------------------------------------


def reasons(desk: ConsumerDesk) -> list[str]:
    return [one.reason for one in desk.told(facts.MemberRemoved)]


def test_who_is_asked_to_join_again_has_its_rebalance_timeout_for_that():
    desk = mixed()
    for _ in range(4):
        assert desk.heartbeat("old", 3) is REBALANCE
        desk.wait(4_900)
    assert reasons(desk) == []
    desk.heartbeat("old", 3)
    desk.wait(1_000)
    assert reasons(desk) == ["did not join again within its rebalance timeout"]


def test_who_has_joined_has_its_rebalance_timeout_to_ask_for_its_assignment():
    desk = mixed()
    desk.join_classic("old")
    for _ in range(5):
        desk.wait(4_000)
        desk.heartbeat("old", 4)
    assert reasons(desk) == ["did not ask for its assignment within its rebalance timeout"]


def test_a_member_has_the_session_it_has_asked_for():
    desk = at_rest()
    desk.wait(9_999)
    assert reasons(desk) == []
    desk.wait(1)
    assert reasons(desk) == ["was silent for its session timeout"]


# --- leaving --------------------------------------------------------------------------------------


def test_members_of_both_protocols_are_removed_at_once_and_the_group_is_what_it_was():
    desk = at_rest()
    desk.join_classic("c")
    epoch = desk.group.epoch
    gone = desk.leave(LeavingMember("old"), LeavingMember("nobody"), LeavingMember("new"))
    assert gone == (ErrorCode.NONE, UNKNOWN, ErrorCode.NONE)
    assert (list(desk.group.members), desk.group.epoch, desk.classic) == (["c"], epoch + 1, None)


def test_the_last_one_of_the_consumer_protocol_that_is_removed_takes_the_group_back():
    desk = at_rest()
    assert desk.leave(LeavingMember("new")) == (ErrorCode.NONE,)
    group = desk.classic
    assert group is not None
    assert (group.generation, group.protocol, group.protocol_type, group.leader) == (4, "range", "consumer", "")
    assert decode_assignment(group.members["old"].assignment) == desk.member("old").assigned
    assert desk.rebalances == "new left"


def test_a_group_goes_back_only_if_it_is_small_enough():
    desk = ConsumerDesk(group_max_size=1)
    desk.take_over(classic("a", "b"))
    desk.join("new")
    desk.beat("new", -1)
    assert desk.classic is None
    assert list(desk.group.members) == ["a", "b"]


# --- static members -------------------------------------------------------------------------------


def test_the_next_process_of_a_static_member_may_speak_the_other_protocol():
    desk = ConsumerDesk()
    desk.join("new")
    desk.join_classic("old", instance="one")
    desk.join("next", instance_id="one")
    assert desk.member("next").classic is None
    assert desk.group.epoch == 2
    assert desk.heartbeat("old", 2, "one") is ErrorCode.FENCED_INSTANCE_ID
    assert desk.sync("old", 2, "one").error_code is ErrorCode.FENCED_INSTANCE_ID
    assert desk.join_classic("old", member_id="old", instance="one").error_code is ErrorCode.FENCED_INSTANCE_ID
    assert desk.join_classic("old", member_id="old", instance="two").error_code is UNKNOWN
    assert desk.leave(LeavingMember("old", "one"), LeavingMember("", "one")) == (
        ErrorCode.FENCED_INSTANCE_ID, ErrorCode.NONE,
    )  # fmt: skip


def test_a_group_that_comes_back_at_rest_does_not_rebalance():
    desk = ConsumerDesk()
    desk.join("new", instance_id="one")
    assert desk.join_classic("old", instance="one").generation_id == 1
    assert desk.classic is not None
    assert (desk.classic.leader, desk.rebalances) == ("old", "")
    assert decode_assignment(desk.classic.members["old"].assignment) == orders(0, 1)
    assert desk.classic.members["old"].client_host == "/old"


def test_a_group_that_comes_back_before_it_is_at_rest_rebalances():
    desk = ConsumerDesk()
    desk.join("new", instance_id="one")
    desk.join_classic("c")
    desk.join_classic("old", instance="one")
    assert desk.classic is not None
    assert (desk.classic.leader, desk.rebalances) == ("", "old takes the place of another protocol's")
