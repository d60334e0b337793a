"""`lab bench`: how fast it all is on this machine."""

import argparse

from lab.command.values import parser_of


def arguments() -> argparse.ArgumentParser:
    parser = parser_of(
        "lab bench",
        "How fast the engine and the window are on this machine, in processor time, each figure beside its\n"
        "target. All of it takes minutes. Exit code 0: every target holds; 1: one is missed.",
    )
    parser.add_argument(
        "group",
        nargs="?",
        metavar="GROUP",
        help="one group of measurements (world, fleet, checkpoint, rewind, promises, throughput, compaction, "
        "determinism, window, window-served, wire, wire-idle, disk)",
    )
    parser.add_argument("--json", action="store_true", help="as JSON, to compare with earlier runs")
    return parser


def run(given: argparse.Namespace) -> int:
    from lab import bench

    return bench.main(given.group, given.json)
