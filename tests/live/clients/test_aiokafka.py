"""aiokafka, from PyPI."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.live.clients.checks import Checks, cluster
from tests.live.clients.client import EAGER, PATIENCE_S, Client

__all__ = ["cluster"]

NO_CONSUMER_PROTOCOL = "has no KIP-848"
NO_COOPERATIVE = "has no cooperative assignor"


class AioKafka(Client):
    """Its producer, consumer and admin client; each call in a loop of its own."""

    name: ClassVar[str] = "aiokafka"
    lacks: ClassVar[dict[str, str]] = {
        "group[consumer]": NO_CONSUMER_PROTOCOL, "rebalance[consumer]": NO_CONSUMER_PROTOCOL,
        "group[cooperative]": NO_COOPERATIVE, "rebalance[cooperative]": NO_COOPERATIVE,
    }  # fmt: skip

    def _common(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.addresses, "client_id": "aiokafka"}

    def topics(self) -> dict[str, int]:
        return {one["topic"]: len(one["partitions"]) for one in self._admin("describe_topics", None)}

    def write(
        self, topic: str, values: Sequence[str], *, codec: str = "none", idempotent: bool = False,
        transactions: str = "", abort: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        async def send() -> None:
            producer = AIOKafkaProducer(
                **self._common(), acks="all", enable_idempotence=idempotent or bool(transactions),
                transactional_id=transactions or None, compression_type=None if codec == "none" else codec,
            )  # fmt: skip
            await producer.start()
            try:
                if transactions:
                    await producer.begin_transaction()
                sent = []
                for value in values:
                    sent.append(await producer.send(topic, value.encode(), partition=None if pause_s else 0))
                    await asyncio.sleep(pause_s)
                await asyncio.wait_for(asyncio.gather(*sent), PATIENCE_S)
                if transactions and abort:
                    await producer.abort_transaction()
                elif transactions:
                    await producer.commit_transaction()
            finally:
                await producer.stop()

        asyncio.run(send())

    def read(
        self, topic: str, count: int, *, group: str = "", protocol: str = EAGER, offset: int = 0,
        committed: bool = False, pause_s: float = 0.0, patience_s: float = PATIENCE_S,
    ) -> list[str]:  # fmt: skip
        async def take() -> list[str]:
            consumer = AIOKafkaConsumer(
                *([topic] if group else []), **self._common(), group_id=group or None, auto_offset_reset="earliest",
                enable_auto_commit=bool(group), auto_commit_interval_ms=200, heartbeat_interval_ms=300,
                session_timeout_ms=6_000, isolation_level="read_committed" if committed else "read_uncommitted",
            )  # fmt: skip
            await consumer.start()
            if not group:
                consumer.assign([TopicPartition(topic, 0)])
                consumer.seek(TopicPartition(topic, 0), offset)
            found: list[str] = []
            deadline = time.monotonic() + patience_s
            while len(found) < count and time.monotonic() < deadline:
                for records in (await consumer.getmany(timeout_ms=100, max_records=1)).values():
                    found += [(one.value or b"").decode() for one in records]
                    await asyncio.sleep(pause_s)
            await consumer.stop()
            return found

        return asyncio.run(take())

    def _admin(self, ask: str, what: list[Any] | None) -> Any:
        async def run() -> Any:
            admin = AIOKafkaAdminClient(**self._common())
            await admin.start()
            try:
                return await getattr(admin, ask)(what)
            finally:
                await admin.close()

        return asyncio.run(run())

    def create(self, topic: str, partitions: int) -> None:
        self._admin("create_topics", [NewTopic(topic, partitions, 3)])

    def delete(self, topic: str) -> None:
        self._admin("delete_topics", [topic])


class TestAioKafka(Checks):
    """All but what it lacks."""

    kind = AioKafka
