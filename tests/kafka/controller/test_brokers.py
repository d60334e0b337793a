"""How brokers sign on, are fenced, come back and sign off (spec 3.5, 3.10)."""

from typing import Any

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.build import CONTROLLER
from lab.env import millis
from lab.kafka import facts
from lab.kafka.controller import brokers
from lab.kafka.controller.node import ControllerNode
from lab.kafka.controller.producer_ids import allocate_producer_ids
from lab.kafka.metadata.records import (
    BrokerRegistrationChangeRecord,
    PartitionChangeRecord,
    RegisterBrokerRecord,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest
from tests.kafka.controller.office import Office, kinds
from tests.story import Story, orders

# --- registration ---------------------------------------------------------------------------------


def test_spec_03_09_a_broker_epoch_is_the_offset_of_its_registration():
    office = Office()
    assert office.register(1).broker_epoch == 0
    assert office.register(2).broker_epoch == 1
    assert office.image.brokers[1].fenced
    assert kinds(office.written) == [RegisterBrokerRecord]


def test_spec_03_09_the_same_process_that_asks_again_keeps_its_epoch():
    office = Office().open(1)
    assert office.register(1).broker_epoch == 0
    assert office.written == []
    assert not office.image.brokers[1].fenced


def test_spec_03_09_an_old_or_unknown_epoch_is_stale():
    office = Office().open(1)
    assert office.heartbeat(1, epoch=7).error_code is ErrorCode.STALE_BROKER_EPOCH
    assert office.heartbeat(9, epoch=0).error_code is ErrorCode.BROKER_ID_NOT_REGISTERED


def test_spec_03_10_a_second_process_with_an_id_waits_until_the_first_is_silent_for_a_session():
    office = Office().open(1)
    office.now_ms = 8_999
    assert office.register(1, "second").error_code is ErrorCode.DUPLICATE_BROKER_REGISTRATION
    office.now_ms = 9_000
    answer = office.register(1, "second")
    assert answer.error_code is ErrorCode.NONE
    assert answer.broker_epoch > 0
    assert office.heartbeat(1, epoch=0).error_code is ErrorCode.STALE_BROKER_EPOCH


def test_a_process_that_restarts_within_its_session_leaves_every_isr_once_it_may_register():
    office = Office().open(1, 2).topic([1, 2])
    office.now_ms = 9_000
    office.heartbeat(2)
    office.register(1, "second")
    assert kinds(office.written) == [PartitionChangeRecord, RegisterBrokerRecord]
    assert office.state == (2, 1, (2,))


# --- fencing --------------------------------------------------------------------------------------


def test_spec_03_13_a_broker_that_has_not_read_its_registration_stays_fenced():
    office = Office()
    office.register(1)
    answer = office.heartbeat(1, offset=0)
    assert (answer.is_caught_up, answer.is_fenced) == (False, True)
    answer = office.heartbeat(1, offset=1)
    assert (answer.is_caught_up, answer.is_fenced) == (True, False)


def test_a_broker_that_wants_to_stay_fenced_stays_so():
    office = Office()
    office.register(1)
    assert office.heartbeat(1, fence=True).is_fenced


def test_an_active_broker_that_wants_to_be_fenced_is():
    office = Office().open(1, 2).topic([1, 2])
    assert office.heartbeat(1, fence=True).is_fenced
    assert office.image.brokers[1].fenced
    assert office.state == (2, 1, (2,))


def test_spec_03_11_a_silent_broker_is_fenced_after_its_session_and_its_leaderships_leave_first():
    office = Office().open(1, 2, 3).topic([1, 2, 3])
    office.now_ms = 8_999
    assert brokers.fence_stale(office.controller, millis(8_999)) == []
    office.heartbeat(2)
    office.heartbeat(3)
    records = brokers.fence_stale(office.controller, millis(9_000))
    assert kinds(records) == [PartitionChangeRecord, BrokerRegistrationChangeRecord]
    office.write(records)
    assert office.state == (2, 1, (2, 3))
    assert brokers.fence_stale(office.controller, millis(9_000)) == []


def test_spec_03_11_the_last_in_sync_replica_stays_in_sync_without_leading():
    office = Office().open(1, 2).topic([1, 2], isr=[1])
    office.write(brokers.fence(office.controller, 1))
    assert office.state == (-1, 1, (1,))


def test_spec_03_11_a_follower_leaves_the_isr_without_a_new_leader_epoch():
    office = Office().open(1, 2).topic([1, 2])
    office.write(brokers.fence(office.controller, 2))
    assert office.state == (1, 0, (1,))


def test_spec_03_12_a_broker_that_is_heard_again_serves_with_its_old_epoch_and_leads_what_nobody_led():
    office = Office().open(1, 2).topic([1, 2], isr=[1])
    office.write(brokers.fence(office.controller, 1))
    assert not office.heartbeat(1).is_fenced
    assert kinds(office.written) == [BrokerRegistrationChangeRecord, PartitionChangeRecord]
    assert office.image.brokers[1].broker_epoch == 0
    assert office.state == (1, 2, (1,))


# --- controlled shutdown --------------------------------------------------------------------------


def test_spec_03_14_a_broker_may_stop_when_all_have_read_that_it_leads_nothing():
    office = Office().open(1, 2, 3).topic([1, 2, 3])
    assert not office.heartbeat(1, stop=True).should_shut_down
    assert kinds(office.written) == [BrokerRegistrationChangeRecord, PartitionChangeRecord]
    assert office.state == (2, 1, (2, 3))
    read = office.image.offset
    office.heartbeat(2, offset=read)
    office.heartbeat(3, offset=read - 2)
    assert not office.heartbeat(1, stop=True).should_shut_down, "broker-3 may still send clients here"
    office.heartbeat(3, offset=read)
    assert office.heartbeat(1, stop=True).should_shut_down


def test_spec_03_14_a_fenced_broker_may_stop_at_once():
    office = Office().open(2)
    office.register(1)
    assert office.heartbeat(1, stop=True).should_shut_down


def test_spec_03_14_nobody_enters_an_isr_on_the_way_out():
    office = Office().open(1, 2, 3).topic([2, 1])
    office.heartbeat(1, stop=True)
    assert office.state == (2, 0, (2,))
    assert not office.image.is_active(1)


# --- producer ids ---------------------------------------------------------------------------------


def test_producer_ids_come_in_blocks_of_a_thousand():
    office = Office().open(1, 2)

    def allocate(broker_id: int, epoch: int) -> Any:
        return office.take(allocate_producer_ids(office.controller, AllocateProducerIdsRequest(broker_id, epoch)))

    found = [allocate(broker_id, office.image.brokers[broker_id].broker_epoch) for broker_id in (1, 2, 1)]
    assert [one.producer_id_start for one in found] == [0, 1_000, 2_000]
    assert {one.producer_id_len for one in found} == {1_000}
    assert allocate(1, 99).error_code is ErrorCode.STALE_BROKER_EPOCH


# --- whole processes ------------------------------------------------------------------------------


def epochs(story: Story, broker_id: int) -> list[int]:
    return [one.broker_epoch for one in story.told(facts.BrokerRegistered) if one.broker_id == broker_id]


def test_spec_03_11_a_crashed_broker_is_fenced_nine_seconds_after_its_last_heartbeat():
    story = Story(topics=orders())
    story.run(5)
    story.act(Crash("broker-3"))
    took = story.until(lambda: any(story.heard(facts.BrokerFenced, broker_id=3)))
    assert 7_000 <= took <= 9_501, "heartbeats come every 2 s, sessions are looked at every 0.5 s"


def test_spec_03_12_a_frozen_broker_that_thaws_serves_again_in_its_epoch():
    story = Story(topics=orders())
    story.act(Freeze("broker-3"))
    story.until(lambda: not story.state().isr.count(3))
    story.act(Thaw("broker-3"))
    story.until(lambda: 3 in story.state().isr, limit_s=15)
    assert len(epochs(story, 3)) == 0, "it registered before the story began, and not again"
    assert len(list(story.heard(facts.BrokerUnfenced, broker_id=3))) == 1


def test_spec_03_09_a_broker_that_restarts_gets_a_higher_epoch():
    story = Story(topics=orders())
    before = story.broker(3).lifecycle.broker_epoch
    story.act(Crash("broker-3"))
    story.run(1)
    story.act(Restart("broker-3"))
    story.until(lambda: 3 in story.state().isr and not story.broker(3).lifecycle.fenced, limit_s=30)
    (after,) = epochs(story, 3)
    assert after == story.broker(3).lifecycle.broker_epoch > before


def test_spec_03_10_a_fast_restart_waits_for_the_session_of_the_process_before():
    story = Story(topics=orders())
    story.run(5)
    story.act(Crash("broker-3"), Restart("broker-3"))
    took = story.until(lambda: bool(epochs(story, 3)))
    assert 6_500 <= took <= 9_501, "DUPLICATE_BROKER_REGISTRATION until then"


def test_spec_03_14_a_broker_that_is_stopped_goes_when_the_others_have_said_what_they_read():
    story = Story(topics=orders(6))
    story.run(5)
    story.act(Stop("broker-1"))
    took = story.until(lambda: story.world.hosts["broker-1"].state == "down")
    assert took <= 2_100, "each says so with its next heartbeat"
    image = story.broker(2).image
    assert {image.topics["orders"].partitions[index].leader_id for index in range(6)} == {2, 3}


def test_without_its_controller_a_cluster_serves_and_decides_nothing():
    story = Story(topics=orders())
    story.producer("web", rate=20)
    story.run(5)
    story.act(Crash(CONTROLLER))
    story.run(1)
    story.act(Crash("broker-3"))
    story.run(30)
    assert story.broker(1).image.topics["orders"].partitions[0].isr == (1, 2, 3)
    assert not story.told(facts.BrokerFenced)
    story.act(Restart(CONTROLLER))
    story.run(8)
    assert not story.told(facts.BrokerFenced), "all sessions begin anew"
    story.run(3)
    assert [one.broker_id for one in story.told(facts.BrokerFenced)] == [3]
    assert story.ledger.lost() == 0


def test_a_controller_that_restarts_has_the_same_image():
    story = Story(topics=orders(3))
    story.run(2)
    before = story.state()
    count = story.broker(1).image.offset
    story.act(Crash(CONTROLLER), Restart(CONTROLLER))
    story.run(5)
    node = story.world.hosts[CONTROLLER].node
    assert isinstance(node, ControllerNode)
    assert node.image.offset == count
    assert (story.state().isr, story.state().leader_epoch) == (before.isr, before.leader_epoch)
    assert all(broker.active for broker in node.image.brokers.values())


def test_a_broker_cut_off_from_the_controller_only_is_fenced_and_comes_back_with_its_epoch():
    story = Story(topics=orders())
    story.act(CutLink("broker-3", CONTROLLER))
    story.until(lambda: 3 not in story.state().isr)
    story.act(HealLink("broker-3", CONTROLLER))
    story.until(lambda: 3 in story.state().isr, limit_s=20)
    assert epochs(story, 3) == []
