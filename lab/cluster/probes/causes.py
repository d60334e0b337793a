"""Causes: what led to an event, as steps back through time and from machine to machine.

A message was sent in the sender's turn, a timer set in an earlier one: that is a step. Two things make it what a person
would call a cause. A timer that only sets itself again is one long wait. And where something happens because somebody
was *not* heard, the step goes to why: the fault of the silent machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from lab.cluster.probes.moment_views import TONES
from lab.env import Micros, NodeId, node_of
from lab.world.network import OPERATOR
from lab.world.trace import TraceEntry
from lab.world.world import Moment

STEPS = 12
STEPS_MAX = 96
OTHERS_MAX = 60
REPEATS_MAX = 2_000
FIRST = ("loss", "broker", "rebalance", "leader")
"""Of the moments of one event these say what the others followed from."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event on the way. `kind`: action, message, timer, or silence (it happened because `source` was not heard).

    `since`: when that began: when the message was sent, the timer set, the fault done. `repeats`: how often a timer set
    itself again meanwhile. `moments`: what the event meant, in words.
    """

    event_number: int
    time: Micros
    host: NodeId
    kind: str
    source: NodeId
    name: str
    since: Micros
    repeats: int = 0
    moments: tuple[str, ...] = ()
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A message beside the way: one that a step also sent, or (`last_words`) the last that came before a silence."""

    source: NodeId
    host: NodeId
    sent: Micros
    heard: Micros
    name: str
    last_words: bool = False


@dataclass(frozen=True, slots=True)
class Down:
    """A machine that did not work, from a fault to its mending; `end` None: beyond what is shown."""

    host: NodeId
    start: Micros
    end: Micros | None
    text: str


@dataclass(frozen=True, slots=True)
class CausesView:
    """The steps from the first known cause to the event asked about; without any if that is unknown.

    `complete`: it begins with something done from outside, behind which there is nothing.
    """

    event_number: int
    hosts: tuple[NodeId, ...]
    steps: tuple[Step, ...]
    asides: tuple[Aside, ...]
    downs: tuple[Down, ...]
    complete: bool


class KnownPast(Protocol):
    """What is asked of the past."""

    def entry(self, event_number: int) -> TraceEntry | None:
        """An event."""
        ...

    def between(self, first: int, last: int) -> Iterable[TraceEntry]:
        """Those from one to another, oldest first, as far as known."""
        ...

    def last_heard(self, node: NodeId, source: NodeId, before: int) -> TraceEntry | None:
        """The last message that `node` had from `source`."""
        ...

    def moments(self) -> list[Moment]:
        """All key moments."""
        ...


def causes_of_event(past: KnownPast, event_number: int, steps: int = STEPS) -> CausesView:
    """At most so many steps back from an event."""
    return _Walk(past).back_from(event_number, min(steps, STEPS_MAX))


@dataclass
class _Walk:
    """One walk back; `concerned` are the machines that its moments speak of."""

    past: KnownPast
    marks: dict[int, list[Moment]] = field(default_factory=dict[int, list[Moment]])
    concerned: dict[NodeId, None] = field(default_factory=dict[NodeId, None])
    found: list[Step] = field(default_factory=list[Step])
    last_words: list[Aside] = field(default_factory=list[Aside])

    def back_from(self, event_number: int, steps: int) -> CausesView:
        for moment in self.past.moments():
            self.marks.setdefault(moment.event_number, []).append(moment)
        entry = self.past.entry(event_number)
        while entry is not None and len(self.found) < steps:
            entry = self._step(entry)
        self.found.reverse()
        hosts = tuple(dict.fromkeys(name for one in self.found for name in (one.source, one.host)))
        complete = bool(self.found) and self.found[0].kind == "action"
        downs, asides = self._downs(hosts), self._asides(hosts)
        return CausesView(event_number, hosts, tuple(self.found), asides, downs, complete)

    def _step(self, entry: TraceEntry) -> TraceEntry | None:
        """Note an event as a step; the event to go on from."""
        moments = self.marks.get(entry.event_number, [])
        self._concern(moments, entry.node)
        if entry.source == OPERATOR:
            self._note(entry, "action", entry.node if entry.node != OPERATOR else _target(moments), entry, moments)
            return None
        if node_of(entry.source) != entry.node:
            before = self.past.entry(entry.cause)
            self._note(entry, "message", node_of(entry.source), before or entry, moments)
            return before
        silent = self._silent(entry)
        if silent is not None:
            fault, source = silent
            self._note(entry, "silence", source, fault, moments)
            return fault
        before, repeats = self._awake_before(entry)
        self._note(entry, "timer", entry.node, before or entry, moments, repeats)
        return before

    def _note(
        self, entry: TraceEntry, kind: str, source: NodeId, since: TraceEntry, moments: list[Moment], repeats: int = 0
    ) -> None:
        host = source if kind == "action" else entry.node
        moments = sorted(moments, key=lambda one: FIRST.index(one.kind) if one.kind in FIRST else len(FIRST))
        texts = tuple(dict.fromkeys(one.text for one in moments))
        tone = next((TONES[one.kind] for one in moments if TONES.get(one.kind)), "")
        if kind == "action":
            source = OPERATOR
        self.found.append(
            Step(entry.event_number, entry.time, host, kind, source, entry.kind, since.time, repeats, texts, tone)
        )

    def _concern(self, moments: list[Moment], host: NodeId) -> None:
        """The machines that what happened here speaks of."""
        for moment in moments:
            for word in f"{moment.subject} {moment.text}".replace(":", " ").replace(",", " ").replace("|", " ").split():
                if word != host:
                    self.concerned.setdefault(word)

    def _silent(self, entry: TraceEntry) -> tuple[TraceEntry, NodeId] | None:
        """The fault of a machine that is spoken of, and was not heard here since; with the machine."""
        newest: Moment | None = None
        source = ""
        for moment in self.past.moments():
            if moment.event_number >= entry.event_number:
                break
            for subject in moment.subject.split("|"):
                if subject not in self.concerned or subject == entry.node:
                    continue
                if moment.kind == "fault":
                    newest, source = moment, subject
                elif moment.kind == "mended" and subject == source:
                    newest = None
        if newest is None:
            return None
        heard = self.past.last_heard(entry.node, source, entry.event_number)
        fault = self.past.entry(newest.event_number)
        if fault is None or (heard is not None and heard.event_number > fault.event_number + REPEATS_MAX):
            return None
        if heard is not None:
            sent = self.past.entry(heard.cause) or heard
            self.last_words.append(Aside(source, entry.node, sent.time, heard.time, heard.kind, last_words=True))
        return fault, source

    def _awake_before(self, entry: TraceEntry) -> tuple[TraceEntry | None, int]:
        """The event that set a timer; of one that sets itself again and again, the first that is known."""
        repeats = 0
        before = self.past.entry(entry.cause) if entry.cause < entry.event_number else None
        while (
            before is not None
            and (before.node, before.source, before.kind) == (entry.node, entry.source, entry.kind)
            and before.event_number not in self.marks
            and before.cause < before.event_number
            and repeats < REPEATS_MAX
        ):
            further = self.past.entry(before.cause)
            if further is None:
                break
            before, repeats = further, repeats + 1
        return before, repeats

    # --- around the way ---------------------------------------------------------------------------

    def _asides(self, hosts: tuple[NodeId, ...]) -> tuple[Aside, ...]:
        """What the steps sent besides: who else heard of it."""
        if len(self.found) < 2:
            return tuple(self.last_words)
        steps = {one.event_number: one for one in self.found}
        first, last = self.found[0].event_number, self.found[-1].event_number
        found = [
            Aside(node_of(one.source), one.node, steps[one.cause].time, one.time, one.kind)
            for one in self.past.between(first, last)
            if one.cause in steps and one.event_number not in steps and one.cause < one.event_number
            and node_of(one.source) != one.node and one.node in hosts
        ]  # fmt: skip
        return (*self.last_words, *found[-OTHERS_MAX:])

    def _downs(self, hosts: tuple[NodeId, ...]) -> tuple[Down, ...]:
        """Faults of the machines on the way."""
        if not self.found:
            return ()
        last = self.found[-1].time
        found: dict[NodeId, Down] = {}
        ended: list[Down] = []
        for moment in self.past.moments():
            if moment.time > last or moment.subject not in hosts:
                continue
            if moment.kind == "fault" and moment.subject not in found:
                found[moment.subject] = Down(moment.subject, moment.time, None, moment.text)
            elif moment.kind == "mended" and moment.subject in found:
                one = found.pop(moment.subject)
                ended.append(Down(one.host, one.start, moment.time, one.text))
        return (*ended, *found.values())


def _target(moments: list[Moment]) -> NodeId:
    """Whom an action was done to."""
    return moments[0].subject.partition("|")[0] if moments else OPERATOR


# --- in words -------------------------------------------------------------------------------------


def step_text(one: Step) -> str:
    """What happened, in a sentence."""
    match one.kind:
        case "action":
            return one.name
        case "message":
            if one.name == "Disconnected":
                return f"{one.host} hears that {one.source} has closed the connection"
            return f"{one.host} hears {one.name} from {one.source}"
        case "silence":
            return f"{one.host} has not heard {one.source}"
        case _:
            again = f", set again {one.repeats} times" if one.repeats else ""
            return f"{one.host} wakes by its timer {one.name}{again}"


def question_of(view: CausesView) -> str:
    """What is asked."""
    if not view.steps:
        return "Nothing is known of that event."
    last = view.steps[-1]
    return f"Why? {last.moments[0] if last.moments else step_text(last)}"
