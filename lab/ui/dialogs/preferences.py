"""Preferences: theme, motion, size of everything. Each choice takes effect at once."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QVBoxLayout,
    QWidget,
)

from lab.ui.labels import text_label
from lab.ui.settings import THEMES, UI_SCALES, Settings


class Preferences(QDialog):
    """Shows `settings` and hands every changed copy to `apply`."""

    def __init__(
        self, settings: Settings, apply: Callable[[Settings], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.settings = settings
        self.apply = apply
        self.setWindowTitle("Preferences")
        self.setMinimumWidth(400)
        self.theme = QComboBox()
        self.theme.addItems([name.capitalize() for name in THEMES])
        self.theme.setCurrentIndex(THEMES.index(settings.theme))
        self.theme.setAccessibleName("Theme")
        self.theme.currentIndexChanged.connect(lambda at: self._change(theme=THEMES[at]))
        self.scale = QComboBox()
        scales = sorted({*UI_SCALES, settings.ui_scale})
        for scale in scales:
            self.scale.addItem(f"{scale:.0%}", scale)
        self.scale.setCurrentIndex(scales.index(settings.ui_scale))
        self.scale.setAccessibleName("Size of text and drawings")
        self.scale.currentIndexChanged.connect(lambda at: self._change(ui_scale=scales[at]))
        self.motion = QCheckBox("No travel, pulse or rotation; changes cross-fade")
        self.motion.setChecked(settings.reduced_motion)
        self.motion.setAccessibleName("Reduced motion")
        self.motion.toggled.connect(lambda on: self._change(reduced_motion=on))
        form = QFormLayout()
        form.setVerticalSpacing(12)
        form.setHorizontalSpacing(18)
        form.addRow(text_label("Theme", "body"), self.theme)
        form.addRow(text_label("Size", "body"), self.scale)
        form.addRow(text_label("Reduced motion", "body"), self.motion)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(16)
        layout.addWidget(text_label("Preferences", "section"))
        layout.addLayout(form)
        layout.addWidget(buttons)

    def _change(self, **changes: object) -> None:
        self.settings = replace(self.settings, **changes)  # pyright: ignore[reportArgumentType]
        self.apply(self.settings)
