"""The units of the simulated world: time in whole microseconds, names for hosts and connections."""

from typing import TypeAlias

Micros: TypeAlias = int
"""An instant or a duration of virtual time, in microseconds. Never a float: floats differ by platform."""

NodeId: TypeAlias = str
"""The name of a host: `broker-2`, `controller-1`, `checkout`."""

Address: TypeAlias = str
"""Where a message goes: a host, and on it one of several connections: `broker-2`, `broker-2#coordinator`.

A string and not a pair, because it is the key of every look-up on the hot path and a string
remembers its hash.
"""


def seconds(count: int) -> Micros:
    """Whole seconds as microseconds."""
    return count * 1_000_000


def millis(count: int) -> Micros:
    """Whole milliseconds, the unit of Kafka's settings, as microseconds."""
    return count * 1_000


def address(node: NodeId, channel: str = "") -> Address:
    """The address of `node`, over its connection named `channel` (empty: the ordinary one)."""
    return f"{node}#{channel}" if channel else node


def node_of(target: Address) -> NodeId:
    """The host an address leads to."""
    return target.partition("#")[0]
