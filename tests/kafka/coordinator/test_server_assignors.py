"""Assignors of the coordinator (spec 4.6): range and uniform."""

from lab.kafka.coordinator.assignors import SERVER_ASSIGNORS
from lab.kafka.coordinator.consumer_group import ConsumerMember, Partitions
from lab.kafka.protocol.topics import TopicPartition


def member(name: str, *topics: str, instance: str | None = None) -> ConsumerMember:
    return ConsumerMember(name, instance_id=instance, topics=topics or ("a",))


def shown(found: dict[str, Partitions]) -> dict[str, str]:
    """`a0 a1` for a member's partitions."""
    return {name: " ".join(f"{one.topic}{one.partition}" for one in mine) for name, mine in found.items()}


def assigned(name: str, *members: ConsumerMember, before: dict[str, str] | None = None, **counts: int):
    had = {
        who: tuple(TopicPartition(one[0], int(one[1:])) for one in mine.split()) for who, mine in (before or {}).items()
    }
    return shown(SERVER_ASSIGNORS[name](members, had, counts))


def test_range_cuts_topics_alike():
    found = assigned("range", member("m1", "a", "b"), member("m2", "a", "b"), a=3, b=3)
    assert found == {"m1": "a0 a1 b0 b1", "m2": "a2 b2"}


def test_range_puts_static_members_first_by_their_instance_id():
    found = assigned("range", member("m1"), member("m2", instance="z"), member("m3", instance="b"), a=3)
    assert found == {"m1": "a2", "m2": "a1", "m3": "a0"}


def test_uniform_deals_equal_shares():
    found = assigned("uniform", member("m1", "a", "b"), member("m2", "a", "b"), member("m3", "a", "b"), a=4, b=4)
    assert sorted(len(mine.split()) for mine in found.values()) == [2, 3, 3]


def test_uniform_moves_no_more_than_balance_asks_for():
    found = assigned(
        "uniform", member("m1"), member("m2"), member("m3"), before={"m1": "a0 a1 a2", "m2": "a3 a4 a5"}, a=6
    )
    assert found == {"m1": "a0 a1", "m2": "a3 a4", "m3": "a2 a5"}


def test_uniform_keeps_who_has_one_more_where_somebody_must():
    found = assigned("uniform", member("m1"), member("m2"), before={"m1": "a0", "m2": "a1 a2"}, a=3)
    assert found == {"m1": "a0", "m2": "a1 a2"}


def test_uniform_gives_what_one_who_left_had_to_those_who_stay():
    found = assigned("uniform", member("m1"), member("m2"), before={"m1": "a0 a3", "m2": "a1 a4", "m3": "a2 a5"}, a=6)
    assert found == {"m1": "a0 a2 a3", "m2": "a1 a4 a5"}


def test_uniform_balances_members_with_different_wishes():
    found = assigned("uniform", member("m1", "a", "b"), member("m2", "b"), before={"m1": "a0 b0 b1 b2"}, a=1, b=3)
    assert found == {"m1": "a0 b2", "m2": "b0 b1"}


def test_uniform_gives_nobody_what_it_does_not_want():
    found = assigned("uniform", member("m1", "a"), member("m2", "b"), before={"m1": "b0"}, a=2, b=1)
    assert found == {"m1": "a0 a1", "m2": "b0"}
