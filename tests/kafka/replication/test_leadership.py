"""Who leads after a broker is gone, and after it is back (spec 2.5, 2.9)."""

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, Isolate, Rejoin
from lab.cluster.actions.topics import ElectLeader
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.topics import ElectionType, ElectLeadersRequest
from tests.story import ORDERS, Story, batch, orders, settings


def produced(story: Story, broker: int, value: str = "one", acks: int = -1) -> ErrorCode:
    request = ProduceRequest(acks, 5_000, {ORDERS: batch(value)})
    return story.ask(f"broker-{broker}", request).responses[ORDERS].error_code


def only_broker_1_in_sync(**config: str) -> Story:
    """broker-2 stopped long ago; broker-1 alone has the last two records, and dies."""
    story = Story(brokers=2, topics=orders(1, 2, **config))
    produced(story, 1, "both")
    story.run(1)
    story.act(Crash("broker-2"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    produced(story, 1, "alone")
    produced(story, 1, "alone too")
    story.act(Crash("broker-1"))
    story.until(lambda: story.state().leader_id == -1)
    return story


def test_spec_02_13_a_dead_leader_is_followed_by_the_next_in_sync_replica_in_order():
    story = Story(topics=orders())
    story.run(3)
    story.act(Crash("broker-1"))
    took = story.until(lambda: story.state().leader_id != 1)
    assert 7_000 <= took <= 9_600, "9 s from its last heartbeat, looked at every 0.5 s"
    state = story.state()
    assert (state.leader_id, state.leader_epoch, state.isr, state.replicas) == (2, 1, (2, 3), (1, 2, 3))


def test_spec_02_14_without_an_in_sync_replica_there_is_no_leader_and_no_service():
    story = only_broker_1_in_sync()
    assert (story.state().leader_id, story.state().isr) == (-1, (1,))
    story.act(Restart("broker-2"))
    story.run(5)
    assert story.state().leader_id == -1, "broker-2 has not all the records"
    topic = story.ask("broker-2", MetadataRequest(("orders",))).topics["orders"]
    assert topic.partitions[ORDERS].error_code is ErrorCode.LEADER_NOT_AVAILABLE
    assert produced(story, 2) is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_spec_02_14_the_last_in_sync_replica_leads_again_when_it_is_back_and_nothing_is_lost():
    story = only_broker_1_in_sync()
    story.act(Restart("broker-2"))
    story.run(5)
    story.act(Restart("broker-1"))
    story.until(lambda: story.state().isr == (1, 2))
    assert story.state().leader_id == 1
    story.run(1)
    assert story.ends() == {1: (3, 3), 2: (3, 3)}


def test_spec_02_15_an_unclean_leader_loses_what_it_never_had():
    story = only_broker_1_in_sync(unclean_leader_election_enable="true")
    story.act(Restart("broker-2"))
    story.until(lambda: story.state().leader_id == 2)
    assert story.state().isr == (2,)
    assert story.state().recovering
    story.act(Restart("broker-1"))
    story.until(lambda: story.state().isr == (2, 1))
    assert not story.state().recovering, "said with the next AlterPartition"
    assert story.ends()[1][1] == story.ends()[2][1] == 1
    (cut,) = [one for one in story.heard(facts.Truncated) if one.fact.partition == ORDERS]
    assert (cut.node, cut.fact.offset, cut.fact.log_end_offset) == ("broker-1", 1, 3)


def test_spec_02_16_a_preferred_leader_leads_again_when_asked():
    story = Story(topics=orders())
    story.act(Crash("broker-1"))
    story.elected(2)
    story.act(Restart("broker-1"))
    story.until(lambda: 1 in story.state().isr)
    story.act(ElectLeader("orders-0"))
    story.elected(1)
    assert (story.state().leader_id, story.state().leader_epoch) == (1, 2)
    answer = story.ask("broker-3", ElectLeadersRequest(ElectionType.PREFERRED, (ORDERS,)))
    assert answer.partitions[ORDERS] is ErrorCode.ELECTION_NOT_NEEDED


def test_spec_02_16_a_preferred_leader_leads_again_when_the_controller_looks():
    story = Story(topics=orders(), broker_config=settings(leader_imbalance_check_interval_seconds=60))
    story.act(Crash("broker-1"))
    story.elected(2)
    story.act(Restart("broker-1"))
    story.until(lambda: 1 in story.state().isr)
    story.until(lambda: story.state().leader_id == 1, limit_s=60)
    (change,) = story.heard(facts.PartitionChanged, reason="preferred", partition=ORDERS)
    assert change.time % 60_000_000 == 50_000_000, "60 s after the controller started, at -10 s"


def test_spec_02_16_a_preferred_leader_that_is_not_in_sync_is_not_available():
    story = Story(topics=orders())
    story.act(Crash("broker-1"))
    story.elected(2)
    answer = story.ask("broker-3", ElectLeadersRequest(ElectionType.PREFERRED, (ORDERS,)))
    assert answer.partitions[ORDERS] is ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE


def test_spec_02_23_a_controlled_shutdown_moves_leadership_before_the_process_ends():
    story = Story(topics=orders(min_insync_replicas=2))
    story.producer("web", rate=100)
    story.run(2)
    begun = story.now
    story.act(Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    assert story.now - begun < 1_000
    assert story.replica(2).leading
    story.run(5)
    (change,) = story.heard(facts.PartitionChanged, reason="shutdown", partition=ORDERS)
    assert (change.fact.leader_id, change.fact.in_sync_replicas) == (2, (2, 3))
    assert not story.told(facts.RecordsFailed)
    assert {one.error for one in story.told(facts.BatchRetried)} <= {"NOT_LEADER_OR_FOLLOWER", "NETWORK_EXCEPTION"}
    assert story.ledger.lost() == 0


def test_a_broker_that_was_stopped_in_good_order_is_fenced_at_once_and_may_start_again_at_once():
    """Kafka's `ReplicationControlManager` fences at SHUTDOWN_NOW; a next process is no duplicate of a live one then."""
    story = Story(topics=orders())
    story.run(2)
    story.act(Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    (fenced,) = story.heard(facts.BrokerFenced, broker_id=1)
    assert fenced.fact.reason == "it shuts down"
    begun = story.now
    story.act(Restart("broker-1"))
    story.until(lambda: story.state().isr == (2, 3, 1))
    assert story.now - begun < 2_000


def test_spec_02_05_an_old_leader_accepts_acks_1_and_loses_it_but_cannot_commit_acks_all():
    story = Story(topics=orders(min_insync_replicas=2))
    produced(story, 1, "all three")
    story.act(Isolate("broker-1"))
    story.until(lambda: story.state().leader_id == 2)
    assert story.replica(1).leading, "it has not heard"
    assert produced(story, 1, "to be lost", acks=1) is ErrorCode.NONE
    assert produced(story, 1, "never committed") is ErrorCode.REQUEST_TIMED_OUT
    assert produced(story, 2, "instead") is ErrorCode.NONE
    story.act(Rejoin("broker-1"))
    story.until(lambda: 1 in story.state().isr)
    story.run(1)
    assert story.ends() == {1: (2, 2), 2: (2, 2), 3: (2, 2)}


def test_a_frozen_leader_is_a_zombie_when_it_thaws_and_is_fenced_by_the_epoch():
    story = Story(topics=orders(min_insync_replicas=2))
    story.producer("web", rate=100)
    story.run(2)
    story.act(Freeze("broker-1"))
    story.elected(2)
    story.run(3)
    old = story.replica(1)
    assert old.leading
    assert old.leader_epoch == 0
    story.act(Thaw("broker-1"))
    story.until(lambda: not story.replica(1).leading, limit_s=5)
    story.until(lambda: 1 in story.state().isr)
    story.run(2)
    assert story.state().leader_id == 2
    assert story.ledger.lost() == 0


def test_a_leader_that_sends_but_does_not_hear_is_fenced_only_when_its_heartbeats_stop():
    story = Story(topics=orders())
    story.act(CutLink("controller-1", "broker-1", one_way=True))
    story.run(60)
    assert story.state().leader_id == 1, "its heartbeats arrive; it only does not hear the answers"
    story.act(CutLink("broker-1", "controller-1", one_way=True))
    story.elected(2)


def test_a_new_leader_counts_itself_in_an_epoch_of_its_own():
    story = Story(topics=orders())
    for value in ("a", "b"):
        produced(story, 1, value)
    story.run(1)
    story.act(Crash("broker-1"))
    story.elected(2)
    assert story.replica(2).epoch_start_offset == 2
    assert story.replica(2).log.epochs.entries == [(0, 0), (1, 2)]
    assert produced(story, 2, "c") is ErrorCode.NONE
