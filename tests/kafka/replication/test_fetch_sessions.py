"""Fetch sessions: an asker says what has changed, and is told what has changed (KIP-227, spec 2.12)."""

from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart, Thaw
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec
from lab.env import seconds
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.fetch_session import FetchSession
from lab.kafka.broker.partition import UNKNOWN
from lab.kafka.broker.session_cache import UNUSED_AFTER
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest, FetchResponse
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.fetch_session import FetchSessionHandler
from lab.world.world import World
from tests.story import ORDERS, Story, batch, orders, settings

FIRST, SECOND = TopicPartition("orders", 0), TopicPartition("orders", 1)


class Asker:
    """A consumer that does by hand what a client's session handler does."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.session_id = 0
        self.epoch = 0

    def fetch(
        self, asked: dict[TopicPartition, int], *, forgotten: tuple[TopicPartition, ...] = (), epoch: int | None = None
    ) -> FetchResponse:
        wanted = {name: FetchPartition(offset, 1 << 20) for name, offset in asked.items()}
        request = FetchRequest(
            -1, 0, 1, 1 << 20, wanted, session_id=self.session_id,
            session_epoch=self.epoch if epoch is None else epoch, forgotten=forgotten,
        )  # fmt: skip
        answer: FetchResponse = self.story.ask("broker-1", request)
        self.session_id = answer.session_id
        self.epoch += 1
        return answer


def alone(partitions: int = 2, **config: Any) -> Story:
    return Story(brokers=1, topics=orders(partitions, 1), broker_config=settings(**config))


def store(story: Story, partition: TopicPartition, *values: str) -> None:
    story.ask("broker-1", ProduceRequest(-1, 30_000, {partition: batch(*values)}))


def test_an_increment_names_nothing_and_is_told_of_the_partition_that_has_something():
    story = alone()
    asker = Asker(story)
    assert [one.records for one in asker.fetch({FIRST: 0, SECOND: 0}).responses.values()] == [(), ()], "a full answer"
    assert asker.session_id > 0
    assert asker.fetch({}).responses == {}
    store(story, SECOND, "a")
    assert list(asker.fetch({}).responses) == [SECOND]
    assert list(asker.fetch({}).responses) == [SECOND], "whoever does not move on is given the same again"
    assert asker.fetch({SECOND: 1}).responses == {}


def test_what_is_forgotten_is_not_told_any_more_and_may_come_back():
    story = alone()
    asker = Asker(story)
    asker.fetch({FIRST: 0, SECOND: 0})
    asker.fetch({}, forgotten=(FIRST,))
    store(story, FIRST, "a")
    assert asker.fetch({}).responses == {}
    assert list(asker.fetch({FIRST: 0}).responses) == [FIRST]


def test_partitions_with_data_take_turns_when_one_answer_does_not_hold_all():
    story = alone()
    for name in (FIRST, SECOND):
        for _ in range(2):
            store(story, name, "x" * 600)
    wanted = {name: FetchPartition(0, 700) for name in (FIRST, SECOND)}
    first = story.ask("broker-1", FetchRequest(-1, 0, 1, 700, wanted, session_epoch=0))
    assert [name for name, one in first.responses.items() if one.records] == [FIRST]
    moved = {FIRST: FetchPartition(1, 700)}
    second = story.ask("broker-1", FetchRequest(-1, 0, 1, 700, moved, session_id=first.session_id, session_epoch=1))
    assert list(second.responses) == [SECOND]


def test_a_wrong_epoch_and_an_unknown_session_are_refused_and_a_client_begins_anew():
    story = alone()
    asker = Asker(story)
    asker.fetch({FIRST: 0})
    number = asker.session_id
    assert asker.fetch({}, epoch=7).error_code is ErrorCode.INVALID_FETCH_SESSION_EPOCH
    asker.session_id = number + 1
    refused = asker.fetch({}, epoch=1)
    assert refused.error_code is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    handler = FetchSessionHandler()
    handler.changed({FIRST: FetchPartition(0, 1)})
    handler.answered(FetchResponse({}, session_id=5))
    assert not handler.changed({FIRST: FetchPartition(0, 1)})
    assert not handler.answered(refused)
    assert list(handler.changed({})) == [FIRST]
    assert (handler.session_id, handler.epoch) == (0, 0)


def test_a_new_session_closes_the_old_one_and_a_final_epoch_keeps_none():
    story = alone()
    asker = Asker(story)
    asker.fetch({FIRST: 0})
    first = asker.session_id
    asker.fetch({FIRST: 0}, epoch=0)
    assert list(story.broker(1).sessions.sessions) == [asker.session_id] != [first]
    assert asker.fetch({FIRST: 0}, epoch=-1).session_id == 0
    assert not story.broker(1).sessions.sessions
    assert not story.replica(1, FIRST).watchers


def test_a_full_cache_declines_until_a_session_has_been_unused_for_two_minutes():
    story = alone(max_incremental_fetch_session_cache_slots=1)
    assert Asker(story).fetch({FIRST: 0}).session_id
    other = Asker(story)
    assert other.fetch({FIRST: 0}).session_id == 0
    assert Asker(story).fetch({FIRST: 0, SECOND: 0}).session_id, "a larger one goes before a smaller"
    story.run(UNUSED_AFTER / 1_000_000 + 1)
    assert other.fetch({FIRST: 0}, epoch=0).session_id


def test_a_follower_takes_the_place_of_a_consumer():
    story = alone(max_incremental_fetch_session_cache_slots=1)
    asker = Asker(story)
    asker.fetch({FIRST: 0, SECOND: 0})
    follower = FetchRequest(2, 0, 1, 1 << 20, {FIRST: FetchPartition(0, 1 << 20)}, session_epoch=0)
    assert story.ask("broker-1", follower).session_id
    assert asker.fetch({}).error_code is ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_a_follower_with_nothing_new_to_say_comes_back_into_the_isr():
    story = Story(topics=orders())
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: batch("a")}))
    story.run(2)
    story.act(Freeze("broker-3"))
    story.until(lambda: 3 not in story.state().isr)
    story.act(Thaw("broker-3"))
    story.until(lambda: 3 in story.state().isr)


def test_followers_of_a_quiet_log_that_is_written_again_are_not_thought_to_lag():
    story = Story(topics=orders(), broker_config=settings(replica_lag_time_max_ms=3_000))
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: batch("a")}))
    story.run(60)
    leader = story.replica(1)
    story.send("broker-1", ProduceRequest(1, 30_000, {ORDERS: batch("b")}))
    while leader.log.log_end_offset == 1:
        story.world.run_until(story.world.now + 1_000_000, 1)
    assert [one.log_end_offset for one in leader.remotes.values()] == [1, 1], "they have not been told yet"
    assert leader.lagging(story.world.now) == (), "they asked for it a moment ago, without naming it again"


def untold(world: World) -> list[tuple[str, TopicPartition]]:
    """Partitions that a session does not look at although there is something to say of them."""
    found: list[tuple[str, TopicPartition]] = []
    for name, host in world.hosts.items():
        broker = host.node
        if isinstance(broker, Broker):
            for session in broker.sessions.sessions.values():
                found += [(name, one) for one in session.request.partitions if overlooked(broker, session, one)]
    return found


def overlooked(broker: Broker, session: FetchSession, name: TopicPartition) -> bool:
    if name in session.stale:
        return False
    partition = broker.partitions.get(name)
    if partition is None or session.session_id not in partition.watchers:
        return True
    asked = session.request.partitions[name]
    end = broker.fetching._readable_to(partition, session.request)
    if asked.fetch_offset != end or not broker.fetching.agreed(partition, asked):
        return True
    remote = partition.remotes.get(session.request.replica_id)
    # Whose connection is gone will begin another session.
    return remote is not None and remote.told_high_watermark not in (UNKNOWN, partition.log.high_watermark)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_a_session_does_not_look_at_has_nothing_to_say(seed: int):
    spec = ClusterSpec(
        seed=seed, brokers=3, topics=orders(4),
        producers=(ProducerSpec("web", "orders", 40), ProducerSpec("shop", "orders", 7)),
        consumers=tuple(ConsumerSpec(f"c-{one}", "pay", ("orders",)) for one in range(2)),
    )  # fmt: skip
    session = Session(spec)
    deeds = {3: Crash("broker-2"), 9: Restart("broker-2"), 14: Freeze("broker-3"), 30: Thaw("broker-3")}
    for second in range(40):
        if second in deeds:
            session.post(deeds[second])
        for _ in range(20):
            session.run_for(seconds(1) // 20)
            assert not untold(session.world)
    assert not session.violation
