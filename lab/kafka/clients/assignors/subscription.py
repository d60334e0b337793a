"""What an assignor is given and what it answers; and what the sticky one remembers for next time (spec 4.4, 4.5)."""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lab.kafka.protocol.consumer_protocol import Subscription, decode_partitions, encode_partitions
from lab.kafka.protocol.topics import TopicPartition

Assignment = dict[str, list[TopicPartition]]
Assignor = Callable[[Sequence[Subscription], Mapping[str, int]], Assignment]
"""Members and partition counts by topic in; partitions by member id out."""


def encode_memory(assigned: Sequence[TopicPartition], generation: int) -> bytes:
    """The sticky assignor's user data, version 1: the last assignment, and its generation."""
    return encode_partitions(assigned) + struct.pack(">i", generation)


def remembered(one: Subscription) -> Subscription:
    """The subscription with what its user data remembers as owned; with nothing, if there is none."""
    if not one.user_data:
        return replace(one, owned=(), generation=-1)
    owned, at = decode_partitions(one.user_data, 0)
    (generation,) = struct.unpack_from(">i", one.user_data, at)
    return replace(one, owned=owned, generation=generation)
