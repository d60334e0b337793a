"""`lab list`, and the scenario that is meant by the beginning of its name."""

import argparse

from lab.command.values import parser_of
from lab.resources import scenarios_folder


def arguments() -> argparse.ArgumentParser:
    parser = parser_of("lab list", "The scenarios there are, in the order they build on each other.")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    return parser


def run(given: argparse.Namespace) -> int:
    from lab.lessons import terminal

    return terminal.list_scenarios(given.json)


def scenario_names() -> list[str]:
    """All there are, in order."""
    return sorted(file.stem for file in scenarios_folder().glob("*.md"))


def scenario_named(text: str) -> str:
    """The one scenario whose name begins with `text`; otherwise `text` itself, a file perhaps."""
    names = scenario_names()
    found = [name for name in names if name.startswith(text)]
    return found[0] if len(found) == 1 and text not in names else text
