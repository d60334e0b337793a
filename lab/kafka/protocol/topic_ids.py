"""Topic ids: what tells a topic from another that had its name before (KIP-516)."""

import base64
import struct
from typing import TypeAlias

from lab.env.node import Dice

TopicId: TypeAlias = str
"""128 bits as Kafka prints them: 22 signs of base64 for URLs. Text, because it stands in records, in files and on the
screen far more often than it is compared.
"""
NO_TOPIC_ID: TopicId = ""
"""A request that names topics by name only. On a wire it is sixteen zeros, which no topic has."""


def draw_topic_id(dice: Dice) -> TopicId:
    """A new id: a random UUID of version 4, which so is neither of the reserved ones, zero and one. None begins with
    a `-`, so that it can be an argument of a command (Kafka's `Uuid.randomUuid`).
    """
    while True:
        data = bytearray(struct.pack(">4I", *(dice.below(1 << 32) for _ in range(4))))
        data[6] = data[6] & 0x0F | 0x40
        data[8] = data[8] & 0x3F | 0x80
        topic_id = topic_id_of(bytes(data))
        if not topic_id.startswith("-"):
            return topic_id


def topic_id_of(data: bytes) -> TopicId:
    """Sixteen bytes of a message or a record as text."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=") if any(data) else NO_TOPIC_ID


def topic_id_bytes(topic_id: TopicId) -> bytes:
    """The inverse."""
    return base64.urlsafe_b64decode(f"{topic_id}==") if topic_id else bytes(16)
