"""The inspector's kinds of line: a replica, a value, a cause, a setting. Each can be shown anew in place."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from lab.cluster.figures import grouped
from lab.cluster.probes.views import EXCHANGE, OFFSET, CauseView, ReplicaRow, Row
from lab.lessons.wording import plain, rich
from lab.ui.icons import pixmap as drawn
from lab.ui.labels import pixmap, set_rich, set_role, show_icon, text_label
from lab.ui.theme import current_theme
from lab.ui.wording import short_time

CONFIG_LETTERS = 31
"""How many letters of the typewriter face stand in a line."""
Follow = Callable[[str, str], None]
"""Goes to the kind and name of a link."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def symbol(name: str, colour: str, size: int = 16) -> QLabel:
    """An icon as a label."""
    label = QLabel()
    label.setPixmap(pixmap(name, colour, size))
    return label


def show_text(label: QLabel, text: str) -> None:
    """Set a label's text, touching nothing when it is the same."""
    if label.text() != text:
        label.setText(text)


def set_linked(label: QLabel, linked: bool) -> None:
    """Underline the word that leads somewhere."""
    if bool(label.property("linked")) != linked:
        label.setProperty("linked", linked)
        label.style().unpolish(label)
        label.style().polish(label)


class Group(QWidget):
    """Widgets under a heading."""

    def __init__(self, title: str, lines: Sequence[QWidget], spacing: int) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(spacing)
        self.title = text_label(title, "group-title", wrap=True)
        self.column.addWidget(self.title)
        for line in lines:
            self.column.addWidget(line)


class RoleBadge(QLabel):
    """A crown for the leader, F for a follower, a dashed F out of the ISR."""

    def __init__(self, role: str, in_sync: bool) -> None:
        super().__init__("" if role == "leader" else "F")
        side = current_theme().px(18)
        self.setFixedSize(side, side)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        look = "leader" if role == "leader" else ("follower" if in_sync else "behind")
        self.setProperty("role", f"badge-{look}")
        if role == "leader":
            self.setPixmap(drawn("crown", QColor("white"), current_theme().px(13)))


class LinkRow(QFrame):
    """A line that may lead to another thing: by a click, or by Return."""

    def __init__(self, follow: Follow) -> None:
        super().__init__()
        self.follow = follow
        self.link: tuple[str, str] | None = None
        self.line = QHBoxLayout(self)
        self.line.setContentsMargins(0, 0, 0, 0)

    def set_link(self, link: tuple[str, str] | None) -> None:
        """Lead there; None: nowhere."""
        if link == self.link:
            return
        self.link = link
        set_role(self, "link" if link is not None else "")
        self.setCursor(Qt.CursorShape.ArrowCursor if link is None else Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if link is None else Qt.FocusPolicy.TabFocus)
        self.setToolTip("" if link is None else leads_to(*link))
        self.setAccessibleName(self.toolTip())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.link is not None and self.rect().contains(event.position().toPoint()):
            self.follow(*self.link)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.link is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.follow(*self.link)
            return
        super().keyPressEvent(event)


def named(kind: str, name: str) -> str:
    """The name of what a link leads to, as it is written."""
    return grouped(int(name)) if kind == OFFSET else name


def leads_to(kind: str, name: str) -> str:
    """What a click on a link does."""
    if kind == OFFSET:
        return f"How offset {grouped(int(name))} is found in the files"
    if kind == EXCHANGE:
        return "This request and its answer, field by field"
    return f"Go to the {kind} {name}"


class ReplicaTable(QWidget):
    """The replicas of a partition: log end offset, how far behind, whether in the ISR. A name leads to its broker."""

    def __init__(self, replicas: tuple[ReplicaRow, ...], follow: Follow) -> None:
        super().__init__()
        self.follow = follow
        self.numbers: list[tuple[QLabel, QLabel]] = []
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(7)
        self.grid.setColumnStretch(1, 1)
        for column, heading in ((1, "replica"), (2, "LEO"), (3, "behind"), (4, "ISR")):
            align = Qt.AlignmentFlag.AlignLeft if column == 1 else RIGHT
            self.grid.addWidget(text_label(heading, "caption"), 0, column, align)
        for at, replica in enumerate(replicas, 1):
            self._add(replica, at)
        self.set_replicas(replicas)

    def _add(self, replica: ReplicaRow, at: int) -> None:
        end = text_label("", "value")
        behind = text_label("", "value-quiet" if replica.in_sync else "value-pending")
        name, colour = ("link", "ok") if replica.in_sync else ("unlink", "pending")
        mark = symbol(name, colour)
        mark.setAccessibleName("in sync" if replica.in_sync else "out of the ISR")
        self.grid.addWidget(RoleBadge(replica.role, replica.in_sync), at, 0)
        name_row = LinkRow(self.follow)
        name_row.set_link(("broker", replica.broker))
        name = text_label(replica.broker, "value-name")
        name.setProperty("linked", True)
        name_row.line.addWidget(name)
        self.grid.addWidget(name_row, at, 1)
        for column, widget in ((2, end), (3, behind), (4, mark)):
            self.grid.addWidget(widget, at, column, RIGHT)
        self.numbers.append((end, behind))

    def set_replicas(self, replicas: tuple[ReplicaRow, ...]) -> None:
        """Show the numbers of the same replicas anew."""
        for replica, (end, behind) in zip(replicas, self.numbers, strict=True):
            unknown = replica.log_end_offset < 0
            show_text(end, "—" if unknown else grouped(replica.log_end_offset))
            show_text(behind, "—" if unknown or replica.role == "leader" else grouped(replica.behind))


class ValueRow(LinkRow):
    """A label at the left, its value at the right in its tone."""

    def __init__(self, row: Row, follow: Follow) -> None:
        super().__init__(follow)
        self.name = text_label("", "row-label")
        self.value = text_label("", "value", wrap=True)
        self.value.setAlignment(RIGHT)
        self.line.addWidget(self.name, 0, Qt.AlignmentFlag.AlignTop)
        self.line.addWidget(self.value, 1)
        self.set_row(row)

    def set_row(self, row: Row) -> None:
        """Show `row`."""
        show_text(self.name, row.label)
        show_text(self.value, row.value)
        self.set_link(row.link)
        leads_by_value = row.link is not None and row.value == named(*row.link)
        set_linked(self.name, row.link is not None and not leads_by_value)
        set_linked(self.value, leads_by_value)
        text = Qt.TextInteractionFlag  # what can be selected takes the click
        self.value.setTextInteractionFlags(
            text.TextSelectableByMouse if row.link is None else text.NoTextInteraction
        )  # fmt: skip
        tone = f"value-{row.tone}" if row.tone else "value"
        set_role(self.value, "mono" if row.mono else tone)


class CauseRow(QFrame):
    """A cause: what, when. Click or Return jumps to its event; a button beside it asks `why`, where that is given."""

    def __init__(
        self, cause: CauseView, jump: Callable[[CauseView], None], why: Callable[[CauseView], None] | None = None
    ) -> None:
        super().__init__()
        self.cause = cause
        self.jump = jump
        self.setProperty("role", "cause")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Jump to this event")
        self.symbol = QLabel()
        self.text = text_label("", "cause-text", wrap=True)
        self.stamp = text_label("", "caption", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.text)
        below = QHBoxLayout()
        below.addWidget(self.stamp, 1)
        words.addLayout(below)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(10)
        layout.addWidget(self.symbol, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        if why is not None:
            below.addWidget(self._why_button(why))
        self.set_cause(cause)

    def _why_button(self, why: Callable[[CauseView], None]) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "small-icon")
        show_icon(button, "waypoints", "t3", 14)
        button.setToolTip("Why? What led to it")
        button.setAccessibleName("Why? What led to it")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: why(self.cause))
        return button

    def set_cause(self, cause: CauseView) -> None:
        """Show `cause`."""
        self.cause = cause
        self.symbol.setPixmap(pixmap(cause.icon, cause.tone or "t2", 16))
        set_rich(self.text, rich(cause.text))
        time = short_time(cause.time)
        show_text(self.stamp, f"{time} · {cause.label}" if cause.label else time)
        self.setAccessibleName(f"{plain(cause.text)}, {time}: jump there")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.jump(self.cause)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.jump(self.cause)
            return
        super().keyPressEvent(event)


class ConfigRow(QFrame):
    """A setting and its value, in the typewriter face; the value goes below where both do not fit in one line. Click or
    Return asks for another value.
    """

    def __init__(self, name: str, value: str, change: Callable[[str], None]) -> None:
        super().__init__()
        self.name = name
        self.change = change
        self.setProperty("role", "config")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Change it, or another setting")
        self.value = text_label("", "mono", wrap=True)
        self.value.setAlignment(RIGHT)
        self.column = QHBoxLayout(self)
        self.column.setContentsMargins(10, 3, 10, 3)
        self.column.setSpacing(6)
        wide = len(name) > CONFIG_LETTERS  # a dot is where it may break
        self.column.addWidget(text_label(name.replace(".", ".\u200b") if wide else name, "mono-quiet", wrap=wide))
        self.column.addWidget(self.value, 1)
        self.set_value(value)

    def set_value(self, value: str) -> None:
        """Show `value`. A comma is where a long one may break."""
        long = len(self.name) + len(value) > CONFIG_LETTERS
        self.column.setDirection(QBoxLayout.Direction.TopToBottom if long else QBoxLayout.Direction.LeftToRight)
        show_text(self.value, value.replace(",", ",\u200b"))
        self.setAccessibleName(f"{self.name} is {value}: change it")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.change(self.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.change(self.name)
            return
        super().keyPressEvent(event)
