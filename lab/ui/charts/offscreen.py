"""Offscreen: the charts of a run that was played without a window."""

import os
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from lab.cluster.session.session import Session
from lab.lessons.output import PICTURES
from lab.lessons.report import Picture
from lab.ui.charts.catalog import Chart, chart_named
from lab.ui.charts.export import png_bytes, write_svg
from lab.ui.charts.lines import lines_by
from lab.ui.charts.sheet import ChartSheet, by_text, whole_run
from lab.ui.theme import apply_theme

SIZE = (880, 400)
REPORTED = ("throughput", "lag", "lag-seconds", "under-replicated")


def draw_charts(session: Session, folder: Path) -> tuple[Picture, ...]:
    """Write `PICTURES` into `folder`; returns the pictures of the report. Light, as paper is; needs no screen.

    The same run gives the same bytes: the fonts are bundled, and nothing asks the machine.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QApplication.instance() or QApplication(["lab"])
    apply_theme("light")
    pictures: list[Picture] = []
    for name in REPORTED:
        chart = chart_named(name)
        sheet = sheet_of(chart, session)
        png = png_bytes(sheet)
        pictures.append(Picture(chart.title, png))
        if f"{name}.png" in PICTURES:
            (folder / f"{name}.png").write_bytes(png)
            write_svg(folder / f"{name}.svg", sheet)
        sheet.deleteLater()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return tuple(pictures)


def sheet_of(chart: Chart, session: Session) -> ChartSheet:
    """A chart over the whole run."""
    sheet = ChartSheet(movable=False)
    sheet.resize(*SIZE)
    faults = tuple(one for one in session.timeline_view(1).spans if one.lane == "Faults")
    lines = lines_by(chart, session, chart.by)
    sheet.show_chart(chart, by_text(chart.by), lines, faults, session.now / 1e6)
    sheet.grab()  # gives everything its size
    sheet.look_at(*whole_run(session.now / 1e6))
    return sheet
