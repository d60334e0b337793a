"""The four codecs in the framing Kafka wants (spec 1.1.3), read by other means where the standard library can."""

import gzip

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.protocol.compression import Compression, compress, decompress
from lab.kafka.protocol.primitives import Malformed

TEXT = b"forty orders and a cancellation " * 4_000


@given(st.sampled_from(Compression), st.binary(max_size=200) | st.just(TEXT))
def test_spec_01_1_3_what_goes_in_comes_out(codec: Compression, data: bytes):
    assert decompress(codec, compress(codec, data)) == data


def test_spec_01_1_3_gzip_is_rfc_1952():
    assert gzip.decompress(compress(Compression.GZIP, TEXT)) == TEXT
    assert decompress(Compression.GZIP, gzip.compress(TEXT)) == TEXT


def test_spec_01_1_3_snappy_has_xerials_frame_and_blocks_of_32_kib():
    data = compress(Compression.SNAPPY, TEXT)
    assert data[:16] == bytes.fromhex("82534e41505059000000000100000001")
    at, blocks = 16, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        blocks.append(bytes(cramjam.snappy.decompress_raw(data[at + 4 : at + 4 + size])))
        at += 4 + size
    assert at == len(data)
    assert b"".join(blocks) == TEXT
    assert [len(block) for block in blocks] == [32_768, 32_768, 32_768, len(TEXT) - 3 * 32_768]


def test_spec_01_1_3_lz4_and_zstd_are_frames():
    assert compress(Compression.LZ4, TEXT)[:4] == bytes.fromhex("04224d18")
    assert compress(Compression.ZSTD, TEXT)[:4] == bytes.fromhex("28b52ffd")


@pytest.mark.parametrize("codec", [one for one in Compression if one])
def test_each_codec_makes_text_smaller_and_says_when_it_cannot_read(codec: Compression):
    assert len(compress(codec, TEXT)) < len(TEXT) // 10
    with pytest.raises(Malformed, match=f"{codec.name.lower()} wanted"):
        decompress(codec, b"\x82SNAPPY\x00 not what it claims to be")
