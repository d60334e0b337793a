"""The bundled fonts, so that the window looks the same everywhere: Inter, and JetBrains Mono for code."""

from PySide6.QtGui import QFontDatabase

from lab.resources import assets_folder

SANS = "Inter"
MONO = "JetBrains Mono"
_loaded: list[int] = []


def load_fonts() -> None:
    """Register them with Qt, once a process."""
    if not _loaded:
        paths = sorted((assets_folder() / "fonts").glob("*.ttf"))
        _loaded.extend(QFontDatabase.addApplicationFont(str(path)) for path in paths)
