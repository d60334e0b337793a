"""What defaults come to in a cluster (spec 10.12, 10.14), and where client libraries part (spec 6.9, 6.16)."""

import pytest

from lab.cluster.actions.machines import Crash, PowerOff, Restart
from lab.cluster.actions.network import SlowLink
from lab.cluster.spec import TransactionSpec
from lab.kafka import facts
from lab.kafka.config.definition import LONG_MAX
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.clients.consumer.shop import EARLIEST
from tests.story import ORDERS, Story, orders, settings

TWO_HOURS_MS = 7_200_000


@pytest.mark.parametrize("flavour", ["librdkafka", "java-4", "kafka-python"])
def test_spec_10_09_and_06_19_in_an_open_transaction_librdkafka_stops_and_the_others_read_on(flavour: str):
    """isolation.level is read_committed by default in librdkafka only."""
    story = Story(topics=orders())
    story.producer("pay", rate=20, config=settings(transactional_id="t"), transaction=TransactionSpec(commit_every=0))
    story.consumer("app", config=EARLIEST, flavour=flavour)
    story.run(8)
    assert story.replica(1).log.high_watermark > 50
    assert bool(story.polled("app")) is (flavour != "librdkafka")


def test_spec_10_12_acks_all_with_a_minimum_of_1_promises_what_one_disk_can_keep():
    story = Story(topics=orders(min_insync_replicas=1))
    leader = story.state().leader_id
    story.act(*(Crash(f"broker-{one}") for one in (1, 2, 3) if one != leader))
    story.until(lambda: len(story.state().isr) == 1)
    story.producer("shop", rate=100, count=50)
    story.until(lambda: len(story.ledger.producer("shop").acked) == 50)
    story.act(PowerOff((f"broker-{leader}",)))
    story.act(*(Restart(f"broker-{one}") for one in (1, 2, 3)))
    story.run(30)
    assert story.ledger.lost() > 0


@pytest.mark.parametrize(
    ("limit_ms", "error"),
    [(3_600_000, ErrorCode.INVALID_TIMESTAMP), (LONG_MAX, ErrorCode.NONE)],
)
def test_spec_10_14_a_record_from_the_day_after_is_refused_since_4_0(limit_ms: int, error: ErrorCode):
    """Before 4.0 there was no limit; then retention waits for its date."""
    story = Story(topics=orders(message_timestamp_after_max_ms=limit_ms))
    late = story.world.epoch_ms + story.now + TWO_HOURS_MS
    batch = RecordBatch.build([Record(0, late, b"k", b"v")])
    leader = f"broker-{story.state().leader_id}"
    assert story.ask(leader, ProduceRequest(-1, 30_000, {ORDERS: batch})).responses[ORDERS].error_code is error


def latency_us(acks: str) -> int:
    """How long a record waits for its acknowledgement, when the followers are 2 ms away; the mean of many."""
    story = Story(topics=orders())
    leader = story.state().leader_id
    story.act(*(SlowLink(f"broker-{leader}", f"broker-{one}", 2) for one in (1, 2, 3) if one != leader))
    story.producer("shop", rate=20, count=60, config=settings(acks=acks, linger_ms=0))
    story.run(6)
    born = [one.time for one in story.heard(facts.RecordBorn)]
    acked = [one.time for one in story.heard(facts.RecordsAcked) for _ in one.fact.births]
    assert len(acked) == 60
    waits = [later - earlier for earlier, later in zip(born, acked, strict=True)][10:]
    return sum(waits) // len(waits)


def test_spec_10_17_no_acknowledgement_is_quicker_than_one_and_one_than_all():
    none, one, every = (latency_us(acks) for acks in ("0", "1", "all"))
    assert none < one < every
    assert every - one > 2_000, "the followers' way"


def done_in_10_s(partitions: int, consumers: int) -> int:
    story = Story(topics=orders(partitions=partitions))
    for number in range(consumers):
        story.consumer(f"app-{number}", config=EARLIEST, work_us=10_000)
    story.producer("shop", rate=600, keys="cycle:60")
    story.run(10)
    before = len(story.done())
    story.run(10)
    idle = [name for name, owned in story.owned(*(f"app-{at}" for at in range(consumers))).items() if not owned]
    assert len(idle) == max(0, consumers - partitions)
    return len(story.done()) - before


def test_spec_10_18_readers_scale_with_partitions_and_a_fourth_on_three_is_idle():
    """A consumer works 10 ms on a record: 1000 in ten seconds."""
    assert 950 <= done_in_10_s(partitions=1, consumers=3) <= 1_000
    assert 2_850 <= done_in_10_s(partitions=3, consumers=3) <= 3_000
    assert 2_850 <= done_in_10_s(partitions=3, consumers=4) <= 3_000
