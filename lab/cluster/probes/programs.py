"""Programs: real clients as the picture knows them: where they are members, and what they asked and heard last."""

from dataclasses import dataclass

from lab.cluster.build import broker_hosts
from lab.cluster.figures import grouped
from lab.cluster.lookup.parts import broker_at
from lab.cluster.probes.views import EXCHANGE, MemberView, ProgramView, Row, Section
from lab.env import Micros, NodeId
from lab.kafka.clients.program import Exchange, Program, ProgramRecipe
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import STABLE
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.protocol.apis import APIS
from lab.world.host import Host
from lab.world.world import World

LISTED = 12


def programs_in(world: World) -> dict[NodeId, Program]:
    """Every real client there has been."""
    return {
        name: host.node
        for name, host in world.hosts.items()
        if isinstance(host.recipe, ProgramRecipe) and isinstance(host.node, Program)
    }


def program_view(host: Host, groups: tuple[str, ...]) -> ProgramView:
    """One real client, for the matrix."""
    node = host.node
    assert isinstance(node, Program)
    brokers = tuple(dict.fromkeys(one.broker for one in node.connections.values()))
    state = "frozen" if host.state == "frozen" else "running" if brokers else "gone"
    return ProgramView(host.name, software_text(node), state, brokers, groups)


def software_text(node: Program) -> str:
    """`librdkafka 2.16.0`, as it says itself; empty if it does not."""
    return " ".join(part for part in node.software if part)


# --- groups ---------------------------------------------------------------------------------------


def groups_of_programs(world: World) -> dict[str, tuple[MemberView, ...]]:
    """The groups that coordinators know, and the real clients in each; none where there are no real clients."""
    programs = programs_in(world)
    if not programs:
        return {}
    names = {node.client_id: name for name, node in programs.items()}
    found: dict[str, tuple[MemberView, ...]] = {}
    for broker_name in broker_hosts(world):
        broker = broker_at(world, broker_name)
        shards = broker.coordinators.shards.values() if broker is not None else ()
        for shard in shards:
            for group in shard.groups.values():
                found[group.group_id] = _members(group, names)
    return found


def _members(group: AnyGroup, names: dict[str, NodeId]) -> tuple[MemberView, ...]:
    """Those whose client id is a real client's. Two of one client id are one machine, with the partitions of both."""
    owned: dict[NodeId, list[str]] = {}
    if isinstance(group, ConsumerGroup):
        stable = True
        each = [(one.client_id, [str(part) for part in one.assigned]) for one in group.members.values()]
    else:
        stable = group.state == STABLE
        each = [(one.client_id, assigned(one.assignment)) for one in group.members.values()]
    for client_id, partitions in each:
        if client_id in names:
            owned.setdefault(names[client_id], []).extend(partitions)
    return tuple(
        MemberView(name, "consuming" if stable else "joining", tuple(partitions) if stable else (), 0, "program")
        for name, partitions in owned.items()
    )


def assigned(assignment: bytes) -> list[str]:
    """The partitions in a classic assignment; nothing where it is of another kind than consumers' (spec 4.3)."""
    found: list[str] = []
    try:
        count, at = int.from_bytes(assignment[2:6], "big", signed=True), 6
        for _ in range(max(count, 0)):
            size = int.from_bytes(assignment[at : at + 2], "big")
            topic, at = assignment[at + 2 : at + 2 + size].decode(), at + 2 + size
            parts = int.from_bytes(assignment[at : at + 4], "big")
            at += 4
            if parts > len(assignment):
                return []
            found += [
                f"{topic}-{int.from_bytes(assignment[at + 4 * place : at + 4 * place + 4], 'big')}"
                for place in range(parts)
            ]
            at += 4 * parts
    except UnicodeDecodeError:
        return []
    return found


# --- exchanges ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a program and its answer: what is needed to find their bytes in the past."""

    program: NodeId
    connection: int
    api_key: int
    version: int
    correlation_id: int
    asked_at: Micros
    answered_at: Micros


def exchange_named(world: World, name: str) -> Asked | None:
    """The exchange that a link names; None when it is too long ago."""
    program = name.split("/", maxsplit=1)[0]
    node = programs_in(world).get(program)
    found = (one for one in node.recent if exchange_name(program, one) == name) if node is not None else iter(())
    return next((_asked(program, one) for one in found), None)


def exchange_name(program: NodeId, one: Exchange) -> str:
    """By which a link finds it again."""
    return f"{program}/{one.connection}/{one.correlation_id}"


def _asked(program: NodeId, one: Exchange) -> Asked:
    return Asked(
        program, one.connection, one.api_key, one.version, one.correlation_id, one.asked_at, one.answered_at
    )  # fmt: skip


def program_sections(world: World, node: Program) -> tuple[Section, ...]:
    """A program in the inspector: what it is, its connections, its groups, its newest requests first."""
    memberships = [
        (group, one)
        for group, members in groups_of_programs(world).items()
        for one in members
        if one.name == node.name
    ]  # fmt: skip
    about = (
        Row("Client id", node.client_id or "—", mono=True),
        Row("Software", software_text(node) or "does not say", mono=bool(software_text(node))),
        Row("Requests", grouped(node.requests)),
        *(Row("Transactional id", one, mono=True) for one in node.transactional_ids),
    )
    connections = tuple(
        Row(f"#{number}", one.broker, link=("broker", one.broker)) for number, one in node.connections.items()
    )
    groups = tuple(
        Row(group, ", ".join(one.partitions) or one.state, link=("group", group)) for group, one in memberships
    )
    newest = [*reversed(node.recent)][:LISTED]
    exchanges = tuple(
        Row(
            f"{APIS[one.api_key].name} v{one.version}", answer_text(node, one),
            "fail" if one.error else "pending" if one.answered_at < 0 else "",
            link=(EXCHANGE, exchange_name(node.name, one)),
        )
        for one in newest
    )  # fmt: skip
    return (
        Section("Program", about),
        Section("Connections", connections),
        Section("Member of", groups),
        Section("Last requests", exchanges),
    )


def answer_text(node: Program, one: Exchange) -> str:
    """How long its answer took, and what it says is wrong."""
    if one.answered_at < 0:
        connection = node.connections.get(one.connection)
        if connection is None:
            return "connection lost"
        return "no answer yet" if any(one is each for each in connection.waiting) else "wants no answer"
    took = f"{(one.answered_at - one.asked_at) / 1_000:.1f} ms"
    return f"{one.error.name} · {took}" if one.error else took
