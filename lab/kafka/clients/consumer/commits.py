"""Commits: what a consumer tells its coordinator of how far it has come, and what commitSync waits for (spec 6.11)."""

from collections.abc import Sequence

from lab.env import Env, Micros
from lab.kafka import facts
from lab.kafka.clients.consumer.fetcher import Fetcher
from lab.kafka.clients.consumer.membership import STABLE, Membership
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest, OffsetCommitResponse
from lab.kafka.protocol.records import Record
from lab.kafka.protocol.topics import TopicPartition, by_topic
from lab.kafka.rpc.network_client import NetworkClient, Tag

REQUEST_BYTES = 96
Asked = tuple[str, tuple[tuple[TopicPartition, int], ...], bool, tuple[str, int]]
"""A tag: `commit`, the offsets, whether the application waits, and who asked."""

Unfinished = Sequence[tuple[TopicPartition, Record]]
"""Records in the application's hands, in their order."""


class Commits:
    """`waiting`: the application is inside commitSync. `auto`: the client commits by itself, next at `auto_at`;
    `in_background`: by a thread, and not inside poll().
    """

    def __init__(
        self,
        name: str,
        config: ConsumerConfig,
        policy: str,
        membership: Membership,
        fetcher: Fetcher,
        net: NetworkClient,
    ) -> None:
        self.name = name
        self.config = config
        self.policy = policy
        self.auto = policy == "auto" and config.enable_auto_commit
        self.in_background = self.auto and config.flavour.commits_in_background
        self.membership = membership
        self.fetcher = fetcher
        self.net = net
        self.waiting = False
        self.waits_for: dict[TopicPartition, int] = {}
        self.deadline: Micros = 0
        self.retry_at: Micros = 0
        self.unsent: dict[TopicPartition, int] = {}
        self.acknowledged: dict[TopicPartition, int] = {}
        self.auto_at: Micros = 0

    def due(self, unfinished: Unfinished = ()) -> dict[TopicPartition, int]:
        """What poll() has returned up to, where that is news to the coordinator. What is `unfinished` is not to be
        committed where the application stores offsets itself, after the work (enable.auto.offset.store=false).
        """
        reached = {
            partition: position.offset
            for partition, position in self.fetcher.positions.items()
            if position.offset >= 0 and position.stage != "initializing"
        }
        if not self.config.enable_auto_offset_store:
            for partition, record in reversed(unfinished):
                if partition in reached:
                    reached[partition] = record.offset
        return {one: offset for one, offset in reached.items() if self.acknowledged.get(one) != offset}

    def automatically(self, env: Env, unfinished: Unfinished = ()) -> None:
        """Commit if the interval is over: inside poll(), when nothing is in hand, or from a thread at any time."""
        if self.auto_at and env.now >= self.auto_at and self.auto:
            self.begin_interval(env)
            self.send(env, self.due(unfinished))

    def begin_interval(self, env: Env) -> None:
        """The next auto-commit is an interval from now."""
        self.auto_at = env.now + self.config.auto_commit_interval_us

    def before_giving_up(self, env: Env) -> None:
        """On the same connection as the JoinGroup or LeaveGroup that follows, so it is handled before that."""
        if self.auto or self.policy in ("sync", "async"):
            self.send(env, self.due())

    def send(self, env: Env, offsets: dict[TopicPartition, int], *, wait: bool = False) -> None:
        """Send a commit; `wait`: the application does nothing else until it is answered (commitSync). Between two
        generations there is nothing to commit in: the coordinator would take it for a member of the old one.
        """
        if not offsets:
            return
        if self.membership.stage != STABLE:
            self._impossible(env)
            return
        if wait and not self.waiting:
            self.deadline = env.now + self.config.default_api_timeout_us
        coordinator = self.membership.coordinator
        if coordinator is None:
            self._keep(env, offsets, wait=wait)
            return
        request = OffsetCommitRequest(
            self.membership.group_id,
            self.membership.generation,
            self.membership.member_id,
            {one: CommittedOffset(offset, self._epoch(one)) for one, offset in by_topic(offsets).items()},
            self.membership.instance_id,
        )
        self.waiting = wait
        self.waits_for = offsets if wait else self.waits_for
        tag: Asked = ("commit", tuple(offsets.items()), wait, self.membership.identity)
        self.net.send(env, coordinator, request, REQUEST_BYTES, tag)

    def _keep(self, env: Env, offsets: dict[TopicPartition, int], *, wait: bool) -> None:
        """Until a coordinator is found."""
        if not wait:
            self.unsent |= offsets
            return
        self.waiting = True
        self.waits_for = offsets
        self._pause(env)
        self.membership.advance(env)

    def _pause(self, env: Env) -> None:
        self.retry_at = env.now + self.config.retry_backoff_us

    def _impossible(self, env: Env) -> None:
        error = ErrorCode.UNKNOWN_MEMBER_ID if self.membership.lost else ErrorCode.REBALANCE_IN_PROGRESS
        self._tell_failure(env, error)

    def _tell_failure(self, env: Env, error: ErrorCode) -> None:
        env.tell(facts.CommitFailed(self.membership.group_id, self.name, error.name))

    def _epoch(self, partition: TopicPartition) -> int:
        position = self.fetcher.positions.get(partition)
        return position.offset_epoch if position is not None else -1

    def forget(self, partitions: tuple[TopicPartition, ...]) -> None:
        """They are somebody else's now."""
        for partition in partitions:
            self.acknowledged.pop(partition, None)
            self.unsent.pop(partition, None)

    # --- answers ----------------------------------------------------------------------------------

    def answered(self, env: Env, tag: Asked, body: OffsetCommitResponse) -> bool:
        """The coordinator's answer. Whether commitSync has returned with it."""
        _, offsets, waited, sent_as = tag
        errors = [error for error in body.partitions.values() if error]
        if not errors:
            for partition, offset in offsets:
                self.learn(partition, offset)
            env.tell(facts.CommitAcknowledged(self.membership.group_id, self.name, dict(offsets)))
        else:
            self.membership.refused(env, errors[0], sent_as)
            self._failed(env, errors[0], waited)
            if waited and self.waiting and may_try_again(errors[0]):
                return False
        return waited and self._settle()

    def learn(self, partition: TopicPartition, offset: int) -> None:
        """The coordinator has this offset."""
        self.acknowledged[partition] = offset
        position = self.fetcher.positions.get(partition)
        if position is not None:
            position.committed = offset

    def unanswered(self, env: Env, tag: Tag) -> None:
        """The connection broke, or the answer is too late."""
        self._failed(env, ErrorCode.NETWORK_EXCEPTION, waits(tag))

    def _failed(self, env: Env, error: ErrorCode, waited: bool) -> None:
        if waited and may_try_again(error):
            self._pause(env)
        elif self.auto and may_try_again(error):
            self.auto_at = env.now + self.config.retry_backoff_us
        else:
            self._tell_failure(env, error)

    def _settle(self) -> bool:
        self.waiting = False
        self.waits_for = {}
        return True

    def retry(self, env: Env) -> bool:
        """commitSync tries again until it is answered, membership is lost, or default.api.timeout.ms is over.
        Whether it has returned.
        """
        if not self.unsent and not self.waiting:
            return False
        if self.unsent and self.membership.coordinator is not None:
            offsets, self.unsent = self.unsent, {}
            self.send(env, offsets)
        if self.waiting and env.now >= self.deadline:
            self.net.forget(*(one.tag for one in self.net.in_flight.values() if waits(one.tag)))
            self._tell_failure(env, ErrorCode.REQUEST_TIMED_OUT)
            return self._settle()
        if not self.waiting or env.now < self.retry_at:
            return False
        if any(is_commit(one.tag) for one in self.net.in_flight.values()):
            return False
        if self.membership.stage != STABLE:
            self._impossible(env)
            return self._settle()
        self.send(env, self.waits_for, wait=True)
        return False


def may_try_again(error: ErrorCode) -> bool:
    """Whether the same offsets may be committed again: in the consumer protocol also when only the epoch was old."""
    return error.retriable or error is ErrorCode.STALE_MEMBER_EPOCH


def is_commit(tag: Tag) -> bool:
    """Whether a request is a commit."""
    match tag:
        case ("commit", *_):
            return True
        case _:
            return False


def waits(tag: Tag) -> bool:
    """Whether the application waits for this request: a commitSync."""
    match tag:
        case ("commit", _, True, _):
            return True
        case _:
            return False
