"""Export: charts as pictures and as a table.

Pictures are the widget drawn once more, on paper instead of the screen. (pyqtgraph's own exporter fails on SVG
since Qt 6.11, and its CSV knows neither units nor series.)
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from lab.cluster.session.recorder import METRICS
from lab.cluster.session.samples import csv_text
from lab.ui.charts.catalog import Chart
from lab.ui.screenshot import picture_of

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

PICTURE_SCALE = 2.0


def write_csv(path: Path, charts: Iterable[Chart], session: "Session", by: str | None = None) -> None:
    """Every sample of the charts' metrics as `time,series,value,unit`; told apart by `by` where that can
    be, or else as far as can be. Raises OSError.
    """
    metrics = dict.fromkeys(source.metric for chart in charts for source in chart.sources)
    chosen = [metric for metric in metrics if by is None or by in METRICS[metric].ways]
    text = csv_text((metric, session.series(metric, by)) for metric in chosen)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_picture(path: Path, widget: QWidget, kind: str) -> None:
    """`widget` as it looks now, as `svg` or `png`. Raises OSError."""
    (write_svg if kind == "svg" else write_png)(path, widget)


def write_png(path: Path, widget: QWidget) -> None:
    """`widget` as it looks now, two picture pixels to one of its own. Raises OSError."""
    path.write_bytes(png_bytes(widget))


def png_bytes(widget: QWidget) -> bytes:
    """The same as bytes."""
    return image_bytes(picture_of(widget, PICTURE_SCALE))


def image_bytes(image: QImage) -> bytes:
    """A picture as a PNG."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType] - stub knows only paths
    return bytes(data.data())


def write_svg(path: Path, widget: QWidget) -> None:
    """`widget` as it looks now, as lines and text. Raises OSError."""
    with path.open("wb"):
        pass  # the generator says nothing about a path it cannot open; this does.
    paper = QSvgGenerator()
    paper.setFileName(str(path))
    paper.setSize(QSize(widget.width(), widget.height()))
    paper.setViewBox(QRect(0, 0, widget.width(), widget.height()))
    paper.setResolution(widget.logicalDpiX())  # its usual 72 makes every text of the axes too small
    with QPainter(paper) as p:
        widget.render(p, QPoint())
