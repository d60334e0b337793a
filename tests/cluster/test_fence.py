"""A fence in a cluster whose clients are all simulated: they take it as clients take it that were away for too long."""

import pytest

from lab.cluster.actions.machines import Crash
from lab.cluster.lookup.parts import broker_at, find_group
from lab.env import NodeId
from lab.kafka.orders import FenceOff
from tests.story import Story, orders, settings

BROKERS: tuple[NodeId, ...] = ("broker-1", "broker-2", "broker-3")
PROTOCOLS = ("classic", "consumer")


def fenced(story: Story, order: FenceOff) -> None:
    for broker in BROKERS:
        story.world.signal(broker, order)
    story.run(30)


def generation(story: Story) -> int:
    found = find_group(story.world, "app")
    assert found is not None
    assert found[1].state == "Stable"
    return found[1].generation


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_group_goes_on_above_every_generation_that_was(protocol: str):
    story = Story(topics=orders(3))
    for member in ("a", "b"):
        story.consumer(member, "app", config=settings(group_protocol=protocol, auto_offset_reset="earliest"))
    story.run(10)
    before = generation(story)
    fenced(story, FenceOff(0, ("a",), (("app", 40),), ()))
    assert before < 40 < generation(story)
    owned = [one for member in ("a", "b") for one in story.app(member).membership.owned]
    assert sorted(str(one) for one in owned) == ["orders-0", "orders-1", "orders-2"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_generation_stands_in_the_log_and_survives_its_coordinator(protocol: str):
    story = Story(topics=orders(3))
    story.consumer("a", "app", config=settings(group_protocol=protocol))
    story.run(10)
    fenced(story, FenceOff(0, (), (("app", 40),), ()))
    found = find_group(story.world, "app")
    assert found is not None
    story.act(Crash(found[0]))
    story.run(40)
    assert generation(story) > 40


def test_producer_ids_go_on_above_all_that_were_handed_out():
    story = Story(topics=orders(1))
    story.run(2)
    fenced(story, FenceOff(7_000, (), (), ()))
    for name in BROKERS:
        broker = broker_at(story.world, name)
        assert broker is not None
        assert broker.producer_ids.next_id >= 7_000
    starts = [broker_at(story.world, name).producer_ids.next_id for name in BROKERS]  # type: ignore[union-attr]
    assert len(set(starts)) == len(BROKERS)
