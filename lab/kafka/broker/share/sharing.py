"""Sharing: all that a broker does for share groups, and what wakes it."""

from typing import TYPE_CHECKING

from lab.env import Address, Env, Micros
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedShareFetch
from lab.kafka.broker.share.administration import ShareAdministration
from lab.kafka.broker.share.groups import PendingHeartbeat, PendingJob, ShareGroups, share_records
from lab.kafka.broker.share.leader import ShareLeader
from lab.kafka.broker.share.persister import HERE, Persister
from lab.kafka.broker.share.states import STATE_TOPIC, PendingState, ShareStates
from lab.kafka.coordinator.group import Token
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_state import (
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ShareStateRequest,
    ShareStateResponse,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

TIMER = "sharing"


class Sharing:
    """The three roles of a broker, and its own questions to share coordinators."""

    def __init__(self) -> None:
        self.persister = Persister()
        self.groups = ShareGroups()
        self.states = ShareStates()
        self.leader = ShareLeader(self.persister)
        self.administration = ShareAdministration(self.persister, self.groups)
        self.wakes_at: Micros | None = None

    # --- roles ------------------------------------------------------------------------------------

    def on_role(self, broker: "Broker", env: Env, partition: Partition) -> None:
        """Leadership of a partition has changed, or its epoch."""
        name = partition.partition
        if name.topic == STATE_TOPIC:
            if partition.leading:
                self.states.on_leader(partition)
            else:
                self.states.on_not_leader(name)
        elif name.topic == OFFSETS_TOPIC:
            if partition.leading:
                self.groups.on_leader(broker, env, partition)
            else:
                self.groups.on_not_leader(name)
        else:
            self.leader.role_changed(broker, env, name)
        self.schedule(env)

    def on_gone(self, broker: "Broker", env: Env, name: TopicPartition) -> None:
        """This broker has no replica any more."""
        self.states.on_not_leader(name)
        self.groups.on_not_leader(name)
        self.leader.role_changed(broker, env, name)

    def topic_deleted(self, broker: "Broker", env: Env, topic: str) -> None:
        """What is known of a topic goes with it."""
        self.states.topic_deleted(broker, env, topic)
        self.groups.topic_deleted(broker, env, topic)

    # --- the share coordinator's answers ----------------------------------------------------------

    def state_asked(self, broker: "Broker", env: Env, request: ShareStateRequest, token: Token) -> None:
        """A question to this broker as share coordinator, by another or by itself."""
        answer = self.states.handle(broker, env, request, token)
        if answer is not None:
            self._answer_state(broker, env, token, answer)

    def _answer_state(self, broker: "Broker", env: Env, token: Token, answer: ShareStateResponse) -> None:
        if token[0] == HERE:
            self.persister.answered(env, token[1], answer)
            self.schedule(env)
        else:
            broker.reply(env, *token, answer)

    def state_answered(self, env: Env, number: int, answer: ShareStateResponse) -> None:
        """Another broker's answer."""
        self.persister.answered(env, number, answer)
        self.schedule(env)

    def logged(
        self, broker: "Broker", env: Env, token: PendingState | PendingHeartbeat | PendingJob, error: ErrorCode
    ) -> None:
        """An append is replicated, or has failed."""
        match token:
            case PendingHeartbeat():
                broker.reply(env, *token.token, self.groups.logged(token, error))
            case PendingJob():
                self.administration.logged(broker, env, token.number, error)
                self.schedule(env)
            case PendingState():
                self._answer_state(broker, env, token.token, self.states.logged(broker, env, token, error))

    # --- connections and time ---------------------------------------------------------------------

    def hang_up(self, broker: "Broker", env: Env, sender: Address) -> None:
        """A connection is gone."""
        for operation in broker.purgatory.operations.values():
            token = getattr(operation, "token", None)
            if isinstance(token, PendingState) and token.token[0] == sender:
                token.token = ("", -1)
        self.groups.hang_up(broker, sender)
        self.administration.hang_up(sender)
        self.leader.hang_up(broker, env, sender)
        self.schedule(env)

    def lost(self, env: Env, host: str) -> None:
        """A broker of whom something was asked is gone."""
        self.persister.lost(env, host)
        self.schedule(env)

    def schedule(self, env: Env) -> None:
        """See when something is due."""
        found = (self.persister.next_deadline(env.now), self.groups.next_deadline(), self.leader.next_deadline())
        deadlines = [at for at in found if at is not None]
        at = max(min(deadlines), env.now) if deadlines else None
        if at is not None and (self.wakes_at is None or at < self.wakes_at):
            self.wakes_at = at
            env.set_timer(TIMER, at)

    def wake(self, broker: "Broker", env: Env) -> None:
        """Answers to look at, locks and sessions that are over, questions to ask again."""
        self.wakes_at = None
        heard, self.persister.heard = self.persister.heard, []
        for call, answer in heard:
            match call.request:
                case InitializeShareGroupStateRequest():
                    if not answer.error_code:
                        self.groups.initialized(broker, env, call.request)
                case ReadShareGroupStateRequest():
                    self.leader.read(broker, env, call.request, answer)
                case WriteShareGroupStateRequest():
                    self.leader.written(broker, env, call.request, answer)
                case _:
                    pass
            if call.job:
                self.administration.heard(broker, env, call.job, call.request, answer)
        self.leader.wake(broker, env)
        self.groups.wake(broker, env)
        self.persister.wake(broker, env)
        self.schedule(env)

    def try_fetch(
        self, broker: "Broker", env: Env, number: int, operation: DelayedShareFetch, *, over: bool = False
    ) -> None:
        """A waiting fetch may have something to say."""
        self.leader.try_fetch(broker, env, number, operation, over=over)
        self.schedule(env)


def sharing_of(broker: "Broker") -> Sharing:
    """A broker's part in share groups; made when it is first needed."""
    if broker.sharing is None:
        broker.sharing = Sharing()
        for partition in broker.partitions.values():
            if partition.leading and partition.partition.topic == OFFSETS_TOPIC:
                broker.sharing.groups.shards[partition.partition] = {}
    return broker.sharing


def role_changed(broker: "Broker", env: Env, partition: Partition) -> None:
    """Leadership has changed: a broker without share groups has nothing to do, unless the log speaks of one."""
    topic = partition.partition.topic
    if (
        broker.sharing is None
        and partition.leading
        and (topic == STATE_TOPIC or (topic == OFFSETS_TOPIC and share_records(partition)))
    ):
        sharing_of(broker)
    if broker.sharing is not None:
        broker.sharing.on_role(broker, env, partition)
