"""Stories of share groups: workers, and members by hand that fetch and acknowledge as they are told."""

from typing import Any

from lab.cluster.build import add_share_consumer
from lab.cluster.ledger.shares import ShareHistory
from lab.cluster.lookup.shares import find_share_group, find_share_partition, shares_of
from lab.cluster.share_spec import ShareConsumerSpec
from lab.kafka.broker.share.in_flight import STATES
from lab.kafka.broker.share.partition import SharePartition
from lab.kafka.coordinator.share_group import ShareGroup
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.share_fetch import (
    AcknowledgementBatch,
    AcknowledgeType,
    ShareAcknowledgeRequest,
    ShareFetchRequest,
    ShareFetchResponse,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, batch, orders, settings

ACCEPT, RELEASE, REJECT = AcknowledgeType.ACCEPT, AcknowledgeType.RELEASE, AcknowledgeType.REJECT
ONE_BY_ONE = settings(share_acknowledgement_mode="explicit", max_poll_records=1)
Said = tuple[AcknowledgementBatch, ...]


def said(kind: AcknowledgeType, first: int, last: int | None = None) -> Said:
    return (AcknowledgementBatch(first, first if last is None else last, kind),)


class Queue(Story):
    """A cluster whose share groups begin at the earliest record."""

    def __init__(self, partitions: int = 1, **spec: Any) -> None:
        config = {"group_share_auto_offset_reset": "earliest", **spec.pop("broker", {})}
        topics = spec.pop("topics", None) or orders(partitions)
        super().__init__(topics=topics, broker_config=settings(**config), **spec)

    def worker(self, name: str, group: str = "work", **spec: Any) -> None:
        spec = {"config": ONE_BY_ONE, **spec}
        add_share_consumer(self.world, ShareConsumerSpec(name, group, ("orders",), **spec))

    def write(self, *values: str, partition: TopicPartition = ORDERS) -> None:
        """Each value in a batch of its own."""
        for value in values:
            leader = f"broker-{self.state(partition).leader_id}"
            answer = self.ask(leader, ProduceRequest(-1, 30_000, {partition: batch(value)}))
            assert answer.responses[partition].error_code is ErrorCode.NONE

    def shared(self, group: str = "work", partition: TopicPartition = ORDERS) -> SharePartition:
        found = find_share_partition(self.world, group, partition)
        assert found is not None, f"nobody leads {partition} for {group}"
        return found

    def runs(self, group: str = "work") -> list[tuple[int, int, str, int]]:
        """What is in flight: first offset, one past the last, state, delivery count."""
        return [
            (one.first, one.end, STATES[one.state], one.delivery_count) for one in self.shared(group).in_flight.runs
        ]

    def start(self, group: str = "work", partition: TopicPartition = ORDERS) -> int:
        return self.shared(group, partition).in_flight.start_offset

    def share_group(self, group: str = "work") -> ShareGroup:
        found = find_share_group(self.world, group)
        assert found is not None
        return found[1]

    def history(self, group: str = "work") -> ShareHistory:
        return shares_of(self.world)[group]


class Member:
    """A member by hand: its session, its next epoch. It need not be in the group to fetch, as in Kafka."""

    def __init__(self, story: Queue, name: str, group: str = "work") -> None:
        self.story = story
        self.name = name
        self.group = group
        self.epoch = 0

    def ask_fetch(
        self, most: int = 500, wait_ms: int = 2_000, epoch: int | None = None, says: Said = (),
    ) -> ShareFetchResponse:  # fmt: skip
        number = self.epoch if epoch is None else epoch
        parts = {ORDERS: says} if number == 0 or says else {}
        leader = f"broker-{self.story.state().leader_id}"
        body = ShareFetchRequest(self.group, f"{self.name}-1", number, wait_ms, 1 << 20, most, parts)
        answer = self.story.ask(leader, body)
        assert isinstance(answer, ShareFetchResponse)
        if answer.error_code is ErrorCode.NONE and epoch is None:
            self.epoch += 1
        return answer

    def fetch(self, most: int = 500, says: Said = ()) -> list[tuple[int, int, int]]:
        """What it got: first and last offset, delivery count."""
        answer = self.ask_fetch(most, says=says)
        assert answer.error_code is ErrorCode.NONE
        found = answer.responses.get(ORDERS)
        return [(one.first_offset, one.last_offset, one.delivery_count) for one in found.acquired] if found else []

    def say(self, says: Said, epoch: int | None = None) -> ErrorCode:
        number = self.epoch if epoch is None else epoch
        leader = f"broker-{self.story.state().leader_id}"
        answer = self.story.ask(leader, ShareAcknowledgeRequest(self.group, f"{self.name}-1", number, {ORDERS: says}))
        if answer.error_code is not ErrorCode.NONE:
            return answer.error_code
        if epoch is None:
            self.epoch += 1
        return answer.partitions[ORDERS]
