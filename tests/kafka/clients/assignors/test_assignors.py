"""The assignors on Kafka's own examples, and what each of them always promises (spec 4.5)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.kafka.clients.assignors import ASSIGNORS
from lab.kafka.clients.assignors.subscription import Assignment, encode_memory
from lab.kafka.protocol.consumer_protocol import (
    Subscription,
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from lab.kafka.protocol.topics import TopicPartition

FEW = settings(max_examples=60, deadline=None, derandomize=True)


def member(name: str, *topics: str, **how: object) -> Subscription:
    return replace(Subscription(name, topics), **how)  # type: ignore[arg-type]


def parts(*names: str) -> tuple[TopicPartition, ...]:
    """`a0` is partition 0 of topic a."""
    return tuple(TopicPartition(name[0], int(name[1:])) for name in names)


def plan(assignor: str, members: Sequence[Subscription], **counts: int) -> dict[str, list[str]]:
    found = ASSIGNORS[assignor](members, counts)
    return {name: [f"{one.topic}{one.partition}" for one in mine] for name, mine in found.items()}


def owning(name: str, *owned: str, topics: tuple[str, ...] = ("a",), generation: int = 1) -> Subscription:
    """A member that had these, as both sticky assignors hear it."""
    memory = encode_memory(parts(*owned), generation)
    return Subscription(name, topics, parts(*owned), generation, user_data=memory)


# --- examples -------------------------------------------------------------------------------------


def test_spec_04_14_range_gives_the_first_member_more_of_each_topic():
    both = [member("m1", "a", "b"), member("m2", "a", "b")]
    assert plan("range", both, a=3, b=3) == {"m1": ["a0", "a1", "b0", "b1"], "m2": ["a2", "b2"]}


def test_spec_04_14_roundrobin_deals_all_partitions_in_turn():
    both = [member("m1", "a", "b"), member("m2", "a", "b")]
    assert plan("roundrobin", both, a=3, b=3) == {"m1": ["a0", "a2", "b1"], "m2": ["a1", "b0", "b2"]}


def test_roundrobin_passes_over_who_does_not_want_a_topic():
    """The example of RoundRobinAssignor's own documentation."""
    members = [member("C0", "a"), member("C1", "a", "b"), member("C2", "a", "b", "c")]
    assert plan("roundrobin", members, a=1, b=2, c=3) == {"C0": ["a0"], "C1": ["b0"], "C2": ["b1", "c0", "c1", "c2"]}


def test_sticky_balances_where_roundrobin_cannot():
    """The same example in StickyAssignor's documentation: C1 gets both of b."""
    members = [member("C0", "a"), member("C1", "a", "b"), member("C2", "a", "b", "c")]
    assert plan("sticky", members, a=1, b=2, c=3) == {"C0": ["a0"], "C1": ["b0", "b1"], "C2": ["c0", "c1", "c2"]}


def test_sticky_keeps_all_that_survivors_have_when_a_member_leaves():
    """StickyAssignor's first example: four topics of two partitions, and C1 of three leaves."""
    first = plan("sticky", [member(name, "a", "b", "c", "d") for name in ("C0", "C1", "C2")], a=2, b=2, c=2, d=2)
    assert first == {"C0": ["a0", "b1", "d0"], "C1": ["a1", "c0", "d1"], "C2": ["b0", "c1"]}
    left = [owning(name, *first[name], topics=("a", "b", "c", "d")) for name in ("C0", "C2")]
    second = plan("sticky", left, a=2, b=2, c=2, d=2)
    assert second == {"C0": ["a0", "a1", "b1", "d0"], "C2": ["b0", "c0", "c1", "d1"]}


def test_sticky_keeps_a_quota_in_partition_order_and_deals_the_rest_in_turn():
    members = [owning("A", "a0", "a1", "a2"), owning("B", "a3"), owning("C")]
    assert plan("sticky", members, a=6) == {"A": ["a0", "a1"], "B": ["a2", "a3"], "C": ["a4", "a5"]}


def test_sticky_lets_one_member_keep_the_odd_one():
    assert plan("sticky", [owning("A", "a0"), owning("B", "a1", "a2")], a=3) == {"A": ["a0"], "B": ["a1", "a2"]}
    assert plan("sticky", [owning("A"), owning("B", "a0", "a1", "a2")], a=3) == {"A": ["a2"], "B": ["a0", "a1"]}


def test_more_members_than_partitions_leave_some_with_nothing():
    members = [member(name, "a") for name in ("A", "B", "C")]
    for assignor in ASSIGNORS:
        assert plan(assignor, members, a=2) == {"A": ["a0"], "B": ["a1"], "C": []}
    keeping = [owning("A"), owning("B", "a1"), owning("C", "a0")]
    assert plan("sticky", keeping, a=2) == {"A": [], "B": ["a1"], "C": ["a0"]}


def test_static_members_come_first_in_the_order_of_their_instance_ids():
    members = [
        member("m1", "a"),
        member("m2", "a", group_instance_id="z"),
        member("m3", "a", group_instance_id="y"),
    ]
    assert plan("range", members, a=3) == {"m3": ["a0"], "m2": ["a1"], "m1": ["a2"]}
    assert plan("roundrobin", members, a=3) == {"m3": ["a0"], "m2": ["a1"], "m1": ["a2"]}


def test_spec_04_15_cooperative_gives_over_only_what_nobody_owns_any_more():
    owner = owning("m1", "a0", "a1", "a2", "a3")
    first = plan("cooperative-sticky", [owner, member("m2", "a")], a=4)
    assert first == {"m1": ["a0", "a1"], "m2": []}
    second = plan("cooperative-sticky", [owning("m1", "a0", "a1", generation=2), owning("m2", generation=2)], a=4)
    assert second == {"m1": ["a0", "a1"], "m2": ["a2", "a3"]}


def test_of_two_claims_the_newer_generation_wins():
    members = [owning("m1", "a0", "a1", generation=3), owning("m2", "a0", "a2", generation=2)]
    assert plan("sticky", members, a=4) == {"m1": ["a0", "a1"], "m2": ["a2", "a3"]}


def test_equal_claims_both_lose_and_cooperative_gives_the_partition_to_nobody_yet():
    members = [owning("m1", "a0", "a1"), owning("m2", "a1", "a2")]
    assert plan("sticky", members, a=4) == {"m1": ["a0", "a1"], "m2": ["a2", "a3"]}
    assert plan("cooperative-sticky", members, a=4) == {"m1": ["a0"], "m2": ["a2", "a3"]}


def test_sticky_hears_only_its_user_data_for_it_has_given_all_up_before_it_joins():
    eager = replace(owning("m1", "a3"), owned=())
    assert plan("sticky", [eager, member("m0", "a")], a=4)["m1"] == ["a1", "a3"]
    forgetful = replace(eager, user_data=None)
    assert plan("sticky", [forgetful, member("m0", "a")], a=4)["m1"] == ["a1", "a3"]
    assert plan("sticky", [replace(owning("m1", "a0"), owned=()), member("m0", "a")], a=2)["m1"] == ["a0"]


def test_a_topic_that_is_gone_is_forgotten():
    members = [owning("m1", "a0", "b0", topics=("a", "b")), owning("m2", "a1", topics=("a", "b"))]
    assert plan("sticky", members, a=2) == {"m1": ["a0"], "m2": ["a1"]}


# --- bytes ----------------------------------------------------------------------------------------


def test_a_subscription_is_what_java_writes():
    one = Subscription("m", ("orders",), parts("a0"), 5)
    assert encode_subscription(one) == (
        b"\x00\x03\x00\x00\x00\x01\x00\x06orders\xff\xff\xff\xff"
        b"\x00\x00\x00\x01\x00\x01a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05\xff\xff"
    )  # fmt: skip
    assert encode_assignment(parts("a0", "a2")) == (
        b"\x00\x03\x00\x00\x00\x01\x00\x01a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x02\xff\xff\xff\xff"
    )  # fmt: skip


# --- always ---------------------------------------------------------------------------------------

TOPICS = ("a", "b", "c")


@st.composite
def groups(draw: st.DrawFn, *, equal: bool = False) -> tuple[list[Subscription], dict[str, int]]:
    counts = {topic: draw(st.integers(0, 7)) for topic in TOPICS}
    number = draw(st.integers(1, 6))
    members: list[Subscription] = []
    for index in range(number):
        topics = TOPICS if equal else tuple(draw(st.sets(st.sampled_from(TOPICS), min_size=1)))
        everything = [TopicPartition(topic, at) for topic in TOPICS for at in range(8)]
        owned = tuple(draw(st.lists(st.sampled_from(everything), max_size=6, unique=True)))
        generation = draw(st.integers(1, 3))
        memory = encode_memory(owned, generation)
        members.append(Subscription(f"m{index}", tuple(sorted(topics)), owned, generation, user_data=memory))
    return members, counts


def wanted_partitions(members: list[Subscription], counts: dict[str, int]) -> list[TopicPartition]:
    return [
        TopicPartition(topic, at) for topic, count in counts.items() for at in range(count)
        if any(topic in one.topics for one in members)
    ]  # fmt: skip


def agreed(assignor: str, members: list[Subscription], counts: dict[str, int]) -> Assignment:
    return ASSIGNORS[assignor](members, counts)


@FEW
@given(group=groups())
@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky"])
def test_every_wanted_partition_has_one_owner_who_wants_it(
    assignor: str, group: tuple[list[Subscription], dict[str, int]]
):
    members, counts = group
    found = agreed(assignor, members, counts)
    assert sorted(one for mine in found.values() for one in mine) == sorted(wanted_partitions(members, counts))
    topics = {one.member_id: one.topics for one in members}
    assert all(one.topic in topics[name] for name, mine in found.items() for one in mine)
    assert sorted(found) == sorted(topics)


@FEW
@given(group=groups(equal=True))
@pytest.mark.parametrize("assignor", ["roundrobin", "sticky"])
def test_equal_subscriptions_are_balanced_to_one(assignor: str, group: tuple[list[Subscription], dict[str, int]]):
    sizes = [len(mine) for mine in agreed(assignor, *group).values()]
    assert max(sizes) - min(sizes) <= 1


@FEW
@given(group=groups())
def test_sticky_leaves_no_partition_with_a_member_that_has_two_more_than_another_who_wants_it(
    group: tuple[list[Subscription], dict[str, int]],
):
    members, counts = group
    found = agreed("sticky", members, counts)
    for mine in found.values():
        for one in mine:
            for poor in members:
                if one.topic in poor.topics:
                    assert len(mine) <= len(found[poor.member_id]) + 1


@FEW
@given(group=groups(equal=True))
def test_sticky_moves_nothing_when_nothing_has_changed(group: tuple[list[Subscription], dict[str, int]]):
    members, counts = group
    first = agreed("sticky", members, counts)
    again = [
        replace(one, user_data=encode_memory(first[one.member_id], 9), owned=(), generation=9) for one in members
    ]  # fmt: skip
    assert agreed("sticky", again, counts) == first


@FEW
@given(group=groups(equal=True))
def test_sticky_moves_from_survivors_nothing_when_a_member_leaves(group: tuple[list[Subscription], dict[str, int]]):
    members, counts = group
    if len(members) < 2:
        return
    first = agreed("sticky", members, counts)
    left = [replace(one, user_data=encode_memory(first[one.member_id], 9)) for one in members[1:]]
    second = agreed("sticky", left, counts)
    for one in left:
        assert set(first[one.member_id]) <= set(second[one.member_id])


@FEW
@given(group=groups(equal=True))
def test_cooperative_needs_at_most_one_more_rebalance_and_never_stops_what_stays(
    group: tuple[list[Subscription], dict[str, int]],
):
    members, counts = group
    eager = agreed("sticky", members, counts)
    first = agreed("cooperative-sticky", members, counts)
    for one in members:
        assert set(first[one.member_id]) <= set(eager[one.member_id])
        claimed_by_others = {part for other in members if other is not one for part in other.owned}
        given_anew = set(first[one.member_id]) - set(one.owned)
        assert not given_anew & claimed_by_others, "nothing is handed over while another may still read it"
    kept = [replace(one, owned=tuple(first[one.member_id]), generation=9) for one in members]
    second = agreed("cooperative-sticky", kept, counts)
    assert sorted(part for mine in second.values() for part in mine) == sorted(wanted_partitions(members, counts))
    for one in members:
        assert set(first[one.member_id]) <= set(second[one.member_id]), "who keeps a partition never stops reading it"


@FEW
@given(group=groups(), instance=st.none() | st.just("one"))
def test_what_members_say_of_themselves_survives_the_wire(
    group: tuple[list[Subscription], dict[str, int]], instance: str | None
):
    for one in group[0]:
        found = decode_subscription(encode_subscription(one), one.member_id, instance)
        assert found == replace(one, group_instance_id=instance, owned=found.owned)
        assert sorted(found.owned) == sorted(one.owned)
        assert sorted(decode_assignment(encode_assignment(one.owned))) == sorted(one.owned)
