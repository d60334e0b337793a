"""What `lab bench` prints: a table for people while it measures, or JSON for programs at the end."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab import registry
from lab.bench import groups
from lab.bench.measurement import GROUPS, Figure, Say

MISSED = 1
BROKEN = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of a group."""

    group: str
    figure: Figure

    def to_data(self) -> dict[str, Any]:
        """As in the JSON list: `target` and `holds` are null for a figure without a target."""
        one = self.figure
        return {
            "group": self.group,
            "name": one.name,
            "unit": one.unit,
            "value": float(f"{one.value:.4g}"),
            "target": one.target or None,
            "holds": one.holds if one.target else None,
        }

    def to_line(self) -> str:
        """As a line of the table."""
        one = self.figure
        verdict = "" if not one.target else "holds" if one.holds else "MISSED"
        return f"{self.group:<12} {one.name:<46} {readable(one.value):>11} {one.unit:<13} {one.target:<11} {verdict}"


def main(chosen: str | None, as_json: bool) -> int:
    """Measure one group or all. Returns 0 if every target holds, 1 if one is missed, 2 for a wrong group.

    Like `lab play` and `lab fuzz`, so that a script needs no JSON to notice; a measurement that breaks
    ends with its traceback, since that is a mistake of ours and no figure.
    """
    registry.load_all(groups)
    if chosen is not None and chosen not in GROUPS:
        print(f"lab bench: there is no group {chosen!r}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return BROKEN
    rows: list[Row] = []
    for row in measured([chosen] if chosen is not None else list(GROUPS)):
        rows.append(row)
        if not as_json:
            print(row.to_line(), flush=True)
    if as_json:
        print(json.dumps([row.to_data() for row in rows], ensure_ascii=False, indent=1))
    missed = [row for row in rows if not row.figure.holds]
    if missed and not as_json:
        print(f"{len(missed)} of {sum(bool(row.figure.target) for row in rows)} targets missed")
    return MISSED if missed else 0


def measured(names: list[str]) -> Iterator[Row]:
    """The figures of these groups, each as soon as it is known."""
    for name in names:
        say = _progress(name)
        for figure in GROUPS[name](say):
            yield Row(name, figure)


def _progress(name: str) -> Say:
    def say(what: str) -> None:
        print(f"  {name}: {what} …", file=sys.stderr, flush=True)

    return say


def readable(value: float) -> str:
    """Four digits or all before the point: 52,310 · 41.7 · 0.0213."""
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
