"""ShareMembership: a share consumer's part in its group: heartbeats with epochs (KIP-932)."""

from lab.env import Address, Env, Micros, address, millis
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.share import ShareConsumerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from lab.kafka.protocol.messages.share_groups import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.network_client import NetworkClient

REQUEST_BYTES = 96
FIND, HEARTBEAT, LEAVE = "find", "heartbeat", "leave"
REJOIN = (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH)


class ShareMembership:
    """Where the coordinator is, in which epoch we are, and what we may fetch from."""

    def __init__(
        self,
        group_id: str,
        topics: tuple[str, ...],
        config: ShareConsumerConfig,
        metadata: Metadata,
        net: NetworkClient,
    ) -> None:
        self.group_id = group_id
        self.topics = topics
        self.config = config
        self.metadata = metadata
        self.net = net
        self.member_id = ""
        self.member_epoch = JOIN_EPOCH
        self.assignment: tuple[TopicPartition, ...] = ()
        self.coordinator: Address | None = None
        self.asking = ""
        self.heartbeat_at: Micros = 0
        self.left = False
        self.fatal = ""

    @property
    def joined(self) -> bool:
        """Whether the coordinator knows us."""
        return self.member_epoch > JOIN_EPOCH

    def advance(self, env: Env) -> None:
        """Find the coordinator; report when it is time."""
        if self.asking or self.left or self.fatal or env.now < self.heartbeat_at:
            return
        if not self.member_id:
            self.member_id = f"{env.name}-{env.dice.below(1 << 30):08x}"
        if self.coordinator is None:
            self._ask(env, self.metadata.someone(self.net), FindCoordinatorRequest(self.group_id), FIND)
        else:
            topics = None if self.joined else self.topics
            body = ShareGroupHeartbeatRequest(self.group_id, self.member_id, self.member_epoch, topics)
            self._ask(env, self.coordinator, body, HEARTBEAT)

    def _ask(self, env: Env, target: Address, body: object, tag: str) -> None:
        self.asking = tag
        self.net.send(env, target, body, REQUEST_BYTES, tag)

    def found(self, env: Env, body: FindCoordinatorResponse) -> None:
        """Who looks after the group."""
        self.asking = ""
        if body.error_code is ErrorCode.NONE:
            self.coordinator = address(body.host, "coordinator")
        else:
            if body.error_code is ErrorCode.GROUP_AUTHORIZATION_FAILED:
                self.fatal = body.error_code.name
            self._pause(env)

    def heard(self, env: Env, body: ShareGroupHeartbeatResponse) -> None:
        """Our epoch, and what we may fetch from, if that is news. Who is thrown out joins again under its old id."""
        self.asking = ""
        if body.error_code is ErrorCode.NONE:
            self.member_epoch = body.member_epoch
            self.heartbeat_at = env.now + millis(body.heartbeat_interval_ms)
            if body.assignment is not None:
                self.assignment = body.assignment
            return
        if body.error_code in REJOIN:
            self.member_epoch = JOIN_EPOCH
            self.assignment = ()
        elif body.error_code.retriable:
            self.coordinator = None
        else:
            self.fatal = body.error_code.name
        self._pause(env)

    def _pause(self, env: Env) -> None:
        self.heartbeat_at = env.now + self.config.retry_backoff_us

    def unanswered(self, env: Env, tag: object) -> None:
        """The connection broke, or the answer is too late: find the coordinator anew."""
        if tag in (FIND, HEARTBEAT):
            self.asking = ""
            self.coordinator = None
            self._pause(env)

    def leave(self, env: Env) -> None:
        """Say so; nobody waits for the answer."""
        if self.joined and self.coordinator is not None:
            body = ShareGroupHeartbeatRequest(self.group_id, self.member_id, LEAVE_EPOCH)
            self._ask(env, self.coordinator, body, LEAVE)
        self.left = True
