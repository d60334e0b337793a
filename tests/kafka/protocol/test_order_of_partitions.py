"""What a Fetch says that other messages do not: the order of its partitions, and who asks."""

import pytest

from lab.kafka.protocol.codec import decode, encode
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FETCH, FetchedPartition, FetchPartition, FetchRequest, FetchResponse
from lab.kafka.protocol.messages.offsets import OFFSET_COMMIT, CommittedOffset, OffsetCommitRequest
from lab.kafka.protocol.schema import Message
from lab.kafka.protocol.topics import TopicPartition, by_topic

TURNS = tuple(TopicPartition(topic, index) for index in (0, 1) for topic in ("orders", "audit"))
BY_NAME = range(FETCH.versions.first, FETCH.by_topic_id.first)


def again(schema: Message, version: int, body: object) -> object:
    return decode(schema, version, b"".join(encode(schema, version, body)))


@pytest.mark.parametrize("version", BY_NAME)
def test_a_fetch_keeps_its_order_and_names_a_topic_again(version: int):
    request = FetchRequest(-1, 500, 1, 1 << 20, {one: FetchPartition(0, 100) for one in TURNS})
    response = FetchResponse({one: FetchedPartition(ErrorCode.NONE, 5) for one in TURNS})
    asked, answered = again(FETCH.request(version), version, request), again(FETCH.response(version), version, response)
    assert isinstance(asked, FetchRequest)
    assert isinstance(answered, FetchResponse)
    assert tuple(asked.partitions) == tuple(answered.responses) == TURNS


def test_elsewhere_partitions_come_topic_by_topic():
    commit = OffsetCommitRequest("pay", 1, "me", {one: CommittedOffset(7) for one in TURNS})
    found = again(OFFSET_COMMIT.request(9), 9, commit)
    assert isinstance(found, OffsetCommitRequest)
    assert list(found.offsets) == list(by_topic(commit.offsets)) != list(commit.offsets)
    assert [one.topic for one in found.offsets] == ["orders", "orders", "audit", "audit"]


@pytest.mark.parametrize("version", range(FETCH.versions.first, FETCH.versions.last + 1))
def test_a_follower_says_who_it_is_in_every_version(version: int):
    follower = FetchRequest(2, 500, 1, 1 << 20, {}, replica_epoch=77)
    found = again(FETCH.request(version), version, follower)
    assert isinstance(found, FetchRequest)
    assert (found.replica_id, found.replica_epoch) == (2, 77 if version >= 15 else -1)


@pytest.mark.parametrize("version", range(15, FETCH.versions.last + 1))
def test_a_consumer_says_nothing_of_it(version: int):
    consumer, follower = FetchRequest(-1, 500, 1, 1 << 20, {}), FetchRequest(2, 500, 1, 1 << 20, {}, replica_epoch=77)
    sizes = [len(b"".join(encode(FETCH.request(version), version, one))) for one in (consumer, follower)]
    assert sizes[1] - sizes[0] == 1 + 1 + 4 + 8 + 1
    found = again(FETCH.request(version), version, consumer)
    assert isinstance(found, FetchRequest)
    assert (found.replica_id, found.replica_epoch) == (-1, -1)
