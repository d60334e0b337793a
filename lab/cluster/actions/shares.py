"""Share groups: adding their consumers, and records on which work fails (KIP-932)."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, running
from lab.cluster.actions.clients import WORK_MS_MAX, free_name
from lab.cluster.build import add_share_consumer, group_kind
from lab.cluster.share_spec import FAILURES, ShareConsumerSpec
from lab.env import NodeId
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.orders import SetPoison
from lab.world.world import World

KEY_MAX = 60


@dataclass(frozen=True, slots=True)
class AddShareConsumer(ClusterAction):
    """A new member of a share group, which is made with its first member. Several members share each partition."""

    consumer: str
    group: str
    topic: str
    work_ms: int = 0
    acknowledgement: str = "explicit"
    on_failure: str = "release"

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition", "group")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "users"
    title: ClassVar[str] = "Add a share consumer"

    def refusal(self, world: World) -> str:
        if not self.group or not self.topic:
            return "wanted a group and a topic"
        if group_kind(world, self.group) == "consumer":
            return f"{self.group} is a consumer group"
        if self.acknowledgement not in ("implicit", "explicit"):
            return f"wanted an acknowledgement that is implicit or explicit, found {self.acknowledgement!r}"
        if self.on_failure not in FAILURES:
            return f"wanted release, reject or crash on a failure, found {self.on_failure!r}"
        if not 0 <= self.work_ms <= WORK_MS_MAX:
            return f"wanted 0 to {WORK_MS_MAX:,} ms of work a record, found {self.work_ms}"
        return free_name(world, self.consumer)

    def apply(self, world: World) -> None:
        config = (("share.acknowledgement.mode", self.acknowledgement), ("max.poll.records", "1"))
        spec = ShareConsumerSpec(
            self.consumer, self.group, (self.topic,), self.work_ms * 1_000, on_failure=self.on_failure, config=config
        )
        add_share_consumer(world, spec)
        world.mark("built", self.consumer, f"{self.consumer} starts in share group {self.group}")

    def describe(self) -> str:
        return f"Add share consumer {self.consumer} to group {self.group}"


@dataclass(frozen=True, slots=True)
class PoisonKey(ClusterAction):
    """From now on a share consumer's work on records with this key fails, always; with an empty key, on none."""

    node: NodeId
    key: str = "poison"

    on: ClassVar[tuple[str, ...]] = ("consumer",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "triangle-alert"
    title: ClassVar[str] = "Fail on a key"

    def refusal(self, world: World) -> str:
        if len(self.key) > KEY_MAX:
            return f"wanted a key of at most {KEY_MAX} characters, found {len(self.key)}"
        if wrong := running(world, self.node, self.on):
            return wrong
        app = world.hosts[self.node].node
        return "" if isinstance(app, ShareConsumerApp) else f"{self.node} is not a share consumer"

    def apply(self, world: World) -> None:
        text = f"{self.node} fails on records of {self.key}" if self.key else f"{self.node} fails on no record"
        world.mark("changed", self.node, text)
        world.signal(self.node, SetPoison(self.key))

    def describe(self) -> str:
        return f"Have {self.node} fail on records of {self.key or 'nobody'}"
