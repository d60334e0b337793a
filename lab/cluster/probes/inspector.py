"""Inspect: one thing in detail, ending in *Why?* with the moments that made it so."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.cluster.actions.settings import configured, group_config, topic_settings
from lab.cluster.actions.topics import partition_of
from lab.cluster.build import client_topics, image_of, kind_of
from lab.cluster.figures import counted, grouped
from lab.cluster.ledger import Progress
from lab.cluster.lookup import find_group, ledger_of
from lab.cluster.moments import broker_name
from lab.cluster.probes.islands import cut_off, islands
from lab.cluster.probes.log_sections import corrupt_section, log_sections
from lab.cluster.probes.ownership import partitions_text
from lab.cluster.probes.programs import program_sections, programs_in
from lab.cluster.probes.quorum import quorum_section
from lab.cluster.probes.share import share_consumer_rows, share_group_sections
from lab.cluster.probes.topology import Cluster, leading_replica, machine_state, members_of
from lab.cluster.probes.views import OFFSET, CauseView, InspectorView, ReplicaRow, Row, Section
from lab.cluster.words.groups import lag
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.heap import PRODUCER_BYTES, used_bytes
from lab.kafka.broker.partition import Partition
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.producer.auditing_app import AuditingApp
from lab.kafka.clients.recipes import ConsumerRecipe, ProducerRecipe
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.config.definition import Config
from lab.kafka.config.flavours import DEFAULT_FLAVOUR, FLAVOURS
from lab.kafka.controller.node import ControllerNode
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.topics import TopicPartition
from lab.world.host import Host
from lab.world.world import Moment, World

CAUSES = 3
LOOK_BACK = 600
PARTITIONS = 24
"""So many of a topic are listed one by one."""
SERVER_SETTINGS = ("broker.session.timeout.ms", "replica.lag.time.max.ms")
TONES = {
    "fault": "fail",
    "loss": "fail",
    "isr": "pending",
    "isr+": "ok",
    "leader": "record",
    "broker": "fail",
    "broker+": "ok",
    "mended": "ok",
    "rebalance": "pending",
    "stable": "ok",
    "truncated": "fail",
    "rot": "fail",
    "corrupt": "fail",
    "retention": "pending",
    "cleaning": "pending",
    "cleaned": "ok",
    "client": "pending",
    "skipped": "pending",
    "expired": "pending",
    "archived": "fail",
    "alarm": "fail",
}
ICONS = {
    "fault": "zap",
    "loss": "triangle-alert",
    "isr": "unlink",
    "isr+": "link",
    "leader": "crown",
    "broker": "power-off",
    "broker+": "power",
    "mended": "circle-check",
    "rebalance": "refresh-cw",
    "stable": "users",
    "truncated": "scissors",
    "rot": "zap",
    "corrupt": "triangle-alert",
    "retention": "trash-2",
    "cleaning": "sparkles",
    "cleaned": "sparkles",
    "client": "user",
    "built": "plus",
    "changed": "settings",
    "skipped": "triangle-alert",
    "expired": "timer",
    "archived": "trash-2",
    "alarm": "triangle-alert",
}


@dataclass(frozen=True, slots=True)
class Inspect:
    """`kind`: partition, broker, controller, producer, consumer, program, group or cluster."""

    kind: str
    name: str

    def __call__(self, world: World) -> InspectorView:
        """The answer; an empty one when the thing is gone."""
        views: dict[str, Callable[[World, str], InspectorView | None]] = {
            "partition": _partition, "broker": _broker, "controller": _broker, "producer": _client,
            "consumer": _client, "program": _program, "group": _group, "topic": _topic,
        }  # fmt: skip
        make = views.get(self.kind)
        found = make(world, self.name) if make is not None else None
        return found if found is not None else _cluster(world)


def causes_of(world: World, *subjects: str, kinds: tuple[str, ...] = ()) -> tuple[CauseView, ...]:
    """The newest key moments about any of the subjects, newest first."""
    found: list[CauseView] = []
    total = len(world.moments)
    for at in range(total - 1, max(-1, total - LOOK_BACK), -1):
        moment = world.moments[at]
        if (moment.subject in subjects or any(one in moment.text for one in subjects)) and (
            not kinds or moment.kind in kinds
        ):
            found.append(cause(moment))
        if len(found) == CAUSES:
            break
    return tuple(found)


def cause(moment: Moment) -> CauseView:
    """A key moment as a cause, with what led to it in its label."""
    trigger = moment.causes[0].kind if moment.causes else moment.kind
    return CauseView(
        ICONS.get(moment.kind, "circle-dot"),
        TONES.get(moment.kind, ""),
        moment.text,
        moment.time,
        moment.event_number,
        trigger,
    )


# --- partitions -----------------------------------------------------------------------------------


def _partition(world: World, name: str) -> InspectorView | None:
    found = partition_of(name)
    state = image_of(world).partition(found) if found is not None else None
    if state is None:
        return None
    leader = broker_name(state.leader_id) if state.leader_id >= 0 else "nobody"
    partition = leading_replica(world, state)
    view = next((one for one in Cluster(internal=True)(world).partitions if one.name == name), None)
    replicas = tuple(
        ReplicaRow(one.broker, one.role, one.log_end_offset, one.behind, one.in_sync)
        for one in (view.replicas if view else ())
    )
    sections = (Section("Offsets", _offsets(partition)), *log_sections(partition.log)) if partition is not None else ()
    sections += corrupt_section(world, state.partition)
    why, causes = _why_watermark(world, state, partition)
    config = _settings(partition.config if partition is not None else topic_settings(world, state.partition.topic))
    return InspectorView(
        "partition",
        name,
        f"partition · leader {leader}",
        "layers",
        replicas,
        sections,
        why,
        causes,
        config,
    )


def _offsets(partition: Partition) -> tuple[Row, ...]:
    log = partition.log
    flushed = log.flushed_offset()
    return (
        Row("Topic", partition.partition.topic, link=("topic", partition.partition.topic)),
        Row("High watermark", grouped(log.high_watermark), "ok", link=(OFFSET, f"{log.high_watermark}")),
        Row("Log end offset", grouped(log.log_end_offset), link=(OFFSET, f"{log.log_end_offset}")),
        Row("On disk up to", grouped(flushed), link=(OFFSET, f"{flushed}")),
        Row("Log start", grouped(log.log_start_offset), link=(OFFSET, f"{log.log_start_offset}")),
        Row("Leader epoch", f"{partition.leader_epoch}"),
        Row("Segments", f"{len(log.segments)} · {grouped(log.size_bytes)} bytes"),
    )


def _why_watermark(
    world: World, state: PartitionState, partition: Partition | None
) -> tuple[str, tuple[CauseView, ...]]:
    """Which replica holds the high watermark where it is, and the last changes of leader and ISR."""
    name = str(state.partition)
    history = causes_of(
        world, name, kinds=("leader", "isr", "isr+", "truncated", "rot", "corrupt", "retention", "cleaned")
    )
    if partition is None:
        return f"Why does nobody serve {name}?", (*_nobody(world, state), *history)[:CAUSES]
    log = partition.log
    holder = _holder(world, state, partition)
    return f"Why is the HW at {grouped(log.high_watermark)}?", (holder, *history)[:CAUSES]


def _nobody(world: World, state: PartitionState) -> tuple[CauseView, ...]:
    """Why no running broker leads the partition, and what became of the one that last did."""
    if state.leader_id < 0:
        left = ", ".join(broker_name(one) for one in state.isr)
        text = f"Only the ISR may lead: **{left}**. None of it serves."
        return (CauseView("lock", "fail", text, world.now, world.event_number, "controller"),)
    leader = broker_name(state.leader_id)
    if leader not in world.hosts:
        return ()
    is_now = machine_state(world, leader, cut_off(world))
    text = f"{leader} is {is_now}, but its session has not ended: for the controller it still leads."
    waits = CauseView("hourglass", "pending", text, world.now, world.event_number, "broker.session.timeout.ms")
    return waits, *causes_of(world, leader)[:1]


def _holder(world: World, state: PartitionState, partition: Partition) -> CauseView:
    log = partition.log
    waiting = [
        (remote.log_end_offset, one) for one, remote in partition.remotes.items() if one in partition.maximal_isr
    ]
    last = max((remote.last_fetch for remote in partition.remotes.values()), default=world.now)
    if len(partition.in_sync_replicas) < partition.min_isr:
        text = f"Only **{len(partition.in_sync_replicas)}** in sync: below min.insync.replicas nothing is committed."
        return CauseView("lock", "fail", text, world.now, world.event_number, "min.insync.replicas")
    if log.high_watermark == log.log_end_offset or not waiting:
        text = f"All in-sync replicas have everything: **{grouped(log.log_end_offset)}** is the end of the log."
        return CauseView("circle-check", "ok", text, min(last, world.now), world.event_number, "fetch")
    offset, slowest = min(waiting)
    reached = grouped(max(offset, 0))
    text = f"{broker_name(slowest)} has fetched up to **{reached}**; it is the slowest replica still in sync."
    return CauseView("arrow-up-down", "ok", text, min(last, world.now), world.event_number, "fetch")


def _settings(config: Config) -> tuple[tuple[str, str], ...]:
    shown = {"min.insync.replicas": None, **dict.fromkeys(config.overrides)}
    return tuple((name, config.shown(name)) for name in shown if name in config.settings)


def _topic(world: World, name: str) -> InspectorView | None:
    topic = image_of(world).topics.get(name)
    if topic is None:
        return None
    partitions = tuple(topic.partitions.values())
    first = leading_replica(world, partitions[0])
    leaders = [one for one in (leading_replica(world, each) for each in partitions) if one is not None]
    missing = len(partitions) - len(leaders)
    rows = (
        Row("Partitions", f"{len(partitions)}"),
        Row("Replicas of each", f"{len(partitions[0].replicas)}"),
        Row("Without a leader", f"{missing}", "fail" if missing else ""),
        Row("Under-replicated", f"{sum(len(one.isr) < len(one.replicas) for one in partitions)}"),
        Row("Offsets", grouped(sum(one.log.log_end_offset - one.log.log_start_offset for one in leaders))),
        Row("Bytes", grouped(sum(one.log.size_bytes for one in leaders))),
    )
    config = _settings(first.config if first is not None else topic_settings(world, name))
    each = tuple(_partition_row(one) for one in partitions[:PARTITIONS])
    names = (str(one.partition) for one in partitions)
    sections = (Section("Topic", rows), Section("Partitions", each))
    return InspectorView(
        "topic", name, "topic", "layers", (), sections, f"What happened to {name}?",
        causes_of(world, name, *names), config,
    )  # fmt: skip


def _partition_row(state: PartitionState) -> Row:
    """Who leads it, and how many of its replicas are in sync."""
    name, leader = str(state.partition), broker_name(state.leader_id) if state.leader_id >= 0 else "no leader"
    lacks = len(state.isr) < len(state.replicas)
    tone = "fail" if state.leader_id < 0 else "pending" if lacks else ""
    return Row(name, f"{leader} · ISR {len(state.isr)} of {len(state.replicas)}", tone, link=("partition", name))


# --- machines -------------------------------------------------------------------------------------


def _broker(world: World, name: str) -> InspectorView | None:
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


def _client(world: World, name: str) -> InspectorView | None:
    host = world.hosts.get(name)
    topics = client_topics(host) if host is not None else None
    if host is None or topics is None:
        return None
    node = host.node
    kind = kind_of(host)
    rows: list[Row] = [
        Row("State", host.state, "" if host.state == "running" else "fail"),
        Row("Topics", ", ".join(topics), link=("topic", topics[0]) if len(topics) == 1 else None),
    ]
    recipe = host.recipe
    flavour = recipe.flavour if isinstance(recipe, (ProducerRecipe, ConsumerRecipe)) else DEFAULT_FLAVOUR
    config: tuple[tuple[str, str], ...] = ()
    owned: tuple[Row, ...] = ()
    if isinstance(node, ProducerApp):
        rows += _producer_rows(world, node)
        rows += _audit_rows(node) if isinstance(node, AuditingApp) else []
        config = _settings_of(node.config, ("acks", "enable.idempotence", "linger.ms", "batch.size"))
    if isinstance(node, ShareConsumerApp):
        done = sum(one.done_by.get(name, 0) for one in ledger_of(world).groups.values())
        rows += share_consumer_rows(node, done)
        config = _settings_of(node.config, ("share.acknowledgement.mode", "max.poll.records"))
    if isinstance(node, ConsumerApp):
        rows += _consumer_rows(world, node)
        history = ledger_of(world).groups.get(node.group_id)
        known = history.partitions if history is not None else {}
        owned = tuple(_progress(one, known.get(one, Progress())) for one in node.membership.owned)
        config = _settings_of(
            node.config,
            (
                "auto.offset.reset",
                *(() if "max.poll.records" in node.config.flavour.lacks else ("max.poll.records",)),
                "session.timeout.ms",
                "partition.assignment.strategy",
            ),
        )
    subtitle = f"{kind} · {FLAVOURS[flavour].title}"
    icon = "shopping-cart" if kind == "producer" else "user"
    return InspectorView(
        kind,
        name,
        subtitle,
        icon,
        (),
        (Section("Application", tuple(rows)), Section("Committed → position", owned)),
        f"What happened to {name}?",
        causes_of(world, name),
        config,
    )


def _program(world: World, name: str) -> InspectorView | None:
    node = programs_in(world).get(name)
    if node is None:
        return None
    count = len(node.connections)
    state = counted(count, "connection") if count else "gone"
    return InspectorView(
        "program", name, f"real client · {state}", "plug", (), program_sections(world, node),
        f"What happened to {name}?", causes_of(world, name), (),
    )  # fmt: skip


def _settings_of(config: Config, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    shown = dict.fromkeys((*names, *config.overrides))
    return tuple((name, config.shown(name)) for name in shown)


def _producer_rows(world: World, node: ProducerApp) -> list[Row]:
    truth = ledger_of(world).producer(node.source)
    producer = node.producer
    return [
        Row("Rate", f"{grouped(node.rate)} records/s"),
        Row("Made", grouped(truth.born)),
        Row("Acknowledged", grouped(len(truth.acked)), "ok"),
        Row("Failed", grouped(len(truth.failed)), "fail" if truth.failed else ""),
        Row("Unknown", grouped(len(truth.unknown)), "pending" if truth.unknown else ""),
        Row("Producer id · epoch", f"{producer.producer_id} · {producer.producer_epoch}"),
    ]


def _audit_rows(node: AuditingApp) -> list[Row]:
    plan = node.plan
    version = "the mended version" if plan.shared else "the first version"
    return [
        Row("Audit feature", f"{plan.percent}% of the requests, {version}" if plan.percent else "off"),
        Row("Requests audited", grouped(node.audited)),
        Row("Requests turned away", grouped(node.turned_away), "fail" if node.turned_away else ""),
    ]


def _consumer_rows(world: World, node: ConsumerApp) -> list[Row]:
    return [
        Row("Group", node.group_id, link=("group", node.group_id)),
        Row("Generation", f"{node.membership.generation}"),
        Row("Partitions", ", ".join(str(one) for one in node.membership.owned) or "none"),
        Row("Work a record", f"{node.per_record_us / 1_000:g} ms"),
        Row("Commits", node.commits.policy),
        Row(
            "Done",
            grouped(sum(one.done_by.get(node.name, 0) for one in ledger_of(world).groups.values())),
        ),
    ]


# --- groups and the whole -------------------------------------------------------------------------


def _group(world: World, name: str) -> InspectorView | None:
    shared = share_group_sections(world, name)
    if shared is not None:
        why = f"What happened to {name}?"
        sections = (*shared, _members(world, name))
        config = _group_settings(world, name, "share.")
        return InspectorView("group", name, "share group", "users", (), sections, why, causes_of(world, name), config)
    history = ledger_of(world).groups.get(name)
    found = find_group(world, name)
    rows: list[Row] = []
    if found is not None:
        coordinator, group = found
        tone = "ok" if group.state == "Stable" else "pending"
        rows += [
            Row("State", group.state, tone), Row("Generation", f"{group.generation}"),
            Row("Coordinator", coordinator, link=("broker", coordinator)),
            Row("Group protocol", _protocols(group)),
            Row("Assignor", group.protocol or "—", mono=True), Row("Members", f"{len(group.members)}"),
        ]  # fmt: skip
    progress: tuple[Row, ...] = ()
    if history is not None:
        rows += [
            Row("Lag", f"{grouped(int(lag(world, name)))} records"),
            Row("Done twice", grouped(history.duplicates)),
            Row("Skipped", grouped(history.skipped())),
        ]
        in_order = sorted(history.partitions.items(), key=lambda item: (item[0].topic, item[0].partition))
        progress = tuple(_progress(partition, one) for partition, one in in_order)
    sections = (
        Section("Group", tuple(rows)), _members(world, name), Section("Committed → position", progress),
    )  # fmt: skip
    why = f"Why did {name} rebalance?"
    by_servers = found is not None and isinstance(found[1], ConsumerGroup)
    config = _group_settings(world, name, "consumer.") if by_servers else ()
    return InspectorView("group", name, "consumer group", "users", (), sections, why, causes_of(world, name), config)


def _protocols(group: AnyGroup) -> str:
    """Which protocol it is of; while it goes over from the one to the other there are members of both in it."""
    if isinstance(group, Group):
        return "classic"
    classic = sum(one.classic is not None for one in group.members.values())
    return f"consumer; {classic} of {len(group.members)} members still speak the classic one" if classic else "consumer"


def _group_settings(world: World, name: str, protocol: str) -> tuple[tuple[str, str], ...]:
    """What a group of its protocol may have of its own; the classic protocol has nothing of that kind."""
    config = group_config(world, name)
    return tuple((one, config.shown(one)) for one in config.settings if one.startswith(protocol))


def _members(world: World, group: str) -> Section:
    """Who is in it, and what each has."""
    members = members_of(world, group)
    return Section(
        "Members",
        tuple(
            Row(
                one.name,
                partitions_text(one.partitions) or one.state,
                link=("program" if one.note == "program" else "consumer", one.name),
            )
            for one in members
        ),
    )


def _progress(partition: TopicPartition, one: Progress) -> Row:
    committed = one.committed if one.committed >= 0 else "—"
    return Row(str(partition), f"{committed} → {one.position}", mono=True, link=("partition", str(partition)))


def _cluster(world: World) -> InspectorView:
    image = image_of(world)
    partitions = [one for one in image.all_partitions() if not one.partition.topic.startswith("__")]
    rows = (
        Row("Brokers", f"{len(image.brokers)}"),
        Row("Partitions", f"{len(partitions)}"),
        Row("Under-replicated", f"{sum(len(one.isr) < len(one.replicas) for one in partitions)}"),
        Row("Without a leader", f"{sum(one.leader_id < 0 for one in partitions)}"),
    )
    recent = [world.moments[at] for at in range(max(0, len(world.moments) - CAUSES), len(world.moments))]
    return InspectorView(
        "cluster", "Cluster", "everything", "network", (), (Section("Cluster", rows),), "What happened last?",
        tuple(cause(one) for one in reversed(recent)), (),
    )  # fmt: skip
