"""PartitionLens: the replicas of one partition on one offset axis, and the groups that read it."""

from dataclasses import dataclass, replace

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import group_kind, image_of
from lab.cluster.ledger.group_history import Progress
from lab.cluster.ledger.truth import PartitionTruth
from lab.cluster.lookup.parts import broker_at, ledger_of
from lab.cluster.probes.islands import cut_off
from lab.cluster.probes.letters import category_of, kind_of_record, letter_of
from lab.cluster.probes.share import share_runs
from lab.cluster.probes.topology import group_names, machine_state
from lab.cluster.probes.transactions import PartitionTransactions, PartitionTransactionsView
from lab.cluster.probes.views import CellView, LensGroupView, LensReplicaView, LensView
from lab.env import Micros
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import RecordBatch
from lab.world.world import World

ROOM = 3
"""Empty offsets to the right of the newest record, for the marks that stand there."""
LOOK_BACK = 100
"""Offsets before the window in which a transaction may have begun whose end is in the window: a log says of a committed
one only where it ended.
"""


@dataclass(frozen=True, slots=True)
class PartitionLens:
    """`cells` offsets up to `end_offset`, or up to the newest."""

    partition: str
    end_offset: int | None = None
    cells: int = 26

    def __call__(self, world: World) -> LensView:
        """The answer."""
        name = partition_of(self.partition)
        state = image_of(world).partition(name) if name is not None else None
        if name is None or state is None:
            return LensView(self.partition, False, "", -1, 0, 0, 0, (), ())
        truth = ledger_of(world).partition(name)
        logs = self._logs(world, state)
        newest = max((log.log_end_offset for log in logs.values()), default=truth.log_end_offset)
        end = min(self.end_offset, newest) if self.end_offset is not None else newest
        first = max(0, end - self.cells + ROOM)
        high_watermark = truth.high_watermark
        leader = logs.get(state.leader_id)
        if leader is not None:
            high_watermark = leader.high_watermark
        right = first + self.cells  # scrolled back, the room at the right shows records as well
        rows = tuple(self._row(world, state, one, logs.get(one), first, right, newest) for one in self._order(state))
        groups = tuple(
            row for place, group in enumerate(group_names(world))
            if (row := _group_row(world, state, truth, group, (3 + place) % 8, first, right)) is not None
        )  # fmt: skip
        transactions = None
        if leader is not None and leader.producers.transactional:
            transactions = self._transactions(world, first, right)
        leader_name = f"broker-{state.leader_id}" if state.leader_id >= 0 else ""
        return LensView(
            self.partition,
            True,
            leader_name,
            state.leader_epoch,
            high_watermark,
            first,
            first + self.cells,
            rows,
            groups,
            transactions,
        )

    def _transactions(self, world: World, first: int, end: int) -> PartitionTransactionsView:
        view = PartitionTransactions(self.partition, max(0, first - LOOK_BACK), end)(world)
        return replace(view, transactions=tuple(one for one in view.transactions if one.end > first))

    def _order(self, state: PartitionState) -> list[int]:
        """The leader first, then the others as they are assigned."""
        return sorted(state.replicas, key=lambda one: one != state.leader_id)

    def _logs(self, world: World, state: PartitionState) -> dict[int, UnifiedLog]:
        found: dict[int, UnifiedLog] = {}
        for broker_id in state.replicas:
            broker = broker_at(world, f"broker-{broker_id}")
            partition = broker.partitions.get(state.partition) if broker is not None else None
            if partition is not None:
                found[broker_id] = partition.log
        return found

    def _row(
        self,
        world: World,
        state: PartitionState,
        broker_id: int,
        log: UnifiedLog | None,
        first: int,
        end: int,
        newest: int,
    ) -> LensReplicaView:
        name = f"broker-{broker_id}"
        machine = machine_state(world, name, cut_off(world))
        in_sync = broker_id in state.isr
        if log is None:
            return LensReplicaView(name, "offline", machine, in_sync, 0, state.leader_epoch, 0, -1, -1, -1, ())
        role = "leader" if broker_id == state.leader_id else "follower"
        return LensReplicaView(
            name, role, machine, in_sync, max(0, newest - log.log_end_offset), max(log.epochs.latest, 0),
            log.log_start_offset, log.log_end_offset, log.high_watermark, log.flushed_offset(),
            cells(log, first, end),
        )  # fmt: skip


def cells(log: UnifiedLog, first: int, end: int) -> tuple[CellView, ...]:
    """What stands at each offset of a window; offsets that compaction emptied are gaps."""
    start = max(first, log.log_start_offset)
    batches = log.read(start, 1 << 30, min(end, log.log_end_offset)) if start < end else ()
    found: list[CellView] = []
    expected = start
    if not isinstance(batches, tuple):
        return ()
    for batch in batches:
        ending = _ending(batch) if batch.is_control else ""
        corrupt, records = not batch.valid_crc(), batch.readable()
        if corrupt and not records:
            unreadable = range(max(batch.base_offset, start), min(batch.next_offset, end))
            found += [CellView(at, "", -1, at < log.high_watermark, corrupt=True) for at in unreadable]
            expected = batch.next_offset
        for record in records:
            if not start <= record.offset < end:
                continue
            found += [CellView(gap, "", -1, True, "gap") for gap in range(expected, record.offset)]
            committed = record.offset < log.high_watermark
            kind = kind_of_record(record, batch.is_control)
            letter, category = (ending, -1) if batch.is_control else (letter_of(record.key), category_of(record.key))
            found.append(CellView(record.offset, letter, category, committed, kind, corrupt))
            expected = record.offset + 1
    return tuple(found)


def _ending(batch: RecordBatch) -> str:
    """How a control batch ends a transaction: C or A; "" for a control record of another kind."""
    marker = read_marker(batch)
    return "" if marker is None else "C" if marker.commit else "A"


def _group_row(
    world: World, state: PartitionState, truth: PartitionTruth, group: str, category: int, first: int, end: int
) -> LensGroupView | None:
    history = ledger_of(world).groups.get(group)
    progress = history.partitions.get(state.partition) if history is not None else None
    if progress is None:
        return None
    lag = max(0, truth.high_watermark - max(progress.committed, truth.log_start_offset, 0))
    in_hand = max(0, progress.position - max(progress.committed, 0)) if progress.position >= 0 else 0
    note = f"{in_hand} in flight" if in_hand else "caught up" if lag == 0 else ""
    shared = group_kind(world, group) == "share"
    return LensGroupView(
        group,
        category,
        progress.member,
        progress.committed,
        progress.position,
        lag,
        time_lag(world, truth, progress),
        note,
        shared,
        share_runs(world, group, state.partition, first, end) if shared else (),
    )


def time_lag(world: World, truth: PartitionTruth, progress: Progress) -> Micros:
    """How long ago the oldest visible record that the group has not committed was appended."""
    oldest = max(progress.committed, truth.log_start_offset, 0)
    if oldest >= min(truth.high_watermark, truth.log_end_offset):
        return 0
    return max(0, world.now - truth.time_at(oldest))
