"""murmur2 as the Java client computes it: where a keyed record goes."""

from functools import lru_cache

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
REMEMBERED = 1_024
"""Keys whose partition is not reckoned again."""


def murmur2(key: bytes) -> int:
    """A signed 32-bit hash (`org.apache.kafka.common.utils.Utils.murmur2`)."""
    length = len(key)
    h = 0x9747B28C ^ length
    for at in range(0, length - 3, 4):
        k = int.from_bytes(key[at : at + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    tail = key[length & ~3 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    h ^= h >> 15
    return h - (1 << 32) if h >= 1 << 31 else h


@lru_cache(maxsize=REMEMBERED)
def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key among `partitions`, available or not."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
