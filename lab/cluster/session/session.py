"""Session: the one owner of a world. Everybody else looks through `view` and asks through `post`."""

import json
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from lab.cluster.actions import ClusterAction, action_from
from lab.cluster.actions.programs import BringFrame
from lab.cluster.build import build
from lab.cluster.probes.causes import STEPS, CausesView, causes_of_event
from lab.cluster.probes.comparison import ComparisonView
from lab.cluster.probes.history import timeline_view
from lab.cluster.probes.ownership import GroupOwnership, ownership
from lab.cluster.probes.probe import Probe
from lab.cluster.probes.topology import Cluster
from lab.cluster.probes.views import TimelineView
from lab.cluster.refused import Refused, shown, wanted
from lab.cluster.session.beside import Beside
from lab.cluster.session.breakpoints import Breakpoint, Breakpoints, Stop, breakpoints_from
from lab.cluster.session.chronicle import Chronicle
from lab.cluster.session.exchange import ExchangeView, find_exchange
from lab.cluster.session.offers import Field, Offer, offers_for
from lab.cluster.session.past import Past
from lab.cluster.session.recorder import PERIOD, Recorder, Series
from lab.cluster.session.saved import (
    VERSION,
    SavedBranch,
    SavedSession,
    check_branch,
    read_session,
    session_from,
    to_data,
)
from lab.cluster.session.script import Script, Scripted, rising, script_to_data, scripted
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, NodeId, seconds
from lab.kafka.protocol.codec import Buffer
from lab.world.branch import Branch
from lab.world.timeline import Timeline
from lab.world.world import Until, World, WorldStopped

__all__ = ["Field", "Offer", "Session"]

V = TypeVar("V")
SLICE = 64
"""Events between two looks at the clock: fewer when they turn out to take long."""
SLOW_SLICE_NS = 1_000_000
SPEED_MIN, SPEED_MAX = Fraction(1, 1000), Fraction(64)
ATTACHED_MIN, ATTACHED_MAX = Fraction(1, 5), Fraction(5)
"""While real clients are attached, whose clocks go as they go."""


class Outside(Protocol):
    """Real clients, as their session knows them."""

    @property
    def clients(self) -> int:
        """How many are attached."""
        ...

    @property
    def looks_back(self) -> bool:
        """Whether another instant is shown than the one at which they live."""
        ...


class Session:
    """A cluster, its past, and the pace at which it goes on."""

    def __init__(
        self,
        spec: ClusterSpec,
        title: str = "Sandbox",
        scenario: str = "",
        beside: Path | None = None,
        script: Script = (),
    ) -> None:
        """`beside`: the folder in which, besides `assets/data`, data files may lie. Raises Refused."""
        self.spec = spec
        self.title = title
        self.scenario = scenario
        self.script = script
        try:
            self.timeline = Timeline(lambda: build(spec, beside), scripted(script))
        except WorldStopped as stopped:  # our own mistake; there is no world yet in which to look for it
            raise Refused(f"the cluster cannot be set up: {stopped}") from stopped
        self.recorder = Recorder()
        self.timeline.sample_every(PERIOD, self.recorder.read, self.recorder.cut)
        self.chronicle = Chronicle(self.timeline)
        self.breakpoints = Breakpoints(self.timeline)
        self.beside = Beside(self.timeline)
        self.stop: Stop | None = None
        self.playing = False
        self.speed = Fraction(1)
        self.behind = False
        self.revision = 0
        self.violation = ""
        self.lesson: Any = None
        self.saved_lesson: Any = None
        self.outside: Outside | None = None
        self._views: dict[object, object] = {}
        self._owed = Fraction(0)
        self._slice = SLICE

    # --- where we are -----------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """The world as it is now. Only for whoever builds probes and checks."""
        return self.timeline.world

    @property
    def now(self) -> Micros:
        """The instant shown."""
        return self.timeline.world.now

    @property
    def latest(self) -> Micros:
        """The newest instant of this branch."""
        return self.timeline.latest

    @property
    def event_number(self) -> int:
        """How many events have happened so far."""
        return self.timeline.world.event_number

    @property
    def latest_event(self) -> int:
        """How many events this branch knows."""
        return self.timeline.branch.latest_event

    @property
    def branch_name(self) -> str:
        """Which of the kept futures this is."""
        return self.timeline.branch.name

    def view(self, probe: Probe[V]) -> V:
        """The answer to a probe; computed once, however many ask."""
        found = self._views.get(probe)
        if found is None:
            found = self._views[probe] = probe(self.world)
        return cast("V", found)

    def series(self, metric: str, by: str | None = None) -> dict[str, Series]:
        """A metric's samples on this branch."""
        return self.recorder.series(metric, by)

    def ownership(self) -> tuple[GroupOwnership, ...]:
        """Who had which partition when, on all of this branch, group by group."""
        branch = self.timeline.branch
        return ownership(branch.told, branch.moments, branch.latest)

    def causes(self, event_number: int, steps: int = STEPS) -> CausesView:
        """What led to an event of this branch, at most so many steps back."""
        return causes_of_event(Past(self.timeline), event_number, steps)

    def exchange(self, name: str) -> ExchangeView | None:
        """A request of a real client and its answer, field by field; None when it is too long ago."""
        return find_exchange(self.timeline, name)

    def compare(self, branch: str, partition: str) -> ComparisonView:
        """This branch against another of the kept ones, at this instant; `partition`: whose logs are shown."""
        return self.beside.compare(branch, partition)

    def partition_names(self) -> tuple[str, ...]:
        """Those of the topics that people made."""
        return tuple(one.name for one in self.view(Cluster()).partitions)

    def offers(self, kind: str, name: str) -> tuple[Offer, ...]:
        """What can be done to a thing now."""
        return offers_for(self.world, kind, name)

    # --- acting -----------------------------------------------------------------------------------

    def allowed(self, action: ClusterAction) -> str:
        """Why an action cannot be done now; empty if it can."""
        return action.refusal(self.world)

    def post(self, action: ClusterAction) -> None:
        """Do it, one microsecond from now. In the past this begins a branch, but not while real clients live at the end
        of this one. Raises Refused.
        """
        reason = self.allowed(action) or self._past_is_held()
        if reason:
            raise Refused(f"{action.describe()}: {reason}")
        self._move(lambda: self.timeline.do(action))

    def _past_is_held(self) -> str:
        outside = self.outside
        if outside is None or not outside.clients or not outside.looks_back:
            return ""
        count = "a real client is" if outside.clients == 1 else f"{outside.clients} real clients are"
        return f"{count} attached where time goes on: return there, or cut them off with Continue from here"

    def greet(self, greeter: Callable[[World], None]) -> None:
        """Call `greeter` with the world of now and with each that takes its place."""
        self.timeline.greet(greeter)

    def part(self, greeter: Callable[[World], None]) -> None:
        """Call `greeter` no more."""
        self.timeline.part(greeter)

    def bring(self, action: ClusterAction) -> None:
        """Something from a real program: journalled as all actions are, but not held up by breakpoints or lessons."""
        self._move(lambda: self.timeline.bring(action))

    def bring_frame(self, program: NodeId, connection: int, frame: Buffer) -> None:
        """A frame from a real program; the journal keeps bytes of its own."""
        self.bring(BringFrame(program, connection, bytes(frame)))

    # --- time -------------------------------------------------------------------------------------

    def play(self) -> None:
        """Let time go on. Raises Refused while a prediction is open."""
        reason = self.lesson.blocked() if self.lesson is not None else ""
        if reason:
            raise Refused(reason)
        wanted(not self.violation, "the world has stopped", self.violation)
        self.playing = True
        self._owed = Fraction(0)

    def pause(self) -> None:
        """Stop time."""
        self.playing = False
        self.behind = False

    def set_speed(self, numerator: int, denominator: int = 1) -> None:
        """Virtual time by real time, from 1/1000 to 64; from 1/5 to 5 while real clients are attached."""
        attached = self.outside is not None and self.outside.clients
        slowest, fastest = (ATTACHED_MIN, ATTACHED_MAX) if attached else (SPEED_MIN, SPEED_MAX)
        self.speed = min(max(Fraction(numerator, denominator), slowest), fastest)

    def advance(self, real_us: int, budget_us: int) -> None:
        """Go on by so much real time, at most for `budget_us` of work. What cannot be kept up with is dropped."""
        if not self.playing or self.violation:
            return
        self._owed += real_us * self.speed
        step = max(0, int(self._owed))
        self._owed -= step
        target = self.now + step
        self._run_within(target, budget_us)
        self.behind = self.now < target and self.stop is None
        if self.stop is not None:
            self.pause()
        if self.lesson is not None and self.lesson.blocked():
            self.pause()

    def run_ahead(self, lead: Micros, budget_us: int) -> None:
        """Be up to so much before the clock on the wall, for somebody who waits outside; it catches up by itself."""
        before = self.now
        if self.playing and not self.violation:
            self._run_within(before + lead + int(self._owed), budget_us)
            self._owed -= self.now - before

    def _run_within(self, target: Micros, budget_us: int) -> None:
        begun = time.perf_counter_ns()
        deadline = begun + budget_us * 1_000

        def run(until: Until | None) -> None:
            looked = begun
            while self.now < target and self.breakpoints.hit is None and looked < deadline:
                self.timeline.run_until(target, self._slice, until)
                before, looked = looked, time.perf_counter_ns()
                self._slice = (
                    max(1, self._slice // 2) if looked - before > SLOW_SLICE_NS else min(SLICE, self._slice * 2)
                )

        self._run(run)

    def run_for(self, duration: Micros) -> None:
        """Go on by so much virtual time, however long it takes; no further than a breakpoint."""
        self.run_to(self.now + duration)

    def run_to(self, instant: Micros) -> None:
        """Go on to an instant, or to a breakpoint before it."""
        self._run(lambda until: self.timeline.run_until(instant, until=until))

    def step_event(self) -> None:
        """One event."""
        self._move(self.timeline.step_event)

    def step_back(self) -> None:
        """One event back."""
        self._move(self.timeline.step_back)

    def next_moment(self) -> None:
        """On to the next key moment, at most a minute."""
        self._move(lambda: self.timeline.next_moment(self.now + seconds(60)))

    def previous_moment(self) -> None:
        """Back to the key moment before; to the beginning if there is none."""
        if not self.timeline.branch.moments or self.timeline.branch.moments[0].event_number >= self.event_number:
            self.seek(0)
        else:
            self._move(self.timeline.previous_moment)

    def seek(self, instant: Micros) -> None:
        """Be at an instant of the known past; or run on to a later one."""
        self._move(lambda: self.timeline.seek(max(0, instant)))

    def seek_event(self, number: int) -> None:
        """Be just after an event."""
        self._move(lambda: self.timeline.seek_event(number))

    def restart(self) -> None:
        """Back to the beginning. What has been is kept as a branch once something else is done."""
        self.seek(0)

    def switch(self, branch: str) -> None:
        """Go on with another branch."""
        self._move(lambda: self.timeline.switch(branch))

    def set_breakpoints(self, chosen: tuple[Breakpoint, ...]) -> None:
        """Stop at these from now on, and at nothing else."""
        self.breakpoints.choose(chosen)
        self.revision += 1

    def next_event_in(self) -> Micros | None:
        """How long it is, by the clock on the wall at speed 1, until something is to happen; None if nothing is."""
        queue = self.world.queue
        return queue[0][0] - self.now - int(self._owed) if queue else None

    def _run(self, change: Callable[[Until | None], object]) -> None:
        """Time goes on by itself: only then do breakpoints stop it."""
        until = self.breakpoints.arm()
        self._move(lambda: change(until))
        self.stop = self.breakpoints.disarm()

    def _move(self, change: Callable[[], object]) -> None:
        """Anything that changes the world. Our own mistakes stop the world, not the window."""
        self.stop = None
        try:
            change()
        except WorldStopped as stopped:
            self.violation = str(stopped)
            self.playing = False
        finally:
            self.revision += 1
            self._views.clear()

    # --- the timeline -----------------------------------------------------------------------------

    def timeline_view(self, buckets: int) -> TimelineView:
        """The lanes of the timeline; events are counted in so many buckets."""
        return timeline_view(self.timeline, buckets)

    # --- files ------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """The session as a small file: version, spec, scenario, and every branch's journal."""
        saved = SavedSession(
            VERSION, self.title, self.scenario, self.spec, tuple(_saved(one) for one in self.timeline.branches),
            self.timeline.branch.name, self.now, self.event_number, self.violation,
            self.lesson.progress() if self.lesson is not None else None,
            tuple(str(one) for one in self.breakpoints.chosen), script_to_data(self.script),
        )  # fmt: skip
        data = to_data(saved)
        path.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def open(cls, path: Path) -> "Session":
        """A saved session, run again to where it was. Raises Refused; nothing of it is code."""
        data = read_session(path)
        try:
            saved = session_from(data)
            session = cls(saved.spec, saved.title, saved.scenario, path.parent, _script(saved.script))
            session._restore(saved)
        except Refused as wrong:
            raise Refused(f"{path.name}: {wrong}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            # An action of the journal that its own cluster cannot carry out: the file was written by nobody's lab.
            raise Refused(
                f"{path.name}: wanted a session that runs again, found {type(wrong).__name__} ({wrong})"
            ) from None
        return session

    def _restore(self, saved: SavedSession) -> None:
        """Each branch is run along its journal; then the one that was open, to where it was."""
        known: list[str] = []
        script = dict(self.script)
        for number, one in enumerate(saved.branches):
            check_branch(one, f"branches[{number}]", known)
            known.append(one.name)
        wanted(saved.current in known, f"current: wanted one of {', '.join(known) or 'no branches'}", saved.current)
        for number, one in enumerate(saved.branches):
            deeds = [
                (at, _action(action, f"branches[{number}].journal[{place}]"))
                for place, (at, action) in enumerate(one.journal)
            ]
            journal = [(at, Scripted(deed) if script.get(at) == deed else deed) for at, deed in deeds]
            if number == 0:
                branch = self.timeline.branch
            else:
                branch = Branch(one.name, one.parent, one.fork_time)
                branch.checkpoints = self.timeline.branches[0].checkpoints[:1]
                self.timeline.branches.append(branch)
            branch.journal = list(journal)
            branch.latest = one.latest
            self.timeline.switch(branch.name)
            self.run_to(branch.latest)
        chosen = breakpoints_from(saved.breakpoints, "breakpoints")
        self.saved_lesson = saved.lesson
        self.timeline.switch(saved.current)
        self.seek(min(saved.now, self.latest))
        self.seek_event(min(saved.event, self.latest_event))
        self.set_breakpoints(chosen)


def _saved(branch: Branch) -> SavedBranch:
    journal = tuple((at, cast("ClusterAction", action).to_data()) for at, action in branch.journal)
    return SavedBranch(branch.name, branch.parent, branch.fork_time, branch.latest, journal)


def _script(data: tuple[tuple[int, Any], ...]) -> Script:
    times = [at for at, _ in data]
    wanted(rising(times), "script: wanted times of 0 or more that rise", shown(times))
    return tuple((at, _action(action, f"script[{place}]")) for place, (at, action) in enumerate(data))


def _action(data: object, where: str) -> ClusterAction:
    try:
        return action_from(data)
    except Refused as wrong:
        raise Refused(f"{where}: {wrong}") from None
