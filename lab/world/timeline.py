"""Timeline: the world's past and the way back. Nothing is ever undone; the past is run again.

A branch is a journal of actions and the checkpoints along it. Acting in the past begins a new branch, and
the old one is kept under its name.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.env.units import Micros
from lab.world.checkpoint import Checkpoint, cpu_ns
from lab.world.world import Moment, World, WorldAction

CHECKPOINT_EVERY_NS = 20_000_000
"""A checkpoint is due when this much processor time went into handlers since the last one."""

LOOK_EVERY = 256
"""Events between two looks at the processor's clock."""

KEPT = 512
"""Checkpoints nearer to the end than this are all kept; older ones are thinned, by halves."""

UNCOMPRESSED = 64

Reader = Callable[[World, Micros], None]


TRUNK = "main"
"""The first branch, which has no parent."""


@dataclass(slots=True)
class Branch:
    """One line of history. `journal` holds all of it from time zero, the parent's part included."""

    name: str
    parent: str
    fork_time: Micros
    journal: list[tuple[Micros, WorldAction]] = field(default_factory=list[tuple[Micros, WorldAction]])
    checkpoints: list[Checkpoint] = field(default_factory=list[Checkpoint])
    moments: list[Moment] = field(default_factory=list[Moment])
    latest: Micros = 0
    latest_event: int = 0
    taken: int = 0


@dataclass(slots=True)
class Sampler:
    """Somebody who reads the world at fixed instants, each instant once a branch."""

    period: Micros
    read: Reader
    cut: Callable[[Micros], None]
    next: Micros


class Timeline:
    """Owns a world and its branches."""

    def __init__(self, build: Callable[[], World]) -> None:
        self.build = build
        self.world = build()
        self.branch = Branch(TRUNK, "", self.world.now)
        self.branches = [self.branch]
        self.samplers: list[Sampler] = []
        self.checkpoint_ns = 0
        self.run_ns = 0
        self._due = 0
        self._take()
        self._note()

    # --- where we are -----------------------------------------------------------------------------

    @property
    def latest(self) -> Micros:
        """The newest instant this branch has reached."""
        return self.branch.latest

    @property
    def rewound(self) -> bool:
        """Whether there is a future already known on this branch."""
        return self.world.event_number < self.branch.latest_event or self.world.now < self.branch.latest

    # --- forward ----------------------------------------------------------------------------------

    def run_until(self, time: Micros, steps: int | None = None, *, stop_at_moment: bool = False) -> int:
        """Run to `time`, applying the journal on the way; or `steps` events, or to the next key moment."""
        done = 0
        begun = cpu_ns()
        try:
            while self.world.now < time or self._pending(time):
                count = self._run_a_little(time, None if steps is None else steps - done, stop_at_moment)
                done += count
                if steps is not None and done >= steps:
                    break
                if stop_at_moment and self._at_moment():
                    break
        finally:
            self.run_ns += cpu_ns() - begun
            self._note()
        return done

    def _pending(self, time: Micros) -> bool:
        queue = self.world.queue
        return bool(queue) and queue[0][0] <= time

    def _at_moment(self) -> bool:
        moments = self.world.moments
        return bool(moments) and moments[-1].event_number == self.world.event_number

    def _run_a_little(self, time: Micros, steps: int | None, stop_at_moment: bool) -> int:
        """One stretch without a journal entry, a sample or a checkpoint inside."""
        world = self.world
        entry = self._next_entry()
        sampler = min(self.samplers, key=lambda one: one.next, default=None)
        until = time
        if entry is not None and entry[0] - 1 < until:
            until = entry[0] - 1
        if sampler is not None and sampler.next < until:
            until = max(sampler.next, world.now)
        count = world.run_until(
            until,
            LOOK_EVERY if steps is None else min(steps, LOOK_EVERY),
            stop_at_moment=stop_at_moment,
        )
        if world.now >= until and not self._pending(until):
            if sampler is not None and sampler.next <= world.now:
                sampler.read(world, sampler.next)
                sampler.next += sampler.period
            elif entry is not None and entry[0] <= time and entry[0] - 1 <= world.now:
                self._apply(*entry)
                count += 1
        if count:
            self._checkpoint_if_due()
        return count

    def _next_entry(self) -> tuple[Micros, WorldAction] | None:
        """The next journal entry that has not been applied in this world yet."""
        journal = self.branch.journal
        at = bisect_right(journal, self.world.now, key=lambda entry: entry[0])
        return journal[at] if at < len(journal) else None

    def _apply(self, time: Micros, action: WorldAction) -> None:
        self.world.now = time
        self.world.apply(action)

    # --- acting -----------------------------------------------------------------------------------

    def do(self, action: WorldAction) -> None:
        """Journal and apply an action, one microsecond from now, after everything up to now has happened.
        In the past this begins a branch.
        """
        if self.rewound:
            self._fork()
        self.run_until(self.world.now)
        time = self.world.now + 1
        self._take()
        self.branch.journal.append((time, action))
        self._apply(time, action)
        self._note()

    def _fork(self) -> None:
        old, now, event = self.branch, self.world.now, self.world.event_number
        self.branch = Branch(
            name=f"branch {len(self.branches) + 1}",
            parent=old.name,
            fork_time=now,
            journal=[entry for entry in old.journal if entry[0] <= now],
            checkpoints=[one for one in old.checkpoints if one.event_number <= event and one.time <= now],
            moments=[one for one in old.moments if one.event_number <= event],
            latest=now,
            latest_event=event,
        )
        self.branches.append(self.branch)
        self._cut_samples(now)

    def _cut_samples(self, now: Micros) -> None:
        for sampler in self.samplers:
            sampler.cut(now)
            sampler.next = min(sampler.next, _multiple_after(now, sampler.period))

    def switch(self, name: str) -> None:
        """Go on with another branch, at the same instant if it reaches so far."""
        branch = next(one for one in self.branches if one.name == name)
        now = min(self.world.now, branch.latest)
        self._cut_samples(self._shared_until(branch))
        self.branch = branch
        self._restore_before(now, None)
        self._replay(now)

    def _shared_until(self, other: Branch) -> Micros:
        """Up to when another branch's past is this one's."""
        mine, theirs = self._lineage(self.branch), self._lineage(other)
        common = next(name for name in mine if name in theirs)
        return min(mine[common], theirs[common])

    def _lineage(self, branch: Branch) -> dict[str, Micros]:
        """A branch and those it grew from, nearest first, and up to when each of them is its past."""
        until = branch.latest
        found = {branch.name: until}
        while branch.parent:
            until = min(until, branch.fork_time)
            branch = next(one for one in self.branches if one.name == branch.parent)
            found[branch.name] = until
        return found

    # --- going anywhere ---------------------------------------------------------------------------

    def seek(self, time: Micros) -> None:
        """Be at `time`, past or future."""
        if time < self.world.now or self._nearer(time):
            self._restore_before(time, None)
        self._replay(time)

    def seek_event(self, number: int) -> None:
        """Be just after the event of that number."""
        if number < self.world.event_number:
            self._restore_before(None, number)
        while self.world.event_number < number:
            known = number <= self.branch.latest_event
            horizon = self.branch.latest if known else self._horizon()
            if horizon is None:
                break
            self.run_until(horizon, number - self.world.event_number)

    def _horizon(self) -> Micros | None:
        """The instant of whatever is next; None if nothing is to happen at all."""
        queue = self.world.queue
        entry = self._next_entry()
        times = ([queue[0][0]] if queue else []) + ([entry[0]] if entry is not None else [])
        return max(min(times), self.world.now) if times else None

    def step_event(self) -> None:
        """One event forward."""
        self.seek_event(self.world.event_number + 1)

    def step_back(self) -> None:
        """One event back."""
        first = self.branch.checkpoints[0].event_number
        self.seek_event(max(first, self.world.event_number - 1))

    def next_moment(self, limit: Micros) -> Moment | None:
        """On to the next key moment, at most until `limit`."""
        now = self.world.event_number
        known = next((one for one in self.branch.moments if one.event_number > now), None)
        if known is not None:
            self.seek_event(known.event_number)
            return known
        self.run_until(limit, stop_at_moment=True)
        moments = self.world.moments
        found = moments and moments[-1].event_number > now
        return moments[-1] if found else None

    def previous_moment(self) -> Moment | None:
        """Back to the key moment before."""
        now = self.world.event_number
        known = [one for one in self.branch.moments if one.event_number < now]
        if not known:
            return None
        self.seek_event(known[-1].event_number)
        return known[-1]

    def at(self, time: Micros) -> World:
        """A second world at `time` of this branch's known past; the live one is untouched."""
        live, samplers = self.world, self.samplers
        self.samplers = []
        try:
            self._restore_before(time, None)
            self._replay(time)
            return self.world
        finally:
            self.world, self.samplers = live, samplers

    def _nearer(self, time: Micros) -> bool:
        """Whether a checkpoint between now and `time` saves running there."""
        return any(self.world.now < one.time <= time for one in self.branch.checkpoints)

    def _restore_before(self, time: Micros | None, event: int | None) -> None:
        checkpoints = self.branch.checkpoints
        if time is not None:
            at = bisect_right(checkpoints, time, key=lambda one: one.time)
        else:
            at = bisect_right(checkpoints, event or 0, key=lambda one: one.event_number)
        if self.samplers:  # a sampler that has not been there yet reads the instant itself, not a later one
            unread = min(one.next for one in self.samplers)
            at = min(at, bisect_right(checkpoints, unread, key=lambda one: one.time))
        self.world = checkpoints[max(0, at - 1)].restore()

    def _replay(self, time: Micros) -> None:
        self.run_until(time)

    # --- checkpoints ------------------------------------------------------------------------------

    def _checkpoint_if_due(self) -> None:
        if self.world.event_number <= self.branch.latest_event:
            return
        if cpu_ns() >= self._due:
            self._take()

    def _take(self) -> None:
        checkpoints = self.branch.checkpoints
        if checkpoints and checkpoints[-1].event_number >= self.world.event_number:
            return
        begun = cpu_ns()
        checkpoints.append(Checkpoint(self.world))
        self.branch.taken += 1
        if len(checkpoints) > UNCOMPRESSED:
            checkpoints[-UNCOMPRESSED].compress()
        if self.branch.taken % KEPT == 0 and len(checkpoints) > KEPT:
            self._thin()
        ended = cpu_ns()
        self.checkpoint_ns += ended - begun
        self._due = ended + CHECKPOINT_EVERY_NS

    def _thin(self) -> None:
        """Of the checkpoints older than the last KEPT, drop every second; so the density halves with age."""
        checkpoints = self.branch.checkpoints
        old = checkpoints[:-KEPT]
        self.branch.checkpoints = old[:1] + old[1::2] + checkpoints[-KEPT:]

    def _note(self) -> None:
        """Remember how far this branch has been, and its key moments."""
        branch, world = self.branch, self.world
        branch.latest = max(branch.latest, world.now)
        branch.latest_event = max(branch.latest_event, world.event_number)
        known = branch.moments
        total = len(world.moments)
        while len(known) < total:
            known.append(world.moments[len(known)])

    # --- samples ----------------------------------------------------------------------------------

    def sample_every(self, period: Micros, read: Reader, cut: Callable[[Micros], None]) -> None:
        """Call `read` at each multiple of `period`, once a branch; `cut(time)` when what was read after `time`
        belongs to another branch now.
        """
        first = _multiple_after(self.world.now - 1, period)
        self.samplers.append(Sampler(period, read, cut, first))


def _multiple_after(time: Micros, period: Micros) -> Micros:
    return (time // period + 1) * period
