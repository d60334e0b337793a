"""Topic ids: a topic that is made again under its name is another one, and everybody notices (spec 3.6, KIP-516)."""

from typing import Any

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.network import Isolate, Rejoin
from lab.cluster.actions.topics import CreateTopic, DeleteTopic
from lab.kafka import facts
from lab.kafka.controller.isr import alter_partition
from lab.kafka.controller.topics import delete_topics
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import AlterPartitionChange, AlterPartitionRequest
from lab.kafka.protocol.messages.fetch import INITIAL_EPOCH, FetchPartition, FetchRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, DeleteTopicsRequest, NewTopic
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, draw_topic_id, topic_id_bytes, topic_id_of
from lab.world.dice import Stream
from tests.kafka.controller.office import Office
from tests.story import ORDERS, Story, batch, orders

MAGIC_BYTES = 6, 8
"""Where a UUID says of which version and which kind it is."""


def topic_id(story: Story) -> str:
    return story.broker(1).image.topic_id("orders")


def make_again(story: Story) -> None:
    """Delete `orders`, and make it once more as it was."""
    old = topic_id(story)
    story.act(DeleteTopic("orders"))
    story.until(lambda: not topic_id(story))
    story.act(CreateTopic("orders", 1, 3))
    story.until(lambda: topic_id(story) not in (NO_TOPIC_ID, old))
    story.run(1)


def fetch(story: Story, wanted: str, offset: int = 0, **session: Any) -> Any:
    """Fetch `orders` from its leader, as the topic with this id."""
    asked = {ORDERS: FetchPartition(offset, 1 << 20, topic_id=wanted)}
    return story.ask(f"broker-{story.state().leader_id}", FetchRequest(-1, 0, 1, 1 << 20, asked, **session))


def values(story: Story, broker_id: int) -> list[bytes | None]:
    """What a replica holds."""
    found = story.replica(broker_id).log.read(0, 1 << 20, 1 << 20)
    assert isinstance(found, tuple)
    return [record.value for one in found for record in one.records()]


def produce(story: Story, value: str) -> None:
    answer = story.ask(f"broker-{story.state().leader_id}", ProduceRequest(-1, 10_000, {ORDERS: batch(value)}))
    assert answer.responses[ORDERS].error_code is ErrorCode.NONE


# --- the ids --------------------------------------------------------------------------------------


def test_an_id_is_a_random_uuid_and_so_never_one_of_the_reserved_ones():
    dice = Stream("controller")
    drawn = [draw_topic_id(dice) for _ in range(500)]
    assert len(dict.fromkeys(drawn)) == 500
    for one in drawn:
        data = topic_id_bytes(one)
        version, kind = (data[at] for at in MAGIC_BYTES)
        assert len(one) == 22
        assert not one.startswith("-")
        assert (version >> 4, kind >> 6) == (4, 2)
        assert topic_id_of(data) == one


def test_on_a_wire_no_id_is_zero():
    assert topic_id_bytes(NO_TOPIC_ID) == bytes(16)
    assert topic_id_of(bytes(16)) == NO_TOPIC_ID
    assert topic_id_bytes("AAAAAAAAAAAAAAAAAAAAAQ") == bytes(15) + b"\x01"


def test_the_same_seed_gives_the_same_ids_and_another_seed_others():
    first, again, other = (topic_id(Story(topics=orders(), seed=seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


# --- made again -----------------------------------------------------------------------------------


def test_spec_03_17_a_topic_made_again_has_another_id_and_the_old_one_is_unknown():
    story = Story(topics=orders())
    old = topic_id(story)
    produce(story, "before")
    make_again(story)
    new = topic_id(story)
    assert new != old
    assert fetch(story, old).responses[ORDERS].error_code is ErrorCode.UNKNOWN_TOPIC_ID
    produce(story, "after")
    for wanted in (new, NO_TOPIC_ID):
        answer = fetch(story, wanted).responses[ORDERS]
        assert (answer.error_code, answer.high_watermark) == (ErrorCode.NONE, 1)


def test_a_session_that_knew_the_topic_is_told_that_its_id_does_not_fit():
    story = Story(topics=orders())
    old = topic_id(story)
    produce(story, "before")
    begun = fetch(story, old, session_epoch=INITIAL_EPOCH)
    make_again(story)
    again = FetchRequest(-1, 0, 1, 1 << 20, {}, session_id=begun.session_id, session_epoch=1)
    answer = story.ask(f"broker-{story.state().leader_id}", again)
    assert answer.responses[ORDERS].error_code is ErrorCode.INCONSISTENT_TOPIC_ID


def test_a_topic_is_described_and_deleted_by_its_id():
    story = Story(topics=orders())
    wanted, unknown = topic_id(story), draw_topic_id(Stream("nobody"))
    answer = story.ask("broker-2", MetadataRequest((), topic_ids=(wanted, unknown)))
    assert answer.topics["orders"].topic_id == wanted
    assert answer.unknown_ids == (unknown,)
    gone, none = story.ask("broker-2", DeleteTopicsRequest((), (wanted, unknown))).topics
    assert (gone.name, gone.error_code) == ("orders", ErrorCode.NONE)
    assert none.error_code is ErrorCode.UNKNOWN_TOPIC_ID
    made = story.ask("broker-2", CreateTopicsRequest((NewTopic("orders", 1, 3),))).topics[0]
    assert made.topic_id not in (wanted, NO_TOPIC_ID)


def test_a_leader_of_the_topic_that_was_may_not_change_who_is_in_sync():
    office = Office().open(1, 2, 3).topic([1, 2, 3])
    old = office.image.topic_id("orders")
    office.take(delete_topics(office.controller, DeleteTopicsRequest(("orders",))))
    office.topic([1, 2, 3])
    change = AlterPartitionChange(0, 0, ((1, -1), (2, -1)), topic_id=old)
    request = AlterPartitionRequest(1, office.image.brokers[1].broker_epoch, {ORDERS: change})
    assert office.take(alter_partition(office.controller, request)).partitions[ORDERS].error_code is (
        ErrorCode.UNKNOWN_TOPIC_ID
    )


# --- on the disks ---------------------------------------------------------------------------------


def test_a_log_says_in_partition_metadata_of_which_topic_it_is():
    story = Story(topics=orders())
    for broker_id in (1, 2, 3):
        disk = story.world.hosts[f"broker-{broker_id}"].disk
        path = "logs/orders-0/partition.metadata"
        assert disk.read(path, 0, disk.size(path)).decode() == f"version: 0\ntopic_id: {topic_id(story)}\n"
        assert disk.flushed(path) == disk.size(path)


def test_a_broker_that_was_down_meanwhile_drops_the_log_of_the_topic_that_was():
    story = Story(topics=orders())
    produce(story, "before")
    story.run(1)
    story.act(Crash("broker-3"))
    story.run(15)
    make_again(story)
    produce(story, "after")
    story.act(Restart("broker-3"))
    story.run(15)
    assert values(story, 3) == [b"after"]
    assert [one.node for one in story.heard(facts.ReplicaDeleted)][2:] == ["broker-3"]
    assert sorted(story.state().isr) == [1, 2, 3]


def test_a_broker_that_hears_of_both_in_one_breath_begins_a_new_log():
    story = Story(topics=orders())
    produce(story, "before")
    story.run(1)
    story.act(Isolate("broker-3"))
    story.run(1)
    make_again(story)
    story.act(Rejoin("broker-3"))
    story.run(15)
    produce(story, "after")
    story.run(1)
    assert values(story, 3) == [b"after"]
    assert sorted(story.state().isr) == [1, 2, 3]


# --- clients --------------------------------------------------------------------------------------


def test_a_group_of_the_consumer_protocol_reads_the_new_topic_through_the_death_of_its_coordinator():
    story = Story(topics=orders())
    story.consumer("till", config=(("auto.offset.reset", "earliest"), ("group.protocol", "consumer")))
    produce(story, "a")
    story.until(lambda: story.polled("till") == [0])
    make_again(story)
    story.act(Crash(f"broker-{story.coordinator()}"))
    story.run(20)
    assert story.consumer_group().topic_ids == {"orders": story.app("till").fetcher.metadata.topic_ids["orders"]}
    assert story.owned("till") == {"till": [0]}
    produce(story, "new")
    story.run(10)
    assert story.polled("till")[-1] == 0
    assert len(story.polled("till")) == 2


def test_a_consumer_goes_on_in_the_new_topic_although_its_epochs_begin_anew():
    story = Story(topics=orders())
    story.consumer("till", config=(("auto.offset.reset", "earliest"),))
    for value in ("a", "b", "c"):
        produce(story, value)
    story.act(Crash(f"broker-{story.state().leader_id}"))
    story.run(15)
    assert story.state().leader_epoch > 0
    assert story.polled("till") == [0, 1, 2]
    for broker_id in (1, 2, 3):
        if story.world.hosts[f"broker-{broker_id}"].state == "down":
            story.act(Restart(f"broker-{broker_id}"))
    story.run(15)
    make_again(story)
    assert story.state().leader_epoch == 0
    produce(story, "new")
    story.run(10)
    assert story.polled("till") == [0, 1, 2, 0]
    assert story.app("till").fetcher.metadata.topic_ids["orders"] == topic_id(story)
