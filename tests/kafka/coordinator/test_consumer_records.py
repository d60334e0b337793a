"""Records of consumer groups: Kafka's keys 3 to 8 and 16, values in its flexible encoding (spec 4.3)."""

import pytest

from lab.kafka.coordinator.consumer_records import (
    CurrentAssignment,
    GroupEpoch,
    MemberMetadata,
    MemberTarget,
    ResolvedPattern,
    SubscriptionMetadata,
    TargetEpoch,
    Value,
    read_record,
    record_of,
    tombstones,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.coordinator.consumer_desk import orders

KEY = b"\x00\x03pay"


@pytest.mark.parametrize(
    ("value", "member", "key", "stored"),
    [
        (GroupEpoch(7), "", b"\x00\x03" + KEY, b"\x00\x00" + b"\x00\x00\x00\x07" + b"\x00"),
        (TargetEpoch(7), "", b"\x00\x06" + KEY, b"\x00\x00" + b"\x00\x00\x00\x07" + b"\x00"),
        (
            MemberMetadata(None, "c", ("orders",), "", 300_000, ""), "m1", b"\x00\x05" + KEY + b"\x00\x02m1",
            b"\x00\x00" + b"\x00\x00\x02c\x05/lab" + b"\x02\x07orders" + b"\x00\x00\x04\x93\xe0\x00" + b"\x00",
        ),
        (
            CurrentAssignment(5, 4, 1, orders(0), ()), "m1", b"\x00\x08" + KEY + b"\x00\x02m1",
            b"\x00\x00" + b"\x00\x00\x00\x05\x00\x00\x00\x04\x01" + b"\x02\x07orders\x02\x00\x00\x00\x00\x00" + b"\x01"
            + b"\x00",
        ),
    ],
    ids=["epoch", "target epoch", "member", "assignment"],
)  # fmt: skip
def test_spec_04_3_a_record_of_a_consumer_group_is_in_kafkas_layout(
    value: Value, member: str, key: bytes, stored: bytes
):
    assert record_of("pay", value, member).encoded() == (key, stored)


def test_a_topic_is_stored_by_its_name():
    stored = record_of("pay", MemberTarget(orders(1)), "m1").encoded()[1]
    assert stored == b"\x00\x00" + b"\x02\x07orders\x02\x00\x00\x00\x01\x00" + b"\x00"


@pytest.mark.parametrize(
    ("value", "member"),
    [
        (GroupEpoch(1), ""),
        (SubscriptionMetadata({"orders": 3, "bills": 200}), ""),
        (MemberMetadata("till-1", "c1", ("a", "b" * 200), "or.*", -1, "range"), "m1"),
        (TargetEpoch(2), ""),
        (MemberTarget((*orders(0, 2), TopicPartition("bills", 1))), "m1"),
        (CurrentAssignment(-2, 3, 0, (), orders(1)), "m1"),
        (ResolvedPattern(("orders",)), "or.*"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_written_is_read(value: Value, member: str):
    record = record_of("pay", value, member)
    assert read_record(*record.encoded()) == record


def test_a_member_that_is_out_leaves_three_tombstones():
    assert [(key[:2], value) for key, value in (one.encoded() for one in tombstones("pay", "m1"))] == [
        (b"\x00\x08", None),
        (b"\x00\x07", None),
        (b"\x00\x05", None),
    ]
