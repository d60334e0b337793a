"""Facts about programs outside the world: what goes back to them."""

from dataclasses import dataclass


@dataclass(slots=True)
class FrameSent:
    """An answer on its way to a real client, with its size before it."""

    connection: int
    data: bytes


@dataclass(slots=True)
class ProgramCame:
    """A real client has connected. Its records have no births, and may come by the thousand in a batch."""

    connection: int


@dataclass(slots=True)
class ProgramCommits:
    """A real client commits offsets of a group. What it has read, nobody here knows."""

    group_id: str


@dataclass(slots=True)
class HungUp:
    """A connection of a real client ends, from our side."""

    connection: int
    reason: str
