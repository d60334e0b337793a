"""The in-sync replicas: who falls out, who comes back, and what the controller has to say (spec 2.6)."""

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.network import CutLink, HealLink
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    AlteredPartition,
    AlterPartitionChange,
    AlterPartitionRequest,
    AlterPartitionResponse,
)
from lab.kafka.protocol.messages.produce import ProduceRequest
from tests.story import ORDERS, Story, batch, orders


def proposal(story: Story, *isr: int, leader_epoch: int = 0, partition_epoch: int = 0) -> AlterPartitionRequest:
    """broker-1 proposes an ISR, each member with its registered broker epoch."""
    image = story.broker(1).image
    members = tuple((one, image.brokers[one].broker_epoch if one in image.brokers else 0) for one in isr)
    change = AlterPartitionChange(leader_epoch, partition_epoch, members)
    return AlterPartitionRequest(1, story.broker(1).lifecycle.broker_epoch, {ORDERS: change})


def answer_to(story: Story, request: AlterPartitionRequest) -> AlteredPartition:
    found = story.ask("controller-1", request)
    assert isinstance(found, AlterPartitionResponse)
    assert found.error_code is ErrorCode.NONE
    return found.partitions[ORDERS]


def test_spec_02_25_an_idle_follower_stays_in_sync_however_long_it_is_cut_off():
    story = Story(topics=orders())
    story.act(CutLink("broker-3", "broker-1"))
    story.run(600)
    assert story.state().isr == (1, 2, 3)
    begun = story.now
    story.send("broker-1", ProduceRequest(1, 1_000, {ORDERS: batch("one")}))
    story.until(lambda: story.state().isr == (1, 2))
    assert story.now - begun <= 45_000


def test_a_follower_comes_back_into_the_isr_when_it_has_caught_up():
    story = Story(topics=orders(), producers=())
    story.producer("web", rate=20)
    story.act(CutLink("broker-3", "broker-1"))
    story.until(lambda: story.state().isr == (1, 2))
    story.run(10)
    behind = story.ends()
    assert behind[3][1] < behind[1][1] - 100
    story.act(HealLink("broker-3", "broker-1"))
    took = story.until(lambda: story.state().isr == (1, 2, 3))
    assert took < 1_100, "a fetch, an AlterPartition and its answer"
    assert story.state().leader_epoch == 0
    assert story.replica(3).log.log_end_offset >= behind[1][1]


def test_an_isr_changes_by_a_partition_epoch_and_not_by_a_leader_epoch():
    story = Story(topics=orders())
    story.act(Crash("broker-3"))
    story.until(lambda: story.state().isr == (1, 2))
    assert (story.state().leader_epoch, story.state().partition_epoch) == (0, 1)
    story.act(Restart("broker-3"))
    story.until(lambda: story.state().isr == (1, 2, 3))
    assert (story.state().leader_epoch, story.state().partition_epoch) == (0, 2)


def test_a_restarted_follower_is_in_sync_only_after_it_has_caught_up():
    story = Story(topics=orders())
    story.producer("web", rate=100)
    story.run(1)
    story.act(Crash("broker-3"))
    story.run(15)
    story.act(Restart("broker-3"))
    story.until(lambda: story.state().isr == (1, 2, 3))
    (change,) = [one for one in story.heard(facts.PartitionChanged, reason="isr") if one.fact.partition == ORDERS]
    unfenced = list(story.heard(facts.BrokerUnfenced, broker_id=3))[-1]
    assert change.time > unfenced.time
    assert story.replica(3).log.log_end_offset >= story.replica(1).log.high_watermark


def test_spec_02_11_a_fenced_member_is_ineligible_and_the_leader_keeps_its_isr():
    story = Story(topics=orders())
    story.act(Crash("broker-3"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1, 2))
    found = answer_to(story, proposal(story, 1, 2, 3, partition_epoch=1))
    assert found.error_code is ErrorCode.INELIGIBLE_REPLICA
    leader = story.replica(1)
    leader.propose_isr((1, 2, 3))
    story.broker(1).isr.want(leader)
    story.run(20)  # sent with the next look for lagging followers
    assert leader.in_sync_replicas == (1, 2)
    assert leader.pending_isr is None
    assert story.state().isr == (1, 2)


def test_spec_02_11_a_member_with_the_epoch_of_an_earlier_process_is_ineligible():
    story = Story(topics=orders())
    old = story.broker(1).image.brokers[3].broker_epoch
    story.act(Crash("broker-3"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1, 2))
    story.act(Restart("broker-3"))
    story.until(lambda: story.state().isr != (1, 2))
    epoch = story.state().partition_epoch
    change = AlterPartitionChange(0, epoch, ((1, -1), (2, -1), (3, old)))
    request = AlterPartitionRequest(1, story.broker(1).lifecycle.broker_epoch, {ORDERS: change})
    assert answer_to(story, request).error_code is ErrorCode.INELIGIBLE_REPLICA


def test_spec_02_12_an_old_partition_epoch_is_an_invalid_update_version():
    story = Story(topics=orders())
    assert answer_to(story, proposal(story, 1, 2)).error_code is ErrorCode.NONE
    assert answer_to(story, proposal(story, 1)).error_code is ErrorCode.INVALID_UPDATE_VERSION
    assert story.state().isr == (1, 2)


@pytest.mark.parametrize(
    ("isr", "leader_epoch", "partition_epoch", "error"),
    [
        ((1, 2), 0, 7, ErrorCode.NOT_CONTROLLER),
        ((1, 2), 1, 0, ErrorCode.NOT_CONTROLLER),
        ((1, 9), 0, 0, ErrorCode.INVALID_REQUEST),
        ((1, 1), 0, 0, ErrorCode.INVALID_REQUEST),
        ((2, 3), 0, 0, ErrorCode.INVALID_REQUEST),
        ((), 0, 0, ErrorCode.INVALID_REQUEST),
    ],
)
def test_spec_02_12_the_controller_refuses_what_cannot_be(
    isr: tuple[int, ...], leader_epoch: int, partition_epoch: int, error: ErrorCode
):
    story = Story(topics=orders())
    request = proposal(story, *isr, leader_epoch=leader_epoch, partition_epoch=partition_epoch)
    assert answer_to(story, request).error_code is error
    assert story.state().isr == (1, 2, 3)


def test_an_old_leader_epoch_is_fenced_and_another_sender_is_no_leader():
    story = Story(topics=orders())
    story.act(Crash("broker-1"))
    story.elected(2)
    image = story.broker(2).image
    stale = AlterPartitionChange(0, 1, ((2, -1), (3, -1)))
    epoch = image.brokers[2].broker_epoch
    found = answer_to(story, AlterPartitionRequest(2, epoch, {ORDERS: stale}))
    assert found.error_code is ErrorCode.FENCED_LEADER_EPOCH
    third = AlterPartitionRequest(3, image.brokers[3].broker_epoch, {ORDERS: AlterPartitionChange(1, 1, ((2, -1),))})
    assert answer_to(story, third).error_code is ErrorCode.INVALID_REQUEST


def test_a_leader_that_has_recovered_never_recovers_again():
    story = Story(topics=orders())
    change = AlterPartitionChange(0, 0, ((1, -1),), leader_recovering=True)
    request = AlterPartitionRequest(1, story.broker(1).lifecycle.broker_epoch, {ORDERS: change})
    assert answer_to(story, request).error_code is ErrorCode.INVALID_REQUEST


def test_a_process_with_an_old_broker_epoch_changes_nothing():
    story = Story(topics=orders())
    request = AlterPartitionRequest(1, 99, {ORDERS: AlterPartitionChange(0, 0, ((1, -1),))})
    found = story.ask("controller-1", request)
    assert found.error_code is ErrorCode.STALE_BROKER_EPOCH
    assert story.state().isr == (1, 2, 3)
