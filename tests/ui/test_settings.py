"""Settings are a readable file, checked value by value."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.cluster.refused import Refused
from lab.ui.app import read_settings
from lab.ui.settings import RECENT_MAX, THEMES, Settings, load, save

paths = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
settings = st.builds(
    Settings,
    theme=st.sampled_from(THEMES),
    reduced_motion=st.booleans(),
    ui_scale=st.floats(0.8, 2.0),
    recent=st.lists(paths, max_size=RECENT_MAX).map(tuple),
)


@given(settings)
def test_settings_come_back_from_their_file_as_they_were(tmp_path_factory, chosen: Settings):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    save(chosen, path)
    assert load(path) == chosen


def test_a_missing_file_means_the_defaults(tmp_path: Path):
    assert load(tmp_path / "none.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version = 2", "wanted version 1 or older"),
        ('version = "1"', "wanted version 1 or older"),
        ('theme = "pink"', "wanted one of system, dark, light"),
        ("ui_scale = 9", "wanted a number from 0.8 to 2"),
        ("ui_scale = nan", "wanted a number from 0.8 to 2"),
        ("reduced_motion = 1", "wanted true or false"),
        ("recent = [1]", "wanted a list of paths"),
        ("colour = 1", "wanted one of breakpoints, recent"),
        ("theme =", "cannot be read"),
        ("recent = " + "[" * 5_000, "is not TOML: wanted fewer levels"),
        ("version = " + "9" * 5_000, "is not TOML: wanted .* shorter numbers"),
        ("# " + "x" * 100_001, "wanted at most 100,000 bytes"),
    ],
)
def test_an_odd_settings_file_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str):
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=sentence):
        load(path)


def test_a_refused_settings_file_is_kept_beside_and_the_defaults_are_used(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.write_text("version = 99", encoding="utf-8")
    chosen, sentence = read_settings(path)
    assert chosen == Settings()
    assert "settings.odd.toml" in sentence
    assert (tmp_path / "settings.odd.toml").read_text(encoding="utf-8") == "version = 99"
    assert not path.exists()


def test_the_newest_session_is_first_and_listed_once():
    chosen = Settings().with_recent(Path("a")).with_recent(Path("b")).with_recent(Path("a"))
    assert chosen.recent == ("a", "b")
