"""Bit rot: a byte turns in the log of one replica; who reads it finds it by its CRC, and nothing mends it."""

from itertools import pairwise

import pytest

from lab.cluster.actions import action_from
from lab.cluster.actions.disks import CorruptBatch
from lab.cluster.actions.machines import Crash, PowerOff, Restart, Stop
from lab.cluster.actions.network import Isolate, Rejoin
from lab.cluster.actions.replicas import Reassign
from lab.cluster.actions.topics import DeleteRecords
from lab.cluster.fuzzing.rest import difference, unrest
from lab.cluster.fuzzing.rot_rest import cannot_follow
from lab.cluster.probes import Inspect, PartitionLens, Records, Segments
from lab.cluster.session.offers import offers_for
from lab.cluster.spec import TopicSpec
from lab.cluster.words import WORDS
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.checkpoint import Checkpoint
from lab.world.disk import SimDisk
from tests.kafka.clients.consumer.shop import EARLIEST, resets, stock, write
from tests.kafka.clients.consumer.test_exceptions import ended, exceptions
from tests.kafka.log.test_cleaner_at_work import compacting, counted
from tests.kafka.log.test_cleaner_at_work import write as cleaning_write
from tests.kafka.share.queue import Queue
from tests.kafka.share.test_share_consumer import settled
from tests.story import ORDERS, Story, batch, orders, settings

THROWN = "KafkaException: the batch of orders-0 at offset 5 is corrupt"
QUICK = (("replica.lag.time.max.ms", "2000"),)


def three_batches(brokers: int = 3, config: tuple[tuple[str, str], ...] = ()) -> Story:
    """Three batches of five, on brokers 1 to 3, the first of them leads; all of it is on the platter."""
    story = stock(5, brokers=brokers, topics=orders(replicas=min(brokers, 3)), broker_config=(*QUICK, *config))
    write(story, 5)
    write(story, 5)
    story.run(6)
    assert story.state().leader_id == 1
    assert set(story.ends().values()) == {(15, 15)}
    return story


def rot(story: Story, broker_id: int, offset: int = 5) -> None:
    story.act(CorruptBatch("orders-0", f"broker-{broker_id}", offset))


def sound(story: Story, broker_id: int) -> list[bool]:
    """Of each batch of a replica, whether it matches its CRC."""
    return [batch.valid_crc() for batch in read_all(story.replica(broker_id).log)]


def values(story: Story, broker_id: int) -> list[bytes | None]:
    return [record.value for batch in read_all(story.replica(broker_id).log) for record in batch.records()]


def found(story: Story) -> list[str]:
    return [one.text for one in story.world.moments if one.kind == "corrupt"]


# --- one byte -------------------------------------------------------------------------------------


def test_one_byte_of_one_replica_turns_and_the_others_share_nothing_of_it():
    story = three_batches()
    before = {one: b"".join(batch.data for batch in read_all(story.replica(one).log)) for one in (1, 2, 3)}
    rot(story, 2, 7)
    after = {one: b"".join(batch.data for batch in read_all(story.replica(one).log)) for one in (1, 2, 3)}
    assert (after[1], after[3]) == (before[1], before[3])
    turned = [(old, new) for old, new in zip(before[2], after[2], strict=True) if old != new]
    assert turned == [(ord("2"), ord("2") ^ 0xFF)], "the value at 7"
    assert (sound(story, 1), sound(story, 2)) == ([True] * 3, [True, False, True])
    assert [one.text for one in story.world.moments if one.kind == "rot"] == [
        "bit rot · a byte of orders-0 has turned on broker-2, in the batch at 5"
    ]
    assert found(story) == [], "nobody has read it"


def test_the_past_does_not_rot():
    story = three_batches()
    checkpoint = Checkpoint(story.world)
    rot(story, 1)
    story.world = checkpoint.restore()
    assert sound(story, 1) == [True] * 3


def test_without_an_offset_it_is_a_batch_in_the_middle():
    story = three_batches()
    rot(story, 3, -1)
    assert sound(story, 3) == [True, False, True]


def test_in_compressed_records_any_byte_may_turn_and_where_no_value_is_the_crc_does():
    story = three_batches()
    packed = RecordBatch.build([Record(0, 1, b"k", b"v" * 40)] * 9, compression=Compression.GZIP)
    bare = RecordBatch.build([Record(0, 1, b"k", None)])
    for one in (packed, bare):
        story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: one}))
    rot(story, 1, 20)
    rot(story, 1, 24)
    assert sound(story, 1) == [True, True, True, False, False]
    before, after = (read_all(story.replica(one).log)[3:] for one in (2, 1))
    assert after[0].crc == before[0].crc
    assert (after[1].records(), after[1].crc) == (before[1].records(), before[1].crc ^ 0xFF)


# --- who finds it ---------------------------------------------------------------------------------


def test_spec_06_22_a_consumer_of_a_leader_that_rots_throws_and_stays_where_it_is():
    story = three_batches()
    rot(story, 1)
    story.consumer("a", config=EARLIEST)
    story.run(10)
    assert (story.polled("a"), exceptions(story, "a")) == (list(range(5)), [THROWN])
    assert ended(story, "a")
    assert found(story) == ["corrupt batch of orders-0 found by a at offset 5"]
    story.act(Restart("a"))
    story.run(60)
    assert resets(story, "a")[-1] == (5, "committed")
    assert exceptions(story, "a") == [THROWN] * 2
    assert len(found(story)) == 1, "it is no news"


def test_who_does_not_check_takes_the_wrong_value_for_a_right_one():
    story = three_batches()
    rot(story, 1, 7)
    story.consumer("a", config=settings(auto_offset_reset="earliest", check_crcs="false"))
    story.run(10)
    assert (story.polled("a"), exceptions(story, "a")) == (list(range(15)), [])


def test_a_follower_that_rots_does_no_harm_before_it_leads():
    story = three_batches()
    rot(story, 2)
    story.consumer("a", config=EARLIEST)
    story.run(10)
    assert story.polled("a") == list(range(15))
    assert story.state().isr == (1, 2, 3)
    story.act(Stop("broker-1"))
    story.until(lambda: story.state().leader_id == 2)
    story.consumer("b", group="audit", config=EARLIEST)
    story.run(10)
    assert (story.polled("b"), exceptions(story, "b")) == (list(range(5)), [THROWN])


def moving_to_a_fourth() -> Story:
    """The leader rots, and the partition is to move to broker-4, which has nothing of it yet."""
    story = three_batches(brokers=4)
    rot(story, 1)
    story.act(Reassign("orders-0", ("broker-1", "broker-2", "broker-4")))
    story.run(30)
    return story


def test_spec_02_2_a_follower_refuses_the_corrupt_batch_and_tries_again_each_second():
    story = moving_to_a_fourth()
    assert story.ends()[4] == (0, 0), "nothing of an answer with a corrupt batch is taken, be the first one sound"
    tries = [one.time for one in story.heard(facts.CorruptBatchFound, partition=ORDERS, offset=5)]
    pauses = {(later - earlier) // 100_000 for earlier, later in pairwise(tries)}
    assert len(tries) > 20
    assert pauses == {10}, "replica.fetch.backoff.ms"
    assert found(story) == [
        "corrupt batch of orders-0 found by broker-4 at offset 5: it does not copy it, and asks again and again"
    ]
    assert 4 not in story.state().isr, "so it never joins, and the move never ends"


def test_a_follower_that_comes_upon_rot_falls_out_of_the_isr():
    """It copies batch by batch; what it wanted to have next has turned before it came to it."""
    story = three_batches(config=(("replica.fetch.max.bytes", "1"),))
    for _ in range(20):
        story.send("broker-1", ProduceRequest(1, 30_000, {ORDERS: batch("a")}))
    story.until(lambda: story.replica(1).log.log_end_offset == 35)
    assert story.ends()[3][1] < 34
    rot(story, 1, 34)
    story.run(1)
    assert story.state().isr == (1, 2, 3)
    story.run(5)
    assert {one: end for one, (_, end) in story.ends().items()} == {1: 35, 2: 34, 3: 34}
    assert story.state().isr == (1,)
    assert {one.node for one in story.heard(facts.CorruptBatchFound)} == {"broker-2", "broker-3"}


def test_who_is_elected_in_place_of_a_rotten_leader_copies_nothing_of_it():
    story = moving_to_a_fourth()
    story.act(Stop("broker-1"))
    story.run(30)
    assert story.state().leader_id == 2
    assert sound(story, 4) == [True] * 3, "and now there is a whole copy to be had"


def test_a_replica_can_be_copied_once_what_is_corrupt_was_deleted():
    """Kafka mends nothing; an administrator may give up what stands before and in the corrupt batch."""
    story = moving_to_a_fourth()
    story.act(DeleteRecords("orders-0", 10))
    story.run(10)
    assert sorted(story.state().isr) == [1, 2, 4]
    assert sound(story, 4) == [True]


def test_a_share_consumer_rejects_all_of_the_corrupt_batch_and_goes_on():
    queue = Queue()
    for _ in range(3):
        write(queue, 3)
    queue.act(CorruptBatch("orders-0", f"broker-{queue.state().leader_id}", 4))
    queue.worker("w-1")
    queue.run(10)
    assert queue.done("work") == [0, 1, 2, 6, 7, 8]
    assert settled(queue, "rejected") == [3, 4, 5]
    assert found(queue) == ["corrupt batch of orders-0 found by w-1 at offset 3"]


# --- what recovery does ---------------------------------------------------------------------------


def test_spec_01_21_recovery_cuts_the_log_at_the_corrupt_batch_and_the_leader_has_it_sound():
    """So a broker that was killed comes back better than one that stopped in an orderly way."""
    story = three_batches()
    rot(story, 3)
    story.act(Stop("broker-3"))
    story.until(lambda: story.world.hosts["broker-3"].state == "down")
    story.act(Restart("broker-3"))
    story.run(20)
    assert sound(story, 3) == [True, False, True], "who stopped cleanly does not look"
    story.act(Crash("broker-3"), Restart("broker-3"))
    story.run(30)
    assert sound(story, 3) == [True] * 3
    assert story.state().isr == (1, 2, 3)
    assert found(story) == ["corrupt batch of orders-0 found by broker-3 at offset 5: recovery cuts its log there"]


def test_a_log_that_is_cut_back_behind_a_corrupt_batch_keeps_it_and_all_between():
    """Who truncates does not look at checksums: only recovery does."""
    story = three_batches()
    rot(story, 1)
    story.act(Isolate("broker-1"))
    story.send("broker-1", ProduceRequest(1, 30_000, {ORDERS: batch("alone")}))
    story.until(lambda: story.state().leader_id == 2)
    assert story.replica(1).log.log_end_offset == 16
    story.run(1)
    story.send("broker-2", ProduceRequest(1, 30_000, {ORDERS: batch("together")}))
    story.run(1)
    story.act(Rejoin("broker-1"))
    story.run(20)
    assert [one.fact.offset for one in story.heard(facts.Truncated, partition=ORDERS)] == [15]
    assert sound(story, 1) == [True, False, True, True]
    assert {end for _, end in story.ends().values()} == {16}


def test_a_corrupt_batch_below_the_log_start_costs_its_replica_the_whole_log():
    """What was deleted is off the disk only when its segment is. Until then recovery reads it, and cuts there: of a log
    that ends before its start nothing is kept, in Kafka neither.
    """
    story = three_batches(config=(("log.flush.offset.checkpoint.interval.ms", "1000"),))
    rot(story, 3)
    story.act(DeleteRecords("orders-0", 12))
    story.run(10)
    assert story.replica(3).log.log_start_offset == 12
    story.act(Crash("broker-3"), Restart("broker-3"))
    story.run(30)
    said = "it lies below the log start, nothing is left, and the log begins anew at 12"
    assert found(story) == [f"corrupt batch of orders-0 found by broker-3 at offset 5: {said}"]
    assert WORDS["corrupt"](story.world, "orders-0") == 0
    assert sound(story, 3) == [True]
    assert sorted(story.state().isr) == [1, 2, 3], "it has copied the batch that reaches over its start"


def test_a_corrupt_batch_is_gone_with_its_segment():
    each_its_own = ("log.segment.bytes", "200")
    story = three_batches(
        config=(each_its_own, ("log.initial.task.delay.ms", "1000"), ("log.retention.check.interval.ms", "2000"))
    )
    assert len(story.replica(3).log.segments) == 3
    rot(story, 3)
    assert WORDS["corrupt"](story.world, "orders-0") == 1
    story.act(DeleteRecords("orders-0", 10))
    story.run(10)
    assert WORDS["corrupt"](story.world, "orders-0") == 0
    story.act(Crash("broker-3"), Restart("broker-3"))
    story.run(20)
    assert found(story) == [], "recovery has nothing to find"


def test_a_lone_replica_loses_all_from_the_corrupt_batch_on_when_it_recovers():
    story = three_batches(brokers=1)
    story.producer("web", rate=100, count=20, config=settings(acks="all"))
    story.run(8)
    rot(story, 1, 5)
    story.act(PowerOff(("broker-1",)), Restart("broker-1"))
    story.run(30)
    assert (story.ends(), sound(story, 1)) == ({1: (5, 5)}, [True])
    assert story.ledger.lost() == 20, "acknowledged, and no longer there: the invariants know why"


def test_the_disk_of_a_machine_that_is_off_rots_too():
    story = three_batches()
    story.act(Stop("broker-2"))
    story.until(lambda: story.world.hosts["broker-2"].state == "down")
    rot(story, 2)
    story.act(Restart("broker-2"))
    story.run(20)
    assert sound(story, 2) == [True, False, True]
    assert sorted(story.state().isr) == [1, 2, 3], "it signs on as if nothing were"


def test_what_is_not_safe_and_torn_by_a_power_loss_is_no_place_to_rot():
    story = three_batches()
    write(story, 5)
    story.act(PowerOff(("broker-2",)))
    disk = story.world.hosts["broker-2"].disk
    path = next(one for one in disk.list("logs/orders-0") if one.endswith(".log"))
    disk.truncate(path, disk.size(path) // 3 + 40)
    action = CorruptBatch("orders-0", "broker-2", 14)
    assert action.refusal(story.world).startswith("wanted an offset of the log of orders-0 on broker-2, 0 to ")


# --- what is owed all the same --------------------------------------------------------------------


def brokers_of(story: Story) -> dict[int, Broker]:
    return {one: story.broker(one) for one in (1, 2, 3, 4)}


def test_who_has_the_corrupt_batch_before_it_owes_nothing_and_who_is_past_it_owes_all():
    story = moving_to_a_fourth()
    assert cannot_follow(story.world, brokers_of(story), story.state()) == (4,)
    assert unrest(story.world) == "", "the move that does not end is nobody's mistake"
    story.act(Isolate("broker-2"))
    story.until(lambda: 2 not in story.state().isr)
    story.act(Rejoin("broker-2"))
    story.until(lambda: "in sync are" in unrest(story.world))
    assert cannot_follow(story.world, brokers_of(story), story.state()) == (4,)
    story.run(40)
    assert (unrest(story.world), difference(story.world)) == ("", "")


def test_a_difference_beside_the_corrupt_batch_is_seen():
    story = three_batches()
    rot(story, 2)
    assert difference(story.world) == ""
    log = story.replica(3).log
    disk = story.world.hosts["broker-3"].disk
    assert isinstance(disk, SimDisk)
    disk.rot(log.active.path, log.active.size - 3)
    log.tail = ()
    assert difference(story.world) == "orders-0 differs on 3 and 1"


def test_a_group_owes_nothing_while_its_leader_is_corrupt_and_all_once_another_leads():
    story = three_batches()
    story.consumer("a", config=EARLIEST)
    story.run(10)
    rot(story, 1)
    story.act(Crash("a"))
    assert unrest(story.world) == ""
    story.act(Stop("broker-1"))
    story.until(lambda: story.world.hosts["broker-1"].state == "down")
    assert story.state().leader_id == 2
    story.act(Restart("broker-1"))
    story.until(lambda: sorted(story.state().isr) == [1, 2, 3])
    story.act(Restart("a"))
    story.run(1)
    assert story.state().leader_id == 2
    assert unrest(story.world).startswith("pay is ")


def test_where_too_few_can_follow_nothing_is_committed_and_nobody_owes_it():
    story = three_batches(config=(("replica.fetch.max.bytes", "1"), ("min.insync.replicas", "2")))
    for _ in range(20):
        story.send("broker-1", ProduceRequest(1, 30_000, {ORDERS: batch("a")}))
    story.until(lambda: story.replica(1).log.log_end_offset == 35)
    rot(story, 1, 34)
    story.run(10)
    assert (story.state().isr, story.ends()[1]) == ((1,), (34, 35))
    assert unrest(story.world) == ""


# --- what the cleaner does ------------------------------------------------------------------------


def test_the_cleaner_leaves_a_log_with_a_corrupt_batch_alone_and_one_that_rots_later_is_written_anew():
    story = compacting()
    cleaning_write(story, counted("abcabc"))
    rot(story, 1, 1)
    cleaning_write(story, counted("abcabc"))
    story.run(20)
    assert [one.reason for one in story.told(facts.CleaningFailed)] == ["a batch at 1: its CRC is wrong"]
    assert not story.told(facts.SegmentsCleaned)
    assert not all(sound(story, 1))


def test_what_was_copied_before_it_rotted_is_sound_again():
    story = compacting(broker={"log_cleaner_io_max_bytes_per_second": 1_000})
    cleaning_write(story, counted("abcabcabcabcabc"))
    disk = story.world.hosts["broker-1"].disk
    story.until(lambda: any(one.endswith(".log.swap") for one in disk.list("logs/orders-0")))
    (swap,) = [one for one in disk.list("logs/orders-0") if one.endswith(".log.swap")]
    base = int(swap.rsplit("/", 1)[1].removesuffix(".log.swap"))
    rot(story, 1, base)
    assert WORDS["corrupt"](story.world, "orders-0") == 1
    story.until(lambda: not disk.exists(swap))
    assert all(sound(story, 1))
    assert WORDS["corrupt"](story.world, "orders-0") == 0


# --- when it cannot be done -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ({"partition": "orders-7", "node": "broker-1"}, "there is no partition 'orders-7'"),
        ({"partition": "orders-0", "node": "broker-9"}, "there is no broker-9"),
        ({"partition": "orders-0", "node": "admin"}, "wanted a broker, but admin is the admin"),
        ({"partition": "orders-0", "node": "broker-4"}, "broker-4 has no replica of orders-0"),
        ({"partition": "orders-0", "node": "broker-1", "offset": 15},
         "wanted an offset of the log of orders-0 on broker-1, 0 to 14, found 15"),
        ({"partition": "orders-0", "node": "broker-1", "offset": -2},
         "wanted an offset of the log of orders-0 on broker-1, 0 to 14, found -2"),
        ({"partition": "orders-1", "node": "broker-1"}, "the log of orders-1 on broker-1 is empty"),
        ({"partition": "orders-0", "node": "broker-3", "offset": 9},
         "the batch at 5 of the log of orders-0 on broker-3 is corrupt already"),
        ({"partition": "__consumer_offsets-0", "node": "broker-1"}, "__consumer_offsets is Kafka's own"),
    ],
)  # fmt: skip
def test_what_cannot_rot_is_said(data: dict[str, object], refusal: str):
    topics = (TopicSpec("orders", 2, 3),)
    story = stock(5, brokers=4, topics=topics)
    write(story, 5)
    write(story, 5)
    story.consumer("a")
    story.run(5)
    (one,) = [broker for broker in (1, 2, 3, 4) if broker not in story.state().replicas]
    names = {"broker-4": f"broker-{one}", "broker-3": f"broker-{story.state().replicas[2]}"}
    empty = story.state(TopicPartition("orders", 1)).replicas[0]
    lead = story.state().leader_id
    names["broker-1"] = f"broker-{empty if data['partition'] == 'orders-1' else lead}"
    story.act(CorruptBatch("orders-0", names["broker-3"], 7))
    node = str(data["node"])
    action = action_from({"corrupt_batch": {**data, "node": names.get(node, node)}})
    assert action.refusal(story.world) == refusal.replace(node, names.get(node, node))


# --- how it is offered ----------------------------------------------------------------------------


def test_it_is_offered_for_a_broker_a_partition_and_everything():
    story = three_batches()
    for kind, name in (("broker", "broker-2"), ("partition", "orders-0"), ("cluster", "")):
        offer = next(one for one in offers_for(story.world, kind, name) if one.name == "corrupt_batch")
        assert (offer.title, offer.group, offer.disabled) == ("Corrupt a batch", "break", "")
        made = offer.make({field.name: field.default for field in offer.form})
        assert made == CorruptBatch("orders-0", "broker-2" if kind == "broker" else "broker-1", -1)
        assert [field.name for field in offer.form if field.minimum == -1] == ["offset"]


# --- how it is seen -------------------------------------------------------------------------------


def test_every_picture_of_the_log_tells_which_batch_is_corrupt_and_on_which_replica():
    story = three_batches()
    rot(story, 1, 7)
    rows = PartitionLens("orders-0")(story.world).replicas
    assert {row.broker: [cell.offset for cell in row.cells if cell.corrupt] for row in rows} == {
        "broker-1": [5, 6, 7, 8, 9], "broker-2": [], "broker-3": [],
    }  # fmt: skip
    page = Records("orders-0", "broker-1")(story.world).rows
    assert [row.offset for row in page if row.corrupt] == [5, 6, 7, 8, 9]
    assert page[7].value == "\N{REPLACEMENT CHARACTER}"
    assert not any(row.corrupt for row in Records("orders-0", "broker-2")(story.world).rows)
    (segment,) = Segments("orders-0", "broker-1", 0)(story.world).segments
    assert [one.base_offset for one in segment.batches if one.corrupt] == [5]
    (section,) = [one for one in Inspect("partition", "orders-0")(story.world).sections if one.title == "Corrupt"]
    assert [(row.label, row.value) for row in section.rows] == [("broker-1", "✗ batch at 5")]


def test_what_cannot_even_be_read_has_its_offsets_and_one_row():
    story = three_batches()
    packed = RecordBatch.build([Record(0, 1, b"k", b"v" * 40)] * 9, compression=Compression.GZIP)
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: packed}))
    rot(story, 1, 20)
    (leader, *_) = PartitionLens("orders-0")(story.world).replicas
    assert [cell.offset for cell in leader.cells if cell.corrupt] == list(range(15, 24))
    (row,) = [row for row in Records("orders-0", "broker-1")(story.world).rows if row.corrupt]
    assert (row.offset, row.batch, row.value) == (15, (15, 23), "cannot be read")


def test_a_scenario_can_ask_for_it():
    story = three_batches()
    packed = RecordBatch.build([Record(0, 1, b"k", b"v" * 40)] * 9, compression=Compression.GZIP)
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: packed}))
    assert WORDS["corrupt"](story.world, "orders-0") == 0
    rot(story, 1, 20)
    rot(story, 2)
    assert WORDS["corrupt"](story.world, "orders-0") == 2
    assert WORDS["corrupt"](story.world, "orders-0", "broker-1") == 1
    assert WORDS["records"](story.world, "orders-0") == 15, "what cannot be read is not counted, and stops nothing"
    story.act(Crash("broker-2"), Restart("broker-2"))
    story.run(20)
    assert WORDS["corrupt"](story.world, "orders-0") == 1, "recovery has cut it off, and the leader had it sound"
