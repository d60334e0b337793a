"""Theme: colours by meaning, sizes and fonts, in dark and light; made from `tokens.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from lab.ui.fonts import MONO, SANS, load_fonts

TOKENS = Path(__file__).with_name("tokens.toml")
CATEGORY_LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Surface:
    """Backgrounds, from the window's own to what lies on top."""

    app: QColor
    canvas: QColor
    panel: QColor
    raised: QColor
    hover: QColor
    inset: QColor


@dataclass(frozen=True)
class Line:
    """Borders and rules."""

    subtle: QColor
    normal: QColor
    strong: QColor


@dataclass(frozen=True)
class Text:
    """Text from loud to quiet."""

    t1: QColor
    t2: QColor
    t3: QColor


@dataclass(frozen=True)
class Interactive:
    """Buttons, focus, selection: black and white, never a hue."""

    accent: QColor
    on_accent: QColor
    selected_bg: QColor


@dataclass(frozen=True)
class State:
    """One hue, one meaning, everywhere."""

    record: QColor
    record_cell: QColor
    record_cell_text: QColor
    ok: QColor
    pending: QColor
    fail: QColor
    txn: QColor
    frost: QColor


class Theme:
    """All colours and sizes of one theme at one scale."""

    def __init__(self, name: str, tokens: dict[str, Any], ui_scale: float, reduced_motion: bool) -> None:
        self.name = name
        self.dark = name == "dark"
        self.ui_scale = ui_scale
        self.reduced_motion = reduced_motion
        own = tokens[name]
        self.surface = Surface(**_colours(own["surface"]))
        self.line = Line(**_colours(own["line"]))
        self.text = Text(**_colours(own["text"]))
        self.interactive = Interactive(**_colours(own["interactive"]))
        self.state = State(**_colours(own["state"]))
        self.category = tuple(QColor(own["category"][letter]) for letter in CATEGORY_LETTERS)
        self._darker = _colours(own.get("state_text", {}))
        self.sizes: dict[str, float] = tokens["type"]
        self._fonts: dict[tuple[float, int, bool], QFont] = {}

    def px(self, size: float) -> int:
        """A design size in pixels at this scale."""
        return max(1, round(size * self.ui_scale))

    def tone(self, name: str) -> QColor:
        """A state's colour by name, for graphics; a role like `t2` or `on_accent` works as well."""
        for group in (self.state, self.text, self.interactive, self.line):
            found = getattr(group, name, None)
            if found is not None:
                return found
        return self.text.t2

    def tone_text(self, name: str) -> QColor:
        """A state's colour for text: in the light theme a darker twin where contrast needs it."""
        return self._darker.get(name) or self.tone(name)

    def font(self, size: float, weight: int = 400, *, mono: bool = False) -> QFont:
        """The window's font, or the one for code, in a design size."""
        key = (size, weight, mono)
        found = self._fonts.get(key)
        if found is None:
            found = QFont(MONO if mono else SANS)
            found.setPixelSize(self.px(size))
            found.setWeight(QFont.Weight(weight))
            if not mono:
                found.setFeature(QFont.Tag("tnum"), 1)
            found.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            self._fonts[key] = found
        return found


def with_alpha(colour: QColor, alpha: float) -> QColor:
    """The colour, see-through."""
    found = QColor(colour)
    found.setAlphaF(alpha)
    return found


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """Between two colours: `share` of the second."""
    return QColor(
        round(one.red() + (other.red() - one.red()) * share),
        round(one.green() + (other.green() - one.green()) * share),
        round(one.blue() + (other.blue() - one.blue()) * share),
    )


def _colours(table: dict[str, str]) -> dict[str, QColor]:
    return {name: QColor(value) for name, value in table.items()}


_current: list[Theme] = []


def current_theme() -> Theme:
    """The theme in force; the dark one before any was applied."""
    if not _current:
        _current.append(_read("dark", 1.0, False))
    return _current[0]


def _read(name: str, ui_scale: float, reduced_motion: bool) -> Theme:
    return Theme(name, tomllib.loads(TOKENS.read_text(encoding="utf-8")), ui_scale, reduced_motion)


def resolved(name: str) -> str:
    """`system` as what the desktop wants, where it says so; else dark."""
    if name in ("dark", "light"):
        return name
    light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
    return "light" if light else "dark"


def apply_theme(name: str, *, ui_scale: float = 1.0, reduced_motion: bool = False) -> Theme:
    """Make a theme current, and give the application its palette and font."""
    load_fonts()
    theme = _read(resolved(name), ui_scale, reduced_motion)
    _current[:] = [theme]
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setStyle("Fusion")
        application.setPalette(_palette(theme))
        application.setFont(theme.font(theme.sizes["body"]))
    return theme


def _palette(theme: Theme) -> QPalette:
    """Set by hand: on a bare Linux `setColorScheme` does nothing."""
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, theme.surface.app),
        (role.Base, theme.surface.inset),
        (role.AlternateBase, theme.surface.panel),
        (role.Button, theme.surface.raised),
        (role.WindowText, theme.text.t1),
        (role.Text, theme.text.t1),
        (role.ButtonText, theme.text.t1),
        (role.PlaceholderText, theme.text.t3),
        (role.ToolTipBase, theme.surface.raised),
        (role.ToolTipText, theme.text.t1),
        (role.Highlight, theme.interactive.selected_bg),
        (role.HighlightedText, theme.text.t1),
        (role.Link, theme.state.record),
        (role.Mid, theme.line.normal),
    ):
        palette.setColor(which, colour)
    palette.setColor(QPalette.ColorGroup.Disabled, role.ButtonText, theme.text.t3)
    palette.setColor(QPalette.ColorGroup.Disabled, role.Text, theme.text.t3)
    return palette
