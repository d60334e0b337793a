"""murmur2 as the Java client has it: its own vectors, and the words of spec 6.1.1 as a second writing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.protocol.murmur import murmur2, partition_for

M, WORD = 0x5BD1E995, 0xFFFFFFFF


def in_words(key: bytes) -> int:
    """Step by step, unsigned."""
    h = 0x9747B28C ^ len(key)
    groups, tail = divmod(len(key), 4)
    for group in range(groups):
        a, b, c, d = key[4 * group : 4 * group + 4]
        k = a | b << 8 | c << 16 | d << 24
        k = k * M & WORD
        k ^= k >> 24
        k = k * M & WORD
        h = h * M & WORD
        h ^= k
    rest = key[4 * groups :]
    if tail == 3:
        h ^= rest[2] << 16
    if tail >= 2:
        h ^= rest[1] << 8
    if tail >= 1:
        h ^= rest[0]
        h = h * M & WORD
    h ^= h >> 13
    h = h * M & WORD
    return h ^ h >> 15


@pytest.mark.parametrize(
    ("key", "hash_"),
    [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ],
)
def test_spec_06_01_kafkas_own_vectors(key: str, hash_: int):
    assert murmur2(key.encode()) == hash_


@given(st.binary(max_size=40), st.integers(1, 1_000))
def test_spec_06_01_the_hash_is_what_the_words_say_and_its_sign_is_cut_off(key: bytes, partitions: int):
    assert murmur2(key) & WORD == in_words(key)
    assert -(1 << 31) <= murmur2(key) < 1 << 31
    assert partition_for(key, partitions) == (in_words(key) & 0x7FFFFFFF) % partitions


def test_spec_06_01_foo_goes_where_java_puts_it_among_1_to_50_partitions():
    placed = [partition_for(b"foo", partitions) for partitions in range(1, 51)]
    assert placed == [(in_words(b"foo") & 0x7FFFFFFF) % partitions for partitions in range(1, 51)]
    assert partition_for(b"21", 50) == (-973_932_308 & 0x7FFFFFFF) % 50 == 40


def test_spec_06_01_an_empty_key_is_a_key():
    assert murmur2(b"") == 275_646_681
