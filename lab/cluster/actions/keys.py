"""Keys: what one does to a key of a compacted topic."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, running
from lab.env import NodeId
from lab.kafka.orders import SendRecords
from lab.world.world import World

KEYS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class DeleteKeys(ClusterAction):
    """Have the producer send tombstones: for each key a record without a value, which says that the key is gone."""

    node: NodeId
    keys: tuple[str, ...]

    on: ClassVar[tuple[str, ...]] = ("producer",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Delete keys"

    def refusal(self, world: World) -> str:
        if not 1 <= len(self.keys) <= KEYS_MAX:
            return f"wanted 1 to {KEYS_MAX:,} keys, found {len(self.keys)}"
        return running(world, self.node, self.on)

    def apply(self, world: World) -> None:
        named = ", ".join(self.keys[:3]) + (" …" if len(self.keys) > 3 else "")
        world.mark("changed", self.node, f"{self.node} deletes {named}")
        world.signal(self.node, SendRecords(tuple((key.encode(), None) for key in self.keys)))

    def describe(self) -> str:
        return f"Have {self.node} delete the keys {', '.join(self.keys[:3])}{' …' if len(self.keys) > 3 else ''}"
