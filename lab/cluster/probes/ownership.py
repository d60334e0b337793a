"""Ownership: who had which partition of a group when, whom a rebalance stopped, and for how long.

Told from the facts kept with a branch, so it knows the whole of it: what was before the instant shown and what will be.
It asks no engine which protocol a group follows. Eager, cooperative and static members differ in what they tell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lab.env import Micros
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.branch import Told
from lab.world.world import Moment

SILENCED = ("crash", "power loss", "freeze")
"""How the text of a fault begins that leaves a member in its group without a sign of life."""
STOPPED = "stop"
"""So does this, of a static member: any other leaves the group when it is stopped."""
BALANCED = ("Stable", "Empty", "Dead")
"""States of a group in which no rebalance is going on."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """A member's time with a partition. `end` None: it has it still. `silent_from`: its process was gone by then."""

    partition: str
    member: str
    generation_id: int
    start: Micros
    end: Micros | None
    event_number: int
    ended: str = ""
    silent_from: Micros | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A stretch in which nobody read a partition that `member` had given up, lost or left alone."""

    partition: str
    member: str
    reason: str
    start: Micros
    end: Micros | None
    event_number: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stretch in which a member that had partitions had none of them, and waited for its new ones."""

    member: str
    start: Micros
    end: Micros | None
    event_number: int


@dataclass(frozen=True, slots=True)
class Rebalance:
    """From the first state that is not stable to the stable one. `generation_id`: the one it led to, -1 while it lasts.

    `stopped`, `unread`: members and partitions, and for how long each.
    """

    start: Micros
    end: Micros | None
    event_number: int
    reason: str
    generation_id: int = -1
    stopped: tuple[tuple[str, Micros], ...] = ()
    unread: tuple[tuple[str, Micros], ...] = ()


@dataclass(frozen=True, slots=True)
class GroupOwnership:
    """One group's history; partitions in order, members in the order in which they came."""

    group: str
    partitions: tuple[str, ...]
    members: tuple[str, ...]
    tenures: tuple[Tenure, ...]
    unread: tuple[Unread, ...]
    stopped: tuple[Stopped, ...]
    rebalances: tuple[Rebalance, ...]


def ownership(told: Iterable[Told], moments: Iterable[Moment], latest: Micros) -> tuple[GroupOwnership, ...]:
    """Every group that the facts tell of, in order of name. What lasts is reckoned up to `latest`."""
    histories: dict[str, _History] = {}
    lines: list[tuple[int, int, Told | Moment]] = [(one.event_number, 1, one) for one in told]
    lines += [(one.event_number, 0, one) for one in moments if one.kind in ("fault", "mended")]
    for _, _, line in sorted(lines, key=lambda line: line[:2]):
        if isinstance(line, Told):
            group = str(getattr(line.fact, "group_id"))  # noqa: B009 - every kept fact is about a group
            histories.setdefault(group, _History(group)).hear(line)
        else:
            for history in histories.values():
                history.notice(line)
    return tuple(histories[name].told(latest) for name in sorted(histories))


@dataclass
class _History:
    """One group, as far as it has been told."""

    group: str
    members: dict[str, None] = field(default_factory=dict[str, None])
    partitions: dict[TopicPartition, None] = field(default_factory=dict[TopicPartition, None])
    tenures: list[Tenure] = field(default_factory=list[Tenure])
    unread: list[Unread] = field(default_factory=list[Unread])
    stopped: list[Stopped] = field(default_factory=list[Stopped])
    rebalances: list[Rebalance] = field(default_factory=list[Rebalance])
    owners: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    gaps: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    waiting: dict[str, int] = field(default_factory=dict[str, int])
    static: dict[str, bool] = field(default_factory=dict[str, bool])
    left: dict[str, None] = field(default_factory=dict[str, None])

    # --- what is told -----------------------------------------------------------------------------

    def hear(self, line: Told) -> None:
        """One fact."""
        match line.fact:
            case facts.PartitionsAssigned() as fact:
                self._assigned(line, fact)
            case facts.PartitionsRevoked() as fact:
                self._revoked(line, fact)
            case facts.GroupStateChanged() as fact:
                self._changed(line, fact.state, fact.generation_id, fact.reason)
            case facts.ConsumerGroupChanged() as fact:
                self._changed(line, fact.state, fact.group_epoch, fact.reason)
            case facts.LeftGroup() | facts.PollFailed() as fact:
                self._gone(line, fact.member)
            case _:
                pass

    def _assigned(self, line: Told, fact: facts.PartitionsAssigned) -> None:
        self.members.setdefault(fact.member)
        self.static[fact.member] = fact.group_instance_id is not None
        self.left.pop(fact.member, None)
        for partition in fact.owned:
            self.partitions.setdefault(partition)
            tenure = self._owner(partition)
            if tenure is not None and tenure.member == fact.member and tenure.silent_from is None:
                continue
            self._end(partition, line.time, "taken")
            self._end_gap(partition, line.time)
            self.owners[partition] = len(self.tenures)
            generation = fact.generation_id
            self.tenures.append(
                Tenure(str(partition), fact.member, generation, line.time, None, line.event_number)
            )  # fmt: skip
        for partition in self._of(fact.member):
            if partition not in fact.owned:
                self._give_up(partition, line, "revoked")
        self._go_on(fact.member, line.time)

    def _revoked(self, line: Told, fact: facts.PartitionsRevoked) -> None:
        for partition in self._of(fact.member):
            if partition in fact.revoked:
                self._give_up(partition, line, "lost" if fact.lost else "revoked")
        if not self._of(fact.member) and fact.member not in self.waiting and fact.member not in self.left:
            self.waiting[fact.member] = len(self.stopped)
            self.stopped.append(Stopped(fact.member, line.time, None, line.event_number))

    def _changed(self, line: Told, state: str, generation_id: int, reason: str) -> None:
        """In the consumer protocol the group epoch stands for the generation."""
        lasting = self.rebalances[-1] if self.rebalances and self.rebalances[-1].end is None else None
        if state not in BALANCED:
            if lasting is None:
                self.rebalances.append(Rebalance(line.time, None, line.event_number, reason))
        elif lasting is not None:
            self.rebalances[-1] = replace(lasting, end=line.time, generation_id=generation_id)

    def _gone(self, line: Told, member: str) -> None:
        """It left by itself: it waits for nothing."""
        self.left.setdefault(member)
        for partition in self._of(member):
            self._give_up(partition, line, "left")
        self._go_on(member, line.time)

    def notice(self, moment: Moment) -> None:
        """A fault or its mending, of a member or of somebody else. Who is started again begins without partitions."""
        member = moment.subject
        how = (*SILENCED, STOPPED) if self.static.get(member) else SILENCED
        silenced = moment.kind == "fault" and moment.text.startswith(how)
        for partition in self._of(member):
            at = self.owners[partition]
            tenure = self.tenures[at]
            if silenced and tenure.silent_from is None:
                self.tenures[at] = replace(tenure, silent_from=moment.time)
                self._begin_gap(partition, member, "silent", moment.time, moment.event_number)
            elif moment.text.startswith("thaw") and tenure.silent_from is not None:
                # Two tenures: what was silent in between stays visible.
                self.tenures[at] = replace(tenure, end=moment.time, ended="silent")
                self._end_gap(partition, moment.time)
                self.owners[partition] = len(self.tenures)
                self.tenures.append(replace(tenure, start=moment.time, silent_from=None))
        if silenced:
            self._go_on(member, moment.time)

    # --- opening and closing ----------------------------------------------------------------------

    def _owner(self, partition: TopicPartition) -> Tenure | None:
        at = self.owners.get(partition)
        return self.tenures[at] if at is not None else None

    def _of(self, member: str) -> list[TopicPartition]:
        return [partition for partition, at in self.owners.items() if self.tenures[at].member == member]

    def _end(self, partition: TopicPartition, time: Micros, how: str) -> None:
        at = self.owners.pop(partition, None)
        if at is not None:
            self.tenures[at] = replace(self.tenures[at], end=time, ended=how)

    def _give_up(self, partition: TopicPartition, line: Told, how: str) -> None:
        tenure = self.tenures[self.owners[partition]]
        self._end(partition, line.time, how)
        self._begin_gap(partition, tenure.member, how, line.time, line.event_number)

    def _begin_gap(self, partition: TopicPartition, member: str, how: str, time: Micros, event_number: int) -> None:
        if partition not in self.gaps:
            self.gaps[partition] = len(self.unread)
            self.unread.append(Unread(str(partition), member, how, time, None, event_number))

    def _end_gap(self, partition: TopicPartition, time: Micros) -> None:
        at = self.gaps.pop(partition, None)
        if at is not None:
            self.unread[at] = replace(self.unread[at], end=time)

    def _go_on(self, member: str, time: Micros) -> None:
        at = self.waiting.pop(member, None)
        if at is not None:
            self.stopped[at] = replace(self.stopped[at], end=time)

    # --- the whole --------------------------------------------------------------------------------

    def told(self, latest: Micros) -> GroupOwnership:
        """As a view."""
        partitions = sorted(self.partitions, key=lambda one: (one.topic, one.partition))
        return GroupOwnership(
            self.group, tuple(str(one) for one in partitions), tuple(self.members), tuple(self.tenures),
            tuple(self.unread), tuple(self.stopped),
            tuple(self._reckoned(place, latest) for place in range(len(self.rebalances))),
        )  # fmt: skip

    def _reckoned(self, place: int, latest: Micros) -> Rebalance:
        """A rebalance with what it stopped: all that began between its own beginning and that of the next."""
        one = self.rebalances[place]
        until = self.rebalances[place + 1].start if place + 1 < len(self.rebalances) else latest + 1
        stopped = _lengths(((each.member, each.start, each.end) for each in self.stopped), one.start, until, latest)
        unread = _lengths(
            ((each.partition, each.start, each.end) for each in self.unread if each.reason != "silent"),
            one.start, until, latest,
        )  # fmt: skip
        return replace(one, stopped=stopped, unread=unread)


def _lengths(
    stretches: Iterable[tuple[str, Micros, Micros | None]], start: Micros, until: Micros, latest: Micros
) -> tuple[tuple[str, Micros], ...]:
    found: dict[str, Micros] = {}
    for name, begun, ended in stretches:
        if start <= begun < until:
            found[name] = found.get(name, 0) + (latest if ended is None else ended) - begun
    return tuple(found.items())


# --- in words -------------------------------------------------------------------------------------


def duration_text(micros: Micros) -> str:
    """`2.1 s`, `4.2 ms`: as exact as one would say it."""
    if micros >= 10_000_000:
        return f"{micros / 1_000_000:.0f} s"
    if micros >= 1_000_000:
        return f"{micros / 1_000_000:.1f} s"
    return f"{micros / 1_000:.1f} ms" if micros < 100_000 else f"{micros / 1_000:.0f} ms"


def rebalance_words(one: Rebalance) -> tuple[str, ...]:
    """What happened and what it cost, a sentence a line."""
    lines = [one.reason]
    for what, lengths in (("stopped", one.stopped), ("unread", one.unread)):
        if lengths:
            most = max(length for _, length in lengths)
            names = [name for name, _ in lengths]
            said = ", ".join(names) if what == "stopped" else partitions_text(names)
            lines.append(f"{what} for {duration_text(most)}: {said}")
    if not one.stopped:
        lines.append("nobody was stopped")
    return tuple(lines)


def partitions_text(names: Sequence[str]) -> str:
    """`orders 0, 1, 4`: each topic once, with its partitions."""
    topics: dict[str, list[int]] = {}
    for name in names:
        topic, _, number = name.rpartition("-")
        topics.setdefault(topic, []).append(int(number))
    return "; ".join(f"{topic} {', '.join(str(one) for one in sorted(found))}" for topic, found in topics.items())
