"""What is said of read-process-write applications: their outcomes, as either reader finds them, and who is fenced."""

from lab.cluster.actions.machines import Crash, Freeze, Restart, Thaw
from lab.cluster.build import add_processor
from lab.cluster.spec import ProcessorSpec, TopicSpec
from lab.cluster.words import WORDS
from tests.story import Story, orders, settings

LEVELS = ("read_uncommitted", "read_committed")


def biller(name: str, transactional_id: str = "") -> ProcessorSpec:
    producer = settings(transactional_id=transactional_id) if transactional_id else ()
    config = settings(auto_offset_reset="earliest", max_poll_records=10)
    return ProcessorSpec(name, "billing", ("orders",), "bills", 100_000, config, (("linger.ms", "0"), *producer))


def test_a_crash_before_the_commit_is_seen_in_the_outcomes_and_a_transaction_hides_it():
    for transactional_id, repeated in (("", (True, True)), ("biller", (True, False))):
        story = Story(topics=(*orders(1), TopicSpec("bills", 1, 3)))
        story.producer("web", rate=5, count=40)
        add_processor(story.world, biller("biller-1", transactional_id))
        story.until(lambda story=story: said(story, "committed", "billing", "orders-0") >= 5)
        story.run(0.1)
        story.until(lambda story=story: ahead(story) >= 3)
        story.act(Crash("biller-1"))
        story.run(1)
        story.act(Restart("biller-1"))
        story.until(lambda story=story: said(story, "committed", "billing", "orders-0") >= 40, 90)
        story.run(1)
        found = tuple(said(story, "repeated_outcomes", "bills-0", level) for level in LEVELS)
        assert tuple(one > 0 for one in found) == repeated
        for level, one in zip(LEVELS, found, strict=True):
            assert said(story, "outcomes", "bills-0", level) == 40 + one
        assert said(story, "outcomes", "orders-0") == 0, "no application has made these"


def test_who_is_fenced_says_so():
    story = Story(topics=(*orders(1), TopicSpec("bills", 1, 3)))
    story.producer("web", rate=5)
    add_processor(story.world, biller("biller-1", "biller"))
    story.until(lambda: said(story, "open_transactions", "bills-0") > 0)
    story.act(Freeze("biller-1"))
    add_processor(story.world, biller("biller-2", "biller"))
    story.run(5)
    story.act(Thaw("biller-1"))
    story.run(5)
    texts = [one.text for one in story.world.moments if one.kind == "client" and one.subject == "biller-1"]
    assert "biller-1 may not go on as biller: PRODUCER_FENCED" in texts


def ahead(story: Story) -> int:
    """How many orders have a bill in the log and are not committed."""
    return said(story, "outcomes", "bills-0") - said(story, "committed", "billing", "orders-0")


def said(story: Story, word: str, *arguments: str) -> int:
    found = WORDS[word](story.world, *arguments)
    assert isinstance(found, int)
    return found
