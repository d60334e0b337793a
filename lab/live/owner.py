"""Owner: what a doorman and a server need of whoever owns a world, be it a session or not."""

from collections.abc import Callable
from typing import Protocol

from lab.cluster.actions import ClusterAction
from lab.env import Micros
from lab.world.world import World


class Owner(Protocol):
    """Lets a world go on, and does to it what is brought."""

    violation: str
    keeps_frames: bool
    """Whether what is brought is kept in a journal: as bytes of its own, which nobody else holds."""

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

    def post(self, action: ClusterAction) -> None:
        """Something somebody asks for. Raises Refused."""
        ...

    def run_for(self, duration: Micros) -> None:
        """Let so much virtual time pass."""
        ...
