"""Hanging transactions: what administrators see of transactions, and how they end one by hand (spec 5.11, KIP-664)."""

from typing import Any

from lab.cluster.actions.machines import Crash
from lab.cluster.actions.network import SlowMachine
from lab.cluster.actions.transactions import (
    AbortHangingTransaction,
    DescribeProducers,
    DescribeTransaction,
    FindHangingTransactions,
    ListTransactions,
)
from lab.cluster.session.offers import offers_for
from lab.cluster.spec import TopicSpec, TransactionSpec
from lab.cluster.words import WORDS
from lab.kafka import facts
from lab.kafka.clients.producer.transactional_app import TransactionalApp
from lab.kafka.log.unified_log import read_all
from lab.kafka.orders import SendRecords
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.transaction_admin import (
    ActiveProducer,
    DescribeProducersRequest,
    DescribeTransactionsRequest,
    ListTransactionsRequest,
)
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, orders, settings

MINUTE_MS = 60_000


def old_brokers() -> Story:
    """Before KIP-890: a leader takes a write for a transaction of which no coordinator knows. `bank` has a producer id;
    `app` reads what is committed, `early` all there is.
    """
    old = settings(transaction_version=1, transaction_partition_verification_enable="false")
    story = Story(topics=orders(min_insync_replicas=2), broker_config=old)
    story.producer("bank", config=settings(transactional_id="bank"), rate=0, transaction=TransactionSpec(0))
    story.until(lambda: bool(story.told(facts.ProducerInitialized)))
    for name, group, isolation in (("app", "pay", "read_committed"), ("early", "look", "read_uncommitted")):
        story.consumer(name, group, config=settings(auto_offset_reset="earliest", isolation_level=isolation))
    return story


def leader(story: Story) -> str:
    return f"broker-{story.state().leader_id}"


def producer(story: Story) -> tuple[int, int]:
    node = story.world.hosts["bank"].node
    assert isinstance(node, TransactionalApp)
    return node.transactions.producer_id, node.transactions.producer_epoch


def late_write(story: Story) -> None:
    """What was on its way when its transaction was over: here, when none had begun."""
    producer_id, epoch = producer(story)
    late = RecordBatch.build(
        [Record(0, 1_767_225_600_000, b"k", b"late")],
        producer_id=producer_id, producer_epoch=epoch, base_sequence=0, transactional=True,
    )  # fmt: skip
    answer = story.ask(leader(story), ProduceRequest(-1, 30_000, {ORDERS: late}, "bank"))
    assert answer.responses[ORDERS].error_code is ErrorCode.NONE


def plain_write(story: Story, value: str) -> None:
    plain = RecordBatch.build([Record(0, 1_767_225_600_000, b"k", value.encode())])
    answer = story.ask(leader(story), ProduceRequest(-1, 30_000, {ORDERS: plain}))
    assert answer.responses[ORDERS].error_code is ErrorCode.NONE


def hanging() -> Story:
    """The readers stand before what is left open, at offset 1."""
    story = old_brokers()
    plain_write(story, "before")
    late_write(story)
    plain_write(story, "after")
    story.run(90)
    return story


def results(story: Story) -> list[tuple[str, str, str]]:
    return [(one.request, one.error, one.text) for one in story.told(facts.AdminResult)]


def word(story: Story, name: str) -> Any:
    return WORDS[name](story.world, "orders-0")


# --- the story ------------------------------------------------------------------------------------


def test_a_hanging_transaction_is_found_and_ended_by_hand_and_its_readers_go_on():
    story = hanging()
    assert (word(story, "lso"), word(story, "hw")) == (1, 3)
    assert (word(story, "open_transactions"), word(story, "hanging_transactions")) == (1, 1)
    assert (story.polled("app"), story.polled("early")) == ([0], [0, 1, 2])

    producer_id, epoch = producer(story)
    story.act(FindHangingTransactions("orders", MINUTE_MS))
    story.run(2)
    found = f"orders-0: producer {producer_id} in epoch {epoch}, open from 1"
    assert results(story)[-1] == ("FindHanging", "", found)
    assert story.world.moments[-1].text == f"FindHanging: {found}"

    story.act(AbortHangingTransaction("orders-0", 1))
    story.run(2)
    assert results(story)[-1] == ("AbortHanging", "", "aborted what begins at 1 in orders-0")
    assert (word(story, "lso"), word(story, "hanging_transactions"), word(story, "aborted")) == (4, 0, 1)
    assert story.polled("app") == [0, 2], "the late record was aborted, and is not seen"
    marker = read_marker(read_all(story.replica(story.state().leader_id).log)[-1])
    assert marker is not None
    assert (marker.commit, marker.coordinator_epoch) == (False, 0), "as nobody has written one before"


def test_what_the_log_says_survives_its_leader():
    story = hanging()
    before = story.ask(leader(story), DescribeProducersRequest((ORDERS,))).partitions[ORDERS]
    story.act(Crash(leader(story)))
    story.run(15)
    after = story.ask(leader(story), DescribeProducersRequest((ORDERS,))).partitions[ORDERS]
    assert after == before
    story.act(AbortHangingTransaction("orders-0", 1))
    story.run(5)
    assert word(story, "lso") == 4


# --- what does not hang ---------------------------------------------------------------------------


def test_a_transaction_that_only_takes_long_is_not_one_that_hangs():
    story = old_brokers()
    story.order("bank", SendRecords(((b"k", b"slow"),), 0))
    story.run(20)
    assert (word(story, "open_transactions"), word(story, "hanging_transactions")) == (1, 0)
    for max_timeout_ms in (MINUTE_MS, 1_000):
        story.act(FindHangingTransactions("orders", max_timeout_ms))
        story.run(2)
    first, second = results(story)[-2:]
    assert first == ("FindHanging", "", "nothing hangs"), "nobody has written for 20 seconds only"
    assert second == ("FindHanging", "", "nothing hangs"), "its coordinator answers for it"


def test_where_no_transaction_begins_nothing_is_aborted():
    story = hanging()
    end = word(story, "leo")
    for offset in (0, 2, 77):
        story.act(AbortHangingTransaction("orders-0", offset))
        story.run(2)
        text = f"no transaction that is open begins at {offset} in orders-0"
        assert results(story)[-1] == ("AbortHanging", "NO_OPEN_TRANSACTION", text)
    assert word(story, "leo") == end


# --- the requests ---------------------------------------------------------------------------------


def test_spec_05_11_a_log_tells_of_its_producers():
    story = hanging()
    producer_id, epoch = producer(story)
    expected = (ActiveProducer(producer_id, epoch, 0, 1_767_225_600_000, -1, 1),)
    for broker_id in (1, 2, 3):
        answer = story.ask(f"broker-{broker_id}", DescribeProducersRequest((ORDERS,)))
        assert answer.partitions[ORDERS].active_producers == expected, "a follower knows it too"
    nowhere = TopicPartition("orders", 9)
    answer = story.ask("broker-1", DescribeProducersRequest((nowhere,)))
    assert answer.partitions[nowhere].error_code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_spec_05_11_a_coordinator_describes_and_lists_its_transactions():
    story = old_brokers()
    producer_id, epoch = producer(story)
    story.order("bank", SendRecords(((b"k", b"x"),), 0))
    story.run(2)
    answers = [story.ask(f"broker-{one}", DescribeTransactionsRequest(("bank", ""))).transactions for one in (1, 2, 3)]
    (bank,) = [one[0] for one in answers if not one[0].error_code]
    assert (bank.transaction_state, bank.producer_id, bank.producer_epoch) == ("Ongoing", producer_id, epoch)
    assert (bank.transaction_timeout_ms, bank.partitions) == (60_000, (ORDERS,))
    assert bank.transaction_start_time_ms > 0
    errors = [one[0].error_code for one in answers]
    assert sorted(errors) == [ErrorCode.NONE, ErrorCode.NOT_COORDINATOR, ErrorCode.NOT_COORDINATOR]
    assert [one[1].error_code for one in answers] == [ErrorCode.INVALID_REQUEST] * 3
    coordinator = f"broker-{1 + errors.index(ErrorCode.NONE)}"

    def listed(**filters: Any) -> list[str]:
        found = story.ask(coordinator, ListTransactionsRequest(**filters)).transactions
        return [f"{one.transactional_id} {one.transaction_state}" for one in found]

    assert listed() == ["bank Ongoing"]
    assert listed(state_filters=("Ongoing", "Nonsense")) == ["bank Ongoing"]
    assert listed(state_filters=("Empty",)) == listed(state_filters=("Nonsense",)) == []
    assert listed(producer_id_filters=(producer_id,)) == ["bank Ongoing"]
    assert listed(producer_id_filters=(producer_id + 1,)) == []
    assert listed(duration_filter_ms=1_000) == ["bank Ongoing"]
    assert listed(duration_filter_ms=MINUTE_MS) == []
    answer = story.ask(coordinator, ListTransactionsRequest(state_filters=("Nonsense",)))
    assert answer.unknown_state_filters == ("Nonsense",)


def test_the_administrator_describes_and_lists_them():
    story = hanging()
    producer_id, epoch = producer(story)
    for action in (DescribeProducers("orders-0"), ListTransactions(), DescribeTransaction("bank"),
                   DescribeTransaction("nobody")):  # fmt: skip
        story.act(action)
        story.run(2)
    assert results(story)[-4:] == [
        ("DescribeProducers", "", f"producer {producer_id} in epoch {epoch}, open from 1"),
        ("ListTransactionsRequest", "", "bank (Empty)"),
        ("DescribeTransactionsRequest", "", f"bank: Empty, producer {producer_id} in epoch {epoch}"),
        ("DescribeTransactionsRequest", "TRANSACTIONAL_ID_NOT_FOUND", ""),
    ]


def test_they_are_offered_where_they_help():
    story = old_brokers()
    of_partition = {one.name: one for one in offers_for(story.world, "partition", "orders-0")}
    assert {"describe_producers", "find_hanging_transactions", "abort_hanging_transaction"} <= set(of_partition)
    assert of_partition["describe_producers"].form == ()
    of_cluster = {one.name for one in offers_for(story.world, "cluster", "")}
    assert {"list_transactions", "describe_transaction", "find_hanging_transactions"} <= of_cluster


def test_a_search_of_which_one_question_fails_begins_anew_whatever_the_others_answer():
    """The one that fails is the quickest here: its broker refuses the connection while the others still think."""
    story = Story(brokers=3, topics=(TopicSpec("orders", 3, 3),))
    story.run(8)
    assert {story.state(TopicPartition("orders", one)).leader_id for one in range(3)} == {1, 2, 3}
    story.act(FindHangingTransactions("orders", 1))
    story.run(2)
    story.act(SlowMachine("broker-1", 50), SlowMachine("broker-3", 50))
    story.act(Crash("broker-2"), FindHangingTransactions("orders", 1))
    story.run(40)
    assert results(story) == [("FindHanging", "", "nothing hangs")] * 2
