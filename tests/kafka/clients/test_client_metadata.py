"""What a client believes of brokers that know different things."""

from lab.kafka.clients.metadata import Metadata
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataResponse, PartitionMetadata, TopicMetadata
from tests.story import ORDERS

BROKERS = {1: "broker-1", 2: "broker-2"}


def told(leader_id: int, leader_epoch: int) -> MetadataResponse:
    partition = PartitionMetadata(ErrorCode.NONE, leader_id, leader_epoch, (1, 2), (1, 2))
    return MetadataResponse(BROKERS, {"orders": TopicMetadata(ErrorCode.NONE, "orders", {ORDERS: partition})})


def test_spec_03_22_a_broker_that_lags_behind_does_not_take_a_newer_epoch_back():
    metadata = Metadata(("broker-1", "broker-2"), ("orders",))
    metadata.update(told(2, 5), 0)
    assert metadata.update(told(1, 4), 1) == []
    assert (metadata.leader_of(ORDERS), metadata.epoch_of(ORDERS)) == ("broker-2", 5)
    assert metadata.update(told(1, 6), 2) == [ORDERS]
    assert (metadata.leader_of(ORDERS), metadata.epoch_of(ORDERS)) == ("broker-1", 6)


def test_a_leader_named_in_an_answer_is_believed_if_it_is_newer():
    metadata = Metadata(("broker-1", "broker-2"), ("orders",))
    metadata.update(told(1, 4), 0)
    assert not metadata.learn_leader(ORDERS, (2, 4))
    assert metadata.learn_leader(ORDERS, (2, 5))
    assert metadata.leader_of(ORDERS) == "broker-2"
