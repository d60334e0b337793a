"""Search: how an administrator's client finds transactions that hang, and ends one (`kafka-transactions.sh`, KIP-664).

In rounds: the leaders are asked for their producers, then all brokers for the transactional ids of those that have
something open for too long, then the coordinators of these ids whether the partition is in their transaction. What is
left hangs. To end it, its leader is told to write an ABORT marker as a coordinator would.
"""

from lab.env import Address, address
from lab.kafka.clients.metadata import Metadata
from lab.kafka.orders import AbortHanging, DescribeProducers, FindHanging
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import TRANSACTION, FindCoordinatorRequest, FindCoordinatorResponse
from lab.kafka.protocol.messages.transaction_admin import (
    ActiveProducer,
    DescribeProducersRequest,
    DescribeProducersResponse,
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
)
from lab.kafka.protocol.messages.transactions import TxnMarker, WriteTxnMarkersRequest, WriteTxnMarkersResponse
from lab.kafka.protocol.topics import TopicPartition

Question = tuple[Address, object]
Open = dict[tuple[TopicPartition, int], ActiveProducer]
"""By partition and producer id."""


class Search:
    """One search. Whoever carries it out sends what `questions` says, tells it the answers, and asks again when all
    have come; no questions: it is over, and `text` is what came of it. `wrong`: what cannot be done.
    """

    __slots__ = ("coordinator", "ids", "open", "order", "producers", "stage", "text", "wrong")

    def __init__(self, order: DescribeProducers | FindHanging | AbortHanging) -> None:
        self.order = order
        self.stage = "producers"
        self.producers: dict[TopicPartition, tuple[ActiveProducer, ...]] = {}
        self.open: Open = {}
        self.ids: dict[str, int] = {}
        self.coordinator: Address = ""
        self.text = ""
        self.wrong = ""

    # --- asking -----------------------------------------------------------------------------------

    def questions(self, metadata: Metadata, someone: Address, now_ms: int) -> list[Question]:
        """The next round."""
        match self.stage:
            case "producers":
                return self._ask_leaders(metadata)
            case "judge":
                return self._judge(metadata, now_ms)
            case "coordinators":
                return self._ask_coordinator(someone)
            case _:
                return []

    def _ask_leaders(self, metadata: Metadata) -> list[Question]:
        order, by_leader = self.order, dict[str, list[TopicPartition]]()
        if isinstance(order, FindHanging):
            wanted = [TopicPartition(order.topic, index) for index in range(metadata.counts.get(order.topic, 0))]
        else:
            wanted = [order.partition]
        for one in wanted:
            host = metadata.leader_of(one)
            if host is not None:
                by_leader.setdefault(host, []).append(one)
        self.stage = "judge"
        if not by_leader:
            self._end(wrong=ErrorCode.LEADER_NOT_AVAILABLE.name)
        return [(address(host), DescribeProducersRequest(tuple(found))) for host, found in by_leader.items()]

    def _judge(self, metadata: Metadata, now_ms: int) -> list[Question]:
        """The leaders have answered."""
        order = self.order
        if isinstance(order, DescribeProducers):
            found = self.producers.get(order.partition, ())
            return self._end("; ".join(described(one) for one in found) or "nobody has written")
        if isinstance(order, AbortHanging):
            return self._abort(order, metadata)
        for partition, producers in self.producers.items():
            for one in producers:
                waited_ms = now_ms - one.last_timestamp_ms
                if one.current_txn_start_offset >= 0 and waited_ms > order.max_transaction_timeout_ms:
                    self.open[partition, one.producer_id] = one
        if not self.open:
            return self._end("nothing hangs")
        self.stage = "coordinators"
        request = ListTransactionsRequest(producer_id_filters=tuple(dict.fromkeys(one for _, one in self.open)))
        return [(address(host), request) for host in metadata.brokers.values()]

    def _abort(self, order: AbortHanging, metadata: Metadata) -> list[Question]:
        found = [
            one for one in self.producers.get(order.partition, ()) if one.current_txn_start_offset == order.start_offset
        ]
        leader = metadata.leader_of(order.partition)
        if not found or order.start_offset < 0 or leader is None:
            text = f"no transaction that is open begins at {order.start_offset} in {order.partition}"
            return self._end(text, wrong="NO_OPEN_TRANSACTION")
        # Where no coordinator has ever written a marker, Kafka's tool says 0 for its epoch.
        one, self.stage = found[0], "ending"
        marker = TxnMarker(
            one.producer_id, one.producer_epoch, False, max(one.coordinator_epoch, 0), (order.partition,)
        )  # fmt: skip
        self.text = f"aborted what begins at {order.start_offset} in {order.partition}"
        return [(address(leader), WriteTxnMarkersRequest((marker,)))]

    def _ask_coordinator(self, someone: Address) -> list[Question]:
        """Ask about one transactional id after the other; what none of them answers for hangs."""
        if not self.ids:
            return self._end("; ".join(f"{partition}: {described(one)}" for (partition, _), one in self.open.items()))
        transactional_id = next(iter(self.ids))
        if not self.coordinator:
            return [(someone, FindCoordinatorRequest(transactional_id, TRANSACTION))]
        return [(self.coordinator, DescribeTransactionsRequest((transactional_id,)))]

    def _end(self, text: str = "nothing hangs", *, wrong: str = "") -> list[Question]:
        self.stage, self.text, self.wrong = "over", text or "nothing hangs", wrong
        return []

    # --- hearing ----------------------------------------------------------------------------------

    def heard(self, body: object) -> list[ErrorCode]:
        """An answer. Returns what is wrong with it."""
        match body:
            case DescribeProducersResponse():
                self.producers.update({name: one.active_producers for name, one in body.partitions.items()})
                return [one.error_code for one in body.partitions.values() if one.error_code]
            case ListTransactionsResponse():
                self.ids.update({one.transactional_id: one.producer_id for one in body.transactions})
                return []
            case FindCoordinatorResponse():
                self.coordinator = address(body.host) if not body.error_code else ""
                return [body.error_code] if body.error_code else []
            case DescribeTransactionsResponse():
                return self._accounted_for(body)
            case WriteTxnMarkersResponse():
                return [one for one in body.errors.values() if one]
            case _:
                raise AssertionError(body)

    def _accounted_for(self, body: DescribeTransactionsResponse) -> list[ErrorCode]:
        """What a coordinator has in a transaction will be ended by it. One that has forgotten the id has none."""
        (one,) = body.transactions
        if one.error_code and one.error_code is not ErrorCode.TRANSACTIONAL_ID_NOT_FOUND:
            return [one.error_code]
        self.ids.pop(one.transactional_id, None)
        self.coordinator = ""
        for partition in one.partitions:
            self.open.pop((partition, one.producer_id), None)
        return []


def described(one: ActiveProducer) -> str:
    """`producer 3 in epoch 0, open from 12`."""
    text = f"producer {one.producer_id} in epoch {one.producer_epoch}"
    return f"{text}, open from {one.current_txn_start_offset}" if one.current_txn_start_offset >= 0 else text
