"""Replicas that move to other brokers (spec 2.11)."""

from lab.cluster.actions.clients import ChangeRate
from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop
from lab.cluster.actions.replicas import (
    BalanceLeaders,
    CancelReassignment,
    Drain,
    Reassign,
    RemoveBroker,
    SpreadReplicas,
)
from lab.cluster.actions.topics import AddBroker, DeleteRecords
from lab.cluster.build import image_of
from lab.cluster.fuzzing.rest import difference
from lab.kafka import facts
from lab.kafka.metadata.image import Reassignment
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
    OngoingReassignment,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.consumer.shop import stock, write
from tests.story import ORDERS, Story, orders


def four(min_isr: int = 1) -> Story:
    """orders-0 on 1, 2, 3 of four brokers, with a producer and a consumer."""
    story = Story(brokers=4, topics=orders(min_insync_replicas=min_isr))
    story.producer("web", rate=50, config=(("acks", "all"),))
    story.consumer("app")
    story.run(5)
    return story


def move(story: Story, *brokers: int) -> None:
    story.act(Reassign("orders-0", tuple(f"broker-{one}" for one in brokers)))


def altered(story: Story, target: tuple[int, ...] | None) -> ErrorCode:
    return story.ask("broker-2", AlterPartitionReassignmentsRequest({ORDERS: target})).partitions[ORDERS][0]


def moving(story: Story) -> Reassignment | None:
    return image_of(story.world).reassignments.get(ORDERS)


def test_spec_02_17_the_new_replica_copies_first_and_then_the_old_one_goes():
    story = four()
    move(story, 4, 2, 3)
    story.until(lambda: moving(story) is not None)
    assert moving(story) == ((4,), (1,))
    assert story.state().replicas == (4, 2, 3, 1)
    assert story.state().leader_id == 1, "it goes on leading until the target is in sync"
    story.until(lambda: moving(story) is None)
    state = story.state()
    assert (state.replicas, sorted(state.isr)) == ((4, 2, 3), [2, 3, 4])
    assert state.leader_id == 4, "the old leader is gone, and 4 is the first"
    story.run(3)
    assert ORDERS not in story.broker(1).partitions
    assert not [path for path in story.world.hosts["broker-1"].disk.list("logs") if "/orders-0/" in path]


def test_spec_02_17_nothing_is_lost_and_nothing_done_twice():
    story = four(2)
    move(story, 4, 2, 3)
    story.until(lambda: moving(story) is None and story.state().leader_id == 4)
    story.run(5)
    ledger = story.ledger
    assert ledger.lost() == 0
    assert ledger.partition(ORDERS).duplicates == 0
    assert not story.told(facts.RecordsFailed)
    done = story.done()
    assert done == list(range(done[0], done[-1] + 1))
    assert difference(story.world) == ""


def test_a_replica_comes_to_where_all_was_deleted_and_has_what_is_left():
    story = four(2)
    story.act(ChangeRate("web", 0))
    story.run(2)
    end = story.replica(1).log.log_end_offset
    story.act(DeleteRecords("orders-0"))
    story.until(lambda: story.replica(1).log.log_start_offset == end)
    move(story, 4, 2, 3)
    story.until(lambda: moving(story) is None and story.state().leader_id == 4)
    log = story.replica(4).log
    assert (log.log_start_offset, log.log_end_offset) == (end, end), "nothing to copy, and in sync all the same"
    story.act(ChangeRate("web", 50))
    story.run(3)
    assert log.log_end_offset > end
    assert difference(story.world) == ""


def test_spec_02_17_a_leader_that_stays_begins_a_new_epoch_when_a_replica_is_dropped():
    story = four()
    move(story, 1, 2, 4)
    story.until(lambda: story.state().replicas == (1, 2, 4))
    assert (story.state().leader_id, story.state().leader_epoch) == (1, 1)
    story.run(2)
    assert list(story.replica(1).remotes) == [2, 4]


def test_spec_02_17_it_waits_for_a_target_that_does_not_copy():
    story = four()
    story.act(Freeze("broker-4"))
    story.run(10)
    move(story, 4, 2, 3)
    story.run(60)
    assert moving(story) == ((4,), (1,)), "broker-4 is fenced: registered, but not in sync"
    assert story.state().leader_id == 1


def test_spec_02_18_a_move_that_is_cancelled_leaves_the_old_replicas():
    story = four()
    story.act(Freeze("broker-4"))
    move(story, 4, 2, 3)
    story.until(lambda: moving(story) is not None)
    story.act(CancelReassignment("orders-0"))
    story.until(lambda: moving(story) is None)
    state = story.state()
    assert state.replicas == (2, 3, 1), "all old ones; the order is that of the request"
    assert sorted(state.isr) == [1, 2, 3]
    assert state.leader_id == 1
    assert altered(story, None) is ErrorCode.NO_REASSIGNMENT_IN_PROGRESS


def test_spec_02_11_bad_requests_are_refused():
    story = Story(topics=orders())
    for target in ((), (1, 1, 2), (1, 2, 9)):
        assert altered(story, target) is ErrorCode.INVALID_REPLICA_ASSIGNMENT
    missing = TopicPartition("orders", 7)
    answer = story.ask("broker-1", AlterPartitionReassignmentsRequest({missing: (1,)}))
    assert answer.partitions[missing][0] is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_spec_02_11_another_order_of_the_same_brokers_is_done_at_once():
    story = four()
    assert altered(story, (3, 2, 1)) is ErrorCode.NONE
    assert story.state().replicas == (3, 2, 1)
    assert (story.state().leader_id, story.state().leader_epoch) == (1, 0), "only its preferred leader is another"
    story.act(BalanceLeaders())
    story.until(lambda: story.state().leader_id == 3)


def test_spec_02_11_fewer_and_more_replicas():
    story = four()
    assert altered(story, (1,)) is ErrorCode.NONE
    assert (story.state().replicas, story.state().isr, story.state().leader_epoch) == ((1,), (1,), 1)
    assert altered(story, (1, 4)) is ErrorCode.NONE
    story.until(lambda: story.state().isr == (1, 4))
    assert moving(story) is None


def test_spec_02_11_what_is_under_way_can_be_listed():
    story = four()
    story.act(Freeze("broker-4"))
    move(story, 1, 4, 3)
    story.until(lambda: moving(story) is not None)
    answer = story.ask("broker-1", ListPartitionReassignmentsRequest())
    assert answer.partitions == {ORDERS: OngoingReassignment((1, 4, 3, 2), (4,), (2,))}
    assert story.ask("broker-1", ListPartitionReassignmentsRequest(())).partitions == {}


def test_a_target_that_dies_on_the_way_is_waited_for_and_the_rest_goes_on():
    story = four(2)
    move(story, 4, 2, 3)
    story.act(Crash("broker-4"))
    story.run(20)
    assert moving(story) is not None
    story.act(Restart("broker-4"))
    story.until(lambda: moving(story) is None)
    story.run(5)
    assert story.ledger.lost() == 0


def test_a_broker_that_was_away_deletes_what_has_moved_from_it():
    story = four()
    story.act(Crash("broker-1"))
    story.until(lambda: story.state().leader_id == 2)
    move(story, 4, 2, 3)
    story.until(lambda: story.state().replicas == (4, 2, 3))
    story.act(Restart("broker-1"))
    story.run(5)
    assert not [path for path in story.world.hosts["broker-1"].disk.list("logs") if "/orders-0/" in path]
    move(story, 1, 2, 3)
    story.until(lambda: sorted(story.state().isr) == [1, 2, 3])
    story.run(2)
    assert difference(story.world) == ""


def test_a_new_broker_stays_idle_until_a_topic_is_spread():
    story = Story(topics=orders(partitions=4, replicas=3))
    story.act(AddBroker())
    story.run(600)
    assert not [one for one in story.broker(4).partitions if one.topic == "orders"], "ten minutes, and nothing"
    story.act(SpreadReplicas("orders"))
    story.until(lambda: len([one for one in story.broker(4).partitions if one.topic == "orders"]) == 3)
    story.until(lambda: not image_of(story.world).reassignments)
    leaders = [state.replicas[0] for state in image_of(story.world).topics["orders"].partitions.values()]
    assert leaders == [1, 2, 3, 4]


def test_a_broker_is_emptied_stopped_and_forgotten():
    story = four(2)
    assert "move everything off it first" in RemoveBroker("broker-2").refusal(story.world)
    story.act(Drain("broker-2"))
    story.until(lambda: not any(2 in one.replicas for one in image_of(story.world).all_partitions()))
    assert "stop it first" in RemoveBroker("broker-2").refusal(story.world)
    story.act(Stop("broker-2"))
    story.until(lambda: story.world.hosts["broker-2"].state == "down")
    story.act(RemoveBroker("broker-2"))
    story.until(lambda: 2 not in image_of(story.world).brokers)
    story.run(30)
    assert "broker-2" not in story.world.hosts
    assert story.ledger.lost() == 0
    assert story.state().leader_id in (1, 3, 4)


def test_spec_01_12_4_a_replica_may_begin_in_the_middle_of_a_batch():
    """The log starts at 12, where DeleteRecords has put it, and the batch that is there begins at 10. The new replica
    is given all of it, and begins with it (KAFKA-6975).
    """
    story = stock(5, brokers=4, topics=orders(replicas=3))
    write(story, 5)
    write(story, 5)
    story.until(lambda: story.replica(1).log.high_watermark == 15)
    assert story.state().replicas == (1, 2, 3)
    story.act(DeleteRecords("orders-0", 12))
    story.run(3)
    move(story, 1, 2, 4)
    story.run(10)
    log = story.replica(4).log
    assert (log.active.base_offset, log.log_start_offset, log.log_end_offset, log.high_watermark) == (10, 12, 15, 15)
    assert sorted(story.state().isr) == [1, 2, 4]
    assert story.ledger.lost() == 0


def test_a_move_may_be_given_another_target_that_is_there_already():
    story = four()
    story.act(Crash("broker-4"))
    move(story, 2, 4)
    story.run(1)
    assert moving(story) is not None, "it waits for a broker that is down"
    move(story, 1)
    story.run(1)
    assert moving(story) is None
    assert story.state().replicas == (1,)


def test_another_target_on_the_way_keeps_what_is_being_added():
    story = four()
    story.act(Crash("broker-4"))
    story.until(lambda: not image_of(story.world).is_active(4))
    assert altered(story, (1, 2, 4)) is ErrorCode.NONE
    assert moving(story) == ((4,), (3,))
    assert altered(story, (2, 1, 4)) is ErrorCode.NONE
    assert moving(story) == ((4,), (3,)), "nothing new is added or removed, and nothing is forgotten"
    assert altered(story, (4,)) is ErrorCode.NONE
    assert moving(story) == ((4,), (1, 2, 3))
    assert altered(story, None) is ErrorCode.NONE
    assert (moving(story), sorted(story.state().replicas)) == (None, [1, 2, 3]), "what had been added is gone again"
