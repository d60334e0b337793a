"""Where this Kafka is not Apache Kafka: what `docs/differences.md` says is simplified or absent is so."""

import struct
from collections.abc import Mapping

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.build import CONTROLLER
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.config.definition import Config, InvalidConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller.node import ControllerNode
from lab.kafka.log.offset_map import OffsetMap
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.rpc.envelope import Request
from lab.world.disk import SimDisk
from lab.world.flights import in_flight
from tests.story import ORDERS, Story, batch, orders

DATE_MS = 1_767_225_600_000


def crc32c_bit_by_bit(data: bytes) -> int:
    """Castagnoli's polynomial, the slow way: a second opinion on the wheel."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def keyed(pairs: str) -> RecordBatch:
    """`a=1 b=2` as a batch."""
    split = [pair.partition("=") for pair in pairs.split()]
    return RecordBatch.build([Record(0, DATE_MS, key.encode(), value.encode()) for key, _, value in split])


def contents(story: Story, broker_id: int) -> list[tuple[int, bytes | None]]:
    """(offset, value) of every record a replica holds."""
    log = story.replica(broker_id).log
    return [(record.offset, record.value) for one in read_all(log) for record in one.records()]


# --- modelled: as Kafka has it --------------------------------------------------------------------


def test_a_segment_file_holds_kafkas_record_batches_byte_for_byte():
    story = Story(topics=orders())
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: batch("one", "two")}))
    disk = story.world.hosts["broker-1"].disk
    path = "logs/orders-0/00000000000000000000.log"
    data = disk.read(path, 0, disk.size(path))
    base, length, epoch, magic, crc = struct.unpack_from(">qiibI", data)
    rest = struct.unpack_from(">hiqqqhii", data, 21)
    assert (base, length, epoch, magic) == (0, len(data) - 12, 0, 2)
    assert crc == crc32c_bit_by_bit(data[21:])
    assert rest == (0, 1, DATE_MS, DATE_MS, -1, -1, -1, 2), "attributes, last offset delta, times, no producer, count"


def test_compaction_keeps_the_newest_of_each_key_at_its_old_offset():
    config = {"cleanup_policy": "compact", "segment_bytes": 100, "min_cleanable_dirty_ratio_percent": 0}
    story = Story(topics=orders(**config), broker_config=(("log.cleaner.backoff.ms", "1000"),))
    for pair in ("a=1", "b=2", "a=3", "b=4", "c=5"):
        story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: keyed(pair)}))
    story.run(3)
    assert contents(story, 1) == [(2, b"3"), (3, b"4"), (4, b"5")]


# --- simplified -----------------------------------------------------------------------------------


def test_a_request_travels_as_an_object_and_only_its_batches_are_bytes():
    story = Story(topics=orders())
    story.send("broker-1", ProduceRequest(-1, 30_000, {ORDERS: batch("one")}))
    flights = [one.body for one in in_flight(story.world)]
    story.world.run_until(story.world.now, 1)
    flights += [one.body for one in in_flight(story.world)]
    request = next(one.body for one in flights if isinstance(one, Request) and isinstance(one.body, ProduceRequest))
    sent = request.data[ORDERS]
    assert isinstance(sent, RecordBatch)
    assert type(sent.data) is bytes


def test_a_broker_keeps_no_metadata_on_its_disk():
    story = Story(topics=orders(), controllers=3)
    hosts = story.world.hosts
    assert any("__cluster_metadata" in path for path in hosts[CONTROLLER].disk.list(""))
    assert not any("__cluster_metadata" in path for path in hosts["broker-1"].disk.list(""))


def test_a_controller_that_is_alone_does_not_vote_and_without_it_nobody_is_elected():
    story = Story(topics=orders())
    before = story.broker(1).image.offset
    story.run(10)
    assert story.broker(1).image.offset == before
    assert [name for name, host in story.world.hosts.items() if isinstance(host.node, ControllerNode)] == [CONTROLLER]
    story.act(Crash(CONTROLLER), Crash("broker-1"))
    story.run(60)
    assert not story.replica(2).leading
    story.act(Restart(CONTROLLER))
    story.elected(2)


def test_a_metadata_record_is_json_and_not_kafkas_encoding():
    story = Story(topics=orders())
    disk = story.world.hosts[CONTROLLER].disk
    path = "logs/__cluster_metadata-0/00000000000000000000.log"
    assert b'["TopicRecord",{"name":"orders"' in disk.read(path, 0, disk.size(path))


def test_reading_a_disk_takes_no_time_and_writing_does():
    disk = SimDisk()
    disk.append("file", b"x" * 10_000)
    written = disk.cost
    disk.read("file", 0, 10_000)
    assert written > 0
    assert disk.cost == written


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        (BrokerConfig, "offsets.topic.num.partitions", 3),  # Kafka: 50
        (BrokerConfig, "share.coordinator.state.topic.num.partitions", 3),  # Kafka: 50
        (BrokerConfig, "transaction.state.log.num.partitions", 3),  # Kafka: 50
        (TopicConfig, "min.cleanable.dirty.ratio.percent", 50),  # Kafka: min.cleanable.dirty.ratio, 0.5
    ],
)
def test_a_default_that_is_not_kafkas(kind: type[Config], setting: str, value: object):
    assert kind.settings[setting].default == value


def test_a_segment_may_be_smaller_than_kafka_allows():
    assert TopicConfig.settings["segment.bytes"].minimum < 1 << 20


def test_a_cleaners_buffer_may_be_smaller_than_kafka_allows():
    assert BrokerConfig.settings["log.cleaner.dedupe.buffer.size"].minimum < 1 << 20


def test_there_is_one_cleaner_and_its_keys_are_not_hashed():
    assert "log.cleaner.threads" not in BrokerConfig.settings
    newest = OffsetMap(240, -1)
    newest.put(b"key", 7)
    assert newest.offsets == {b"key": 7}


# --- absent ---------------------------------------------------------------------------------------

ABSENT: Mapping[str, tuple[type[Config], str]] = {
    "interceptor.classes": (ConsumerConfig, "interceptors"),
    "connections.max.idle.ms": (ConsumerConfig, "closing idle connections"),
    "reconnect.backoff.ms": (ConsumerConfig, "pauses before reconnecting"),
    "queued.min.messages": (ConsumerConfig, "fetching ahead as librdkafka does"),
    "metadata.recovery.strategy": (ConsumerConfig, "asking the bootstrap servers again"),
    "security.protocol": (ConsumerConfig, "encryption and authentication"),
    "delegation.token.master.key": (BrokerConfig, "delegation tokens"),
    "metadata.max.retention.ms": (BrokerConfig, "deleting metadata by age"),
    "controller.quorum.bootstrap.servers": (BrokerConfig, "voters that come and go"),
    "log.dirs": (BrokerConfig, "several log directories"),
    "remote.storage.enable": (TopicConfig, "tiered storage"),
    "segment.jitter.ms": (TopicConfig, "segments that roll at different times"),
    "preallocate": (TopicConfig, "files made at their full size"),
    "quota.window.num": (BrokerConfig, "quotas of clients"),
}


@pytest.mark.parametrize("setting", ABSENT)
def test_a_setting_of_what_is_absent_is_refused_by_name(setting: str):
    kind, _ = ABSENT[setting]
    with pytest.raises(InvalidConfig, match=f"wanted one of the settings .*, found '{setting}'"):
        kind({setting: "anything"})
