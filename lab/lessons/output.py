"""What a played scenario leaves behind: samples as CSV, the key moments as JSON lines, a report as HTML."""

import html
import json
from pathlib import Path

from lab.cluster.probes import Truth
from lab.cluster.recorder import METRICS
from lab.cluster.session import Session
from lab.lessons.runner import LessonRunner

CHARTS = {
    "throughput": ("records-in", "records-out"),
    "lag": ("records-lag", "records-lag-seconds"),
}


def write_output(runner: LessonRunner, folder: Path) -> None:
    """throughput.csv, lag.csv, events.jsonl and report.html; the same seed gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, metrics in CHARTS.items():
        (folder / f"{name}.csv").write_text(csv_of(runner.session, metrics), encoding="utf-8")
    (folder / "events.jsonl").write_text(events_of(runner.session), encoding="utf-8")
    (folder / "report.html").write_text(report_of(runner), encoding="utf-8")


def csv_of(session: Session, metrics: tuple[str, ...]) -> str:
    """time,series,value,unit: one line a sample."""
    lines = ["time,series,value,unit"]
    for metric in metrics:
        for label, (times, values) in session.series(metric).items():
            lines += [
                f"{time:.3f},{metric} {label},{value:g},{METRICS[metric].unit}"
                for time, value in zip(times, values, strict=True)
            ]
    return "\n".join(lines) + "\n"


def events_of(session: Session) -> str:
    """One key moment a line, with what led to it."""
    lines = [
        json.dumps(
            {
                "event": one.event_number, "seconds": one.time / 1e6, "kind": one.kind, "subject": one.subject,
                "text": one.text,
                "causes": [{"event": c.event_number, "node": c.node, "kind": c.kind} for c in one.causes],
            },
            ensure_ascii=False,
        )
        for one in session.timeline.branch.moments
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def report_of(runner: LessonRunner) -> str:
    """Predictions, checks, timeline and the ledger, on one page without scripts."""
    lesson, session = runner.lesson, runner.session
    right, asked = runner.score()
    truth = session.view(Truth())
    rows = "".join(
        f"<tr><td>{one.time / 1e6:.3f} s</td><td>{html.escape(one.text)}</td></tr>"
        for one in session.timeline_view(1).moments
    )
    problems = "".join(f"<li>{html.escape(one)}</li>" for one in runner.problems()) or "<li>none</li>"
    answers = "".join(
        f"<li>{html.escape(step.question.text)}<br><b>{html.escape(state.answer or '—')}</b> ({state.confidence}); "
        f"the engine: <b>{html.escape(state.truth or '—')}</b></li>"
        for step, state in zip(lesson.steps, runner.states, strict=True)
        if step.question is not None
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{html.escape(lesson.title)}</title>"
        "<style>body{font:15px/1.5 Inter,sans-serif;max-width:52rem;margin:3rem auto;color:#19202a}"
        "table{border-collapse:collapse}td{padding:.15rem .8rem .15rem 0;vertical-align:top}</style>"
        f"<h1>{html.escape(lesson.code)} {html.escape(lesson.title)}</h1>"
        f"<p>{right} of {asked} predictions right. {session.event_number:,} events in {session.now / 1e6:.1f} s of "
        f"virtual time, seed {session.spec.seed}.</p>"
        f"<h2>Predictions</h2><ol>{answers}</ol><h2>What is missing</h2><ul>{problems}</ul>"
        f"<h2>Ledger</h2><p>born {truth.born:,} · acknowledged {truth.acked:,} · failed {truth.failed:,} · unknown "
        f"{truth.unknown:,} · lost {truth.lost:,} · stored twice {truth.duplicates:,}</p>"
        f"<h2>Timeline</h2><table>{rows}</table></html>\n"
    )
