"""Heap: how much of it a broker has for producer ids, where that is watched."""

from dataclasses import dataclass, replace
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine
from lab.env import NodeId
from lab.kafka.broker.recipe import BrokerRecipe
from lab.world.world import World

HEAP_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class GiveHeap(ClusterAction):
    """Give a broker so many bytes of heap for producer ids (a model; in Kafka the whole heap, `-Xmx`). Its process has
    them from its next start.
    """

    node: NodeId
    heap_bytes: int = 2_000_000

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "settings"
    title: ClassVar[str] = "Give it more heap"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        if not 1 <= self.heap_bytes <= HEAP_MAX:
            return f"wanted 1 to {HEAP_MAX:,} bytes, found {self.heap_bytes}"
        recipe = world.hosts[self.node].recipe
        watched = isinstance(recipe, BrokerRecipe) and recipe.heap_bytes is not None
        return "" if watched else f"the heap of {self.node} has no end here"

    def apply(self, world: World) -> None:
        host = world.hosts[self.node]
        assert isinstance(host.recipe, BrokerRecipe)
        host.recipe = replace(host.recipe, heap_bytes=self.heap_bytes)
        when = "" if host.node is None else ", from its next start"
        world.mark("changed", self.node, f"{self.node} has {self.heap_bytes:,} bytes of heap for producer ids{when}")

    def describe(self) -> str:
        return f"Give {self.node} {self.heap_bytes:,} bytes of heap"
