"""What a consumer makes of answers that come late: they are for the position at which they were asked (spec 6.5)."""

from lab.cluster.actions.machines import Restart, Stop
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.topics import ElectLeader
from lab.kafka.orders import Seek
from tests.story import ORDERS, Story, orders, settings


def reading(story: Story, work_us: int = 0, **config: object) -> None:
    story.producer("web", rate=20, count=160)
    config = {"auto_offset_reset": "earliest", "metadata_max_age_ms": 500, **config}
    story.consumer("till", work_us=work_us, config=settings(**config))
    story.until(lambda: len(story.polled("till")) >= 20)


def test_an_answer_from_before_a_seek_is_not_taken_for_one_to_the_new_position():
    story = Story(topics=orders())
    reading(story)
    story.act(CutLink("broker-1", "till", one_way=True))
    story.run(1)
    story.order("till", Seek({ORDERS: 3}))
    story.run(0.1)
    seen = len(story.polled("till"))
    story.act(HealLink("broker-1", "till"))
    story.run(8)
    assert story.polled("till")[seen:] == list(range(3, 160))


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
