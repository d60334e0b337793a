"""SharePartition: one partition as one share group consumes it, at the partition's leader (spec 4.7)."""

from dataclasses import dataclass

from lab.env import Env, Micros
from lab.kafka import facts
from lab.kafka.broker.share.in_flight import (
    ACKNOWLEDGED,
    ACQUIRED,
    ARCHIVED,
    AVAILABLE,
    FINISHED,
    STATES,
    InFlightBatch,
    InFlightRecords,
)
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import AcknowledgementBatch, AcknowledgeType, AcquiredRecords
from lab.kafka.protocol.messages.share_state import StateBatch
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition

BECOMES = {
    AcknowledgeType.GAP: (ARCHIVED, "gap"),
    AcknowledgeType.ACCEPT: (ACKNOWLEDGED, "accepted"),
    AcknowledgeType.RELEASE: (AVAILABLE, "released"),
    AcknowledgeType.REJECT: (ARCHIVED, "rejected"),
}


@dataclass(slots=True)
class Saving:
    """News for the share coordinator. `number`: the acknowledgements that wait for it; 0: nobody does. `settled`: it
    is so already, whatever becomes of the write.
    """

    batches: list[StateBatch]
    number: int = 0
    settled: bool = False


@dataclass(slots=True)
class Limits:
    """What a group may: how often a record is delivered, how long it is locked, how many are in flight."""

    delivery_count: int
    lock: Micros
    record_locks: int


class SharePartition:
    """Who has which record, and what became of it. It lives as long as its broker leads in this epoch.

    One write is under way at a time; `unsaved` are the next, in order.
    """

    __slots__ = ("group_id", "in_flight", "leader_epoch", "partition", "ready", "saving", "state_epoch", "unsaved")

    def __init__(self, group_id: str, partition: TopicPartition, leader_epoch: int) -> None:
        self.group_id = group_id
        self.partition = partition
        self.leader_epoch = leader_epoch
        self.state_epoch = 0
        self.in_flight = InFlightRecords(0)
        self.ready = False
        self.saving: Saving | None = None
        self.unsaved: list[Saving] = []

    # --- beginning --------------------------------------------------------------------------------

    def restore(
        self, env: Env, state_epoch: int, start_offset: int, batches: tuple[StateBatch, ...], *, initial: bool
    ) -> None:
        """Begin with what the share coordinator knows. What was acquired of the last leader is available again; what
        lies between two batches was never settled either.
        """
        self.state_epoch = state_epoch
        runs = self.in_flight = InFlightRecords(start_offset)
        for batch in batches:
            if batch.last_offset < runs.end_offset:
                continue
            first = max(batch.first_offset, runs.end_offset)
            if first > runs.end_offset:
                runs.append(InFlightBatch(runs.end_offset, first, AVAILABLE))
            runs.append(InFlightBatch(first, batch.last_offset + 1, batch.delivery_state, batch.delivery_count))
        runs.tidy()
        self.ready = True
        unfinished = tuple((one.first, one.end, one.delivery_count) for one in runs.runs if one.state not in FINISHED)
        env.tell(
            facts.SharePartitionLoaded(
                self.group_id,
                self.partition,
                self.leader_epoch,
                runs.start_offset,
                runs.end_offset,
                unfinished,
                initial,
            )
        )

    # --- acquiring --------------------------------------------------------------------------------

    def acquirable(self, log: UnifiedLog, limits: Limits) -> bool:
        """Whether somebody who asked now would get a record."""
        runs = self.in_flight
        if any(run.state == AVAILABLE and run.moving_to is None for run in runs.runs):
            return True
        return runs.end_offset < log.high_watermark and runs.end_offset - runs.start_offset < limits.record_locks

    def acquire(
        self, env: Env, log: UnifiedLog, member_id: str, client_id: str, most: int, max_bytes: int, limits: Limits
    ) -> tuple[list[AcquiredRecords], list[RecordBatch]]:
        """Give a member about `most` records: first those that came back, then new ones up to the high watermark. A
        batch is not cut where it was never in flight (Kafka 4.0 to 4.1), so it may be a few more.
        """
        self._keep_up_with_retention(env, log)
        runs = self.in_flight
        taken: list[InFlightBatch] = []
        batches: dict[int, RecordBatch] = {}
        for run in list(runs.runs):
            if most <= 0 or max_bytes <= 0:
                break
            if run.state == AVAILABLE and run.moving_to is None:
                (chosen,) = runs.between(run.first, min(run.end, run.first + most))
                max_bytes -= self._read(log, chosen, batches)
                most -= len(chosen)
                taken.append(chosen)
        most = min(most, limits.record_locks - (runs.end_offset - runs.start_offset))
        while most > 0 and max_bytes > 0 and (batch := _next(log, runs.end_offset)) is not None:
            self._pass_over(env, batch.base_offset)
            if batch.is_control:
                self._pass_over(env, batch.next_offset)
            else:
                first = runs.end_offset
                if taken and taken[-1] is runs.runs[-1] and taken[-1].delivery_count == 0:
                    taken[-1].end = batch.next_offset
                else:
                    taken.append(InFlightBatch(first, batch.next_offset, AVAILABLE))
                    runs.append(taken[-1])
                batches[batch.base_offset] = batch
                max_bytes -= batch.size
                most -= batch.next_offset - first
        found = [self._acquired(env, run, member_id, client_id, env.now + limits.lock) for run in taken]
        before = runs.start_offset
        runs.tidy()
        self._tell_start(env, before, "settled")
        return found, [batches[base] for base in sorted(batches)]

    def _pass_over(self, env: Env, offset: int) -> None:
        """Up to an offset there is nothing to deliver: compacted away, or a transaction's marker."""
        if offset > self.in_flight.end_offset:
            run = InFlightBatch(self.in_flight.end_offset, offset, ARCHIVED)
            self.in_flight.append(run)
            self._settle(env, run, ARCHIVED, "skipped")

    def _read(self, log: UnifiedLog, run: InFlightBatch, batches: dict[int, RecordBatch]) -> int:
        """Put the batches that hold a run's records to the others. Returns how many bytes they are."""
        size, offset = 0, run.first
        while offset < run.end and (batch := _next(log, offset)) is not None:
            if batch.base_offset not in batches and batch.base_offset < run.end:
                batches[batch.base_offset] = batch
                size += batch.size
            offset = batch.next_offset
        return size

    def _acquired(
        self, env: Env, run: InFlightBatch, member_id: str, client_id: str, locked_until: Micros
    ) -> AcquiredRecords:
        run.state = ACQUIRED
        run.delivery_count += 1
        run.member_id = member_id
        run.locked_until = locked_until
        env.tell(
            facts.RecordsAcquired(
                self.group_id, member_id, client_id, self.partition, self.leader_epoch, run.first, run.end,
                run.delivery_count,
            )
        )  # fmt: skip
        return AcquiredRecords(run.first, run.end - 1, run.delivery_count)

    def _keep_up_with_retention(self, env: Env, log: UnifiedLog) -> None:
        """What the log no longer has cannot be delivered again."""
        start, runs = log.log_start_offset, self.in_flight
        if start <= runs.start_offset:
            return
        before = runs.start_offset
        for run in runs.between(before, start):
            if run.state == AVAILABLE and run.moving_to is None:
                self._settle(env, run, ARCHIVED, "retention")
        if runs.end_offset < start:
            run = InFlightBatch(runs.end_offset, start, ARCHIVED)
            runs.append(run)
            self._settle(env, run, ARCHIVED, "retention")
        runs.tidy()
        self._tell_start(env, before, "retention")

    # --- acknowledging ----------------------------------------------------------------------------

    def acknowledge(
        self, member_id: str, said: tuple[AcknowledgementBatch, ...], number: int, limits: Limits
    ) -> ErrorCode:
        """What became of records, as their member says. All of it is taken, or nothing: INVALID_RECORD_STATE where a
        record is not the member's (its lock has expired, say). It counts once it is written.
        """
        if not all(self.in_flight.held_by(member_id, one.first_offset, one.last_offset + 1) for one in said):
            return ErrorCode.INVALID_RECORD_STATE
        batches: list[StateBatch] = []
        for one in said:
            state, reason = BECOMES[one.acknowledge_type]
            runs = self.in_flight.between(one.first_offset, one.last_offset + 1)
            batches += [self._begin_move(run, state, reason, limits) for run in runs]
        self.unsaved.append(Saving(batches, number))
        return ErrorCode.NONE

    def _begin_move(self, run: InFlightBatch, state: int, reason: str, limits: Limits) -> StateBatch:
        """A record that was delivered as often as it may be is archived instead of becoming available again."""
        spent = state == AVAILABLE and run.delivery_count >= limits.delivery_count
        run.moving_to, run.reason = ARCHIVED if spent else state, reason
        return StateBatch(run.first, run.end - 1, run.moving_to, run.delivery_count)

    def release(self, member_id: str, limits: Limits) -> None:
        """A member's session has ended: what it held is available to others."""
        held = [
            run for run in self.in_flight.runs
            if run.state == ACQUIRED and run.member_id == member_id and run.moving_to is None
        ]  # fmt: skip
        if held:
            self.unsaved.append(Saving([self._begin_move(run, AVAILABLE, "closed", limits) for run in held]))

    def written(self, env: Env, saving: Saving, error: ErrorCode) -> None:
        """The share coordinator has written, or refused, what members said. Refused, all is as it was before: the
        records are still acquired, and their locks run on.
        """
        if saving.settled:
            return
        before = self.in_flight.start_offset
        for batch in saving.batches:
            for run in self.in_flight.between(batch.first_offset, batch.last_offset + 1):
                if run.moving_to is not None:
                    if not error:
                        self._settle(env, run, run.moving_to, run.reason)
                    run.moving_to, run.reason = None, ""
        self.in_flight.tidy()
        self._tell_start(env, before, "settled")

    def _settle(self, env: Env, run: InFlightBatch, state: int, reason: str) -> None:
        run.state = state
        run.member_id, run.locked_until = "", 0
        env.tell(
            facts.RecordsSettled(
                self.group_id, self.partition, self.leader_epoch, run.first, run.end, STATES[state], reason,
                run.delivery_count,
            )
        )  # fmt: skip

    def _tell_start(self, env: Env, before: int, reason: str) -> None:
        start = self.in_flight.start_offset
        if start > before:
            env.tell(facts.ShareStartMoved(self.group_id, self.partition, self.leader_epoch, start, reason))

    # --- locks ------------------------------------------------------------------------------------

    def next_deadline(self) -> Micros | None:
        """When the first lock expires."""
        return min(
            (run.locked_until for run in self.in_flight.runs if run.state == ACQUIRED and run.moving_to is None),
            default=None,
        )

    def expire(self, env: Env, limits: Limits) -> bool:
        """Locks whose time is over: at once, and written when that can be (Kafka does not wait for it either)."""
        over = [
            run for run in self.in_flight.runs
            if run.state == ACQUIRED and run.moving_to is None and run.locked_until <= env.now
        ]  # fmt: skip
        if not over:
            return False
        before = self.in_flight.start_offset
        batches = [self._begin_move(run, AVAILABLE, "expired", limits) for run in over]
        for run in over:
            assert run.moving_to is not None
            self._settle(env, run, run.moving_to, run.reason)
            run.moving_to, run.reason = None, ""
        self.in_flight.tidy()
        self._tell_start(env, before, "settled")
        self.unsaved.append(Saving(batches, settled=True))
        return True


def _next(log: UnifiedLog, offset: int) -> RecordBatch | None:
    """The committed batch that holds an offset, or the next one; None where there is none."""
    found = log.read(offset, 0, log.high_watermark)
    return found[0] if isinstance(found, tuple) and found else None
