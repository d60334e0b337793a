"""A cluster that is not recorded: real clients notice nothing, and nothing of what they sent is remembered."""

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.programs import ConnectProgram
from lab.cluster.probes.programs import programs_in
from lab.cluster.refused import Refused
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.cluster.watch import Observer, Watch, hears
from lab.env import NodeId, millis, seconds
from lab.kafka import facts
from lab.kafka.protocol.records import Record, RecordBatch
from lab.live.unrecorded import Unrecorded, date_ms
from lab.world.flights import heard_since
from lab.world.world import World
from tests.live.raw import produce_frame
from tests.live.served import THREE, Served

RECORDS = 200
PATIENCE_S = 30


def test_what_is_written_is_read_and_the_world_remembers_none_of_it():
    owner = Unrecorded(THREE)
    cluster = Served(owner)
    try:
        producer = Producer({"bootstrap.servers": cluster.addresses, "acks": "all", "enable.idempotence": True})
        for number in range(RECORDS):
            producer.produce("orders", value=f"{number}", partition=0)
        assert producer.flush(PATIENCE_S) == 0
        consumer = Consumer({"bootstrap.servers": cluster.addresses, "group.id": "g", "log_level": 2})
        consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
        found: list[int] = []
        while len(found) < RECORDS and (message := consumer.poll(PATIENCE_S)) is not None:
            assert not message.error()
            found.append(int(message.value() or b""))
        consumer.close()
        assert found == list(range(RECORDS))
    finally:
        cluster.stop()
        owner.close()
    assert heard_since(owner.world, 0) == []
    assert list(owner.world.trace.since(0)) == []
    assert owner.world.moments[-1].text != "", "only what people do is a moment"
    assert len(owner.world.moments) < 10


class Listener(Observer):
    """Hears what is stated with every batch."""

    def __init__(self) -> None:
        self.appended: list[int] = []
        self.moved: list[int] = []

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        if fact.partition.topic == "orders":
            self.appended.append(fact.batch.base_offset)

    @hears(facts.HighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        if fact.partition.topic == "orders":
            self.moved.append(fact.high_watermark)


def test_who_comes_to_listen_hears_every_batch_from_then_on():
    owner = Unrecorded(ClusterSpec(brokers=1, topics=(TopicSpec("orders", 1, 1),)))
    frame = produce_frame(RecordBatch.build([Record(0, date_ms(), None, b"v")]).data, "orders", 0, 1)
    watch = owner.world.witness
    assert isinstance(watch, Watch)
    owner.bring(ConnectProgram("app", 1, "broker-1", (), "", "127.0.0.1"))
    listener = Listener()
    for number in range(9):
        if number == 3:
            watch.invite(listener)
        if number == 6:
            watch.dismiss(listener)
        owner.bring_frame("app", 1, frame)
        owner.run_for(millis(10))
    assert (listener.appended, listener.moved) == ([3, 4, 5], [4, 5, 6])
    assert len([one for one in programs_in(owner.world)["app"].recent if not one.error]) == 9
    owner.close()
    assert not owner.violation


def test_clocks_show_the_date_outside():
    owner = Unrecorded(ClusterSpec(brokers=1))
    for _ in range(3):
        owner.run_for(seconds(1))
        shown = owner.world.hosts["broker-1"].clock.read(owner.world.epoch_ms, owner.world.now)
        assert abs(shown - date_ms()) < 5_000


def test_what_cannot_be_done_is_refused_and_what_can_is_done():
    owner = Unrecorded(ClusterSpec(brokers=1))
    with pytest.raises(Refused, match=r"Start broker-1: broker-1 is running"):
        owner.post(Restart("broker-1"))
    owner.post(Crash("broker-1"))
    assert owner.world.hosts["broker-1"].state == "down"
    owner.post(Restart("broker-1"))
    owner.run_for(seconds(15))
    owner.close()
    assert not owner.violation
    assert {host.state for name, host in owner.world.hosts.items() if name != "admin"} == {"down"}
