"""NodeEndpoint: a broker as others tell of it: its id, where it listens, its rack."""

from collections.abc import Mapping
from typing import NamedTuple

from lab.kafka.protocol.schema import HOST, INT32, Array, or_empty, struct, wire


class NodeEndpoint(NamedTuple):
    """`host`: its name in the simulated world, `host:port` outside. `rack` "": it is in none."""

    node_id: int
    host: str
    rack: str = ""


NODE_ENDPOINTS = Array(struct(NodeEndpoint, wire("node_id", INT32), wire("host", HOST), wire("rack", or_empty())))

Places = dict[int, tuple[str, str]]
"""Broker id -> its host and its rack, as they stand side by side on the wire."""


def hosts_and_racks(places: Places) -> tuple[dict[int, str], dict[int, str]]:
    """As the engine has them, of whose brokers few are in a rack."""
    return {one: host for one, (host, _) in places.items()}, {one: rack for one, (_, rack) in places.items() if rack}


def places(hosts: Mapping[int, str], racks: Mapping[int, str]) -> Places:
    """And back."""
    return {one: (host, racks.get(one, "")) for one, host in hosts.items()}
