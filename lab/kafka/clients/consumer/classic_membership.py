"""ClassicMembership: a consumer's part in the classic group protocol (spec 4.4.1, 6.8)."""

from dataclasses import replace

from lab.env import Env, Micros, millis
from lab.kafka import facts
from lab.kafka.clients.assignors import ASSIGNORS
from lab.kafka.clients.assignors.subscription import encode_memory
from lab.kafka.clients.consumer.membership import (
    DENIED,
    JOINING,
    LEFT,
    REDISCOVER,
    REQUEST_BYTES,
    STABLE,
    SYNCING,
    UNJOINED,
    Membership,
)
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.protocol.consumer_protocol import (
    Subscription,
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorResponse
from lab.kafka.protocol.messages.groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeavingMember,
    SyncGroupRequest,
    SyncGroupResponse,
)
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.network_client import NetworkClient

FATAL = {
    **DENIED,
    ErrorCode.FENCED_INSTANCE_ID: "FencedInstanceIdException",
    ErrorCode.GROUP_MAX_SIZE_REACHED: "GroupMaxSizeReachedException",
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL: "InconsistentGroupProtocolException",
    ErrorCode.INVALID_GROUP_ID: "InvalidGroupIdException",
    ErrorCode.INVALID_SESSION_TIMEOUT: "InvalidSessionTimeoutException",
}
"""What the next poll() throws: asking again would not help."""


class ClassicMembership(Membership):
    """Joins, syncs, heartbeats; as the leader of a group it computes the assignment."""

    def __init__(
        self,
        name: str,
        group_id: str,
        topics: tuple[str, ...],
        config: ConsumerConfig,
        metadata: Metadata,
        net: NetworkClient,
    ) -> None:
        super().__init__(name, group_id, topics, config, metadata, net)
        self.protocol = ""
        self.heard_at: Micros = 0
        self.leads = False
        self.elected: JoinGroupResponse | None = None
        self.planned_for: dict[str, int] = {}
        self.memory: bytes | None = None

    @property
    def protocols(self) -> tuple[str, ...]:
        """Configured assignors, the most wanted first."""
        return tuple(one.strip() for one in self.config.partition_assignment_strategy.split(","))

    @property
    def cooperative(self) -> bool:
        """Only if every configured assignor is: range brings the whole group down to eager."""
        return all(one == "cooperative-sticky" for one in self.protocols)

    # --- what poll() does -------------------------------------------------------------------------

    def advance(self, env: Env) -> None:
        """One step towards membership, if a step is due."""
        if self.stage == LEFT or self.exception:
            return
        if self.coordinator is None:
            self._find(env)
        elif self.rejoin and self.stage in (UNJOINED, STABLE) and env.now >= self.retry_at:
            self._join(env)

    def _join(self, env: Env) -> None:
        self.stage = JOINING
        self.rejoin = False
        owned = self.owned if not self.lost else ()
        mine = Subscription(self.member_id, self.topics, owned, self.generation)
        sticky = replace(mine, user_data=self.memory)
        request = JoinGroupRequest(
            self.group_id, self.config.session_timeout_ms, self.config.max_poll_interval_ms, self.member_id,
            tuple((name, encode_subscription(sticky if name == "sticky" else mine)) for name in self.protocols),
            group_instance_id=self.instance_id,
        )  # fmt: skip
        assert self.coordinator is not None
        timeout = millis(max(self.config.request_timeout_ms, self.config.max_poll_interval_ms + 5_000))
        self.net.send(env, self.coordinator, request, REQUEST_BYTES, "join", timeout)

    # --- answers ----------------------------------------------------------------------------------

    def found(self, env: Env, body: FindCoordinatorResponse) -> None:
        """Where the coordinator is; from here on its silence counts."""
        super().found(env, body)
        if self.coordinator is not None:
            self.heard_at = env.now

    def answered(self, env: Env, body: object) -> None:
        """An answer to a join, a sync or a heartbeat."""
        match body:
            case HeartbeatResponse():
                self.heard(env, body)
            case JoinGroupResponse():
                self.joined(env, body)
            case SyncGroupResponse():
                self.synced(env, body)
            case _:
                pass  # a LeaveGroup's answer changes nothing

    def joined(self, env: Env, body: JoinGroupResponse) -> None:
        """A generation is complete, or we are not in it."""
        if self.stage != JOINING:
            return
        match body.error_code:
            case ErrorCode.NONE:
                self.member_id = body.member_id
                self.generation = body.generation_id
                self.protocol = body.protocol_name
                self.leads = body.leader == body.member_id
                self.stage = SYNCING
                self._learn_topics(body)
                self.metadata_came(env)
            case ErrorCode.MEMBER_ID_REQUIRED:
                self.member_id = body.member_id
                self._try_again(env, at_once=True)
            case error:
                self._membership_error(env, error)

    def _learn_topics(self, body: JoinGroupResponse) -> None:
        """The leader also watches topics that only others read; a follower no longer does."""
        topics = dict.fromkeys(self.topics)
        for one in _subscriptions(body) if self.leads else ():
            topics |= dict.fromkeys(one.topics)
        if any(topic not in self.metadata.topics for topic in topics):
            self.metadata.needed = True
            self.metadata.missing = tuple(topic for topic in topics if topic not in self.metadata.topics)
        self.metadata.topics = tuple(topics)
        self.elected = body

    def metadata_came(self, env: Env) -> None:
        """What was missing for a plan may be there; or there are more partitions than were planned for."""
        if self.stage == SYNCING and self.elected is not None and not self.metadata.missing:
            body, self.elected = self.elected, None
            self._sync(env, body)
        self._notice_new_partitions()

    def _sync(self, env: Env, body: JoinGroupResponse) -> None:
        assignments: tuple[tuple[str, bytes], ...] = ()
        if self.leads:
            members = _subscriptions(body)
            topics = {topic: None for one in members for topic in one.topics}
            # Also where the plan is kept (KIP-814): a leader that has come back still watches for new partitions.
            self.planned_for = {topic: self.metadata.counts.get(topic, 0) for topic in topics}
            self.kept_plan = body.skip_assignment
            if not body.skip_assignment:
                counts = {topic: count for topic, count in self.planned_for.items() if count}
                plan = ASSIGNORS[self.protocol](members, counts)
                assignments = tuple((member, encode_assignment(partitions)) for member, partitions in plan.items())
        request = SyncGroupRequest(
            self.group_id,
            self.generation,
            self.member_id,
            assignments,
            self.protocol,
            self.instance_id,
            "consumer",
        )
        assert self.coordinator is not None
        timeout = millis(max(self.config.request_timeout_ms, self.config.max_poll_interval_ms + 5_000))
        self.net.send(env, self.coordinator, request, REQUEST_BYTES, "sync", timeout)

    def synced(self, env: Env, body: SyncGroupResponse) -> None:
        """What is ours in this generation."""
        if self.stage != SYNCING:
            return
        if body.error_code is not ErrorCode.NONE:
            self._membership_error(env, body.error_code)
            return
        self.stage = STABLE
        self.assignment = decode_assignment(body.assignment)
        self.memory = encode_memory(self.assignment, self.generation)
        self.heard_at = env.now
        self.heartbeat_at = env.now + self.config.heartbeat_interval_us

    def heard(self, env: Env, body: HeartbeatResponse) -> None:
        """The coordinator's answer to a heartbeat."""
        self.heartbeat_out = False
        match body.error_code:
            case ErrorCode.NONE:
                self.heard_at = env.now
            case ErrorCode.REBALANCE_IN_PROGRESS:
                self.heard_at = env.now
                self.rejoin = True
            case error:
                if self.stage == STABLE:
                    self._membership_error(env, error)

    def refused(self, env: Env, error: ErrorCode, sent_as: tuple[str, int]) -> None:
        """A request was refused because we are not, or no longer, what we think."""
        if error in REDISCOVER:
            self._membership_error(env, error)
        elif error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION, *FATAL):
            if sent_as == self.identity:
                self._membership_error(env, error)
        elif error is ErrorCode.REBALANCE_IN_PROGRESS:
            self.rejoin = True

    def _membership_error(self, env: Env, error: ErrorCode) -> None:
        if error in FATAL:
            self.exception = FATAL[error]
        if error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID):
            self.member_id = ""
            self.lost = True
            self.generation = -1
        elif error is ErrorCode.ILLEGAL_GENERATION:
            self.lost = True
            self.generation = -1
        elif error in REDISCOVER:
            self.coordinator = None
        at_once = error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.REBALANCE_IN_PROGRESS)
        self._try_again(env, at_once=at_once)

    def _try_again(self, env: Env, *, at_once: bool) -> None:
        # A coordinator that has moved keeps the generation: there is no need to join again, only to find it.
        moved = self.stage == STABLE and self.coordinator is None
        if not moved:
            self.start_over()
        if not at_once:
            self._pause(env)

    def start_over(self) -> None:
        """Join anew. What was asked on the way to the old generation is not waited for."""
        super().start_over()
        self.elected = None
        self.net.forget("join", "sync")

    def taken(self, env: Env, assigned: tuple[TopicPartition, ...], revoked: tuple[TopicPartition, ...]) -> None:
        """What was given up wants a second rebalance, which hands it on."""
        super().taken(env, assigned, revoked)
        self.rejoin = self.rejoin or bool(revoked)

    # --- the heartbeat thread ---------------------------------------------------------------------

    def heartbeat(self, env: Env) -> None:
        """Sent by a thread of its own, however busy the application is."""
        if self.stage != STABLE or self.coordinator is None or env.now < self.heartbeat_at:
            return
        self.heartbeat_at = env.now + self.config.heartbeat_interval_us
        if self.heartbeat_out:
            if env.now - self.heard_at > self.config.session_timeout_us:
                self.coordinator = None
                self.heartbeat_out = False
            return
        self.heartbeat_out = True
        request = HeartbeatRequest(self.group_id, self.generation, self.member_id, self.instance_id)
        self.net.send(env, self.coordinator, request, REQUEST_BYTES, "heartbeat")

    def leave(self, env: Env, reason: str) -> None:
        """Leave now. A static member only falls silent."""
        if self.stage == LEFT:
            return
        if self.instance_id is None and self.coordinator is not None and self.member_id:
            request = LeaveGroupRequest(self.group_id, (LeavingMember(self.member_id, reason=reason),))
            self.net.send(env, self.coordinator, request, REQUEST_BYTES, "leave")
        if self.generation >= 0:
            env.tell(facts.LeftGroup(self.group_id, self.name, reason))
        self.stage = LEFT
        self.member_id = ""
        self.lost = True

    def come_back(self) -> None:
        """The next poll() joins again, as somebody else."""
        super().come_back()
        self.generation = -1

    def _notice_new_partitions(self) -> None:
        """The leader planned for other partition counts than there are now."""
        counts = {topic: self.metadata.counts.get(topic, count) for topic, count in self.planned_for.items()}
        if self.leads and self.stage == STABLE and counts != self.planned_for:
            self.rejoin = True


def _subscriptions(body: JoinGroupResponse) -> list[Subscription]:
    """What the members want, as the leader is told."""
    return [decode_subscription(one.metadata, one.member_id, one.group_instance_id) for one in body.members]
