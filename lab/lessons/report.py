"""The report of a run as one HTML page: predictions, charts, what happened, what the ledger says. The window and the
terminal write the same; only their pictures differ.
"""

import base64
from dataclasses import dataclass
from html import escape

from lab.cluster.probes import Cluster, Health, Truth
from lab.cluster.probes.views import ClusterView, HealthView, LedgerView, MomentView, SpanView, TimelineView
from lab.cluster.session.session import Session
from lab.lessons.views import LessonView, PredictionView
from lab.lessons.wording import clock, rich

PICTURE_WIDTH_PX = 640
STYLE = """
body { font-family: Inter, sans-serif; font-size: 13px; color: #19202A; max-width: 760px; margin: 32px auto; }
h1 { font-size: 24px; margin-bottom: 4px; } h2 { font-size: 16px; margin-top: 24px; }
p, td, th { line-height: 140%; } .quiet { color: #647083; } .fail { color: #B5200F; font-weight: 600; }
.ok { color: #097268; } table { border-collapse: collapse; }
td, th { padding: 3px 14px 3px 0; text-align: left; border-bottom: 1px solid #E7EAEF; vertical-align: top; }
td.number, th.number { text-align: right; } img { max-width: 100%; }
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the report, as a PNG."""

    title: str
    png: bytes


@dataclass(frozen=True, slots=True)
class RunReport:
    """All a report shows, taken at one instant. `missing`: what keeps the lesson from being passed."""

    title: str
    seed: int
    cluster: ClusterView
    timeline: TimelineView
    ledger: LedgerView
    health: HealthView
    event_number: int
    violation: str
    lesson: LessonView | None
    missing: tuple[str, ...]
    pictures: tuple[Picture, ...]


def report_of(session: Session, pictures: tuple[Picture, ...] = ()) -> RunReport:
    """The session as it is now."""
    lesson = session.lesson
    return RunReport(
        title=session.title,
        seed=session.spec.seed,
        cluster=session.view(Cluster()),
        timeline=session.timeline_view(1),
        ledger=session.view(Truth()),
        health=session.view(Health()),
        event_number=session.event_number,
        violation=session.violation,
        lesson=lesson.view() if lesson is not None else None,
        missing=tuple(lesson.problems()) if lesson is not None else (),
        pictures=pictures,
    )


def html_report(run: RunReport) -> str:
    """The whole report as one HTML file with its pictures inside."""
    parts = (
        f"<h1>{escape(run.title)}</h1>",
        _place(run),
        _verdict(run),
        _lesson(run.lesson, run.missing) if run.lesson is not None else "",
        *(_picture(one) for one in run.pictures),
        "<h2>Key moments</h2>",
        _moments(run.timeline.moments),
        "<h2>Faults and rebalances</h2>",
        _spans(run.timeline.spans),
        "<h2>Cluster</h2>",
        _cluster(run.cluster),
        "<h2>Truth ledger</h2>",
        _ledger(run.ledger),
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(run.title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


# --- parts ----------------------------------------------------------------------------------------


def _place(run: RunReport) -> str:
    place = f"{clock(run.cluster.now)} of virtual time · event {run.event_number:,} · seed {run.seed}"
    return f'<p class="quiet">Streaming Lab · {place}</p>'


def _verdict(run: RunReport) -> str:
    if run.violation:
        return f'<p class="fail">An invariant was broken: {escape(run.violation)}</p>'
    return f'<p class="ok">Every invariant held ({run.health.checked:,} checks).</p>'


def _picture(one: Picture) -> str:
    encoded = base64.b64encode(one.png).decode("ascii")
    return (
        f'<h2>{escape(one.title)}</h2><p><img alt="{escape(one.title)}" width="{PICTURE_WIDTH_PX}" '
        f'src="data:image/png;base64,{encoded}"></p>'
    )


def _lesson(lesson: LessonView, missing: tuple[str, ...]) -> str:
    tasks = "".join(f"<li>{rich(task.text)} — {escape(task.state)}</li>" for task in lesson.tasks)
    undone = "".join(f"<li>{rich(one)}</li>" for one in missing) or "<li>Nothing: every check holds.</li>"
    score = f'<p class="quiet">{escape(lesson.score)}</p>' if lesson.score else ""
    return (
        f"<h2>{escape(lesson.track)} · {escape(lesson.title)}</h2>"
        f"<p>Step {lesson.step} of {lesson.steps}: {escape(lesson.step_title)}</p><ul>{tasks}</ul>"
        f"<h2>Predictions</h2>{score}{_predictions(lesson.predictions)}"
        f"<h2>Still missing</h2><ul>{undone}</ul>"
    )


OUTCOMES = {"right": "ok", "wrong": "fail", "open": "quiet"}


def _predictions(predictions: tuple[PredictionView, ...]) -> str:
    if not predictions:
        return '<p class="quiet">None.</p>'
    rows = "".join(
        f"<tr><td>{one.step}</td><td>{rich(one.question)}</td><td>{rich(one.answer) or '—'}</td>"
        f"<td>{escape(one.confidence)}</td><td>{rich(one.truth) or '—'}</td>"
        f'<td class="{OUTCOMES[one.outcome]}">{one.outcome}</td></tr>'
        for one in predictions
    )
    headings = "".join(f"<th>{one}</th>" for one in ("step", "question", "predicted", "how sure", "the engine", ""))
    return f"<table><tr>{headings}</tr>{rows}</table>"


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]], numbers: int) -> str:
    """A table whose last `numbers` columns are numbers; a sentence when it would be empty."""
    if not rows:
        return '<p class="quiet">None.</p>'
    first_number = len(headings) - numbers

    def line(cells: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if at >= first_number else ''}>{escape(cell)}</{tag}>"
            for at, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><tr>{line(headings, 'th')}</tr>{body}</table>"


def _cluster(view: ClusterView) -> str:
    brokers = [(broker.name, broker.state, broker.note, str(broker.leaders)) for broker in view.brokers]
    partitions = [
        (
            partition.name,
            partition.leader or "no leader",
            ", ".join(partition.in_sync_replicas),
            str(partition.high_watermark),
        )
        for partition in view.partitions
    ]
    return _table(("broker", "state", "", "leaders"), brokers, 1) + _table(
        ("partition", "leader", "in_sync_replicas", "high_watermark"), partitions, 1
    )


def _moments(moments: tuple[MomentView, ...]) -> str:
    rows = [(str(one.number), clock(one.time), one.text, f"{one.event_number:,}") for one in moments]
    return _table(("", "time", "what", "event"), rows, 1)


def _spans(spans: tuple[SpanView, ...]) -> str:
    """Those that last; a single mark is a key moment and stands there."""
    rows = [
        (one.text, clock(one.start), clock(one.end) if one.end is not None else "still")
        for one in spans
        if one.end != one.start
    ]
    return _table(("what", "from", "to"), rows, 2)


def _ledger(view: LedgerView) -> str:
    counts = [(name, f"{getattr(view, name):,}") for name in LEDGER_COUNTS]
    groups = [(group.group, *(f"{getattr(group, name):,}" for name in GROUP_COUNTS)) for group in view.groups]
    return _table(("records", "count"), counts, 1) + _table(("group", *GROUP_COUNTS), groups, len(GROUP_COUNTS))


LEDGER_COUNTS = (
    "born", "acked", "failed", "unknown", "stored", "visible", "lost", "ghost", "duplicates",
)  # fmt: skip
GROUP_COUNTS = ("fetched", "done", "duplicates", "skipped", "reordered", "phantom")
