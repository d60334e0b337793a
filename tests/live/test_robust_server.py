"""A served cluster among clients that send what no client should: it goes on, and so do the others."""

import contextlib
import random
import time

from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Partition

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.programs import BringFrame
from lab.cluster.probes import Inspect
from lab.cluster.probes.lens import PartitionLens
from lab.cluster.probes.records import Records
from lab.cluster.probes.segments import Segments
from lab.cluster.probes.topology import Cluster
from lab.cluster.probes.transactions import PartitionTransactions
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, ShareConsumerSpec, TopicSpec
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import Record, RecordBatch
from lab.world.digest import digest
from lab.world.world import World
from tests.live.broken_batches import broken_batches, random_batch
from tests.live.broken_frames import every_version, mutated, plausible_frame, valid_frame
from tests.live.raw import Raw
from tests.live.served import AT_ONCE, Served, replayed, served

RANDOM_FRAMES = 1_500
RANDOM_BATCHES = 400
PATIENCE_S = 30
BUSY = ClusterSpec(
    brokers=2,
    topics=(
        TopicSpec("orders", 1, 2),
        TopicSpec("latest", 1, 2, (("cleanup.policy", "compact"),)),
        TopicSpec("good", 2, 2),
    ),
    producers=(ProducerSpec("checkout", "orders", 5),),
    share_consumers=(ShareConsumerSpec("packing", "packing", ("orders",)),),
    consumers=(ConsumerSpec("billing", "billing", ("orders",)),),
    broker_config=(*AT_ONCE, ("broker.session.timeout.ms", "3000"), ("broker.heartbeat.interval.ms", "500")),
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def goes_on(cluster: Served, name: str, records: int = 20) -> None:
    """A client that does nothing wrong writes, and reads what it wrote."""
    producer = Producer({"bootstrap.servers": cluster.addresses, "client.id": name})
    for number in range(records):
        producer.produce("good", key=name, value=f"{name} {number}")
    assert producer.flush(PATIENCE_S) == 0
    consumer = Consumer({"bootstrap.servers": cluster.addresses, "group.id": name, "auto.offset.reset": "earliest"})
    consumer.subscribe(["good"])
    wanted = {f"{name} {number}".encode() for number in range(records)}
    deadline = time.monotonic() + PATIENCE_S
    while wanted and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            wanted.discard(message.value() or b"")
    consumer.close()
    assert not wanted


def sent_by_mallory(cluster: Served, frames: int, dice: random.Random) -> None:
    """Frame after frame over one connection until it is closed, and then over the next."""
    versions = list(every_version())
    number = 0
    while number < frames:
        with Raw(cluster.addresses, broker=dice.randrange(2)) as client:
            client.tcp.settimeout(0.1)
            with contextlib.suppress(ConnectionError):
                for _ in range(20):
                    number += 1
                    make = dice.choice((valid_frame, plausible_frame, plausible_frame))
                    frame = make(*dice.choice(versions), number, client_id=f"m{number % 3}")
                    if dice.random() < 0.3:
                        frame = mutated(frame, dice, begin=dice.choice((0, 8, 12, 12, 12)))
                    client.send(frame or b"x")
                    with contextlib.suppress(TimeoutError):
                        if client.answer() is None:
                            break


def test_frames_with_something_wrong_stop_nobody_and_are_replayed():
    with served(BUSY) as cluster:
        sent_by_mallory(cluster, RANDOM_FRAMES, random.Random(4))
        goes_on(cluster, "afterwards")
    session = cluster.session
    brought = [action for _, action in session.timeline.branch.journal if isinstance(action, BringFrame)]
    assert len(brought) > RANDOM_FRAMES
    assert digest(session.world) == replayed(session)


def looked_at(world: World) -> None:
    """Whatever a window could show of it."""
    Cluster(internal=True)(world)
    for partition in ("orders-0", "latest-0"):
        for probe in (
            PartitionLens(partition),
            Segments(partition, batches_of=0),
            PartitionTransactions(partition, 0, 1 << 40),
        ):
            probe(world)
        view = Records(partition, from_offset=None)(world)
        for offset in range(0, view.log_end_offset, 100_000):
            PartitionLens(partition, end_offset=offset)(world)
            Records(partition, from_offset=offset)(world)
        Inspect("partition", partition)(world)


def test_broken_batches_stop_nobody_and_are_replayed():
    with served(BUSY) as cluster:
        dice = random.Random(5)
        found: dict[str, ErrorCode | None] = {}
        with Raw(cluster.addresses) as first, Raw(cluster.addresses, 1) as second:
            leaders = {"orders": first, "latest": first}
            for topic in leaders:
                whole = RecordBatch.build([Record(0, now_ms(), b"k", b"v")]).data
                if first.produce(whole, topic) is ErrorCode.NOT_LEADER_OR_FOLLOWER:
                    leaders[topic] = second
            for what, data in broken_batches(now_ms()):
                for topic, leader in leaders.items():
                    found[f"{topic}: {what}"] = leader.produce(data, topic)
            for _ in range(RANDOM_BATCHES):
                leaders["orders"].produce(random_batch(dice, now_ms()), "orders", acks=dice.choice((1, 1, -1)))
        finder = Consumer({"bootstrap.servers": cluster.addresses, "group.id": "finder"})
        for days in range(3):
            finder.offsets_for_times([Partition("orders", 0, now_ms() - days * 86_400_000)], timeout=PATIENCE_S)
        finder.close()
        goes_on(cluster, "afterwards")
        for broker in ("broker-1", "broker-2"):
            cluster.do(Crash(broker))
            cluster.do(Restart(broker))
            goes_on(cluster, f"without-{broker}")
    assert None not in found.values(), "no connection is closed for what is in a batch"
    assert {found[f"latest: {what}"] for what, _ in broken_batches(0) if "bomb" in what} == {ErrorCode.INVALID_RECORD}
    assert digest(cluster.session.world) == replayed(cluster.session)
    looked_at(cluster.session.world)
