"""Loading: what the log of `__consumer_offsets` knows of groups, replayed into the shard of their new coordinator."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lab.env import Env, Micros
from lab.kafka.broker import consumer_groups
from lab.kafka.broker.offset_commits import decide
from lab.kafka.broker.partition import Partition
from lab.kafka.coordinator.consumer_records import is_consumer_key
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.groups import as_classic_group
from lab.kafka.coordinator.offset_records import (
    OFFSET_KEY,
    GroupKey,
    OffsetKey,
    read_group,
    read_key,
    read_offset,
)
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.coordinator.share_group_records import is_share_record
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker
    from lab.kafka.broker.coordinators import Coordinators


def load(broker: "Broker", env: Env, partition: Partition, shard: GroupShard) -> None:
    """Replay the whole log of a partition; groups of which no offset and no member is left are none."""
    batches = partition.log.read(partition.log.log_start_offset, 1 << 40, partition.log.log_end_offset)
    assert isinstance(batches, tuple), batches
    coordinators = broker.coordinators
    coordinators.transactional.pop(partition.partition, None)
    for batch in batches:
        if batch.is_control or batch.is_transactional:
            _replay_transactional(coordinators, partition.partition, shard, batch)
            continue
        for record in batch.records():
            replay(shard, record, env.now, broker.image.topic_names)
            _supersede(coordinators, partition.partition, record)
    consumer_groups.loaded(env, shard, broker.group_configs)
    for group_id in [one for one, group in shard.groups.items() if not group.offsets and not group.protocol_type]:
        del shard.groups[group_id]


def replay(shard: GroupShard, record: Record, now: Micros, names: Mapping[TopicId, str]) -> None:
    """The only way offsets come to be."""
    assert record.key is not None
    if is_consumer_key(record.key):
        consumer_groups.replay(shard, record.key, record.value, names)
        return
    if is_share_record(record.key):
        return
    key = read_key(record.key)
    group = shard.groups.get(key.group_id)
    if group is None:
        group = shard.groups[key.group_id] = Group(key.group_id)
    match key:
        case OffsetKey() if record.value is None:
            group.offsets.pop(key.partition, None)
            group.committed_ms.pop(key.partition, None)
        case OffsetKey():
            assert record.value is not None
            group.offsets[key.partition], group.committed_ms[key.partition] = read_offset(record.value)
        case GroupKey() if record.value is not None:
            group = shard.groups[key.group_id] = as_classic_group(shard.groups, key.group_id)
            group.restore(read_group(record.value), now)
        case GroupKey() if isinstance(group, Group):
            # Its offsets have tombstones of their own, or belong to the consumer group that takes its place.
            shard.groups[key.group_id] = Group(key.group_id, offsets=group.offsets, committed_ms=group.committed_ms)
        case GroupKey():
            pass


def _supersede(coordinators: "Coordinators", name: TopicPartition, record: Record) -> None:
    """An offset of the log counts for more than those before it that wait; other records are of another kind."""
    transactional = coordinators.transactional.get(name)
    if transactional is None or record.key is None or int.from_bytes(record.key[:2], "big") > OFFSET_KEY:
        return
    key = read_key(record.key)
    assert isinstance(key, OffsetKey), key
    transactional.supersede(key.group_id, key.partition)


def _replay_transactional(
    coordinators: "Coordinators", name: TopicPartition, shard: GroupShard, batch: RecordBatch
) -> None:
    """Offsets wait for their transaction's marker, here as in the memory of the coordinator before."""
    if batch.is_control:
        marker = read_marker(batch)
        if marker is not None:
            decide(coordinators, name, shard, batch.producer_id, marker.commit)
        return
    for record in batch.records():
        assert record.key is not None
        assert record.value is not None
        key = read_key(record.key)
        assert isinstance(key, OffsetKey), key
        waiting = coordinators.transactional_offsets(name)
        waiting.add(batch.producer_id, key.group_id, key.partition, *read_offset(record.value))
