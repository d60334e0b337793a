"""Flights: messages between hosts as the eye sees them, on their way or just heard."""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env.units import Address, Micros, NodeId
from lab.world.connections import open_links
from lab.world.network import OPERATOR, Disconnected

if TYPE_CHECKING:
    from lab.world.world import World


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """A message on its way. A held one waits at a cut, or before a frozen host. Each is equal only to itself."""

    sent_at: Micros
    arrives_at: Micros
    source: Address
    target: NodeId
    body: object
    held: bool
    event: int


def in_flight(world: "World") -> list[Flight]:
    """All messages between hosts that have been sent and not heard yet."""
    found = [
        Flight(sent, time, link.source, link.target.name, body, False, cause)
        for time, _, link, body, sent, cause in world.queue
        if not link.timers and not link.dead and type(body) is not Disconnected
        and link.source != OPERATOR
    ]  # fmt: skip
    for link in open_links(world):
        for time, _, _, body, sent, cause in link.held or ():
            found.append(Flight(sent, time, link.source, link.target.name, body, True, cause))
    return found


def heard_since(world: "World", time: Micros) -> list[Flight]:
    """Messages between hosts that were heard after `time`, newest first, as far as they are remembered."""
    while world.heard:
        heard_at, (_, _, link, body, sent, cause) = world.heard.popleft()
        if link.source != OPERATOR:
            world.flown.append(Flight(sent, heard_at, link.source, link.target.name, body, False, cause))
    return list(itertools.takewhile(lambda one: one.arrives_at > time, reversed(world.flown)))
