"""A consumer that has asked two leaders for the same records hears one of them (spec 6.5)."""

from lab.cluster.actions.clients import PauseConsumer, ResumeConsumer
from lab.cluster.actions.machines import Restart, Stop
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.topics import ElectLeader
from tests.story import Story, orders, settings


def test_of_two_leaders_that_answer_the_same_question_one_is_heard():
    story = Story(topics=orders())
    story.act(Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    story.act(Restart("broker-1"))
    story.until(lambda: 1 in story.state().isr)
    story.producer("web", rate=20, count=200)
    config = settings(auto_offset_reset="earliest", metadata_max_age_ms=500, fetch_min_bytes=100_000)
    story.consumer("till", config=config)
    story.until(lambda: len(story.polled("till")) >= 20)
    till = story.app("till")
    story.act(CutLink("broker-2", "till", one_way=True))
    story.run(1.2)
    assert list(till.fetcher.fetching) == ["broker-2"], "whose answer is on its way"
    story.act(ElectLeader("orders-0"))
    story.elected(1)
    story.until(lambda: "broker-1" in till.fetcher.fetching, limit_s=10)
    story.act(PauseConsumer("till"))
    story.run(0.1)
    story.act(HealLink("broker-2", "till"))
    story.run(1)
    assert len(till.fetcher.buffered) == 2, "both answers have come while the application was busy"
    story.act(ResumeConsumer("till"))
    story.run(9)
    assert story.polled("till") == list(range(200))
