"""Where the files lie that are not code: beside `lab/` in a checkout, inside it in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def assets_folder() -> Path:
    """The folder of fonts, icons and sample data."""
    return _folder("assets")


def scenarios_folder() -> Path:
    """The folder of the scenarios, one Markdown file each, played in name order."""
    return _folder("scenarios")


def checkout_folder() -> Path | None:
    """The checkout this package runs from; None for an installed wheel."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() else None


def _folder(name: str) -> Path:
    packed = _PACKAGE / "_data" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name
