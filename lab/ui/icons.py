"""Icons: Lucide's drawings in the theme's colours, kept by name, colour, size and pixel ratio."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lab.resources import assets_folder
from lab.ui.theme import current_theme


def icon(name: str, tone: str = "t1", size: int = 18, apart: int = 0) -> QIcon:
    """An icon for a button, in a colour named by its role or state; quiet while the button is disabled.

    `apart`: empty pixels at its right.
    """
    theme = current_theme()
    side, wide = theme.px(size), theme.px(size + apart)
    found = QIcon(_widened(pixmap(name, theme.tone_text(tone), side), wide))
    found.addPixmap(_widened(pixmap(name, theme.text.t3, side), wide), QIcon.Mode.Disabled)
    return found


def _widened(picture: QPixmap, wide: int) -> QPixmap:
    ratio = picture.devicePixelRatio()
    if picture.width() >= round(wide * ratio):
        return picture
    found = QPixmap(round(wide * ratio), picture.height())
    found.setDevicePixelRatio(ratio)
    found.fill(Qt.GlobalColor.transparent)
    with QPainter(found) as p:
        p.drawPixmap(0, 0, picture)
    return found


def pixmap(name: str, colour: QColor, size: float) -> QPixmap:
    """An icon as a picture of `size` logical pixels, as sharp as the screen."""
    ratio = max([2.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())])
    return _drawn(name, colour.name(QColor.NameFormat.HexArgb), round(size), ratio)


@lru_cache(maxsize=600)
def _drawn(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as p:
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        _renderer(name, colour).render(p, QRectF(0, 0, size, size))
    return picture


@lru_cache(maxsize=600)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    source = (assets_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    shown = QColor(colour)
    opacity = f' stroke-opacity="{shown.alphaF():.3f}"' if shown.alpha() < 255 else ""
    coloured = source.replace('"currentColor"', f'"{shown.name()}"{opacity}')
    return QSvgRenderer(QByteArray(coloured.encode()))
