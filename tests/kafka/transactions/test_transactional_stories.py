"""Transactions in a whole cluster: committed across partitions, through crashes, fenced and timed out (spec 5.3)."""

from itertools import pairwise
from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.spec import TransactionSpec
from lab.kafka import facts
from lab.kafka.broker.transactions import TRANSACTIONS_TOPIC
from lab.kafka.clients.producer.transactional_app import TransactionalApp
from lab.kafka.coordinator.transaction.records import read_transaction, read_transaction_key
from lab.kafka.log.transactions import TransactionState
from lab.kafka.log.unified_log import read_all
from lab.kafka.orders import EndTransaction, SendRecords
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest
from lab.kafka.protocol.messages.transactions import AddPartitionsToTxnRequest, EndTxnRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, orders, settings

SECOND = TopicPartition("orders", 1)
BY_HAND = TransactionSpec(commit_every=0)


def bank(version: int = 2, partitions: int = 2, **config: object) -> Story:
    """A cluster with the transactional producer `bank`, who ends its transactions when it is told to."""
    story = Story(
        topics=orders(partitions, min_insync_replicas=2), broker_config=settings(transaction_version=version, **config)
    )
    story.producer("bank", config=settings(transactional_id="bank"), rate=0, transaction=BY_HAND)
    story.until(lambda: bool(story.told(facts.ProducerInitialized)))
    return story


def pay(story: Story, name: str = "bank", value: str = "x") -> None:
    """One record into each partition, in the producer's open transaction."""
    for partition in range(story.spec.topics[0].partitions):
        story.order(name, SendRecords(((b"k", value.encode()),), partition))
    story.run(0.3)


def end(story: Story, commit: bool = True, name: str = "bank") -> None:
    story.order(name, EndTransaction(commit))


def app(story: Story, name: str = "bank") -> TransactionalApp:
    node = story.world.hosts[name].node
    assert isinstance(node, TransactionalApp)
    return node


def contents(story: Story, broker_id: int, partition: TopicPartition = ORDERS) -> list[str]:
    """Values of records, and markers, as they stand in a replica's log."""
    found: list[str] = []
    for batch in read_all(story.replica(broker_id, partition).log):
        marker = read_marker(batch) if batch.is_control else None
        if marker is not None:
            found.append("COMMIT" if marker.commit else "ABORT")
        else:
            found += [(record.value or b"").decode() for record in batch.records()]
    return found


def stable(story: Story, partition: TopicPartition = ORDERS) -> int:
    return story.replica(story.state(partition).leader_id, partition).log.last_stable_offset


def coordinator(story: Story, name: str = "bank") -> int:
    """The broker that coordinates a transactional id."""
    for broker_id in range(1, story.spec.brokers + 1):
        node = story.world.hosts[f"broker-{broker_id}"].node
        found = getattr(node, "transaction_coordinators", None)
        if found is not None and any(name in shard.transactions for shard in found.shards.values()):
            return broker_id
    raise AssertionError(f"nobody coordinates {name}")


def states(story: Story, name: str = "bank") -> list[str]:
    return [one.state for one in story.told(facts.TransactionStateChanged) if one.transactional_id == name]


@pytest.mark.parametrize("version", [1, 2])
def test_a_transaction_is_committed_across_two_partitions_through_the_crash_of_a_leader(version: int):
    """The leader of one of the partitions dies when the decision has fallen, and before it has its marker."""
    story = bank(version, partitions=3)
    pay(story)
    last = TopicPartition("orders", 2)
    dying = story.state(last).leader_id
    assert dying not in (story.state(ORDERS).leader_id, coordinator(story))
    end(story)
    story.until(lambda: "PrepareCommit" in states(story))
    story.act(Crash(f"broker-{dying}"))
    story.run(2)
    assert states(story)[-1] == "PrepareCommit", "the other partition's marker is owed"
    assert app(story).transactions.state == "Ready", "but the producer has been told"
    story.until(lambda: states(story)[-1] == "CompleteCommit")
    story.act(Restart(f"broker-{dying}"))
    story.run(10)
    for partition in (ORDERS, SECOND, last):
        for broker_id in (1, 2, 3):
            assert contents(story, broker_id, partition) == ["x", "COMMIT"]
        assert stable(story, partition) == 2
    assert story.ledger.lost() == 0


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_16_a_new_coordinator_finishes_what_the_old_one_has_decided(version: int):
    story = bank(version)
    pay(story)
    first = coordinator(story)
    story.act(*(CutLink(f"broker-{first}", f"broker-{story.state(one).leader_id}") for one in (ORDERS, SECOND)
                if story.state(one).leader_id != first))  # fmt: skip
    end(story)
    story.until(lambda: "PrepareCommit" in states(story))
    story.act(Crash(f"broker-{first}"))
    story.until(lambda: states(story)[-1] == "CompleteCommit", 60)
    assert coordinator(story) != first
    story.act(*(HealLink(f"broker-{first}", f"broker-{one}") for one in (1, 2, 3) if one != first))
    story.act(Restart(f"broker-{first}"))
    story.run(10)
    for partition in (ORDERS, SECOND):
        found = contents(story, 1, partition)
        assert found[:2] == ["x", "COMMIT"]
        assert set(found[2:]) <= {"COMMIT"}, "what was told twice changes nothing"
        assert stable(story, partition) == len(found)


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_17_what_was_not_decided_goes_on_under_the_new_coordinator(version: int):
    story = bank(version)
    pay(story)
    story.act(Crash(f"broker-{coordinator(story)}"))
    story.run(12)
    assert states(story)[-1] == "Ongoing"
    end(story)
    story.until(lambda: states(story)[-1] == "CompleteCommit", 60)
    assert [one.committed for one in story.told(facts.TransactionEnded)] == [True]


def test_spec_05_11_each_partition_has_one_offset_more_for_its_marker():
    story = bank(partitions=3)
    pay(story)
    assert [stable(story, TopicPartition("orders", one)) for one in range(3)] == [0, 0, 0]
    end(story)
    story.until(lambda: states(story)[-1] == "CompleteCommit")
    story.run(1)
    assert [contents(story, 1, TopicPartition("orders", one)) for one in range(3)] == [["x", "COMMIT"]] * 3
    assert [stable(story, TopicPartition("orders", one)) for one in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("version", [1, 2])
def test_an_aborted_transaction_leaves_its_records_and_a_marker(version: int):
    story = bank(version)
    pay(story)
    end(story, commit=False)
    story.until(lambda: states(story)[-1] == "CompleteAbort")
    story.run(1)
    for broker_id in (1, 2, 3):
        assert contents(story, broker_id) == ["x", "ABORT"]
        assert len(story.replica(broker_id).log.aborted_transactions(0, 2)) == 1


def test_a_tombstone_of_an_aborted_transaction_may_be_cleaned_away_at_once():
    compacted: dict[str, Any] = {"cleanup_policy": "compact", "min_cleanable_dirty_ratio_percent": 0}
    story = Story(topics=orders(1, segment_bytes=400, **compacted))
    story.producer("bank", config=settings(transactional_id="bank"), rate=0, transaction=BY_HAND)
    story.until(lambda: bool(story.told(facts.ProducerInitialized)))
    for key, value, commit in ((b"a", b"1", True), (b"a", None, False), (b"b", None, True), (b"c", b"3", True)):
        story.order("bank", SendRecords(((key, value),), 0))
        story.run(0.3)
        end(story, commit)
        story.run(0.3)
    story.until(lambda: len(story.told(facts.Compacted)) >= 3, 60)
    cleaned = read_all(story.replica(1).log)
    left = [(one.key, one.value) for batch in cleaned if not batch.is_control for one in batch.readable()]
    assert left == [(b"a", b"1"), (b"b", None), (b"c", b"3")]


def test_a_leader_that_refuses_a_marker_is_asked_again_after_a_pause_until_it_takes_it():
    story = Story(topics=orders(1, min_insync_replicas=3))
    story.producer("bank", config=settings(transactional_id="bank"), rate=0, transaction=BY_HAND)
    story.until(lambda: bool(story.told(facts.ProducerInitialized)))
    pay(story)
    (gone,) = {1, 2, 3} - {story.state().leader_id, coordinator(story)}
    story.act(Crash(f"broker-{gone}"))
    story.until(lambda: len(story.state().isr) == 2)
    end(story)
    story.until(lambda: "PrepareCommit" in states(story))
    before = len(story.told(facts.MarkersWritten))
    story.run(5)
    refusals = [one.error_code for one in story.told(facts.MarkersWritten)[before:]]
    assert set(refusals) == {ErrorCode.NOT_ENOUGH_REPLICAS}
    assert 40 <= len(refusals) <= 50, "about every tenth of a second"
    story.act(Restart(f"broker-{gone}"))
    story.until(lambda: states(story)[-1] == "CompleteCommit", 60)
    assert contents(story, story.state().leader_id) == ["x", "COMMIT"]


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_10_a_second_process_of_the_same_name_aborts_and_fences_the_first(version: int):
    story = bank(version)
    pay(story, "bank", "zombie")
    story.producer("heir", config=settings(transactional_id="bank"), rate=0, transaction=BY_HAND)
    story.until(lambda: any(one.producer == "heir" for one in story.told(facts.ProducerInitialized)))
    assert contents(story, story.state(ORDERS).leader_id) == ["zombie", "ABORT"]
    end(story)
    story.run(2)
    assert [(one.producer, one.error, one.fatal) for one in story.told(facts.TransactionFailed)] == [
        ("bank", "PRODUCER_FENCED", True)
    ]
    assert story.world.hosts["bank"].state == "down"
    pay(story, "heir", "heir")
    end(story, name="heir")
    story.run(2)
    assert contents(story, story.state(ORDERS).leader_id) == ["zombie", "ABORT", "heir", "COMMIT"]


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_14_a_frozen_producers_transaction_is_aborted_after_its_time_out(version: int):
    story = Story(topics=orders(1), broker_config=settings(transaction_version=version))
    story.producer(
        "bank", config=settings(transactional_id="bank", transaction_timeout_ms=1_000), rate=0, transaction=BY_HAND
    )
    story.until(lambda: bool(story.told(facts.ProducerInitialized)))
    pay(story)
    story.act(Freeze("bank"))
    took = story.until(lambda: "CompleteAbort" in states(story))
    assert 700 <= took <= 11_000
    story.act(Thaw("bank"))
    story.order("bank", SendRecords(((b"k", b"late"),), 0))
    story.run(5)
    assert contents(story, story.state(ORDERS).leader_id) == ["x", "ABORT"]
    assert story.told(facts.TransactionFailed)[-1].fatal


def test_a_producer_that_restarts_goes_on_under_its_name():
    story = bank()
    pay(story)
    story.act(Crash("bank"), Restart("bank"))
    story.run(3)
    assert contents(story, story.state(ORDERS).leader_id) == ["x", "ABORT"]
    pay(story, "bank", "y")
    end(story)
    story.run(2)
    assert contents(story, story.state(ORDERS).leader_id) == ["x", "ABORT", "y", "COMMIT"]


def test_a_producer_that_is_stopped_commits_first():
    story = bank()
    pay(story)
    story.act(Stop("bank"))
    story.run(2)
    assert states(story)[-1] == "CompleteCommit"


@pytest.mark.parametrize("version", [1, 2])
def test_transactions_by_count_with_every_third_aborted(version: int):
    story = Story(topics=orders(2), broker_config=settings(transaction_version=version))
    story.producer("bank", config=settings(transactional_id="bank"), rate=50, transaction=TransactionSpec(5, 0, 3))
    story.run(5)
    ended = [one.committed for one in story.told(facts.TransactionEnded)]
    assert len(ended) > 30
    assert ended == [(at + 1) % 3 != 0 for at in range(len(ended))]
    assert story.ledger.producer("bank").born >= 5 * len(ended)


def test_transactions_by_time():
    story = Story(topics=orders(1))
    story.producer(
        "bank", config=settings(transactional_id="bank"), rate=20, transaction=TransactionSpec(0, commit_ms=500)
    )
    story.run(5.3)
    times = [one.time for one in story.heard(facts.TransactionEnded)]
    assert 8 <= len(times) <= 10
    assert all(later - earlier >= 490_000 for earlier, later in pairwise(times))


def test_the_transaction_log_tells_the_story_of_a_commit():
    story = bank()
    pay(story)
    end(story)
    story.until(lambda: states(story)[-1] == "CompleteCommit")
    log: list[str] = []
    for name, replica in story.broker(coordinator(story)).partitions.items():
        if name.topic == TRANSACTIONS_TOPIC:
            for record in (record for batch in read_all(replica.log) for record in batch.records()):
                assert record.key is not None
                assert record.value is not None
                assert read_transaction_key(record.key) == "bank"
                log.append(read_transaction(record.value).status.title)
    assert log == ["Empty", "Ongoing", "Ongoing", "PrepareCommit", "CompleteCommit"]


# --- requests by hand -----------------------------------------------------------------------------


def transactional(producer_id: int, epoch: int, sequence: int = 0) -> RecordBatch:
    return RecordBatch.build(
        [Record(0, 1_767_225_600_000, b"k", b"v")], producer_id=producer_id, producer_epoch=epoch,
        base_sequence=sequence, transactional=True,
    )  # fmt: skip


def identity(story: Story) -> tuple[str, int, int]:
    """(coordinator, producer id, epoch) of the idle producer `bank`."""
    transactions = app(story).transactions
    return f"broker-{coordinator(story)}", transactions.producer_id, transactions.producer_epoch


def test_spec_05_22_without_adding_the_partition_nothing_is_appended():
    story = bank(1)
    _, producer_id, epoch = identity(story)
    leader = f"broker-{story.state(ORDERS).leader_id}"
    request = ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch)}, "bank")
    assert story.ask(leader, request).responses[ORDERS].error_code is ErrorCode.INVALID_TXN_STATE
    assert contents(story, story.state(ORDERS).leader_id) == []


def added(story: Story) -> None:
    """The first partition is in the transaction of the idle producer `bank`."""
    node, producer_id, epoch = identity(story)
    answer = story.ask(f"{node}#transactions", AddPartitionsToTxnRequest("bank", producer_id, epoch, (ORDERS,)))
    assert answer.errors == {ORDERS: ErrorCode.NONE}


def test_two_first_writes_of_a_transaction_are_verified_side_by_side():
    story = bank(1)
    _, producer_id, epoch = identity(story)
    added(story)
    leader = f"broker-{story.state(ORDERS).leader_id}"
    numbers = [
        story.send(leader, ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch, sequence)}, "bank"))
        for sequence in (0, 1)
    ]
    story.run(1)
    assert [story.answer(one).responses[ORDERS].error_code for one in numbers] == [ErrorCode.NONE] * 2
    assert contents(story, story.state(ORDERS).leader_id) == ["v", "v"]


def test_a_write_does_not_overtake_an_earlier_one_that_was_put_off():
    """The log does not know this producer, and would take any sequence."""
    story = bank(1)
    _, producer_id, epoch = identity(story)
    leader = f"broker-{story.state(ORDERS).leader_id}"

    def written(sequence: int) -> ErrorCode:
        request = ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch, sequence)}, "bank")
        return story.ask(leader, request).responses[ORDERS].error_code

    assert written(0) is ErrorCode.INVALID_TXN_STATE
    added(story)
    assert written(1) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert written(0) is ErrorCode.NONE
    assert written(1) is ErrorCode.NONE


def test_without_verification_it_is_appended_and_hangs():
    """Before KIP-890: the coordinator knows of no transaction that would ever end this one."""
    story = bank(1, transaction_partition_verification_enable="false")
    _, producer_id, epoch = identity(story)
    leader = f"broker-{story.state(ORDERS).leader_id}"
    request = ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch)}, "bank")
    assert story.ask(leader, request).responses[ORDERS].error_code is ErrorCode.NONE
    story.run(90)
    assert stable(story) == 0


def test_spec_05_23_with_version_2_a_late_write_of_a_finished_transaction_is_refused():
    story = bank(2)
    pay(story)
    _, producer_id, epoch = identity(story)
    end(story)
    story.until(lambda: states(story)[-1] == "CompleteCommit")
    assert app(story).transactions.producer_epoch == epoch + 1
    leader = f"broker-{story.state(ORDERS).leader_id}"
    late = ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch, 1)}, "bank", 2)
    assert story.ask(leader, late).responses[ORDERS].error_code is ErrorCode.INVALID_PRODUCER_EPOCH
    assert contents(story, story.state(ORDERS).leader_id) == ["x", "COMMIT"]


def test_spec_05_09_the_partition_fences_when_a_marker_with_the_new_epoch_has_come():
    story = bank(1)
    host, producer_id, epoch = identity(story)
    leader = f"broker-{story.state(ORDERS).leader_id}"
    add = AddPartitionsToTxnRequest("bank", producer_id, epoch, (ORDERS,))
    assert story.ask(host, add).errors[ORDERS] is ErrorCode.NONE
    assert story.ask(
        leader, ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch)}, "bank")
    ).responses[ORDERS].error_code is ErrorCode.NONE  # fmt: skip
    story.ask(host, InitProducerIdRequest("bank"))
    assert story.ask(host, add).errors[ORDERS] is ErrorCode.PRODUCER_FENCED
    assert story.ask(host, EndTxnRequest("bank", producer_id, epoch, True)).error_code is ErrorCode.PRODUCER_FENCED
    story.run(1)
    again = ProduceRequest(-1, 30_000, {ORDERS: transactional(producer_id, epoch, 1)}, "bank")
    assert story.ask(leader, again).responses[ORDERS].error_code is ErrorCode.INVALID_PRODUCER_EPOCH


def test_an_unknown_partition_refuses_all_of_a_request_to_add():
    story = bank(1)
    host, producer_id, epoch = identity(story)
    nowhere = TopicPartition("nowhere", 0)
    found = story.ask(host, AddPartitionsToTxnRequest("bank", producer_id, epoch, (ORDERS, nowhere)))
    assert found.errors == {
        ORDERS: ErrorCode.OPERATION_NOT_ATTEMPTED, nowhere: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }  # fmt: skip


def test_without_transactions_a_log_has_no_state_of_them():
    story = Story(topics=orders())
    story.producer("web")
    story.run(1)
    assert not isinstance(story.replica(1).log.producers, TransactionState)
    assert all(story.broker(one).transaction_coordinators is None for one in (1, 2, 3))
