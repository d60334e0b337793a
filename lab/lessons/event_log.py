"""EventLog: every event of a run, collected while it goes on, since the trace remembers only the newest."""

import json
from collections.abc import Iterator
from typing import Any

from lab.cluster.session.session import Session
from lab.env import Micros, millis
from lab.world.trace import TraceEntry
from lab.world.world import Moment, World

LOOK: Micros = millis(25)
"""Four thousand events, as many as the trace holds, in this time would be 160,000 a second."""


class EventLog:
    """Looks at the trace at fixed instants. Must begin with the run."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.entries: list[TraceEntry] = []
        session.timeline.sample_every(LOOK, self._read, self._cut)

    def _read(self, world: World, _time: Micros) -> None:
        """What the trace knows and this log does not yet. Too old to be known any more is left out."""
        known = self.entries[-1].event_number if self.entries else 0
        for number in range(known + 1, world.event_number + 1):
            entry = world.trace.find(number)
            if entry is not None:
                self.entries.append(entry)

    def _cut(self, time: Micros) -> None:
        while self.entries and self.entries[-1].time > time:
            self.entries.pop()

    def lines(self) -> Iterator[str]:
        """One JSON object a line: each event with what caused it, and behind it the key moments it brought."""
        self._read(self.session.world, self.session.now)
        moments: dict[int, list[Moment]] = {}
        for moment in self.session.timeline.branch.moments:
            moments.setdefault(moment.event_number, []).append(moment)
        for early in [number for number in moments if not self.entries or number < self.entries[0].event_number]:
            yield from (_line(_moment(one)) for one in moments.pop(early))
        for entry in self.entries:
            yield _line(_event(entry))
            yield from (_line(_moment(one)) for one in moments.get(entry.event_number, ()))


def _event(entry: TraceEntry) -> dict[str, Any]:
    """`cause`: the number of the event that sent the message or set the timer; none for what came from outside."""
    caused = 0 < entry.cause < entry.event_number
    return {
        "event": entry.event_number, "seconds": entry.time / 1e6, "node": entry.node, "from": entry.source,
        "kind": entry.kind, "cause": entry.cause if caused else None,
    }  # fmt: skip


def _moment(one: Moment) -> dict[str, Any]:
    return {
        "event": one.event_number, "seconds": one.time / 1e6, "moment": one.kind, "subject": one.subject,
        "text": one.text,
    }  # fmt: skip


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
