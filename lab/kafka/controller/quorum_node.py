"""QuorumNode: a controller among several. The one that leads the quorum decides; all keep what it decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.env import Address, DiskFull, Env, Timer, millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller.controller import Controller
from lab.kafka.controller.metadata_log import PARTITION
from lab.kafka.controller.node import BALANCE, OBSERVERS, RESPONSE_BYTES, SESSIONS, TAIL, UNCLEAN, ControllerNode
from lab.kafka.controller.refusals import refusal
from lab.kafka.metadata.fetch import FetchMetadataRequest, FetchMetadataSnapshot
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import MetadataRecord, NoOpRecord, decode, encode
from lab.kafka.metadata.snapshot import image_of_records, records_of
from lab.kafka.orders import Shutdown
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import (
    BeginQuorumEpochRequest,
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    EndQuorumEpochRequest,
    FetchSnapshotRequest,
    QuorumFetchRequest,
    QuorumReplica,
    VoteRequest,
    unknown_quorum,
)
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.raft.quorum_state import TIMERS
from lab.kafka.raft.replica import RaftReplica
from lab.kafka.raft.roles import Leader
from lab.kafka.raft.voters import Voters
from lab.kafka.rpc.envelope import Request, Response

IDLE, FAREWELL, SNAPSHOT = "idle", "farewell", "snapshot"
OFFICE = (SESSIONS, BALANCE, UNCLEAN, OBSERVERS, IDLE)
CONTROLLER_TIMERS = dict.fromkeys((*TIMERS, *OFFICE, FAREWELL, SNAPSHOT))
FAREWELL_MS = 5_000
"""How long a leader that stops waits for another to lead."""
RAFT_REQUESTS = (
    VoteRequest, BeginQuorumEpochRequest, EndQuorumEpochRequest, QuorumFetchRequest, FetchSnapshotRequest,
)  # fmt: skip


@dataclass(slots=True)
class Deferred:
    """An answer that waits until all below `offset` is committed, and the kind of request it is for."""

    offset: int
    sender: Address
    correlation_id: int
    request: object
    response: object


class QuorumNode(ControllerNode):
    """One of the controllers. `image` is what is committed; while this one is active, its `controller` has another
    that is ahead by what is decided and not committed yet, and is dropped with the office.
    """

    def __init__(self, replica_id: int, voters: Voters, config: BrokerConfig) -> None:
        super().__init__(config)
        self.replica_id = replica_id
        self.voters = voters
        self.raft: RaftReplica
        self.active = False
        self.deferred: list[Deferred] = []
        self.leaving = False
        self.idle_since = -1
        self.snapshot_bytes = 0

    # --- the process ------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Begin with the newest snapshot, and with what the quorum says is committed beyond. On a full disk the log
        cannot be recovered, since its indexes are made anew: the process ends before it has begun.
        """
        try:
            self.raft = RaftReplica(env, self.replica_id, self.voters, PARTITION, self.config)
            self.raft.start(env)
            if self.config.metadata_log_max_snapshot_interval_ms:
                env.set_timer(SNAPSHOT, env.now + millis(self.config.metadata_log_max_snapshot_interval_ms))
            self._catch_up(env)
        except DiskFull as full:
            self._disk_failed(env, full)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """Talk of the quorum, a broker's request, or an order. A full disk ends the process."""
        try:
            self._receive(env, sender, body)
            self._catch_up(env)
        except DiskFull as full:
            self._disk_failed(env, full)

    def _receive(self, env: Env, sender: Address, body: object) -> None:
        match body:
            case Shutdown():
                self.shut_down(env)
            case Response():
                self.raft.receive(env, sender, body)
            case Request() if isinstance(body.body, RAFT_REQUESTS):
                self.raft.receive(env, sender, body)
            case Request():
                self._serve(env, sender, body)
            case _:
                raise AssertionError(body)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker or another controller is gone."""
        super().disconnected(env, peer)
        self.raft.disconnected(env, peer)

    def wake(self, env: Env, timer: Timer) -> None:
        """A timer of the quorum, or periodic work of the one that is active."""
        try:
            if timer in TIMERS:
                self.raft.wake(env, timer)
            elif timer == FAREWELL:
                env.stop()
            elif timer == SNAPSHOT:
                self._take_snapshot(env)
                env.set_timer(SNAPSHOT, env.now + millis(self.config.metadata_log_max_snapshot_interval_ms))
            elif timer == IDLE:
                self._idle(env)
            else:
                super().wake(env, timer)
            self._catch_up(env)
        except DiskFull as full:
            self._disk_failed(env, full)

    def shut_down(self, env: Env) -> None:
        """SIGTERM: a leader hands over first, and ends when another leads or nobody would."""
        if self.raft.resign(env):
            self.leaving = True
            env.set_timer(FAREWELL, env.now + millis(FAREWELL_MS))
        else:
            env.stop()

    def _disk_failed(self, env: Env, full: DiskFull) -> None:
        env.tell(facts.LogDirFailed(str(full)))
        env.stop()

    # --- requests ---------------------------------------------------------------------------------

    def _serve(self, env: Env, sender: Address, request: Request) -> None:
        """Decide, if this one is active; the answer goes out when all it rests upon is committed."""
        body = request.body
        if not self.active:
            self._refuse(env, sender, request.correlation_id, body)
        elif isinstance(body, FetchMetadataRequest):
            self._observe(env, sender, request)
        elif isinstance(body, DescribeQuorumRequest):
            described = unknown_quorum(body) or self.describe(env)
            env.send(sender, Response(request.correlation_id, described), RESPONSE_BYTES)
        else:
            decision = self._decide(env, body)
            self._commit(env, decision.records)
            offset = self.raft.next_offset
            self.deferred.append(Deferred(offset, sender, request.correlation_id, body, decision.response))

    def _refuse(self, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        leader = self.voters.host(self.raft.leader_id)
        env.send(sender, Response(correlation_id, refusal(body, leader)), RESPONSE_BYTES)

    def _commit(self, env: Env, records: Sequence[MetadataRecord]) -> None:
        """Have records written, and go on as if they were committed."""
        if records and self.active:
            self.raft.propose(env, [encode(record) for record in records])
            for record in records:
                self.controller.image.replay(record)

    def _idle(self, env: Env) -> None:
        """When nothing was decided for a while, write so: it shows everybody how far everybody is."""
        if self.idle_since == self.raft.next_offset:
            self._commit(env, [NoOpRecord()])
        self.idle_since = self.raft.next_offset
        env.set_timer(IDLE, env.now + millis(self.config.metadata_max_idle_interval_ms))

    def describe(self, env: Env) -> DescribeQuorumResponse:
        """The quorum, as its leader knows it (DescribeQuorum)."""
        role = self.raft.role
        assert isinstance(role, Leader), role
        ago_ms = env.wall_time_ms - env.now // 1_000
        mine = QuorumReplica(self.replica_id, self.raft.end_offset, env.wall_time_ms, env.wall_time_ms)
        others = [
            QuorumReplica(
                one, progress.end_offset,
                progress.fetched_at // 1_000 + ago_ms if progress.end_offset >= 0 else -1,
                progress.caught_up_at // 1_000 + ago_ms if progress.end_offset >= 0 else -1,
            )
            for one, progress in role.progress.items()
        ]  # fmt: skip
        observers = [QuorumReplica(one, session.metadata_offset) for one, session in self.controller.sessions.items()]
        return DescribeQuorumResponse(
            ErrorCode.NONE, self.replica_id, self.raft.epoch, self.raft.high_watermark, (mine, *others),
            tuple(observers),
        )  # fmt: skip

    # --- after each turn --------------------------------------------------------------------------

    def _catch_up(self, env: Env) -> None:
        """Take in what is committed by now, take or leave office, answer what has waited for that."""
        before = self.image.offset
        snapshot_id = self.raft.snapshot_needed(self.image.offset)
        if snapshot_id is not None:
            self.image = image_of_records(map(decode, self.raft.snapshot_values(snapshot_id)), snapshot_id[0])
            self.tail = []
        if self.image.offset < self.raft.high_watermark:
            for batch in self.raft.committed(self.image.offset):
                self._apply(env, batch)
        if self.image.offset != before:
            env.tell(facts.MetadataApplied(self.image.offset))
        if self.active and not self.raft.leads:
            self._leave_office(env)
        elif not self.active and self.raft.serves:
            self._enter_office(env)
        self._answer_deferred(env)
        if self.image.offset != before:
            self._answer_observers(env)
            if self.snapshot_bytes > self.config.metadata_log_max_record_bytes_between_snapshots:
                self._take_snapshot(env)
        if self.leaving and self.raft.leader_id >= 0 and not self.raft.leads:
            env.stop()

    def _apply(self, env: Env, batch: RecordBatch) -> None:
        self.snapshot_bytes += batch.size
        records = records_in(batch)
        for record in records:
            before = self._before(record)
            offset = self.image.offset
            self.image.replay(record)
            fact = self._fact(record, before) if self.raft.leads else None
            if fact is not None:
                env.tell(facts.Decided(offset, fact))
        self.tail = [*self.tail, *records][-TAIL:]

    def _enter_office(self, env: Env) -> None:
        """All that earlier leaders committed is known: decide from here on."""
        self.active = True
        self.controller = Controller(self.config, image_of_records(records_of(self.image), self.image.offset))
        self._take_office(env, self.raft.next_offset)
        if self.config.metadata_max_idle_interval_ms:
            self.idle_since = -1
            env.set_timer(IDLE, env.now + millis(self.config.metadata_max_idle_interval_ms))

    def _leave_office(self, env: Env) -> None:
        """What was decided and is not committed may be gone: nobody may be told that it was done."""
        self.active = False
        for timer in OFFICE:
            env.cancel_timer(timer)
        self.controller = Controller(self.config, MetadataImage())
        for one in self.deferred:
            self._refuse(env, one.sender, one.correlation_id, one.request)
        self.deferred = []
        for sender, (correlation_id, offset, _) in self.observers.items():
            self._refuse(env, sender, correlation_id, FetchMetadataRequest(-1, offset, 0))
        self.observers = {}

    def _answer_deferred(self, env: Env) -> None:
        while self.deferred and self._settled(self.deferred[0]):
            one = self.deferred.pop(0)
            env.send(one.sender, Response(one.correlation_id, one.response), RESPONSE_BYTES)

    def _settled(self, one: Deferred) -> bool:
        return one.offset <= self.raft.high_watermark

    # --- snapshots and observers ------------------------------------------------------------------

    def _take_snapshot(self, env: Env) -> None:
        """Write the committed image down, if there is anything new in it."""
        latest = self.raft.snapshot_needed(0)
        if self.image.offset > (latest[0] if latest is not None else 0):
            self.snapshot_bytes = 0
            self.raft.take_snapshot(env, [encode(record) for record in records_of(self.image)], self.image.offset)

    def _send_records(self, env: Env, sender: Address, correlation_id: int, offset: int) -> None:
        """From the newest ones in memory, else from the log, else a snapshot."""
        if self.image.offset - offset > len(self.tail) and self.raft.snapshot_needed(offset) is not None:
            records = tuple(records_of(self.image))
            body = FetchMetadataSnapshot(self.image.offset, records)
            env.send(sender, Response(correlation_id, body), RESPONSE_BYTES * (1 + len(records)))
        else:
            super()._send_records(env, sender, correlation_id, offset)

    def _read(self, offset: int) -> list[MetadataRecord]:
        found = [record for batch in self.raft.committed(offset) for record in records_in(batch)]
        return found[len(found) - (self.image.offset - offset) :]

    def _next_offset(self) -> int:
        return self.raft.next_offset


def records_in(batch: RecordBatch) -> list[MetadataRecord]:
    """What a batch means to an image; a leader change means nothing, and takes an offset."""
    if batch.is_control:
        return [NoOpRecord()]
    return [decode(record.value) for record in batch.records() if record.value is not None]
