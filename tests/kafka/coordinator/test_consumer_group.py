"""The consumer protocol of KIP-848 as a coordinator plays it (spec 4.6)."""

from typing import Any

import pytest

from lab.kafka import facts
from lab.kafka.config.broker import SERVER_ASSIGNORS as NAMES
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.coordinator.assignors import SERVER_ASSIGNORS
from lab.kafka.coordinator.commits import expired_offsets
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.coordinator.consumer_desk import ConsumerDesk, orders
from tests.story import settings


def two_members() -> ConsumerDesk:
    """m1 has both partitions in epoch 1; m2 has just joined."""
    desk = ConsumerDesk()
    desk.join("m1")
    desk.join("m2")
    return desk


# --- reconciliation -------------------------------------------------------------------------------


def test_spec_04_20_a_partition_is_given_up_before_it_is_given_on():
    desk = ConsumerDesk()
    first = desk.join("m1")
    assert (first.member_epoch, first.assignment) == (1, orders(0, 1))
    second = desk.join("m2")
    assert (second.member_epoch, second.assignment) == (2, ())
    asked = desk.beat("m1", 1)
    assert (asked.member_epoch, asked.assignment) == (1, orders(0))
    assert desk.member("m1").pending_revocation == orders(1)
    assert desk.beat("m2", 2).assignment is None
    done = desk.beat("m1", 1, topic_partitions=orders(0))
    assert (done.member_epoch, done.assignment) == (2, None)
    assert desk.beat("m2", 2).assignment == orders(1)
    assert desk.group.state == "Stable"


def test_a_member_that_does_not_say_what_it_owns_still_owns_it():
    desk = two_members()
    desk.beat("m1", 1)
    for _ in range(3):
        assert desk.beat("m1", 1).member_epoch == 1
    assert desk.beat("m1", 1, topic_partitions=orders(0, 1)).member_epoch == 1
    assert desk.beat("m2", 2).assignment is None


def test_who_has_nothing_to_give_up_does_not_wait_for_who_has():
    desk = ConsumerDesk({"orders": 6})
    desk.join("m1")
    desk.join("m2")
    desk.beat("m1", 1)
    desk.beat("m1", 1, topic_partitions=orders(0, 1, 2))
    desk.beat("m2", 2)
    desk.join("m3")
    slow = desk.beat("m1", 2)
    assert slow.assignment == orders(0, 1)
    assert desk.beat("m2", 2, topic_partitions=orders(3, 4, 5)).assignment == orders(3, 4)
    assert desk.beat("m2", 2, topic_partitions=orders(3, 4)).member_epoch == 3
    assert desk.beat("m3", 3).assignment == orders(5)
    assert (desk.member("m1").epoch, desk.group.state) == (2, "Reconciling")


def test_spec_04_21_who_never_revokes_is_out_after_its_rebalance_timeout():
    desk = two_members()
    desk.beat("m1", 1)
    for _ in range(11):
        desk.wait(5_000)
        assert desk.beat("m1", 1).error_code is ErrorCode.NONE
        desk.beat("m2", 2)
    desk.wait(4_999)
    assert "m1" in desk.group.members
    desk.wait(1)
    assert desk.beat("m1", 1).error_code is ErrorCode.UNKNOWN_MEMBER_ID
    got = desk.beat("m2", 2)
    assert (got.member_epoch, got.assignment) == (3, orders(0, 1))


def test_who_revokes_in_time_has_no_time_out_any_more():
    desk = two_members()
    desk.beat("m1", 1)
    desk.beat("m1", 1, topic_partitions=orders(0))
    assert desk.group.revocations == {}


def test_a_silent_member_is_out_after_the_session_that_the_server_dictates():
    desk = two_members()
    desk.wait(40_000)
    desk.beat("m2", 2)
    desk.wait(5_000)
    assert list(desk.group.members) == ["m2"]
    assert desk.beat("m2", 2).assignment == orders(0, 1)
    reasons = [one.reason for one in desk.told(facts.MemberRemoved)]
    assert reasons == ["was silent for its session timeout"]


def test_spec_04_22_a_commit_of_another_epoch_is_stale():
    desk = two_members()
    desk.beat("m1", 1)
    assert desk.commit("m1", 1) is ErrorCode.NONE
    desk.beat("m1", 1, topic_partitions=orders(0))
    assert desk.commit("m1", 1) is ErrorCode.STALE_MEMBER_EPOCH
    assert desk.commit("m1", 3) is ErrorCode.STALE_MEMBER_EPOCH
    assert desk.commit("m1", 2) is ErrorCode.NONE
    assert desk.commit("m9", 2) is ErrorCode.UNKNOWN_MEMBER_ID


# --- epochs ---------------------------------------------------------------------------------------


def test_a_member_ahead_of_its_coordinator_or_behind_is_fenced():
    desk = two_members()
    desk.beat("m1", 1)
    desk.beat("m1", 1, topic_partitions=orders(0))
    assert desk.beat("m1", 3).error_code is ErrorCode.FENCED_MEMBER_EPOCH
    assert desk.beat("m1", 1).error_code is ErrorCode.FENCED_MEMBER_EPOCH
    assert desk.beat("m1", 1, topic_partitions=orders(0, 1)).error_code is ErrorCode.FENCED_MEMBER_EPOCH


def test_the_epoch_before_is_taken_where_the_answer_may_have_been_lost():
    desk = two_members()
    desk.beat("m1", 1)
    desk.beat("m1", 1, topic_partitions=orders(0))
    again = desk.beat("m1", 1, topic_partitions=orders(0), rebalance_timeout_ms=60_000)
    assert (again.error_code, again.member_epoch, again.assignment) == (ErrorCode.NONE, 2, orders(0))


def test_who_joins_again_is_told_all_it_has():
    desk = two_members()
    back = desk.join("m1")
    assert (back.error_code, back.member_epoch, back.assignment) == (ErrorCode.NONE, 2, orders(0))
    assert desk.beat("m2", 2).assignment == orders(1)


def test_more_partitions_are_a_new_epoch_at_somebodys_next_heartbeat():
    desk = ConsumerDesk()
    desk.join("m1")
    desk.counts = {"orders": 3}
    got = desk.beat("m1", 1)
    assert (got.member_epoch, got.assignment) == (2, orders(0, 1, 2))
    assert desk.beat("m1", 2).assignment is None


def test_a_topic_made_again_is_a_new_epoch_and_the_log_says_that_it_is_another():
    desk = ConsumerDesk()
    desk.join("m1")
    before = desk.group.topic_ids["orders"]
    desk.make_again("orders")
    assert desk.beat("m1", 1).member_epoch == desk.group.assignment_epoch == 2
    assert desk.successor.target == {"m1": orders(0, 1)}, "read from the log by the ids there are now"
    assert desk.successor.members["m1"].assigned == orders(0, 1)
    assert desk.successor.topic_ids["orders"] != before


def test_another_subscription_is_a_new_epoch():
    desk = ConsumerDesk({"orders": 1, "bills": 1})
    desk.join("m1")
    got = desk.beat("m1", 1, subscribed_topic_names=("bills",))
    assert (got.member_epoch, got.assignment) == (1, ())
    got = desk.beat("m1", 1, topic_partitions=())
    assert (got.member_epoch, got.assignment) == (2, (TopicPartition("bills", 0),))


def test_the_states_of_a_group():
    desk = ConsumerDesk()
    assert desk.group.state == "Empty"
    desk.join("m1")
    assert desk.group.state == "Stable"
    desk.join("m2")
    assert desk.group.state == "Reconciling"
    desk.beat("m2", -1)
    assert desk.group.state == "Assigning"
    desk.beat("m1", -1)
    assert desk.group.state == "Empty"


def test_each_new_epoch_is_told_with_its_reason():
    desk = two_members()
    desk.beat("m1", -1)
    told = [(one.group_epoch, one.reason) for one in desk.told(facts.ConsumerGroupChanged) if one.reason]
    assert told == [(1, "m1 joins"), (2, "m2 joins"), (3, "m1 leaves")]


# --- what is refused ------------------------------------------------------------------------------

JOINS: dict[str, Any] = {"rebalance_timeout_ms": 60_000, "subscribed_topic_names": ("orders",)}


@pytest.mark.parametrize(
    ("epoch", "said"),
    [
        (0, {**JOINS, "rebalance_timeout_ms": -1}),
        (0, {**JOINS, "subscribed_topic_names": None}),
        (0, {**JOINS, "topic_partitions": orders(0)}),
        (0, {**JOINS, "instance_id": ""}),
        (-2, {}),
        (-3, {}),
    ],
)
def test_a_request_that_contradicts_itself_is_invalid(epoch: int, said: dict[str, Any]):
    assert ConsumerDesk().beat("m1", epoch, **said).error_code is ErrorCode.INVALID_REQUEST


def test_a_request_without_a_member_id_is_invalid():
    assert ConsumerDesk().beat("", 0, **JOINS).error_code is ErrorCode.INVALID_REQUEST


def test_a_group_that_nobody_has_joined_is_not_found():
    assert ConsumerDesk().beat("m1", 1, exists=False).error_code is ErrorCode.GROUP_ID_NOT_FOUND


def test_a_full_group_takes_nobody_of_the_consumer_protocol():
    desk = ConsumerDesk(group_consumer_max_size=1)
    assert desk.join("m1").error_code is ErrorCode.NONE
    assert desk.join("m2").error_code is ErrorCode.GROUP_MAX_SIZE_REACHED


def test_an_assignor_that_the_broker_does_not_offer_is_unsupported():
    desk = ConsumerDesk(group_consumer_assignors="uniform")
    assert desk.join("m1", server_assignor="range").error_code is ErrorCode.UNSUPPORTED_ASSIGNOR
    assert desk.join("m1", server_assignor="uniform").error_code is ErrorCode.NONE


def test_a_pattern_that_is_none_is_refused():
    error = ConsumerDesk().join("m1", subscribed_topic_regex="ord(").error_code
    assert error is ErrorCode.INVALID_REGULAR_EXPRESSION


@pytest.mark.parametrize(
    "wrong",
    [
        {"group_consumer_assignors": "sticky"},
        {"group_consumer_session_timeout_ms": 44_999},
        {"group_consumer_heartbeat_interval_ms": 4_999},
        {"group_consumer_session_timeout_ms": 60_001},
    ],
)
def test_what_the_server_dictates_has_bounds(wrong: dict[str, object]):
    with pytest.raises(InvalidConfig, match=r"group\.consumer\."):
        BrokerConfig(settings(**wrong))


def test_every_assignor_that_can_be_named_is_there():
    assert tuple(SERVER_ASSIGNORS) == NAMES


# --- patterns -------------------------------------------------------------------------------------


def test_a_pattern_finds_topics_that_are_made_later():
    desk = ConsumerDesk({"orders": 1, "bills": 1})
    got = desk.join("m1", subscribed_topic_names=None, subscribed_topic_regex="or.*")
    assert got.assignment == orders(0)
    desk.counts = {**desk.counts, "orbits": 1}
    assert desk.beat("m1", 1).assignment == (*orders(0), TopicPartition("orbits", 0))


# --- static members -------------------------------------------------------------------------------


def test_a_static_member_that_will_be_back_keeps_its_place_without_a_new_epoch():
    desk = ConsumerDesk()
    desk.join("m1", instance_id="till-1")
    desk.join("m2", instance_id="till-2")
    desk.beat("m1", 1)
    desk.beat("m1", 1, topic_partitions=orders(0))
    desk.beat("m2", 2)
    left = desk.beat("m2", -2, instance_id="till-2")
    assert (left.error_code, left.member_epoch) == (ErrorCode.NONE, -2)
    assert desk.beat("m1", 2).assignment is None
    back = desk.join("m2b", instance_id="till-2")
    assert (back.member_epoch, back.assignment) == (2, orders(1))
    assert desk.group.epoch == 2
    assert desk.beat("m2", 2, instance_id="till-2").error_code is ErrorCode.FENCED_INSTANCE_ID


def test_a_static_member_that_is_not_back_within_its_session_is_out():
    desk = ConsumerDesk()
    desk.join("m1", instance_id="till-1")
    desk.beat("m1", -2, instance_id="till-1")
    desk.wait(45_000)
    assert (desk.group.state, desk.group.epoch) == ("Empty", 2)


def test_an_instance_id_in_use_is_not_given_to_another():
    desk = ConsumerDesk()
    desk.join("m1", instance_id="till-1")
    assert desk.join("m2", instance_id="till-1").error_code is ErrorCode.UNRELEASED_INSTANCE_ID
    assert desk.beat("m2", 1, instance_id="till-1").error_code is ErrorCode.FENCED_INSTANCE_ID
    assert desk.beat("m2", -1, instance_id="till-1").error_code is ErrorCode.FENCED_INSTANCE_ID


def test_a_static_member_may_leave_for_good():
    desk = ConsumerDesk()
    desk.join("m1", instance_id="till-1")
    assert desk.beat("m1", -1, instance_id="till-1").member_epoch == -1
    assert desk.group.members == {}


# --- expiry ---------------------------------------------------------------------------------------

WEEK_MS = 7 * 86_400_000


def test_spec_04_18_offsets_of_topics_that_nobody_reads_expire_with_the_age_of_their_commit():
    desk = ConsumerDesk({"orders": 1, "bills": 1})
    desk.join("m1")
    for topic, age_ms in (("orders", WEEK_MS), ("bills", WEEK_MS)):
        partition = TopicPartition(topic, 0)
        desk.group.offsets[partition] = CommittedOffset(7)
        desk.group.committed_ms[partition] = 1_000 - age_ms
    assert expired_offsets(desk.group, 999, WEEK_MS) == ()
    assert expired_offsets(desk.group, 1_000, WEEK_MS) == (TopicPartition("bills", 0),)
    desk.beat("m1", -1)
    assert len(expired_offsets(desk.group, 1_000, WEEK_MS)) == 2


def test_a_member_that_moves_to_another_host_says_so_with_its_next_heartbeat():
    desk = ConsumerDesk()
    assert desk.join("ann").member_epoch == 1
    assert desk.group.members["ann"].client_host == "/ann"
    written = len(desk.written)
    assert desk.beat("ann", 1, host="/elsewhere").member_epoch == 1, "nobody rebalances for that"
    assert desk.successor.members["ann"].client_host == "/elsewhere"
    desk.beat("ann", 1, host="/elsewhere")
    assert len(desk.written) == written + 1, "the log is told once"
