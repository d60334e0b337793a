"""What the window shows of share groups: the state of each record between start and end offset, and the rows of the
inspector.
"""

from lab.cluster.figures import grouped
from lab.cluster.lookup.shares import find_share_group, find_share_partition, share_partitions, shares_of
from lab.cluster.probes.views import Row, Section, ShareRunView
from lab.kafka.broker.share.in_flight import ACQUIRED, STATES
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

LIMIT = 40
"""Runs that are told one by one; a share-partition in trouble may have hundreds."""


def share_runs(world: World, group: str, partition: TopicPartition, first: int, end: int) -> tuple[ShareRunView, ...]:
    """The runs of equal state that reach into [first, end), as the leader has them."""
    found = find_share_partition(world, group, partition)
    if found is None:
        return ()
    runs = [run for run in found.in_flight.runs if run.end > first and run.first < end]
    return tuple(
        ShareRunView(
            max(run.first, first), min(run.end, end), STATES[run.state], run.delivery_count,
            run.member_id.rpartition("-")[0],
        )
        for run in runs[:LIMIT]
    )  # fmt: skip


def share_group_sections(world: World, name: str) -> tuple[Section, ...] | None:
    """The inspector's rows of a share group; None if it is none."""
    history = shares_of(world).get(name)
    found = find_share_group(world, name)
    if history is None and found is None:
        return None
    rows: list[Row] = []
    if found is not None:
        coordinator, group = found
        rows += [
            Row("State", group.state, "ok" if group.members else "pending"), Row("Epoch", f"{group.group_epoch}"),
            Row("Coordinator", coordinator, link=("broker", coordinator)), Row("Members", f"{len(group.members)}"),
        ]  # fmt: skip
    if history is not None:
        archived = sum(len(one) for one in history.archived.values())
        rows += [
            Row("Delivered", grouped(history.delivered)),
            Row("Delivered again", grouped(history.redelivered), "pending" if history.redelivered else ""),
            Row("Locks expired", grouped(history.expired), "pending" if history.expired else ""),
            Row("Archived", grouped(archived), "fail" if archived else ""),
        ]
    windows = tuple(
        Row(str(one.partition), _window(one.in_flight.start_offset, one.in_flight.end_offset,
                                        one.in_flight.count(ACQUIRED)), mono=True,
            link=("partition", str(one.partition)))
        for one in share_partitions(world, name)
    )  # fmt: skip
    return Section("Share group", tuple(rows)), Section("Start → end offset", windows)


def _window(start: int, end: int, acquired: int) -> str:
    return f"{start} → {end} · {acquired} acquired"


def share_consumer_rows(node: ShareConsumerApp, done: int) -> list[Row]:
    """The inspector's rows of a share consumer."""
    in_hand = (*node.work[node.done :], *node.buffered)
    again = [one.delivery_count for one in in_hand if one.delivery_count > 1]
    return [
        Row("Share group", node.group_id, link=("group", node.group_id)),
        Row("Member epoch", f"{node.membership.member_epoch}"),
        Row("Partitions", ", ".join(str(one) for one in node.membership.assignment) or "none"),
        Row("Work a record", f"{node.per_record_us / 1_000:g} ms"),
        Row("Fails on key", node.poison or "none", "fail" if node.poison else ""),
        Row("Acquired", f"{len(in_hand)}"),
        Row("Delivered before", _again(again), "pending" if again else ""),
        Row("Done", grouped(done)),
    ]


def _again(delivery_counts: list[int]) -> str:
    """How many records were delivered before, and which delivery the most unlucky of them is on."""
    return f"{len(delivery_counts)} · delivery {max(delivery_counts)}" if delivery_counts else "0"
