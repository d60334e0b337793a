"""Lines: a chart's series as lines to draw, with the value at the instant shown."""

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from lab.cluster.session.recorder import METRICS, Series, Values
from lab.ui.charts.catalog import Chart, Source

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

QUIET = "t3"
CATEGORIES = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class Line:
    """One series. `tone`: a state's name, a category's letter or a text colour's; `strong`: drawn thicker;
    `filled`: down to zero."""

    label: str
    tone: str
    unit: str
    seconds: Values
    values: Values
    strong: bool = False
    dashed: bool = False
    filled: bool = False

    def value_at(self, seconds: float) -> float:
        """The newest sample that is not after `seconds`; NaN if there is none."""
        at = int(np.searchsorted(self.seconds, seconds, side="right")) - 1
        return float(self.values[at]) if at >= 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Headline:
    """A chart's title and its present value, in words."""

    title: str
    value: str
    unit: str


def lines_by(chart: Chart, session: "Session", by: str) -> tuple[Line, ...]:
    """Every source's series told apart by `by`; sources that cannot be are left out. The largest come first."""
    found: list[Line] = []
    several = len(chart.sources) > 1
    for source in chart.sources:
        metric = METRICS[source.metric]
        if by not in metric.ways:
            continue
        series = session.series(source.metric, by)
        if by == "total":
            found += _sole(source, series, metric.unit)
            continue
        for place, (label, (seconds, values)) in enumerate(sorted(series.items())):
            name = f"{label} {source.label}" if several else label
            tone = CATEGORIES[place] if place < len(CATEGORIES) else QUIET
            strong = len(series) <= len(CATEGORIES) and not source.dashed
            found.append(Line(name, tone, metric.unit, seconds, values, strong=strong, dashed=source.dashed))
    return tuple(found)


def _sole(source: Source, series: dict[str, Series], unit: str) -> list[Line]:
    return [
        Line(
            source.label, source.tone, unit, seconds, values,
            strong=not source.dashed, dashed=source.dashed, filled=not source.dashed,
        )
        for seconds, values in series.values()
    ]  # fmt: skip


# --- the strip ------------------------------------------------------------------------------------


def strip_lines(chart: Chart, session: "Session", now: float) -> tuple[tuple[Line, ...], Headline]:
    """What the strip shows of a chart at the instant `now`, in seconds."""
    if chart.worst:
        return _worst_group(chart, session, now)
    lines = lines_by(chart, session, "total")
    value = lines[0].value_at(now) if lines else float("nan")
    unit = chart.unit
    if chart.share:
        unit = f"of {len(session.series(chart.sources[0].metric, 'partition'))}"
    return lines, Headline(chart.title, in_words(value), unit)


def _worst_group(chart: Chart, session: "Session", now: float) -> tuple[tuple[Line, ...], Headline]:
    """The partitions of the group that is furthest behind; the worst of them is drawn strong and named."""
    (source,) = chart.sources
    groups = [
        (one.value_at(now), label)
        for label, (seconds, values) in session.series(source.metric, "group").items()
        if (one := Line(label, "", "", seconds, values)).value_at(now) >= 0
    ]
    if not groups:
        return (), Headline(chart.title, "", chart.unit)
    group = max(groups)[1]
    mine = {
        label.rpartition(" ")[2]: series
        for label, series in session.series(source.metric).items()
        if label.rpartition(" ")[0] == group
    }
    unit = METRICS[source.metric].unit
    lines = [Line(name, QUIET, unit, *series) for name, series in mine.items()]
    lines.sort(key=lambda line: np.nan_to_num(line.value_at(now)))
    if not lines:
        return (), Headline(f"{chart.title} · {group}", "", chart.unit)
    worst = lines[-1]
    name = f"p{worst.label.rpartition('-')[2]}" if len(lines) > 1 else ""
    lines[-1] = Line(name, source.tone, unit, worst.seconds, worst.values, strong=True)
    lines[:-1] = [Line("", one.tone, unit, one.seconds, one.values) for one in lines[-len(CATEGORIES) : -1]]
    said = f"max, {name}" if name else chart.unit
    return tuple(lines), Headline(f"{chart.title} · {group}", in_words(worst.value_at(now)), said)


def in_words(value: float) -> str:
    """A value as short as it can be read: `719`, `0.4`, `1.2 M`; empty when there is none."""
    if isnan(value):
        return ""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.4g}\u202f{letter}"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
