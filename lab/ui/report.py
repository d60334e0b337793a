"""The report of a run: what was set up, what happened, what the ledger says, with the charts, as HTML or PDF."""

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from lab.cluster.probes.views import (
    ClusterView,
    HealthView,
    LedgerView,
    MomentView,
    SpanView,
    TimelineView,
)
from lab.lessons.views import LessonView
from lab.ui.wording import clock, rich

PDF_DOTS_PER_INCH = 96
PAGE_MARGIN_MM = 16
PICTURE_WIDTH_PX = 640

STYLE = """
body { font-family: Inter, sans-serif; font-size: 13px; color: #19202A; max-width: 760px; margin: 32px auto; }
h1 { font-size: 24px; margin-bottom: 4px; } h2 { font-size: 16px; margin-top: 24px; }
p, td, th { line-height: 140%; } .quiet { color: #647083; } .fail { color: #B5200F; font-weight: 600; }
.ok { color: #097268; } table { border-collapse: collapse; }
td, th { padding: 3px 14px 3px 0; text-align: left; border-bottom: 1px solid #E7EAEF; }
td.number, th.number { text-align: right; } img { max-width: 100%; }
"""


@dataclass(frozen=True, slots=True)
class RunPicture:
    """All a report shows, taken at one instant. `pictures` are (title, image)."""

    title: str
    cluster: ClusterView
    timeline: TimelineView
    ledger: LedgerView
    health: HealthView
    event_number: int
    violation: str
    lesson: LessonView | None
    pictures: tuple[tuple[str, QImage], ...]


def html_report(run: RunPicture) -> str:
    """The whole report as one HTML file with its pictures inside."""
    parts = (
        f"<h1>{escape(run.title)}</h1>",
        f'<p class="quiet">Streaming Lab · {clock(run.cluster.now)} of virtual time · event {run.event_number:,}</p>',
        _verdict(run),
        *(_picture(title, image) for title, image in run.pictures),
        _lesson(run.lesson) if run.lesson is not None else "",
        "<h2>Cluster</h2>",
        _cluster(run.cluster),
        "<h2>Key moments</h2>",
        _moments(run.timeline.moments),
        "<h2>Faults and rebalances</h2>",
        _spans(run.timeline.spans),
        "<h2>Truth ledger</h2>",
        _ledger(run.ledger),
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(run.title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def write_html(run: RunPicture, path: Path) -> None:
    """Write the report as HTML. Raises OSError."""
    path.write_text(html_report(run), encoding="utf-8")


def write_pdf(run: RunPicture, path: Path) -> None:
    """Write the report as an A4 PDF. Raises OSError when the file cannot be written."""
    with path.open("wb"):
        pass  # QPdfWriter says nothing about a path it cannot open; this does.
    writer = QPdfWriter(str(path))
    writer.setResolution(PDF_DOTS_PER_INCH)
    writer.setTitle(run.title)
    margins = QMarginsF(PAGE_MARGIN_MM, PAGE_MARGIN_MM, PAGE_MARGIN_MM, PAGE_MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter))
    document = QTextDocument()
    document.documentLayout().setPaintDevice(writer)
    document.setPageSize(QSizeF(writer.width(), writer.height()))
    document.setHtml(html_report(run))
    document.print_(writer)


# --- parts ----------------------------------------------------------------------------------------


def _verdict(run: RunPicture) -> str:
    if run.violation:
        return f'<p class="fail">An invariant was broken: {escape(run.violation)}</p>'
    return f'<p class="ok">Every invariant held ({run.health.checked:,} checks).</p>'


def _picture(title: str, image: QImage) -> str:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType] - stub knows only paths
    encoded = base64.b64encode(data.data()).decode("ascii")
    return (
        f'<h2>{escape(title)}</h2><img alt="{escape(title)}" width="{PICTURE_WIDTH_PX}" '
        f'src="data:image/png;base64,{encoded}">'
    )


def _lesson(lesson: LessonView) -> str:
    tasks = "".join(f"<li>{rich(task.text)} — {escape(task.state)}</li>" for task in lesson.tasks)
    score = f'<p class="quiet">{escape(lesson.score)}</p>' if lesson.score else ""
    return (
        f"<h2>{escape(lesson.track)} · {escape(lesson.title)}</h2>"
        f"<p>Step {lesson.step} of {lesson.steps}: {escape(lesson.step_title)}</p>{score}<ul>{tasks}</ul>"
    )


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
    rows = [(one.text, clock(one.start), clock(one.end) if one.end is not None else "still") for one in spans]
    return _table(("what", "from", "to"), rows, 2)


def _ledger(view: LedgerView) -> str:
    counts = [(name, f"{getattr(view, name):,}") for name in LEDGER_COUNTS]
    groups = [
        (
            group.group,
            *(f"{getattr(group, name):,}" for name in GROUP_COUNTS),
        )
        for group in view.groups
    ]
    return _table(("records", "count"), counts, 1) + _table(("group", *GROUP_COUNTS), groups, len(GROUP_COUNTS))


LEDGER_COUNTS = (
    "born", "acked", "failed", "unknown", "stored", "visible", "lost", "ghost", "duplicates",
)  # fmt: skip
GROUP_COUNTS = ("fetched", "done", "duplicates", "skipped", "reordered", "phantom")
