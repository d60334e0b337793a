"""InspectorBody: one subject's sections in a column, built once and then only filled with new values."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.cluster.probes.views import CauseView, InspectorView
from lab.ui.labels import rule, text_label
from lab.ui.panels.inspector_rows import (
    CauseRow,
    ConfigRow,
    Follow,
    Group,
    ReplicaTable,
    ValueRow,
    show_text,
)


def structure(view: InspectorView) -> Any:
    """All of `view` that needs other widgets when it changes; the rest is text set in place."""
    return (
        view.kind,
        view.name,
        tuple((row.broker, row.role, row.in_sync) for row in view.replicas),
        tuple((part.title, len(part.rows)) for part in view.sections),
        bool(view.why),
        len(view.causes),
        tuple(name for name, _ in view.config),
    )


class InspectorBody(QWidget):
    """Shows views of one `structure`. Rebuilding at five times a second would swallow clicks."""

    def __init__(
        self, view: InspectorView, jump: Callable[[CauseView], None], why: Callable[[CauseView], None],
        change: Callable[[str], None], follow: Follow,
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("inspector-body")
        self.table = ReplicaTable(view.replicas, follow) if view.replicas else None
        self.values = [ValueRow(row, follow) for part in view.sections for row in part.rows]
        self.causes = [CauseRow(cause, jump, why) for cause in view.causes]
        self.config = [ConfigRow(name, value, change) for name, value in view.config]
        nothing = [text_label("Nothing yet.", "quiet")]
        self.why = Group(view.why, self.causes or nothing, 7) if view.why else None
        self._arrange(view)

    def _arrange(self, view: InspectorView) -> None:
        parts: list[Group] = []
        if self.table is not None:
            parts.append(Group("Replicas", [self.table], 6))
        rows = iter(self.values)
        for part in view.sections:
            lines = [next(rows) for _ in part.rows]
            if lines:
                parts.append(Group(part.title, lines, 8))
        if self.why is not None:
            parts.append(self.why)
        if self.config:
            parts.append(Group("Config", self.config, 5))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 10)
        layout.setSpacing(0)
        for at, part in enumerate(parts):
            part.column.setContentsMargins(18, 14, 18, 12)
            if at:
                layout.addWidget(rule())
            layout.addWidget(part)
        layout.addStretch()

    def show_values(self, view: InspectorView) -> None:
        """Fill in `view`, which has this body's structure."""
        if self.table is not None:
            self.table.set_replicas(view.replicas)
        rows = (row for part in view.sections for row in part.rows)
        for widget, row in zip(self.values, rows, strict=True):
            widget.set_row(row)
        for widget, cause in zip(self.causes, view.causes, strict=True):
            if widget.cause != cause:
                widget.set_cause(cause)
        for widget, (_, value) in zip(self.config, view.config, strict=True):
            widget.set_value(value)
        if self.why is not None:
            show_text(self.why.title, view.why)
