"""Older truncation: how a new follower cut its log before KIP-101, and by KIP-101 and KIP-279 before it fetched.

Where `replica.truncation.rule` says so. Today the leader tells with the answer to a fetch where logs part (KIP-595);
then a follower was either content with its own high watermark, or asked by OffsetForLeaderEpoch first, and from there
on nobody looked again: its fetches named no epoch.
"""

from typing import Protocol

from lab.env import Address, Env, millis
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_fetcher import UNASKED, ReplicaFetcher, truncation_point
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.truncation import LAST_EPOCH
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)
from lab.kafka.protocol.topics import TopicPartition, by_topic
from lab.kafka.rpc.envelope import Request

REQUEST_BYTES = 96
Partitions = dict[TopicPartition, Partition]


class Requester(Protocol):
    """Whose requests are numbered."""

    correlation_id: int


def to_high_watermark(env: Env, fetcher: ReplicaFetcher, partition: Partition) -> None:
    """What is above the own high watermark was not known to be committed, and so it went; though the leader may have
    committed it, and only not told so yet. Below it nobody looked.
    """
    partition.truncate(env, partition.log.high_watermark)
    _cut(fetcher, partition)


def ask(broker: Requester, env: Env, fetcher: ReplicaFetcher, partitions: Partitions) -> bool:
    """Ask the leader where the last epoch of each log ended. Returns whether a question is out now."""
    asked: dict[TopicPartition, tuple[int, int]] = {}
    for name in list(fetcher.truncating):
        partition = partitions[name]
        if fetcher.ready_at[name] > env.now:
            continue
        if partition.log.epochs.latest < 0:
            to_high_watermark(env, fetcher, partition)
            continue
        asked[name] = (-1, partition.log.epochs.latest)
        fetcher.truncating[name] = partition.leader_epoch
    if not asked:
        return False
    broker.correlation_id += 1
    fetcher.in_flight = broker.correlation_id
    body = OffsetForLeaderEpochRequest(by_topic(asked))
    env.send(fetcher.address, Request(broker.correlation_id, env.name, body), REQUEST_BYTES)
    return True


def answered(
    env: Env, config: BrokerConfig, fetcher: ReplicaFetcher, partitions: Partitions,
    response: OffsetForLeaderEpochResponse,
) -> None:  # fmt: skip
    """The leader's answers. What was asked about a role that has ended since is asked again."""
    fetcher.in_flight = -1
    for name, answer in response.partitions.items():
        partition = partitions.get(name)
        if partition is None or fetcher.truncating.get(name) != partition.leader_epoch:
            continue
        if answer.error_code is not ErrorCode.NONE:
            fetcher.truncating[name] = UNASKED
            fetcher.delay(name, env.now + millis(config.replica_fetch_backoff_ms))
            continue
        offset, settled = _point(config.replica_truncation_rule, partition, answer)
        partition.truncate(env, offset)
        if settled:
            _cut(fetcher, partition)


def fetcher_at(fetchers: dict[int, ReplicaFetcher], sender: Address, correlation_id: int) -> ReplicaFetcher | None:
    """Whose question this answer is for; None if nobody waits for it any more."""
    return next(
        (one for one in fetchers.values() if one.address == sender and one.in_flight == correlation_id),
        None,
    )


def _point(rule: str, partition: Partition, answer: EpochEndOffset) -> tuple[int, bool]:
    """By KIP-101 alone the end is believed, whichever epoch it is the end of."""
    if rule == LAST_EPOCH and answer.end_offset >= 0:
        return min(answer.end_offset, partition.log.log_end_offset), True
    return truncation_point(partition, answer.leader_epoch, answer.end_offset)


def _cut(fetcher: ReplicaFetcher, partition: Partition) -> None:
    """From now on it is fetched."""
    fetcher.truncating.pop(partition.partition, None)
    fetcher.touched[partition.partition] = None
