"""The cleaner of a broker: which log it takes, at what pace, what it writes down, and what goes on beside it."""

from lab.cluster.actions.disks import MendDisk
from lab.cluster.actions.keys import DeleteKeys
from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.spec import TopicSpec
from lab.kafka import facts
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.log.folder import FOLDER, MS
from tests.story import ORDERS, Story, settings

CHECKPOINT = "cleaner-offset-checkpoint"
USERS, CARTS = TopicPartition("users", 0), TopicPartition("carts", 0)


def compacting(*topics: str, broker: dict[str, object] | None = None, **config: object) -> Story:
    """One broker; segments of about 1,000 bytes, cleaned when anything is dirty."""
    config = {"cleanup_policy": "compact", "segment_bytes": 1_000, "min_cleanable_dirty_ratio_percent": 0} | config
    made = tuple(TopicSpec(name, 1, 1, settings(**config)) for name in topics or ("orders",))
    return Story(brokers=1, topics=made, broker_config=settings(**(broker or {})))


def counted(keys: str) -> str:
    """Records of these keys, each with its place as the value."""
    return " ".join(f"{key}={at}" for at, key in enumerate(keys))


def write(story: Story, pairs: str, to: TopicPartition = ORDERS, size: int = 300) -> None:
    """A batch of about `size` bytes for each `key=value`."""
    for pair in pairs.split():
        key, _, value = pair.partition("=")
        one = RecordBatch.build([Record(0, story.now + MS, key.encode(), value.encode().ljust(size - 80, b"."))])
        answer = story.ask("broker-1", ProduceRequest(-1, 30_000, {to: one}))
        assert not answer.responses[to].error_code


def records(story: Story, partition: TopicPartition = ORDERS) -> list[Record]:
    return [one for part in read_all(story.replica(1, partition).log) for one in part.records()]


def offsets(story: Story, partition: TopicPartition = ORDERS) -> list[int]:
    return [one.offset for one in records(story, partition)]


def restarted(story: Story) -> None:
    story.act(Restart("broker-1"))
    story.until(lambda: ORDERS in story.broker(1).partitions and story.replica(1).leading)


def cleaned(story: Story, count: int = 1) -> None:
    story.until(lambda: len(story.told(facts.Compacted)) >= count)


def test_spec_01_9_1_the_dirtiest_log_is_cleaned_first_and_the_next_one_at_once():
    story = compacting("users", "carts")
    write(story, "a=1 b=1 c=1 d=1", to=USERS)
    cleaned(story)
    write(story, "a=2 b=2 c=2 d=2", to=USERS)  # half of it is dirty
    write(story, "a=1 b=1 c=1 d=1", to=CARTS)  # and all of this
    cleaned(story, 3)
    begun = list(story.heard(facts.CleaningStarted))
    assert [one.fact.partition for one in begun] == [USERS, CARTS, USERS]
    assert begun[2].time - begun[1].time < 1_000_000, "it sleeps only when nothing is dirty"


def test_spec_01_9_how_far_it_came_is_written_down_and_read_by_the_next_process():
    story = compacting()
    write(story, "a=1 b=1 a=2 c=1 a=3 b=2 d=1")
    cleaned(story)
    disk = story.world.hosts["broker-1"].disk
    story.run(1)
    assert disk.read(CHECKPOINT, 0, 100) == b"0\n1\norders 0 6\n"
    story.act(Crash("broker-1"))
    restarted(story)
    write(story, "a=4 b=3 a=5")
    cleaned(story, 2)
    assert story.told(facts.CleaningStarted)[-1].first_dirty == 6


def test_spec_01_9_1_a_checkpoint_beyond_the_log_is_forgotten():
    story = compacting()
    story.world.hosts["broker-1"].disk.write(CHECKPOINT, b"0\n1\norders 0 99\n")
    write(story, "a=1 b=1 a=2 c=1")
    cleaned(story)
    assert story.told(facts.CleaningStarted)[0].first_dirty == 0


def test_spec_01_9_a_clean_takes_its_time_and_the_broker_serves_meanwhile():
    story = compacting(broker={"log_cleaner_io_max_bytes_per_second": 1_000})
    write(story, counted("abcdefabcdefabcdef"))
    story.until(lambda: story.told(facts.CleaningStarted))
    begun = story.now
    for at in range(5):
        asked = story.now
        write(story, f"z={at}")
        assert story.now - asked < 50
    running = story.replica(1).log.compaction
    assert running is not None
    assert running.running is not None
    assert 0 < running.running.bytes_done < running.running.bytes_all
    cleaned(story)
    assert running.running is None
    seen = sum(one.bytes_before for one in story.told(facts.SegmentsCleaned))
    assert 2 * seen <= story.now - begun <= 4 * seen, "read twice and written at a byte a millisecond"


def test_spec_01_9_without_a_limit_a_clean_is_quick():
    story = compacting()
    write(story, counted("abcdefabcdefabcdef"))
    cleaned(story)
    (begun,), (ended,) = list(story.heard(facts.CleaningStarted)), list(story.heard(facts.Compacted))
    assert ended.time - begun.time < 50_000


def test_spec_01_19_a_broker_that_crashes_while_it_cleans_has_every_newest_record():
    story = compacting(broker={"log_cleaner_io_max_bytes_per_second": 2_000})
    write(story, counted("abcabcabcabcabc"))
    story.until(lambda: story.told(facts.CleaningStarted))
    for _ in range(12):
        story.run(1)
        story.act(Crash("broker-1"))
        restarted(story)
        newest = {one % 3: one for one in offsets(story)}
        assert newest == {0: 12, 1: 13, 2: 14}
        story.run(16)


def test_spec_01_9_retention_of_a_compacted_log_comes_with_its_cleaner():
    story = compacting(cleanup_policy="compact,delete", retention_bytes=1_500)
    write(story, counted("abcdefghijkl"))
    story.until(lambda: story.told(facts.SegmentsDeleted))
    (deleted,) = story.told(facts.SegmentsDeleted)
    assert (deleted.partition, deleted.reason) == (ORDERS, "retention.bytes")
    assert story.now < 20_000, "long before the five minutes of log.retention.check.interval.ms"
    assert story.replica(1).log.log_start_offset == deleted.base_offsets[-1] + 3


def test_spec_01_9_with_the_cleaner_off_nothing_is_compacted():
    story = compacting(broker={"log_cleaner_enable": "false"})
    write(story, "a=1 a=2 a=3 a=4 a=5")
    story.run(60)
    assert not story.told(facts.CleaningStarted)


def test_spec_01_9_a_damaged_log_is_marked_and_left_alone():
    story = compacting("users", "carts")
    write(story, "a=1 b=1 a=2 c=1", to=USERS)
    disk = story.world.hosts["broker-1"].disk
    path = story.replica(1, USERS).log.segments[0].path
    data = bytearray(disk.read(path, 0, disk.size(path)))
    data[200] ^= 1
    disk.write(path, bytes(data))
    story.until(lambda: story.told(facts.CleaningFailed))
    write(story, "a=1 b=1 a=2 c=1", to=CARTS)
    cleaned(story)
    assert [one.partition for one in story.told(facts.CleaningFailed)] == [USERS]
    assert [one.partition for one in story.told(facts.Compacted)] == [CARTS]
    assert not [one for one in disk.list("logs/users-0") if one.endswith((".cleaned", ".swap"))]


def test_spec_01_9_a_disk_that_fills_up_while_it_cleans_stops_the_broker_and_loses_nothing():
    story = compacting(broker={"log_cleaner_io_max_bytes_per_second": 2_000})
    write(story, counted("abcabcabcabcabc"))
    host = story.world.hosts["broker-1"]
    story.until(lambda: any(".cleaned" in path for path in host.disk.list(FOLDER)))
    host.disk.capacity = host.disk.used
    story.until(lambda: host.node is None)
    assert story.told(facts.LogDirFailed)
    story.act(MendDisk("broker-1"))
    restarted(story)
    assert {one % 3: one for one in offsets(story)} == {0: 12, 1: 13, 2: 14}
    assert not [path for path in host.disk.list(FOLDER) if ".cleaned" in path]


def test_a_producer_deletes_a_key_and_its_tombstone_outlives_the_record():
    story = compacting(segment_bytes=400)
    story.producer("app", keys="A", rate=1, count=2)
    story.run(3)
    story.act(DeleteKeys("app", ("A",)))
    story.run(1)
    write(story, "z=1 y=1")
    cleaned(story)
    assert (records(story)[0].offset, records(story)[0].key, records(story)[0].value) == (2, b"A", None)


def test_of_two_tombstones_the_older_gives_way_and_the_younger_goes_when_its_time_is_over():
    story = compacting(delete_retention_ms=0)
    for _ in range(2):
        one = RecordBatch.build([Record(0, story.now + MS, b"a", None)])
        assert not story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: one})).responses[ORDERS].error_code
    write(story, "b=1 c=1 d=1 e=1")
    cleaned(story)
    assert offsets(story)[0] == 1, "the younger tombstone has been seen"
    write(story, "b=2 c=2 d=2 e=2")
    cleaned(story, 2)
    assert b"a" not in [one.key for one in records(story)]
