"""Pictures of widgets at any scale, independent of the screen."""

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from lab.cluster.refused import Refused


def picture_of(widget: QWidget, scale: float = 1.0) -> QImage:
    """`widget` as it looks now, `scale` picture pixels to one of its own."""
    size = widget.size()
    image = QImage(
        round(size.width() * scale),
        round(size.height() * scale),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    widget.render(image, QPoint())
    return image


def save_picture(widget: QWidget, path: Path, scale: float = 1.0) -> None:
    """Write a PNG. Raises Refused when the file cannot be written."""
    if not picture_of(widget, scale).save(str(path), "PNG"):  # pyright: ignore[reportCallIssue, reportArgumentType] - wants str
        raise Refused(f"the picture could not be written to {path}")
