"""Settings: what the person chose, as a readable TOML file; anything odd in it is refused with a sentence."""

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import cast

from PySide6.QtCore import QStandardPaths

from lab.cluster.refused import Refused, wanted
from lab.cluster.session.breakpoints import breakpoints_from

VERSION = 1
THEMES = ("system", "dark", "light")
UI_SCALES = (1.0, 1.15, 1.3, 1.6)
RECENT_MAX = 8
BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one person on one machine. Window places are not here: Qt keeps those itself.

    `breakpoints`: at what a new session stops; one that was saved has its own.
    """

    theme: str = "system"
    reduced_motion: bool = False
    ui_scale: float = 1.0
    recent: tuple[str, ...] = ()
    breakpoints: tuple[str, ...] = ()

    def with_recent(self, path: Path) -> "Settings":
        """These settings with `path` as the newest of the recent sessions."""
        name = str(path)
        others = tuple(other for other in self.recent if other != name)
        return replace(self, recent=(name, *others)[:RECENT_MAX])


def settings_path() -> Path:
    """Where the settings are kept: the desktop's folder for configuration."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)
    return Path(folder) / "settings.toml"


def load(path: Path) -> Settings:
    """The settings in `path`, or the defaults when there is no such file. Raises Refused with what is wrong."""
    if not path.exists():
        return Settings()
    try:
        wanted(path.stat().st_size <= BYTES_MAX, f"{path.name}: wanted at most {BYTES_MAX:,} bytes",
               f"{path.stat().st_size:,}")  # fmt: skip
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise Refused(f"{path.name} cannot be read: {wrong}") from wrong
    except (RecursionError, ValueError):
        raise Refused(f"{path.name} is not TOML: wanted fewer levels and shorter numbers") from None
    return parse(data, path.name)


def parse(data: dict[str, object], where: str = "settings") -> Settings:
    """Settings from plain data, every value checked."""
    version = data.pop("version", VERSION)
    wanted(type(version) is int and version <= VERSION,
           f"{where}: wanted version {VERSION} or older (a newer Streaming Lab wrote this file)", version)  # fmt: skip
    known = {field.name for field in fields(Settings)}
    for name in data:
        wanted(name in known, f"{where}: wanted one of {', '.join(sorted(known))}", repr(name))
    read = Settings()
    theme = data.get("theme", read.theme)
    wanted(theme in THEMES, f"{where}: theme: wanted one of {', '.join(THEMES)}", repr(theme))
    reduced_motion = data.get("reduced_motion", read.reduced_motion)
    wanted(
        type(reduced_motion) is bool,
        f"{where}: reduced_motion: wanted true or false",
        repr(reduced_motion),
    )
    ui_scale = data.get("ui_scale", read.ui_scale)
    wanted(type(ui_scale) in (int, float) and 0.8 <= float(cast("float", ui_scale)) <= 2.0,
           f"{where}: ui_scale: wanted a number from 0.8 to 2", repr(ui_scale))  # fmt: skip
    return Settings(
        theme=str(theme),
        reduced_motion=bool(reduced_motion),
        ui_scale=float(cast("float", ui_scale)),
        recent=_texts(data.get("recent", []), where, "recent", "paths")[:RECENT_MAX],
        breakpoints=_breakpoints(data.get("breakpoints", []), where),
    )


def _texts(value: object, where: str, name: str, what: str) -> tuple[str, ...]:
    said = repr(value)
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    wanted(all(isinstance(item, str) for item in items), f"{where}: {name}: wanted a list of {what}", said)
    return tuple(cast("list[str]", items))


def _breakpoints(value: object, where: str) -> tuple[str, ...]:
    texts = _texts(value, where, "breakpoints", "texts")
    return tuple(str(one) for one in breakpoints_from(texts, f"{where}: breakpoints"))


def save(settings: Settings, path: Path) -> None:
    """Write `settings`; the old file stays whole until the new one is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(to_toml(settings), encoding="utf-8")
    fresh.replace(path)


def to_toml(settings: Settings) -> str:
    """The file's text."""
    recent = "".join(f"  {quoted(path)},\n" for path in settings.recent)
    breakpoints = ", ".join(quoted(text) for text in settings.breakpoints)
    return (
        f"version = {VERSION}\n"
        f"theme = {quoted(settings.theme)}\n"
        f"reduced_motion = {'true' if settings.reduced_motion else 'false'}\n"
        f"ui_scale = {settings.ui_scale}\n"
        f"recent = [\n{recent}]\n"
        f"breakpoints = [{breakpoints}]\n"
    )


def quoted(text: str) -> str:
    """`text` as a TOML basic string."""
    escaped = "".join(
        f"\\u{ord(letter):04x}" if ord(letter) < 32 or ord(letter) == 127 else letter
        for letter in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'


def look_of(settings: Settings) -> Settings:
    """Only what can be seen."""
    return replace(settings, recent=(), breakpoints=())
