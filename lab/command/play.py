"""`lab play`: a scenario in the terminal, without a window."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab import preflight
from lab.command.scenarios import scenario_named
from lab.command.values import parser_of, seconds, whole_number

if TYPE_CHECKING:
    from lab.lessons.output import Draw

LEARNERS = ("solution", "idle", "wrong")


def arguments() -> argparse.ArgumentParser:
    parser = parser_of(
        "lab play",
        "Play a scenario in the terminal: what happens, each check and its verdict. The same scenario,\n"
        "seed and learner give the same lines on every machine. Exit code 0: every check passed.",
    )
    parser.add_argument(
        "scenario",
        metavar="SCENARIO",
        type=scenario_named,
        help="its code or name (see: lab list), or the beginning of it",
    )
    parser.add_argument(
        "--learner", choices=LEARNERS, default="solution",
        help="who sits in front of it: one who knows the solution (usual), one who does nothing, one who "
        "answers wrongly",
    )  # fmt: skip
    parser.add_argument("--seed", type=whole_number, metavar="N", help="other dice than the scenario's own")
    parser.add_argument("--until", type=seconds, metavar="SECONDS", help="stop at this second of virtual time")
    parser.add_argument(
        "--break", action="append", default=[], dest="breakpoints", metavar="WHAT",
        help="stop where this happens: loss, min-isr, rebalance, leader, fenced, 'lag > 100' or 'lag GROUP > 100'; "
        "may be given more than once; exit code 3: stopped there",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="write report and charts into this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    return parser


def run(given: argparse.Namespace) -> int:
    from lab.lessons import terminal

    return terminal.play(
        given.scenario,
        learner=given.learner,
        seed=given.seed,
        until_seconds=given.until,
        out=given.out,
        as_json=given.json,
        draw=drawing(given.out) if given.out is not None else None,
        breakpoints=given.breakpoints,
    )


def drawing(out: Path) -> "Draw | None":
    """What draws the charts; where Qt does not load, one sentence about what will be missing, and why."""
    from lab.lessons.output import PICTURES

    problem = preflight.drawing_problem()
    if problem is None:
        try:
            from lab.ui.charts.offscreen import draw_charts
        except ImportError as wrong:
            problem = f"Qt does not load ({wrong})"
        else:
            return draw_charts
    print(f"lab: {', '.join(PICTURES)} will be missing in {out}/: {problem}", file=sys.stderr)
    return None
