"""ControllerNode: the process around the controller. Requests in; decisions written, replayed, answered."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from lab.env import Address, DiskFull, Env, Micros, Timer, millis, seconds
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller import (
    access,
    administration,
    brokers,
    configuration,
    elections,
    isr,
    producer_ids,
    topics,
)
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.controller.metadata_log import MetadataLog
from lab.kafka.metadata.fetch import FetchMetadataRequest, FetchMetadataResponse
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import (
    BrokerRegistrationChangeRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from lab.kafka.orders import Shutdown
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import CreateAclsRequest, DeleteAclsRequest
from lab.kafka.protocol.messages.brokers import (
    AlterPartitionRequest,
    BrokerHeartbeatRequest,
    BrokerRegistrationRequest,
)
from lab.kafka.protocol.messages.configs import AlterConfigsRequest, IncrementalAlterConfigsRequest
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest
from lab.kafka.protocol.messages.quorum import (
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    QuorumReplica,
    unknown_quorum,
)
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
    UnregisterBrokerRequest,
    UpdateFeaturesRequest,
)
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    ElectionType,
    ElectLeadersRequest,
)
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Request, Response

RESPONSE_BYTES = 64
ALONE = 0
"""The node id of a controller that is the only one."""
SESSIONS, BALANCE, UNCLEAN, OBSERVERS = "sessions", "balance", "unclean", "observers"
SESSION_CHECK: Micros = millis(500)
MetadataTail = list[MetadataRecord]
TAIL = 256


def _timeless(decide: Callable[..., Decision]) -> Callable[..., Decision]:
    """A decision that does not depend on the clock."""

    def decided(node: "ControllerNode", body: object, _now: Micros) -> Decision:
        return decide(node.controller, body)

    return decided


class ControllerNode:
    """The active controller's process."""

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.image = MetadataImage()
        self.controller = Controller(config, self.image)
        self.log: MetadataLog | None = None
        self.tail: MetadataTail = []
        self.observers: dict[Address, tuple[int, int, Micros]] = {}

    # --- the process ------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Replay what was committed; brokers get a fresh session."""
        self.log = MetadataLog(env.disk, env.wall_time_ms)
        for record in self.log.read_all(0):
            self.image.replay(record)
        self._take_office(env, self.log.committed_offset)

    def _take_office(self, env: Env, next_offset: int) -> None:
        """Fresh sessions for all brokers, and the periodic work."""
        for broker in self.image.brokers.values():
            request = BrokerHeartbeatRequest(broker.broker_id, broker.broker_epoch, -1, broker.fenced, False)
            brokers.heartbeat(self.controller, request, env.now, next_offset)
        env.set_timer(SESSIONS, env.now + SESSION_CHECK)
        env.set_timer(UNCLEAN, env.now + millis(self.config.unclean_leader_election_interval_ms))
        if self.config.auto_leader_rebalance_enable:
            env.set_timer(BALANCE, env.now + seconds(self.config.leader_imbalance_check_interval_seconds))

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """A request from a broker, or an order."""
        if isinstance(body, Shutdown):
            env.stop()
            return
        assert isinstance(body, Request), body
        if isinstance(body.body, FetchMetadataRequest):
            self._observe(env, sender, body)
            return
        decision = self._decide(env, body.body)
        self._commit(env, decision.records)
        env.send(sender, Response(body.correlation_id, decision.response), RESPONSE_BYTES)

    def _decide(self, env: Env, request: object) -> Decision:
        """What to write and to answer."""
        if isinstance(request, ElectLeadersRequest) and request.election_type is ElectionType.UNCLEAN:
            env.tell(facts.UncleanElectionAsked(request.partitions))
        elif isinstance(request, AlterPartitionReassignmentsRequest):
            env.tell(facts.ReassignmentAsked(request.partitions))
        if isinstance(request, CreateTopicsRequest):
            return topics.create_topics(self.controller, request, env.dice)
        if isinstance(request, CreateAclsRequest):
            return access.create_acls(self.controller, request, env.dice)
        return self.DECIDES[type(request)](self, request, env.now)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker's connection is gone; its session goes on until it runs out."""
        self.observers.pop(peer, None)

    def wake(self, env: Env, timer: Timer) -> None:
        """Periodic work."""
        match timer:
            case "sessions":
                records = brokers.fence_stale(self.controller, env.now)
                while records:
                    self._commit(env, records)
                    records = brokers.fence_stale(self.controller, env.now)
                env.set_timer(SESSIONS, env.now + SESSION_CHECK)
            case "balance":
                self._commit(env, elections.preferred(self.controller.image))
                env.set_timer(BALANCE, env.now + seconds(self.config.leader_imbalance_check_interval_seconds))
            case "unclean":
                controller = self.controller
                self._commit(env, elections.leaderless(controller.image, controller.unclean_allowed, "unclean"))
                env.set_timer(UNCLEAN, env.now + millis(self.config.unclean_leader_election_interval_ms))
            case "observers":
                self._answer_observers(env)
            case _:
                raise AssertionError(timer)

    # --- committing -------------------------------------------------------------------------------

    def _commit(self, env: Env, records: Sequence[MetadataRecord]) -> None:
        """Write, replay, tell, and let the observers have it."""
        if not records:
            return
        assert self.log is not None
        try:
            self.log.append(records, env.wall_time_ms)
        except DiskFull as full:
            env.tell(facts.LogDirFailed(str(full)))
            env.stop()
            return
        for record in records:
            before = self._before(record)
            self.image.replay(record)
            fact = self._fact(record, before)
            if fact is not None:
                env.tell(fact)
        self.tail = [*self.tail, *records][-TAIL:]
        self._answer_observers(env)

    def _before(self, record: MetadataRecord) -> tuple[tuple[int, ...], int]:
        if isinstance(record, PartitionChangeRecord):
            state = self.image.partition(TopicPartition(record.topic, record.partition))
            assert state is not None
            return state.isr, state.leader_id
        return (), -1

    def _fact(self, record: MetadataRecord, before: tuple[tuple[int, ...], int]) -> object | None:
        """What a record that has just been replayed means to whoever watches; None if nothing."""
        match record:
            case PartitionRecord() | PartitionChangeRecord():
                partition = TopicPartition(record.topic, record.partition)
                state = self.image.partition(partition)
                assert state is not None
                reason = record.reason if isinstance(record, PartitionChangeRecord) else "created"
                return facts.PartitionChanged(
                    state.partition, state.replicas, state.isr, state.leader_id, state.leader_epoch,
                    state.partition_epoch, reason, *before,
                    self.image.reassignments.get(partition, ((), ())),
                    (self.image.eligible or {}).get(partition),
                )  # fmt: skip
            case RegisterBrokerRecord():
                return facts.BrokerRegistered(record.broker_id, record.broker_epoch)
            case BrokerRegistrationChangeRecord(fenced=True):
                stopping = self.image.brokers[record.broker_id].in_controlled_shutdown
                reason = "it shuts down" if stopping else "no heartbeat for broker.session.timeout.ms"
                return facts.BrokerFenced(record.broker_id, reason)
            case BrokerRegistrationChangeRecord(fenced=False):
                return facts.BrokerUnfenced(record.broker_id)
            case TopicRecord():
                return facts.TopicCreated(record.name, 0, 0)
            case RemoveTopicRecord():
                return facts.TopicDeleted(record.name)
            case _:
                return None

    # --- observers --------------------------------------------------------------------------------

    def _observe(self, env: Env, sender: Address, request: Request) -> None:
        """A broker wants records from an offset on; without any it waits."""
        body = request.body
        assert isinstance(body, FetchMetadataRequest)
        if body.fetch_offset < self.image.offset:
            self._send_records(env, sender, request.correlation_id, body.fetch_offset)
            return
        deadline = env.now + millis(body.max_wait_ms)
        if not self.observers:
            env.set_timer(OBSERVERS, deadline)
        self.observers[sender] = (request.correlation_id, body.fetch_offset, deadline)

    def _answer_observers(self, env: Env) -> None:
        """Those for whom there is something, and those who have waited long enough."""
        for sender, (correlation_id, offset, deadline) in list(self.observers.items()):
            if offset < self.image.offset or deadline <= env.now:
                del self.observers[sender]
                self._send_records(env, sender, correlation_id, offset)
        if self.observers:
            env.set_timer(OBSERVERS, min(deadline for _, _, deadline in self.observers.values()))

    def _read(self, offset: int) -> list[MetadataRecord]:
        """Records that are no longer in memory."""
        assert self.log is not None
        return self.log.read_all(offset)

    def _send_records(self, env: Env, sender: Address, correlation_id: int, offset: int) -> None:
        missing = self.image.offset - offset
        if missing <= len(self.tail):
            records = self.tail[len(self.tail) - missing :]
        else:
            records = self._read(offset)
        body = FetchMetadataResponse(offset, tuple(records))
        env.send(sender, Response(correlation_id, body), RESPONSE_BYTES * (1 + len(records)))

    # --- deciding ---------------------------------------------------------------------------------

    def _next_offset(self) -> int:
        return self.image.offset

    def _register(self, body: BrokerRegistrationRequest, now: Micros) -> Decision:
        return brokers.register(self.controller, body, now, self._next_offset())

    def _heartbeat(self, body: BrokerHeartbeatRequest, now: Micros) -> Decision:
        return brokers.heartbeat(self.controller, body, now, self._next_offset())

    def _quorum(self, body: DescribeQuorumRequest, now: Micros) -> Decision:
        """A quorum of one, which leads itself; brokers watch it."""
        unknown = unknown_quorum(body)
        if unknown is not None:
            return Decision(unknown)
        end = self._next_offset()
        observers = [QuorumReplica(one, session.metadata_offset) for one, session in self.controller.sessions.items()]
        mine = QuorumReplica(ALONE, end)
        return Decision(DescribeQuorumResponse(ErrorCode.NONE, ALONE, 1, end, (mine,), tuple(observers)))

    DECIDES: ClassVar[dict[type, Callable[..., Decision]]] = {
        BrokerRegistrationRequest: _register,
        BrokerHeartbeatRequest: _heartbeat,
        AlterPartitionRequest: _timeless(isr.alter_partition),
        AlterPartitionReassignmentsRequest: _timeless(administration.alter_reassignments),
        ListPartitionReassignmentsRequest: _timeless(administration.list_reassignments),
        DescribeQuorumRequest: _quorum,
        UpdateFeaturesRequest: _timeless(administration.update_features),
        UnregisterBrokerRequest: _timeless(administration.unregister),
        ElectLeadersRequest: _timeless(administration.elect_leaders),
        DeleteTopicsRequest: _timeless(topics.delete_topics),
        CreatePartitionsRequest: _timeless(topics.create_partitions),
        AlterConfigsRequest: _timeless(configuration.alter),
        IncrementalAlterConfigsRequest: _timeless(configuration.alter_incrementally),
        AllocateProducerIdsRequest: _timeless(producer_ids.allocate_producer_ids),
        DeleteAclsRequest: _timeless(access.delete_acls),
    }
