"""Zig-zag numbers inside records (spec 1.1.2), against the formula and against hand-made bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.protocol.primitives import Malformed, read_varint, varint
from tests.kafka.protocol.reference import zigzag

INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
LONG_MIN, LONG_MAX = -(1 << 63), (1 << 63) - 1


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "00"), (-1, "01"), (1, "02"), (-2, "03"), (63, "7e"), (-64, "7f"), (64, "8001"), (-65, "8101"),
        (300, "d804"), (INT_MAX, "feffffff0f"), (INT_MIN, "ffffffff0f"),
        (LONG_MAX, "feffffffffffffffff01"), (LONG_MIN, "ffffffffffffffffff01"),
    ],
)  # fmt: skip
def test_spec_01_1_2_numbers_by_hand(number: int, written: str):
    data = bytes.fromhex(written)
    assert varint(number) == data
    assert read_varint(data, 0, 10) == (number, len(data))


@given(st.integers(INT_MIN, INT_MAX))
def test_spec_01_1_2_an_int_takes_at_most_5_bytes(number: int):
    assert varint(number) == zigzag(number)
    assert read_varint(varint(number), 0) == (number, len(varint(number)))
    assert len(varint(number)) <= 5


@given(st.integers(LONG_MIN, LONG_MAX), st.binary(max_size=3))
def test_spec_01_1_2_a_long_takes_at_most_10_bytes_and_is_found_anywhere(number: int, before: bytes):
    written = varint(number)
    assert written == zigzag(number, 64)
    assert len(written) <= 10
    assert read_varint(before + written + b"\xff", len(before), 10) == (number, len(before) + len(written))


@pytest.mark.parametrize(("data", "limit"), [("", 5), ("80", 5), ("ffffffff", 5), ("ffffffffff01", 5), ("ff" * 11, 10)])
def test_spec_01_1_2_numbers_without_an_end_are_malformed(data: str, limit: int):
    with pytest.raises(Malformed, match="a varint"):
        read_varint(bytes.fromhex(data), 0, limit)
