"""A group: its state, its members, how far each partition is committed."""

from lab.cluster.actions.settings import group_config
from lab.cluster.figures import grouped
from lab.cluster.ledger.group_history import Progress
from lab.cluster.lookup.parts import find_group, ledger_of
from lab.cluster.probes.moment_views import causes_of
from lab.cluster.probes.ownership import partitions_text
from lab.cluster.probes.share import share_group_sections
from lab.cluster.probes.topology import members_of
from lab.cluster.probes.views import InspectorView, Row, Section
from lab.cluster.words.groups import lag
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


def group_view(world: World, name: str) -> InspectorView | None:
    """A group of either protocol, or a share group; one without members is known by what it has done."""
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
        progress = tuple(progress_row(partition, one) for partition, one in in_order)
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


def progress_row(partition: TopicPartition, one: Progress) -> Row:
    """Committed offset and position of a group in one partition."""
    committed = one.committed if one.committed >= 0 else "—"
    return Row(str(partition), f"{committed} → {one.position}", mono=True, link=("partition", str(partition)))
