"""Lies about share groups put into the engine on purpose: each is found, and by the claim that it breaks.

All in one plan under a few seeds, which has what each of them needs: workers that freeze and are cut off, records that
always fail, leaders and coordinators that crash, one that is replaced without knowing, and a time in which nothing can
be written. The group's name puts the state of orders-0 on another broker than orders-0.
"""

from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart, Thaw
from lab.cluster.actions.network import HealLink, Isolate, Rejoin, SlowLink
from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka.broker.share import partition as share_partition
from lab.kafka.broker.share.in_flight import ACQUIRED, ARCHIVED, InFlightBatch, InFlightRecords
from lab.kafka.broker.share.leader import ShareLeader
from lab.kafka.broker.share.partition import Limits, SharePartition
from lab.kafka.broker.share.states import ShareStates
from lab.kafka.coordinator.share_state import ShareState
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_state import StateBatch
from lab.kafka.protocol.records import RecordBatch
from tests.mutants import Mutant, in_seeds, name_of

Patch = pytest.MonkeyPatch
ONE_HOLDER = "a record is acquired by one member at a time"
LIMIT = "no record is delivered more often than the limit"
NOTHING_LEFT_OUT = "a share group leaves no record out, and does no accepted one again"
NO_REST = "no rest"
SEEDS = (3, 1, 2, 4)
"""Tried in turn: what a lie needs to be heard is a matter of milliseconds."""


def restless(seed: int) -> Plan:
    """Three brokers, three workers; a key that always fails; half a minute of trouble."""
    config = (
        ("group.share.auto.offset.reset", "earliest"), ("group.share.record.lock.duration.ms", "3000"),
        ("group.share.delivery.count.limit", "3"), ("group.share.heartbeat.interval.ms", "1000"),
        ("group.share.session.timeout.ms", "6000"), ("offsets.topic.num.partitions", "1"),
        ("share.coordinator.state.topic.num.partitions", "2"), ("replica.lag.time.max.ms", "2000"),
    )  # fmt: skip
    reading = (("share.acknowledgement.mode", "explicit"), ("max.poll.records", "3"), ("request.timeout.ms", "2000"))
    spec = ClusterSpec(
        seed=seed, brokers=3, topics=(TopicSpec("orders", 2, 3),), broker_config=config,
        producers=(ProducerSpec("shop", "orders", 12, "cycle:4", config=(("request.timeout.ms", "2000"),)),),
        share_consumers=tuple(
            ShareConsumerSpec(f"worker-{number}", "hands", ("orders",), 30_000, poison, config=reading)
            for number, poison in enumerate(("A", "A", ""))
        ),
    )  # fmt: skip
    deeds = (
        (7, Freeze("broker-1")),
        (19, Thaw("broker-1")),
        (23, Crash("broker-2")),
        (26, Restart("broker-2")),
        (30, Isolate("broker-3")),
        (41, Rejoin("broker-3")),
        (44, Freeze("broker-1")),
        (56, Thaw("broker-1")),
        (58, Freeze("worker-0")),
        (62, Thaw("worker-0")),
        *(deed for node in (1, 3) for deed in ((64, Crash(f"broker-{node}")), (84, Restart(f"broker-{node}")))),
        (92, Crash("broker-2")),
        (96, Restart("broker-2")),
        *((104, SlowLink("worker-1", f"broker-{node}", 2_500)) for node in (1, 2, 3)),
        *((108, HealLink("worker-1", f"broker-{node}")) for node in (1, 2, 3)),
    )
    return Plan(seed, spec, tuple(sorted(((seconds(at), deed) for at, deed in deeds), key=lambda one: one[0])))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_holds(seed: int):
    assert fuzz.Run(restless(seed)).failure() is None


# --- at the leader --------------------------------------------------------------------------------


def acquisition_lock_never_expires(patch: Patch) -> None:
    patch.setattr(SharePartition, "expire", lambda self, env, limits: False)
    patch.setattr(SharePartition, "next_deadline", lambda self: None)
    patch.setattr(fuzz, "REST_WITHIN_S", 20)


def delivery_count_is_not_raised(patch: Patch) -> None:
    def acquired(self: SharePartition, env: Env, run: InFlightBatch, *rest: Any) -> Any:
        run.delivery_count = max(0, run.delivery_count - 1)
        return honest(self, env, run, *rest)

    honest = SharePartition._acquired  # pyright: ignore[reportPrivateUsage]
    patch.setattr(SharePartition, "_acquired", acquired)


def limit_is_not_looked_at(patch: Patch) -> None:
    def begin_move(self: SharePartition, run: InFlightBatch, state: int, reason: str, limits: Limits) -> StateBatch:
        return honest(self, run, state, reason, Limits(1 << 15, limits.lock, limits.record_locks))

    honest = SharePartition._begin_move  # pyright: ignore[reportPrivateUsage]
    patch.setattr(SharePartition, "_begin_move", begin_move)


def acquired_records_are_given_away_again(patch: Patch) -> None:
    def acquire(self: SharePartition, *asked: Any) -> Any:
        for run in self.in_flight.runs:
            if run.state == ACQUIRED and run.moving_to is None:
                run.state = 0
        return honest(self, *asked)

    honest = SharePartition.acquire
    patch.setattr(SharePartition, "acquire", acquire)


def anybody_may_acknowledge(patch: Patch) -> None:
    patch.setattr(InFlightRecords, "held_by", lambda self, member_id, first, end: end <= self.end_offset)


def records_are_acquired_before_they_are_committed(patch: Patch) -> None:
    def following(log: Any, offset: int) -> RecordBatch | None:
        found = log.read(offset, 0, log.log_end_offset)
        return found[0] if isinstance(found, tuple) and found else None

    patch.setattr(share_partition, "_next", following)


def start_offset_passes_over_what_came_back(patch: Patch) -> None:
    def tidy(self: InFlightRecords) -> None:
        for run in self.runs:
            if run.state != ACQUIRED and run.moving_to is None:
                run.state = ARCHIVED
        honest(self)

    honest = InFlightRecords.tidy
    patch.setattr(InFlightRecords, "tidy", tidy)


def acknowledged_before_it_is_written(patch: Patch) -> None:
    def save(self: ShareLeader, broker: Any, env: Env, shared: SharePartition) -> None:
        for saving in shared.unsaved:
            shared.written(env, saving, ErrorCode.NONE)
            waiting = self.acknowledging.get(saving.number)
            if waiting is not None:
                waiting.left -= 1
        shared.unsaved = []

    patch.setattr(ShareLeader, "_save", save)


def new_leader_begins_where_the_last_one_ended(patch: Patch) -> None:
    def restore(self: SharePartition, env: Env, state_epoch: int, start: int, batches: Any, *, initial: bool) -> None:
        end = max((one.last_offset + 1 for one in batches), default=start)
        honest(self, env, state_epoch, end, (), initial=initial)

    honest = SharePartition.restore
    patch.setattr(SharePartition, "restore", restore)


# --- at the share coordinator ---------------------------------------------------------------------


def state_is_lost_when_the_coordinator_moves(patch: Patch) -> None:
    patch.setattr(ShareStates, "on_leader", lambda self, partition: self.shards.update({partition.partition: {}}))


def replaced_leader_may_write(patch: Patch) -> None:
    def write(
        self: ShareStates, broker: Any, env: Env, name: Any, key: Any, known: ShareState | None, *rest: Any
    ) -> Any:
        if known is not None:
            known.leader_epoch = -1
        return honest(self, broker, env, name, key, known, *rest)

    honest = ShareStates._write  # pyright: ignore[reportPrivateUsage]
    patch.setattr(ShareStates, "_write", write)


def updates_are_not_read_back(patch: Patch) -> None:
    patch.setattr(ShareState, "updated", lambda self, update: self)


MUTANTS = (
    (acquisition_lock_never_expires, NO_REST),
    (delivery_count_is_not_raised, LIMIT),
    (limit_is_not_looked_at, LIMIT),
    (acquired_records_are_given_away_again, ONE_HOLDER),
    (anybody_may_acknowledge, ONE_HOLDER),
    (records_are_acquired_before_they_are_committed, ONE_HOLDER),
    (start_offset_passes_over_what_came_back, NOTHING_LEFT_OUT),
    (acknowledged_before_it_is_written, NOTHING_LEFT_OUT),
    (new_leader_begins_where_the_last_one_ended, NOTHING_LEFT_OUT),
    (state_is_lost_when_the_coordinator_moves, NOTHING_LEFT_OUT),
    (replaced_leader_may_write, NOTHING_LEFT_OUT),
    (updates_are_not_read_back, NOTHING_LEFT_OUT),
)

HUNTED = tuple(Mutant(lie, claim, in_seeds(SEEDS, restless)) for lie, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_share_groups_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
