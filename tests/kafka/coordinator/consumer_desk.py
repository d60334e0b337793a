"""A desk for groups of the consumer protocol without a network: members are names, time is milliseconds."""

from collections.abc import Callable
from typing import Any, TypeVar

from lab.env import millis
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.group import of_group
from lab.kafka.coordinator import classic_members, consumer_heartbeat, migration
from lab.kafka.coordinator.client import Client
from lab.kafka.coordinator.commits import member_error
from lab.kafka.coordinator.consumer_group import ConsumerGroup, ConsumerMember
from lab.kafka.coordinator.consumer_records import read_record
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.shard import Joining
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import PartitionRecord, TopicRecord
from lab.kafka.protocol.consumer_protocol import Subscription, encode_subscription
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from lab.kafka.protocol.messages.groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    LeavingMember,
    SyncGroupRequest,
    SyncGroupResponse,
)
from lab.kafka.protocol.topic_ids import draw_topic_id
from lab.kafka.protocol.topics import TopicPartition
from lab.world.dice import Stream
from tests.story import settings

R = TypeVar("R")
A = TypeVar("A", JoinGroupResponse, SyncGroupResponse, HeartbeatResponse, LeaveGroupResponse)
TAKEN = (ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS)


def orders(*indexes: int) -> tuple[TopicPartition, ...]:
    return tuple(TopicPartition("orders", index) for index in indexes)


class ConsumerDesk:
    """One group, `pay`. What it logs is read by a second one, as its next coordinator would."""

    def __init__(self, counts: dict[str, int] | None = None, **config: object) -> None:
        self.config = BrokerConfig(settings(**config))
        self.counts = counts or {"orders": 2}
        self.made: dict[str, int] = {}
        self.written: list[tuple[bytes, bytes | None]] = []
        self.group = ConsumerGroup("pay")
        self.successor = ConsumerGroup("pay")
        self.classic: Group | None = None
        self.rebalances = ""
        self.facts: list[Any] = []
        self.now_ms = 0

    def make_again(self, topic: str) -> None:
        """Another topic under a name."""
        self.made[topic] = self.made.get(topic, 0) + 1

    @property
    def image(self) -> MetadataImage:
        """The topics there are now."""
        found = MetadataImage()
        for name, count in self.counts.items():
            topic_id = draw_topic_id(Stream(f"{name}/{self.made.get(name, 0)}"))
            found.replay(TopicRecord(name, topic_id))
            for index in range(count):
                found.replay(PartitionRecord(topic_id, name, index, [1], [1], 1))
        return found

    def _draft(self) -> Draft:
        own, now = of_group(self.config, {}), millis(self.now_ms)
        return Draft(self.group.draft(), self.config, own, now, self.image.topics, self.group.state)

    def _take(self, draft: Draft) -> None:
        if draft.classic is None:
            draft.conclude()
        self.classic, self.rebalances = draft.classic, draft.rebalances
        self.facts += draft.facts
        if draft.classic is not None:
            return
        self.group = draft.group
        image = self.image
        self.written += [record.encoded(image.topic_id) for record in draft.records]
        self.successor = ConsumerGroup("pay")
        for key, value in self.written:
            self.successor.replay(read_record(key, value, image.topic_names))
        for name in ("epoch", "assignment_epoch", "partition_counts", "topic_ids", "resolved", "members", "target",
                     "state"):  # fmt: skip
            assert getattr(self.successor, name) == getattr(self.group, name)

    # --- requests ---------------------------------------------------------------------------------

    def beat(
        self, name: str, epoch: int, *, exists: bool = True, host: str = "", **said: Any
    ) -> ConsumerGroupHeartbeatResponse:
        """One heartbeat; what is not said has not changed."""
        draft = self._draft()
        request = ConsumerGroupHeartbeatRequest("pay", name, epoch, **said)
        response = consumer_heartbeat.heartbeat(draft, request, Client(name, host or f"/{name}"), exists=exists)
        if not response.error_code:
            self._take(draft)
        return response

    def join(self, name: str, **said: Any) -> ConsumerGroupHeartbeatResponse:
        """As a client does that subscribes to `orders`."""
        first = {"rebalance_timeout_ms": 60_000, "subscribed_topic_names": ("orders",), "topic_partitions": ()}
        return self.beat(name, 0, **{**first, **said})

    def commit(self, name: str, epoch: int) -> ErrorCode:
        return member_error(self.group, name, epoch)

    # --- requests of the classic protocol ---------------------------------------------------------

    def take_over(self, classic: Group) -> ErrorCode:
        """A classic group goes over."""
        draft = self._draft()
        error = migration.upgrade(draft, classic)
        if not error:
            self._take(draft)
        return error

    def _decide(self, decide: Callable[[Draft, R], A], request: R) -> A:
        draft = self._draft()
        response = decide(draft, request)
        if response.error_code in TAKEN:
            self._take(draft)
        return response

    def join_classic(
        self, name: str, *owned: int, member_id: str | None = None, instance: str | None = None,
        protocols: tuple[tuple[str, bytes], ...] | None = None, protocol_type: str = "consumer",
    ) -> JoinGroupResponse:  # fmt: skip
        """One JoinGroup, with the name for an id; dynamic members are taken to have been given theirs."""
        given = (name if instance is None else "") if member_id is None else member_id
        mine = encode_subscription(Subscription("", ("orders",), orders(*owned)))
        request = JoinGroupRequest(
            "pay",
            10_000,
            20_000,
            given,
            (("range", mine),) if protocols is None else protocols,
            protocol_type,
            instance,
        )
        return self._decide(classic_members.join, Joining(request, Client(name, f"/{name}"), (name, 0), name))

    def sync(self, name: str, generation: int, instance: str | None = None, **more: Any) -> SyncGroupResponse:
        request = SyncGroupRequest("pay", generation, name, group_instance_id=instance, **more)
        return self._decide(classic_members.sync, request)

    def heartbeat(self, name: str, generation: int, instance: str | None = None) -> ErrorCode:
        return self._decide(classic_members.heartbeat, HeartbeatRequest("pay", generation, name, instance)).error_code

    def leave(self, *who: LeavingMember) -> tuple[ErrorCode, ...]:
        answer = self._decide(classic_members.leave, LeaveGroupRequest("pay", who))
        return tuple(one.error_code for one in answer.members)

    # --- what is there ----------------------------------------------------------------------------

    def member(self, name: str) -> ConsumerMember:
        return self.group.members[name]

    def told(self, kind: type) -> list[Any]:
        return [one for one in self.facts if isinstance(one, kind)]

    def wait(self, duration_ms: int) -> None:
        """Let time pass, waking at each deadline."""
        end = self.now_ms + duration_ms
        while (at := min(self.group.deadlines(), default=None)) is not None and at <= millis(end):
            self.now_ms = max(self.now_ms, at // 1_000)
            draft = self._draft()
            consumer_heartbeat.expire(draft)
            self._take(draft)
        self.now_ms = end
