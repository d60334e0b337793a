"""PartitionTransactions: the transactions of one partition on its axis of offsets, and how they ended."""

from dataclasses import dataclass

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import image_of
from lab.cluster.lookup.coordination import all_transactions
from lab.cluster.lookup.parts import broker_at
from lab.kafka.log.transactions import TransactionState
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import RecordBatch
from lab.world.world import World

OPEN, COMMITTED, ABORTED = "open", "committed", "aborted"


@dataclass(frozen=True, slots=True)
class TransactionView:
    """One bracket: offsets from `first` to one before `end`; `marker` -1 while it is open. `records` are its own, since
    others may stand between. `name`: its transactional id, "" if no coordinator knows its producer any more.
    """

    name: str
    producer_id: int
    producer_epoch: int
    state: str
    first: int
    end: int
    marker: int
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PartitionTransactionsView:
    """What the leader's log says. `open_since_ms`: for how long the oldest open transaction has been open, -1 if its
    coordinator does not know; `timeout_ms`: after how long it is aborted.
    """

    partition: str
    last_stable_offset: int
    high_watermark: int
    transactions: tuple[TransactionView, ...]
    open_since_ms: int = -1
    timeout_ms: int = -1


@dataclass(frozen=True, slots=True)
class PartitionTransactions:
    """Those that reach into offsets `first` to `end`, as the leader has them; nothing without a leader."""

    partition: str
    first: int
    end: int

    def __call__(self, world: World) -> PartitionTransactionsView:
        """The answer."""
        name = partition_of(self.partition)
        state = image_of(world).partition(name) if name is not None else None
        broker = broker_at(world, f"broker-{state.leader_id}") if state is not None else None
        replica = broker.partitions.get(state.partition) if broker is not None and state is not None else None
        if replica is None:
            return PartitionTransactionsView(self.partition, 0, 0, ())
        log = replica.log
        names = {one.stored.producer_id: key for key, (_, one) in all_transactions(world).items()}
        found = self._brackets(log, names) if log.producers.transactional else ()
        since, timeout = self._oldest(world, found)
        return PartitionTransactionsView(
            self.partition, log.last_stable_offset, log.high_watermark, found, since, timeout
        )  # fmt: skip

    def _brackets(self, log: UnifiedLog, names: dict[int, str]) -> tuple[TransactionView, ...]:
        """From the first offset asked for, or where the oldest transaction that is open began, if earlier."""
        assert isinstance(log.producers, TransactionState)
        start = max(log.log_start_offset, min([self.first, *log.producers.open.values()]))
        batches = log.read(start, 1 << 30, log.log_end_offset)
        going: dict[int, list[RecordBatch]] = {}
        found: list[TransactionView] = []
        for batch in batches if isinstance(batches, tuple) else ():
            beyond = batch.base_offset >= self.end
            if beyond and not going:
                break
            marker = read_marker(batch) if batch.is_control else None
            if batch.is_transactional and not batch.is_control and not (beyond and batch.producer_id not in going):
                going.setdefault(batch.producer_id, []).append(batch)
            elif marker is not None and batch.producer_id in going:
                own = going.pop(batch.producer_id)
                found.append(_bracket(names, own, COMMITTED if marker.commit else ABORTED, batch))
        found += [_bracket(names, own, OPEN, None) for own in going.values()]
        inside = [one for one in found if one.end > self.first and one.first < self.end]
        return tuple(sorted(inside, key=lambda one: one.first))

    def _oldest(self, world: World, found: tuple[TransactionView, ...]) -> tuple[int, int]:
        oldest = next((one for one in found if one.state == OPEN), None)
        known = all_transactions(world).get(oldest.name) if oldest is not None else None
        if known is None or known[1].stored.started_ms < 0:
            return -1, -1
        stored = known[1].stored
        return max(0, world.epoch_ms + world.now // 1_000 - stored.started_ms), stored.timeout_ms


def _bracket(names: dict[int, str], own: list[RecordBatch], state: str, marker: RecordBatch | None) -> TransactionView:
    offsets = tuple(record.offset for batch in own for record in batch.readable())
    newest = own[-1]
    return TransactionView(
        names.get(newest.producer_id, ""), newest.producer_id, newest.producer_epoch, state, own[0].base_offset,
        marker.next_offset if marker is not None else newest.next_offset,
        marker.base_offset if marker is not None else -1, offsets,
    )  # fmt: skip
