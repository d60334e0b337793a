"""ConsumerMembership: a consumer's part in the consumer group protocol (KIP-848, spec 4.6, 6.15).

There is no joining in rounds: heartbeats say what has changed, and their answers what this member is to have. The
application takes that in its next poll(): it commits and gives up what goes, and the heartbeat after that says so.
"""

from lab.env import Address, Env, Micros, millis
from lab.kafka import facts
from lab.kafka.clients.consumer.membership import (
    DENIED,
    JOINING,
    LEFT,
    REDISCOVER,
    REQUEST_BYTES,
    STABLE,
    UNJOINED,
    Membership,
)
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    LEAVE_STATIC_EPOCH,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from lab.kafka.protocol.messages.offsets import OffsetFetchRequest
from lab.kafka.protocol.topics import TopicPartition, all_by_topic
from lab.kafka.rpc.network_client import NetworkClient, Tag

FATAL = {
    **DENIED,
    ErrorCode.FENCED_INSTANCE_ID: "FencedInstanceIdException",
    ErrorCode.GROUP_ID_NOT_FOUND: "GroupIdNotFoundException",
    ErrorCode.GROUP_MAX_SIZE_REACHED: "GroupMaxSizeReachedException",
    ErrorCode.INVALID_REGULAR_EXPRESSION: "InvalidRegularExpression",
    ErrorCode.INVALID_REQUEST: "InvalidRequestException",
    ErrorCode.UNRELEASED_INSTANCE_ID: "UnreleasedInstanceIdException",
    ErrorCode.UNSUPPORTED_ASSIGNOR: "UnsupportedAssignorException",
}
"""What the next poll() throws: asking again would not help."""
FENCED = (ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID)


class ConsumerMembership(Membership):
    """`in_full`: the next heartbeat says everything, since an answer may have been lost; `acknowledges`: it says what
    the member owns now. `interval`: what the coordinator dictates.
    """

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
        self.generation = JOIN_EPOCH
        self.in_full = True
        self.acknowledges = False
        self.interval: Micros = 0

    # --- what poll() does -------------------------------------------------------------------------

    def advance(self, env: Env) -> None:
        """Find the coordinator, or ask to join."""
        if self.stage == LEFT or self.exception:
            return
        if self.coordinator is None:
            self._find(env)
        elif self.rejoin and self.stage == UNJOINED and env.now >= self.retry_at:
            self.stage = JOINING
            self.rejoin = False
            self.generation = JOIN_EPOCH
            self.in_full = True
            self._report(env)

    def taken(self, env: Env, assigned: tuple[TopicPartition, ...], revoked: tuple[TopicPartition, ...]) -> None:
        """The next heartbeat says so, and goes out at once."""
        super().taken(env, assigned, revoked)
        self.acknowledges = True
        self.heartbeat_at = env.now
        self.heartbeat(env)

    # --- the background thread --------------------------------------------------------------------

    def heartbeat(self, env: Env) -> None:
        """Report when it is due; and find a coordinator that has moved, without waiting for poll()."""
        if self.stage not in (STABLE, JOINING):
            return
        if self.coordinator is None:
            self._find(env)
        elif self.stage == STABLE and env.now >= max(self.heartbeat_at, self.retry_at) and not self.heartbeat_out:
            self._report(env)

    def _report(self, env: Env) -> None:
        assert self.coordinator is not None
        if not self.member_id:
            self.member_id = f"{self.name}-{env.dice.below(1 << 30):08x}-{env.now:x}"
        request = ConsumerGroupHeartbeatRequest(self.group_id, self.member_id, self.generation, self.instance_id)
        if self.in_full:
            request.rebalance_timeout_ms = self.config.max_poll_interval_ms
            request.subscribed_topic_names = self.topics
            request.server_assignor = self.config.group_remote_assignor or None
        if self.in_full or self.acknowledges:
            request.topic_partitions = self.owned if self.generation != JOIN_EPOCH else ()
        self.heartbeat_out = True
        self.in_full = self.acknowledges = False
        self.heartbeat_at = env.now + self.interval
        self.net.send(env, self.coordinator, request, REQUEST_BYTES, "heartbeat")

    def answered(self, env: Env, body: object) -> None:
        """Which epoch we are in now, and perhaps what we are to have."""
        if not isinstance(body, ConsumerGroupHeartbeatResponse) or body.member_epoch < JOIN_EPOCH:
            return
        self.heartbeat_out = False
        if self.stage not in (STABLE, JOINING):
            return
        if body.error_code:
            self._membership_error(env, body.error_code)
            return
        self.stage = STABLE
        self.generation = body.member_epoch
        self.interval = millis(body.heartbeat_interval_ms)
        if not self.acknowledges:
            self.heartbeat_at = env.now + self.interval
        if body.assignment is not None:
            self._be_assigned(body.assignment)

    def _be_assigned(self, assignment: tuple[TopicPartition, ...]) -> None:
        """For the next poll() to take. What is already so was only said again."""
        self.assignment = assignment
        for topic in dict.fromkeys(one.topic for one in assignment):
            if topic not in self.metadata.topics:
                self.metadata.topics = (*self.metadata.topics, topic)
                self.metadata.needed = True

    # --- what goes wrong --------------------------------------------------------------------------

    def refused(self, env: Env, error: ErrorCode, sent_as: tuple[str, int]) -> None:
        """A commit or a question for offsets was refused. A stale epoch is only that: another is on its way to us."""
        if error in (*REDISCOVER, *DENIED) or (error in FENCED and sent_as == self.identity):
            self._membership_error(env, error)

    def _membership_error(self, env: Env, error: ErrorCode) -> None:
        self.in_full = True
        if error in FATAL:
            self.exception = FATAL[error]
        elif error in FENCED:
            self.lost = True
            self.generation = JOIN_EPOCH
            self.assignment = None
            self.start_over()
            return
        elif error in REDISCOVER:
            self.coordinator = None
        if self.stage == JOINING:
            self.start_over()
        self._pause(env)

    def connection_lost(self, env: Env, tags: list[Tag], peer: Address) -> None:
        """What the last heartbeat was answered is not known, and with it perhaps an assignment: the next one asks for
        all, as Kafka's client does whenever one has failed.
        """
        self.in_full = self.in_full or self.heartbeat_out
        super().connection_lost(env, tags, peer)

    def start_over(self) -> None:
        """Join again with epoch zero and the same member id."""
        super().start_over()
        self.heartbeat_out = False
        self.net.forget("heartbeat")

    def offset_fetch(self, partitions: tuple[TopicPartition, ...], *, require_stable: bool) -> OffsetFetchRequest:
        """The question where the group has got to, as a member of this epoch."""
        return OffsetFetchRequest(
            self.group_id, all_by_topic(partitions), require_stable, self.member_id, self.generation
        )

    def leave(self, env: Env, reason: str) -> None:
        """A static member says that it will be back: nobody gets what it had within its session."""
        if self.stage == LEFT:
            return
        if self.coordinator is not None and self.generation > JOIN_EPOCH:
            epoch = LEAVE_EPOCH if self.instance_id is None else LEAVE_STATIC_EPOCH
            request = ConsumerGroupHeartbeatRequest(self.group_id, self.member_id, epoch, self.instance_id)
            self.net.send(env, self.coordinator, request, REQUEST_BYTES, "leave")
        if self.generation > JOIN_EPOCH:
            env.tell(facts.LeftGroup(self.group_id, self.name, reason))
        self.net.forget("heartbeat")
        self.stage = LEFT
        self.heartbeat_out = False
        self.lost = True
