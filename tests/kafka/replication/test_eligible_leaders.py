"""Eligible leader replicas: who may lead without loss although it is not in sync (KIP-966, spec 2.10)."""

import pytest

from lab.cluster.actions.machines import Crash, Freeze, PowerOff, Restart, Stop, Thaw
from lab.cluster.actions.network import Isolate, Rejoin
from lab.cluster.actions.replicas import UseEligibleLeaders
from lab.cluster.actions.settings import SetTopicConfig
from lab.cluster.build import image_of
from lab.cluster.fuzzing.rest import difference
from lab.kafka import facts
from lab.kafka.metadata.image import NONE_ELIGIBLE, EligibleReplicas
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from tests.story import ORDERS, Story, batch, orders, settings

ON = settings(eligible_leader_replicas_enable="true")


def produced(story: Story, broker: int, value: str = "one", acks: int = -1) -> ErrorCode:
    request = ProduceRequest(acks, 5_000, {ORDERS: batch(value)})
    return story.ask(f"broker-{broker}", request).responses[ORDERS].error_code


def eligible(story: Story) -> EligibleReplicas:
    return (image_of(story.world).eligible or {}).get(ORDERS, NONE_ELIGIBLE)


def only_broker_1(*gone: str, on: bool = True, **config: object) -> Story:
    """Three replicas, at least two in sync; broker-3 and then broker-2 are cut off, so that broker-1 is alone."""
    story = Story(topics=(orders(**{"min_insync_replicas": 2, **config})), broker_config=ON if on else ())  # type: ignore[arg-type]
    assert produced(story, 1, "all three") is ErrorCode.NONE
    story.run(1)
    for node in gone or ("broker-3", "broker-2"):
        story.act(Isolate(node))
        story.until(lambda node=node: int(node[-1]) not in story.state().isr)
        if len(story.state().isr) > 1:
            assert produced(story, 1, "two of them") is ErrorCode.NONE
    return story


def test_spec_02_24_who_left_below_the_minimum_is_eligible_and_leads_cleanly():
    story = only_broker_1()
    assert eligible(story) == ((2,), ()), "broker-3 left while two were still in sync: it may lack records"
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    assert produced(story, 1) is ErrorCode.NOT_ENOUGH_REPLICAS
    story.act(Rejoin("broker-2"), Crash("broker-1"))
    story.until(lambda: story.state().leader_id == 2)
    (change,) = story.heard(facts.PartitionChanged, reason="elr")
    assert change.fact.in_sync_replicas == (2,)
    assert not story.state().recovering, "a clean election"
    assert story.replica(2).log.log_end_offset == 2, "both committed records"


def test_spec_02_24_without_the_feature_the_partition_is_offline():
    story = only_broker_1(on=False)
    story.act(Rejoin("broker-2"), Crash("broker-1"))
    story.run(60)
    assert 2 not in story.state().isr or story.state().leader_id != -1
    # broker-2 may have come back before the crash was noticed; where it had not, nobody leads.
    story = only_broker_1(on=False)
    story.act(Crash("broker-1"))
    story.until(lambda: story.state().leader_id == -1)
    story.act(Rejoin("broker-2"))
    story.run(30)
    assert (story.state().leader_id, story.state().isr) == (-1, (1,))


def test_spec_02_10_enough_in_sync_and_nobody_else_is_eligible():
    story = only_broker_1()
    story.act(Rejoin("broker-2"), Rejoin("broker-3"))
    story.until(lambda: len(story.state().isr) >= 2)
    assert eligible(story) == NONE_ELIGIBLE


def test_spec_02_10_the_isr_may_become_empty_and_the_last_leader_is_remembered():
    story = only_broker_1()
    story.act(Freeze("broker-1"))
    story.until(lambda: story.state().leader_id == -1)
    assert story.state().isr == ()
    assert eligible(story) == ((2, 1), (1,))
    story.act(Thaw("broker-1"))
    story.until(lambda: story.state().leader_id == 1)
    assert story.state().isr == (1,)
    assert not story.state().recovering


@pytest.mark.parametrize("clean", [True, False])
def test_spec_02_10_an_unclean_restart_ends_eligibility_and_a_clean_one_does_not(clean: bool):
    story = only_broker_1("broker-3")
    story.act(Stop("broker-2") if clean else Crash("broker-2"))
    story.until(lambda: story.state().isr == (1,) and story.world.hosts["broker-2"].state == "down")
    assert eligible(story).elr == (2,)
    story.act(Freeze("broker-1"))
    story.until(lambda: story.state().leader_id == -1)
    story.act(Restart("broker-2"))
    story.run(5)
    assert story.state().leader_id == (2 if clean else -1)
    assert (2 in eligible(story).elr) is False


def test_spec_02_10_with_nobody_eligible_the_last_leader_may_lead():
    story = only_broker_1()
    story.act(Crash("broker-2"), Crash("broker-1"), Rejoin("broker-2"))
    story.until(lambda: story.state().leader_id == -1)
    story.act(Restart("broker-2"), Restart("broker-1"))
    story.until(lambda: story.state().leader_id == 1)
    (change,) = story.heard(facts.PartitionChanged, reason="last known leader")
    assert change.fact.in_sync_replicas == (1,)
    assert story.state().recovering, "nobody can be sure that it has all"


def test_who_was_last_in_sync_may_lead_where_the_feature_comes_when_all_are_gone():
    story = only_broker_1(on=False)
    story.act(Crash("broker-1"))
    story.until(lambda: story.state().leader_id == -1)
    story.act(Rejoin("broker-2"), UseEligibleLeaders())
    story.until(lambda: image_of(story.world).eligible is not None)
    story.act(Restart("broker-1"))
    story.until(lambda: story.state().leader_id == 1)
    (change,) = story.heard(facts.PartitionChanged, reason="last known leader")
    assert change.fact.in_sync_replicas == (1,)
    assert story.state().recovering, "its process ended uncleanly"


def test_spec_02_10_another_minimum_ends_all_eligibility():
    story = only_broker_1()
    assert eligible(story).elr == (2,)
    story.act(SetTopicConfig("orders", "min.insync.replicas", "1"))
    story.until(lambda: eligible(story) == NONE_ELIGIBLE)
    story.run(1)
    assert produced(story, 1, "alone") is ErrorCode.NONE


def last_one_loses_power(on: bool) -> Story:
    """The story of KIP-966: the last in-sync replica loses its page cache, while another one has all of it."""
    story = Story(topics=orders(min_insync_replicas=2), broker_config=ON if on else ())
    story.producer("web", rate=100, config=(("acks", "all"), ("delivery.timeout.ms", "60000")))
    story.run(20)
    story.act(Isolate("broker-3"))
    story.until(lambda: story.state().isr == (1, 2))
    story.run(2)
    story.act(Stop("broker-2"))
    story.until(lambda: story.state().isr == (1,))
    story.act(PowerOff(("broker-1",)))
    story.run(1)
    story.act(Restart("broker-1"))
    story.run(20)
    story.act(Restart("broker-2"), Rejoin("broker-3"))
    story.until(lambda: sorted(story.state().isr) == [1, 2, 3], limit_s=200)
    story.run(10)
    return story


def test_a_last_replica_that_lost_its_page_cache_leads_again_and_records_are_lost():
    story = last_one_loses_power(on=False)
    assert story.ledger.lost() > 0
    assert not list(story.heard(facts.PartitionChanged, reason="unclean"))


def test_with_eligible_leaders_another_one_leads_and_nothing_is_lost():
    story = last_one_loses_power(on=True)
    assert story.ledger.lost() == 0
    assert list(story.heard(facts.PartitionChanged, reason="elr"))
    assert difference(story.world) == ""


def test_flushing_every_record_keeps_all_of_them_through_the_loss_of_power_everywhere():
    for flush, keeps in (("1", True), ("1000000", False)):
        story = Story(topics=orders(min_insync_replicas=2, flush_messages=flush))
        story.producer("web", rate=200, config=(("acks", "all"),))
        story.run(3)
        story.act(PowerOff(("broker-1", "broker-2", "broker-3")))
        story.until(lambda story=story: story.state().leader_id == -1)
        story.act(*(Restart(f"broker-{one}") for one in (1, 2, 3)))
        story.until(lambda story=story: sorted(story.state().isr) == [1, 2, 3], limit_s=200)
        story.run(5)
        assert (story.ledger.lost() == 0) is keeps
