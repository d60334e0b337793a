"""A machine: a broker or a controller, its disk, its memory, its part in the quorum."""

from lab.cluster.actions.settings import configured
from lab.cluster.build import image_of, kind_of
from lab.cluster.figures import grouped
from lab.cluster.probes.islands import cut_off, islands
from lab.cluster.probes.moment_views import causes_of
from lab.cluster.probes.quorum import quorum_section
from lab.cluster.probes.topology import machine_state
from lab.cluster.probes.views import InspectorView, Row, Section
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.heap import PRODUCER_BYTES, used_bytes
from lab.kafka.controller.node import ControllerNode
from lab.world.host import Host
from lab.world.world import World

SERVER_SETTINGS = ("broker.session.timeout.ms", "replica.lag.time.max.ms")


def machine_view(world: World, name: str) -> InspectorView | None:
    """None if there is no such host."""
    host = world.hosts.get(name)
    if host is None:
        return None
    state = machine_state(world, name, cut_off(world))
    broker_id = int(name.rpartition("-")[2])
    image = image_of(world)
    registration = image.brokers.get(broker_id) if name.startswith("broker-") else None
    leads = [one for one in image.all_partitions() if one.leader_id == broker_id]
    rows = [
        Row("State", state, "" if state == "running" else "fail"),
        Row("Incarnation", f"{host.incarnation}"),
        Row("Disk used", f"{grouped(host.disk.used)} bytes"),
        Row("Waiting requests", f"{len(host.backlog)}"),
        *(_memory(host.node) if isinstance(host.node, Broker) else ()),
    ]
    if state == "partitioned":
        with_it = next(part for part in islands(world) if name in part)
        others = ", ".join(one for one in with_it if one != name)
        rows.append(Row("Still reaches", others or "no server", "fail"))
    if registration is not None:
        rows += [
            Row("Broker epoch", f"{registration.broker_epoch}"),
            Row(
                "In service",
                "no: fenced" if registration.fenced else "yes",
                "pending" if registration.fenced else "ok",
            ),
            Row("Leads", f"{len(leads)} partitions"),
        ]
    kind = kind_of(host)
    return InspectorView(
        kind,
        name,
        f"{kind} · {state}",
        "server" if kind == "broker" else "hexagon",
        (),
        (Section("Machine", tuple(rows)), *quorum_section(world, name)),
        f"Why is {name} {state}?",
        causes_of(world, name),
        _server_settings(world, host),
    )


def _memory(broker: Broker) -> tuple[Row, ...]:
    """What it has to remember of its clients."""
    ids = used_bytes(broker.partitions) // PRODUCER_BYTES
    found = (
        Row("Connections", grouped(len(broker.channels))),
        Row("Producer ids", grouped(ids)),
    )
    if broker.heap is None:
        return found
    tone = "fail" if broker.heap.alarmed else ""
    return (
        *found,
        Row("Heap taken by them", f"{broker.heap.percent}% of {grouped(broker.heap.capacity_bytes)} bytes", tone),
    )


def _server_settings(world: World, host: Host) -> tuple[tuple[str, str], ...]:
    """What is not default, and what people ask for; what it reads when it starts next stands behind an arrow."""
    written = configured(world, host)
    if written is None:
        return ()
    node = host.node
    runs = node.config if isinstance(node, (Broker, ControllerNode)) else written
    shown = dict.fromkeys((*SERVER_SETTINGS, *written.overrides, *runs.overrides))
    pairs = ((name, runs.shown(name), written.shown(name)) for name in shown)
    return tuple((name, now if now == later else f"{now} → {later}") for name, now, later in pairs)
