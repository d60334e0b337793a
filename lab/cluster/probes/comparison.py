"""Comparison: two worlds side by side at one instant: what stands in their logs, offsets and ledgers, and what differs.

Two futures of one past have the same names, so a row is found by its name. Records are compared by their birth, which
the ledger knows: the same letter at the same offset may be another record.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import image_of
from lab.cluster.figures import grouped
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.probes.lens import cells
from lab.cluster.probes.topology import Cluster, leading_replica
from lab.cluster.probes.truth import Truth
from lab.cluster.probes.views import CellView
from lab.env import Micros
from lab.env.vec import Vec
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

CELLS = 30
BEFORE = 8
"""So many offsets before the first that differs are shown with it."""
NOTHING = "–"
LEDGER = "Ledger"
"""Its rows come in the order of a record's life; all others by name."""
DEEDS_MAX = 3
WORDS_MAX = 3


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """The same thing on both sides, cell by cell."""

    name: str
    one: tuple[str, ...]
    other: tuple[str, ...]

    def differs(self, at: int) -> bool:
        """Whether a cell is not the same on both sides."""
        return self.one[at] != self.other[at]


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """Rows of one kind under a heading, with the names of their cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[ComparedRow, ...]


@dataclass(frozen=True, slots=True)
class ComparedLogs:
    """The leaders' logs of a partition from `first_offset` on, `cells` offsets of each. `parting`: the first offset at
    which another record stands, -1 if as far as both reach there is none. `strangers`: all such that are shown.
    """

    partition: str
    first_offset: int
    cells: int
    one: tuple[CellView, ...]
    other: tuple[CellView, ...]
    parting: int
    strangers: frozenset[int]


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One of the futures: its branch, the instant at which it stands, and what was done in it since the fork."""

    branch: str
    time: Micros
    deeds: tuple[tuple[Micros, str], ...]


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Two sides, what differs between them in words and in tables, and one partition's logs."""

    one: ComparedSide
    other: ComparedSide
    forked_at: Micros
    words: tuple[str, ...]
    parts: tuple[ComparedPart, ...]
    logs: ComparedLogs | None


def compare_worlds(
    one: World, other: World, sides: tuple[ComparedSide, ComparedSide], forked_at: Micros, partition: str
) -> ComparisonView:
    """The view; `partition` is the one whose logs are shown."""
    parts = (_partitions(one, other), _offsets(one, other), _groups(one, other), _ledger(one, other))
    logs = _logs(one, other, partition)
    words = (*_words(sides, parts), *_log_words(logs))
    return ComparisonView(*sides, forked_at, words or ("At this instant they are alike.",), parts, logs)


# --- tables ---------------------------------------------------------------------------------------


def _joined(
    title: str, columns: tuple[str, ...], one: dict[str, tuple[str, ...]], other: dict[str, tuple[str, ...]]
) -> ComparedPart:
    nothing = (NOTHING,) * len(columns)
    names = dict.fromkeys((*one, *other)) if title == LEDGER else sorted({**one, **other})
    rows = tuple(ComparedRow(name, one.get(name, nothing), other.get(name, nothing)) for name in names)
    return ComparedPart(title, columns, rows)


def _partitions(one: World, other: World) -> ComparedPart:
    def rows(world: World) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for view in Cluster()(world).partitions:
            end = next((each.log_end_offset for each in view.replicas if each.broker == view.leader), -1)
            brokers = sorted(int(name.removeprefix("broker-")) for name in view.in_sync_replicas)
            in_sync = ", ".join(str(one) for one in brokers) or NOTHING
            marks = (grouped(view.high_watermark), grouped(end) if end >= 0 else NOTHING)
            found[view.name] = (view.leader or "nobody", str(view.leader_epoch), in_sync, *marks)
        return found

    return _joined("Partitions", ("leader", "epoch", "ISR", "HW", "LEO"), rows(one), rows(other))


def _offsets(one: World, other: World) -> ComparedPart:
    def rows(world: World) -> dict[str, tuple[str, ...]]:
        return {
            f"{group} {partition}": tuple(
                grouped(offset) if offset >= 0 else NOTHING for offset in (progress.committed, progress.position)
            )
            for group, history in ledger_of(world).groups.items()
            for partition, progress in history.partitions.items()
        }

    return _joined("Offsets of the groups", ("committed", "position"), rows(one), rows(other))


def _groups(one: World, other: World) -> ComparedPart:
    def rows(world: World) -> dict[str, tuple[str, ...]]:
        truths = {each.group: each for each in Truth()(world).groups}
        found: dict[str, tuple[str, ...]] = {}
        for view in Cluster()(world).groups:
            truth = truths.get(view.name)
            counts = (truth.done, truth.duplicates, truth.skipped) if truth is not None else (0, 0, 0)
            lag = (grouped(view.lag), *(grouped(count) for count in counts))
            found[view.name] = (view.state or NOTHING, str(view.generation), *lag)
        return found

    columns = ("state", "generation", "lag", "done", "done twice", "skipped")
    return _joined("Groups", columns, rows(one), rows(other))


def _ledger(one: World, other: World) -> ComparedPart:
    def rows(world: World) -> dict[str, tuple[str, ...]]:
        view = Truth()(world)
        names = ("born", "acked", "failed", "unknown", "stored", "visible", "lost", "ghost", "duplicates")
        return {name: (grouped(getattr(view, name)),) for name in names}

    return _joined(LEDGER, ("records",), rows(one), rows(other))


# --- logs -----------------------------------------------------------------------------------------


def _logs(one: World, other: World, name: str) -> ComparedLogs | None:
    partition = partition_of(name)
    if partition is None:
        return None
    births = [ledger_of(world).partition(partition) for world in (one, other)]
    shared = min(truth.log_end_offset for truth in births)
    parting = _parting(births[0].births, births[1].births, shared)
    newest = max(truth.log_end_offset for truth in births)
    first = max(0, (parting - BEFORE) if parting >= 0 else newest - CELLS + 2)
    end = first + CELLS
    strangers = frozenset(
        at for at in range(first, min(end, shared)) if births[0].births[at] != births[1].births[at]
    )  # fmt: skip
    mine, theirs = (_cells(world, partition, first, end) for world in (one, other))
    return ComparedLogs(name, first, CELLS, mine, theirs, parting, strangers)


def _parting(one: Vec[str | None], other: Vec[str | None], shared: int) -> int:
    """The first offset below `shared` at which they differ, -1 for none. From there on nothing grows together again,
    since each leader goes on writing; so it is found by halving.
    """
    low, high = 0, shared
    while low < high:
        middle = (low + high) // 2
        if one[middle] == other[middle]:
            low = middle + 1
        else:
            high = middle
    return low if low < shared else -1


def _cells(world: World, partition: TopicPartition, first: int, end: int) -> tuple[CellView, ...]:
    state = image_of(world).partition(partition)
    replica = leading_replica(world, state) if state is not None else None
    return cells(replica.log, first, end) if replica is not None else ()


# --- in words -------------------------------------------------------------------------------------


def _words(sides: tuple[ComparedSide, ComparedSide], parts: Iterable[ComparedPart]) -> tuple[str, ...]:
    """What a person would say first: losses, leaders, lags, what was done twice."""
    partitions, _, groups, ledger = parts
    return (
        *_told(ledger, "records", sides, ("lost", "ghost"), "{name} records: {one} in {a}, {other} in {b}."),
        *_told(partitions, "leader", sides, None, "{name} is led by {one} in {a}, by {other} in {b}."),
        *_told(groups, "lag", sides, None, "{name} lags {one} behind in {a}, {other} in {b}."),
        *_told(groups, "done twice", sides, None, "{name} did {one} records twice in {a}, {other} in {b}."),
    )


def _told(
    part: ComparedPart, column: str, sides: tuple[ComparedSide, ComparedSide], names: tuple[str, ...] | None, text: str
) -> tuple[str, ...]:
    at = part.columns.index(column)
    rows = [row for row in part.rows if row.differs(at) and (names is None or row.name in names)]
    said = [
        text.format(name=row.name, one=row.one[at], other=row.other[at], a=sides[0].branch, b=sides[1].branch)
        for row in rows[:WORDS_MAX]
    ]
    if len(rows) > WORDS_MAX:
        said.append(f"So it is with {len(rows) - WORDS_MAX} more.")
    return tuple(said)


def _log_words(logs: ComparedLogs | None) -> tuple[str, ...]:
    if logs is None or logs.parting < 0:
        return ()
    return (f"From offset {grouped(logs.parting)} on other records stand in {logs.partition}.",)
