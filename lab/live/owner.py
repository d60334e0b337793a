"""Owner: what a doorman and a server need of whoever owns a world, be it a session or not."""

from collections.abc import Callable
from typing import Protocol

from lab.cluster.actions import ClusterAction
from lab.env import Micros, NodeId
from lab.kafka.protocol.codec import Buffer
from lab.world.world import World


class Owner(Protocol):
    """Lets a world go on, and does to it what is brought."""

    violation: str

    @property
    def world(self) -> World:
        """The world as it is now."""
        ...

    @property
    def now(self) -> Micros:
        """Its instant."""
        ...

    @property
    def latest_event(self) -> int:
        """Up to which event everything has happened before: what is told of those has been heard already."""
        ...

    def greet(self, greeter: Callable[[World], None]) -> None:
        """Call `greeter` with the world of now and with each that takes its place."""
        ...

    def bring(self, action: ClusterAction) -> None:
        """Something from a real program."""
        ...

    def bring_frame(self, program: NodeId, connection: int, frame: Buffer) -> None:
        """A whole frame from a real program, in memory that is used again once nobody looks into it."""
        ...

    def post(self, action: ClusterAction) -> None:
        """Something somebody asks for. Raises Refused."""
        ...

    def run_for(self, duration: Micros) -> None:
        """Let so much virtual time pass."""
        ...
