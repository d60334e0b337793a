"""Invariants of groups: what members read, who owns what, and what a commit promises."""

from bisect import bisect_left

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.births import plain_birth
from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.moments.moments import broker_name
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.protocol.topics import TopicPartition, java_hash
from lab.world.world import World

JUMPS = ("earliest", "latest", "seek", "out of range", "truncated")
"""Reasons of a PositionReset by which records are left out, or read again, by intention."""


class ReadsCommitted(Invariant):
    """poll() returns committed records only, and those that the log holds."""

    claim = "a consumer sees exactly the committed records"

    @hears(facts.RecordsPolled)
    def _polled(self, world: World, node: NodeId, fact: facts.RecordsPolled) -> None:
        fate = self.fates.table[fact.partition]
        offsets = fact.offsets
        if not offsets or fate.retired:
            return
        first, last = offsets[0], offsets[-1]
        self.checked += 1
        if last >= fate.highest:
            raise self.violated(
                f"{fact.member} reads {fact.partition} at {last} but no leader committed beyond {fate.highest}"
            )
        truth = self.ledger.partition(fact.partition)
        for offset, birth in {first: fact.births[0], last: fact.births[-1]}.items():
            stored = truth.birth_at(offset) if offset < truth.log_end_offset else "nothing"
            self.checked += 1
            if (stored or "") != plain_birth(birth) and not fate.excused(offset):
                raise self.violated(f"{fact.member} reads {birth} from {fact.partition} at {offset} where {stored} is")


class ReadsInOrder(Invariant):
    """Within an assignment a member reads on where it stopped, unless its position was reset."""

    claim = "a member reads its own partitions without gaps or returns"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.positions: dict[NodeId, dict[TopicPartition, int]] = {}
        self.hidden: dict[tuple[NodeId, TopicPartition], IntervalSet] = {}

    @hears(facts.PartitionsAssigned)
    def _assigned(self, world: World, node: NodeId, fact: facts.PartitionsAssigned) -> None:
        before = self.positions.get(fact.member, {})
        for one in fact.added:
            self.hidden.pop((fact.member, one), None)
        self.positions[fact.member] = {one: -1 if one in fact.added else before.get(one, -1) for one in fact.owned}

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        owned = self.positions.get(fact.member)
        if owned is not None and fact.partition in owned:
            # "out of range" tells where it was; where it goes on is told by what follows.
            owned[fact.partition] = -1 if fact.reason == "out of range" else fact.offset
            # What comes after it is read anew; where a log was cut, something else stands there by now.
            self.hidden.pop((fact.member, fact.partition), None)

    @hears(facts.OffsetsHidden)
    def _hidden(self, world: World, node: NodeId, fact: facts.OffsetsHidden) -> None:
        hidden = self.hidden.setdefault((fact.member, fact.partition), IntervalSet())
        for start, end in fact.ranges:
            hidden.add(start, end)

    def _seen(self, member: NodeId, partition: TopicPartition, start: int, end: int) -> int:
        """How many of these offsets an application may see."""
        hidden = self.hidden.get((member, partition))
        return end - start - (hidden.count(start, end) if hidden is not None else 0)

    @hears(facts.RecordsPolled)
    def _polled(self, world: World, node: NodeId, fact: facts.RecordsPolled) -> None:
        if not fact.offsets:
            return
        owned = self.positions.get(fact.member, {})
        name = fact.partition
        position = owned.get(name, -2)
        self.checked += 1
        if position == -2:
            raise self.violated(f"{fact.member} reads {name} which it does not own")
        fate = self.fates.table[name]
        first, last = fact.offsets[0], fact.offsets[-1]
        dense = first == position and last - first + 1 == len(fact.offsets)
        if not dense and position <= first:
            # The cleaner may have made holes, but only so far; behind that, what is hidden is all that may be missing.
            sound = max(position, min(fate.compacted, last + 1))
            behind = len(fact.offsets) - bisect_left(fact.offsets, sound)
            dense = self._seen(fact.member, name, sound, last + 1) == behind
        self.checked += 1
        if position >= 0 and not dense and not fate.retired:
            raise self.violated(f"{fact.member} was at {position} of {name} and reads {first} to {last}")
        owned[name] = last + 1
        if (fact.member, name) in self.hidden:
            self.hidden[fact.member, name].remove(0, last + 1)


class GroupLog(Invariant):
    """Base of what is claimed of groups: which partition keeps a group, and what became of that."""

    def kept_in(self, group_id: str) -> TopicPartition:
        """The partition of `__consumer_offsets` that keeps a group."""
        count = max(1, self.fates.partitions.get(OFFSETS_TOPIC, 0))
        return TopicPartition(OFFSETS_TOPIC, abs(java_hash(group_id)) % count)

    def forgotten(self, group_id: str) -> bool:
        """Whether the log that keeps the group has lost records legally, its generations among them."""
        fate = self.fates.table[self.kept_in(group_id)]
        return fate.lost_until > 0 or fate.doomed_below > fate.leader_epoch or fate.retired

    def replaced(self, group_id: str, node: NodeId) -> bool:
        """Whether another leads the group's log by now, though this coordinator may not know yet."""
        return self.fates.table[self.kept_in(group_id)].leader not in ("", node)


class OneOwner(GroupLog):
    """In one generation a partition has one owner; two processes with one instance id are one member. A group that
    lost its log may count to the same number again.
    """

    claim = "one owner a partition, group and generation"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.owners: dict[str, tuple[int, dict[TopicPartition, str]]] = {}

    @hears(facts.GroupConverted)
    def _converted(self, world: World, node: NodeId, fact: facts.GroupConverted) -> None:
        if fact.generation_id < 0:
            self.owners.pop(fact.group_id, None)

    @hears(facts.PartitionsAssigned)
    def _assigned(self, world: World, node: NodeId, fact: facts.PartitionsAssigned) -> None:
        generation, owners = self.owners.get(fact.group_id, (-1, {}))
        if fact.generation_id < generation:
            return  # a member that hears late of a generation that is over
        if fact.generation_id > generation:
            owners = {}
            self.owners[fact.group_id] = fact.generation_id, owners
        for partition in fact.owned:
            member = fact.group_instance_id or fact.member
            owner = owners.setdefault(partition, member)
            self.require(
                owner == member or self.forgotten(fact.group_id),
                fact.group_id, "generation", fact.generation_id, partition, "belongs to", owner,
                "and to", fact.member,
            )  # fmt: skip


class CommitsHold(GroupLog):
    """A member's commit names records that exist and comes from the group's newest generation; whoever's it is, it
    outlives its coordinator until it expires. A coordinator that was replaced may still tell of what its followers had
    fetched before: that is older than all its successor tells, and held against its own generations.
    """

    claim = "an acknowledged commit holds"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.generations: dict[str, int] = {}
        self.epochs: dict[str, int] = {}
        self.told: dict[tuple[NodeId, str], int] = {}
        self.offsets: dict[str, dict[TopicPartition, int]] = {}
        self.sought: dict[tuple[str, TopicPartition], int] = {}
        self.real: dict[str, None] = {}

    @hears(facts.ProgramCommits)
    def _real(self, world: World, node: NodeId, fact: facts.ProgramCommits) -> None:
        """A real client may commit any offset, and a broker takes it, as in Kafka."""
        self.real[fact.group_id] = None

    @hears(facts.GroupStateChanged)
    def _stable(self, world: World, node: NodeId, fact: facts.GroupStateChanged) -> None:
        if fact.state != "Stable":
            return  # other states are one coordinator's own; this one is in the log
        late = self.replaced(fact.group_id, node)
        before = self.told.get((node, fact.group_id), -1) if late else self.generations.get(fact.group_id, -1)
        self.require(
            fact.generation_id > before or self.forgotten(fact.group_id),
            fact.group_id, "is stable in generation", fact.generation_id, "after", before,
        )  # fmt: skip
        epoch = self.epochs.pop(fact.group_id, -1)
        self.require(
            fact.generation_id > epoch or self.forgotten(fact.group_id),
            fact.group_id, "is stable in generation", fact.generation_id, "and came back from epoch", epoch,
        )  # fmt: skip
        self.told[node, fact.group_id] = fact.generation_id
        if not late:
            self.generations[fact.group_id] = fact.generation_id

    @hears(facts.OffsetsCommitted)
    def _committed(self, world: World, node: NodeId, fact: facts.OffsetsCommitted) -> None:
        group = fact.group_id
        late = self.replaced(group, node)
        generation = self.told.get((node, group), -1) if late else self.generations.get(group, -1)
        self.require(
            fact.generation_id < 0 or fact.generation_id >= generation or self.forgotten(group),
            fact.member_id, "commits in generation", fact.generation_id, "of", group, "which is in", generation,
        )  # fmt: skip
        offsets = self.offsets.setdefault(group, {})
        for partition, offset in fact.offsets.items():
            fate = self.fates.table[partition]
            self.require(
                offset <= max(fate.highest, self.sought.get((group, partition), 0))
                or fate.retired or fact.generation_id < 0 or group in self.real,
                group, "commits", f"{partition}@{offset}", "but no leader committed beyond", fate.highest,
            )  # fmt: skip
            if not late:
                offsets[partition] = offset

    @hears(facts.GroupConverted)
    def _converted(self, world: World, node: NodeId, fact: facts.GroupConverted) -> None:
        """With members in it a group goes on counting; what it is in as a consumer group is told otherwise."""
        newest = self.generations.pop(fact.group_id, -1)
        self.told.pop((node, fact.group_id), None)
        self.epochs.pop(fact.group_id, None)
        if fact.generation_id < 0 or self.replaced(fact.group_id, node):
            return
        self.require(
            fact.generation_id >= newest or self.forgotten(fact.group_id),
            fact.group_id, "goes over in generation", fact.generation_id, "and was in", newest,
        )  # fmt: skip
        if fact.group_type == "classic":
            self.epochs[fact.group_id] = fact.generation_id

    @hears(facts.OffsetsForgotten)
    def _expired(self, world: World, node: NodeId, fact: facts.OffsetsForgotten) -> None:
        for partition in fact.partitions:
            self.offsets.get(fact.group_id, {}).pop(partition, None)
        if fact.ended:
            self.generations.pop(fact.group_id, None)
            self.told.pop((node, fact.group_id), None)

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        """Who goes back by intention may commit less than before: nothing is known until the next commit. And where
        an application seeks to may be anywhere; that is its position, and is committed as such.
        """
        if fact.reason == "seek":
            self.sought[fact.group_id, fact.partition] = fact.offset
        offsets = self.offsets.get(fact.group_id)
        if offsets is not None and fact.reason in JUMPS:
            offsets.pop(fact.partition, None)

    @hears(facts.GroupsLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.GroupsLoaded) -> None:
        for group, (generation, _) in fact.groups.items():
            self.told[node, group] = generation
            self.epochs.pop(group, None)  # whether it has come back at all is in the log, or is not
        fate = self.fates.table[fact.partition]
        if fate.elected_epoch != fate.leader_epoch or node != fate.leader or not fate.elections:
            return  # a coordinator that does not know yet it was replaced
        if node != broker_name(fate.elections[fate.elected_epoch].leader_id):
            return
        for group, committed in self.offsets.items():
            if self.kept_in(group) == fact.partition and not self.forgotten(group):
                self._compare(group, committed, *fact.groups.get(group, (-1, {})))

    def _compare(
        self, group: str, committed: dict[TopicPartition, int], generation: int,
        loaded: dict[TopicPartition, int],
    ) -> None:  # fmt: skip
        newest = self.generations.get(group, -1)
        self.require(generation >= newest, group, "is loaded in generation", generation, "and was in", newest)
        for partition, offset in committed.items():
            found = loaded.get(partition, -1)
            self.require(
                found >= offset or self.fates.table[partition].retired,
                group, "had committed", f"{partition}@{offset}", "and its new coordinator knows", found,
            )  # fmt: skip


class NothingSkipped(Invariant):
    """What lies between two commits of members was read by some member; every jump is told. A real client tells
    nothing of what it reads.
    """

    claim = "a group commits only what it has read"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.floors: dict[tuple[str, TopicPartition], int] = {}
        self.known: dict[tuple[str, TopicPartition], int] = {}
        self.real: dict[str, None] = {}

    @hears(facts.ProgramCommits)
    def _real(self, world: World, node: NodeId, fact: facts.ProgramCommits) -> None:
        self.real[fact.group_id] = None

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        key = fact.group_id, fact.partition
        if fact.reason in JUMPS or key not in self.floors:
            self.floors[key] = fact.offset

    @hears(facts.OffsetsCommitted)
    def _committed(self, world: World, node: NodeId, fact: facts.OffsetsCommitted) -> None:
        for partition, offset in fact.offsets.items():
            key = fact.group_id, partition
            if fact.generation_id < 0 or fact.group_id in self.real:
                self.floors[key] = self.known[key] = offset
                continue
            start = max(self.floors.get(key, 0), self.known.get(key, 0))
            self.known[key] = offset
            fate = self.fates.table[partition]
            if offset <= start or start < fate.compacted or fate.retired:
                continue
            read = self.ledger.group(fact.group_id).progress(partition).fetched
            self.require(
                read.count(start, offset) == offset - start,
                fact.group_id, "commits", f"{partition}@{offset}", "after", start,
                "without reading", read.gaps(start, offset)[:3],
            )  # fmt: skip


ALL: tuple[type[Invariant], ...] = (
    ReadsCommitted,
    ReadsInOrder,
    OneOwner,
    CommitsHold,
    NothingSkipped,
)
