"""`lab fuzz`: random clusters and faults, or mutants of the engine."""

import argparse
import subprocess
import sys

from lab.command.values import parser_of, seconds, whole_number
from lab.resources import checkout_folder


def arguments() -> argparse.ArgumentParser:
    parser = parser_of(
        "lab fuzz",
        "Each seed makes a cluster, clients and faults, and runs them while every invariant is watched;\n"
        "then everything is healed and must come to rest. A failure prints its seed.",
    )
    parser.add_argument("--seeds", type=whole_number, default=100, metavar="N", help="how many (usual: 100)")
    parser.add_argument("--first", type=whole_number, default=1, metavar="N", help="the first seed (usual: 1)")
    parser.add_argument(
        "--seconds",
        type=seconds,
        metavar="S",
        help="stop after this much real time, whatever is left",
    )
    parser.add_argument(
        "--mutants", action="store_true",
        help="instead of seeds: lies are put into the engine, in memory only; which of them are found, and by what? "
        "Exit code 1: fewer than 95 %% are (from a checkout only; takes a minute)",
    )  # fmt: skip
    return parser


def run(given: argparse.Namespace) -> int:
    if given.mutants:
        return _mutants()
    from lab.cluster.fuzzing import fuzz
    from lab.lessons.failure import write_failure

    return fuzz.main(given.seeds, given.first, given.seconds, write_failure)


def _mutants() -> int:
    """Hunt the mutants of the tests, in a process of their own: what they change ends with it."""
    root = checkout_folder()
    if root is None or not (root / "tests").is_dir():
        print("lab: the mutants come with the source, not with the installed package", file=sys.stderr)
        return 2
    return subprocess.run([sys.executable, "-m", "tests.mutants"], cwd=root, check=False).returncode
