"""Audits: rolling the audit feature of an application out, and back."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, running
from lab.env import NodeId
from lab.kafka.clients.producer.auditing_app import AuditingApp
from lab.kafka.orders import SetAudit
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class DeployAudit(ClusterAction):
    """Have the audit feature of an application serve so many percent of its requests; 0 rolls it back. `shared`: its
    mended version, which uses the one producer that the application has.
    """

    node: NodeId
    percent: int = 1
    shared: bool = False

    on: ClassVar[tuple[str, ...]] = ("producer",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "gauge"
    title: ClassVar[str] = "Roll the audit feature out"

    def refusal(self, world: World) -> str:
        if not 0 <= self.percent <= 100:
            return f"wanted 0 to 100 percent of the requests, found {self.percent}"
        if wrong := running(world, self.node, self.on):
            return wrong
        app = world.hosts[self.node].node
        return "" if isinstance(app, AuditingApp) else f"{self.node} has no audit feature"

    def apply(self, world: World) -> None:
        world.mark("changed", self.node, f"{self.node}: {self._what()}")
        world.signal(self.node, SetAudit(self.percent, self.shared))

    def describe(self) -> str:
        return f"Have {self.node} run with its {self._what()}"

    def _what(self) -> str:
        if not self.percent:
            return "audit feature rolled back"
        return f"{'mended ' if self.shared else ''}audit feature at {self.percent} % of the requests"
