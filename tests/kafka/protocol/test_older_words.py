"""Answers to clients of old: in errors and shapes that they know."""

import pytest

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataResponse, PartitionMetadata, TopicMetadata
from lab.kafka.protocol.older_errors import in_older_words
from tests.story import ORDERS

METADATA = 3
ALIVE = {1: "broker-1", 2: "broker-2"}


def told(version: int, state: PartitionMetadata) -> tuple[ErrorCode, tuple[int, ...], tuple[int, ...]]:
    body = MetadataResponse(ALIVE, {"orders": TopicMetadata(ErrorCode.NONE, "orders", {ORDERS: state})})
    found = in_older_words(METADATA, version, body).topics["orders"].partitions[ORDERS]
    return found.error_code, found.replicas, found.isr


@pytest.mark.parametrize(
    ("before", "replicas", "isr", "after"),
    [
        (ErrorCode.NONE, (1, 2), (1, 2), (ErrorCode.NONE, (1, 2), (1, 2))),
        (ErrorCode.NONE, (3, 1, 2), (1, 2), (ErrorCode.REPLICA_NOT_AVAILABLE, (1, 2), (1, 2))),
        (ErrorCode.LEADER_NOT_AVAILABLE, (3,), (3,), (ErrorCode.LEADER_NOT_AVAILABLE, (), ())),
    ],
)
def test_the_first_metadata_knows_no_replicas_that_are_offline(
    before: ErrorCode, replicas: tuple[int, ...], isr: tuple[int, ...], after: object
):
    state = PartitionMetadata(before, 1, 0, replicas, isr)
    assert told(0, state) == after
    assert told(1, state) == (before, replicas, isr)
