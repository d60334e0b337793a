"""`lab` without a command: the window, a picture of it, or why there is none."""

import argparse
import sys
from pathlib import Path

from lab import __version__, preflight
from lab.command.play import drawing
from lab.command.scenarios import scenario_named, scenario_names
from lab.command.values import parser_of, scale, seconds, size
from lab.resources import scenarios_folder

INTRODUCTION = """\
Streaming Lab: run a Kafka cluster in virtual time, break it, rewind it, see why.

Without a command the window opens: on the start page, on a scenario, or on a saved session."""

EXAMPLES = """\
commands:
  list      the scenarios there are
  play      play a scenario in the terminal, without a window
  serve     a cluster for real Kafka clients
  logs      read the files of a broker, of ours or of Apache Kafka's
  bench     measure how fast the engine and the window are here
  fuzz      random clusters, random faults, every guarantee watched
  test      run the tests

examples:
  lab                                          the window
  lab D3                                       the window, on the scenario with the code D3
  lab 01                                       the window, on the scenario whose name begins with 01
  lab yesterday.json                           the window, on a saved session
  lab D3 --screenshot first.png --at 12        a picture of second 12, no screen needed
  lab play D3 --learner wrong                  see in the terminal what the wrong answer leads to
  lab play D3 --out out --json                 events as JSON; report and charts in out/
  lab fuzz --first 7 --seeds 1                 run the seed of a failure again
  lab fuzz --mutants                           would it find our mistakes? lies in the engine, and who finds them
  lab test tests/kafka -k high_watermark       some of the tests

Every command explains itself: lab play --help
From a checkout without installing anything, write python3 -m lab for lab."""


def arguments() -> argparse.ArgumentParser:
    parser = parser_of("lab", INTRODUCTION, EXAMPLES)
    parser.add_argument("--version", action="version", version=f"Streaming Lab {__version__}")
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", type=scenario_named,
        help="a scenario's code or name (see: lab list), the beginning of one, or a saved session (.json)",
    )  # fmt: skip
    parser.add_argument(
        "--screenshot",
        type=Path,
        metavar="PNG",
        help="draw the window into this file and end; needs no screen",
    )
    parser.add_argument("--at", type=seconds, metavar="SECONDS", help="start at this second of virtual time")
    parser.add_argument("--theme", choices=("dark", "light"), help="instead of the desktop's own")
    parser.add_argument("--size", type=size, metavar="WxH", help="size of the window, e.g. 1600x1000")
    parser.add_argument(
        "--scale",
        type=scale,
        metavar="N",
        help="picture pixels for each pixel of the window, e.g. 2",
    )
    return parser


def run(given: argparse.Namespace) -> int:
    drawn: Path | None = given.screenshot
    problem = preflight.drawing_problem() if drawn else preflight.window_problem()
    if problem is not None and drawn is not None:
        print(f"lab: {problem}", file=sys.stderr)
        return 2
    if problem is not None:
        return _without_window(given.scenario, given.at, problem)
    from lab.ui import app

    return app.run(
        given.scenario,
        screenshot=drawn,
        at_seconds=given.at,
        theme=given.theme,
        size=given.size,
        scale=given.scale,
    )


def _without_window(scenario: str | None, until_seconds: float | None, problem: str) -> int:
    """Say why there is no window, then do the main job in the terminal."""
    from lab.lessons import terminal

    # The sandbox comes first in the folder, but by itself nothing happens there.
    chosen = scenario or next((name for name in scenario_names() if "sandbox" not in name), None)
    out = Path("out")
    print(f"lab: {problem}", file=sys.stderr)
    if chosen is None:
        print(f"lab: and there is no scenario in {scenarios_folder()}", file=sys.stderr)
        return 2
    print(f"lab: playing {chosen} here in the terminal; its charts go to {out}/", file=sys.stderr)
    return terminal.play(
        chosen,
        learner="solution",
        seed=None,
        until_seconds=until_seconds,
        out=out,
        as_json=False,
        draw=drawing(out),
    )
