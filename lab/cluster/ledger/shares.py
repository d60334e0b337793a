"""Shares: what share groups did, beside the ledger: deliveries, redeliveries, archived records (KIP-932).

In the ledger's words a share group has committed what lies below its start offset (SPSO), and reads at its end offset
(SPEO); so lag, done and skipped mean the same as for other groups.
"""

from dataclasses import dataclass, field

from lab.cluster.figures import counted
from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

ARCHIVED = "Archived"
UNTOLD = ("skipped", "retention")
"""Reasons of records that no member ever got: they are not archived in anybody's eyes."""


@dataclass(slots=True)
class ShareHistory:
    """What one share group did. `archived`: offsets that were given up, by partition."""

    delivered: int = 0
    redelivered: int = 0
    expired: int = 0
    failed: int = 0
    archived: dict[TopicPartition, IntervalSet] = field(default_factory=dict[TopicPartition, IntervalSet])


class Shares(Observer):
    """Hears the facts of share groups. Without one it is empty."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.groups: dict[str, ShareHistory] = {}

    def group(self, name: str) -> ShareHistory:
        """The history of a share group, begun if need be."""
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = ShareHistory()
        return found

    @hears(facts.SharePartitionLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.SharePartitionLoaded) -> None:
        progress = self.ledger.begun_group(fact.group_id).begun_progress(fact.partition)
        self.group(fact.group_id)
        if progress.first < 0 or fact.initial:
            progress.first = fact.start_offset
        progress.committed = fact.start_offset
        progress.position = fact.end_offset

    @hears(facts.RecordsAcquired)
    def _acquired(self, world: World, node: NodeId, fact: facts.RecordsAcquired) -> None:
        group = self.group(fact.group_id)
        count = fact.end - fact.first
        group.delivered += count
        if fact.delivery_count > 1:
            group.redelivered += count
        progress = self.ledger.begun_group(fact.group_id).begun_progress(fact.partition)
        progress.position = max(progress.position, fact.end)
        progress.member = fact.client_id

    @hears(facts.RecordsSettled)
    def _settled(self, world: World, node: NodeId, fact: facts.RecordsSettled) -> None:
        group = self.group(fact.group_id)
        if fact.reason == "expired":
            group.expired += fact.end - fact.first
            world.mark("expired", fact.group_id, f"{_records(fact)}: the lock expires, delivery {fact.delivery_count}")
        if fact.state == ARCHIVED and fact.reason not in UNTOLD:
            group.archived.setdefault(fact.partition, IntervalSet()).add(fact.first, fact.end)
            times = f"after {counted(fact.delivery_count, 'delivery', 'deliveries')}"
            world.mark("archived", fact.group_id, f"{fact.group_id} archives {_records(fact)} {times}")

    @hears(facts.ShareStartMoved)
    def _start(self, world: World, node: NodeId, fact: facts.ShareStartMoved) -> None:
        progress = self.ledger.begun_group(fact.group_id).begun_progress(fact.partition)
        progress.committed = fact.start_offset
        progress.position = max(progress.position, fact.start_offset)

    @hears(facts.RecordFailed)
    def _failed(self, world: World, node: NodeId, fact: facts.RecordFailed) -> None:
        self.group(fact.group_id).failed += 1

    @hears(facts.ShareGroupChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.ShareGroupChanged) -> None:
        world.mark("stable", fact.group_id, f"{fact.group_id} is in epoch {fact.group_epoch}: {fact.reason}")

    @hears(facts.AcknowledgementFailed)
    def _refused(self, world: World, node: NodeId, fact: facts.AcknowledgementFailed) -> None:
        text = f"{fact.member} may not acknowledge records of {fact.partition}: {fact.error}"
        world.mark("client", fact.member, text)


def _records(fact: facts.RecordsSettled) -> str:
    last = fact.end - 1
    return f"{fact.partition}@{fact.first}" + (f" to {last}" if last > fact.first else "")
