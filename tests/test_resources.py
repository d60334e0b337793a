"""Files that are not code are found, and extension folders load in name order."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lab import registry, resources


def test_a_checkout_finds_its_own_assets():
    assert (resources.assets_folder() / "fonts" / "Inter-Regular.ttf").is_file()
    assert resources.checkout_folder() == Path(__file__).parent.parent


def test_an_installed_wheel_finds_what_was_packed_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "lab" / "_data" / "scenarios").mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "lab")
    assert resources.scenarios_folder() == tmp_path / "lab" / "_data" / "scenarios"
    assert resources.checkout_folder() is None


def test_every_icon_takes_its_colour_from_the_theme():
    icons = sorted((resources.assets_folder() / "icons").glob("*.svg"))
    assert len(icons) > 70
    for icon in icons:
        text = icon.read_text(encoding="utf-8")
        assert ET.fromstring(text).get("stroke") == "currentColor", icon.name


def test_fonts_and_icons_carry_their_licences():
    for licence in (
        "fonts/Inter-LICENSE.txt",
        "fonts/JetBrainsMono-LICENSE.txt",
        "icons/LICENSE.txt",
    ):
        assert len((resources.assets_folder() / licence).read_text(encoding="utf-8")) > 1000


def test_an_extension_folder_is_loaded_in_name_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "sample_extensions"
    folder.mkdir()
    for name in ("__init__", "zebra", "ant"):
        (folder / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    import sample_extensions  # pyright: ignore[reportMissingImports]

    loaded = registry.load_all(sample_extensions)
    assert [module.__name__ for module in loaded] == [
        "sample_extensions.ant",
        "sample_extensions.zebra",
    ]
    for name in [name for name in sys.modules if name.startswith("sample_extensions")]:
        del sys.modules[name]
