"""What a disk has spoilt: consumers that check CRCs do not take it for a record (spec 6.6, 6.13)."""

import pytest

from lab.cluster.actions.machines import Restart, Stop
from lab.kafka.orders import Seek
from tests.kafka.clients.consumer.shop import EARLIEST, resets, stock, write
from tests.kafka.clients.consumer.test_exceptions import ended, exceptions
from tests.story import ORDERS, Story, orders, settings

LOG = "logs/orders-0/00000000000000000000.log"
THROWN = "KafkaException: the batch of orders-0 at offset 5 is corrupt"


def spoilt(story: Story, offset: int) -> None:
    """While the broker is down, a byte of the last value in the batch at `offset` turns into another."""
    story.act(Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    disk = story.world.hosts["broker-1"].disk
    data = bytearray(disk.read(LOG, 0, disk.size(LOG)))
    at, base = 0, -1
    while base < offset:
        base = int.from_bytes(data[at : at + 8], "big")
        at += int.from_bytes(data[at + 8 : at + 12], "big") + 12
    data[at - 2] ^= 0xFF
    disk.write(LOG, bytes(data))
    disk.flush(LOG)
    story.act(Restart("broker-1"))
    story.until(lambda: story.state().leader_id == 1)


def damaged() -> Story:
    """Three batches of five, the middle one spoilt."""
    story = stock(5, brokers=1, topics=orders(replicas=1))
    write(story, 5)
    write(story, 5)
    spoilt(story, 5)
    return story


def test_spec_06_22_a_corrupted_batch_is_thrown_at_each_poll_and_the_position_stays():
    story = damaged()
    story.consumer("a", config=EARLIEST)
    story.run(10)
    assert story.polled("a") == list(range(5)), "what stands before it is returned"
    assert exceptions(story, "a") == [THROWN]
    assert ended(story, "a")
    story.act(Restart("a"))
    story.run(60)
    assert resets(story, "a")[-1] == (5, "committed")
    assert exceptions(story, "a") == [THROWN] * 2, "and whoever comes back stands where it stood"
    assert story.polled("a") == list(range(5))


def test_spec_06_22_whoever_seeks_past_it_goes_on():
    """While the application works on what stands before it, the corrupted batch waits for the next poll."""
    story = damaged()
    story.consumer("a", config=EARLIEST, work_us=1_000_000)
    story.until(lambda: story.polled("a") != [])
    story.run(0.5)
    story.order("a", Seek({ORDERS: 10}))
    story.run(10)
    assert exceptions(story, "a") == []
    assert story.polled("a") == [*range(5), *range(10, 15)]


def test_spec_06_22_who_begins_within_it_is_told_so_too():
    story = damaged()
    story.consumer("a")
    story.until(lambda: resets(story, "a") != [])
    story.order("a", Seek({ORDERS: 7}))
    story.run(5)
    assert (story.polled("a"), exceptions(story, "a")) == ([], [THROWN])


@pytest.mark.parametrize("flavour", ["java-4", "librdkafka"])
def test_spec_06_22_without_the_check_a_wrong_record_is_returned_like_any_other(flavour: str):
    story = damaged()
    config = settings(auto_offset_reset="earliest", check_crcs="false") if flavour == "java-4" else EARLIEST
    story.consumer("a", config=config, flavour=flavour)
    story.run(5)
    assert story.polled("a") == list(range(15))
    assert exceptions(story, "a") == []
