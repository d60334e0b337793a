"""What a consumer makes of answers that come late: a question has one (spec 6.5)."""

from lab.cluster.actions.machines import Restart, Stop
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.topics import ElectLeader
from tests.story import Story, orders, settings


def reading(story: Story, work_us: int = 0, **config: object) -> None:
    story.producer("web", rate=20, count=160)
    config = {"auto_offset_reset": "earliest", "metadata_max_age_ms": 500, **config}
    story.consumer("till", work_us=work_us, config=settings(**config))
    story.until(lambda: len(story.polled("till")) >= 20)


def test_of_two_leaders_that_answer_the_same_question_one_is_heard():
    story = Story(topics=orders())
    story.act(Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    story.act(Restart("broker-1"))
    story.until(lambda: 1 in story.state().isr)
    reading(story, work_us=25_000, max_poll_records=1, fetch_min_bytes=100_000)
    till = story.app("till")
    story.until(lambda: not till.fetcher.buffered and not till.work)
    story.act(CutLink("broker-2", "till", one_way=True))
    story.run(0.7)
    assert list(till.fetcher.fetching) == ["broker-2"], "whose answer is on its way"
    story.act(ElectLeader("orders-0"))
    story.elected(1)
    story.until(lambda: till.fetcher.buffered, limit_s=10)
    assert "broker-2" in till.fetcher.fetching
    story.act(HealLink("broker-2", "till"))
    story.run(9)
    assert story.polled("till") == list(range(160))
