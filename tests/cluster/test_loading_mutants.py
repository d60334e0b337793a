"""Lies about what a broker reads back when it starts: each is found by the claim that it breaks.

As in test_mutants.py, with plans of their own: most stories end before a power loss has torn an index that matters.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, PowerOff, Restart, Stop
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec, TransactionSpec
from lab.env import Disk, seconds
from lab.kafka.log import loader, producer_snapshots
from lab.kafka.log.producer_state import ProducerState
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.records import RecordBatch
from tests.mutants import Mutant, in_plan, name_of, of_plan

Patch = pytest.MonkeyPatch


def snapshot_leaves_a_producer_out(patch: Patch) -> None:
    def encoded(producers: ProducerState) -> bytes:
        left: Any = ProducerState()
        left.entries = dict(list(producers.entries.items())[1:])
        return honest(left)

    honest = producer_snapshots.encoded
    patch.setattr(producer_snapshots, "encoded", encoded)


def snapshot_forgets_where_transactions_began(patch: Patch) -> None:
    def decoded(data: bytes) -> Any:
        found = honest(data)
        return None if found is None else [one._replace(first_offset=-1) for one in found]

    honest = producer_snapshots.decoded
    patch.setattr(producer_snapshots, "decoded", decoded)


def records_behind_the_snapshot_are_not_read(patch: Patch) -> None:
    def newest(log: UnifiedLog) -> int:
        honest(log)
        return log.log_end_offset

    honest = producer_snapshots._read_newest
    patch.setattr(producer_snapshots, "_read_newest", newest)


def damaged_snapshot_is_believed(patch: Patch) -> None:
    """A torn one tells of no producer; and it is torn, because it was never flushed."""

    def take(log: UnifiedLog, offset: int) -> None:
        path = producer_snapshots.path_of(log.folder, offset)
        if offset > log.log_start_offset and not log.disk.exists(path):
            log.disk.append(path, producer_snapshots.encoded(log.producers))

    honest = producer_snapshots.decoded
    patch.setattr(producer_snapshots, "decoded", lambda data: honest(data) or [])
    patch.setattr(producer_snapshots, "take", take)


def index_is_believed_though_stale(patch: Patch) -> None:
    """After a crash the batches are checked, and the indexes stay what the power loss has left of them."""

    def rebuild(self: LogSegment, disk: Disk, interval_bytes: int, *, checked: bool) -> Iterator[RecordBatch]:
        path = self.file(".index")
        stale = disk.read(path, 0, disk.size(path) // 8 * 8) if disk.exists(path) else None
        yield from honest(self, disk, interval_bytes, checked=checked)
        if stale is not None:
            disk.write(path, stale)

    honest = LogSegment.rebuild
    patch.setattr(LogSegment, "rebuild", rebuild)


def dates_are_forgotten_at_start(patch: Patch) -> None:
    """The youngest record is the one that the time index named first."""

    def note(self: LogSegment, disk: Disk, position: int) -> None:
        batch = self.batch_at(disk, 0)
        self.max_timestamp_ms, self.max_timestamp_offset = batch.max_timestamp_ms, batch.last_offset

    patch.setattr(LogSegment, "_note_newest", note)


def recovery_leaves_aborts_out_of_the_index(patch: Patch) -> None:
    def recover(log: UnifiedLog, segment: LogSegment) -> bool:
        sound = honest(log, segment)
        loader.cut_aborted(log.disk, segment.stem, 0)
        return sound

    honest = loader._recover
    patch.setattr(loader, "_recover", recover)


# --- where it shows -------------------------------------------------------------------------------

SMALL = (("segment.bytes", "6000"), ("index.interval.bytes", "200"))
SPEC = ClusterSpec(
    seed=1, brokers=1, topics=(TopicSpec("orders", 1, 1, SMALL),),
    broker_config=(("offsets.topic.num.partitions", "1"), ("log.flush.offset.checkpoint.interval.ms", "1000")),
    producers=(ProducerSpec("web", "orders", 10), ProducerSpec("shop", "orders", 5, count=20)),
)  # fmt: skip


def planned(spec: ClusterSpec, *deeds: tuple[int, Any]) -> Plan:
    return Plan(1, spec, tuple((seconds(at), deed) for at, deed in deeds))


RESTARTS = planned(
    SPEC, (7, Stop("broker-1")), (9, Restart("broker-1")), (16, Crash("broker-1")), (18, Restart("broker-1"))
)  # fmt: skip
"""A broker ends cleanly and comes back, and later is killed and comes back."""
POWER = planned(
    SPEC, *((at, deed) for start in range(7, 90, 12)
            for at, deed in ((start, PowerOff(("broker-1",))), (start + 3, Restart("broker-1"))))
)  # fmt: skip
"""The power goes again and again: chance decides each time what of the open segment and its indexes is left."""
CUT = planned(
    replace(SPEC, brokers=2, topics=(TopicSpec("orders", 1, 2, SMALL),)),
    (10, CutLink("broker-1", "broker-2")), (12, Crash("broker-1")), (13, HealLink("broker-1", "broker-2")),
    (14, Restart("broker-1")),
)  # fmt: skip
"""What the leader had written for nobody but itself is cut when it comes back as a follower."""
PAYING = replace(
    SPEC,
    producers=(
        ProducerSpec(
            "bank", "orders", 20, config=(("transactional.id", "bank"),),
            transaction=TransactionSpec(commit_every=15, abort_every=2),
        ),
    ),
    broker_config=(*SPEC.broker_config, ("transaction.state.log.num.partitions", "1")),
)  # fmt: skip
TRANSACTIONS = planned(
    PAYING, *((at, deed) for start in (7, 13, 19, 25)
              for at, deed in ((start, Stop("broker-1")), (start + 2, Restart("broker-1")),
                               (start + 4, Crash("broker-1")), (start + 5, Restart("broker-1"))))
)  # fmt: skip
"""Of the transactions every second is aborted, and their broker comes and goes in the midst of them."""

PRODUCERS = "a log that was loaded or cut knows its producers as its records tell of them"
INDEXES = "what a loaded log finds by its indexes is what a scan finds"

MUTANTS: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    (snapshot_leaves_a_producer_out, RESTARTS, PRODUCERS),
    (snapshot_forgets_where_transactions_began, TRANSACTIONS, PRODUCERS),
    (records_behind_the_snapshot_are_not_read, CUT, PRODUCERS),
    (damaged_snapshot_is_believed, POWER, PRODUCERS),
    (index_is_believed_though_stale, POWER, INDEXES),
    (dates_are_forgotten_at_start, RESTARTS, INDEXES),
    (recovery_leaves_aborts_out_of_the_index, TRANSACTIONS, PRODUCERS),
)

HUNTED = tuple(Mutant(lie, claim, in_plan(drawn)) for lie, drawn, claim in MUTANTS)


@pytest.mark.parametrize(
    "drawn", [RESTARTS, POWER, CUT, TRANSACTIONS], ids=["restarts", "power", "cut", "transactions"]
)
def test_without_a_lie_the_plan_holds(drawn: Plan):
    assert of_plan(drawn) == ""


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_a_start_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
