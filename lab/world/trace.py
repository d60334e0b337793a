"""Trace: what happened lately and what caused it, so that *why?* is a walk up a chain."""

from collections.abc import Iterator
from typing import NamedTuple

from lab.env.sealed import Sealed
from lab.env.units import Micros, NodeId

PAGE = 64
PAGES = 64


class TraceEntry(NamedTuple):
    """One event. `cause`: the number of the event during which its message was sent or its timer set."""

    event_number: int
    time: Micros
    node: NodeId
    source: str
    kind: str
    cause: int


class Pages(Sealed):
    """The sealed part of the ring: pages of entries, oldest first."""

    __slots__ = ("pages",)

    def __init__(self, pages: tuple[tuple[TraceEntry, ...], ...]) -> None:
        self.pages = pages


class Trace:
    """A ring of the last four thousand events."""

    __slots__ = ("page", "sealed")

    def __init__(self) -> None:
        self.sealed = Pages(())
        self.page: list[TraceEntry] = []

    def add(self, entry: "tuple[int, Micros, NodeId, str, str, int]") -> None:
        """Add the newest event; plain tuples, since they are cheaper to make than named ones."""
        self.page.append(entry)  # type: ignore[arg-type]
        if len(self.page) == PAGE:
            self.turn()

    def turn(self) -> None:
        """The page is full."""
        self.sealed = Pages((*self.sealed.pages[1 - PAGES :], tuple(self.page)))
        self.page = []

    def find(self, event_number: int) -> TraceEntry | None:
        """The entry of an event; None if it is too long ago."""
        page = self.page
        if page and event_number >= page[0][0]:
            at = event_number - page[0][0]
            return TraceEntry(*page[at]) if at < len(page) else None
        for pages in reversed(self.sealed.pages):
            if event_number >= pages[0][0]:
                at = event_number - pages[0][0]
                return TraceEntry(*pages[at]) if at < len(pages) else None
        return None

    def chain(self, event_number: int, depth: int) -> list[TraceEntry]:
        """The event and what led to it, newest first, at most `depth` long."""
        found: list[TraceEntry] = []
        entry = self.find(event_number)
        while entry is not None and len(found) < depth:
            found.append(entry)
            entry = self.find(entry.cause) if entry.cause < entry.event_number else None
        return found

    def since(self, event_number: int) -> Iterator[TraceEntry]:
        """Every entry from an event on, oldest first, as far back as is known."""
        for page in (*self.sealed.pages, tuple(self.page)):
            if page and page[-1][0] >= event_number:
                yield from (TraceEntry(*one) for one in page if one[0] >= event_number)
