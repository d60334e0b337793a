"""A producer without a cluster: what it posts is kept with its time, and answered by the test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.env import node_of
from lab.kafka import facts
from lab.kafka.clients.producer.producer import Producer
from lab.kafka.config.client import ProducerConfig
from lab.kafka.config.flavours import DEFAULT_FLAVOUR
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import (
    MetadataRequest,
    MetadataResponse,
    PartitionMetadata,
    TopicMetadata,
)
from lab.kafka.protocol.messages.produce import PartitionProduceResponse, ProduceRequest, ProduceResponse
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Request
from lab.world.dice import Stream
from lab.world.disk import SimDisk
from tests.story import settings

WALL_MS = 1_767_225_600_000
PRODUCER_ID = 4_000


@dataclass
class Posted:
    """One Produce request."""

    at_ms: float
    host: str
    number: int
    request: ProduceRequest

    @property
    def batches(self) -> dict[int, RecordBatch]:
        return {name.partition: one for name, one in self.request.data.items() if isinstance(one, RecordBatch)}

    @property
    def values(self) -> list[str]:
        return [(one.value or b"").decode() for batch in self.batches.values() for one in batch.records()]


class Post:
    """`leaders`: of each partition of orders, a broker id, or -1. Metadata and producer ids come at once."""

    def __init__(
        self,
        leaders: tuple[int, ...] = (1,),
        topic_known: bool = True,
        flavour: str = DEFAULT_FLAVOUR,
        **config: object,
    ) -> None:
        self.now = 0
        self.leaders = leaders
        self.leader_epoch = 0
        self.topic_known = topic_known
        self.posted: list[Posted] = []
        self.metadata_asked: list[float] = []
        self.told: list[Any] = []
        self.ids = 0
        self.born = 0
        self.disk = SimDisk()
        self.dice = Stream("post")
        self.name = "web"
        self.replies: list[tuple[int, object]] = []
        self.producer = Producer("web", "orders", ProducerConfig(settings(**config), flavour), ("broker-1",))
        self._work()

    # --- the Env it sees --------------------------------------------------------------------------

    @property
    def wall_time_ms(self) -> int:
        return WALL_MS + self.now // 1_000

    def send(self, target: str, body: object, size: int) -> None:
        assert isinstance(body, Request)
        match body.body:
            case MetadataRequest():
                self.metadata_asked.append(self.now / 1_000)
                self.replies.append((body.correlation_id, self._metadata()))
            case InitProducerIdRequest():
                self.ids += 1
                self.replies.append(
                    (body.correlation_id, InitProducerIdResponse(ErrorCode.NONE, PRODUCER_ID + self.ids - 1, 0))
                )
            case ProduceRequest():
                self.posted.append(Posted(self.now / 1_000, node_of(target), body.correlation_id, body.body))
            case _:
                raise AssertionError(body)

    def tell(self, fact: object) -> None:
        self.told.append(fact)

    def hears(self, kind: type) -> bool:
        return True

    def hang_up(self, target: str) -> None: ...

    def set_timer(self, timer: object, at: int) -> None: ...

    def cancel_timer(self, timer: object) -> None: ...

    def stop(self) -> None: ...

    def _metadata(self) -> MetadataResponse:
        brokers = {number: f"broker-{number}" for number in (1, 2, 3)}
        if not self.topic_known:
            return MetadataResponse(
                brokers, {"orders": TopicMetadata(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "orders", {})}
            )
        partitions = {
            TopicPartition("orders", at): PartitionMetadata(
                ErrorCode.NONE if leader > 0 else ErrorCode.LEADER_NOT_AVAILABLE, leader, self.leader_epoch,
                (1, 2, 3), (1, 2, 3),
            )
            for at, leader in enumerate(self.leaders)
        }  # fmt: skip
        return MetadataResponse(brokers, {"orders": TopicMetadata(ErrorCode.NONE, "orders", partitions)})

    # --- time and deeds ---------------------------------------------------------------------------

    def _work(self) -> None:
        self.producer.work(self)
        while self.replies:
            number, body = self.replies.pop(0)
            self.producer.answered(self, number, body)
            self.producer.work(self)

    def run(self, ms: float) -> None:
        """Let time pass; the producer wakes when it said it would."""
        end = self.now + round(ms * 1_000)
        while (at := self.producer.next_deadline(self.now)) is not None and at <= end:
            self.now = at
            self._work()
        self.now = end

    def write(self, *values: str, key: str | None = None, partition: int | None = None, size: int = 0) -> None:
        """Records with these values, or one with a value of `size` bytes, at once."""
        for value in values or ("x" * size,):
            record = Record(0, self.wall_time_ms, None if key is None else key.encode(), value.encode())
            self.producer.send(self, record, self.born, partition)
            self.born += 1
        self._work()

    def answer(self, posted: Posted, error: ErrorCode = ErrorCode.NONE, base: int = 0, **fields: Any) -> None:
        """One answer for all batches of a request."""
        found = {name: PartitionProduceResponse(error, base, **fields) for name in posted.request.data}
        self.producer.answered(self, posted.number, ProduceResponse(found))
        self._work()

    def lose(self, host: str) -> None:
        """The connection to a broker breaks."""
        self.producer.disconnected(self, host)
        self._work()

    # --- what came of it --------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        return sum(len(queue.waiting) for queue in self.producer.accumulator.queues.values())

    @property
    def acked(self) -> list[tuple[int, ...]]:
        return [tuple(one.births) for one in self.told if isinstance(one, facts.RecordsAcked)]

    @property
    def failed(self) -> list[tuple[tuple[int, ...], str, bool]]:
        return [
            (tuple(one.births), one.error, one.unknown) for one in self.told if isinstance(one, facts.RecordsFailed)
        ]

    def partitions(self) -> Iterator[int]:
        """Where each record went, in the order they were posted."""
        for one in self.posted:
            for partition, batch in one.batches.items():
                for _ in range(batch.record_count):
                    yield partition
