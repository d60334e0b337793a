"""How a member stays in its group, leaves it and comes back (spec 6.8)."""

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.consumer.shop import commits, events, go_on, hang, refusals, stock, write
from tests.story import Story, orders, settings

SHORT = {"auto_offset_reset": "earliest", "session_timeout_ms": 6_000, "heartbeat_interval_ms": 1_500}


def two(**config: object) -> Story:
    """Two members with a partition each, and ten records in each partition."""
    story = stock(10, 2, topics=orders(2))
    for name in ("a", "b"):
        story.consumer(name, config=settings(**{**SHORT, **config}))
    story.run(10)
    assert story.owned("a", "b") == {"a": [0], "b": [1]}
    return story


def left(story: Story, member: str) -> list[str]:
    return [one.reason for one in story.told(facts.LeftGroup) if one.member == member]


# --- heartbeats -----------------------------------------------------------------------------------


def test_heartbeats_have_a_thread_of_their_own():
    story = stock(2, topics=orders())
    story.consumer("a", work_us=60_000_000, config=settings(**SHORT))
    story.run(100)
    assert story.done() == [0]
    assert story.group().generation == 1
    assert list(story.group().members) == [story.app("a").membership.member_id]


def test_an_application_that_hangs_is_a_member_until_max_poll_interval_ms():
    story = two(max_poll_interval_ms=20_000)
    hang(story, "b")
    story.run(19)
    assert story.group().state == "Stable"
    story.run(3)
    assert left(story, "b") == ["max.poll.interval.ms exceeded"]
    assert story.owned("a") == {"a": [0, 1]}
    assert events(story, "b") == [("assigned", [1])], "its listener is called inside poll()"


def test_spec_06_17_work_longer_than_max_poll_interval_ms_loses_the_partitions_and_the_commit():
    story = stock(3, topics=orders())
    config = settings(**SHORT, max_poll_interval_ms=10_000, max_poll_records=1)
    story.consumer("a", work_us=15_000_000, commit="sync", config=config)
    story.run(5)
    story.consumer("b", commit="sync", config=settings(**SHORT))
    story.run(11)
    assert left(story, "a") == ["max.poll.interval.ms exceeded"]
    assert story.owned("b") == {"b": [0]}
    story.run(4)
    assert refusals(story, "a") == ["UNKNOWN_MEMBER_ID"]
    assert commits(story, "a") == []
    assert ("lost", [0]) in events(story, "a")
    assert story.ledger.group("pay").duplicates == 1, "what `a` had done was not committed"


def test_a_member_that_polls_again_comes_back():
    story = two(max_poll_interval_ms=10_000)
    hang(story, "b")
    story.run(20)
    go_on(story, "b")
    story.run(5)
    assert story.owned("a", "b") == {"a": [0], "b": [1]}
    assert events(story, "b") == [("assigned", [1]), ("lost", [1]), ("assigned", [1])]


def test_spec_04_07_a_member_that_is_dead_is_out_after_its_session():
    story = two()
    story.act(Crash("b"))
    took = story.until(lambda: story.group().state == "PreparingRebalance")
    assert 4_500 <= took <= 6_001
    story.run(2)
    assert story.owned("a") == {"a": [0, 1]}


def test_a_frozen_member_is_out_and_learns_of_it_when_it_thaws():
    story = two()
    story.act(Freeze("b"))
    story.run(10)
    assert story.owned("a") == {"a": [0, 1]}
    story.act(Thaw("b"))
    story.run(5)
    assert events(story, "b") == [("assigned", [1]), ("lost", [1]), ("assigned", [1])]
    assert story.owned("a", "b") == {"a": [0], "b": [1]}


def test_a_coordinator_that_is_not_heard_for_a_session_is_looked_for_again():
    story = two()
    host = f"broker-{story.coordinator()}"
    story.act(CutLink(host, "b", one_way=True))
    took = story.until(lambda: story.app("b").membership.coordinator is None, limit_s=10)
    assert took > 6_000
    assert story.group().state == "Stable", "the coordinator hears its heartbeats"
    story.act(HealLink(host, "b"))
    story.run(5)
    assert story.app("b").membership.coordinator is not None
    assert [len(events(story, name)) for name in "ab"] == [1, 1]


# --- leaving --------------------------------------------------------------------------------------


def test_spec_06_08_close_commits_and_leaves():
    story = two(auto_commit_interval_ms=600_000)
    story.act(Stop("a"))
    assert story.until(lambda: story.world.hosts["a"].state == "down") <= 30
    assert story.group().state == "PreparingRebalance"
    assert commits(story, "a") == [10]
    assert left(story, "a") == ["closed"]
    story.run(3)
    assert story.owned("b") == {"b": [0, 1]}


# --- static membership ----------------------------------------------------------------------------


def static(**config: object) -> Story:
    story = stock(10, 2, topics=orders(2))
    for name in ("a", "b"):
        story.consumer(name, config=settings(**{**SHORT, "group_instance_id": name, **config}))
    story.run(10)
    assert story.owned("a", "b") == {"a": [0], "b": [1]}
    return story


def test_spec_04_11_a_static_member_that_restarts_in_time_has_its_partitions_again_without_a_rebalance():
    story = static()
    for name in ("a", "b"):
        old = story.app(name).membership.member_id
        story.act(Crash(name))
        story.run(2)
        story.act(Restart(name))
        story.run(2)
        assert story.app(name).membership.member_id != old
    assert story.owned("a", "b") == {"a": [0], "b": [1]}
    assert story.group().generation == 1


def test_spec_04_12_a_static_member_that_closes_does_not_leave():
    story = static()
    story.act(Stop("b"))
    story.run(4)
    assert story.world.hosts["b"].state == "down"
    assert (story.group().state, story.owned("a")) == ("Stable", {"a": [0]})
    write(story, 1, TopicPartition("orders", 1))
    story.run(5)
    assert story.owned("a") == {"a": [0, 1]}, "its session was over"


def test_a_static_member_that_hangs_falls_silent_and_comes_back_in_its_own_place():
    story = static(session_timeout_ms=60_000, max_poll_interval_ms=10_000)
    for name, number in (("a", 0), ("b", 1)):
        hang(story, name)
        story.run(30)
        assert story.group().state == "Stable", "it does not leave; it only sends no more heartbeats"
        go_on(story, name)
        story.run(3)
        assert events(story, name) == [("assigned", [number]), ("lost", [number]), ("assigned", [number])]
    assert story.group().generation == 1, "not even for the leader"


def test_a_static_member_that_hangs_longer_than_its_session_loses_its_partitions():
    story = static(max_poll_interval_ms=10_000)
    hang(story, "b")
    story.run(20)
    assert story.owned("a") == {"a": [0, 1]}
    go_on(story, "b")
    story.run(5)
    assert story.owned("a", "b") == {"a": [0], "b": [1]}
