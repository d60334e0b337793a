"""Records of `__transaction_state`, byte for byte as Kafka writes them (spec 5.3)."""

import struct

from lab.kafka.coordinator.flexible import (
    NO_TAGS,
    FlexibleReader,
    compact_array,
    compact_string,
    unsigned_varint,
)
from lab.kafka.coordinator.plain import plain_string
from lab.kafka.coordinator.transaction.metadata import NO_PRODUCER, StoredTransaction, TransactionStatus
from lab.kafka.protocol.topics import TopicPartition

KEY_VERSION = 0
VALUE_VERSION = 1
"""The flexible one, of `transaction.version` 1 and later: compact lengths, and tagged fields where not default."""
_HEAD = struct.Struct(">qhib")
_TAIL = struct.Struct(">qq")
_ID = struct.Struct(">q")
_SHORT = struct.Struct(">h")
_INT = struct.Struct(">i")
PREVIOUS, NEXT, VERSION = 0, 1, 2


def transaction_key(transactional_id: str) -> bytes:
    """Key version 0: the transactional id."""
    return _SHORT.pack(KEY_VERSION) + plain_string(transactional_id)


def read_transaction_key(data: bytes) -> str:
    """The transactional id of a record."""
    return data[4:].decode()


def transaction_value(stored: StoredTransaction) -> bytes:
    """Value version 1. Without a transaction the partitions are null."""
    parts = [_SHORT.pack(VALUE_VERSION)]
    parts.append(_HEAD.pack(stored.producer_id, stored.producer_epoch, stored.timeout_ms, stored.status))
    parts.append(_partitions(stored))
    parts.append(_TAIL.pack(stored.updated_ms, stored.started_ms))
    tagged: list[tuple[int, bytes]] = []
    if stored.previous_producer_id != NO_PRODUCER:
        tagged.append((PREVIOUS, _ID.pack(stored.previous_producer_id)))
    if stored.next_producer_id != NO_PRODUCER:
        tagged.append((NEXT, _ID.pack(stored.next_producer_id)))
    if stored.transaction_version:
        tagged.append((VERSION, _SHORT.pack(stored.transaction_version)))
    parts.append(unsigned_varint(len(tagged)))
    for tag, value in tagged:
        parts += (unsigned_varint(tag), unsigned_varint(len(value)), value)
    return b"".join(parts)


def _partitions(stored: StoredTransaction) -> bytes:
    if stored.status is TransactionStatus.EMPTY:
        return unsigned_varint(0)
    topics: dict[str, list[int]] = {}
    for topic, partition in stored.partitions:
        topics.setdefault(topic, []).append(partition)
    parts = [unsigned_varint(len(topics) + 1)]
    for topic, indexes in topics.items():
        parts += (compact_string(topic), compact_array([_INT.pack(index) for index in indexes]), NO_TAGS)
    return b"".join(parts)


class _Cursor(FlexibleReader):
    """Reads what the functions above wrote."""

    def fields(self, form: struct.Struct) -> tuple[int, ...]:
        """Numbers of a struct format."""
        self.at += form.size
        return form.unpack_from(self.data, self.at - form.size)


def read_transaction(data: bytes) -> StoredTransaction:
    """A transactional id as it was stored."""
    cursor = _Cursor(data)
    cursor.fields(_SHORT)
    producer_id, epoch, timeout_ms, status = cursor.fields(_HEAD)
    partitions: list[TopicPartition] = []
    for _ in range(cursor.count()):
        topic = cursor.text()
        partitions += [TopicPartition(topic, *cursor.fields(_INT)) for _ in range(cursor.count())]
        cursor.tags()
    updated_ms, started_ms = cursor.fields(_TAIL)
    tagged: dict[int, int] = {}
    for _ in range(cursor.varint()):
        tag, size = cursor.varint(), cursor.varint()
        tagged[tag] = int.from_bytes(cursor.take(size), "big", signed=True)
    return StoredTransaction(
        producer_id, epoch, timeout_ms, TransactionStatus(status), tuple(partitions), updated_ms, started_ms,
        tagged.get(PREVIOUS, NO_PRODUCER), tagged.get(NEXT, NO_PRODUCER), tagged.get(VERSION, 0),
    )  # fmt: skip
