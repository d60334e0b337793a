"""Views made by hand in which everything that a painter can paint is there: a cluster in the middle of a failure."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.cluster.probes.lens import ROOM
from lab.cluster.probes.transactions import PartitionTransactionsView, TransactionView
from lab.cluster.probes.views import (
    BranchView,
    BrokerView,
    CellView,
    ClusterView,
    ControllerView,
    FlightView,
    GroupView,
    LensGroupView,
    LensReplicaView,
    LensView,
    LinkView,
    MemberView,
    MomentView,
    PartitionView,
    ProducerView,
    ReplicaView,
    SpanView,
    TimelineView,
)
from tests.ui.scripted import SECOND, ScriptedSession

FIRST, END, WATERMARK = 1047 + ROOM - 26, 1047 + ROOM, 1045
KEYS = "ACBADBCAABDCEABCDAEBACDBA"


def cell(offset: int, committed_below: int) -> CellView:
    letter = KEYS[offset % len(KEYS)]
    kind = {1025: "tombstone", 1027: "gap", 1028: "gap", 1033: "control"}.get(offset, "record")
    if kind == "control":
        return CellView(offset, "", -1, offset < committed_below, kind)
    return CellView(offset, letter, "ABCDEFGH".index(letter), offset < committed_below, kind)


def replica(
    broker: str, role: str, end: int, *, state: str = "running", in_sync: bool = True, start: int = 975
) -> LensReplicaView:
    """A row of the lens; `end` below zero: its log cannot be read."""
    cells = tuple(cell(offset, min(end, WATERMARK)) for offset in range(max(FIRST, start), end))
    behind = 1047 - end if end >= 0 else 0
    return LensReplicaView(
        broker, role, state, in_sync, behind, 8, start, end, min(end, WATERMARK), max(start, end - 6), cells
    )


def lens_mid_failure() -> LensView:
    """A new leader, one follower in sync, one behind, and the old leader dead; two groups read."""
    replicas = (
        replica("broker-2", "leader", 1047),
        replica("broker-3", "follower", 1045),
        replica("broker-4", "follower", 1036, in_sync=False),
        replica("broker-1", "offline", -1, state="crashed", in_sync=False),
    )
    groups = (
        LensGroupView("payments", 3, "payments-a", 1039, 1043, 6, 400_000, "4 in flight"),
        LensGroupView("analytics", 4, "analytics-a", 1030, 1031, 15, 12 * SECOND, "slow reader"),
    )
    return LensView("orders-1", True, "broker-2", 8, WATERMARK, FIRST, END, replicas, groups)


def lens_with_transactions() -> LensView:
    """One aborted, one open, and inside it one committed."""
    ends = {1033: "A", 1042: "C"}
    view = lens_mid_failure()
    replicas = tuple(replace(one, cells=tuple(_ended(cell, ends) for cell in one.cells)) for one in view.replicas)
    transactions = (
        TransactionView("bank", 1000, 3, "aborted", 1029, 1034, 1033, (1029, 1030, 1032)),
        TransactionView("shop", 1001, 0, "open", 1036, 1046, -1, (1036, 1037, 1040, 1045)),
        TransactionView("bank", 1000, 4, "committed", 1038, 1043, 1042, (1038, 1039, 1041)),
    )
    found = PartitionTransactionsView("orders-1", 1036, WATERMARK, transactions, 8_200, 60_000)
    return replace(view, replicas=replicas, transactions=found)


def _ended(cell: CellView, ends: dict[int, str]) -> CellView:
    return replace(cell, kind="control", letter=ends[cell.offset], category=-1) if cell.offset in ends else cell


def lens_without_records() -> LensView:
    """A partition that was just created."""
    empty = tuple(
        LensReplicaView(name, role, "running", True, 0, 0, 0, 0, 0, 0, ())
        for name, role in (("broker-1", "leader"), ("broker-2", "follower"))
    )
    return LensView("orders-0", True, "broker-1", 0, 0, 0, 26, empty, ())


def lens_behind() -> LensView:
    """The same failure, looked at further back in the log."""
    now = lens_mid_failure()
    return replace(now, first_offset=FIRST - 20, end_offset=END - 20)


MOMENTS = tuple(
    MomentView(number, round(time * SECOND), number * 900, kind, "orders-1", text, "pending")
    for number, time, kind, text in (
        (1, 5, "leader", "orders has leaders"), (2, 9.4, "group", "payments is stable"),
        (3, 28, "slow", "broker-3's disk is slow"), (4, 38.4, "isr", "broker-3 left the ISR"),
        (5, 38.9, "isr", "broker-3 left the ISR of orders-2"), (6, 52, "crash", "broker-1 crashed"),
    )
)  # fmt: skip


def spans() -> tuple[SpanView, ...]:
    """Two faults at the same time, elections, changes of the ISR, a rebalance."""
    return (
        SpanView("Groups", "payments", "rebalance · payments", 7 * SECOND, 9_400_000, "pending"),
        SpanView("Leaders", "orders-0", "leader", 5 * SECOND, 5 * SECOND, ""),
        SpanView("Faults", "broker-3", "slow disk · broker-3", 28 * SECOND, None, "pending"),
        SpanView("ISR", "orders-1", "isr", 38_400_000, 38_400_000, "pending"),
        SpanView("ISR", "orders-2", "isr", 38_600_000, 38_600_000, "pending"),
        SpanView("Faults", "broker-1", "crash · broker-1", 40 * SECOND, 50 * SECOND, "fail"),
        SpanView("Leaders", "orders-1", "leader", 41 * SECOND, 41 * SECOND, ""),
        SpanView("ISR", "orders-1", "isr+", 51 * SECOND, 51 * SECOND, "ok"),
    )


def timeline_with_two_branches(now: int = 42_180_000, *, current: str = "main") -> TimelineView:
    """A minute that was run to its end, looked at two thirds on; at 30 s another future was tried."""
    density = tuple(4 + (at * 7) % 9 + (12 if 150 < at < 170 else 0) for at in range(240))
    branches = tuple(
        BranchView(name, parent, fork, 60 * SECOND, name == current)
        for name, parent, fork in (("main", "", 0), ("acks=1", "main", 30 * SECOND))
    )
    return TimelineView(now, 60 * SECOND, MOMENTS, spans(), density, SECOND // 4, branches)


def empty_timeline() -> TimelineView:
    """A session that has just begun."""
    return TimelineView(0, 0, (), (), (), SECOND, (BranchView("main", "", 0, 0, True),))


@dataclass
class FailingSession(ScriptedSession):
    """The same minute as numbers: reading falls behind once the disk is slow."""

    sampled: bool = True

    def timeline_view(self, buckets: int) -> TimelineView:
        return replace(timeline_with_two_branches(self.now), latest=self.latest)

    def series(self, metric: str, by: str | None = None) -> dict[str, Any]:
        if not self.sampled:
            return {}
        seconds = np.arange(0, self.latest / SECOND, 0.25)
        late = np.maximum(seconds - 28, 0)
        known = {
            "records-in": {"": 720 + 60 * np.sin(seconds)},
            "records-out": {"": np.where(seconds > 28, 400.0, 700 + 50 * np.sin(seconds))},
            "records-lag": {f"payments orders-{at}": 3 + np.sin(seconds + at) + late * at for at in range(3)},
            "under-replicated-partitions": {"": np.where(seconds > 38.4, 3.0, 0.0)},
        }.get(metric, {})
        if metric == "records-lag" and by == "group":
            known = {"payments": sum(known.values())}
        if metric == "under-replicated-partitions" and by == "partition":
            known = {f"orders-{at}": known[""] / 3 for at in range(6)}
        if metric in ("records-in", "records-out") and by not in (None, "total"):
            known = {f"orders-{at}": known[""] * share for at, share in enumerate((0.5, 0.3, 0.2))}
        return {label: (seconds, values) for label, values in known.items()}


# --- the matrix -----------------------------------------------------------------------------------

CONTROLLER = ControllerView("controller-1", "running", "", 0, 0, True)


def cluster_mid_failure() -> ClusterView:
    """Five brokers, one in each state a broker can be in trouble; two groups, one of them rebalancing."""
    states = (("running", ""), ("slow", "disk ×3000"), ("frozen", ""), ("crashed", ""), ("partitioned", ""))
    brokers = tuple(
        BrokerView(f"broker-{at}", at, state, note, 39_000, None, 0, 1) for at, (state, note) in enumerate(states, 1)
    )
    partitions = tuple(
        partition_of(at, leader, out) for at, (leader, out) in enumerate(((1, 4), (2, 5), (1, 3), (2, 0)))
    )
    producers = (
        ProducerView("checkout", "orders", "all", 100, "running", 0, 900, 0, 0),
        ProducerView("web-shop", "orders", "1", 40, "crashed", 0, 300, 0, 0),
    )
    members = (
        MemberView("payments-a", "consuming", ("orders-0", "orders-1"), 2, ""),
        MemberView("payments-b", "consuming", ("orders-2", "orders-3"), 2, ""),
    )
    waiting = (MemberView("audit-a", "joining", (), 0, ""),)
    groups = (
        GroupView("payments", "Stable", 3, "broker-1", members, 1_206, 3),
        GroupView("audit", "PreparingRebalance", 8, "broker-2", waiting, 6, 1),
    )
    links = (LinkView("checkout", "broker-2", "slow", "+40 ms"),)
    return ClusterView(42_180_000, brokers, (CONTROLLER,), partitions, producers, groups, links)


def partition_of(index: int, leader: int, out: int) -> PartitionView:
    """A partition on brokers 1 to 5; of them `leader` leads, and `out` has left the ISR."""
    end = (1_047, 98, 12_345, 7)[index]
    recent = tuple((KEYS[at], at < 6) for at in range(min(8, end)))
    replicas = tuple(
        ReplicaView(
            f"broker-{at}", "leader" if at == leader else "offline" if at == 4 else "follower", at != out,
            end, end - 2, 11 if at == out else 0, recent,
        )
        for at in range(1, 6)
    )  # fmt: skip
    in_sync = tuple(one.broker for one in replicas if one.in_sync)
    return PartitionView(f"orders-{index}", "orders", index, f"broker-{leader}", 7, in_sync, replicas, end - 2)


def flights_mid_failure() -> tuple[FlightView, ...]:
    """Each kind of message, and one that is held before the frozen broker."""
    now = 42_180_000
    ways = (
        ("checkout", "broker-1", "record", "orders-0", 0.2), ("checkout", "broker-1", "record", "orders-0", 0.6),
        ("broker-1", "checkout", "ack", "orders-0", 0.4), ("broker-1", "broker-2", "replica", "orders-0", 0.5),
        ("broker-2", "broker-1", "replica", "orders-1", 0.7), ("broker-1", "payments-a", "record", "orders-0", 0.5),
        ("broker-2", "payments-b", "record", "orders-3", 0.3),
    )  # fmt: skip
    moving = tuple(
        FlightView(
            source, target, kind, now - round(share * 300_000), now + round((1 - share) * 300_000), False, at, 1, 9
        )
        for source, target, kind, at, share in ways
    )
    return (*moving, FlightView("checkout", "broker-3", "record", now - 90_000, now, True, "orders-2", 1, 9))
