"""The classic group protocol as its coordinator plays it (spec 4.2)."""

import pytest

from lab.kafka.coordinator.group import group_partition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import JoinGroupResponse, SyncGroupResponse
from tests.kafka.coordinator.desk import RANGE, Desk

COOPERATIVE = (("cooperative-sticky", b"\x00\x03\x00\x00\x00\x00"),)
CHANGED = (("range", b"\x00\x03\x00\x00\x00\x00changed"),)


def error_of(answer: JoinGroupResponse | SyncGroupResponse | None) -> ErrorCode:
    assert answer is not None, "parked"
    return answer.error_code


def test_spec_04_01_the_first_join_gets_an_id_and_the_second_a_generation_after_three_seconds():
    desk = Desk()
    first = desk.join_once("a")
    assert error_of(first) is ErrorCode.MEMBER_ID_REQUIRED
    assert first is not None
    assert first.member_id
    assert desk.join_once("a", first.member_id) is None
    desk.wait(2_999)
    assert "a" not in desk.answers
    desk.wait(1)
    answer = desk.answers["a"]
    assert answer.error_code is ErrorCode.NONE
    assert answer.generation_id == 1
    assert answer.leader == answer.member_id == first.member_id
    assert [one.member_id for one in answer.members] == [first.member_id]


def test_spec_04_01_an_id_that_is_not_used_is_forgotten_with_its_session():
    desk = Desk()
    first = desk.join_once("a", session_ms=6_000)
    assert first is not None
    desk.wait(6_000)
    assert error_of(desk.join_once("a", first.member_id)) is ErrorCode.UNKNOWN_MEMBER_ID


def test_spec_04_02_each_newcomer_prolongs_the_first_rebalance_and_all_are_in_generation_1():
    desk = Desk()
    for name in ("a", "b", "c"):
        assert desk.join(name) is None
        desk.wait(2_000)
    desk.wait(2_999)
    assert not desk.answers, "a: 0 s, b: 2 s, c: 4 s; windows end at 3 s, 6 s, 9 s"
    desk.wait(1)
    assert {answer.generation_id for answer in desk.answers.values()} == {1}
    assert desk.now_ms == 9_000


def test_spec_04_02_but_never_beyond_the_rebalance_timeout():
    desk = Desk()
    for number in range(6):
        desk.join(f"m{number}", rebalance_ms=10_000)
        desk.wait(2_000)
    assert [at for at, state, _ in desk.states if state == "CompletingRebalance"] == [10_000]


def test_spec_04_03_a_join_makes_the_others_join_again():
    desk = Desk().stable("a", "b")
    assert desk.join("c") is None
    assert desk.heartbeat("a") is desk.heartbeat("b") is ErrorCode.REBALANCE_IN_PROGRESS
    desk.join("a")
    assert "a" not in desk.answers
    desk.join("b")
    assert {name: desk.answers[name].generation_id for name in "abc"} == {"a": 2, "b": 2, "c": 2}
    assert len(desk.answers["a"].members) == 3
    assert desk.answers["b"].members == desk.answers["c"].members == ()


def test_spec_04_04_who_does_not_join_again_is_out_after_the_rebalance_timeout():
    desk = Desk().stable("a", "b")
    desk.join("c")
    desk.join("a")
    for _ in range(12):
        desk.wait(4_999)
        desk.heartbeat("b")
    assert "a" not in desk.answers
    desk.wait(12)
    assert {desk.answers[name].generation_id for name in "ac"} == {2}
    assert desk.heartbeat("b", 1) is ErrorCode.UNKNOWN_MEMBER_ID


def test_spec_04_05_a_leader_that_never_syncs_is_out_after_the_rebalance_timeout():
    desk = Desk()
    desk.join("a")
    desk.join("b")
    desk.wait(3_000 + 3_000)
    assert desk.group.state == "CompletingRebalance"
    assert desk.sync("b") is None
    for _ in range(11):
        desk.wait(5_000)
        assert desk.heartbeat("a") is ErrorCode.NONE
    assert "b" not in desk.answers
    desk.wait(5_000)
    assert error_of(desk.answers["b"]) is ErrorCode.REBALANCE_IN_PROGRESS
    assert desk.heartbeat("a") is ErrorCode.UNKNOWN_MEMBER_ID
    desk.join("b")
    assert desk.answers["b"].leader == desk.ids["b"]


def test_a_follower_that_never_syncs_is_out_after_the_rebalance_timeout():
    desk = Desk()
    desk.join("a")
    desk.join("b")
    desk.wait(6_000)
    desk.sync("a", a=b"all")
    assert desk.group.state == "Stable"
    for _ in range(12):
        desk.wait(5_000)
        desk.heartbeat("a")
        desk.heartbeat("b", 1)
    assert desk.heartbeat("b", 1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert desk.heartbeat("a", 1) is ErrorCode.REBALANCE_IN_PROGRESS


def test_spec_04_06_a_heartbeat_while_assignments_are_made_is_fine():
    desk = Desk()
    desk.join("a")
    desk.wait(3_000)
    assert desk.group.state == "CompletingRebalance"
    assert desk.heartbeat("a") is ErrorCode.NONE


def test_spec_04_07_a_silent_member_is_removed_after_its_session():
    desk = Desk().stable("a", "b")
    desk.wait(5_000)
    desk.heartbeat("a")
    desk.wait(4_999)
    assert desk.group.state == "Stable"
    desk.wait(1)
    assert desk.group.state == "PreparingRebalance"
    assert desk.heartbeat("b") is ErrorCode.UNKNOWN_MEMBER_ID


def test_spec_04_08_an_old_generation_is_illegal():
    desk = Desk().stable("a")
    desk.join("a")
    desk.sync("a", a=b"again")
    assert desk.group.generation == 2
    assert desk.heartbeat("a", 1) is ErrorCode.ILLEGAL_GENERATION
    assert error_of(desk.sync("a", 1)) is ErrorCode.ILLEGAL_GENERATION
    assert desk.commit("a", 1) is ErrorCode.ILLEGAL_GENERATION
    assert desk.commit("a", 2) is ErrorCode.NONE


def test_spec_04_09_a_commit_is_taken_before_everybody_has_joined_but_not_after():
    desk = Desk().stable("a", "b")
    desk.join("b", protocols=CHANGED)
    assert desk.group.state == "PreparingRebalance"
    assert desk.commit("a", 1) is ErrorCode.NONE
    desk.join("a")
    assert desk.group.state == "CompletingRebalance"
    assert desk.commit("a", 2) is ErrorCode.REBALANCE_IN_PROGRESS


def test_spec_04_10_a_commit_from_outside_is_for_empty_groups_only():
    desk = Desk().stable("a")
    assert desk.commit() is ErrorCode.UNKNOWN_MEMBER_ID
    desk.leave("a")
    assert desk.group.state == "Empty"
    assert desk.commit() is ErrorCode.NONE
    assert desk.commit(group="simple") is ErrorCode.NONE
    assert desk.commit(group="unheard of", generation=3) is ErrorCode.GROUP_ID_NOT_FOUND


def test_spec_04_11_a_static_member_that_restarts_keeps_its_assignment_and_the_generation():
    desk = Desk()
    desk.join("a", instance="one")
    desk.join("b", instance="two")
    desk.wait(6_000)
    desk.sync("b", instance="two")
    desk.sync("a", instance="one", a=b"for a", b=b"for b")
    old = desk.ids["b"]
    answer = desk.join_once("b", instance="two")
    assert answer is not None
    assert (answer.error_code, answer.generation_id) == (ErrorCode.NONE, 1)
    assert answer.member_id != old
    assert desk.sync("b", instance="two") == SyncGroupResponse(ErrorCode.NONE, b"for b", "consumer", "range")
    assert desk.group.state == "Stable"
    desk.ids["old"] = old
    assert desk.heartbeat("old", instance="two") is ErrorCode.FENCED_INSTANCE_ID
    assert desk.heartbeat("b", instance="two") is ErrorCode.NONE


def test_spec_04_11_even_when_its_subscription_names_another_generation():
    desk = Desk()
    desk.join("a", instance="one")
    desk.wait(3_000)
    desk.sync("a", instance="one", a=b"all")
    answer = desk.join_once("a", instance="one", protocols=CHANGED)
    assert answer is not None
    assert (answer.generation_id, answer.skip_assignment) == (1, True)
    assert len(answer.members) == 1, "it leads, and is shown the members, but is to assign nothing"


def test_a_static_member_that_restarts_elsewhere_is_told_of_where_it_was():
    """As in Kafka, whose ClassicGroup.replaceStaticMember takes the host over from the member that is replaced."""
    desk = Desk()
    desk.join("a", instance="one")
    desk.wait(3_000)
    desk.sync("a", instance="one", a=b"all")
    assert desk.join_once("a", instance="one", host="/elsewhere") is not None
    assert [one.client_host for one in desk.shard.describe("pay").members] == ["/a"]
    desk.leave("a", instance="one")
    desk.join_once("a", instance="one", host="/elsewhere")
    assert [one.client_host for one in desk.shard.describe("pay").members] == ["/elsewhere"]


def test_spec_04_11_a_process_that_waits_is_fenced_by_a_newer_one_with_its_instance_id():
    desk = Desk()
    desk.join("a", instance="one")
    desk.join("b", instance="two")
    desk.wait(6_000)
    assert desk.sync("b", instance="two") is None
    desk.ids["newer"] = ""
    assert desk.join("newer", instance="two") is None
    assert desk.answers["b"] == SyncGroupResponse(ErrorCode.FENCED_INSTANCE_ID)


def test_spec_04_12_a_static_member_that_falls_silent_keeps_its_partitions_for_its_session():
    desk = Desk()
    desk.join("a", instance="one")
    desk.join("b", instance="two")
    desk.wait(6_000)
    desk.sync("b", instance="two")
    desk.sync("a", instance="one", a=b"for a", b=b"for b")
    for _ in range(3):
        desk.wait(3_000)
        assert desk.heartbeat("a", instance="one") is ErrorCode.NONE
    desk.wait(1_000)
    assert desk.heartbeat("a", instance="one") is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_static_member_is_removed_by_its_instance_id():
    desk = Desk()
    desk.join("a", instance="one")
    desk.wait(3_000)
    desk.sync("a", instance="one", a=b"all")
    assert desk.leave("a", "", "two") == (ErrorCode.UNKNOWN_MEMBER_ID,)
    assert desk.leave("a", "another", "one") == (ErrorCode.FENCED_INSTANCE_ID,)
    assert desk.leave("a", "", "one") == (ErrorCode.NONE,)
    assert desk.group.state == "Empty"


def test_spec_04_13_the_protocol_is_one_that_all_support():
    desk = Desk()
    desk.join("a", protocols=(*RANGE, *COOPERATIVE))
    desk.join("b", protocols=COOPERATIVE)
    desk.wait(6_000)
    assert {answer.protocol_name for answer in desk.answers.values()} == {"cooperative-sticky"}


def test_spec_04_13_a_member_with_nothing_in_common_is_refused():
    desk = Desk().stable("a")
    assert error_of(desk.join("b", protocols=(("roundrobin", b""),))) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert error_of(desk.join_once("c", protocols=())) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert desk.group.state == "Stable"


def test_a_refused_join_leaves_no_group_behind():
    desk = Desk()
    desk.join_once("a", protocols=())
    desk.join_once("a", session_ms=1)
    desk.join_once("a", "who")
    assert not desk.shard.groups


def test_spec_04_13_the_members_vote_on_the_protocol():
    sticky = (("sticky", b""),)
    desk = Desk()
    desk.join("a", protocols=(*RANGE, *sticky))
    desk.join("b", protocols=(*sticky, *RANGE))
    desk.join("c", protocols=(*sticky, *RANGE))
    desk.wait(6_000)
    assert desk.group.protocol == "sticky"


@pytest.mark.parametrize("session_ms", [5_999, 1_800_001])
def test_spec_04_16_a_session_timeout_out_of_bounds_is_invalid(session_ms: int):
    assert error_of(Desk().join("a", session_ms=session_ms)) is ErrorCode.INVALID_SESSION_TIMEOUT


@pytest.mark.parametrize("session_ms", [6_000, 1_800_000])
def test_spec_04_16_a_session_timeout_at_the_bounds_is_not(session_ms: int):
    assert Desk().join("a", session_ms=session_ms) is None


def test_spec_04_17_a_full_group_takes_nobody():
    desk = Desk(group_max_size=2).stable("a", "b")
    assert error_of(desk.join("c")) is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert desk.group.state == "Stable"
    assert desk.join("a") is None, "a member is no newcomer"


def test_a_follower_that_asks_again_with_nothing_new_gets_the_same_generation():
    desk = Desk().stable("a", "b")
    answer = desk.join("b")
    assert answer is not None
    assert (answer.generation_id, desk.group.state) == (1, "Stable")
    assert desk.join("a") is None, "a leader that asks again wants a rebalance"


def test_a_lost_answer_to_a_join_is_given_again():
    desk = Desk()
    desk.join("a")
    desk.join("b")
    desk.wait(6_000)
    answer = desk.join("b")
    assert answer is not None
    assert (answer.generation_id, desk.group.state) == (1, "CompletingRebalance")


def test_a_leader_that_leaves_is_followed_by_the_next_member():
    desk = Desk().stable("a", "b", "c")
    desk.leave("a")
    desk.join("b")
    desk.join("c")
    assert desk.answers["c"].leader == desk.ids["b"]
    assert desk.answers["c"].generation_id == 2


def test_an_assignment_that_could_not_be_stored_is_an_error_for_all_and_a_rebalance():
    desk = Desk()
    desk.storing = False
    desk.join("a")
    desk.wait(3_000)
    assert desk.sync("a", a=b"all") is None
    turn = desk._turn()
    desk.shard.assigned("pay", desk.group.stored(), ErrorCode.NOT_COORDINATOR, turn)
    desk._settle(turn)
    assert error_of(desk.answers["a"]) is ErrorCode.NOT_COORDINATOR
    assert desk.group.state == "PreparingRebalance"


def test_a_member_left_out_of_the_plan_gets_nothing():
    desk = Desk()
    desk.join("a")
    desk.join("b")
    desk.wait(6_000)
    desk.sync("b")
    desk.sync("a", a=b"all")
    assert desk.answers["b"] == SyncGroupResponse(ErrorCode.NONE, b"", "consumer", "range")


def test_a_new_member_that_vanished_in_its_first_join_is_forgotten_after_five_minutes():
    desk = Desk().stable("a", rebalance_ms=600_000)
    desk.join("gone", rebalance_ms=600_000)
    for _ in range(60):
        desk.wait(4_999)
        desk.heartbeat("a")
    assert len(desk.group.members) == 2
    desk.wait(61)
    assert len(desk.group.members) == 1


@pytest.mark.parametrize(
    ("group", "partitions", "expected"),
    [("pay", 50, 10), ("orders", 50, 31), ("polygenelubricants", 50, 0), ("", 50, 0)],
)
def test_a_group_is_kept_where_javas_hash_code_says(group: str, partitions: int, expected: int):
    """hashCode of "pay" is 110760, of "orders" -1008770331, of the third -2^31, whose absolute value is 0."""
    assert group_partition(group, partitions) == expected
