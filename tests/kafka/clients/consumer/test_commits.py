"""When a consumer commits, and what a crash repeats or leaves out (spec 6.7, 6.12)."""

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop
from lab.cluster.actions.topics import Replay
from lab.cluster.words import WORDS
from lab.kafka import facts
from lab.kafka.orders import ResetGroup
from tests.kafka.clients.consumer.shop import EARLIEST, commits, refusals, resets, stock, write
from tests.story import ORDERS, Story, orders, settings

SECOND_US = 1_000_000


def working(commit: str, records: int = 100, work_us: int = SECOND_US, **config: object) -> Story:
    """A consumer that works a second on each record, ten a poll; time begins with its first poll."""
    story = stock(records, topics=orders())
    spec = {"auto_offset_reset": "earliest", "max_poll_records": 10, **config}
    story.consumer("a", work_us=work_us, commit=commit, config=settings(**spec))
    story.until(lambda: story.polled("a"))
    return story


def crash_and_hand_over(story: Story) -> list[int]:
    """`a` dies; what `b` then reads first, and the ledger's view of the group."""
    story.act(Crash("a"))
    story.consumer("b", config=EARLIEST)
    story.until(lambda: story.polled("b"), limit_s=90)
    return story.polled("b")


def test_spec_06_16_auto_commit_names_what_the_polls_before_returned():
    story = working("auto")
    story.run(9.9)
    assert commits(story, "a") == [], "the interval is 5 s, but there was no poll"
    story.run(0.2)
    assert commits(story, "a") == [10]
    story.run(10)
    assert commits(story, "a") == [10, 20]


def test_spec_06_16_a_crash_repeats_the_records_of_the_last_poll():
    story = working("auto")
    story.run(14.5)
    assert story.done() == list(range(14))
    assert crash_and_hand_over(story)[0] == 10
    story.run(1)
    assert story.ledger.group("pay").duplicates == 4
    assert story.ledger.group("pay").skipped() == 0


def test_commit_sync_after_the_work_repeats_at_most_one_poll():
    story = working("sync")
    story.run(25.5)
    assert commits(story, "a") == [10, 20]
    assert crash_and_hand_over(story)[0] == 20
    story.run(1)
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (5, 0)


@pytest.mark.parametrize(("commit", "done"), [("async", 19), ("sync", 10)])
def test_commit_async_does_not_wait_for_a_coordinator_and_commit_sync_does(commit: str, done: int):
    story = working(commit)
    story.act(*(Freeze(f"broker-{number}") for number in (1, 2, 3)))
    story.run(19.5)
    assert len(story.done()) == done


def test_commit_per_record_repeats_at_most_one():
    story = working("record")
    story.run(5.5)
    assert commits(story, "a") == [1, 2, 3, 4, 5]
    assert crash_and_hand_over(story)[0] == 5
    assert story.ledger.group("pay").duplicates == 0, "the sixth was not finished"


def test_commit_before_the_work_leaves_out_what_was_not_finished():
    story = working("before")
    story.run(5.5)
    assert commits(story, "a") == [10]
    assert story.done() == [0, 1, 2, 3, 4]
    assert crash_and_hand_over(story)[0] == 10
    story.run(1)
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (0, 5)


def test_without_commits_everything_is_repeated():
    story = working("none", records=15)
    story.run(20)
    assert commits(story, "a") == []
    assert crash_and_hand_over(story)[0] == 0


def test_enable_auto_commit_false_turns_it_off():
    story = working("auto", enable_auto_commit="false")
    story.run(25)
    assert commits(story, "a") == []


def test_lag_is_what_is_visible_and_not_committed():
    story = working("sync", records=30)
    lag = WORDS["lag"]
    assert lag(story.world, "pay", "orders-0") == 30
    story.run(10.5)
    assert lag(story.world, "pay", "orders-0") == 20
    write(story, 7)
    story.run(1)
    assert lag(story.world, "pay") == 27


# --- a coordinator that is away -------------------------------------------------------------------


@pytest.mark.parametrize("commit", ["auto", "sync", "async", "record", "before"])
def test_no_policy_commits_what_was_not_read(commit: str):
    story = Story(topics=orders(min_insync_replicas=2))
    story.producer("web", rate=40)
    for name in ("a", "b"):
        story.consumer(name, work_us=1_000, commit=commit, config=settings(auto_offset_reset="earliest"))
    story.run(10)
    story.act(Crash(f"broker-{story.coordinator()}"))
    story.run(20)
    assert story.ledger.group("pay").skipped() == 0
    assert int(WORDS["lag"](story.world, "pay")) < 500


def test_auto_commit_that_failed_for_a_moment_is_tried_again_after_a_backoff():
    story = Story(topics=orders())
    story.consumer("a", config=settings(auto_offset_reset="earliest", auto_commit_interval_ms=30_000))
    story.run(10)
    host = f"broker-{story.coordinator()}"
    write(story, 5)
    story.run(24 - 10 + 5)
    story.act(Crash(host))
    story.run(30)
    assert commits(story, "a") == [5]


def test_commit_sync_gives_up_after_default_api_timeout_ms():
    story = stock(20, topics=orders())
    config = settings(auto_offset_reset="earliest", max_poll_records=10, default_api_timeout_ms=20_000)
    story.consumer("a", commit="sync", work_us=SECOND_US, config=config)
    story.until(lambda: story.polled("a"))
    story.act(*(Crash(f"broker-{number}") for number in (1, 2, 3)))
    story.run(9.9)
    story.run(19.2)
    assert story.done() == list(range(10)), "it has waited for the commit since"
    assert refusals(story, "a") == []
    story.run(2)
    assert refusals(story, "a") == ["REQUEST_TIMED_OUT"]


# --- moving a group's offsets ---------------------------------------------------------------------


def finished(records: int = 10) -> Story:
    """A group that has read everything, and has nobody in it."""
    story = stock(records, topics=orders())
    story.consumer("a", config=EARLIEST)
    story.run(10)
    story.act(Stop("a"))
    story.run(1)
    assert commits(story, "a") == [records]
    return story


def reset_ended(story: Story) -> str:
    """The error that the administrator's order ended with."""
    story.until(lambda: any(story.heard(facts.AdminResult, request="ResetGroup")))
    return next(story.heard(facts.AdminResult, request="ResetGroup")).fact.error


def replayed(story: Story, to: str) -> list[int]:
    story.act(Replay("pay", "orders", to))
    assert reset_ended(story) == ""
    story.act(Restart("a"))
    story.run(5)
    return story.polled("a")[10:]


def test_a_group_is_moved_to_the_earliest_record():
    assert replayed(finished(), "earliest") == list(range(10))


def test_a_group_is_moved_to_the_end():
    story = finished()
    write(story, 4)
    assert replayed(story, "latest") == []
    assert resets(story, "a")[-1] == (14, "committed")


def test_a_group_is_moved_to_an_offset():
    assert replayed(finished(), "7") == [7, 8, 9]


def test_a_group_is_moved_to_the_first_record_of_a_date_or_younger():
    story = Story(topics=orders())
    story.producer("web", rate=1)
    story.consumer("a", config=EARLIEST)
    story.run(10.5)
    story.act(Stop("a"), Stop("web"))
    story.run(1)
    count = len(story.polled("a"))
    story.act(Replay("pay", "orders", "ago:5"))
    story.run(2)
    story.act(Restart("a"))
    story.run(5)
    again = story.polled("a")[count:]
    assert again == list(range(again[0], count))
    ages = [story.world.epoch_ms + 11_500 - 5_000]
    log = story.replica(1).log
    batches = log.read(0, 1 << 30, log.log_end_offset)
    assert isinstance(batches, tuple)
    young = [record.offset for batch in batches for record in batch.records() if record.timestamp_ms >= ages[0]]
    assert again == young


def test_a_date_in_the_future_is_the_end():
    story = finished()
    assert replayed(story, f"time:{story.world.epoch_ms + 10**9}") == []


def test_spec_04_10_a_group_with_members_is_not_moved():
    story = finished()
    story.act(Restart("a"))
    story.run(5)
    assert Replay("pay", "orders").refusal(story.world).startswith("stop a first")
    before = story.ledger.group("pay").progress(ORDERS).committed
    story.order("admin", ResetGroup("pay", ("orders",), "earliest"))
    assert reset_ended(story) == "UNKNOWN_MEMBER_ID"
    assert story.ledger.group("pay").progress(ORDERS).committed == before
