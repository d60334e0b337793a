"""Membership: a consumer's part in its group: what both protocols have in common (spec 4.1, 6.8)."""

from lab.env import Address, Env, Micros, address
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from lab.kafka.protocol.messages.offsets import OffsetFetchRequest
from lab.kafka.protocol.topics import TopicPartition, all_by_topic
from lab.kafka.rpc.network_client import NetworkClient, Tag

UNJOINED, JOINING, SYNCING, STABLE, LEFT = "unjoined", "joining", "syncing", "stable", "left"
REQUEST_BYTES = 128
CHANNEL = "coordinator"
DENIED = {
    ErrorCode.GROUP_AUTHORIZATION_FAILED: "GroupAuthorizationException",
    ErrorCode.TOPIC_AUTHORIZATION_FAILED: "TopicAuthorizationException",
}
"""What poll() throws where an ACL is missing."""
REDISCOVER = (ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE)


class Membership:
    """Finds the coordinator; the protocols do the rest. `rejoin` is looked at by the next poll(), `generation` is the
    member epoch in the consumer protocol, `kept_plan`: a leader that has come back has kept its plan (KIP-814).
    """

    kept_plan: bool = False

    def __init__(
        self,
        name: str,
        group_id: str,
        topics: tuple[str, ...],
        config: ConsumerConfig,
        metadata: Metadata,
        net: NetworkClient,
    ) -> None:
        self.name = name
        self.group_id = group_id
        self.topics = topics
        self.config = config
        self.metadata = metadata
        self.net = net
        self.stage = UNJOINED
        self.member_id = ""
        self.generation = -1
        self.coordinator: Address | None = None
        self.finding = False
        self.rejoin = True
        self.lost = False
        self.owned: tuple[TopicPartition, ...] = ()
        self.assignment: tuple[TopicPartition, ...] | None = None
        self.retry_at: Micros = 0
        self.heartbeat_at: Micros = 0
        self.heartbeat_out = False
        self.exception = ""

    @property
    def instance_id(self) -> str | None:
        """Static membership, if configured."""
        return self.config.group_instance_id or None

    @property
    def cooperative(self) -> bool:
        """Whether what stays is read on while the group rebalances."""
        return True

    @property
    def identity(self) -> tuple[str, int]:
        """As whom a request is sent: an error for who we were before is not ours."""
        return self.member_id, self.generation

    # --- the coordinator --------------------------------------------------------------------------

    def _find(self, env: Env) -> None:
        if self.finding or env.now < self.retry_at or not self.metadata.brokers:
            self.metadata.needed = self.metadata.needed or not self.metadata.brokers
            return
        self.finding = True
        request = FindCoordinatorRequest(self.group_id)
        self.net.send(env, self.metadata.someone(self.net), request, REQUEST_BYTES, "find")

    def found(self, env: Env, body: FindCoordinatorResponse) -> None:
        """Where the coordinator is."""
        self.finding = False
        if body.error_code is ErrorCode.NONE:
            self.coordinator = address(body.host, CHANNEL)
        else:
            self.exception = DENIED.get(body.error_code, self.exception)
            self._pause(env)

    def _pause(self, env: Env) -> None:
        self.retry_at = env.now + self.config.retry_backoff_us

    def connection_lost(self, env: Env, tags: list[Tag], peer: Address) -> None:
        """The coordinator's connection, or another one with our question about it, is gone."""
        if "find" in tags:
            self.finding = False
            self._pause(env)
        if peer != self.coordinator:
            return
        self.coordinator = None
        self.heartbeat_out = False
        if self.stage in (JOINING, SYNCING):
            self.start_over()
        self._pause(env)

    def start_over(self) -> None:
        """Join anew. What was asked on the way to the old generation is not waited for."""
        self.stage = UNJOINED
        self.rejoin = True

    def offset_fetch(self, partitions: tuple[TopicPartition, ...], *, require_stable: bool) -> OffsetFetchRequest:
        """The question where the group has got to."""
        return OffsetFetchRequest(self.group_id, all_by_topic(partitions), require_stable)

    # --- what each protocol does in its own way ---------------------------------------------------

    def advance(self, env: Env) -> None:
        """Inside poll(): one step towards membership, if a step is due."""

    def heartbeat(self, env: Env) -> None:
        """By a thread of its own, however busy the application is: report, if a report is due."""

    def answered(self, env: Env, body: object) -> None:
        """The coordinator's answer to a question of this protocol."""

    def taken(self, env: Env, assigned: tuple[TopicPartition, ...], revoked: tuple[TopicPartition, ...]) -> None:
        """The application has given up what goes and taken what comes."""
        self.owned = assigned

    def refused(self, env: Env, error: ErrorCode, sent_as: tuple[str, int]) -> None:
        """A request was refused because we are not, or no longer, what we think."""

    def leave(self, env: Env, reason: str) -> None:
        """Leave now."""

    def come_back(self) -> None:
        """After max.poll.interval.ms was exceeded, the next poll() joins again."""
        self.stage = UNJOINED
        self.rejoin = True

    def metadata_came(self, env: Env) -> None:
        """There is news of the cluster."""
