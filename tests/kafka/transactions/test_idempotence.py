"""Idempotent producers across leaders and lost requests (spec 5.2)."""

from lab.cluster.actions.machines import Crash
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import PartitionProduceResponse, ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from tests.story import ORDERS, Story, orders

PRODUCER = 4_000
DATE_MS = 1_767_225_600_000


def numbered(sequence: int) -> RecordBatch:
    """A batch of one record whose value is its sequence number."""
    record = Record(0, DATE_MS, b"k", f"{sequence}".encode())
    return RecordBatch.build([record], producer_id=PRODUCER, producer_epoch=0, base_sequence=sequence)


def produced(story: Story, node: str, sequence: int, acks: int = -1) -> PartitionProduceResponse:
    answer = story.ask(node, ProduceRequest(acks, 30_000, {ORDERS: numbered(sequence)}))
    found: PartitionProduceResponse = answer.responses[ORDERS]
    return found


def values(story: Story, broker_id: int) -> list[str]:
    log = story.replica(broker_id).log
    batches = log.read(0, 1 << 20, log.log_end_offset)
    assert isinstance(batches, tuple)
    return [(one.value or b"").decode() for batch in batches for one in batch.records()]


def test_spec_05_06_a_retry_after_a_failover_is_known_to_the_new_leader():
    story = Story(topics=orders())
    assert produced(story, "broker-1", 0).base_offset == 0
    story.run(1)
    sent = story.send("broker-1", ProduceRequest(-1, 30_000, {ORDERS: numbered(1)}))
    while not all(end == 2 for _, end in story.ends().values()):
        story.world.run_until(story.world.now + 1_000_000, 1)
    assert story.answer(sent) is None, "appended everywhere, and nobody knows it yet"
    story.act(Crash("broker-1"))
    story.until(lambda: story.state().leader_id == 2)
    story.run(1)
    again = produced(story, "broker-2", 1)
    assert (again.error_code, again.base_offset) == (ErrorCode.NONE, 1)
    assert values(story, 2) == ["0", "1"]


def test_spec_05_07_when_the_first_of_five_is_lost_the_rest_is_refused_and_all_come_in_order():
    story = Story(topics=orders())
    assert not produced(story, "broker-1", 0).error_code
    refused = [produced(story, "broker-1", sequence).error_code for sequence in (2, 3, 4, 5)]
    assert refused == [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER] * 4
    assert not [code for code in (produced(story, "broker-1", one).error_code for one in (1, 2, 3, 4, 5)) if code]
    assert values(story, 1) == ["0", "1", "2", "3", "4", "5"]
