"""What outlives a leader: `__share_group_state`, its coordinator, and who may write there (spec 4.7)."""

from typing import Any

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.topics import CreateTopic, DeleteTopic
from lab.kafka import facts
from lab.kafka.broker.share.states import STATE_TOPIC, state_partition
from lab.kafka.coordinator.share_state import SNAPSHOT, UPDATE, ShareState, merged, read_state, read_state_key
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import ShareAcknowledgeRequest
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    StateBatch,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.share.queue import ACCEPT, RELEASE, Member, Queue, said
from tests.story import ORDERS

COUNT = 3


def kept_in(group: str = "work", partition: TopicPartition = ORDERS) -> TopicPartition:
    return TopicPartition(STATE_TOPIC, state_partition(group, partition, COUNT))


def keeper(story: Queue) -> str:
    """The share coordinator of orders-0 for the group."""
    return f"broker-{story.state(kept_in()).leader_id}"


def stored(story: Queue, group: str = "work") -> list[tuple[int, ShareState | None]]:
    """What the log says of orders-0, oldest first."""
    log = story.replica(story.state(kept_in(group)).leader_id, kept_in(group)).log
    batches = log.read(0, 1 << 30, log.log_end_offset)
    assert isinstance(batches, tuple)
    found: list[tuple[int, ShareState | None]] = []
    for record in (record for one in batches for record in one.records()):
        assert record.key is not None
        kind, key = read_state_key(record.key)
        if key == (group, ORDERS):
            found.append((kind, read_state(kind, record.value) if record.value is not None else None))
    return found


def begun(*values: str, **spec: Any) -> tuple[Queue, Member]:
    """A group with a state: ann has all records of orders-0."""
    story = Queue(**spec)
    story.write(*values)
    ann = Member(story, "ann")
    ann.fetch()
    return story, ann


# --- across leaders -------------------------------------------------------------------------------


def test_what_was_accepted_is_not_delivered_again_by_the_next_leader():
    story, ann = begun(*"abcdef")
    assert ann.say((*said(ACCEPT, 1, 2), *said(RELEASE, 4))) is ErrorCode.NONE
    old = story.state().leader_id
    story.act(Crash(f"broker-{old}"))
    story.until(lambda: story.state().leader_id not in (-1, old))
    story.elected(story.state().leader_id)
    ben = Member(story, "ben")
    assert ben.fetch() == [(0, 0, 1), (3, 3, 1), (4, 4, 2), (5, 5, 1)]
    loaded = story.told(facts.SharePartitionLoaded)[-1]
    assert (loaded.start_offset, loaded.end_offset, loaded.initial) == (0, 5, False)
    assert loaded.unfinished == ((0, 1, 0), (3, 4, 0), (4, 5, 1))


def test_what_was_acquired_belongs_to_nobody_after_a_change_of_leaders():
    story, ann = begun("a", "b")
    ann.say(said(ACCEPT, 0))
    old = story.state().leader_id
    story.act(Stop(f"broker-{old}"))
    story.until(lambda: story.state().leader_id != old)
    story.run(1)
    ann.epoch = 0
    assert ann.fetch() == [(1, 1, 1)]  # the delivery by the old leader was not written


def test_a_leader_that_was_replaced_without_knowing_can_settle_nothing():
    story, ann = begun("a", "b")
    old = story.state().leader_id
    assert ann.say(said(ACCEPT, 0)) is ErrorCode.NONE
    story.act(Freeze(f"broker-{old}"))
    story.until(lambda: story.state().leader_id != old)
    story.elected(story.state().leader_id)
    ben = Member(story, "ben")
    assert ben.fetch() == [(1, 1, 1)]
    answer = story.ask(keeper(story), WriteShareGroupStateRequest("work", ORDERS, 0, 0, 2, (StateBatch(1, 1, 2, 1),)))
    assert answer.error_code is ErrorCode.FENCED_LEADER_EPOCH
    story.act(Thaw(f"broker-{old}"))
    assert ben.say(said(ACCEPT, 1)) is ErrorCode.NONE


# --- across coordinators --------------------------------------------------------------------------


def test_the_state_outlives_its_coordinator():
    story, ann = begun(*"abcd")
    ann.say(said(ACCEPT, 1))
    node = keeper(story)
    story.act(Crash(node))
    story.until(lambda: keeper(story) not in ("broker--1", node))
    story.run(2)
    answer = story.ask(keeper(story), ReadShareGroupStateRequest("work", ORDERS, story.state().leader_epoch))
    assert (answer.error_code, answer.start_offset) == (ErrorCode.NONE, 0)
    assert answer.state_batches == (StateBatch(1, 1, 2, 1),)


def test_an_acknowledgement_waits_for_a_coordinator():
    """It is not answered before its state is written, and replicated."""
    story, _ = begun("a")
    leader = story.state().leader_id
    story.act(*(Freeze(f"broker-{one}") for one in (1, 2, 3) if one != leader))
    asked = story.send(f"broker-{leader}", ShareAcknowledgeRequest("work", "ann-1", 1, {ORDERS: said(ACCEPT, 0)}))
    story.run(3)
    assert story.answer(asked) is None
    assert story.runs() == [(0, 1, "Acquired", 1)]
    story.act(*(Thaw(f"broker-{one}") for one in (1, 2, 3) if one != leader))
    story.until(lambda: story.answer(asked) is not None)
    assert story.answer(asked).partitions[ORDERS] is ErrorCode.NONE
    assert story.start() == 1


# --- records --------------------------------------------------------------------------------------


def test_a_state_is_a_snapshot_and_updates_until_the_next_snapshot():
    story, ann = begun(*"abcdef", broker={"share_coordinator_snapshot_update_records_per_snapshot": 2})
    for offset in (1, 3, 5, 0):
        ann.say(said(ACCEPT, offset))
    kinds = [kind for kind, _ in stored(story)]
    assert kinds == [SNAPSHOT, UPDATE, UPDATE, SNAPSHOT]
    last = stored(story)[-1][1]
    assert last is not None
    assert (last.snapshot_epoch, last.start_offset) == (1, 0)
    assert last.batches == (
        StateBatch(0, 1, 2, 1), StateBatch(3, 3, 2, 1), StateBatch(5, 5, 2, 1),
    )  # fmt: skip


def test_initialize_leaves_the_start_to_the_leader_and_delete_leaves_nothing():
    story, _ = begun("a")
    node = keeper(story)
    assert story.ask(node, InitializeShareGroupStateRequest("other", ORDERS, 1)).error_code in (
        ErrorCode.NONE, ErrorCode.NOT_COORDINATOR,
    )  # fmt: skip
    assert story.ask(node, InitializeShareGroupStateRequest("work", ORDERS, 3)).error_code is ErrorCode.NONE
    answer = story.ask(node, ReadShareGroupStateRequest("work", ORDERS, 0))
    assert (answer.state_epoch, answer.start_offset) == (3, -1)
    fenced = WriteShareGroupStateRequest("work", ORDERS, 2, 0, 1, ())
    assert story.ask(node, fenced).error_code is ErrorCode.FENCED_STATE_EPOCH
    assert story.ask(node, DeleteShareGroupStateRequest("work", ORDERS)).error_code is ErrorCode.NONE
    assert stored(story)[-2:] == [(SNAPSHOT, None), (UPDATE, None)]
    assert story.ask(node, ReadShareGroupStateRequest("work", ORDERS, 0)).state_epoch == 0


def test_another_broker_than_the_coordinator_says_so():
    story, _ = begun("a")
    other = next(f"broker-{one}" for one in (1, 2, 3) if f"broker-{one}" != keeper(story))
    answer = story.ask(other, ReadShareGroupStateRequest("work", ORDERS, 0))
    assert answer.error_code is ErrorCode.NOT_COORDINATOR


def test_a_topic_that_is_made_again_is_shared_from_its_beginning():
    story = Queue()
    story.producer("shop", rate=20)
    story.worker("w-1")
    story.run(10)
    assert story.start() > 50
    story.act(DeleteTopic("orders"))
    story.run(1)
    story.act(CreateTopic("orders", 1, 3))
    story.run(15)
    done = [one.offset for one in story.told(facts.RecordDone)]
    assert done.count(0) == 2
    assert story.start() > 50


def test_restarted_brokers_find_it_all_in_their_logs():
    story, ann = begun(*"abcd")
    ann.say(said(ACCEPT, 0, 2))
    story.act(*(Crash(f"broker-{one}") for one in (1, 2, 3)))
    story.act(*(Restart(f"broker-{one}") for one in (1, 2, 3)))
    story.run(15)
    story.elected(story.state().leader_id)
    assert Member(story, "ben").fetch() == [(3, 3, 1)]


# --- merging --------------------------------------------------------------------------------------


def test_an_update_is_right_where_it_overlaps_and_like_neighbours_are_one():
    old = (StateBatch(0, 9, 2, 1),)
    assert merged(old, (StateBatch(3, 5, 0, 1),), 0) == (
        StateBatch(0, 2, 2, 1), StateBatch(3, 5, 0, 1), StateBatch(6, 9, 2, 1),
    )  # fmt: skip
    assert merged(old, (StateBatch(10, 12, 2, 1),), 4) == (StateBatch(4, 12, 2, 1),)
    assert merged(old, (), 10) == ()
