"""Invariants of the consumer protocol: epochs, targets, who may have a partition, who may commit (KIP-848)."""

from dataclasses import dataclass, field

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.invariants.groups import GroupLog
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

Partitions = tuple[TopicPartition, ...]


@dataclass(slots=True)
class Known:
    """A group as its coordinators have told it. `granted`: of each member its client, epoch and partitions, those not
    given up yet included. `held`: what each client says it owns, for as long as its member is in the group.
    """

    granted: dict[str, tuple[str, int, Partitions]] = field(default_factory=dict[str, tuple[str, int, Partitions]])
    held: dict[str, Partitions] = field(default_factory=dict[str, Partitions])

    def forget(self, member_id: str) -> None:
        """A member is out: what its process may still believe is of no account."""
        client_id = self.granted.pop(member_id, ("", 0, ()))[0]
        if all(client != client_id for client, _, _ in self.granted.values()):
            self.held.pop(client_id, None)

    def others(self, member_id: str, client_id: str) -> dict[TopicPartition, str]:
        """Partitions that somebody else was given, or owns, and who that is."""
        found = {
            one: member for member, (_, _, mine) in self.granted.items() if member != member_id for one in mine
        }  # fmt: skip
        return found | {one: client for client, mine in self.held.items() if client != client_id for one in mine}


class OneOwnerAtATime(GroupLog):
    """A coordinator gives a partition only when whoever had it has given it up or is out of the group; and a client
    takes only what it was given. A coordinator that was replaced, and does not know yet, is not believed.
    """

    claim = "a partition is given up before it is given on"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.groups: dict[str, Known] = {}

    @hears(facts.ConsumerGroupLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.ConsumerGroupLoaded) -> None:
        if self.replaced(fact.group_id, node):
            return
        known = self.groups.setdefault(fact.group_id, Known())
        for member_id in list(known.granted):
            if member_id not in fact.members:
                known.forget(member_id)
        known.granted = dict(fact.members)
        if self.forgotten(fact.group_id):
            known.held = {}

    @hears(facts.MemberReconciled)
    def _reconciled(self, world: World, node: NodeId, fact: facts.MemberReconciled) -> None:
        if self.replaced(fact.group_id, node):
            return
        known = self.groups.setdefault(fact.group_id, Known())
        mine = (*fact.assigned, *fact.pending_revocation)
        if fact.member_id not in known.granted:
            known.held.pop(fact.client_id, None)  # a new process of that name
        others = known.others(fact.member_id, fact.client_id)
        for partition in mine:
            self.require(
                partition not in others or self.forgotten(fact.group_id),
                fact.group_id, "gives", partition, "to", fact.client_id, "while it is with", others.get(partition),
            )  # fmt: skip
        known.granted[fact.member_id] = fact.client_id, fact.member_epoch, mine

    @hears(facts.MemberRemoved)
    def _removed(self, world: World, node: NodeId, fact: facts.MemberRemoved) -> None:
        if fact.group_id in self.groups and not self.replaced(fact.group_id, node):
            self.groups[fact.group_id].forget(fact.member_id)

    @hears(facts.GroupConverted)
    def _converted(self, world: World, node: NodeId, fact: facts.GroupConverted) -> None:
        """What classic members hold is not known; what each of them is given as a consumer group's is told next."""
        self.groups.pop(fact.group_id, None)

    @hears(facts.PartitionsAssigned)
    def _taken(self, world: World, node: NodeId, fact: facts.PartitionsAssigned) -> None:
        known = self.groups.get(fact.group_id)
        if known is None:
            return
        mine = [one for client, _, one in known.granted.values() if client == fact.member]
        if mine:
            known.held[fact.member] = fact.owned
            given = dict.fromkeys(one for many in mine for one in many)
            self.require(
                all(one in given for one in fact.added) or self.forgotten(fact.group_id),
                fact.member, "takes", fact.added, "but was given", list(given),
            )  # fmt: skip

    @hears(facts.PartitionsRevoked)
    def _given_up(self, world: World, node: NodeId, fact: facts.PartitionsRevoked) -> None:
        known = self.groups.get(fact.group_id)
        if known is not None and fact.member in known.held:
            known.held[fact.member] = tuple(one for one in known.held[fact.member] if one not in fact.revoked)


class EpochsRise(GroupLog):
    """The group epoch never falls, no member is ahead of it, and an epoch that a member has heard of outlives its
    coordinator. What was told but not replicated may be gone with it: the next one counts from the log.
    """

    claim = "no member epoch is above its group's, and no group epoch falls"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.epochs: dict[str, int] = {}
        self.heard: dict[str, int] = {}

    @hears(facts.ConsumerGroupChanged, facts.ConsumerGroupLoaded)
    def _changed(
        self, world: World, node: NodeId, fact: facts.ConsumerGroupChanged | facts.ConsumerGroupLoaded
    ) -> None:
        if self.replaced(fact.group_id, node):
            return
        known = self.heard if isinstance(fact, facts.ConsumerGroupLoaded) else self.epochs
        before = known.get(fact.group_id, -1)
        self.require(
            fact.group_epoch >= before or self.forgotten(fact.group_id),
            fact.group_id, "is in epoch", fact.group_epoch, "after", before,
        )  # fmt: skip
        self.epochs[fact.group_id] = fact.group_epoch

    @hears(facts.MemberReconciled)
    def _reconciled(self, world: World, node: NodeId, fact: facts.MemberReconciled) -> None:
        self.require(
            fact.member_epoch <= fact.group_epoch,
            fact.member_id, "is in epoch", fact.member_epoch, "of", fact.group_id, "which is in", fact.group_epoch,
        )  # fmt: skip

    @hears(facts.GroupConverted)
    def _converted(self, world: World, node: NodeId, fact: facts.GroupConverted) -> None:
        """With members in it a group goes on counting."""
        before = self.epochs.pop(fact.group_id, -1)
        self.heard.pop(fact.group_id, None)
        if fact.generation_id < 0 or self.replaced(fact.group_id, node):
            return
        if fact.group_type == "consumer":
            self.epochs[fact.group_id] = fact.generation_id
        self.require(
            fact.group_type == "consumer" or fact.generation_id >= before or self.forgotten(fact.group_id),
            fact.group_id, "goes back in generation", fact.generation_id, "after epoch", before,
        )  # fmt: skip

    @hears(facts.PartitionsAssigned)
    def _heard(self, world: World, node: NodeId, fact: facts.PartitionsAssigned) -> None:
        if fact.group_id in self.epochs:
            self.heard[fact.group_id] = max(fact.generation_id, self.heard.get(fact.group_id, -1))


class NewestEpochCommits(GroupLog):
    """Whoever commits is a member, in the epoch its coordinator knows it by."""

    claim = "only a member's newest epoch commits"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.epochs: dict[str, dict[str, int]] = {}

    @hears(facts.ConsumerGroupLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.ConsumerGroupLoaded) -> None:
        if not self.replaced(fact.group_id, node):
            self.epochs[fact.group_id] = {member_id: epoch for member_id, (_, epoch, _) in fact.members.items()}

    @hears(facts.MemberReconciled)
    def _reconciled(self, world: World, node: NodeId, fact: facts.MemberReconciled) -> None:
        if not self.replaced(fact.group_id, node):
            self.epochs.setdefault(fact.group_id, {})[fact.member_id] = fact.member_epoch

    @hears(facts.MemberRemoved)
    def _removed(self, world: World, node: NodeId, fact: facts.MemberRemoved) -> None:
        if not self.replaced(fact.group_id, node):
            self.epochs.get(fact.group_id, {}).pop(fact.member_id, None)

    @hears(facts.CommitTaken)
    def _commits(self, world: World, node: NodeId, fact: facts.CommitTaken) -> None:
        if self.replaced(fact.group_id, node):
            return
        epoch = self.epochs.get(fact.group_id, {}).get(fact.member_id, -1)
        self.require(
            fact.member_epoch == epoch,
            fact.member_id, "of", fact.group_id, "commits in epoch", fact.member_epoch, "but its epoch is", epoch,
        )  # fmt: skip


class MembersKeep(GroupLog):
    """Who goes over has in the other protocol what it has taken in this one. Whoever has not taken yet what it is to
    have in this generation is not asked, nor a process for what the one before it had, which may be out by then. Of a
    topic that was deleted nothing goes over.
    """

    claim = "members keep what they have when their group changes its protocol"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.taken: dict[str, dict[str, tuple[tuple[int, int], Partitions]]] = {}
        """By group and member, in which generation and incarnation it took what it has."""

    @hears(facts.PartitionsAssigned)
    def _taken(self, world: World, node: NodeId, fact: facts.PartitionsAssigned) -> None:
        when = fact.generation_id, _incarnation(world, fact.member)
        self.taken.setdefault(fact.group_id, {})[fact.member] = when, fact.owned

    @hears(facts.PartitionsRevoked)
    def _given_up(self, world: World, node: NodeId, fact: facts.PartitionsRevoked) -> None:
        taken = self.taken.get(fact.group_id, {})
        if fact.member in taken:
            when, owned = taken[fact.member]
            taken[fact.member] = when, tuple(one for one in owned if one not in fact.revoked)

    @hears(facts.OffsetsForgotten)
    def _ended(self, world: World, node: NodeId, fact: facts.OffsetsForgotten) -> None:
        if fact.ended:
            self.taken.pop(fact.group_id, None)

    @hears(facts.GroupConverted)
    def _converted(self, world: World, node: NodeId, fact: facts.GroupConverted) -> None:
        if fact.generation_id < 0:
            self.taken.pop(fact.group_id, None)
        taken = self.taken.get(fact.group_id, {})
        has: dict[str, list[TopicPartition]] = {}
        for client_id, partitions in fact.members.values():
            has.setdefault(client_id, []).extend(partitions)  # a process may have been a member before
        for client_id, mine in has.items():
            when, owned = taken.get(client_id, ((-1, 0), ()))
            other = when != (fact.generation_id, _incarnation(world, client_id)) or self.replaced(fact.group_id, node)
            kept = all(one in mine or self.fates.table[one].retired for one in owned)
            self.require(
                other or kept or self.forgotten(fact.group_id),
                client_id, "of", fact.group_id, "owns", owned, "and goes over with", mine,
            )  # fmt: skip


def _incarnation(world: World, member: str) -> int:
    host = world.hosts.get(member)
    return host.incarnation if host is not None else 0


class TargetComplete(Invariant):
    """Each partition that anybody asks for has one member in the target."""

    claim = "a target gives every partition to one member"

    @hears(facts.TargetAssigned)
    def _assigned(self, world: World, node: NodeId, fact: facts.TargetAssigned) -> None:
        given = sorted(one for mine in fact.target.values() for one in mine)
        self.require(given == sorted(fact.wanted), fact.group_id, "wants", fact.wanted, "and gives", fact.target)
        self.require(
            fact.assignment_epoch == fact.group_epoch,
            fact.group_id, "has a target for", fact.assignment_epoch, "in epoch", fact.group_epoch,
        )  # fmt: skip


ALL: tuple[type[Invariant], ...] = (OneOwnerAtATime, EpochsRise, NewestEpochCommits, MembersKeep, TargetComplete)
