"""Offset commits: refused at once, or appended to `__consumer_offsets` and answered when they are replicated.

Those of a transaction hold only when its marker is replicated too.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Env
from lab.kafka import facts
from lab.kafka.coordinator.commits import commit_error
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import Group, Token
from lab.kafka.coordinator.offset_records import OffsetKey, offset_key, offset_value
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.coordinator.transactional_offsets import transactional_commit_error
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset, OffsetCommitRequest, OffsetCommitResponse
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitRequest, TxnOffsetCommitResponse
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker
    from lab.kafka.broker.coordinators import Coordinators

NO_LONGER_A_MEMBER = (
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.FENCED_INSTANCE_ID,
    ErrorCode.STALE_MEMBER_EPOCH,
)


@dataclass(slots=True)
class PendingCommit:
    """A commit on its way into the log."""

    partition: TopicPartition
    reply_to: Token
    request: OffsetCommitRequest
    accepted: dict[TopicPartition, CommittedOffset]
    refused: dict[TopicPartition, ErrorCode]
    timestamp_ms: int


@dataclass(slots=True)
class PendingTransactionalCommit:
    """A commit within a transaction on its way into the log; it will hold when the transaction does."""

    reply_to: Token
    accepted: tuple[TopicPartition, ...]
    refused: dict[TopicPartition, ErrorCode]


def commit(
    broker: "Broker", env: Env, request: OffsetCommitRequest, reply_to: Token, unknown: dict[TopicPartition, ErrorCode]
) -> OffsetCommitResponse | None:
    """A commit: an answer now if it is refused, else later, when it is replicated."""
    coordinators = broker.coordinators
    found = coordinators.shard_of(broker, request.group_id)
    error = found if isinstance(found, ErrorCode) else commit_error(found[1].groups, request, env.now)
    if error or isinstance(found, ErrorCode):
        if error in NO_LONGER_A_MEMBER:
            env.tell(facts.CommitRefused(request.group_id, request.generation_id, request.member_id, error))
        return OffsetCommitResponse(dict.fromkeys(request.offsets, error))
    refused = dict(unknown)
    accepted: dict[TopicPartition, CommittedOffset] = {}
    for partition, offset in request.offsets.items():
        if partition in unknown:
            continue
        if len(offset.metadata) > broker.config.offset_metadata_max_bytes:
            refused[partition] = ErrorCode.OFFSET_METADATA_TOO_LARGE
        else:
            accepted[partition] = offset
    if not accepted:
        return OffsetCommitResponse(refused)
    if isinstance(found[1].groups.get(request.group_id), ConsumerGroup) and request.member_id:
        env.tell(facts.CommitTaken(request.group_id, request.member_id, request.generation_id))
    now_ms = env.wall_time_ms
    token = PendingCommit(found[0], reply_to, request, accepted, refused, now_ms)
    coordinators.append(broker, env, found[0], _records(request.group_id, accepted, now_ms), token)
    coordinators.schedule(env)
    return None


def _records(group_id: str, offsets: dict[TopicPartition, CommittedOffset], now_ms: int) -> list[Record]:
    return [
        Record(0, now_ms, offset_key(OffsetKey(group_id, partition)), offset_value(offset, now_ms))
        for partition, offset in offsets.items()
    ]


def commit_in_transaction(
    broker: "Broker", env: Env, request: TxnOffsetCommitRequest, reply_to: Token,
    unknown: dict[TopicPartition, ErrorCode],
) -> TxnOffsetCommitResponse | None:  # fmt: skip
    """A commit that waits for its transaction: an answer now if it is refused, else when it is replicated."""
    coordinators = broker.coordinators
    found = coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return TxnOffsetCommitResponse(dict.fromkeys(request.offsets, found))
    name, shard = found
    waiting = coordinators.transactional_offsets(name)
    pending = waiting.has(request.group_id)
    error = transactional_commit_error(shard.groups.get(request.group_id), request, pending=pending)
    accepted = {one: offset for one, offset in request.offsets.items() if one not in unknown}
    if error or not accepted:
        return TxnOffsetCommitResponse({one: unknown.get(one, error) for one in request.offsets})
    now_ms = env.wall_time_ms
    batch = RecordBatch.build(
        _records(request.group_id, accepted, now_ms),
        producer_id=request.producer_id, producer_epoch=request.producer_epoch, transactional=True,
    )  # fmt: skip
    partition = broker.partitions[name]
    end = partition.log.log_end_offset
    token = PendingTransactionalCommit(reply_to, tuple(accepted), unknown)
    broker.append_internal(env, partition, batch, token)
    if partition.log.log_end_offset > end:
        for one, offset in accepted.items():
            coordinators.transactional_offsets(name).add(request.producer_id, request.group_id, one, offset, now_ms)
    return None


def committed(broker: "Broker", env: Env, token: PendingCommit, error: ErrorCode) -> None:
    """A commit is replicated and counts from now on, or could not be."""
    coordinators, request = broker.coordinators, token.request
    shard = coordinators.shards.get(token.partition)
    group = shard.groups.get(request.group_id) if shard is not None else None
    if group is None:
        error = error or ErrorCode.NOT_COORDINATOR
    elif not error:
        waiting = coordinators.transactional.get(token.partition)
        for partition, offset in token.accepted.items():
            group.offsets[partition] = offset
            group.committed_ms[partition] = token.timestamp_ms
            if waiting is not None:
                waiting.supersede(request.group_id, partition)
        env.tell(
            facts.OffsetsCommitted(
                request.group_id, request.generation_id, request.member_id,
                {partition: one.offset for partition, one in token.accepted.items()},
            )
        )  # fmt: skip
    answer = {**dict.fromkeys(token.accepted, error), **token.refused}
    broker.reply(env, *token.reply_to, OffsetCommitResponse(answer))


def committed_in_transaction(
    broker: "Broker", env: Env, token: PendingTransactionalCommit, error: ErrorCode
) -> None:  # fmt: skip
    """It is replicated, and waits for the marker of its transaction; or could not be."""
    answer = {**dict.fromkeys(token.accepted, error), **token.refused}
    broker.reply(env, *token.reply_to, TxnOffsetCommitResponse(answer))


def transaction_ended(broker: "Broker", env: Env, name: TopicPartition, producer_id: int, commit: bool) -> None:
    """A marker is replicated in a partition of the offsets topic."""
    coordinators = broker.coordinators
    shard = coordinators.shards.get(name)
    if shard is not None and name in coordinators.transactional:
        found = decide(coordinators, name, shard, producer_id, commit)
        env.tell(facts.TransactionalOffsetsDecided(producer_id, commit, found))


def decide(
    coordinators: "Coordinators", name: TopicPartition, shard: GroupShard, producer_id: int, commit: bool
) -> dict[str, dict[TopicPartition, int]]:
    """A marker is in the log: what holds from now on, by group."""
    found: dict[str, dict[TopicPartition, int]] = {}
    for one in coordinators.transactional_offsets(name).decide(producer_id, commit):
        group = shard.groups.get(one.group_id)
        if group is None:
            group = shard.groups[one.group_id] = Group(one.group_id)
        group.offsets[one.partition] = one.offset
        group.committed_ms[one.partition] = one.timestamp_ms
        found.setdefault(one.group_id, {})[one.partition] = one.offset.offset
    return found


def unstable(
    coordinators: "Coordinators", name: TopicPartition, group_id: str, partitions: tuple[TopicPartition, ...]
) -> dict[TopicPartition, ErrorCode]:
    """Those for which a transaction is about to commit an offset."""
    waiting = coordinators.transactional.get(name)
    if waiting is None:
        return {}
    return {one: ErrorCode.UNSTABLE_OFFSET_COMMIT for one in partitions if waiting.is_unstable(group_id, one)}
