"""Where share groups are in their topics, as administrators see, change and forget it (APIs 90 to 92, and 42)."""

from typing import Any

from lab.cluster.actions.machines import Crash, Restart
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest
from lab.kafka.protocol.messages.group_admin import DeleteGroupsRequest, ListGroupsRequest
from lab.kafka.protocol.messages.share_groups import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    ShareGroupDescribeRequest,
    ShareGroupHeartbeatRequest,
)
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequest,
    DescribedShareOffsets,
    DescribeShareGroupOffsetsRequest,
    ShareOffset,
    ShareOffsetsAsked,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.share.queue import ACCEPT, Member, Queue, said
from tests.story import ORDERS, orders

NOWHERE = TopicPartition("nowhere", 0)


class Office(Queue):
    """A group of one member by hand, who comes and goes by its heartbeats; and its coordinator."""

    def __init__(self, *values: str, **spec: Any) -> None:
        super().__init__(**spec)
        self.write(*values)
        self.ask("broker-1", FindCoordinatorRequest("work"))
        self.run(1)
        self.beat(JOIN_EPOCH)
        self.run(2)  # the share coordinator is told of orders-0

    @property
    def node(self) -> str:
        return self.node_of("work")

    def node_of(self, group: str) -> str:
        """Its coordinator."""
        return self.ask("broker-1", FindCoordinatorRequest(group)).host

    def beat(self, epoch: int) -> None:
        answer = self.ask(self.node, ShareGroupHeartbeatRequest("work", "ann-1", epoch, ("orders",)))
        assert answer.error_code is ErrorCode.NONE

    def leave(self) -> None:
        self.beat(LEAVE_EPOCH)

    def described(
        self, partitions: tuple[TopicPartition, ...] | None = None, group: str = "work"
    ) -> DescribedShareOffsets:
        asked = DescribeShareGroupOffsetsRequest((ShareOffsetsAsked(group, partitions),))
        (found,) = self.ask(self.node_of(group), asked).groups
        assert found.error_code is ErrorCode.NONE
        return found

    def start_told(self) -> int:
        return self.described((ORDERS,)).partitions[ORDERS].start_offset

    def alter(self, offset: int, partition: TopicPartition = ORDERS) -> ErrorCode:
        answer = self.ask(self.node, AlterShareGroupOffsetsRequest("work", {partition: offset}))
        return answer.error_code or answer.partitions[partition]

    def forget(self, topic: str = "orders") -> ErrorCode:
        answer = self.ask(self.node, DeleteShareGroupOffsetsRequest("work", (topic,)))
        return answer.error_code or answer.topics[topic]

    def delete(self) -> ErrorCode:
        return self.ask(self.node, DeleteGroupsRequest(("work",))).groups["work"]


# --- looking --------------------------------------------------------------------------------------


def test_where_a_group_is_is_what_was_stored_last():
    story = Office(*"abcd")
    assert story.start_told() == -1  # nobody has fetched: its leader has not chosen yet
    ann = Member(story, "ann")
    ann.fetch()
    for offset in (0, 1):
        assert ann.say(said(ACCEPT, offset)) is ErrorCode.NONE
    assert story.start() == 2
    assert story.start_told() == 1  # as of before the second acknowledgement, which stands beside it
    assert story.described().partitions == story.described((ORDERS,)).partitions


def test_what_is_not_there_has_no_offset_and_no_error():
    story = Office("a")
    assert story.described((NOWHERE,)).partitions == {NOWHERE: ShareOffset(-1, 0, ErrorCode.NONE)}
    assert story.described(group="another").partitions == {}


# --- changing -------------------------------------------------------------------------------------


def test_a_group_without_members_begins_where_it_is_told():
    story = Office(*"abcdef")
    ann = Member(story, "ann")
    ann.fetch()
    assert ann.say(said(ACCEPT, 0, 5)) is ErrorCode.NONE
    ann.ask_fetch(epoch=-1)
    assert story.alter(2) is ErrorCode.NON_EMPTY_GROUP
    story.leave()
    assert story.alter(2) is ErrorCode.NONE
    assert story.start_told() == 2
    assert Member(story, "ben").fetch() == [(2, 5, 1)]


def test_a_leader_whose_state_was_changed_behind_its_back_can_settle_nothing_and_reads_it_anew():
    """Ann has left the group, but she fetches all the same: Kafka does not look."""
    story = Office(*"abcd")
    ann = Member(story, "ann")
    ann.fetch()
    story.leave()
    assert story.alter(3) is ErrorCode.NONE
    assert ann.say(said(ACCEPT, 0)) is ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert ann.fetch() == [(3, 3, 1)]


def test_what_is_changed_outlives_the_coordinators():
    story = Office(*"abcd")
    story.leave()
    assert story.alter(3) is ErrorCode.NONE
    story.act(*(Crash(f"broker-{one}") for one in (1, 2, 3)))
    story.act(*(Restart(f"broker-{one}") for one in (1, 2, 3)))
    story.run(15)
    assert story.start_told() == 3
    assert Member(story, "ben").fetch() == [(3, 3, 1)]


def test_what_cannot_be_changed():
    story = Office("a")
    story.leave()
    assert story.alter(0, NOWHERE) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    unknown = AlterShareGroupOffsetsRequest("another", {ORDERS: 0})
    assert story.ask(story.node_of("another"), unknown).error_code is ErrorCode.GROUP_ID_NOT_FOUND
    nameless = AlterShareGroupOffsetsRequest("", {ORDERS: 0})
    assert story.ask(story.node, nameless).error_code is ErrorCode.INVALID_GROUP_ID


# --- forgetting -----------------------------------------------------------------------------------


def test_a_topic_that_is_forgotten_is_begun_anew():
    story = Office(*"abcd")
    ann = Member(story, "ann")
    ann.fetch()
    ann.say(said(ACCEPT, 0, 3))
    ann.ask_fetch(epoch=-1)
    assert story.forget() is ErrorCode.NON_EMPTY_GROUP
    story.leave()
    assert story.forget() is ErrorCode.NONE
    assert story.described().partitions == {}
    assert story.forget() is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert story.forget("nowhere") is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    story.beat(JOIN_EPOCH)
    story.run(2)
    assert Member(story, "ben").fetch() == [(0, 3, 1)]


def test_a_group_is_deleted_with_all_that_was_stored_of_it():
    story = Office("a", "b")
    Member(story, "ann").fetch()
    assert story.delete() is ErrorCode.NON_EMPTY_GROUP
    story.leave()
    assert story.delete() is ErrorCode.NONE
    assert story.delete() is ErrorCode.GROUP_ID_NOT_FOUND
    assert story.start_told() == -1
    node = story.node
    story.act(Crash(node), Restart(node))
    story.run(15)
    (found,) = story.ask(story.node, ShareGroupDescribeRequest(("work",))).groups
    assert found.error_code is ErrorCode.GROUP_ID_NOT_FOUND


def test_where_one_broker_is_all_there_is_everything_is_stored_at_once():
    story = Office("a", "b", brokers=1, topics=orders(1, 1))
    story.leave()
    assert story.alter(1) is ErrorCode.NONE
    assert story.forget() is ErrorCode.NONE
    assert story.delete() is ErrorCode.NONE


# --- listing --------------------------------------------------------------------------------------


def test_share_groups_are_listed_by_type_and_state_in_any_case():
    story = Office("a")

    def listed(states: tuple[str, ...] = (), types: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
        found = story.ask(story.node, ListGroupsRequest(states, types)).groups
        return [(one.group_id, one.group_state, one.group_type) for one in found]

    work = [("work", "Stable", "share")]
    assert listed() == listed(types=("Share",)) == listed(("stable",), ("share", "classic")) == work
    assert listed(types=("classic",)) == listed(("Empty",)) == []
    story.leave()
    assert listed(("Empty",)) == [("work", "Empty", "share")]
