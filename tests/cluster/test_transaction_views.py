"""What one may see and ask of transactions: the probe for brackets, the words, and what listens only then."""

from lab.cluster.actions.transactions import AbortTransaction, AddProcessor, AddTransactionalProducer, CommitTransaction
from lab.cluster.invariants.transactions import Transactional
from lab.cluster.probes.transactions import PartitionTransactions
from lab.cluster.watch import Watch
from lab.cluster.words import WORDS
from lab.kafka.orders import SendRecords
from tests.story import Story, orders


def bank() -> Story:
    story = Story(topics=orders(1))
    story.act(AddTransactionalProducer("bank", "orders", 0, 0))
    story.run(1)
    return story


def write(story: Story, *values: str) -> None:
    story.order("bank", SendRecords(tuple((None, one.encode()) for one in values), 0))
    story.run(0.5)


def test_brackets_of_transactions_with_their_ends():
    story = bank()
    for deed in (CommitTransaction("bank"), AbortTransaction("bank")):
        write(story, "a", "b")
        story.act(deed)
        story.run(1)
    write(story, "c")
    view = PartitionTransactions("orders-0", 0, 20)(story.world)
    assert [(one.state, one.first, one.end, one.marker, one.records) for one in view.transactions] == [
        ("committed", 0, 3, 2, (0, 1)), ("aborted", 3, 6, 5, (3, 4)), ("open", 6, 7, -1, (6,)),
    ]  # fmt: skip
    assert {one.name for one in view.transactions} == {"bank"}
    assert (view.last_stable_offset, view.high_watermark, view.timeout_ms) == (6, 7, 60_000)
    assert 400 <= view.open_since_ms <= 1_000
    assert PartitionTransactions("orders-0", 3, 5)(story.world).transactions == view.transactions[1:2]


def test_what_words_say_of_transactions():
    story = bank()
    write(story, "a")
    asked = {
        "lso": ("orders-0",), "open_transactions": (), "aborted": ("orders-0",), "transaction_state": ("bank",),
        "transaction_epoch": ("bank",),
    }  # fmt: skip

    def said() -> dict[str, object]:
        return {name: WORDS[name](story.world, *arguments) for name, arguments in asked.items()}

    before = said()
    story.act(AbortTransaction("bank"))
    story.run(1)
    assert before == {
        "lso": 0, "open_transactions": 1, "aborted": 0, "transaction_state": "Ongoing", "transaction_epoch": 0
    }  # fmt: skip
    assert said() == {
        "lso": 2, "open_transactions": 0, "aborted": 1, "transaction_state": "CompleteAbort", "transaction_epoch": 1
    }  # fmt: skip
    assert CommitTransaction("bank").refusal(story.world) == "bank has no transaction open"


def test_a_read_process_write_app_brings_its_output_topic():
    story = bank()
    story.act(AddProcessor("billing", "pay", "orders", transactional_id="billing"))
    write(story, "a")
    story.act(CommitTransaction("bank"))
    story.run(8)
    assert WORDS["done"](story.world, "pay") == 1
    assert WORDS["hidden"](story.world, "pay") == 1
    assert WORDS["leo"](story.world, "outcomes-0") == 2


def test_only_worlds_with_transactions_are_watched_for_them():
    def watched(story: Story) -> bool:
        watch = story.world.witness
        assert isinstance(watch, Watch)
        return any(isinstance(one, Transactional) for one in watch.observers)

    assert not watched(Story(topics=orders(1)))
    story = bank()
    assert watched(story)
    write(story, "a")
    watch = story.world.witness
    assert isinstance(watch, Watch)
    counts = {type(one).__name__: one.checked for one in watch.observers if isinstance(one, Transactional)}
    assert counts["StableOffset"] > 0
    assert counts["AllOrNothing"] > 0
