"""The share consumer: what an application does, and says, of each record (spec 4.7)."""

from lab.cluster.actions.clients import ChangeWork, PauseConsumer, ResumeConsumer
from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.shares import AddShareConsumer, PoisonKey
from lab.kafka import facts
from lab.kafka.orders import SendRecords
from tests.kafka.share.queue import Queue
from tests.story import settings

IMPLICIT = settings(max_poll_records=5)


def settled(story: Queue, reason: str) -> list[int]:
    """Offsets that were settled so, in order."""
    return [
        offset for one in story.told(facts.RecordsSettled) if one.reason == reason
        for offset in range(one.first, one.end)
    ]  # fmt: skip


def test_the_next_poll_accepts_what_the_last_one_returned():
    story = Queue()
    story.write(*"abcdefghij")
    story.worker("w-1", config=IMPLICIT, work_us=500_000)
    story.until(lambda: len(story.done("work")) == 5)
    assert settled(story, "accepted") == []
    story.run(1)
    assert settled(story, "accepted") == [0, 1, 2, 3, 4]


def test_an_implicit_application_accepts_even_what_it_failed_at():
    story = Queue()
    story.write("a", "b")
    story.worker("w-1", config=IMPLICIT, poison="k")
    story.run(10)
    assert story.done("work") == []
    assert settled(story, "accepted") == [0, 1]
    assert story.ledger.group("work").skipped() == 2


def test_a_record_on_which_work_fails_always_is_archived_and_the_others_are_done():
    story = Queue(broker={"group_share_delivery_count_limit": 3})
    story.producer("shop", rate=10, keys="Ada,Bad,Cleo", count=30)
    for name in ("w-1", "w-2"):
        story.worker(name, poison="Bad", work_us=10_000)
    story.run(20)
    bad = story.history()
    assert sum(len(one) for one in bad.archived.values()) == 10
    assert bad.failed == 30
    assert len(story.done("work")) == 20
    assert story.start() == 30
    assert story.ledger.group("work").skipped() == 10


def test_an_application_may_reject_at_once():
    story = Queue()
    story.write("a", "b")
    story.worker("w-1", poison="k", on_failure="reject")
    story.run(10)
    assert settled(story, "rejected") == [0, 1]
    assert story.history().failed == 2


def test_a_record_that_kills_its_workers_is_archived_in_the_end():
    story = Queue(broker={"group_share_delivery_count_limit": 2})
    story.write("a")
    story.worker("w-1", poison="k", on_failure="crash")
    story.run(10)
    assert story.world.hosts["w-1"].state == "down"
    story.act(Restart("w-1"))
    story.run(10)
    assert [one.delivery_count for one in story.told(facts.RecordFailed)] == [1, 2]
    assert settled(story, "closed") == [0, 0]
    assert story.start() == 1


def test_what_a_worker_held_when_it_crashed_goes_to_another_at_once():
    story = Queue()
    story.write(*"abcd")
    story.worker("w-1", config=settings(max_poll_records=10), work_us=2_000_000)
    story.run(7)
    assert story.runs() == [(0, 4, "Acquired", 1)]
    story.worker("w-2")
    story.run(6)
    story.act(Crash("w-1"))
    story.run(1)
    assert story.done("work")[-4:] == [0, 1, 2, 3]
    assert story.history().redelivered == 4


def test_what_a_frozen_worker_held_goes_to_another_when_the_lock_expires():
    """And what it does with it when it thaws is done twice: it finds out when it acknowledges."""
    story = Queue(broker={"group_share_record_lock_duration_ms": 5_000})
    story.write("a")
    story.worker("w-1", work_us=1_000_000)
    story.run(5.5)
    assert story.runs() == [(0, 1, "Acquired", 1)]
    story.act(Freeze("w-1"))
    story.worker("w-2")
    story.run(12)
    assert story.start() == 1
    assert [one.member for one in story.told(facts.RecordDone)] == ["w-2"]
    story.act(Thaw("w-1"))
    story.run(3)
    assert [one.member for one in story.told(facts.RecordDone)] == ["w-2", "w-1"]
    assert story.ledger.group("work").duplicates == 1
    assert [one.member for one in story.told(facts.AcknowledgementFailed)] == ["w-1"]


def test_a_worker_that_is_slower_than_the_lock_never_finishes_anything():
    story = Queue(broker={"group_share_record_lock_duration_ms": 2_000, "group_share_delivery_count_limit": 3})
    story.write("a")
    story.worker("w-1", work_us=3_000_000)
    story.run(30)
    assert story.history().expired == 3
    assert settled(story, "accepted") == []
    assert story.start() == 1
    assert {one.error for one in story.told(facts.AcknowledgementFailed)} == {"INVALID_RECORD_STATE"}


def test_keys_are_done_out_of_order():
    story = Queue()
    story.worker("w-1", work_us=300_000)
    story.worker("w-2", work_us=1_000)
    story.producer("shop", rate=20, keys="Ada")
    story.run(20)
    history = story.ledger.group("work")
    assert history.duplicates == 0
    assert history.reordered_keys[b"Ada"] > 5


def test_a_worker_that_closes_gives_back_what_it_has_not_done():
    story = Queue()
    story.write(*"abcd")
    story.worker("w-1", config=settings(max_poll_records=10), work_us=1_000_000)
    story.until(lambda: len(story.done("work")) == 1)
    story.act(Stop("w-1"))
    story.run(2)
    assert settled(story, "accepted") == [0, 1]  # the record at hand is finished first
    assert settled(story, "closed") == [2, 3]


def test_what_one_changes_in_a_worker():
    story = Queue()
    story.act(AddShareConsumer("w-1", "work", "orders", 100))
    story.producer("shop", rate=0)
    story.run(7)
    assert not PoisonKey("w-1", "Bad").refusal(story.world)
    assert "is the producer" in PoisonKey("shop", "Bad").refusal(story.world)
    story.act(PoisonKey("w-1", "Bad"))
    story.order("shop", SendRecords(((b"Bad", b"x"), (b"Good", b"y"))))
    story.run(5)
    assert len(story.done("work")) == 1
    assert story.history().failed == 5
    story.act(ChangeWork("w-1", 0), PauseConsumer("w-1"))
    story.order("shop", SendRecords(((b"Good", b"z"),)))
    story.run(2)
    assert len(story.done("work")) == 1
    story.act(ResumeConsumer("w-1"))
    story.run(2)
    assert len(story.done("work")) == 2
