"""Records of consumer groups: Kafka's keys 3 to 8 and 16, values in its flexible encoding (spec 4.3)."""

import pytest

from lab.kafka.coordinator.consumer_records import (
    ClassicMemberMetadata,
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
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, topic_id_of
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.coordinator.consumer_desk import orders

KEY = b"\x00\x03pay"
ID = bytes(range(16))
TOPICS = {"orders": topic_id_of(ID), "bills": topic_id_of(ID[::-1])}
NAMES = {topic_id: name for name, topic_id in TOPICS.items()}


def identify(name: str) -> str:
    return TOPICS.get(name, NO_TOPIC_ID)


@pytest.mark.parametrize(
    ("value", "member", "key", "stored"),
    [
        (GroupEpoch(7), "", b"\x00\x03" + KEY, b"\x00\x00" + b"\x00\x00\x00\x07" + b"\x00"),
        (TargetEpoch(7), "", b"\x00\x06" + KEY, b"\x00\x00" + b"\x00\x00\x00\x07" + b"\x00"),
        (
            MemberMetadata(None, "c", "/10.0.0.7", ("orders",), "", 300_000, ""), "m1",
            b"\x00\x05" + KEY + b"\x00\x02m1",
            b"\x00\x00" + b"\x00\x00\x02c\x0a/10.0.0.7" + b"\x02\x07orders" + b"\x00\x00\x04\x93\xe0\x00" + b"\x00",
        ),
        (
            MemberMetadata(
                None, "c", "/10.0.0.7", ("orders",), "", 300_000, "",
                ClassicMemberMetadata(45_000, (("range", b"\x00\x03"),)),
            ),
            "m1", b"\x00\x05" + KEY + b"\x00\x02m1",
            b"\x00\x00" + b"\x00\x00\x02c\x0a/10.0.0.7" + b"\x02\x07orders" + b"\x00\x00\x04\x93\xe0\x00"
            + b"\x01\x00\x11\x01" + b"\x00\x00\xaf\xc8" + b"\x02\x06range\x03\x00\x03\x00" + b"\x00",
        ),
        (
            CurrentAssignment(5, 4, 1, orders(0), ()), "m1", b"\x00\x08" + KEY + b"\x00\x02m1",
            b"\x00\x00" + b"\x00\x00\x00\x05\x00\x00\x00\x04\x01" + b"\x02" + ID + b"\x02\x00\x00\x00\x00\x00" + b"\x01"
            + b"\x00",
        ),
        (
            SubscriptionMetadata({"orders": 3}, {"orders": TOPICS["orders"]}), "", b"\x00\x04" + KEY,
            b"\x00\x00" + b"\x02" + ID + b"\x07orders" + b"\x00\x00\x00\x03" + b"\x01" + b"\x00" + b"\x00",
        ),
        (
            MemberTarget(orders(1)), "m1", b"\x00\x07" + KEY + b"\x00\x02m1",
            b"\x00\x00" + b"\x02" + ID + b"\x02\x00\x00\x00\x01\x00" + b"\x00",
        ),
    ],
    ids=["epoch", "target epoch", "member", "classic member", "assignment", "topics", "target"],
)  # fmt: skip
def test_spec_04_3_a_record_of_a_consumer_group_is_in_kafkas_layout(
    value: Value, member: str, key: bytes, stored: bytes
):
    assert record_of("pay", value, member).encoded(identify) == (key, stored)


def test_a_topic_that_is_gone_or_was_made_again_is_not_read_as_the_one_that_has_its_name():
    key, stored = record_of("pay", MemberTarget((*orders(1), TopicPartition("bills", 0))), "m1").encoded(identify)
    record = read_record(key, stored, {TOPICS["bills"]: "bills", topic_id_of(b"another one too!"): "orders"})
    assert record.value == MemberTarget((TopicPartition("bills", 0),))


def test_of_a_topic_that_is_gone_nothing_is_written():
    gone = TopicPartition("gone", 0)
    key, stored = record_of("pay", CurrentAssignment(5, 4, 1, orders(0), (gone,)), "m1").encoded(identify)
    assert read_record(key, stored, NAMES).value == CurrentAssignment(5, 4, 1, orders(0), ())


@pytest.mark.parametrize(
    ("value", "member"),
    [
        (GroupEpoch(1), ""),
        (SubscriptionMetadata({"orders": 3, "bills": 200}, TOPICS), ""),
        (MemberMetadata("till-1", "c1", "c1", ("a", "b" * 200), "or.*", -1, "range"), "m1"),
        (TargetEpoch(2), ""),
        (MemberTarget((*orders(0, 2), TopicPartition("bills", 1))), "m1"),
        (CurrentAssignment(-2, 3, 0, (), orders(1)), "m1"),
        (ResolvedPattern(("orders",)), "or.*"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_written_is_read(value: Value, member: str):
    record = record_of("pay", value, member)
    assert read_record(*record.encoded(identify), NAMES) == record


def test_a_member_that_is_out_leaves_three_tombstones():
    assert [(key[:2], value) for key, value in (one.encoded(identify) for one in tombstones("pay", "m1"))] == [
        (b"\x00\x08", None),
        (b"\x00\x07", None),
        (b"\x00\x05", None),
    ]
