"""A controller without a process: what it decides is replayed at once."""

from typing import Any

from lab.env import Micros, millis
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller import brokers
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import MetadataRecord, PartitionRecord, TopicRecord
from lab.kafka.protocol.messages.brokers import BrokerHeartbeatRequest, BrokerRegistrationRequest
from lab.kafka.protocol.topic_ids import draw_topic_id
from lab.world.dice import Stream
from tests.story import ORDERS


class Office:
    """Brokers talk to it by method calls; `now_ms` is set by the test."""

    def __init__(self) -> None:
        self.controller = Controller(BrokerConfig(), MetadataImage())
        self.image = self.controller.image
        self.now_ms = 0
        self.dice = Stream("controller")
        self.written: list[MetadataRecord] = []

    @property
    def _now(self) -> Micros:
        return millis(self.now_ms)

    def take(self, decision: Decision) -> Any:
        self.write(decision.records)
        return decision.response

    def write(self, records: list[Any]) -> None:
        self.written = list(records)
        for record in records:
            self.image.replay(record)

    def register(self, broker_id: int, incarnation: str = "first") -> Any:
        request = BrokerRegistrationRequest(broker_id, f"broker-{broker_id}", incarnation)
        return self.take(brokers.register(self.controller, request, self._now, self.image.offset))

    def heartbeat(
        self, broker_id: int, epoch: int | None = None, offset: int | None = None, *,
        fence: bool = False, stop: bool = False,
    ) -> Any:  # fmt: skip
        epoch = self.image.brokers[broker_id].broker_epoch if epoch is None else epoch
        offset = self.image.offset if offset is None else offset
        request = BrokerHeartbeatRequest(broker_id, epoch, offset, fence, stop)
        return self.take(brokers.heartbeat(self.controller, request, self._now, self.image.offset))

    def open(self, *broker_ids: int) -> "Office":
        """Brokers that serve."""
        for broker_id in broker_ids:
            self.register(broker_id)
            self.heartbeat(broker_id)
        return self

    def topic(self, replicas: list[int], isr: list[int] | None = None) -> "Office":
        """`orders` with one partition, led by its first replica."""
        topic_id = draw_topic_id(self.dice)
        partition = PartitionRecord(topic_id, "orders", 0, replicas, isr or replicas, replicas[0])
        self.write([TopicRecord("orders", topic_id), partition])
        return self

    @property
    def state(self) -> tuple[int, int, tuple[int, ...]]:
        """Leader, leader epoch, ISR."""
        found = self.image.partition(ORDERS)
        assert found is not None
        return found.leader_id, found.leader_epoch, found.isr


def kinds(records: list[MetadataRecord]) -> list[type]:
    return [type(record) for record in records]
