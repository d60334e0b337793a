"""A producer under load: real batches whose records are equal but for their number, followed as intervals."""

import pytest

from lab.cluster.actions.load import AddLoad
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.ledger.births import plain_birth
from lab.cluster.refused import Refused
from lab.cluster.spec import ProducerSpec
from lab.kafka import facts
from lab.kafka.clients.births import birth_of
from lab.kafka.clients.producer.load import LoadBatch, load_in
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import MS
from tests.story import ORDERS, Story, orders, settings


def under_load(acks: str = "all", brokers: int = 3, **spec: object) -> Story:
    story = Story(brokers=brokers, topics=orders(partitions=1, replicas=brokers, min_insync_replicas=1))
    config = settings(acks=acks, enable_idempotence="true" if acks == "all" else "false", **spec)
    story.producer("load", rate=1_000, load=100, value_bytes=100, config=config)
    return story


def whole_truth(story: Story) -> list[str | None]:
    """The births in the leader's log, record by record."""
    log = story.replica(story.state().leader_id).log
    return [birth_of(one) for part in read_all(log) for one in part.records()]


@pytest.mark.parametrize("codec", list(Compression))
def test_a_batch_is_what_the_records_one_by_one_would_be(codec: Compression):
    made = LoadBatch(0, "load", range(1_200, 1_300), 50, MS).encode(7, 0, codec)
    assert made.valid_crc()
    records = made.records()
    assert [plain_birth(birth_of(one) or "") for one in records] == [f"load:{at}" for at in range(1_200, 1_300)]
    assert {(one.key, one.value, one.timestamp_ms) for one in records} == {(None, b"." * 50, MS)}
    assert RecordBatch.build(records, producer_id=7, producer_epoch=0, compression=codec).data == made.data
    assert load_in(made) == ("load", range(1_200, 1_300))


def test_an_ordinary_batch_is_no_load_and_neither_is_one_that_only_begins_as_a_load():
    assert load_in(RecordBatch.build([Record(0, MS, None, b"v")])) is None
    records = LoadBatch(0, "load", range(10), 5, MS).encode(-1, -1, Compression.NONE).records()
    mixed = RecordBatch.build([*records[:5], Record(0, MS, None, b"v")])
    assert load_in(mixed) is None


def test_what_the_ledger_follows_as_intervals_is_what_stands_in_the_log():
    story = under_load()
    story.producer("web", rate=50)
    story.run(3)
    truth = story.ledger.partition(ORDERS)
    stored = [plain_birth(one or "") for one in whole_truth(story)]
    assert [truth.birth_at(at) for at in range(truth.log_end_offset)] == stored
    assert len(truth.births) == sum(one.startswith("web") for one in stored), "the others are intervals"
    born = story.ledger.producer("load")
    assert 2_900 <= born.born <= 3_000
    assert list(born.stored.intervals()) == [(0, len(born.stored))]
    assert len(born.acked) >= born.born - 200
    assert truth.time_at(truth.log_end_offset - 1) >= truth.time_at(0)


def test_records_that_acks_1_loses_are_counted_one_by_one():
    story = under_load(acks="1", request_timeout_ms=2_000, delivery_timeout_ms=4_000)
    story.run(2)
    leader = story.state().leader_id
    others = [one for one in (1, 2, 3) if one != leader]
    story.act(*[CutLink(f"broker-{one}", f"broker-{leader}") for one in others])
    story.run(0.5)
    story.act(Crash(f"broker-{leader}"))
    story.run(0.1)
    story.act(*[HealLink(f"broker-{one}", f"broker-{leader}") for one in others])
    story.run(15)
    lost = story.ledger.lost()
    assert lost > 0
    assert lost % 100 == 0, "a batch is lost whole"
    truth, log = story.ledger.partition(ORDERS), [plain_birth(one or "") for one in whole_truth(story)]
    assert [truth.birth_at(at) for at in range(truth.log_end_offset)] == log
    acked = {f"load:{at}" for low, high in story.ledger.producer("load").acked.intervals() for at in range(low, high)}
    assert len(acked - {*log}) == lost


def test_an_idempotent_load_is_stored_once_whatever_happens():
    story = under_load(request_timeout_ms=2_000)
    story.run(2)
    for _ in range(3):
        leader = story.state().leader_id
        story.act(Crash(f"broker-{leader}"))
        story.run(12)
        story.act(Restart(f"broker-{leader}"))
        story.run(5)
    story.run(5)
    assert any(story.heard(facts.BatchRetried, producer="load"))
    births = [one for one in whole_truth(story) if one]
    assert len(births) == len(dict.fromkeys(births))
    assert story.ledger.partition(ORDERS).duplicates == 0
    assert story.ledger.lost() == 0


def test_a_new_leader_has_what_was_not_committed_yet():
    story = under_load()
    story.consumer("reader", config=settings(auto_offset_reset="earliest"))
    story.run(2)
    story.until(lambda: story.replica(2).log.log_end_offset > story.ledger.partition(ORDERS).high_watermark)
    mark = story.ledger.partition(ORDERS).high_watermark
    story.act(Crash("broker-1"))
    story.elected(2)
    assert story.ledger.partition(ORDERS).log_end_offset > mark
    story.run(10)
    truth = story.ledger.partition(ORDERS)
    births = whole_truth(story)
    assert [truth.birth_at(at) for at in range(truth.log_end_offset)] == [plain_birth(one or "") for one in births]
    assert truth.duplicates == story.ledger.lost() == 0


def test_a_batch_too_large_for_the_topic_is_halved_until_it_fits():
    story = Story(brokers=1, topics=orders(replicas=1, max_message_bytes=5_000))
    story.producer("load", rate=1_000, load=100, value_bytes=100, count=200)
    story.run(3)
    assert story.ledger.producer("load").acked.count(0, 200) == 200
    assert len(whole_truth(story)) == 200
    assert all(part.size <= 5_000 for part in read_all(story.replica(1).log))


def test_send_blocks_while_the_buffer_is_full():
    story = under_load(brokers=1, buffer_memory=60_000)
    story.run(1)
    story.act(Crash("broker-1"))
    story.run(5)
    born = story.ledger.producer("load").born
    story.run(5)
    assert story.ledger.producer("load").born == born
    story.act(Restart("broker-1"))
    story.run(20)
    assert story.ledger.producer("load").born > born


def test_a_consumer_reads_a_load_as_any_other_records():
    story = under_load(brokers=1)
    story.consumer("reader", config=settings(auto_offset_reset="earliest"))
    story.run(8)
    assert story.ledger.births_done("pay") > 3_000
    assert story.ledger.group("pay").duplicates == story.ledger.group("pay").reordered == 0


def test_a_load_by_hand():
    story = Story(brokers=3, topics=orders(partitions=3))
    story.act(AddLoad("pump", "orders", 20_000, 500))
    story.run(3)
    assert len(story.ledger.producer("pump").acked) > 50_000


def test_a_load_has_no_keys():
    with pytest.raises(Refused, match="a load without keys"):
        Story(brokers=1, topics=orders(replicas=1), producers=(ProducerSpec("load", "orders", keys="cycle:3", load=9),))
