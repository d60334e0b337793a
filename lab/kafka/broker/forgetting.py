"""Forgetting: offsets whose time is over, whose topic is gone, or that an administrator wants gone; by tombstones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Env
from lab.kafka import facts
from lab.kafka.broker import consumer_groups
from lab.kafka.coordinator.commits import expired_offsets
from lab.kafka.coordinator.group import Token
from lab.kafka.coordinator.groups import is_over
from lab.kafka.coordinator.offset_records import OffsetKey, offset_key
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.group_admin import DeleteGroupsResponse, OffsetDeleteResponse
from lab.kafka.protocol.records import Record
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker


@dataclass(slots=True)
class Outcome:
    """What an administrator is told when all of it, so many partitions, is forgotten."""

    reply_to: Token
    response: DeleteGroupsResponse | OffsetDeleteResponse
    waits_for: int = 1

    def failed(self, forgetting: "Forgetting", error: ErrorCode) -> None:
        """A part of it could not be written."""
        if isinstance(self.response, DeleteGroupsResponse):
            self.response.groups.update(dict.fromkeys(forgetting.ended, error))
        else:
            self.response.error_code = error


@dataclass(slots=True)
class Forgetting:
    """Offsets being forgotten, by group, and groups of which nothing is left then: since their time is over, or since
    an administrator wants it, who hears the `outcome`.
    """

    partition: TopicPartition
    offsets: dict[str, tuple[TopicPartition, ...]]
    ended: tuple[str, ...]
    outcome: Outcome | None = None


def forget(broker: "Broker", env: Env, forgetting: Forgetting) -> None:
    """Write the tombstones; `forgotten` hears how that ends."""
    keys = [
        offset_key(OffsetKey(group_id, one)) for group_id, gone in forgetting.offsets.items() for one in gone
    ]  # fmt: skip
    coordinators = broker.coordinators
    for group_id in forgetting.ended:
        keys += consumer_groups.end_keys(coordinators.shards[forgetting.partition].groups[group_id])
        forgetting.offsets.setdefault(group_id, ())
    if keys:
        records = [Record(0, env.wall_time_ms, key, None) for key in keys]
        coordinators.append(broker, env, forgetting.partition, records, forgetting)


def forgotten(broker: "Broker", env: Env, token: Forgetting, error: ErrorCode) -> None:
    """The tombstones are replicated, or could not be."""
    outcome = token.outcome
    if outcome is not None:
        if error:
            outcome.failed(token, error)
        outcome.waits_for -= 1
        if not outcome.waits_for:
            broker.reply(env, *outcome.reply_to, outcome.response)
    shard = broker.coordinators.shards.get(token.partition)
    if error or shard is None:
        return
    for group_id, gone in token.offsets.items():
        group = shard.groups.get(group_id)
        if group is None:
            continue
        for partition in gone:
            group.offsets.pop(partition, None)
            group.committed_ms.pop(partition, None)
        ended = group_id in token.ended and is_over(group) and not group.offsets
        if ended:
            del shard.groups[group_id]
        env.tell(facts.OffsetsForgotten(group_id, gone, ended))


def forget_expired(broker: "Broker", env: Env) -> None:
    """Forget what nobody will ask for, and groups of which nothing is left (`offsets.retention.minutes`)."""
    now_ms, retention_ms = env.wall_time_ms, broker.config.offsets_retention_minutes * 60_000
    for name, shard in broker.coordinators.shards.items():
        found: dict[str, tuple[TopicPartition, ...]] = {}
        ended: list[str] = []
        for group in shard.groups.values():
            gone = expired_offsets(group, now_ms, retention_ms)
            if gone:
                found[group.group_id] = gone
            if is_over(group) and len(gone) == len(group.offsets):
                ended.append(group.group_id)
        forget(broker, env, Forgetting(name, found, tuple(ended)))


def forget_topic(broker: "Broker", env: Env, topic: str) -> None:
    """A topic is deleted: its committed offsets go with it."""
    for name, shard in broker.coordinators.shards.items():
        found = {
            group.group_id: tuple(one for one in group.offsets if one.topic == topic) for group in shard.groups.values()
        }
        forget(broker, env, Forgetting(name, {group: gone for group, gone in found.items() if gone}, ()))
