"""The report of a run as a file: the page that the terminal writes as well, as HTML or as PDF."""

from pathlib import Path

from PySide6.QtCore import QMarginsF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from lab.lessons.report import RunReport, html_report

PDF_DOTS_PER_INCH = 96
PAGE_MARGIN_MM = 16


def write_html(run: RunReport, path: Path) -> None:
    """Write the report as HTML. Raises OSError."""
    path.write_text(html_report(run), encoding="utf-8", newline="\n")


def write_pdf(run: RunReport, path: Path) -> None:
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
