"""What widgets look like by their role: one style sheet, made from the theme's colours and scale."""

from PySide6.QtGui import QColor

from lab.resources import assets_folder
from lab.ui.theme import Theme


def shell_style(theme: Theme) -> str:
    """The window's style sheet in `theme`."""
    return "\n".join((_text(theme), _values(theme), _buttons(theme), _frames(theme), _inputs(theme)))


def faint(colour: QColor, alpha: float) -> str:
    """`colour` as a see-through style sheet colour."""
    return f"rgba({colour.red()}, {colour.green()}, {colour.blue()}, {alpha})"


def _rule(theme: Theme, role: str, size: int, weight: int, colour: QColor) -> str:
    return f'QLabel[role="{role}"] {{ font-size: {theme.px(size)}px; font-weight: {weight}; color: {colour.name()}; }}'


def _text(theme: Theme) -> str:
    text = theme.text
    rows = (
        ("brand", 15, 600, text.t1), ("breadcrumb", 14, 500, text.t2), ("clock", 17, 600, text.t1),
        ("caption", 11, 500, text.t3), ("small", 12, 500, text.t2), ("body", 13, 400, text.t2),
        ("quiet", 12, 400, text.t3), ("section", 16, 600, text.t1), ("group-title", 12, 600, text.t2),
        ("card-title", 13, 600, text.t2), ("track", 12, 600, text.t2), ("h1", 21, 700, text.t1),
        ("question", 14, 400, text.t1), ("place", 13, 500, text.t2), ("task", 13, 400, text.t2),
        ("task-current", 13, 500, text.t1), ("task-done", 13, 400, text.t3),
        ("task-failed", 13, 500, theme.tone_text("fail")), ("hint", 13, 400, text.t2),
        ("verdict", 13, 500, text.t1), ("verdict-right", 13, 500, theme.tone_text("ok")),
        ("verdict-wrong", 13, 500, theme.tone_text("fail")), ("row-label", 13, 400, text.t2),
        ("refusal", 13, 500, theme.tone_text("pending")), ("banner-text", 13, 500, text.t1),
        ("cause-text", 13, 400, text.t2), ("hero", 34, 700, text.t1), ("lead", 15, 400, text.t2),
        ("tile-title", 14, 600, text.t1), ("presenter-question", 20, 700, text.t1),
    )  # fmt: skip
    fixed = (
        f'QLabel[role="presenter-clock"] {{ font-size: 26px; font-weight: 600; color: {text.t1.name()}; }}\n'
        f'QLabel[role="presenter-quiet"] {{ font-size: 20px; font-weight: 500; color: {text.t3.name()}; }}'
    )
    return "\n".join(_rule(theme, *row) for row in rows) + "\n" + fixed


def _values(theme: Theme) -> str:
    rows = [_rule(theme, "value", 13, 500, theme.text.t1)]
    rows.append(_rule(theme, "value-name", 13, 500, theme.text.t1))
    rows.append(_rule(theme, "value-quiet", 13, 400, theme.text.t3))
    rows += [
        _rule(theme, f"value-{tone}", 13, 600, theme.tone_text(tone))
        for tone in ("ok", "pending", "fail", "txn", "frost")
    ]
    mono = f'font-family: "JetBrains Mono"; font-size: {theme.px(12)}px;'
    return (
        "\n".join(rows)
        + f"""
QLabel[role="mono"], QLabel[role="fields"] {{ {mono} color: {theme.text.t1.name()}; }}
QLabel[role="mono-quiet"] {{ {mono} color: {theme.text.t2.name()}; }}
QPlainTextEdit[role="hex"] {{ {mono} }}
QLabel[role="key"] {{ {mono} color: {theme.text.t1.name()}; background: {theme.surface.raised.name()};
  border: 1px solid {theme.line.normal.name()}; border-radius: 4px; padding: 1px 6px; }}"""
    )


def _buttons(theme: Theme) -> str:
    s, line, text = theme.surface, theme.line, theme.text
    act, on_act = theme.interactive.accent.name(), theme.interactive.on_accent.name()
    fail = theme.state.fail
    size = f"font-size: {theme.px(13)}px; font-weight: 500;"
    pad = f"padding: {theme.px(7)}px {theme.px(12)}px; border-radius: 7px;"
    return f"""
QPushButton {{
  {size} {pad} color: {text.t1.name()}; background: {s.raised.name()};
  border: 1px solid {line.normal.name()}; }}
QPushButton:hover, QToolButton[role="icon"]:hover {{ background: {s.hover.name()}; }}
#inspector QPushButton {{ font-size: {theme.px(12)}px; padding: {theme.px(7)}px {theme.px(4)}px; }}
QAbstractButton[role="option"] {{ {size} }}
QPushButton:disabled {{ color: {text.t3.name()}; background: transparent; border-color: {line.subtle.name()}; }}
QPushButton:focus, QToolButton:focus {{ border: 1px solid {act}; }}
QPushButton[role="primary"] {{ font-weight: 600; color: {on_act}; background: {act}; border: 1px solid {act}; }}
QPushButton[role="primary"]:hover {{ background: {text.t2.name()}; }}
QPushButton[role="primary"]:disabled {{
  color: {text.t3.name()}; background: {s.hover.name()}; border-color: {s.hover.name()}; }}
QPushButton[role="danger"] {{
  color: {fail.name()}; background: {faint(fail, 0.08)}; border: 1px solid {fail.name()}; }}
QPushButton[role="danger"]:hover {{ background: {faint(fail, 0.18)}; }}
QPushButton[role="danger"]:disabled {{
  color: {text.t3.name()}; background: transparent; border-color: {line.normal.name()}; }}
QPushButton[role="flat"] {{ background: transparent; border: 1px solid transparent; }}
QPushButton[role="flat"]:hover {{ background: {s.hover.name()}; }}
QPushButton[role="chip"] {{
  font-size: {theme.px(11)}px; padding: 3px 9px; border-radius: 10px; color: {text.t2.name()};
  background: transparent; }}
QPushButton[role="chip"]:checked {{
  color: {text.t1.name()}; background: {theme.interactive.selected_bg.name()}; border-color: {act}; }}
QPushButton[role="segment"] {{
  padding: 4px {theme.px(10)}px; border-radius: 5px; color: {text.t2.name()}; background: transparent;
  border: 1px solid transparent; }}
QPushButton[role="segment"]:checked {{
  color: {text.t1.name()}; background: {s.hover.name()}; border-color: {line.normal.name()}; }}
QFrame[role="segments"][behind="true"] {{ border-color: {theme.state.pending.name()}; }}
QToolButton[role="icon"], QToolButton[role="segment-more"] {{
  padding: 5px; border-radius: 7px; border: 1px solid transparent; background: transparent;
  color: {text.t2.name()}; }}
QToolButton[role="small-icon"] {{
  padding: 0; border-radius: 4px; border: 1px solid transparent; background: transparent; }}
QToolButton[role="small-icon"]:hover {{ background: {s.hover.name()}; }}
QToolButton[role="icon"]:checked {{ background: {theme.interactive.selected_bg.name()}; border-color: {act}; }}
QToolButton[role="play"] {{
  background: {act}; border: 1px solid {act}; border-radius: 8px; padding: 6px 10px; }}
QToolButton[role="play"]:hover {{ background: {text.t2.name()}; }}
QToolButton::menu-indicator {{ image: none; }}
QPushButton[role="scenario"] {{
  text-align: left; background: {s.panel.name()}; border: 1px solid {line.normal.name()};
  border-radius: 10px; }}
QPushButton[role="scenario"]:hover, QPushButton[role="scenario"]:focus {{
  background: {s.raised.name()}; border-color: {line.strong.name()}; }}
"""


def _frames(theme: Theme) -> str:
    s, line, state = theme.surface, theme.line, theme.state
    return f"""
QMainWindow, #start-page, #lab-page {{ background: {s.app.name()}; }}
#topbar, #lesson, #inspector, #lesson-body, #inspector-body {{ background: {s.panel.name()}; }}
#stage, #records, #full-view {{ background: {s.canvas.name()}; }}
#inspector[drawer="true"] {{ border-left: 1px solid {line.strong.name()}; }}
QScrollArea {{ background: transparent; border: none; }}
QFrame[role="rule"], QFrame[role="divider"] {{ background: {line.subtle.name()}; border: none; }}
QFrame[role="divider"] {{ background: {line.normal.name()}; }}
QWidget[role="footer"] {{ border-top: 1px solid {line.subtle.name()}; }}
QFrame[role="card"] {{
  background: {s.raised.name()}; border: 1px solid {line.normal.name()}; border-radius: 10px; }}
QFrame[role="segments"] {{
  background: {s.inset.name()}; border: 1px solid {line.normal.name()}; border-radius: 8px; }}
#why-list {{ background: {s.panel.name()}; border: 1px solid {line.subtle.name()}; border-radius: 10px; }}
#why-body {{ background: transparent; }}
QFrame[role="config"] {{ background: {s.inset.name()}; border: none; border-radius: 5px; }}
QFrame[role="link"] {{ border-radius: 4px; }}
QFrame[role="link"]:hover {{ background: {s.raised.name()}; }}
QLabel[linked="true"] {{ text-decoration: underline; }}
QFrame[role="link"]:focus {{ background: {s.raised.name()}; }}
QFrame[role="cause"] {{ border: 1px solid transparent; border-radius: 6px; }}
QFrame[role="cause"]:hover {{ background: {s.raised.name()}; }}
QFrame[role="cause"]:focus {{ border-color: {theme.interactive.accent.name()}; }}
QFrame[role="banner"], QFrame[role="banner-ok"] {{
  background: {s.raised.name()}; border: 1px solid {state.pending.name()}; border-radius: 9px; }}
QFrame[role="banner-ok"] {{ border-color: {state.ok.name()}; }}
QLabel[role="tile"] {{
  background: {s.raised.name()}; border: 1px solid {line.normal.name()}; border-radius: 8px; }}
QLabel[role="badge-leader"] {{ background: {state.record.name()}; border-radius: 4px; }}
QLabel[role="badge-follower"], QLabel[role="badge-behind"] {{
  font-size: 10px; font-weight: 600; color: {theme.text.t2.name()}; border: 1px solid {line.strong.name()};
  border-radius: 4px; }}
QLabel[role="badge-behind"] {{
  color: {theme.tone_text("pending").name()}; border: 1px dashed {state.pending.name()}; }}
QSplitter::handle {{ background: {line.subtle.name()}; }}
QToolTip {{
  color: {theme.text.t1.name()}; background: {s.raised.name()}; border: 1px solid {line.strong.name()};
  padding: 4px 6px; }}
QDialog {{ background: {s.panel.name()}; }}
"""


def _inputs(theme: Theme) -> str:
    s, line, text = theme.surface, theme.line, theme.text
    act = theme.interactive.accent.name()
    marks = (assets_folder() / "marks").as_posix()
    side = theme.px(14)
    return f"""
QLineEdit, QComboBox, QPlainTextEdit, QListWidget, QTableView {{
  font-size: {theme.px(13)}px; color: {text.t1.name()}; background: {s.inset.name()};
  border: 1px solid {line.normal.name()}; border-radius: 6px;
  selection-background-color: {theme.interactive.selected_bg.name()};
  selection-color: {text.t1.name()}; }}
QLineEdit, QComboBox {{ padding: 4px 8px; }}
QLineEdit:focus, QComboBox:focus, QListWidget:focus, QTableView:focus {{ border-color: {act}; }}
QListWidget::item {{ padding: 5px 6px; border-radius: 5px; }}
QListWidget::item:selected {{ background: {theme.interactive.selected_bg.name()}; color: {text.t1.name()}; }}
QHeaderView::section {{
  font-size: {theme.px(11)}px; color: {text.t3.name()}; background: {s.canvas.name()}; border: none;
  padding: 4px 9px; }}
QTableView {{ font-size: {theme.px(12)}px; }}
QTableView::item {{ padding: 0 6px; }}
QComboBox::drop-down {{ border: none; width: {theme.px(22)}px; }}
QComboBox::down-arrow {{ image: url("{marks}/chevron.svg"); width: {side}px; height: {side}px; }}
QCheckBox::indicator, QTableView::indicator {{
  width: {side}px; height: {side}px; border: 1px solid {line.strong.name()}; border-radius: 4px;
  background: transparent; }}
QCheckBox::indicator:checked, QTableView::indicator:checked {{
  border-color: {act}; background: {act}; image: url("{marks}/check-{theme.name}.svg"); }}
QCheckBox::indicator:focus {{ border-color: {act}; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QCheckBox {{ font-size: {theme.px(13)}px; color: {text.t2.name()}; spacing: 7px; }}
QMenu {{
  font-size: {theme.px(13)}px; color: {text.t1.name()}; background: {s.raised.name()};
  border: 1px solid {line.strong.name()}; border-radius: 8px; padding: 6px; }}
QMenu::item {{ padding: 6px 22px 6px 10px; border-radius: 5px; }}
QMenu::item:selected {{ background: {s.hover.name()}; }}
QMenu::item:disabled {{ color: {text.t3.name()}; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::separator {{ height: 1px; background: {line.normal.name()}; margin: 5px 8px; }}
QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 9px; margin: 0; }}
QScrollBar::handle {{
  background: {line.normal.name()}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::handle:hover {{ background: {line.strong.name()}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
