"""What the cleaner sees of a batch is what decoding it finds (spec 1.1.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.extents import extents_in, payload_of
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import Header, Record, RecordBatch, encode_record

sizes = st.sampled_from([0, 1, 60, 63, 64, 127, 128, 8_191, 8_192])
fields = st.none() | sizes.map(lambda size: b"x" * size)
records = st.builds(
    Record, st.just(0), st.integers(0, 1 << 50), fields, fields, st.sampled_from([(), (Header("birth", b"web:7"),)])
)  # fmt: skip


@given(st.lists(records, min_size=1, max_size=5), st.sampled_from([0, 70, 9_000]))
def test_spec_01_1_2_an_extent_says_what_the_record_says(drawn: list[Record], jump: int):
    start = drawn[0].timestamp_ms
    payload = b"".join(encode_record(one, at + jump, start) for at, one in enumerate(drawn))
    found = extents_in(payload, len(drawn))
    assert [(one[0], one[1] + start, one[2], one[3]) for one in found] == [
        (at + jump, one.timestamp_ms, one.key, one.value is not None) for at, one in enumerate(drawn)
    ]  # fmt: skip
    assert b"".join(payload[one[4] : one[5]] for one in found) == payload


@pytest.mark.parametrize("codec", list(Compression))
def test_spec_01_1_2_extents_of_a_compressed_batch(codec: Compression):
    drawn = [Record(0, 5, b"k", None), Record(0, 4, None, b"v" * 200)]
    batch = RecordBatch.build(drawn, compression=codec)
    assert [one[:4] for one in extents_in(payload_of(batch), 2)] == [(0, 0, b"k", False), (1, -1, None, True)]


def test_spec_01_1_2_records_cut_off_or_left_over_are_malformed():
    payload = encode_record(Record(0, 0, b"key", b"value"), 0, 0)
    for data, count in ((payload, 2), (payload[:-1], 1), (payload + b"x", 1), (payload[:2], 1)):
        with pytest.raises(Malformed):
            extents_in(data, count)
