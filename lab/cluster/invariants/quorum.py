"""Invariants of a quorum: who may lead it, and that what is committed stays (Raft; KIP-595).

They stand beside the other invariants only where there is a quorum: a controller that is alone states nothing
that they could hear.
"""

from typing import ClassVar

from lab.cluster.invariants.base import Violated
from lab.cluster.invariants.lineage import Lineage
from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.world.world import World

EPOCHS_KEPT = 64
"""Votes and leaders of older epochs are forgotten: nobody steps back so far."""


class QuorumInvariant(Observer):
    """A claim about a quorum of `voters` members."""

    claim: ClassVar[str] = ""

    def __init__(self, voters: int) -> None:
        self.voters = voters
        self.checked = 0

    def require(self, holds: bool, *found: object) -> None:
        """One check: counted, and fatal when it fails."""
        self.checked += 1
        if not holds:
            raise Violated(f"{self.claim}: {' '.join(str(part) for part in found)}")


def remember(table: dict[int, int], epoch: int, value: int) -> int:
    """The value of an epoch: the first that was told. Old epochs go."""
    known = table.setdefault(epoch, value)
    for old in [one for one in table if one < epoch - EPOCHS_KEPT]:
        del table[old]
    return known


class OneLeaderAnEpoch(QuorumInvariant):
    """Two voters never lead in one epoch."""

    claim = "a quorum has one leader an epoch"

    def __init__(self, voters: int) -> None:
        super().__init__(voters)
        self.leaders: dict[int, int] = {}

    @hears(facts.QuorumRoleChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.QuorumRoleChanged) -> None:
        if fact.role == "leader":
            known = remember(self.leaders, fact.epoch, fact.replica_id)
            self.require(known == fact.replica_id, fact.replica_id, "and", known, "lead epoch", fact.epoch)


class OneVoteAnEpoch(QuorumInvariant):
    """A voter gives one vote an epoch, whatever it has lived through in between."""

    claim = "a voter votes once an epoch"

    def __init__(self, voters: int) -> None:
        super().__init__(voters)
        self.votes: dict[int, dict[int, int]] = {}

    @hears(facts.QuorumVoteGranted)
    def _granted(self, world: World, node: NodeId, fact: facts.QuorumVoteGranted) -> None:
        known = remember(self.votes.setdefault(fact.replica_id, {}), fact.epoch, fact.candidate_id)
        self.require(
            known == fact.candidate_id,
            fact.replica_id, "votes for", fact.candidate_id, "in epoch", fact.epoch, "after it has for", known,
        )  # fmt: skip


class NobodyActsInAnOldEpoch(QuorumInvariant):
    """Who has voted in an epoch, or heard of it, leads no earlier one: its log grows no more in that."""

    claim = "a leader that knows of a later epoch appends and commits no more"

    def __init__(self, voters: int) -> None:
        super().__init__(voters)
        self.newest: dict[int, int] = {}

    @hears(facts.QuorumVoteGranted, facts.QuorumRoleChanged)
    def _heard(self, world: World, node: NodeId, fact: facts.QuorumVoteGranted | facts.QuorumRoleChanged) -> None:
        self.newest[fact.replica_id] = max(self.newest.get(fact.replica_id, 0), fact.epoch)

    @hears(facts.QuorumAppended, facts.QuorumHighWatermarkMoved)
    def _acted(self, world: World, node: NodeId, fact: facts.QuorumAppended | facts.QuorumHighWatermarkMoved) -> None:
        newest = self.newest.get(fact.replica_id, 0)
        self.require(
            not fact.leading or fact.epoch >= newest,
            fact.replica_id, "acts as the leader of epoch", fact.epoch, "and knows of", newest,
        )  # fmt: skip


class CommittedStays(QuorumInvariant):
    """What a leader has committed is on a majority, in the log of every later leader, and nowhere something else."""

    claim = "committed metadata is never lost or rewritten"

    def __init__(self, voters: int) -> None:
        super().__init__(voters)
        self.committed = Lineage()
        self.logs: dict[int, Lineage] = {}
        self.marks: dict[int, int] = {}

    def _log(self, replica_id: int) -> Lineage:
        return self.logs.setdefault(replica_id, Lineage())

    @hears(facts.QuorumLogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.QuorumLogLoaded) -> None:
        log = self.logs[fact.replica_id] = Lineage(fact.log_end_offset)
        log.epochs = [epoch for epoch, _ in fact.epochs]
        log.starts = [start for _, start in fact.epochs]
        self.marks.pop(fact.replica_id, None)

    @hears(facts.QuorumAppended)
    def _appended(self, world: World, node: NodeId, fact: facts.QuorumAppended) -> None:
        self._log(fact.replica_id).extend(fact.epoch, fact.base_offset, fact.next_offset)

    @hears(facts.QuorumTruncated)
    def _truncated(self, world: World, node: NodeId, fact: facts.QuorumTruncated) -> None:
        log = self._log(fact.replica_id)
        at = min(log.end, self.committed.end) - 1
        cut = fact.offset <= at and log.shared(self.committed) > fact.offset
        self.require(not cut, fact.replica_id, "cuts at", fact.offset, "what is committed to", self.committed.end)
        log.cut(fact.offset)

    @hears(facts.QuorumSnapshotLoaded)
    def _replaced(self, world: World, node: NodeId, fact: facts.QuorumSnapshotLoaded) -> None:
        """The log begins anew behind what the snapshot holds."""
        self.require(
            fact.end_offset <= self.committed.end,
            fact.replica_id, "loads a snapshot to", fact.end_offset, "of", self.committed.end,
        )  # fmt: skip
        log = self.logs[fact.replica_id] = Lineage(fact.end_offset)
        log.extend(fact.epoch, fact.end_offset, fact.end_offset)

    @hears(facts.QuorumRoleChanged)
    def _led(self, world: World, node: NodeId, fact: facts.QuorumRoleChanged) -> None:
        if fact.role == "leader":
            log = self._log(fact.replica_id)
            self.require(
                log.agrees(self.committed, self.committed.end),
                fact.replica_id, "leads epoch", fact.epoch, "with a log to", log.end, "and committed is",
                self.committed.end,
            )  # fmt: skip

    @hears(facts.QuorumHighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.QuorumHighWatermarkMoved) -> None:
        log, mark = self._log(fact.replica_id), fact.high_watermark
        before = self.marks.get(fact.replica_id, -1)
        self.require(before <= mark <= log.end, fact.replica_id, "moves its high watermark", before, "to", mark)
        self.marks[fact.replica_id] = mark
        if not fact.leading:
            self.require(
                mark <= self.committed.end and log.agrees(self.committed, mark),
                fact.replica_id, "takes for committed what is not, to", mark, "of", self.committed.end,
            )  # fmt: skip
            return
        have = sum(other.agrees(log, mark) for other in self.logs.values())
        self.require(2 * have > self.voters, fact.replica_id, "commits to", mark, "what only", have, "have")
        self.require(
            log.agrees(self.committed, min(mark, self.committed.end)),
            fact.replica_id, "commits to", mark, "and differs below", self.committed.end,
        )  # fmt: skip
        if mark > self.committed.end:
            self.committed = log.until(mark)


class OnlyCommittedIsApplied(QuorumInvariant):
    """Controllers and brokers take in what is committed, and nothing else."""

    claim = "what is applied is committed"

    def __init__(self, voters: int) -> None:
        super().__init__(voters)
        self.committed = 0

    @hears(facts.QuorumHighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.QuorumHighWatermarkMoved) -> None:
        if fact.leading:
            self.committed = max(self.committed, fact.high_watermark)

    @hears(facts.MetadataApplied)
    def _applied(self, world: World, node: NodeId, fact: facts.MetadataApplied) -> None:
        self.require(fact.offset <= self.committed, node, "has applied to", fact.offset, "of", self.committed)


ALL: tuple[type[QuorumInvariant], ...] = (
    OneLeaderAnEpoch, OneVoteAnEpoch, NobodyActsInAnOldEpoch, CommittedStays, OnlyCommittedIsApplied,
)  # fmt: skip
