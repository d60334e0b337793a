"""Transactions in a fuzz seed: producers that write in them, readers of what is committed, a read-process-write app."""

from dataclasses import replace

from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProcessorSpec, ProducerSpec, TransactionSpec
from lab.world.dice import Stream

SHARE = 30
"""Of a hundred seeds so many have transactions."""
BATCH_BYTES = "1000"
"""Of a processor, which reads again what it could not write: a batch larger than a segment would keep it at that for
good. The smallest segments are of 2,000 bytes.
"""


class Transactions:
    """What one seed draws of them, from dice of its own: other seeds stay what they are."""

    def __init__(self, seed: int) -> None:
        self.dice = Stream(f"fuzz/{seed}/transactions")

    def spec(self, spec: ClusterSpec) -> ClusterSpec:
        """Some clients of the cluster with transactions; most seeds as they are."""
        if self.dice.below(100) >= SHARE:
            return spec
        config = (
            *spec.broker_config,
            ("transaction.version", str(1 + self.dice.below(2))),
            ("transaction.state.log.num.partitions", "2"),
            ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "2000"),
        )
        return replace(
            spec, broker_config=config, producers=tuple(self._producer(one) for one in spec.producers),
            consumers=tuple(self._consumer(one) for one in spec.consumers), processors=self._processors(spec),
        )  # fmt: skip

    def _producer(self, spec: ProducerSpec) -> ProducerSpec:
        config = dict(spec.config)
        if config.get("acks") != "all" or config.get("enable.idempotence") == "false" or self.dice.below(4) == 0:
            return spec
        config |= self._identity(spec.name)
        plan = TransactionSpec(1 + self.dice.below(12), (0, 300)[self.dice.below(2)], (0, 0, 2, 5)[self.dice.below(4)])
        return replace(spec, config=tuple(config.items()), transaction=plan)

    def _identity(self, name: str) -> dict[str, str]:
        return {"transactional.id": name, "transaction.timeout.ms": ("3000", "10000")[self.dice.below(2)]}

    def _consumer(self, spec: ConsumerSpec) -> ConsumerSpec:
        if self.dice.below(2):
            return spec
        return replace(spec, config=(*spec.config, ("isolation.level", "read_committed")))

    def _processors(self, spec: ClusterSpec) -> tuple[ProcessorSpec, ...]:
        """From the first topic to the second, where both keep what they are given."""
        if len(spec.topics) < 2 or any(("cleanup.policy", "compact") in one.config for one in spec.topics):
            return ()
        producer = {
            "request.timeout.ms": "3000", "delivery.timeout.ms": "8000", "metadata.max.age.ms": "10000",
            "batch.size": BATCH_BYTES,
        }  # fmt: skip
        consumer = (
            ("auto.offset.reset", "earliest"), ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1500"),
            ("max.poll.records", ("5", "500")[self.dice.below(2)]), ("request.timeout.ms", "3000"),
            ("metadata.max.age.ms", "10000"),
        )  # fmt: skip
        return tuple(
            ProcessorSpec(
                f"processor-{at}", "processors", (spec.topics[0].name,), spec.topics[1].name,
                self.dice.below(10) * 1_000, consumer, tuple({**producer, **self._identity(f"processor-{at}")}.items()),
                (0, 4)[self.dice.below(2)],
            )
            for at in range(1 + self.dice.below(2))
        )  # fmt: skip
