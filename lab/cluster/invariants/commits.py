"""Invariant of commits: who commits after the work has done what it commits, whatever its client library."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

ONWARD = ("committed", "earliest", "latest")
"""Reasons of a PositionReset that come before the first record, and so before the first commit."""
AFTER_THE_WORK = ("sync", "async", "record")


class CommitsWhatIsDone(Invariant):
    """Java and kafka-python commit inside the next poll(), librdkafka from a thread what the application has stored.
    Only librdkafka with enable.auto.offset.store, and who commits before the work, may be ahead of it.
    """

    claim = "a commit names nothing that is still being worked on"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.moved: dict[tuple[NodeId, TopicPartition], bool] = {}

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        if fact.reason not in ONWARD:  # it may go back behind a commit that is on its way
            self.moved[fact.member, fact.partition] = True

    @hears(facts.CommitAcknowledged)
    def _committed(self, world: World, node: NodeId, fact: facts.CommitAcknowledged) -> None:
        app = world.hosts[node].node
        if not isinstance(app, ConsumerApp) or app.done >= len(app.work) or not _waits_for_the_work(app):
            return
        partition, record = app.work[app.done]
        if (fact.member, partition) not in self.moved:
            self.require(
                fact.offsets.get(partition, -1) <= record.offset,
                fact.member, "committed", fact.offsets, "but works on", partition, "at", record.offset,
            )  # fmt: skip


def _waits_for_the_work(app: ConsumerApp) -> bool:
    commits = app.commits
    if commits.auto:
        return not (commits.in_background and commits.config.enable_auto_offset_store)
    return commits.policy in AFTER_THE_WORK


ALL = (CommitsWhatIsDone,)
