"""Logs that went different ways become one again, and old epochs are turned away (spec 2.3)."""

import pytest

from lab.cluster.actions.machines import Crash, PowerOff, Restart
from lab.cluster.actions.network import Isolate, Rejoin
from lab.cluster.actions.topics import ElectLeader
from lab.kafka import facts
from lab.kafka.broker.replica_fetcher import truncation_point
from lab.kafka.log.leader_epochs import LeaderEpochCache
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchedPartition, FetchPartition, FetchRequest
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import RecordBatch
from tests.story import ORDERS, Story, batch, orders


def log_of(story: Story, broker_id: int) -> tuple[bytes, ...]:
    log = story.replica(broker_id).log
    batches = log.read(log.log_start_offset, 1 << 30, log.log_end_offset)
    assert isinstance(batches, tuple)
    return tuple(one.data for one in batches)


def fetch(story: Story, offset: int, epoch: int = -1, last_epoch: int = -1, broker: int = 1) -> FetchedPartition | None:
    asked = FetchPartition(offset, 1 << 20, epoch, last_epoch)
    return story.ask(f"broker-{broker}", FetchRequest(-1, 0, 1, 1 << 20, {ORDERS: asked})).responses.get(ORDERS)


def acked(story: Story, broker: int, value: str, acks: int = -1) -> int:
    found = story.ask(f"broker-{broker}", ProduceRequest(acks, 30_000, {ORDERS: batch(value)})).responses[ORDERS]
    assert found.error_code is ErrorCode.NONE
    return found.base_offset


def test_spec_02_08_the_logs_of_kip_101_become_byte_for_byte_one():
    story = Story(brokers=2, topics=orders(replicas=2))
    for value in ("a", "b"):
        acked(story, 1, value)
    story.run(1)
    story.act(Isolate("broker-1"))
    acked(story, 1, "only on broker-1", acks=1)
    story.elected(2)
    assert acked(story, 2, "instead") == 2
    assert log_of(story, 1) != log_of(story, 2)
    story.act(Rejoin("broker-1"))
    story.until(lambda: story.state().isr == (2, 1) or story.state().isr == (1, 2))
    story.run(1)
    assert log_of(story, 1) == log_of(story, 2)
    (cut,) = [one for one in story.heard(facts.Truncated) if one.fact.partition == ORDERS]
    assert (cut.node, cut.fact.offset, cut.fact.log_end_offset) == ("broker-1", 2, 3)
    assert [one.leader_epoch for one in map(RecordBatch, log_of(story, 1))] == [0, 0, 1]


def test_spec_02_08_no_record_that_was_acknowledged_by_all_is_lost_in_it():
    story = Story(topics=orders(min_insync_replicas=2))
    story.producer("web", rate=50)
    story.run(2)
    story.act(Isolate("broker-1", clients=True))
    story.run(20)
    story.act(Rejoin("broker-1"))
    story.run(20)
    assert story.state().leader_id == 2
    assert log_of(story, 1) == log_of(story, 2) == log_of(story, 3)
    assert story.ledger.lost() == 0
    assert story.ledger.producers["web"].acked.count(0, 1 << 30) > 1_900


class Epochs:
    """A log that knows only where its epochs began: enough to say where to cut it."""

    def __init__(self, end: int, *entries: tuple[int, int]) -> None:
        self.entries = list(entries)
        self.log_end_offset = end
        self.high_watermark = 0

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int]:
        cache = LeaderEpochCache.__new__(LeaderEpochCache)
        cache.entries = self.entries
        return cache.end_offset_for(epoch, self.log_end_offset)

    def cut(self, offset: int) -> None:
        self.entries = [(epoch, start) for epoch, start in self.entries if start < offset]
        self.log_end_offset = offset

    @property
    def log(self) -> "Epochs":
        return self


def test_spec_02_09_a_divergence_of_several_epochs_ends_in_as_many_rounds():
    follower = Epochs(30, (0, 0), (1, 10), (3, 20))
    leader = Epochs(40, (0, 0), (2, 12), (4, 25))
    rounds = 0
    while True:
        latest = follower.entries[-1][0]
        epoch, end = leader.end_offset_for_epoch(latest)
        if epoch == latest and end >= follower.log_end_offset:
            break
        rounds += 1
        offset, _ = truncation_point(follower, epoch, end)  # type: ignore[arg-type]
        assert offset < follower.log_end_offset, "each round cuts something"
        follower.cut(offset)
    assert rounds <= 3
    assert (follower.entries, follower.log_end_offset) == ([(0, 0)], 10)


@pytest.mark.parametrize(
    ("epoch", "error"),
    [(0, ErrorCode.FENCED_LEADER_EPOCH), (2, ErrorCode.UNKNOWN_LEADER_EPOCH), (1, None), (-1, None)],
)
def test_spec_02_10_a_fetch_in_another_epoch_is_turned_away(epoch: int, error: ErrorCode | None):
    story = Story(topics=orders())
    story.act(Crash("broker-1"))
    story.elected(2)
    acked(story, 2, "one")
    found = fetch(story, 0, epoch, broker=2)
    assert found is not None
    assert found.error_code is (error or ErrorCode.NONE)
    assert len(found.records) == (error is None)


def test_spec_02_07_a_fetch_beyond_the_log_end_is_out_of_range():
    story = Story(topics=orders())
    acked(story, 1, "one")
    found = fetch(story, 2, 0)
    assert found is not None
    assert found.error_code is ErrorCode.OFFSET_OUT_OF_RANGE
    at_end = fetch(story, 1, 0)
    assert at_end is not None
    assert (at_end.error_code, at_end.records) == (ErrorCode.NONE, ()), "at the end there is nothing yet, and no error"


def test_spec_02_07_a_fetch_whose_last_epoch_ended_earlier_is_told_where():
    story = Story(topics=orders())
    acked(story, 1, "one")
    found = fetch(story, 5, 0, last_epoch=0)
    assert found is not None
    assert found.error_code is ErrorCode.NONE
    assert found.diverging_epoch == (0, 1)
    assert found.records == ()


def test_spec_02_07_a_follower_cuts_its_log_to_the_end_of_an_unclean_leader():
    story = Story(brokers=2, topics=orders(replicas=2))
    acked(story, 1, "both")
    story.run(1)
    story.act(Crash("broker-2"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    for value in ("a", "b", "c"):
        acked(story, 1, value)
    story.act(Crash("broker-1"))
    story.run(12)
    story.act(Restart("broker-2"))
    story.run(2)
    assert story.state().leader_id == -1
    story.act(ElectLeader("orders-0", unclean=True))
    story.elected(2)
    story.act(Restart("broker-1"))
    story.until(lambda: len(story.state().isr) == 2)
    assert story.ends()[1][1] == story.ends()[2][1] == 1
    cut = [one.fact for one in story.heard(facts.Truncated) if one.node == "broker-1"]
    assert [(one.offset, one.log_end_offset) for one in cut] == [(1, 4)]


def test_spec_02_15_2_a_follower_with_an_empty_disk_copies_everything_before_it_is_in_sync():
    story = Story(topics=orders())
    for value in ("a", "b", "c"):
        acked(story, 1, value)
    story.act(PowerOff(("broker-3",)))
    disk = story.world.hosts["broker-3"].disk
    for path in disk.list(""):
        disk.delete(path)
    story.run(12)
    story.act(Restart("broker-3"))
    story.until(lambda: 3 in story.state().isr)
    assert log_of(story, 3) == log_of(story, 1)


def test_where_an_epoch_ended_is_told_to_consumers():
    story = Story(topics=orders())
    acked(story, 1, "one")
    acked(story, 1, "two")
    story.run(1)
    story.act(Crash("broker-1"))
    story.elected(2)
    acked(story, 2, "three")

    def end_of(epoch: int, current: int = 1) -> object:
        answer = story.ask("broker-2", OffsetForLeaderEpochRequest({ORDERS: (current, epoch)})).partitions[ORDERS]
        return answer.error_code or (answer.leader_epoch, answer.end_offset)

    assert end_of(0) == (0, 2)
    assert end_of(1) == (1, 3)
    assert end_of(1, current=0) is ErrorCode.FENCED_LEADER_EPOCH
    assert end_of(1, current=2) is ErrorCode.UNKNOWN_LEADER_EPOCH
