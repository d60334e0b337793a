"""When consumers of other clients commit, and what that costs in a crash (spec 6.9, 10.9)."""

import pytest

from lab.cluster.actions.machines import Crash
from lab.kafka import facts
from lab.kafka.clients.consumer.commits import Commits
from lab.world.world import WorldStopped
from tests.kafka.clients.consumer.shop import EARLIEST, commits, stock
from tests.kafka.clients.consumer.test_commits import SECOND_US, crash_and_hand_over
from tests.story import Story, orders, settings


def working(flavour: str, work_us: int = SECOND_US, **config: object) -> Story:
    """A consumer that works a second on each record; time begins with its first poll."""
    story = stock(100, topics=orders())
    spec = {"auto_offset_reset": "earliest", **config}
    story.consumer("a", work_us=work_us, config=settings(**spec), flavour=flavour)
    story.until(lambda: story.polled("a"))
    return story


def test_spec_06_9_librdkafka_commits_from_a_thread_while_the_application_works():
    """Java would have to wait for the next poll(), which comes after a hundred seconds."""
    story = working("librdkafka")
    story.run(5.5)
    assert commits(story, "a") == [5], "when 4 records were done, and the fifth was in hand"
    story.run(5)
    assert commits(story, "a") == [5, 10]
    story = working("java-4")
    story.run(50)
    assert commits(story, "a") == []


def test_spec_06_9_what_librdkafka_has_handed_out_counts_as_read_so_a_crash_leaves_one_out():
    story = working("librdkafka")
    story.until(lambda: commits(story, "a"))
    (first,) = commits(story, "a")
    assert story.done() == list(range(first - 1)), "the last one is being worked on"
    assert crash_and_hand_over(story)[0] == first
    story.run(1)
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (0, 1)


def test_spec_06_9_offsets_that_are_stored_after_the_work_leave_nothing_out():
    story = working("librdkafka", enable_auto_offset_store="false")
    story.until(lambda: commits(story, "a"))
    (first,) = commits(story, "a")
    assert story.done() == list(range(first)), "only what is finished is committed"
    story.run(0.5)
    again = len(story.done())
    assert crash_and_hand_over(story)[0] == first
    story.run(1)
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (again - first, 0)


def test_spec_06_9_kafka_python_commits_inside_poll_as_java_does():
    story = working("kafka-python", max_poll_records=10)
    story.run(9.9)
    assert commits(story, "a") == []
    story.run(0.2)
    assert commits(story, "a") == [10]
    story.run(4)
    assert crash_and_hand_over(story)[0] == 10


def test_librdkafka_hands_out_one_record_a_poll_and_so_keeps_the_poll_interval():
    """A hundred records of 4 s are 400 s: too long for a Java application between two polls, not for this one."""
    story = working("librdkafka", work_us=4 * SECOND_US)
    story.run(320)
    assert [one.reason for one in story.told(facts.LeftGroup)] == []
    assert len(story.done()) == 79 + 1
    story = working("java-4", work_us=4 * SECOND_US)
    story.run(320)
    assert [one.reason for one in story.told(facts.LeftGroup)] == ["max.poll.interval.ms exceeded"]


def test_a_quick_librdkafka_consumer_still_costs_few_events():
    story = stock(1_000, topics=orders())
    story.consumer("a", config=EARLIEST, flavour="librdkafka")
    story.until(lambda: len(story.done()) == 1_000)
    assert len(story.told(facts.RecordsPolled)) <= 4


def test_librdkafka_commits_what_it_stored_when_it_closes_and_not_when_it_dies():
    story = working("librdkafka", work_us=10_000)
    story.run(0.5)
    done = len(story.done())
    story.act(Crash("a"))
    assert commits(story, "a") == []
    assert done > 40


def test_a_client_that_committed_what_it_works_on_would_be_found(monkeypatch: pytest.MonkeyPatch):
    """As if the thread did not care what the application has stored."""
    story = working("librdkafka", enable_auto_offset_store="false")
    right = Commits.due
    monkeypatch.setattr(Commits, "due", lambda self, unfinished=(): right(self))
    with pytest.raises(WorldStopped, match="a commit names nothing that is still being worked on"):
        story.run(20)
