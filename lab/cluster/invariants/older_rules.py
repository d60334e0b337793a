"""Older rules: what a partition may lose, or hold twice over, where its brokers truncate as Kafka once did.

The setting alone excuses nothing. A record may be missing where its replica held it, became a follower, and cut it at
its own high watermark, as Kafka did before KIP-101; and where logs have parted because the follower's rule did not
look. Both are computed from what the logs held, replica by replica and record by record.
"""

from dataclasses import dataclass, field

from lab.cluster.invariants.lineage import Lineage
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.config.truncation import ENDED_BY, FENCED_EPOCH, HIGH_WATERMARK, LAST_EPOCH
from lab.world.world import World


def rule_at(world: World, node: NodeId) -> str:
    """The rule by which a broker follows; today's where no broker runs."""
    process = world.hosts[node].node
    return process.config.replica_truncation_rule if isinstance(process, Broker) else FENCED_EPOCH


@dataclass(frozen=True, slots=True)
class Cut:
    """A replica cut its log at `offset`, by its rule; `was`: what it held until then."""

    offset: int
    was: Lineage


@dataclass(slots=True)
class OlderRules:
    """One partition with replicas that follow, or once followed, by an older rule.

    `fresh`: who became a follower and has copied nothing since, with the last epoch in its log then. `cuts`: what was
    cut and is not copied again. `parted`: from where and up to where a log differs from its leader's. `ragged`: where
    the last batch of a log ends, if it was cut within the next one: until it copies more, its next process finds that
    end. `said`: each excuse that was needed, in words.
    """

    fresh: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    cuts: dict[NodeId, tuple[Cut, ...]] = field(default_factory=dict[NodeId, tuple[Cut, ...]])
    parted: dict[NodeId, tuple[int, int]] = field(default_factory=dict[NodeId, tuple[int, int]])
    ragged: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    said: list[str] = field(default_factory=list[str])

    def truncated(self, node: NodeId, copy: Lineage, offset: int, high_watermark: int, rule: str) -> None:
        """Only who has just become a follower cuts by the rule of before KIP-101, and only at its high watermark."""
        if rule == HIGH_WATERMARK and node in self.fresh and offset == high_watermark:
            self.cuts[node] = (*self.cuts.get(node, ()), Cut(offset, copy.until(copy.end)))
        self.ends_at(node, offset)

    def ends_at(self, node: NodeId, end: int) -> None:
        """A log ends at `end` now: what had parted beyond is gone."""
        start, until = self.parted.get(node, (end, end))
        if start < end:
            self.parted[node] = start, min(until, end)
        else:
            self.parted.pop(node, None)

    def copied(self, node: NodeId, copy: Lineage) -> None:
        """A follower has copied more: what it has again was not lost by it."""
        self.fresh.pop(node, None)
        self.ragged.pop(node, None)
        if node in self.cuts:
            kept = [Cut(max(one.offset, copy.shared(one.was)), one.was) for one in self.cuts[node]]
            self.cuts[node] = tuple([one for one in kept if one.offset < one.was.end])
            if not self.cuts[node]:
                del self.cuts[node]

    def forget(self, node: NodeId) -> None:
        """The replica is deleted."""
        for kept in (self.fresh, self.cuts, self.parted, self.ragged):
            kept.pop(node, None)

    def explain(self, node: NodeId, copy: Lineage, committed: Lineage, end: int) -> bool:
        """Whether all that `copy` lacks of `committed` below `end` was held by its replica and cut by the rule, or
        stands where its log has parted.
        """
        gone = [(one.offset, one.was.shared(committed)) for one in self.cuts.get(node, ())]
        if node in self.parted:
            gone.append(self.parted[node])
        reach = copy.shared(committed)
        for start, until in sorted(gone):
            if start <= reach:
                reach = max(reach, until)
        return reach >= end

    def may_part(self, node: NodeId, leader: Lineage, base_offset: int, high_watermark: int, rule: str) -> bool:
        """Whether the rule lets a follower go on at `base_offset` without a look at what is below."""
        if rule == HIGH_WATERMARK:
            return base_offset <= high_watermark
        return rule == LAST_EPOCH and node in self.fresh and base_offset <= leader.end_for(self.fresh[node])

    def say(self, text: str, rule: str) -> None:
        """An excuse was needed."""
        self.said.append(f"{text}, as Kafka did before {ENDED_BY[rule]}")
