"""The leader of a share-partition: who gets which record, for how long, how often (spec 4.7)."""

import pytest

from lab.cluster.actions.topics import DeleteRecords
from lab.kafka import facts
from lab.kafka.broker.share.in_flight import ACQUIRED, ARCHIVED, AVAILABLE, InFlightBatch, InFlightRecords
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import AcknowledgeType, ShareFetchRequest
from tests.kafka.share.queue import ACCEPT, REJECT, RELEASE, Member, Queue, said
from tests.story import ORDERS, settings

LETTERS = tuple("abcdefgh")


def test_spec_04_25_two_members_on_one_partition_get_disjoint_records():
    story = Queue()
    story.write(*LETTERS)
    ann, ben = Member(story, "ann"), Member(story, "ben")
    assert ann.fetch(3) == [(0, 2, 1)]
    assert ben.fetch(3) == [(3, 5, 1)]
    assert ann.fetch(3) == [(6, 7, 1)]
    assert ben.fetch(3) == []
    assert story.runs() == [(0, 3, "Acquired", 1), (3, 6, "Acquired", 1), (6, 8, "Acquired", 1)]


def test_spec_04_25_a_record_that_nobody_acknowledges_is_archived_after_five_locks_and_skipped():
    story = Queue()
    story.write("bad", "good")
    ann = Member(story, "ann")
    assert ann.fetch() == [(0, 1, 1)]
    assert ann.say(said(ACCEPT, 1)) is ErrorCode.NONE
    for delivery in (2, 3, 4, 5):
        waited = story.until(lambda: story.runs()[0][2] == "Available")
        assert 28_000 <= waited <= 30_000
        assert ann.fetch() == [(0, 0, delivery)]
        assert story.start() == 0
    story.until(lambda: story.start() == 2)
    assert story.runs() == []
    assert story.history().expired == 5
    settled = story.told(facts.RecordsSettled)[-1]
    assert (settled.state, settled.reason, settled.delivery_count) == ("Archived", "expired", 5)
    story.write("next")
    assert ann.fetch() == [(2, 2, 1)]


def test_a_released_record_goes_to_whoever_asks_next_with_a_higher_delivery_count():
    story = Queue()
    story.write("a", "b")
    ann, ben = Member(story, "ann"), Member(story, "ben")
    ann.fetch()
    assert ann.say(said(RELEASE, 0)) is ErrorCode.NONE
    assert ben.fetch() == [(0, 0, 2)]
    assert story.runs() == [(0, 1, "Acquired", 2), (1, 2, "Acquired", 1)]


def test_a_rejected_record_is_archived_at_once():
    story = Queue()
    story.write("a", "b")
    ann = Member(story, "ann")
    ann.fetch()
    assert ann.say(said(REJECT, 0)) is ErrorCode.NONE
    assert story.start() == 1
    assert story.told(facts.RecordsSettled)[-1].state == "Archived"
    assert [list(one.intervals()) for one in story.history().archived.values()] == [[(0, 1)]]


def test_a_record_released_as_often_as_it_may_be_delivered_is_archived():
    story = Queue(broker={"group_share_delivery_count_limit": 2})
    story.write("a")
    ann = Member(story, "ann")
    ann.fetch()
    ann.say(said(RELEASE, 0))
    assert ann.fetch() == [(0, 0, 2)]
    ann.say(said(RELEASE, 0))
    assert story.start() == 1
    assert story.told(facts.RecordsSettled)[-1].state == "Archived"


def test_the_start_offset_moves_over_a_finished_prefix_only():
    story = Queue()
    story.write(*LETTERS)
    ann = Member(story, "ann")
    ann.fetch()
    ann.say(said(ACCEPT, 1, 3))
    assert story.start() == 0
    assert story.runs() == [(0, 1, "Acquired", 1), (1, 4, "Acknowledged", 1), (4, 8, "Acquired", 1)]
    ann.say(said(ACCEPT, 0))
    assert story.start() == 4
    assert story.runs() == [(4, 8, "Acquired", 1)]


def test_no_more_records_are_in_flight_than_the_limit():
    story = Queue(broker={"group_share_partition_max_record_locks": 3})
    story.write(*LETTERS)
    ann, ben = Member(story, "ann"), Member(story, "ben")
    assert ann.fetch() == [(0, 2, 1)]
    assert ben.fetch() == []
    assert ann.say(said(ACCEPT, 1)) is ErrorCode.NONE
    assert ben.fetch() == []  # the first record holds the start offset back
    assert ann.say(said(ACCEPT, 0)) is ErrorCode.NONE
    assert ben.fetch() == [(3, 4, 1)]


def test_whoever_keeps_a_record_too_long_may_not_acknowledge_it_any_more():
    story = Queue(broker={"group_share_record_lock_duration_ms": 2_000})
    story.write("a")
    ann, ben = Member(story, "ann"), Member(story, "ben")
    ann.fetch()
    story.run(2.1)
    assert ann.say(said(ACCEPT, 0)) is ErrorCode.INVALID_RECORD_STATE
    assert ben.fetch() == [(0, 0, 2)]
    assert ann.say(said(ACCEPT, 0)) is ErrorCode.INVALID_RECORD_STATE
    assert ben.say(said(ACCEPT, 0)) is ErrorCode.NONE


def test_acknowledgements_of_one_partition_are_taken_together_or_not_at_all():
    story = Queue()
    story.write("a", "b")
    ann, ben = Member(story, "ann"), Member(story, "ben")
    ann.fetch(1)
    ben.fetch(1)
    assert ann.say((*said(ACCEPT, 0), *said(ACCEPT, 1))) is ErrorCode.INVALID_RECORD_STATE
    assert story.runs() == [(0, 1, "Acquired", 1), (1, 2, "Acquired", 1)]
    assert ann.say(said(ACCEPT, 0, 9)) is ErrorCode.INVALID_RECORD_STATE


def test_a_waiting_fetch_is_answered_when_a_record_comes_or_comes_back():
    story = Queue()
    story.write("a")
    ann, ben = Member(story, "ann"), Member(story, "ben")
    ann.fetch()
    ben.ask_fetch(wait_ms=0)
    leader = f"broker-{story.state().leader_id}"
    waiting = story.send(leader, ShareFetchRequest("work", "ben-1", 1, 30_000, 1 << 20, 10, {}))
    story.run(1)
    assert story.answer(waiting) is None
    before = story.now
    ann.say(said(RELEASE, 0))
    assert story.answer(waiting).responses[ORDERS].acquired[0].delivery_count == 2
    assert story.answered_at(waiting) - before < 50


def test_acknowledgements_travel_with_the_next_fetch():
    story = Queue()
    story.write("a", "b")
    ann = Member(story, "ann")
    assert ann.fetch(1) == [(0, 0, 1)]
    assert ann.fetch(1, says=said(ACCEPT, 0)) == [(1, 1, 1)]
    assert story.start() == 1
    answer = ann.ask_fetch(1, says=said(ACCEPT, 0))
    assert answer.responses[ORDERS].acknowledge_error_code is ErrorCode.INVALID_RECORD_STATE


@pytest.mark.parametrize(("reset", "got"), [("earliest", [(0, 1, 1)]), ("latest", [])])
def test_where_a_group_begins_is_told_by_share_auto_offset_reset(reset: str, got: list[tuple[int, int, int]]):
    story = Queue(broker={"group_share_auto_offset_reset": reset})
    story.write("a", "b")
    ann = Member(story, "ann")
    assert ann.fetch() == got
    story.write("c")
    assert ann.fetch() == [(2, 2, 1)]


def test_what_retention_deletes_is_not_delivered_again_and_nobody_waits_for_it():
    story = Queue()
    story.write(*LETTERS)
    ann = Member(story, "ann")
    ann.fetch(4)
    ann.say(said(RELEASE, 0, 3))
    story.act(DeleteRecords("orders-0", 6))
    story.run(1)
    assert ann.fetch() == [(6, 7, 1)]
    assert story.start() == 6


def test_offsets_without_a_record_are_gaps_that_a_member_passes_over():
    story = Queue()
    story.write("a", "b")
    ann = Member(story, "ann")
    ann.fetch()
    assert ann.say(said(AcknowledgeType.GAP, 0, 1)) is ErrorCode.NONE
    assert story.start() == 2


# --- sessions -------------------------------------------------------------------------------------


def test_a_session_counts_its_requests():
    story = Queue()
    story.write("a")
    ann = Member(story, "ann")
    assert ann.ask_fetch(epoch=1).error_code is ErrorCode.SHARE_SESSION_NOT_FOUND
    assert ann.say((), epoch=1) is ErrorCode.SHARE_SESSION_NOT_FOUND
    assert ann.say((), epoch=0) is ErrorCode.INVALID_SHARE_SESSION_EPOCH
    assert ann.ask_fetch(epoch=0, says=said(ACCEPT, 0)).error_code is ErrorCode.INVALID_REQUEST
    assert ann.fetch() == [(0, 0, 1)]
    assert ann.ask_fetch(epoch=7).error_code is ErrorCode.INVALID_SHARE_SESSION_EPOCH
    assert ann.say(said(ACCEPT, 0), epoch=1) is ErrorCode.NONE


def test_the_end_of_a_session_gives_back_what_its_member_held():
    story = Queue()
    story.write("a", "b", "c")
    ann, ben = Member(story, "ann"), Member(story, "ben")
    ann.fetch()
    assert ann.say(said(ACCEPT, 1), epoch=-1) is ErrorCode.NONE
    assert ben.fetch() == [(0, 0, 2), (2, 2, 2)]


# --- runs -----------------------------------------------------------------------------------------


def test_records_of_equal_state_are_one_run():
    runs = InFlightRecords(10)
    runs.append(InFlightBatch(10, 1_000_000, AVAILABLE))
    for run in runs.between(500, 600):
        run.state = ACQUIRED
    assert [(one.first, one.end, one.state) for one in runs.runs] == [
        (10, 500, AVAILABLE), (500, 600, ACQUIRED), (600, 1_000_000, AVAILABLE),
    ]  # fmt: skip
    for run in runs.between(10, 600):
        run.state = ARCHIVED
    runs.tidy()
    assert runs.start_offset == 600
    assert [(one.first, one.end, one.state) for one in runs.runs] == [(600, 1_000_000, AVAILABLE)]


def test_a_healthy_share_partition_stays_small():
    story = Queue()
    story.producer("shop", rate=200)
    for name in ("w-1", "w-2", "w-3"):
        story.worker(name, work_us=1_000, config=settings(share_acknowledgement_mode="explicit", max_poll_records=20))
    story.run(30)
    assert len(story.done("work")) > 4_000
    assert len(story.shared().in_flight.runs) < 40
