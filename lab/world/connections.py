"""Connections: how they begin and end, and what holds a message back: a cut, a frozen host, one without power."""

from heapq import heappush
from typing import TYPE_CHECKING

from lab.env.units import Address, Micros, NodeId, node_of
from lab.world.host import DOWN, FROZEN, OFF, Host
from lab.world.network import LATENCY_US, Disconnected, Entry, Link, Path

if TYPE_CHECKING:
    from lab.world.world import World


def connect(world: "World", source: Host, target: Address) -> Link | None:
    """A new connection from `source`; None when it is refused, which the source will hear."""
    name = node_of(target)
    back = source.name + target[len(name) :]
    host = world.hosts.get(name)
    if host is None or host.state == DOWN:
        refusal = Link(target, source, Path())
        world.push(world.now + 2 * LATENCY_US[world.network_dice.draw() >> 8], refusal, Disconnected())
        return None
    link = source.links[target] = Link(back, host, world.network.path(source.name, name))
    link.last_arrival = _end_heard_at(world, back, host)
    if _blocked(link):
        link.held = []
    return link


def _end_heard_at(world: "World", source: Address, target: Host) -> Micros:
    """When `target` hears that the last connection from `source` has ended. What a new one brings comes
    later: else the news, telling only an address, would be taken for the end of the new one.
    """
    waiting = [entry for notice in world.notices for entry in notice.held or ()]
    return max(
        (entry[0] for entry in (*world.queue, *waiting)
         if type(entry[3]) is Disconnected and entry[2].target is target and entry[2].source == source),
        default=world.now,
    )  # fmt: skip


def disconnect(world: "World", host: Host, *, silently: bool) -> None:
    """All connections of a host end. Unless silently (or behind a cut), the other side hears."""
    for peer in world.hosts.values():
        if peer is host:
            continue
        # The other side may know this connection by what it sends, by what it hears, or by both.
        addresses = [address for address in peer.links if node_of(address) == host.name]
        for link in host.links.values():
            if link.target is peer and link.source not in addresses and not link.dead:
                addresses.append(link.source)
        for address in addresses:
            _end_connection(world, host, peer, address, silently)
    for link in host.links.values():
        link.dead = True
        link.held = None
    host.links = {}


def _end_connection(world: "World", host: Host, peer: Host, address: Address, silently: bool) -> None:
    link = peer.links.get(address)
    if silently:
        # Nobody is told: what the peer sends from now on waits until the machine is back.
        if link is not None and link.held is None:
            link.held = []
        return
    if link is not None:
        link.dead = True
        link.held = None
        del peer.links[address]
    if peer.node is not None:
        notice = Link(address, peer, world.network.path(host.name, peer.name))
        if _blocked(notice):
            notice.held = []
            world.notices.append(notice)
        world.push(world.now + LATENCY_US[world.network_dice.draw() >> 8], notice, Disconnected())
        peer.links.pop(address, None)


def hang_up(world: "World", name: NodeId, target: Address) -> None:
    """A process ends one of its connections; the other side hears (unless a cut or a freeze is between them)."""
    host = world.hosts[name]
    peer = world.hosts[node_of(target)]
    back = name + target[len(peer.name) :]
    link = host.links.pop(target, None)
    if link is None and back not in peer.links:
        return
    if link is not None:
        if link.dead:
            return
        link.dead = True
        link.held = None
    _end_connection(world, host, peer, back, silently=False)


def _blocked(link: Link) -> bool:
    target = link.target
    return target.state in (FROZEN, OFF) or link.path.cut


def open_links(world: "World") -> list[Link]:
    """Every connection that is alive, as its sender knows it."""
    return [link for host in world.hosts.values() for link in host.links.values() if not link.dead]


def apply_cuts(world: "World") -> None:
    """Hold and release what the cuts changed since the last time ask for."""
    for name in list(world.network.changed):
        recheck(world, name)
    world.network.changed.clear()


def recheck(world: "World", target: NodeId) -> None:
    """Cuts or the state of `target` changed: hold or release what is on the way to it."""
    host = world.hosts.get(target)
    if host is None:
        return
    frozen = host.state == FROZEN
    if frozen and host.self_link.held is None:
        host.self_link.held = []
    released: list[Entry] = []
    if not frozen and host.self_link.held is not None:
        released += host.self_link.held
        host.self_link.held = None
    for source in world.hosts.values():
        for link in source.links.values():
            if link.target is not host or link.dead:
                continue
            blocked = _blocked(link)
            if blocked and link.held is None:
                link.held = []
            elif not blocked and link.held is not None:
                released += link.held
                link.held = None
    released += _release_notices(world, host)
    released.sort(key=lambda entry: entry[:2])
    for time, sequence, link, body, sent, cause in released:
        heappush(world.queue, (max(time, world.now), sequence, link, body, sent, cause))


def _release_notices(world: "World", target: Host) -> list[Entry]:
    """Ends of connections that `target` could not hear of; one still on its way will find it open."""
    released: list[Entry] = []
    for notice in [one for one in world.notices if one.target is target]:
        if not _blocked(notice):
            released += notice.held or ()
            notice.held = None
            world.notices.remove(notice)
    return released
