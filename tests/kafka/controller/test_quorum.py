"""A cluster whose controllers are a quorum: failover, and life without a majority (spec 3.1, 3.5, 3.12)."""

from typing import Any

import pytest

from lab.cluster.actions.disks import FillDisk, MendDisk
from lab.cluster.actions.machines import Crash, Freeze, PowerOff, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink, Isolate, Rejoin
from lab.cluster.lookup.controllers import active_controller, controller_at, controller_hosts
from lab.kafka import facts
from lab.kafka.controller.quorum_node import QuorumNode
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import BrokerHeartbeatRequest
from lab.kafka.protocol.messages.quorum import DescribeQuorumRequest
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, DeleteTopicsRequest, NewTopic
from tests.story import ORDERS, Story, orders, settings


class Council(Story):
    """A story with a quorum of controllers."""

    def __init__(self, controllers: int = 3, **spec: Any) -> None:
        super().__init__(**{"topics": orders(), "controllers": controllers, **spec})

    @property
    def active(self) -> str:
        return active_controller(self.world)

    @property
    def standby(self) -> list[str]:
        """The others, running or not."""
        return [name for name in controller_hosts(self.world) if name != self.active]

    def controller(self, name: str = "") -> QuorumNode:
        found = controller_at(self.world, name or self.active)
        assert isinstance(found, QuorumNode), name
        return found

    def another_active(self, than: str) -> int:
        """Run until another controller is active. Returns how many milliseconds that took."""
        return self.until(lambda: self.active not in ("", than))

    def create(self, name: str) -> int:
        """Send off a request for a topic of three replicas, to broker-1; returns its number."""
        return self.send("broker-1", CreateTopicsRequest((NewTopic(name, 1, 3),)))

    def has(self, topic: str, broker_id: int = 1) -> bool:
        return topic in self.broker(broker_id).image.topics

    def lose_quorum(self) -> None:
        """Two of three controllers die, the active one among them."""
        self.act(Crash(self.active), Crash(self.standby[0]))


@pytest.mark.parametrize("controllers", [3, 5])
@pytest.mark.parametrize("combined", [False, True])
def test_a_cluster_with_a_quorum_serves_as_one_with_a_single_controller(controllers: int, combined: bool):
    story = Council(controllers, brokers=controllers, combined=combined)
    assert len(controller_hosts(story.world)) == controllers
    assert story.state().isr == (1, 2, 3)
    story.producer("web", rate=20)
    story.run(5)
    assert len(story.ledger.producer("web").acked) > 80


# --- failover -------------------------------------------------------------------------------------


def test_another_controller_is_active_two_to_four_seconds_after_the_first_has_died():
    story = Council()
    before = story.active
    story.run(1)
    story.act(Crash(before))
    assert 1_000 < story.another_active(before) < 4_000
    made = story.create("more")
    story.until(lambda: story.answer(made) is not None)
    story.until(lambda: story.has("more"))


def test_nobody_is_fenced_because_of_the_outage_and_the_sessions_begin_anew():
    story = Council()
    for _ in range(3):
        before = story.active
        story.act(Crash(before))
        story.another_active(before)
        story.run(6)
        story.act(Restart(before))
        story.run(6)
    assert story.told(facts.BrokerFenced) == []
    assert story.state().isr == (1, 2, 3)


def test_a_broker_that_died_in_the_outage_is_fenced_nine_seconds_after_the_new_one_is_active():
    story = Council()
    before = story.active
    story.act(Crash(before), Crash("broker-1"))
    story.another_active(before)
    took = story.until(lambda: bool(story.told(facts.BrokerFenced)))
    assert 9_000 <= took < 9_700
    story.elected(2)
    assert story.state().leader_epoch == 1


def test_a_decision_is_told_once_whichever_leaders_saw_it_committed():
    story = Council()
    for number in range(4):
        before = story.active
        story.ask("broker-1", CreateTopicsRequest((NewTopic(f"more-{number}", 1, 3),)))
        story.act(Crash(before))
        story.another_active(before)
        story.act(Restart(before))
        story.run(3)
    created = [one.name for one in story.told(facts.TopicCreated)]
    assert created == [f"more-{number}" for number in range(4)]


def test_spec_03_07_a_stop_hands_over_without_waiting_for_the_fetch_time_out():
    story = Council()
    before = story.active
    story.act(Stop(before))
    assert story.another_active(before) < 500
    story.until(lambda: story.world.hosts[before].state == "down")
    story.act(Restart(before))
    story.run(5)
    assert story.controller(before).raft.end_offset == story.controller().raft.end_offset


def test_spec_03_02_a_frozen_leader_finds_another_in_its_place_when_it_thaws():
    story = Council()
    before = story.active
    story.act(Freeze(before))
    story.another_active(before)
    story.run(10)
    story.act(Thaw(before))
    story.run(1)
    assert not story.controller(before).active
    assert story.controller(before).raft.leader_id == story.controller().replica_id


# --- without a majority ---------------------------------------------------------------------------


def test_spec_03_03_without_a_quorum_records_are_written_and_nothing_is_decided():
    story = Council()
    story.producer("web", rate=20)
    story.run(3)
    story.lose_quorum()
    acked = len(story.ledger.producer("web").acked)
    made = story.create("more")
    story.run(20)
    assert story.active == ""
    assert len(story.ledger.producer("web").acked) > acked + 380, "produce goes on"
    assert story.answer(made) is None
    assert not story.has("more")
    story.act(Crash("broker-3"))
    story.run(60)
    assert story.state().isr == (1, 2, 3), "nobody may change it"
    assert story.replica(1).in_sync_replicas == (1, 2, 3)
    assert story.told(facts.BrokerFenced) == []


def test_spec_03_03_with_a_follower_dead_acks_all_waits_for_it_and_the_high_watermark_stands():
    story = Council()
    story.producer("web", rate=20, config=settings(delivery_timeout_ms="20000", request_timeout_ms="5000", linger_ms=0))
    story.run(3)
    story.lose_quorum()
    story.act(Crash("broker-3"))
    story.run(2)
    mark, acked = story.replica(1).log.high_watermark, len(story.ledger.producer("web").acked)
    story.run(40)
    assert story.replica(1).log.high_watermark == mark
    assert len(story.ledger.producer("web").acked) == acked
    assert len(story.ledger.producer("web").unknown) > 0
    assert story.replica(1).log.log_end_offset > mark, "the leader appends all the same"


def test_no_leader_is_elected_until_the_quorum_is_back():
    story = Council()
    story.lose_quorum()
    story.act(Crash("broker-1"))
    story.run(60)
    assert not story.replica(2).leading
    down = next(name for name in controller_hosts(story.world) if story.world.hosts[name].state == "down")
    story.act(Restart(down))
    story.elected(2)


def test_an_administrators_request_waits_for_a_quorum_and_is_given_up_after_a_minute():
    story = Council(seed=2)  # with some others it is handed on twice, and hears that the topic is there already
    story.lose_quorum()
    first = story.create("early")
    story.run(61)
    assert story.answer(first).error_code is ErrorCode.REQUEST_TIMED_OUT
    second = story.create("late")
    story.run(5)
    for name in controller_hosts(story.world):
        if story.world.hosts[name].state == "down":
            story.act(Restart(name))
    story.until(lambda: story.answer(second) is not None)
    assert story.answer(second).topics[0].error_code is ErrorCode.NONE
    assert story.has("late")
    assert not story.has("early")


def test_all_controllers_lose_their_power_and_nothing_that_was_decided_is_forgotten():
    story = Council()
    story.ask("broker-1", CreateTopicsRequest((NewTopic("more", 2, 3),)))
    hosts = controller_hosts(story.world)
    story.act(PowerOff(hosts))
    story.run(5)
    story.act(*(Restart(name) for name in hosts))
    story.until(lambda: story.active != "")
    assert "more" in story.controller().image.topics
    story.run(15)
    assert story.told(facts.BrokerFenced) == []


# --- a leader that was cut off --------------------------------------------------------------------


def test_spec_03_06_what_an_isolated_controller_decided_is_undone_and_its_callers_hear_so():
    story = Council()
    before = story.active
    for other in story.standby:
        story.act(CutLink(before, other))
    made = story.send(before, CreateTopicsRequest((NewTopic("nowhere", 1, 3),)))
    story.run(1)
    assert "nowhere" in story.controller(before).controller.image.topics, "decided"
    assert "nowhere" not in story.controller(before).image.topics, "and not committed"
    story.until(lambda: story.answer(made) is not None)
    assert story.answer(made).error_code is ErrorCode.NOT_CONTROLLER
    assert not story.controller(before).active
    story.until(lambda: story.active not in ("", before))
    for other in controller_hosts(story.world):
        if other != before:
            story.act(HealLink(before, other))
    story.run(3)
    assert story.told(facts.QuorumTruncated)[0].replica_id == story.controller(before).replica_id
    assert "nowhere" not in story.controller().image.topics
    assert story.told(facts.TopicCreated) == []


def test_spec_03_21_a_partition_leader_on_the_smaller_side_takes_what_is_truncated_later():
    story = Council(brokers=3)
    story.producer("web", rate=20, config=settings(acks="1"))
    story.run(3)
    cut_off = ("broker-1", story.active)
    rest = [name for name in story.world.hosts if name.startswith(("broker-", "controller-")) and name not in cut_off]
    for one in cut_off:
        for other in rest:
            story.act(CutLink(one, other))
    story.until(lambda: story.replica(2).leading, 30)
    mine, theirs = story.replica(1), story.replica(2)
    assert mine.leading, "it hears nothing of the other leader"
    end = mine.log.log_end_offset
    story.run(3)
    assert mine.log.log_end_offset > end or theirs.log.log_end_offset > 0
    acked = len(story.ledger.producer("web").acked)
    assert acked > 0
    for one in cut_off:
        story.act(Rejoin(one))
    story.run(30)
    assert not story.replica(1).leading
    assert story.told(facts.Truncated) != []
    assert story.ledger.lost() > 0, "acks=1 promises nothing of that"


def test_spec_03_21_with_acks_all_nothing_that_was_acknowledged_is_lost():
    story = Council(brokers=3, topics=orders(min_insync_replicas=2))
    story.producer("web", rate=20)
    story.run(3)
    story.act(Isolate("broker-1"), Isolate(story.active))
    story.run(20)
    for name in ("broker-1", *controller_hosts(story.world)):
        story.act(Rejoin(name))
    story.run(40)
    assert story.ledger.lost() == 0


# --- brokers and their epochs ---------------------------------------------------------------------


def test_spec_03_09_broker_epochs_are_offsets_of_the_quorums_log_and_grow_across_a_failover():
    story = Council()
    epochs = {one.broker_id: one.broker_epoch for one in story.controller().image.brokers.values()}
    assert len(set(epochs.values())) == 3
    before = story.active
    story.act(Crash(before))
    story.another_active(before)
    story.act(Crash("broker-3"))
    story.run(12)
    story.act(Restart("broker-3"))
    story.until(lambda: story.told(facts.BrokerUnfenced) != [])
    (again,) = story.told(facts.BrokerRegistered)
    assert again.broker_epoch > max(epochs.values())
    stale = BrokerHeartbeatRequest(3, epochs[3], 0, False, False)
    assert story.ask(story.active, stale).error_code is ErrorCode.STALE_BROKER_EPOCH
    other = next(name for name in story.standby if name != before)
    assert story.ask(other, stale).error_code is ErrorCode.NOT_CONTROLLER


def test_spec_03_11_fencing_is_as_punctual_under_a_new_controller():
    story = Council()
    before = story.active
    story.act(Crash(before))
    story.another_active(before)
    story.run(5)
    story.act(Crash("broker-1"))
    took = story.until(lambda: bool(story.told(facts.BrokerFenced)))
    assert 6_500 <= took <= 9_600
    story.elected(2)
    assert story.state().isr == (2, 3)


def test_spec_03_14_a_controlled_shutdown_goes_through_while_the_controller_changes():
    story = Council()
    before = story.active
    story.act(Crash(before), Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    assert story.state().leader_id == 2
    assert [one.reason for one in story.told(facts.BrokerFenced)] == ["it shuts down"], "nobody was silent"


def test_spec_03_19_an_idle_quorum_writes_twice_a_second_and_every_broker_reads_it():
    story = Council()
    story.run(5)
    before = story.broker(1).image.offset
    story.run(10)
    assert 16 <= story.broker(1).image.offset - before <= 21
    assert story.broker(1).image.offset == story.controller().image.offset


def test_a_standby_applies_what_the_active_one_has_committed_and_tells_nobody():
    story = Council()
    story.ask("broker-1", CreateTopicsRequest((NewTopic("more", 1, 3),)))
    story.run(2)
    for name in story.standby:
        assert "more" in story.controller(name).image.topics
    assert [one.node for one in story.heard(facts.Decided)] == [story.active] * len(story.told(facts.Decided))


def test_describe_quorum_says_who_leads_and_how_far_everybody_is():
    story = Council()
    story.run(5)
    story.act(Isolate(story.standby[0]))
    story.run(5)
    found = story.ask("broker-1", DescribeQuorumRequest())
    assert (found.error_code, found.leader_epoch) == (ErrorCode.NONE, story.controller().raft.epoch)
    assert found.leader_id == story.controller().replica_id
    lags = {one.replica_id: found.high_watermark - one.log_end_offset for one in found.current_voters}
    assert sum(lag > 5 for lag in lags.values()) == 1
    assert sorted(one.replica_id for one in found.observers) == [1, 2, 3]
    assert not found.unknown
    other = story.ask("broker-1", DescribeQuorumRequest((ORDERS,)))
    assert (other.unknown, other.current_voters) == ((ORDERS,), ())


# --- snapshots ------------------------------------------------------------------------------------

SMALL = settings(
    metadata_log_max_record_bytes_between_snapshots=3_000, metadata_max_retention_bytes=2_000,
    metadata_log_segment_bytes=3_000,
)  # fmt: skip


def test_spec_03_18_a_new_broker_starts_from_a_snapshot_and_then_the_log():
    story = Council(broker_config=SMALL)
    for number in range(20):
        story.ask("broker-1", CreateTopicsRequest((NewTopic(f"more-{number}", 2, 3, {"retention.ms": "9000"}),)))
    story.ask("broker-1", DeleteTopicsRequest(("more-3",)))
    story.run(20)
    assert story.controller().raft.snapshot_needed(0) is not None
    story.act(Crash("broker-3"))
    story.run(15)
    story.act(Restart("broker-3"))
    story.until(lambda: story.controller().image.is_active(3))
    story.run(2)
    assert described(story.broker(3).image) == described(story.controller().image)
    assert "more-3" not in story.broker(3).image.topics
    assert len(story.broker(3).partitions) >= 38


def test_spec_03_18_a_broker_that_was_away_for_long_drops_what_was_deleted_meanwhile():
    story = Council(broker_config=SMALL)
    story.ask("broker-1", CreateTopicsRequest((NewTopic("gone", 1, 3), NewTopic("again", 1, 3))))
    story.until(lambda: story.has("gone", 3))
    story.producer("web", "again", rate=20)
    story.run(3)
    story.act(Isolate("broker-3"))
    story.run(15)
    story.ask("broker-1", DeleteTopicsRequest(("gone", "again")))
    for number in range(20):
        story.ask("broker-1", CreateTopicsRequest((NewTopic(f"more-{number}", 2, 2),)))
    story.ask("broker-1", CreateTopicsRequest((NewTopic("again", 1, 3),)))
    story.run(20)
    story.act(Rejoin("broker-3"))
    story.run(30)
    assert described(story.broker(3).image) == described(story.controller().image)
    assert not story.has("gone", 3)
    assert sorted(story.state().isr) == [1, 2, 3]


def test_a_controller_that_was_away_for_long_begins_with_a_snapshot_of_the_active_one():
    story = Council(broker_config=SMALL)
    away = story.standby[0]
    story.act(Crash(away))
    for number in range(20):
        story.ask("broker-1", CreateTopicsRequest((NewTopic(f"more-{number}", 2, 3),)))
    story.run(10)
    story.act(Restart(away))
    story.run(5)
    assert [one.node for one in story.heard(facts.QuorumSnapshotLoaded)] == [away]
    assert described(story.controller(away).image) == described(story.controller().image)


def described(image: Any) -> Any:
    """An image as plain values, whatever it has, without its offset."""

    def plain(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: plain(value) for key, value in sorted(one.items())}
        slots = getattr(type(one), "__slots__", ())
        return {slot: plain(getattr(one, slot)) for slot in slots if slot != "offset"} if slots else one

    return plain(image)


# --- combined -------------------------------------------------------------------------------------


def test_a_combined_node_that_dies_takes_its_partitions_and_its_office_with_it():
    story = Council(combined=True)
    story.producer("web", rate=20)
    story.run(3)
    before = story.active
    story.act(Crash(before))
    story.another_active(before)
    story.run(12)
    assert len(story.state().isr) == 2
    assert story.ledger.lost() == 0
    story.act(Restart(before))
    story.run(20)
    assert sorted(story.state().isr) == [1, 2, 3]


def test_a_combined_node_that_stops_hands_both_over():
    story = Council(combined=True)
    story.producer("web", rate=20)
    story.run(3)
    before = story.active
    story.act(Stop(before))
    story.until(lambda: story.world.hosts[before].state == "down")
    assert story.another_active(before) < 100
    assert [one.reason for one in story.told(facts.BrokerFenced)] == ["it shuts down"], "nobody was silent"
    assert story.state().leader_id >= 0
    story.act(Restart(before))
    story.run(20)
    assert sorted(story.state(ORDERS).isr) == [1, 2, 3]


def test_a_combined_node_cannot_start_on_a_full_disk_and_can_once_there_is_room():
    story = Council(combined=True)
    story.run(3)
    story.act(FillDisk("broker-2"))
    story.until(lambda: story.world.hosts["broker-2"].state == "down")
    story.act(Restart("broker-2"))
    assert story.world.hosts["broker-2"].state == "down"
    failed = [one for one in story.heard(facts.LogDirFailed) if one.node == "broker-2"]
    assert "__cluster_metadata-0" in failed[-1].fact.reason
    story.act(MendDisk("broker-2"), Restart("broker-2"))
    story.run(20)
    assert sorted(story.state().isr) == [1, 2, 3]


def test_a_combined_node_alone_is_a_quorum_of_one():
    story = Council(1, combined=True)
    assert story.active == "broker-1"
    story.act(Crash("broker-1"))
    story.run(30)
    assert story.state().leader_id == 1, "nobody is there to elect another"
    story.act(Restart("broker-1"))
    story.run(30)
    assert sorted(story.state().isr) == [1, 2, 3]
