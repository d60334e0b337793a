"""Inspect: one thing in detail, ending in *Why?* with the moments that made it so."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.cluster.probes.inspector.client import client_view
from lab.cluster.probes.inspector.cluster import cluster_view
from lab.cluster.probes.inspector.group import group_view
from lab.cluster.probes.inspector.machine import machine_view
from lab.cluster.probes.inspector.partition import partition_view
from lab.cluster.probes.inspector.program import program_view
from lab.cluster.probes.inspector.topic import topic_view
from lab.cluster.probes.views import InspectorView
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class Inspect:
    """`kind`: partition, broker, controller, producer, consumer, program, group or cluster."""

    kind: str
    name: str

    def __call__(self, world: World) -> InspectorView:
        """The answer; an empty one when the thing is gone."""
        views: dict[str, Callable[[World, str], InspectorView | None]] = {
            "partition": partition_view, "broker": machine_view, "controller": machine_view, "producer": client_view,
            "consumer": client_view, "program": program_view, "group": group_view, "topic": topic_view,
        }  # fmt: skip
        make = views.get(self.kind)
        found = make(world, self.name) if make is not None else None
        return found if found is not None else cluster_view(world)
