"""ShareState: what the share coordinator knows of one share-partition, and its records in `__share_group_state`.

Kafka's layout, version 0 of ShareSnapshot (0) and ShareUpdate (1); where Kafka writes a topic's id stands its name:
what deletes the state of a topic that is gone needs its key, when nobody can say any more which id that was.
"""

import struct
from dataclasses import dataclass

from lab.kafka.coordinator.flexible import (
    NO_TAGS,
    FlexibleReader,
    compact_array,
)
from lab.kafka.coordinator.plain import plain_string
from lab.kafka.protocol.messages.share_state import NO_OFFSET, StateBatch
from lab.kafka.protocol.topics import TopicPartition

SNAPSHOT, UPDATE = 0, 1
ShareKey = tuple[str, TopicPartition]
"""A group, and a partition that it consumes."""


@dataclass(slots=True)
class ShareState:
    """The whole of it. `updates`: how many records came after the last snapshot."""

    state_epoch: int
    leader_epoch: int
    start_offset: int
    batches: tuple[StateBatch, ...] = ()
    snapshot_epoch: int = 0
    updates: int = 0

    def updated(self, update: "ShareState") -> "ShareState":
        """With an update on top: where both speak of an offset, the update is right."""
        start = update.start_offset if update.start_offset != NO_OFFSET else self.start_offset
        return ShareState(
            self.state_epoch, update.leader_epoch, start, merged(self.batches, update.batches, start),
            self.snapshot_epoch, self.updates + 1,
        )  # fmt: skip


def merged(old: tuple[StateBatch, ...], new: tuple[StateBatch, ...], start_offset: int) -> tuple[StateBatch, ...]:
    """Batches in order, without overlaps, none below the start offset, like neighbours as one."""
    kept = list(old)
    for batch in new:
        parts: list[StateBatch] = []
        for one in kept:
            parts += _without(one, batch.first_offset, batch.last_offset)
        kept = [*parts, batch]
    found: list[StateBatch] = []
    for one in sorted(kept, key=lambda batch: batch.first_offset):
        if one.last_offset < start_offset:
            continue
        first = max(one.first_offset, start_offset)
        last = found[-1] if found else None
        like = last is not None and (last.last_offset, last.delivery_state, last.delivery_count) == (
            first - 1, one.delivery_state, one.delivery_count,
        )  # fmt: skip
        if last is not None and like:
            found[-1] = StateBatch(last.first_offset, one.last_offset, one.delivery_state, one.delivery_count)
        else:
            found.append(StateBatch(first, one.last_offset, one.delivery_state, one.delivery_count))
    return tuple(found)


def _without(batch: StateBatch, first: int, last: int) -> list[StateBatch]:
    """What is left of a batch beside the offsets from first to last."""
    if batch.last_offset < first or batch.first_offset > last:
        return [batch]
    left: list[StateBatch] = []
    if batch.first_offset < first:
        left.append(StateBatch(batch.first_offset, first - 1, batch.delivery_state, batch.delivery_count))
    if batch.last_offset > last:
        left.append(StateBatch(last + 1, batch.last_offset, batch.delivery_state, batch.delivery_count))
    return left


# --- records --------------------------------------------------------------------------------------


def state_key(kind: int, key: ShareKey) -> bytes:
    """Version, group, topic, partition."""
    group_id, partition = key
    head = struct.pack(">h", kind) + plain_string(group_id)
    return head + plain_string(partition.topic) + struct.pack(">i", partition.partition)


def read_state_key(data: bytes) -> tuple[int, ShareKey]:
    """SNAPSHOT or UPDATE, and whose."""
    reader = FlexibleReader(data)
    kind = reader.number(">h")
    return kind, (reader.plain_text(), TopicPartition(reader.plain_text(), reader.number(">i")))


def _batches(batches: tuple[StateBatch, ...]) -> bytes:
    return compact_array(
        [
            struct.pack(">qqbh", one.first_offset, one.last_offset, one.delivery_state, one.delivery_count) + NO_TAGS
            for one in batches
        ]
    )


def _read_batches(reader: FlexibleReader) -> tuple[StateBatch, ...]:
    found: list[StateBatch] = []
    for _ in range(reader.count()):
        first, last, state, count = (reader.number(form) for form in (">q", ">q", ">b", ">h"))
        found.append(StateBatch(first, last, state, count))
        reader.tags()
    return tuple(found)


def snapshot_value(state: ShareState, now_ms: int) -> bytes:
    """Everything."""
    head = struct.pack(
        ">hiiiqqq", 0, state.snapshot_epoch, state.state_epoch, state.leader_epoch, state.start_offset, now_ms, now_ms
    )
    return head + _batches(state.batches) + NO_TAGS


def update_value(state: ShareState) -> bytes:
    """What has changed: leader epoch, start offset, batches."""
    head = struct.pack(">hiiq", 0, state.snapshot_epoch, state.leader_epoch, state.start_offset)
    return head + _batches(state.batches) + NO_TAGS


def read_state(kind: int, data: bytes) -> ShareState:
    """A snapshot, or an update (whose state epoch is not told)."""
    reader = FlexibleReader(data)
    reader.number(">h")
    snapshot_epoch = reader.number(">i")
    state_epoch = reader.number(">i") if kind == SNAPSHOT else 0
    leader_epoch, start_offset = reader.number(">i"), reader.number(">q")
    if kind == SNAPSHOT:
        reader.number(">q")
        reader.number(">q")
    return ShareState(state_epoch, leader_epoch, start_offset, _read_batches(reader), snapshot_epoch)
