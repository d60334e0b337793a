"""Past: the events of a branch, however long ago, for whoever asks what led to what.

A world's trace knows the last four thousand. What is older is asked of a second world, at the event in question.
"""

from collections.abc import Iterator

from lab.env import NodeId, node_of
from lab.world.timeline import Timeline
from lab.world.trace import Trace, TraceEntry
from lab.world.world import Moment, WorldStopped

TRACES_MAX = 6
"""So many worlds are looked into for one answer."""


class Past:
    """The known past of the current branch. Made for one question and thrown away, since branches change."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.traces: list[Trace] = []

    def entry(self, event_number: int) -> TraceEntry | None:
        """An event; None if there is no such one, or it is too far away."""
        if not 0 < event_number <= self.timeline.branch.latest_event:
            return None
        found = self._known(event_number)
        if found is None and len(self.traces) < TRACES_MAX:
            self._look_into(event_number)
            found = self._known(event_number)
        return found

    def between(self, first: int, last: int) -> Iterator[TraceEntry]:
        """All events from one to another that are known by now, oldest first."""
        seen = last + 1
        found: list[TraceEntry] = []
        for trace in self.traces:
            fresh = [one for one in trace.since(first) if one.event_number < seen]
            if fresh:
                seen = fresh[0].event_number
                found = fresh + found
        return iter(found)

    def last_heard(self, node: NodeId, source: NodeId, before: int) -> TraceEntry | None:
        """The last message that `node` had from `source`, as far back as is known by now."""
        found: TraceEntry | None = None
        for one in self.between(1, before - 1):
            if one.node == node and node_of(one.source) == source and one.kind != "Disconnected":
                found = one
        return found

    def moments(self) -> list[Moment]:
        """The branch's key moments."""
        return self.timeline.branch.moments

    def _known(self, event_number: int) -> TraceEntry | None:
        found = (trace.find(event_number) for trace in self.traces)
        return next((one for one in found if one is not None), None)

    def _look_into(self, event_number: int) -> None:
        live = self.timeline.world
        if live.event_number >= event_number and live.trace.find(event_number) is not None:
            self.traces.append(live.trace)
            return
        try:
            world = self.timeline.at_event(event_number)
        except WorldStopped:
            return  # the event that broke an invariant: only the world that stopped with it knows it
        self.traces.append(world.trace)
        world.dissolve()
