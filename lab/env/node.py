"""Node and Env: a process, and the one door through which it sees the world."""

from collections.abc import Hashable
from typing import Protocol, TypeAlias

from lab.env.disk import Disk
from lab.env.units import Address, Micros

Timer: TypeAlias = Hashable
"""A timer is data, never a closure: a string, or a tuple of strings and numbers. Setting an equal
timer again moves it."""


class Dice(Protocol):
    """One subsystem's own stream of chance; drawing from one never changes another."""

    def below(self, bound: int) -> int:
        """A whole number in [0, bound)."""
        ...

    def chance(self, per_million: int) -> bool:
        """True with a probability of `per_million` in a million."""
        ...


class Env(Protocol):
    """The world as one node sees it, for the length of one turn; never kept."""

    @property
    def now(self) -> Micros:
        """Monotonic time since the world began; the same on every host."""
        ...

    @property
    def wall_time_ms(self) -> int:
        """This host's date in milliseconds since 1970, which may be wrong."""
        ...

    @property
    def name(self) -> str:
        """The name of this host."""
        ...

    @property
    def disk(self) -> Disk:
        """This host's files."""
        ...

    @property
    def dice(self) -> Dice:
        """This host's own dice."""
        ...

    def send(self, target: Address, body: object, size: int) -> None:
        """Send over the connection to `target`, opening it if there is none.

        A connection is TCP's: in order, nothing lost or doubled while it lives; a reset loses all
        that was in flight both ways. `size` in bytes takes time on a link of limited bandwidth.
        The body must never be changed after it was sent: sender and receiver share it.
        """
        ...

    def hang_up(self, target: Address) -> None:
        """End the connection with `target`; the other side hears. No harm if there is none. What is still in flight on
        it, either way, nobody waits for any more, and it is lost.
        """
        ...

    def set_timer(self, timer: Timer, at: Micros) -> None:
        """Have `wake` called with `timer` at the instant `at` (at the earliest: now)."""
        ...

    def cancel_timer(self, timer: Timer) -> None:
        """Forget the timer; no harm if there is none."""
        ...

    def tell(self, fact: object) -> None:
        """State a fact for whoever watches the world (a ledger, a checker). No node hears it, and it
        changes nothing.
        """
        ...

    def hears(self, kind: type) -> bool:
        """Whether anybody does who would hear a fact of this kind. For those stated with every batch of records, so
        that they need not be made for nobody; what a node does never depends on it.
        """
        ...

    def stop(self) -> None:
        """End this process after this turn, as `exit(0)` would: memory goes, the disk stays."""
        ...


class Node(Protocol):
    """A process. Its attributes are its memory: a crash drops the object and keeps the disk.

    All attributes must be plain data that pickles: no closures, generators, locks or Env.
    """

    def start(self, env: Env) -> None:
        """First turn of this process, on a disk that may hold what an earlier one left."""
        ...

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """A message arrived. Answering to `sender` uses the connection it came by."""
        ...

    def disconnected(self, env: Env, peer: Address) -> None:
        """The connection with `peer` is gone (reset by a crash, refused because no process listens):
        all that was in flight either way is lost. Sending again opens a new one.
        """
        ...

    def wake(self, env: Env, timer: Timer) -> None:
        """A timer that this node set has come."""
        ...
