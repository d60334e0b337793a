"""Timeline: the world's past and the way back. Nothing is ever undone; the past is run again.

A branch is a journal of actions and the checkpoints along it. Acting in the past begins a new branch, and
the old one is kept under its name.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lab.env.units import Micros, NodeId
from lab.world.branch import TRUNK, Branch, Told
from lab.world.checkpoint import Checkpoint, cpu_ns, vocabulary_of
from lab.world.garbage import uncollected
from lab.world.world import Moment, Until, World, WorldAction

SHARE = 24
"""One part in so many of the processor time goes into checkpoints: one is due when the rest has gone into handlers
since the last one, which at the same time is what replaying from it will cost.
"""

CHECKPOINT_EVERY_NS = 20_000_000
"""But none is due earlier than this,"""

LONGEST_NS = 300_000_000
"""and none later: in a world so large that a checkpoint takes a tenth of a second, whoever goes back waits for less
than half of one, and running takes a quarter longer.
"""

COSTS = 5

LOOK_EVERY = 64
"""Events between two looks at the processor's clock."""

KEPT, KEPT_BYTES = 1_536, 256_000_000
"""Checkpoints nearer to the end than this are all kept, or fewer if they are large; of those twice as old every second,
and so on.
"""

THIN_EVERY = UNCOMPRESSED = 16

NEAR = 128
"""Whoever goes back is likely to go back a little more: so many events before where he wanted to be, the replay
leaves a checkpoint of its own.
"""

Reader = Callable[[World, Micros], None]


@dataclass(slots=True)
class Sampler:
    """Somebody who reads the world at fixed instants, each instant once a branch."""

    period: Micros
    read: Reader
    cut: Callable[[Micros], None]
    next: Micros


class Timeline:
    """Owns a world and its branches. `script`: what happens by itself, at times that rise, on every branch."""

    def __init__(self, build: Callable[[], World], script: Sequence[tuple[Micros, WorldAction]] = ()) -> None:
        self.build = build
        self.script = tuple(script)
        self.world = build()
        self.branch: Branch = Branch(TRUNK, "", self.world.now, list(script))
        self.branches = [self.branch]
        self.samplers: list[Sampler] = []
        self.greeters: list[Callable[[World], None]] = []
        self.checkpoint_ns = 0
        self.run_ns = 0
        self._due = 0
        self._begun = 0
        self._costs_ns: tuple[int, ...] = ()
        self._near: Checkpoint | None = None
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

    @uncollected()
    def run_until(self, time: Micros, steps: int | None = None, until: Until | None = None) -> int:
        """Run to `time`, applying the journal on the way; or `steps` events, or until `until` says yes."""
        done = 0
        self._begun = cpu_ns()
        try:
            while self.world.now < time or self._pending(time):
                count = self._run_a_little(time, None if steps is None else steps - done, until)
                done += count
                if steps is not None and done >= steps:
                    break
                if until is not None and until(self.world):
                    break
        finally:
            self.run_ns += cpu_ns() - self._begun
            self._begun = 0
            self._note()
        return done

    def _pending(self, time: Micros) -> bool:
        queue = self.world.queue
        return bool(queue) and queue[0][0] <= time

    def _run_a_little(self, time: Micros, steps: int | None, stop: Until | None) -> int:
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
            stop,
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
        at = bisect_right(journal, self.world.now, key=_time_of)
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
        while (following := self._next_entry()) is not None and following[0] == self.world.now + 1:
            self.run_until(following[0])  # an instant has one entry: the script's was there first
        time = self.world.now + 1
        self._take()
        insort(self.branch.journal, (time, action), key=_time_of)
        self._apply(time, action)
        self._note()

    def bring(self, action: WorldAction) -> None:
        """Journal and apply what comes from outside by the thousand: as `do`, but without a checkpoint of its own, and
        never in the past, since what sent it does not live there.
        """
        assert not self.rewound, action
        now = self.world.now
        if any(one.next <= now for one in self.samplers):
            self.run_until(now)
        elif self._pending(now):
            self.world.run_until(now)
        time = now + 1
        self.branch.journal.append((time, action))
        self._apply(time, action)
        self._note()

    def _fork(self) -> None:
        now = self.world.now
        self.branch = self.branch.forked(f"branch {len(self.branches) + 1}", now, self.world.event_number)
        self.branch.journal += [entry for entry in self.script if entry[0] > now]
        self.branches.append(self.branch)
        self._near = None
        self._cut_samples(now)

    def _cut_samples(self, now: Micros) -> None:
        for sampler in self.samplers:
            sampler.cut(now)
            sampler.next = min(sampler.next, _multiple_after(now, sampler.period))

    def switch(self, name: str) -> None:
        """Go on with another branch, at the same instant if it reaches so far."""
        branch = next(one for one in self.branches if one.name == name)
        now = min(self.world.now, branch.latest)
        self._cut_samples(self.shared_until(branch))
        self.branch = branch
        self._near = None
        self._go_back(now, None)
        self._replay(now)

    def shared_until(self, other: Branch) -> Micros:
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
            self._go_back(time, None)
            self._replay(time)
        else:
            self.run_until(time)

    def seek_event(self, number: int) -> None:
        """Be just after the event of that number."""
        checkpoints = self.branch.checkpoints
        at = bisect_right(checkpoints, number, key=lambda one: one.event_number)
        if number < self.world.event_number or (at and checkpoints[at - 1].event_number > self.world.event_number):
            self._go_back(None, number)
            if self.world.event_number < number - NEAR:
                self._run_to_event(number - NEAR)
                self._near = Checkpoint(self.world)
        self._run_to_event(number)

    def _run_to_event(self, number: int) -> None:
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
        count = len(self.world.moments)
        self.run_until(limit, until=lambda world: len(world.moments) > count)
        moments = self.world.moments
        return moments[-1] if len(moments) > count else None

    def previous_moment(self) -> Moment | None:
        """Back to the key moment before."""
        now = self.world.event_number
        known = [one for one in self.branch.moments if one.event_number < now]
        if not known:
            return None
        self.seek_event(known[-1].event_number)
        return known[-1]

    def at(self, time: Micros, branch: Branch | None = None) -> World:
        """A second world at `time` of the known past, this branch's or another's; the live one is untouched."""
        with self._aside(branch or self.branch):
            self.world = self._restored(time, None)
            self._replay(time)
            return self.world

    def at_event(self, number: int) -> World:
        """A second world just after an event that this branch knows."""
        with self._aside(self.branch):
            self.world = self._restored(None, number)
            self._run_to_event(number)
            return self.world

    def carry_on(self, world: World, time: Micros, branch: Branch) -> None:
        """Let a second world of `branch` go on, along its known past."""
        with self._aside(branch):
            self.world = world
            self.run_until(min(time, branch.latest))

    @contextmanager
    def _aside(self, branch: Branch) -> Generator[None]:
        """Nothing that is done meanwhile is to be seen afterwards."""
        kept = self.world, self.samplers, self.branch, self._near
        self.samplers, self.branch = [], branch
        self._near = self._near if branch is kept[2] else None
        try:
            yield
        finally:
            self.world, self.samplers, self.branch, self._near = kept

    def _nearer(self, time: Micros) -> bool:
        """Whether a checkpoint between now and `time` saves running there."""
        checkpoints = self.branch.checkpoints
        at = bisect_right(checkpoints, time, key=lambda one: one.time)
        return at > 0 and checkpoints[at - 1].time > self.world.now

    def _go_back(self, time: Micros | None, event: int | None) -> None:
        world = self._restored(time, event)
        self.world.dissolve()
        self.world = world

    def _restored(self, time: Micros | None, event: int | None) -> World:
        """A world at the last checkpoint not after `time`, or not after the event of that number."""
        checkpoints = self.branch.checkpoints
        if time is not None:
            at = bisect_right(checkpoints, time, key=lambda one: one.time)
        else:
            at = bisect_right(checkpoints, event or 0, key=lambda one: one.event_number)
        unread = min((one.next for one in self.samplers), default=None)
        if unread is not None:  # a sampler that has not been there yet reads the instant itself, not a later one
            at = min(at, bisect_right(checkpoints, unread, key=lambda one: one.time))
        chosen, near = checkpoints[max(0, at - 1)], self._near
        if near is not None and near.event_number > chosen.event_number and (unread is None or near.time <= unread):
            fits = near.time <= time if time is not None else near.event_number <= (event or 0)
            chosen = near if fits else chosen
        world = chosen.restore()
        for greeter in self.greeters:
            greeter(world)
        return world

    def _replay(self, time: Micros) -> None:
        """Run on to `time`. If the events there are known, and a checkpoint costs next to nothing, with one about NEAR
        events before it: in a large world one is made when somebody takes a step back.
        """
        branch, world = self.branch, self.world
        following = bisect_right(branch.checkpoints, world.now, key=lambda one: one.time)
        end, last = branch.latest, branch.latest_event
        if following < len(branch.checkpoints):
            end, last = branch.checkpoints[following].time, branch.checkpoints[following].event_number
        events = last - world.event_number
        if time <= end and events > NEAR and self._costs_ns[-1] < CHECKPOINT_EVERY_NS:
            before = time - NEAR * (end - world.now) // events
            if before > world.now:
                self.run_until(before)
                self._near = Checkpoint(self.world)
        self.run_until(time)

    # --- checkpoints ------------------------------------------------------------------------------

    def _checkpoint_if_due(self) -> None:
        if self.world.event_number <= self.branch.latest_event:
            return
        if self._worked_ns() >= self._due:
            self._take()

    def _worked_ns(self) -> int:
        """Processor time spent in running so far; what a window needs for painting is no reason for a checkpoint."""
        return self.run_ns + (cpu_ns() - self._begun if self._begun else 0)

    def _take(self) -> None:
        checkpoints = self.branch.checkpoints
        if checkpoints and checkpoints[-1].event_number >= self.world.event_number:
            return
        vocabulary_of(self.world)  # the first of a process takes as long as ten checkpoints
        begun = cpu_ns()
        checkpoints.append(Checkpoint(self.world, self.branch.taken))
        if len(checkpoints) > UNCOMPRESSED:
            checkpoints[-UNCOMPRESSED].compress()
        if self.branch.taken % THIN_EVERY == 0:
            self._thin()
        ended = cpu_ns()
        self.checkpoint_ns += ended - begun
        # The least of the last few: one that was interrupted would leave a hole behind it.
        self._costs_ns = (*self._costs_ns[1 - COSTS :], ended - begun)
        gap = max(CHECKPOINT_EVERY_NS, (SHARE - 1) * min(self._costs_ns))
        self._due = self._worked_ns() + min(gap, LONGEST_NS)

    def _thin(self) -> None:
        """Keep all of the last so many, of as many before them every second, of twice as many before those every
        fourth: a whole day stays within reach, and what is long ago takes a little longer.
        """
        branch = self.branch
        size = branch.checkpoints[-UNCOMPRESSED:][0].size_bytes
        kept, newest = min(KEPT, max(1, KEPT_BYTES // size)), branch.taken - 1
        branch.checkpoints = [
            one for one in branch.checkpoints if one.number % (1 << ((newest - one.number) // kept).bit_length()) == 0
        ]

    def _note(self) -> None:
        """Remember how far this branch has been, and its key moments."""
        branch, world = self.branch, self.world
        branch.latest = max(branch.latest, world.now)
        branch.latest_event = max(branch.latest_event, world.event_number)
        known = branch.moments
        total = len(world.moments)
        while len(known) < total:
            known.append(world.moments[len(known)])

    # --- whoever looks and listens from outside ---------------------------------------------------

    def greet(self, greeter: Callable[[World], None]) -> None:
        """Call `greeter` with the world of now and with each that will be restored: who listens from outside is no
        part of a world's state, and has to come to every one of them.
        """
        self.greeters.append(greeter)
        greeter(self.world)

    def part(self, greeter: Callable[[World], None]) -> None:
        """Call `greeter` no more."""
        self.greeters.remove(greeter)

    def keep(self, world: World, node: NodeId, fact: object) -> None:
        """Keep a fact with the branch, unless it is told again because the known past is run again."""
        if world.event_number > self.branch.latest_event:
            self.branch.told.append(Told(world.event_number, world.now, node, fact))

    def sample_every(self, period: Micros, read: Reader, cut: Callable[[Micros], None]) -> None:
        """Call `read` at each multiple of `period`, once a branch; `cut(time)` when what was read after `time`
        belongs to another branch now.
        """
        first = _multiple_after(self.world.now - 1, period)
        self.samplers.append(Sampler(period, read, cut, first))


def _time_of(entry: tuple[Micros, WorldAction]) -> Micros:
    return entry[0]


def _multiple_after(time: Micros, period: Micros) -> Micros:
    return (time // period + 1) * period
