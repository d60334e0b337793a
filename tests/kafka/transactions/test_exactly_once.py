"""Reading what is committed, offsets within transactions, and the read-process-write loop (spec 5.4, 5.5, 5.12)."""

from collections import Counter
from typing import Any

import pytest

from lab.cluster.actions.clients import PauseConsumer, ResumeConsumer
from lab.cluster.actions.machines import Crash, Freeze, Restart, Thaw
from lab.cluster.spec import ProcessorSpec, TopicSpec, TransactionSpec
from lab.kafka import facts
from lab.kafka.clients.processor.app import ProcessorApp
from lab.kafka.clients.processor.outcomes import CAUSE
from lab.kafka.log.unified_log import read_all
from lab.kafka.orders import EndTransaction, SendRecords
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest, IsolationLevel
from lab.kafka.protocol.messages.find_coordinator import TRANSACTION, FindCoordinatorRequest
from lab.kafka.protocol.messages.list_offsets import LATEST, ListOffsetsRequest
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest, OffsetFetchRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest
from lab.kafka.protocol.messages.transactions import EndTxnRequest, TxnOffsetCommitRequest
from lab.kafka.protocol.records import Header, Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, orders, settings

EARLIEST = settings(auto_offset_reset="earliest")
SAFE = settings(auto_offset_reset="earliest", isolation_level="read_committed")
BILLS = TopicPartition("bills", 0)


def bank(**config: object) -> Story:
    """One partition, a transactional producer that ends its transactions when it is told to, and two readers."""
    story = Story(topics=orders(1), broker_config=settings(**config))
    story.producer(
        "bank", config=settings(transactional_id="bank"), rate=0, transaction=TransactionSpec(commit_every=0)
    )
    story.consumer("all", "dirty", config=EARLIEST)
    story.consumer("some", "clean", config=SAFE)
    story.until(lambda: bool(story.told(facts.ProducerInitialized)))
    story.until(lambda: bool(story.app("all").membership.owned and story.app("some").membership.owned))
    return story


def write(story: Story, *values: str, commit: bool | None = None) -> None:
    story.order("bank", SendRecords(tuple((None, one.encode()) for one in values), 0))
    story.run(0.5)
    if commit is not None:
        story.order("bank", EndTransaction(commit))
        story.run(1)


# --- isolation ------------------------------------------------------------------------------------


def test_spec_05_12_what_is_aborted_is_never_returned_where_only_committed_is_read():
    story = bank()
    write(story, "a", "b", commit=False)
    write(story, "c", commit=True)
    story.run(6)
    assert story.polled("all") == [0, 1, 3]
    assert story.polled("some") == [3]
    for group in ("dirty", "clean"):
        history = story.ledger.group(group)
        assert history.partitions[ORDERS].committed == 5, "past the marker"
        assert history.skipped() == 0, "what cannot be seen was not skipped"


def test_spec_05_13_who_reads_committed_waits_before_an_open_transaction():
    story = bank()
    write(story, "a", commit=True)
    write(story, "open")
    story.producer("web", rate=0)
    story.order("web", SendRecords(((None, b"n"), (None, b"m")), 0))
    story.run(2)
    assert (story.polled("all"), story.polled("some")) == ([0, 2, 3, 4], [0])
    leader = f"broker-{story.state(ORDERS).leader_id}"
    ends = [
        story.ask(leader, ListOffsetsRequest(-1, {ORDERS: (LATEST, -1)}, level)).partitions[ORDERS].offset
        for level in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)
    ]
    assert ends == [5, 2]
    write(story, commit=True)
    assert story.polled("some") == [0, 2, 3, 4]


def test_spec_06_19_a_consumers_position_stops_at_the_last_stable_offset():
    story = bank()
    write(story, "open")
    story.run(2)
    assert story.app("some").fetcher.positions[ORDERS].offset == 0
    assert story.app("all").fetcher.positions[ORDERS].offset == 1


def test_a_record_that_stands_where_a_marker_was_cut_away_is_read():
    story = Story(topics=orders(1, 2, unclean_leader_election_enable="true"))
    story.producer("web", rate=0)
    story.order("web", SendRecords(((None, b"kept"), (None, b"kept too")), 0))
    story.producer(
        "bank", config=settings(transactional_id="bank"), rate=0, transaction=TransactionSpec(commit_every=0)
    )
    story.consumer("app", config=SAFE)
    story.run(6)
    story.act(Crash("broker-2"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    story.order("web", SendRecords(((None, b"cut"),), 0))
    write(story, "cut too", commit=True)
    story.run(2)
    assert story.polled("app") == [0, 1, 2, 3], "and 4 is the marker"
    story.act(Crash("broker-1"), Restart("broker-2"))
    story.until(lambda: story.state().leader_id == 2)
    story.run(3)
    write(story, "aborted", commit=False)
    story.order("web", SendRecords(((None, b"where the marker was"),), 0))
    story.run(3)
    assert [one.offset for one in story.told(facts.PositionReset) if one.reason == "truncated"] == [2]
    assert story.polled("app") == [0, 1, 2, 3, 4]
    assert list(story.ledger.group("pay").hidden[ORDERS].intervals()) == [(2, 4)]


def test_a_fetch_lists_the_aborted_transactions_only_where_it_is_asked():
    story = bank()
    write(story, "a", commit=False)
    leader = f"broker-{story.state(ORDERS).leader_id}"
    answers = [
        story.ask(leader, FetchRequest(-1, 0, 1, 1 << 20, {ORDERS: FetchPartition(0, 1 << 20)}, isolation_level=level))
        for level in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)
    ]
    dirty, clean = (one.responses[ORDERS] for one in answers)
    assert (dirty.aborted_transactions, clean.aborted_transactions) == (None, ((clean.records[0].producer_id, 0),))
    assert dirty.records == clean.records, "the broker sends all of it, the client leaves out"


# --- offsets --------------------------------------------------------------------------------------


class Clerk:
    """Commits offsets of the group `tool` in a transaction, by single requests."""

    def __init__(self, story: Story) -> None:
        self.story = story
        for key, kind in (("tool", 0), ("clerk", TRANSACTION)):
            story.ask("broker-1", FindCoordinatorRequest(key, kind))
            story.run(1)
        self.group = story.ask("broker-1", FindCoordinatorRequest("tool")).host
        self.host = story.ask("broker-1", FindCoordinatorRequest("clerk", TRANSACTION)).host
        found = None
        while found is None or found.error_code:
            found = story.ask(self.host, InitProducerIdRequest("clerk"))
        self.producer = found.producer_id, found.producer_epoch

    def commit(self, offset: int, **member: Any) -> ErrorCode:
        request = TxnOffsetCommitRequest(
            "clerk", "tool", *self.producer, {ORDERS: CommittedOffset(offset)}, transaction_version=2, **member
        )
        return self.story.ask(self.group, request).partitions[ORDERS]

    def plainly(self, offset: int) -> ErrorCode:
        request = OffsetCommitRequest("tool", -1, "", {ORDERS: CommittedOffset(offset)})
        return self.story.ask(self.group, request).partitions[ORDERS]

    def end(self, commit: bool) -> None:
        answer = self.story.ask(self.host, EndTxnRequest("clerk", *self.producer, commit, 2))
        assert answer.error_code is ErrorCode.NONE
        self.producer = answer.producer_id, answer.producer_epoch
        self.story.run(1)

    def fetched(self, *, stable: bool = True, host: str = "") -> int | ErrorCode:
        answer = self.story.ask(host or self.group, OffsetFetchRequest("tool", (ORDERS,), stable))
        if answer.error_code:
            return answer.error_code
        return answer.errors.get(ORDERS) or answer.offsets[ORDERS].offset


@pytest.mark.parametrize(("commit", "offset"), [(True, 7), (False, 3)])
def test_spec_05_21_an_offset_in_a_transaction_is_unstable_until_the_marker(commit: bool, offset: int):
    clerk = Clerk(Story(topics=orders()))
    assert clerk.plainly(3) is ErrorCode.NONE
    assert clerk.commit(7) is ErrorCode.NONE
    assert clerk.fetched() is ErrorCode.UNSTABLE_OFFSET_COMMIT
    assert clerk.fetched(stable=False) == 3
    clerk.end(commit)
    assert clerk.fetched() == offset


@pytest.mark.parametrize(("commit", "first"), [(True, 7), (False, 3)])
def test_spec_04_24_a_new_member_waits_for_the_transaction_that_holds_its_offset(commit: bool, first: int):
    """It cannot know yet whether the member before it has done the work: it asks on until the marker says so."""
    story = Story(topics=orders())
    story.producer("web", rate=20)
    clerk = Clerk(story)
    clerk.plainly(3)
    assert clerk.commit(7) is ErrorCode.NONE
    story.consumer("reader", "tool", config=(*EARLIEST, ("isolation.level", "read_committed")))
    story.until(lambda: bool(story.app("reader").membership.owned))
    story.run(5)
    assert story.polled("reader") == [], "a partition of its own, and no place to begin"
    clerk.end(commit)
    story.until(lambda: bool(story.polled("reader")))
    assert story.polled("reader")[0] == first


def test_spec_05_9_what_was_committed_outside_meanwhile_is_newer():
    clerk = Clerk(Story(topics=orders()))
    clerk.commit(7)
    clerk.plainly(5)
    assert clerk.fetched() is ErrorCode.UNSTABLE_OFFSET_COMMIT
    clerk.end(True)
    assert clerk.fetched() == 5


@pytest.mark.parametrize("commit", [True, False])
def test_the_next_coordinator_knows_what_waits(commit: bool):
    story = Story(topics=orders())
    clerk = Clerk(story)
    clerk.plainly(3)
    clerk.commit(7)
    story.act(Crash(clerk.group))
    other = next(f"broker-{one}" for one in (1, 2, 3) if f"broker-{one}" != clerk.group)
    story.until(lambda: story.ask(other, FindCoordinatorRequest("tool")).host not in ("", clerk.group))
    clerk.group = story.ask(other, FindCoordinatorRequest("tool")).host
    story.until(lambda: clerk.fetched() is ErrorCode.UNSTABLE_OFFSET_COMMIT)
    clerk.host = story.ask(other, FindCoordinatorRequest("clerk", TRANSACTION)).host
    clerk.end(commit)
    story.run(10)
    assert clerk.fetched() == (7 if commit else 3)


def test_spec_05_20_a_stale_member_cannot_commit_in_a_transaction():
    story = Story(topics=orders())
    clerk = Clerk(story)
    story.consumer("reader", "tool", config=EARLIEST)
    story.until(lambda: bool(story.app("reader").membership.owned))
    membership = story.app("reader").membership
    member = {"generation_id": membership.generation, "member_id": membership.member_id}
    assert clerk.commit(7, **{**member, "generation_id": 99}) is ErrorCode.ILLEGAL_GENERATION
    assert clerk.commit(7, **{**member, "member_id": "nobody"}) is ErrorCode.UNKNOWN_MEMBER_ID
    assert clerk.fetched() == -1, "nothing waits"
    assert clerk.commit(7, **member) is ErrorCode.NONE
    clerk.end(True)
    assert clerk.fetched() == 7


# --- the loop -------------------------------------------------------------------------------------


def shop(transactional: bool = True, version: int = 2, members: int = 1, **more: Any) -> Story:
    """`web` orders, `billing-…` makes a bill of each order, `ledger` reads the bills that are committed."""
    processors = tuple(
        ProcessorSpec(
            f"billing-{at}", "billing", ("orders",), "bills", 20_000,
            (*EARLIEST, *settings(session_timeout_ms=6_000, max_poll_records=10)),
            settings(transactional_id=f"billing-{at}", transaction_timeout_ms=10_000) if transactional else (),
            **more,
        )
        for at in range(members)
    )  # fmt: skip
    story = Story(
        topics=(*orders(2), TopicSpec("bills", 1, 3)), processors=processors,
        broker_config=settings(transaction_version=version),
    )  # fmt: skip
    story.producer("web", rate=20, count=200)
    story.consumer("ledger", "books", ("bills",), config=SAFE)
    return story


def causes(story: Story) -> Counter[str]:
    """Of which orders the bills are that `ledger` has seen."""
    log = story.replica(story.state(BILLS).leader_id, BILLS).log
    records: dict[int, Record] = {one.offset: one for batch in read_all(log) for one in batch.records()}
    seen = [records[offset] for offset in story.polled("ledger")]
    return Counter(
        header.value.decode() for one in seen for header in one.headers if header.key == CAUSE and header.value
    )


def finish(story: Story, within_s: int) -> None:
    """Run until each order has a bill that `ledger` has seen."""
    for _ in range(within_s):
        story.run(1)
        if len(causes(story)) == 200:
            return
    raise AssertionError(f"{200 - len(causes(story))} orders have no bill")


def crash_at_work(story: Story) -> None:
    """The app dies when it has written some of its bills, and committed none of them."""

    def half_done() -> bool:
        app = story.app("billing-0")
        return isinstance(app, ProcessorApp) and app.stage == "working" and app.made > 20 and app.done > 5

    story.until(half_done)
    story.act(Crash("billing-0"))
    story.run(2)
    story.act(Restart("billing-0"))


@pytest.mark.parametrize("version", [1, 2])
def test_each_order_is_billed_once_through_a_crash_of_the_app(version: int):
    story = shop(version=version)
    crash_at_work(story)
    finish(story, 60)
    assert set(causes(story).values()) == {1}
    assert story.ledger.group("billing").duplicates > 0, "the work itself was done again"


def test_without_transactions_a_crash_bills_some_orders_twice():
    story = shop(transactional=False)
    crash_at_work(story)
    finish(story, 60)
    assert max(causes(story).values()) == 2


def test_what_is_aborted_is_read_again_and_billed_once():
    story = shop(abort_every=3)
    finish(story, 60)
    assert set(causes(story).values()) == {1}
    assert False in [one.committed for one in story.told(facts.TransactionEnded)]


def test_a_member_that_hangs_loses_its_partitions_and_what_it_was_about_to_commit():
    """The zombie of KIP-447: frozen in the middle of a transaction, replaced, thawed."""
    story = shop(members=2)
    story.run(8)
    story.act(Freeze("billing-0"))
    story.run(15)
    story.act(Thaw("billing-0"))
    finish(story, 90)
    story.run(5)
    assert set(causes(story).values()) == {1}


def test_an_app_that_stops_polling_is_replaced_and_may_not_commit():
    story = shop(members=2)
    story.run(8)
    story.act(PauseConsumer("billing-1"))
    story.run(3)
    story.act(ResumeConsumer("billing-1"))
    finish(story, 60)
    assert set(causes(story).values()) == {1}


def test_each_order_is_billed_once_while_the_brokers_crash_one_after_the_other():
    story = shop(members=2)
    for broker_id in (1, 2, 3):
        story.run(4)
        story.act(Crash(f"broker-{broker_id}"))
        story.run(12)
        story.act(Restart(f"broker-{broker_id}"))
    finish(story, 120)
    story.run(15)
    assert set(causes(story).values()) == {1}
    assert story.ledger.lost() == 0


FORGED = (
    (Header("source", b"orders-0:7"),),
    (Header("source", b"orders:x"), Header("birth", b"billing-0:1")),
    (Header("source", b"\xff\xfe"), Header("birth", b"\xff")),
    (Header("source", None), Header("birth", None)),
)


def test_a_program_that_copies_bills_with_their_headers_is_not_taken_for_the_app():
    """A mirror writes what it reads, headers and all, in transactions of its own: no order is billed a second time."""
    story = shop()
    finish(story, 60)
    clerk = Clerk(story)
    log = story.replica(story.state(BILLS).leader_id, BILLS).log
    bills = [record for batch in read_all(log) if not batch.is_control for record in batch.records()]
    forged = [Record(0, bills[0].timestamp_ms, None, b"forged", headers) for headers in FORGED]
    batch = RecordBatch.build(
        [*bills[:20], *forged], producer_id=clerk.producer[0], producer_epoch=clerk.producer[1], base_sequence=0,
        transactional=True,
    )  # fmt: skip
    request = ProduceRequest(-1, 5_000, {BILLS: batch}, "clerk", 2)
    answer = story.ask(f"broker-{story.state(BILLS).leader_id}", request)
    assert answer.responses[BILLS].error_code is ErrorCode.NONE
    clerk.end(True)
    story.run(5)
    assert len(story.polled("ledger")) == 200 + len(bills[:20]) + len(FORGED)


def test_what_a_transaction_has_to_commit_makes_a_group_without_members():
    clerk = Clerk(Story(topics=orders()))
    nobody = {"generation_id": 3, "member_id": "nobody"}
    assert clerk.commit(7, **nobody) is ErrorCode.ILLEGAL_GENERATION, "there is no such group"
    assert clerk.commit(7) is ErrorCode.NONE
    assert clerk.commit(8, **nobody) is ErrorCode.UNKNOWN_MEMBER_ID
