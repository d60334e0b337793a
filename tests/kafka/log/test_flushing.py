"""When records become safe by themselves: flush.messages, flush.ms (spec 1.2.6, 10.2)."""

from lab.cluster.actions.machines import PowerOff
from lab.kafka.protocol.messages.produce import ProduceRequest
from tests.kafka.log.folder import Folder, batch
from tests.story import ORDERS, Story, orders
from tests.story import batch as story_batch


def flushing(flush_ms: int, **broker: object) -> Story:
    config = tuple((name.replace("_", "."), str(value)) for name, value in broker.items())
    return Story(brokers=1, topics=orders(replicas=1, flush_ms=flush_ms), broker_config=config)


def write(story: Story) -> None:
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: story_batch("one")}))


def test_spec_10_2_flush_ms_is_looked_at_every_log_flush_scheduler_interval_ms():
    story = flushing(3_000, log_flush_scheduler_interval_ms=1_000)
    story.run(2)
    write(story)
    story.run(1.5)
    assert story.replica(1).log.recovery_point == 0
    story.run(3.5)
    assert story.replica(1).log.recovery_point == 1
    story.act(PowerOff(("broker-1",)))


def test_spec_10_2_by_default_the_scheduler_never_looks():
    story = flushing(1)
    write(story)
    story.run(4)
    assert story.replica(1).log.recovery_point == 0


def test_spec_01_2_6_flush_messages_counts_what_is_beyond_the_recovery_point():
    folder = Folder(flush_messages=3)
    folder.append(batch("a", "b"))
    assert folder.log.recovery_point == 0
    folder.roll()
    assert folder.log.recovery_point == 2, "closing a segment flushed it"
    folder.append(batch("c", "d"))
    assert folder.log.recovery_point == 2
    folder.append(batch("e"))
    assert folder.log.recovery_point == 5
