"""Groups: what an administrator does with them. Kafka's answer is a key moment: also when it is an error."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.topics import unknown_topic
from lab.cluster.build import ADMIN, image_of
from lab.kafka.orders import Admin, AskCoordinator
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeRequest
from lab.kafka.protocol.messages.group_admin import DeleteGroupsRequest, ListGroupsRequest, OffsetDeleteRequest
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class ListGroups(ClusterAction):
    """Ask every broker which groups it coordinates."""

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "users"
    title: ClassVar[str] = "List the groups"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(ListGroupsRequest()))

    def describe(self) -> str:
        return "List the groups"


@dataclass(frozen=True, slots=True)
class DescribeGroup(ClusterAction):
    """Ask the group's coordinator for its state, its epoch, and who has what."""

    group: str

    on: ClassVar[tuple[str, ...]] = ("group",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "users"
    title: ClassVar[str] = "Describe the group"

    def refusal(self, world: World) -> str:
        return "" if self.group else "wanted a group"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, AskCoordinator(self.group, ConsumerGroupDescribeRequest((self.group,))))

    def describe(self) -> str:
        return f"Describe group {self.group}"


@dataclass(frozen=True, slots=True)
class DeleteGroup(ClusterAction):
    """Delete a group and all its committed offsets. Its coordinator refuses while anybody is in it."""

    group: str

    on: ClassVar[tuple[str, ...]] = ("group",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Delete the group"

    def refusal(self, world: World) -> str:
        return "" if self.group else "wanted a group"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, AskCoordinator(self.group, DeleteGroupsRequest((self.group,))))
        world.mark("changed", self.group, f"group {self.group} is to be deleted")

    def describe(self) -> str:
        return f"Delete group {self.group}"


@dataclass(frozen=True, slots=True)
class DeleteOffsets(ClusterAction):
    """Delete a group's committed offsets of one topic. Its coordinator refuses while members read that topic."""

    group: str
    topic: str

    on: ClassVar[tuple[str, ...]] = ("group",)
    menu: ClassVar[str] = "replay"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Delete offsets"

    def refusal(self, world: World) -> str:
        return unknown_topic(world, self.topic) if self.group else "wanted a group"

    def apply(self, world: World) -> None:
        partitions = tuple(TopicPartition(self.topic, index) for index in image_of(world).topics[self.topic].partitions)
        world.signal(ADMIN, AskCoordinator(self.group, OffsetDeleteRequest(self.group, partitions)))
        world.mark("changed", self.group, f"the offsets of {self.group} in {self.topic} are to be deleted")

    def describe(self) -> str:
        return f"Delete the offsets of {self.group} in {self.topic}"
