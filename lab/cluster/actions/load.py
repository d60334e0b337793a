"""Load: a producer that writes more than one can look at."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.clients import free_name
from lab.cluster.build import add_producer
from lab.cluster.spec import LOAD_MAX, RATE_MAX, ProducerSpec
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class AddLoad(ClusterAction):
    """A producer under load: batches of so many records, equal but for their number, to each partition in turn."""

    producer: str
    topic: str
    rate: int = 10_000
    batch: int = 1_000
    acks: str = "all"

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "gauge"
    title: ClassVar[str] = "Add a load"

    def refusal(self, world: World) -> str:
        if self.acks not in ("0", "1", "all"):
            return f"wanted acks 0, 1 or all, found {self.acks}"
        if not 1 <= self.rate <= RATE_MAX:
            return f"wanted a rate of 1 to {RATE_MAX:,} records a second, found {self.rate}"
        if not 1 <= self.batch <= LOAD_MAX:
            return f"wanted batches of 1 to {LOAD_MAX:,} records, found {self.batch}"
        if not self.topic:
            return "wanted a topic to write to"
        return free_name(world, self.producer)

    def apply(self, world: World) -> None:
        config = (("acks", self.acks), ("enable.idempotence", "true" if self.acks == "all" else "false"))
        add_producer(world, ProducerSpec(self.producer, self.topic, self.rate, config=config, load=self.batch))
        world.mark("built", self.producer, f"{self.producer} begins to write {self.rate:,} records/s to {self.topic}")

    def describe(self) -> str:
        return f"Add load {self.producer} for {self.topic}, {self.rate:,}/s in batches of {self.batch:,}"
