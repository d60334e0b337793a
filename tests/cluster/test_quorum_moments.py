"""What of the life of the controllers' quorum is told as a key moment, and in which words."""

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.network import Isolate
from lab.cluster.lookup.controllers import active_controller
from tests.story import Story, orders


@pytest.fixture
def story() -> Story:
    found = Story(topics=orders(), controllers=3)
    found.run(5)
    return found


def told(story: Story) -> list[str]:
    """The moments of the quorum."""
    return [one.text for one in story.world.moments if one.kind == "quorum"]


def test_one_that_is_cut_off_no_longer_leads(story: Story):
    first = active_controller(story.world)
    story.act(Isolate(first))
    story.run(10)
    second = active_controller(story.world)
    assert f"{first} no longer leads the controllers" in told(story)
    assert any(one.startswith(f"{second} leads the controllers in epoch") for one in told(story))


def test_one_that_crashed_as_leader_of_a_quorum_nobody_else_could_lead_starts_as_resigned(story: Story):
    """It has not led since it went down; that it comes back is no end of its leadership."""
    first = active_controller(story.world)
    others = [name for name in ("controller-1", "controller-2", "controller-3") if name != first]
    story.act(*(Crash(name) for name in others), Crash(first))
    before = len(told(story))
    story.run(10)
    story.act(Restart(first))
    story.run(0.1)
    (said,) = told(story)[before:]
    assert said.startswith(f"{first} starts as resigned: it led the controllers in epoch ")
