"""Where the replicas of new partitions go when not every broker serves (spec 2.1, 2.11)."""

import pytest

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller.controller import Controller
from lab.kafka.controller.topics import create_partitions, create_topics
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import BrokerRegistrationChangeRecord, PartitionRecord, RegisterBrokerRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreateTopicsRequest,
    CreateTopicsResponse,
    NewTopic,
)
from lab.world.dice import Stream


def controller(*active: int, brokers: int = 3) -> Controller:
    image = MetadataImage()
    for broker_id in range(1, brokers + 1):
        image.replay(RegisterBrokerRecord(broker_id, f"broker-{broker_id}", "once", broker_id))
        if broker_id in active:
            image.replay(BrokerRegistrationChangeRecord(broker_id, broker_id, False))
    return Controller(BrokerConfig(), image)


def created(found: Controller, topic: NewTopic) -> tuple[ErrorCode, list[PartitionRecord]]:
    decision = create_topics(found, CreateTopicsRequest((topic,)), Stream("controller"))
    for record in decision.records:
        found.image.replay(record)
    assert isinstance(decision.response, CreateTopicsResponse)
    return decision.response.topics[0].error_code, [one for one in decision.records if isinstance(one, PartitionRecord)]


def test_replicas_are_dealt_in_a_ring():
    _, records = created(controller(1, 2, 3), NewTopic("orders", 4, 3))
    assert [one.replicas for one in records] == [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]]


def test_a_fenced_broker_gets_replicas_but_is_never_the_first_of_them():
    error, records = created(controller(1, 3), NewTopic("orders", 3, 3))
    assert error is ErrorCode.NONE
    assert [one.replicas for one in records] == [[1, 3, 2], [3, 1, 2], [1, 3, 2]]
    assert [(one.leader, one.isr) for one in records] == [(1, [1, 3]), (3, [3, 1]), (1, [1, 3])]


def test_without_an_active_broker_there_is_nowhere_to_put_a_partition():
    found = controller(1, brokers=2)
    created(found, NewTopic("orders", 1, 1))
    found.image.replay(BrokerRegistrationChangeRecord(1, 1, True))
    assert created(found, NewTopic("audit", 1, 1))[0] is ErrorCode.INVALID_REPLICATION_FACTOR
    more = create_partitions(found, CreatePartitionsRequest({"orders": 2}))
    assert isinstance(more.response, CreatePartitionsResponse)
    assert more.response.topics[0].error_code is ErrorCode.INVALID_REPLICATION_FACTOR
    assert not more.records


@pytest.mark.parametrize(
    ("replicas", "error"), [((2, 1), ErrorCode.NONE), ((2,), ErrorCode.INVALID_REPLICA_ASSIGNMENT)]
)
def test_replicas_placed_by_hand_need_one_active_broker(replicas: tuple[int, ...], error: ErrorCode):
    topic = NewTopic("orders", -1, -1, assignments={0: replicas})
    assert created(controller(1, brokers=2), topic)[0] is error
