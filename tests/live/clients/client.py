"""Client: what is asked of every client that somebody else has written, in the words of the checks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

PATIENCE_S = 20.0
EAGER, COOPERATIVE, CONSUMER = "eager", "cooperative", "consumer"


class Client(ABC):
    """A client library, or a program. `lacks`: which checks it has no means for, and why."""

    name: ClassVar[str]
    lacks: ClassVar[dict[str, str]] = {}

    def __init__(self, addresses: str) -> None:
        self.addresses = addresses

    @abstractmethod
    def topics(self) -> dict[str, int]:
        """Every topic, and how many partitions it has."""

    @abstractmethod
    def write(
        self,
        topic: str,
        values: Sequence[str],
        *,
        codec: str = "none",
        idempotent: bool = False,
        transactions: str = "",
        abort: bool = False,
        pause_s: float = 0.0,
    ) -> None:
        """Write all values to partition 0 with acks=all, if asked in one transaction. Raises if one is not stored."""

    @abstractmethod
    def read(
        self,
        topic: str,
        count: int,
        *,
        group: str = "",
        protocol: str = EAGER,
        offset: int = 0,
        committed: bool = False,
        pause_s: float = 0.0,
        patience_s: float = PATIENCE_S,
    ) -> list[str]:
        """The next values, `count` of them if so many come in time. As a member of a `group` all partitions there are,
        from where the group is, and each value is committed; without one partition 0 from `offset` on.
        """

    @abstractmethod
    def create(self, topic: str, partitions: int) -> None:
        """Make a topic with three replicas."""

    @abstractmethod
    def delete(self, topic: str) -> None:
        """Remove it."""
