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

    def __init__(self, settings: Settings, apply: Callable[[Settings], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.apply = apply
        self.setWindowTitle("Preferences")
        self.setMinimumWidth(400)
        self.theme = QComboBox()
        self.theme.addItems([name.capitalize() for name in THEMES])
        self.theme.setCurrentIndex(THEMES.index(settings.theme))
        self.theme.setAccessibleName("Theme")
        self.theme.currentIndexChanged.connect(self._choose_theme)
        self.scale = QComboBox()
        self.scales = sorted({*UI_SCALES, settings.ui_scale})
        for scale in self.scales:
            self.scale.addItem(f"{scale:.0%}", scale)
        self.scale.setCurrentIndex(self.scales.index(settings.ui_scale))
        self.scale.setAccessibleName("Size of text and drawings")
        self.scale.currentIndexChanged.connect(self._choose_scale)
        self.motion = QCheckBox("No travel, pulse or rotation; changes cross-fade")
        self.motion.setChecked(settings.reduced_motion)
        self.motion.setAccessibleName("Reduced motion")
        self.motion.toggled.connect(self._choose_motion)
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

    def _choose_theme(self, at: int) -> None:
        self._change(theme=THEMES[at])

    def _choose_scale(self, at: int) -> None:
        self._change(ui_scale=self.scales[at])

    def _choose_motion(self, on: bool) -> None:
        self._change(reduced_motion=on)

    def _change(self, **changes: object) -> None:
        self.settings = replace(self.settings, **changes)  # pyright: ignore[reportArgumentType]
        self.apply(self.settings)
