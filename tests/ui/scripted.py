"""A tiny scripted session: it plays a fixed story, so that the window's tests need no engine."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np

from lab.cluster.probes import Cluster, Health, InFlight, Inspect, PartitionLens, Records, Truth
from lab.cluster.probes.views import (
    BranchView,
    BrokerView,
    CauseView,
    CellView,
    ClusterView,
    ControllerView,
    FlightView,
    GroupTruth,
    GroupView,
    HealthView,
    InspectorView,
    LedgerView,
    LensGroupView,
    LensReplicaView,
    LensView,
    MemberView,
    MomentView,
    PartitionView,
    ProducerView,
    RecordRow,
    RecordsView,
    ReplicaRow,
    ReplicaView,
    Row,
    Section,
    SpanView,
    TimelineView,
)
from lab.cluster.refused import Refused
from lab.cluster.session.breakpoints import Breakpoint, Stop
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec
from lab.lessons.views import LessonView, OptionView, QuestionView, TaskView

SECOND = 1_000_000
EVENT_US = 5_000
BROKERS = ("Broker 1", "Broker 2", "Broker 3")
ENDS = (1102, 1047, 998, 1075, 1033, 1011)
LETTERS = "ACBADBCAABDCEABCDAEBACDBA"


@dataclass(frozen=True)
class ScriptedField:
    """A field of an offer's form."""

    name: str
    label: str
    kind: str = "int"
    default: str = "50"
    choices: tuple[str, ...] = ()
    minimum: int | None = 1
    maximum: int | None = 1000
    unit: str = "ms"
    notes: tuple[()] = ()


@dataclass(frozen=True)
class ScriptedOffer:
    """An offer: its action is the tuple that `post` keeps."""

    title: str
    icon: str
    group: str
    action: Any = None
    form: tuple[ScriptedField, ...] = ()
    disabled: str = ""
    tooltip: str = ""

    def make(self, values: dict[str, str]) -> Any:
        for one in self.form:
            if one.kind == "int" and not values[one.name].isdigit():
                raise Refused(f"{one.label}: wanted a whole number, found {values[one.name]!r}")
        return (self.title, tuple(sorted(values.items())))


class ScriptedLesson:
    """One step with a question, three tasks and two hints."""

    def __init__(self) -> None:
        self.chosen = ""
        self.confidence = "fairly sure"
        self.state = "open"
        self.step = 3
        self.hints = 0

    def view(self) -> LessonView:
        options = (
            ("none", "None — acks=all waited for the ISR"),
            ("two", "1045 and 1046"),
            ("all", "Everything after 1036"),
        )
        question = QuestionView(
            "Broker 2 crashes **now**. Which acknowledged records does **orders-1** lose?",
            "choice",
            tuple(OptionView(key, text, key == self.chosen, None) for key, text in options),
            self.chosen, self.confidence, self.state, "", 1, 2,
        )  # fmt: skip
        text = (
            "Broker 2 leads **orders-1**. It has appended records up to **1046**, but only those left of the "
            "**high watermark** are on every in-sync replica.\n\nBroker 3’s disk just became slow. At 38.4 s it "
            "fell too far behind and left the **ISR** — so the watermark no longer waits for it."
        )
        tasks = (
            TaskView("Slow down Broker 3’s disk", "done", ""),
            TaskView("Watch Broker 3 leave the ISR", "done", ""),
            TaskView("Crash the leader of **orders-1**", "current", ""),
            TaskView("Find the truncated records", "waiting", ""),
        )
        hints = ("Look at the **high watermark**.", "It is at 1045.")[: self.hints]
        return LessonView(
            "Replication", "Lab 3.2", self.step, 6, "When is a record safe?", text, question,
            tasks, hints, 2 - self.hints, self.step > 1, False, "", False, "",
        )  # fmt: skip

    def problems(self) -> list[str]:
        return ["step 3: nothing was predicted"] if not self.chosen else []

    def answer(self, answer: str) -> None:
        self.chosen = answer

    def set_confidence(self, confidence: str) -> None:
        self.confidence = confidence

    def lock(self) -> None:
        if not self.chosen:
            msg = "Choose an answer first"
            raise Refused(msg)
        self.state = "locked"

    def next_step(self) -> None:
        self.step += 1

    def previous_step(self) -> None:
        self.step -= 1

    def hint(self) -> None:
        self.hints += 1


@dataclass
class ScriptedBreakpoints:
    """What is set."""

    chosen: tuple[Breakpoint, ...] = ()


@dataclass
class ScriptedSession:
    """Time runs, records grow; everything else stands still."""

    now: int = 42_180_000
    latest: int = 60 * SECOND
    playing: bool = False
    speed: Fraction = Fraction(1, 4)
    title: str = "Replication · Lab 3.2"
    lesson: ScriptedLesson | None = field(default_factory=ScriptedLesson)
    violation: str = ""
    revision: int = 1
    behind: bool = False
    refusal: str = ""
    posted: list[Any] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    saved: list[Path] = field(default_factory=list)
    branch: str = "main"
    spec: ClusterSpec = field(default_factory=ClusterSpec)
    breakpoints: ScriptedBreakpoints = field(default_factory=ScriptedBreakpoints)
    stop: Stop | None = None

    @property
    def event_number(self) -> int:
        return self.now // EVENT_US

    @property
    def latest_event(self) -> int:
        return self.latest // EVENT_US

    # --- time ---

    def _to(self, now: int) -> None:
        self.now = max(now, 0)
        self.latest = max(self.latest, self.now)
        self.revision += 1

    def advance(self, real_us: int, budget_us: int) -> None:
        self._to(self.now + int(real_us * self.speed))

    def play(self) -> None:
        if self.refusal:
            raise Refused(self.refusal)
        self.playing = True
        self.revision += 1

    def pause(self) -> None:
        self.playing = False
        self.revision += 1

    def set_speed(self, numerator: int, denominator: int) -> None:
        self.speed = Fraction(numerator, denominator)
        self.revision += 1

    def step_event(self) -> None:
        self._to(self.now + EVENT_US)

    def step_back(self) -> None:
        self._to(self.now - EVENT_US)

    def next_moment(self) -> None:
        later = [one.time for one in MOMENTS if one.time > self.now]
        if not later:
            msg = "no key moment in the next 60 s"
            raise Refused(msg)
        self._to(later[0])

    def previous_moment(self) -> None:
        self._to(max((one.time for one in MOMENTS if one.time < self.now), default=0))

    def seek(self, time: int) -> None:
        self._to(min(time, self.latest))

    def run_for(self, duration: int) -> None:
        self._to(self.now + duration)

    def restart(self) -> None:
        self._to(0)

    # --- acting ---

    def allowed(self, action: Any) -> str:
        return self.refusal

    def post(self, action: Any) -> None:
        if self.refusal:
            raise Refused(self.refusal)
        self.posted.append(action)
        self.revision += 1

    def switch(self, name: str) -> None:
        self.branch = name
        self.revision += 1

    def set_breakpoints(self, chosen: tuple[Breakpoint, ...]) -> None:
        self.breakpoints.chosen = chosen
        self.revision += 1

    def save(self, path: Path) -> None:
        path.write_text("{}", encoding="utf-8")
        self.saved.append(path)

    def offers(self, kind: str, name: str) -> tuple[ScriptedOffer, ...]:
        return (
            ScriptedOffer("Move leader", "crown", "change", ("move", name)),
            ScriptedOffer("Crash leader", "zap", "break", ("crash", name), tooltip="kill -9"),
            ScriptedOffer("Slow disk", "gauge", "break", form=(ScriptedField("wait_ms", "Wait"),)),
            ScriptedOffer("Start", "power", "mend", ("start", name), disabled="broker-1 is running"),
            ScriptedOffer("Add a broker", "plus", "build", ("add", name)),
        )

    # --- looking ---

    def view(self, probe: Any) -> Any:
        self.asked.append(probe)
        return VIEWS[type(probe)](self, probe)

    def timeline_view(self, buckets: int) -> TimelineView:
        density = tuple(4 + (at * 7) % 9 for at in range(buckets))
        moments = tuple(one for one in MOMENTS if one.time <= self.latest)
        spans = (SpanView("Faults", "Broker 3", "slow disk · Broker 3", 28 * SECOND, None, "pending"),)
        branches = tuple(
            BranchView(name, parent, fork, self.latest, name == self.branch)
            for name, parent, fork in (("main", "", 0), ("crash later", "main", 30 * SECOND))
        )
        step = max(self.latest // buckets, 1)
        return TimelineView(self.now, self.latest, moments, spans, density, step, branches)

    def series(self, metric: str, by: str | None = None) -> dict[str, Any]:
        times = np.arange(0, self.now / SECOND, 0.25)
        return {"in": (times, 700 + 50 * np.sin(times)), "out": (times, 690 + 60 * np.sin(times))}


MOMENTS = tuple(
    MomentView(number, time * SECOND, time * 200, "isr", "orders-1", text, "pending")
    for number, time, text in (
        (1, 5, "orders has leaders"), (2, 9, "payments is stable"), (3, 28, "Broker 3's disk is slow"),
        (4, 38, "Broker 3 left the ISR"), (5, 52, "leader crashed"),
    )
)  # fmt: skip


def cluster(session: ScriptedSession, probe: Cluster) -> ClusterView:
    brokers = tuple(
        BrokerView(name, at, "slow" if at == 3 else "running", "slow disk" if at == 3 else "", 39, 100, 0, 2)
        for at, name in enumerate(BROKERS, 1)
    )  # fmt: skip
    partitions = tuple(partition(index, end) for index, end in enumerate(ENDS))
    producers = tuple(
        ProducerView(name, "orders", "all", 100, "running", 0, 900, 0, 0) for name in ("checkout", "web-shop")
    )
    members = tuple(
        MemberView(f"payments-{letter}", "consuming", (f"orders-{2 * at}", f"orders-{2 * at + 1}"), 2, "")
        for at, letter in enumerate("abc")
    )
    groups = (GroupView("payments", "Stable", 3, "Broker 1", members, 6, 3),)
    return ClusterView(
        session.now, brokers, (ControllerView("Broker 1", "active", "", 0, 0, True),), partitions, producers, groups, ()
    )


def partition(index: int, end: int) -> PartitionView:
    leader = BROKERS[(0, 1, 2, 0, 1, 2)[index]]
    recent = tuple((LETTERS[at], at < 6) for at in range(8))
    replicas = tuple(
        ReplicaView(name, "leader" if name == leader else "follower", name != "Broker 3" or name == leader,
                    end, end - 2, 11 if name == "Broker 3" else 0, recent)
        for name in BROKERS
    )  # fmt: skip
    in_sync = tuple(one.broker for one in replicas if one.in_sync)
    return PartitionView(f"orders-{index}", "orders", index, leader, 7, in_sync, replicas, end - 2)


def lens(session: ScriptedSession, probe: PartitionLens) -> LensView:
    end = 1047
    first = end - 25
    replicas = tuple(
        LensReplicaView(
            name, "leader" if name == "Broker 2" else "follower", "running", name != "Broker 3", end - stop, 7, 975,
            stop, 1045, stop - 6,
            tuple(CellView(offset, LETTERS[offset % 25], offset % 5, offset < 1045) for offset in range(first, stop)),
        )
        for name, stop in (("Broker 2", 1047), ("Broker 1", 1045), ("Broker 3", 1036))
    )  # fmt: skip
    groups = (LensGroupView("payments", 3, "payments-a", 1039, 1043, 6, 400_000, "4 in flight"),)
    return LensView(probe.partition, True, "Broker 2", 7, 1045, first, end, replicas, groups)


def inspect(session: ScriptedSession, probe: Inspect) -> InspectorView:
    replicas = (
        ReplicaRow("Broker 2", "leader", 1047 + session.now // SECOND - 42, 0, True),
        ReplicaRow("Broker 1", "follower", 1045, 2, True),
        ReplicaRow("Broker 3", "follower", 1036, 11, False),
    )
    offsets = (
        Row("High watermark", "1 045", "ok"), Row("Log end offset", "1 047"), Row("On disk up to", "1 040"),
        Row("Log start", "975"),
    )  # fmt: skip
    causes = (
        CauseView("arrow-up-down", "ok", "Broker 1 fetched up to **1045**; it is the slowest replica still in sync.",
                  42_117_000, 8423, "fetch response"),
        CauseView("unlink", "pending", "Broker 3 had not caught up for 10.0 s, so it **left the ISR**.",
                  38_402_000, 7680, "ISR change"),
    )  # fmt: skip
    config = (("min.insync.replicas", "2"), ("replica.lag.time.max", "10 s"))
    return InspectorView(
        probe.kind, probe.name or "Cluster", f"{probe.kind} · leader Broker 2", "layers", replicas,
        (Section("Offsets", offsets),), "Why is the HW at 1045?", causes, config,
    )  # fmt: skip


def records(session: ScriptedSession, probe: Records) -> RecordsView:
    start = 1047 - probe.count if probe.from_offset is None else probe.from_offset
    stop = min(start + probe.count, 1047)
    rows = tuple(
        RecordRow(offset, 1_700_000_000_000 + offset, LETTERS[offset % 25], f"value {offset}", (), (offset, offset), 7,
                  -1, -1, 70, bytes([offset % 256]) * 40)
        for offset in range(max(start, 975), stop)
    )  # fmt: skip
    return RecordsView(probe.partition, probe.broker, 975, 1047, 1045, rows)


def truth(session: ScriptedSession, probe: Truth) -> LedgerView:
    return LedgerView(7000, 6990, 4, 6, 6996, 6990, 0, 0, 2, (GroupTruth("payments", 6980, 6970, 2, 0, 0, 0),))


def health(session: ScriptedSession, probe: Health) -> HealthView:
    name = "acked_is_visible" if session.violation else ""
    return HealthView(session.event_number, session.violation, name, session.event_number)


def flights(session: ScriptedSession, probe: InFlight) -> tuple[FlightView, ...]:
    sent = session.now - 1000
    return (FlightView("checkout", "Broker 2", "record", sent, sent + 5000, False, "orders-1", 3, 1),)


VIEWS: dict[type, Any] = {
    Cluster: cluster, PartitionLens: lens, Inspect: inspect, Records: records, Truth: truth, Health: health,
    InFlight: flights,
}  # fmt: skip


@dataclass(frozen=True)
class ScriptedScenario:
    """A line of the start page."""

    name: str
    title: str
    track: str
    minutes: int
    summary: str
    sandbox: bool = False


SCENARIOS = (
    ScriptedScenario("replication", "When is a record safe?", "Replication", 8, "The high watermark, seen."),
    ScriptedScenario("first-record", "The first record", "Log", 5, "One record, three replicas."),
    ScriptedScenario("sandbox", "An empty floor", "Sandbox", 0, "Build what you like.", True),
)


def as_session(scripted: ScriptedSession) -> Session:
    """The window sees no more of a session than this one has."""
    return cast("Session", scripted)


def open_scripted(name: str) -> Session:
    if name == "broken":
        msg = "broken.md, line 3: wanted a number, found 'many'"
        raise Refused(msg)
    return as_session(ScriptedSession())


def open_scripted_file(path: Path) -> Session:
    path.read_text(encoding="utf-8")
    return as_session(ScriptedSession())
