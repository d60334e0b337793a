"""Lies put into the engine on purpose: each is found by the fuzz, and the claim that finds it is the one it breaks.

The seed is the first that finds it quickly; where the engine has changed so much that this seed tells another story,
a few others are tried. What random plans find too seldom has a plan of its own.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.machines import Crash, Freeze, Restart, Thaw
from lab.cluster.actions.network import CutLink, HealLink, SlowLink
from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Disk, Env, seconds
from lab.kafka import facts
from lab.kafka.broker import loading, offset_commits, replica_manager
from lab.kafka.broker.api import produce
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.fetching import Fetching
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.clients import assignors
from lab.kafka.clients.consumer.commits import Commits
from lab.kafka.clients.consumer.fetcher import Fetcher
from lab.kafka.controller import brokers, elections, isr
from lab.kafka.controller.controller import Controller
from lab.kafka.coordinator.group import Group
from lab.kafka.log import loader
from lab.kafka.log.producer_state import ProducerState
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import AppendInfo, UnifiedLog
from lab.kafka.metadata.image import NO_LEADER, MetadataImage, PartitionState
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import HEADER_SIZE, LOG_OVERHEAD, RecordBatch
from tests.mutants import Mutant, in_plan, in_seeds, name_of, of_plan

Patch = pytest.MonkeyPatch

# --- replication ----------------------------------------------------------------------------------


def high_watermark_ignores_the_pending_isr(patch: Patch) -> None:
    def fetched_by(self: Partition, env: Env, replica_id: int, *rest: Any) -> bool:
        grow = honest(self, env, replica_id, *rest)
        if replica_id in self.remotes:
            self.remotes[replica_id].eligible = False
        return grow

    honest = Partition.fetched_by
    patch.setattr(Partition, "fetched_by", fetched_by)
    patch.setattr(Partition, "maximal_isr", property(lambda self: self.in_sync_replicas))


def high_watermark_waits_for_a_majority(patch: Patch) -> None:
    def advance(self: Partition, env: Env) -> None:
        ends = sorted([self.log.log_end_offset, *(one.log_end_offset for one in self.remotes.values())])
        end = ends[(len(ends) - 1) // 2]
        if self.leading and end > self.log.high_watermark:
            self.log.set_high_watermark(end)
            fact = facts.HighWatermarkMoved(self.partition, end, self.log.log_end_offset, self.leader_epoch)
            env.tell(fact)

    patch.setattr(Partition, "_advance_high_watermark", advance)


def min_insync_replicas_is_ignored(patch: Patch) -> None:
    patch.setattr(Partition, "min_isr", property(lambda self: 1))
    patch.setattr(Partition, "_too_few_in_sync", lambda self: not self.in_sync_replicas)


def acks_all_is_answered_before_the_isr_has_it(patch: Patch) -> None:
    patch.setattr(produce, "_wait", lambda broker, request, context, response, required: response)


def leader_does_not_tell_where_logs_diverge(patch: Patch) -> None:
    patch.setattr(Fetching, "diverges", lambda self, partition, asked: None)


def old_leader_does_not_truncate_when_it_rejoins(patch: Patch) -> None:
    """It asks again and again where to cut: that is slow to watch, so it has to come to rest sooner."""

    def truncate(self: Partition, env: Env, offset: int) -> None:
        self.log.epochs.truncate_from_end(self.log.disk, offset)

    patch.setattr(Partition, "truncate", truncate)
    patch.setattr(fuzz, "REST_WITHIN_S", 20)


def follower_truncates_to_its_high_watermark(patch: Patch) -> None:
    """As before KIP-101."""

    def become_follower(self: Partition, env: Env, state: PartitionState) -> bool:
        changed = honest(self, env, state)
        if changed:
            self.truncate(env, self.log.high_watermark)
        return changed

    honest = Partition.become_follower
    patch.setattr(Partition, "become_follower", become_follower)


def new_leader_begins_at_its_high_watermark(patch: Patch) -> None:
    def become_leader(self: Partition, env: Env, state: PartitionState) -> None:
        if state.leader_epoch > self.leader_epoch:
            self.truncate(env, self.log.high_watermark)
        honest(self, env, state)

    honest = Partition.become_leader
    patch.setattr(Partition, "become_leader", become_leader)


def follower_believes_answers_from_another_epoch(patch: Patch) -> None:
    def take(self: Partition, env: Env, batch: RecordBatch) -> None:
        honest(self, env, replace_epoch(batch, self.leader_epoch))

    honest = Partition.append_as_follower
    patch.setattr(Partition, "append_as_follower", take)


def replace_epoch(batch: RecordBatch, epoch: int) -> RecordBatch:
    return batch.placed(batch.base_offset, epoch)


def follower_takes_its_log_end_for_the_high_watermark(patch: Patch) -> None:
    honest = Partition.follow_high_watermark
    patch.setattr(
        Partition, "follow_high_watermark", lambda self, env, mark: honest(self, env, self.log.log_end_offset)
    )


def isr_shrinks_without_the_controller(patch: Patch) -> None:
    def propose(self: Partition, isr: tuple[int, ...]) -> None:
        if len(isr) < len(self.in_sync_replicas):
            self.in_sync_replicas = isr
        else:
            honest(self, isr)

    honest = Partition.propose_isr
    patch.setattr(Partition, "propose_isr", propose)


def isr_grows_before_the_follower_has_caught_up(patch: Patch) -> None:
    def fetched_by(self: Partition, env: Env, replica_id: int, *rest: Any) -> bool:
        honest(self, env, replica_id, *rest)
        known = replica_id in self.remotes
        return known and replica_id not in self.in_sync_replicas and self.pending_isr is None

    honest = Partition.fetched_by
    patch.setattr(Partition, "fetched_by", fetched_by)


def stale_leader_epoch_may_fetch(patch: Patch) -> None:
    patch.setattr(Partition, "epoch_error", lambda self, current: ErrorCode.NONE)


# --- the controller -------------------------------------------------------------------------------


def unclean_elections_are_held_when_forbidden(patch: Patch) -> None:
    patch.setattr(Controller, "unclean_allowed", lambda self, topic: True)


def unclean_elections_are_not_called_so(patch: Patch) -> None:
    def elect(image: MetadataImage, state: PartitionState, *rest: Any, **more: Any) -> Any:
        record = honest(image, state, *rest, **more)
        if record.leader == NO_LEADER:
            active = [one for one in state.replicas if one != more.get("without") and image.is_active(one)]
            if active:
                return replace(record, leader=active[0], isr=active[:1])
        return record

    honest = elections.elect
    patch.setattr(elections, "elect", elect)


def fenced_brokers_are_elected(patch: Patch) -> None:
    patch.setattr(MetadataImage, "is_active", lambda self, broker_id: broker_id in self.brokers)


def leader_epoch_stays_when_the_leader_changes(patch: Patch) -> None:
    def changed(self: PartitionState, record: Any) -> PartitionState:
        return honest(self, record)._replace(leader_epoch=self.leader_epoch)

    honest = PartitionState.changed
    patch.setattr(PartitionState, "changed", changed)


def isr_requests_of_an_old_leader_are_accepted(patch: Patch) -> None:
    patch.setattr(isr, "_isr_error", lambda controller, sender, partition, change: ErrorCode.NONE)


def restarted_broker_stays_in_the_isr(patch: Patch) -> None:
    def leave(controller: Controller, broker_id: int, reason: str, *, lost: bool = False) -> Any:
        return [] if reason == "restarted" else honest(controller, broker_id, reason, lost=lost)

    honest = brokers.leave_everything
    patch.setattr(brokers, "leave_everything", leave)


# --- logs -----------------------------------------------------------------------------------------


def duplicate_sequence_is_appended_again(patch: Patch) -> None:
    patch.setattr(ProducerState, "duplicate_of", lambda self, batch: None)
    patch.setattr(ProducerState, "refusal", lambda self, batch: ErrorCode.NONE)


def sequences_may_have_gaps(patch: Patch) -> None:
    patch.setattr(ProducerState, "refusal", lambda self, batch: ErrorCode.NONE)


def restarted_broker_forgets_the_producers(patch: Patch) -> None:
    def load(*rest: Any, **more: Any) -> UnifiedLog:
        log = honest(*rest, **more)
        log.producers = ProducerState()
        return log

    honest = loader.load_log
    patch.setattr(replica_manager, "load_log", load)


def retention_deletes_above_the_high_watermark(patch: Patch) -> None:
    def delete(self: UnifiedLog, due: Any, now_ms: int) -> bool:
        mark, self.high_watermark = self.high_watermark, self.log_end_offset
        try:
            return honest(self, due, now_ms)
        finally:
            self.high_watermark = mark

    honest = UnifiedLog._delete_while
    patch.setattr(UnifiedLog, "_delete_while", delete)


def retention_deletes_what_is_not_due(patch: Patch) -> None:
    def delete(self: UnifiedLog, due: Any, now_ms: int) -> bool:
        return honest(self, lambda segment, end: True, now_ms)

    honest = UnifiedLog._delete_while
    patch.setattr(UnifiedLog, "_delete_while", delete)


def crash_recovery_keeps_a_torn_batch(patch: Patch) -> None:
    """What is missing of it is taken for zeros."""

    def sound(self: LogSegment, disk: Disk, length: int) -> RecordBatch | None:
        left = length - self.size
        if left < HEADER_SIZE:
            return None
        batch = self.batch_at(disk, self.size)
        size = int.from_bytes(disk.read(self.path, self.size + 8, 4), "big") + LOG_OVERHEAD
        disk.append(self.path, bytes(size - len(batch.data)))
        return self.batch_at(disk, self.size)

    patch.setattr(LogSegment, "_sound_batch", sound)


def crash_recovery_drops_a_sound_batch(patch: Patch) -> None:
    def sound(self: LogSegment, disk: Disk, length: int) -> RecordBatch | None:
        batch = honest(self, disk, length)
        return None if batch is not None and self.size + batch.size == length else batch

    honest = LogSegment._sound_batch
    patch.setattr(LogSegment, "_sound_batch", sound)


def rolled_segment_is_not_flushed(patch: Patch) -> None:
    def roll(self: UnifiedLog, base_offset: int, now_ms: int) -> None:
        disk: Any = self.disk
        self.disk = Unflushing(disk)  # type: ignore[assignment]
        honest(self, base_offset, now_ms)
        self.disk = disk

    honest = UnifiedLog._roll
    patch.setattr(UnifiedLog, "_roll", roll)


class Unflushing:
    """A disk that only says it has flushed."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def __getattr__(self, name: str) -> Any:
        return (lambda path: None) if name == "flush" else getattr(self.disk, name)


def killed_process_loses_its_page_cache(patch: Patch) -> None:
    def opened(self: ReplicaManager, env: Env) -> None:
        for path in env.disk.list("logs"):
            if path.endswith(".log"):
                env.disk.truncate(path, env.disk.flushed(path))
        honest(self, env)

    honest = ReplicaManager.open
    patch.setattr(ReplicaManager, "open", opened)


# --- groups ---------------------------------------------------------------------------------------


def stale_generation_may_commit(patch: Patch) -> None:
    def error(groups: dict[str, Any], request: Any, now: int) -> ErrorCode:
        found = honest(groups, request, now)
        stale = found in (ErrorCode.ILLEGAL_GENERATION, ErrorCode.UNKNOWN_MEMBER_ID)
        return ErrorCode.NONE if stale and request.group_id in groups else found

    honest = offset_commits.commit_error
    patch.setattr(offset_commits, "commit_error", error)


def offsets_are_lost_when_the_coordinator_moves(patch: Patch) -> None:
    def replay(shard: Any, record: Any, now: int, names: Any) -> None:
        honest(shard, record, now, names)
        for group in shard.groups.values():
            group.offsets.clear()

    honest = loading.replay
    patch.setattr(loading, "replay", replay)


def commit_is_acknowledged_before_it_is_replicated(patch: Patch) -> None:
    def append(self: Broker, env: Env, partition: Partition, batch: RecordBatch, token: object) -> None:
        info = partition.append_as_leader(env, batch, -1, from_client=False)
        error = getattr(info, "error_code", ErrorCode.NONE)
        if isinstance(info, AppendInfo):
            self.appended(env, partition, info)
        self.coordinators.completed(self, env, token, error)

    patch.setattr(Broker, "append_internal", append)


def generation_is_not_kept_in_the_log(patch: Patch) -> None:
    def restore(self: Group, stored: Any, now: int) -> None:
        honest(self, stored, now)
        self.generation = 0

    honest = Group.restore
    patch.setattr(Group, "restore", restore)


def two_members_get_the_same_partition(patch: Patch) -> None:
    def assign(members: Any, counts: Any) -> Any:
        plan = honest(members, counts)
        first = next(iter(plan.values()))
        return {member: tuple(dict.fromkeys((*mine, *first[:1]))) for member, mine in plan.items()}

    honest = assignors.ASSIGNORS["range"]
    patch.setitem(assignors.ASSIGNORS, "range", assign)


# --- clients --------------------------------------------------------------------------------------


def consumer_reads_beyond_the_high_watermark(patch: Patch) -> None:
    patch.setattr(Fetching, "_readable_to", lambda self, partition, request: partition.log.log_end_offset)


def consumer_skips_a_record_after_a_rebalance(patch: Patch) -> None:
    def seek(self: Fetcher, env: Env, partition: Any, offset: int, reason: str, epoch: int = -1) -> None:
        honest(self, env, partition, offset + (reason == "committed"), reason, epoch)

    honest = Fetcher.seek
    patch.setattr(Fetcher, "seek", seek)


def consumer_commits_what_is_fetched_but_not_returned(patch: Patch) -> None:
    def due(self: Commits) -> dict[Any, int]:
        found = honest(self)
        for one in self.fetcher.buffered:
            if one.partition in found:
                found[one.partition] = one.next_offset
        return found

    honest = Commits.due
    patch.setattr(Commits, "due", due)


# --- the hunt -------------------------------------------------------------------------------------

IN_SYNC = "every in-sync replica has what its leader committed"
COMPLETE = "a new leader has every committed record"
COMMITS = "an acknowledged commit holds"
WANTED = "only the in-sync are elected, unless an unclean election is wanted"
FLUSHED = "what was flushed survives"
ONCE = "the batches of an idempotent producer stand once and in order"
READ = "a group commits only what it has read"

MUTANTS: tuple[tuple[Callable[[Patch], None], int, str], ...] = (
    (high_watermark_ignores_the_pending_isr, 185, IN_SYNC),
    (high_watermark_waits_for_a_majority, 4, IN_SYNC),
    (min_insync_replicas_is_ignored, 12, "what is committed is on min.insync.replicas replicas"),
    (acks_all_is_answered_before_the_isr_has_it, 9, "a record acknowledged with acks=all is committed at its offset"),
    (old_leader_does_not_truncate_when_it_rejoins, 134, "no rest 20 s after all was healed: topic-0-1: in sync are"),
    (leader_does_not_tell_where_logs_diverge, 134, "the same offset and epoch mean the same records"),
    (follower_truncates_to_its_high_watermark, 224, COMPLETE),
    (new_leader_begins_at_its_high_watermark, 306, COMPLETE),
    (follower_believes_answers_from_another_epoch, 19, "the same offset and epoch mean the same records"),
    (follower_takes_its_log_end_for_the_high_watermark, 362, "the high watermark never passes the log end"),
    (isr_shrinks_without_the_controller, 213, IN_SYNC),
    (unclean_elections_are_held_when_forbidden, 134, WANTED),
    (unclean_elections_are_not_called_so, 305, WANTED),
    (fenced_brokers_are_elected, 134, "a fenced broker is not elected"),
    (leader_epoch_stays_when_the_leader_changes, 134, "at most one leader an epoch, the elected one"),
    (isr_requests_of_an_old_leader_are_accepted, 362, IN_SYNC),
    (restarted_broker_stays_in_the_isr, 305, COMPLETE),
    (duplicate_sequence_is_appended_again, 215, ONCE),
    (sequences_may_have_gaps, 114, ONCE),
    (
        restarted_broker_forgets_the_producers,
        114,
        "a log that was loaded or cut knows its producers as its records tell of them",
    ),
    (retention_deletes_above_the_high_watermark, 1921, "nothing above the high watermark is deleted"),
    (retention_deletes_what_is_not_due, 134, COMMITS),
    (crash_recovery_keeps_a_torn_batch, 119, "what a log is loaded with is sound"),
    (crash_recovery_drops_a_sound_batch, 119, FLUSHED),
    (killed_process_loses_its_page_cache, 16, FLUSHED),
    (rolled_segment_is_not_flushed, 268, FLUSHED),
    (offsets_are_lost_when_the_coordinator_moves, 362, COMMITS),
    (commit_is_acknowledged_before_it_is_replicated, 362, COMMITS),
    (generation_is_not_kept_in_the_log, 134, COMMITS),
    (two_members_get_the_same_partition, 213, "one owner a partition, group and generation"),
    (consumer_reads_beyond_the_high_watermark, 134, "a consumer sees exactly the committed records"),
    (consumer_skips_a_record_after_a_rebalance, 362, READ),
    (consumer_commits_what_is_fetched_but_not_returned, 213, READ),
)


SPARE = (362, 134, 213, 306, 305, 19, 114, 185, 215, 294)
"""Tried when the first seed has become another story, because the engine has changed."""


# --- plans of their own ---------------------------------------------------------------------------


def planned(spec: ClusterSpec, *deeds: tuple[int, ClusterAction]) -> Plan:
    return Plan(1, spec, tuple((seconds(at), deed) for at, deed in deeds))


TWO_BROKERS = ClusterSpec(
    seed=1, brokers=2, topics=(TopicSpec("orders", 1, 2),),
    broker_config=(("replica.lag.time.max.ms", "2000"), ("offsets.topic.num.partitions", "1")),
    producers=(ProducerSpec("web", "orders", 5, config=(("acks", "1"),)),),
)  # fmt: skip
DEAF_FOLLOWER = planned(
    TWO_BROKERS, (5, CutLink("broker-1", "broker-2")), (12, CutLink("controller-1", "broker-2", one_way=True)),
    (13, Crash("broker-1")), (14, HealLink("broker-1", "broker-2")), (15, Restart("broker-1")),
)  # fmt: skip
"""broker-2 has left the ISR and hears nothing from the controller, while broker-1 is elected again and again."""
SLOW_FOLLOWER = planned(
    TWO_BROKERS, (5, SlowLink("broker-1", "broker-2", 3_000)), (30, HealLink("broker-1", "broker-2"))
)
"""What broker-2 has is seconds old: it leaves the ISR, and keeps on fetching."""
READING = (("auto.offset.reset", "earliest"), ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1500"))
SLEEPING_MEMBER = planned(
    ClusterSpec(
        seed=1, brokers=1, topics=(TopicSpec("orders", 2, 1),), producers=(ProducerSpec("web", "orders", 20),),
        consumers=(
            ConsumerSpec("one", "pay", ("orders",), work_us=200_000, commit="record", config=READING),
            ConsumerSpec("two", "pay", ("orders",), work_us=10_000, config=READING),
        ),
    ),
    (8, Freeze("one")), (24, Thaw("one")),
)  # fmt: skip
"""A member sleeps longer than its session, and commits before it has heard that the group has gone on."""

PLANNED: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    # Most often the last epochs are compared as well, and that is enough: no drawn plan finds this in time.
    (stale_leader_epoch_may_fetch, DEAF_FOLLOWER, "leader epochs never fall within a log"),
    (isr_grows_before_the_follower_has_caught_up, SLOW_FOLLOWER, IN_SYNC),
    (stale_generation_may_commit, SLEEPING_MEMBER, COMMITS),
)

HUNTED = (
    *(Mutant(lie, claim, in_seeds((seed, *SPARE))) for lie, seed, claim in MUTANTS),
    *(Mutant(lie, claim, in_plan(drawn)) for lie, drawn, claim in PLANNED),
)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt


@pytest.mark.parametrize("drawn", [drawn for _, drawn, _ in PLANNED], ids=["deaf", "slow", "sleeping"])
def test_without_a_lie_the_plan_holds(drawn: Plan):
    assert of_plan(drawn) == ""
