"""What a played scenario leaves behind: charts, their samples as CSV, every event as JSON lines, a report as HTML."""

from collections.abc import Callable
from pathlib import Path

from lab.cluster.session.samples import csv_text
from lab.cluster.session.session import Session
from lab.lessons.event_log import EventLog
from lab.lessons.report import Picture, html_report, report_of

Draw = Callable[[Session, Path], tuple[Picture, ...]]
"""Draws the pictures of PICTURES into a folder, and returns those of the report. What can draw is not known here."""

CHARTS = {
    "throughput": ("records-in", "records-out"),
    "lag": ("records-lag", "records-lag-seconds"),
}
PICTURES = tuple(f"{name}.{kind}" for name in CHARTS for kind in ("png", "svg"))


def write_output(session: Session, events: EventLog, folder: Path, draw: Draw | None) -> None:
    """throughput and lag as PNG, SVG and CSV, events.jsonl and report.html; the same seed gives the same bytes.

    Without `draw` there are no pictures, and none of an earlier run stays behind. Raises OSError, Refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        (folder / name).unlink(missing_ok=True)
    for name, metrics in CHARTS.items():
        _write(folder / f"{name}.csv", csv_text((metric, session.series(metric)) for metric in metrics))
    with (folder / "events.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(events.lines())
    pictures = draw(session, folder) if draw is not None else ()
    _write(folder / "report.html", html_report(report_of(session, pictures)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
