"""The page of settings is what the tables say."""

from pathlib import Path

from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.flavours.flavour import Flavour
from lab.kafka.config.reference import HABITS, KINDS, page

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_of_settings_is_what_the_tables_say():
    """A failure: write it anew, as the docstring of the module tells."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_setting_has_its_row_and_every_habit():
    text = page()
    for _, kind, _ in KINDS:
        assert [name for name in kind.settings if f"| `{name}` |" not in text] == []
    truths = {name for name, value in vars(Flavour("a", "a", "4.0")).items() if isinstance(value, bool)}
    assert {habit for habit, _ in HABITS} == truths
    assert {ProducerConfig, ConsumerConfig} < {kind for _, kind, _ in KINDS}
