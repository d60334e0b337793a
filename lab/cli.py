"""The command line: what was typed becomes one call; each command imports only what it needs."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab import __version__, preflight
from lab.resources import checkout_folder, scenarios_folder

if TYPE_CHECKING:
    from lab.lessons.output import Draw

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

LEARNERS = ("solution", "idle", "wrong")


def main(arguments: list[str]) -> int:
    """Run the command in `arguments` (without the program's name). Returns the exit code."""
    name = arguments[0] if arguments else ""
    if name == "test":
        return _test(arguments[1:])  # everything behind it belongs to pytest
    make, run = COMMANDS.get(name, (_window_arguments, _window))
    parser = make()
    given = arguments[1:] if name in COMMANDS else arguments
    return run(parser.parse_args(given))


# --- the window -----------------------------------------------------------------------------------


def _window_arguments() -> argparse.ArgumentParser:
    parser = _parser("lab", INTRODUCTION, EXAMPLES)
    parser.add_argument("--version", action="version", version=f"Streaming Lab {__version__}")
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", type=_scenario,
        help="a scenario's code or name (see: lab list), the beginning of one, or a saved session (.json)",
    )  # fmt: skip
    parser.add_argument(
        "--screenshot",
        type=Path,
        metavar="PNG",
        help="draw the window into this file and end; needs no screen",
    )
    parser.add_argument("--at", type=_seconds, metavar="SECONDS", help="start at this second of virtual time")
    parser.add_argument("--theme", choices=("dark", "light"), help="instead of the desktop's own")
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the window, e.g. 1600x1000")
    parser.add_argument(
        "--scale",
        type=_scale,
        metavar="N",
        help="picture pixels for each pixel of the window, e.g. 2",
    )
    return parser


def _window(given: argparse.Namespace) -> int:
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
    chosen = scenario or next((name for name in _scenario_names() if "sandbox" not in name), None)
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
        draw=_drawing(out),
    )


def _scenario_names() -> list[str]:
    return sorted(file.stem for file in scenarios_folder().glob("*.md"))


def _scenario(text: str) -> str:
    """The one scenario whose name begins with `text`; otherwise `text` itself, a file perhaps."""
    names = _scenario_names()
    found = [name for name in names if name.startswith(text)]
    return found[0] if len(found) == 1 and text not in names else text


# --- the terminal ---------------------------------------------------------------------------------


def _list_arguments() -> argparse.ArgumentParser:
    parser = _parser("lab list", "The scenarios there are, in the order they build on each other.")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    return parser


def _list(given: argparse.Namespace) -> int:
    from lab.lessons import terminal

    return terminal.list_scenarios(given.json)


def _play_arguments() -> argparse.ArgumentParser:
    parser = _parser(
        "lab play",
        "Play a scenario in the terminal: what happens, each check and its verdict. The same scenario,\n"
        "seed and learner give the same lines on every machine. Exit code 0: every check passed.",
    )
    parser.add_argument(
        "scenario",
        metavar="SCENARIO",
        type=_scenario,
        help="its code or name (see: lab list), or the beginning of it",
    )
    parser.add_argument(
        "--learner", choices=LEARNERS, default="solution",
        help="who sits in front of it: one who knows the solution (usual), one who does nothing, one who "
        "answers wrongly",
    )  # fmt: skip
    parser.add_argument("--seed", type=_whole, metavar="N", help="other dice than the scenario's own")
    parser.add_argument("--until", type=_seconds, metavar="SECONDS", help="stop at this second of virtual time")
    parser.add_argument(
        "--break", action="append", default=[], dest="breakpoints", metavar="WHAT",
        help="stop where this happens: loss, min-isr, rebalance, leader, fenced, 'lag > 100' or 'lag GROUP > 100'; "
        "may be given more than once; exit code 3: stopped there",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="write report and charts into this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    return parser


def _play(given: argparse.Namespace) -> int:
    from lab.lessons import terminal

    return terminal.play(
        given.scenario,
        learner=given.learner,
        seed=given.seed,
        until_seconds=given.until,
        out=given.out,
        as_json=given.json,
        draw=_drawing(given.out) if given.out is not None else None,
        breakpoints=given.breakpoints,
    )


def _drawing(out: Path) -> "Draw | None":
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


def _bench_arguments() -> argparse.ArgumentParser:
    parser = _parser(
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


def _bench(given: argparse.Namespace) -> int:
    from lab import bench

    return bench.main(given.group, given.json)


def _fuzz_arguments() -> argparse.ArgumentParser:
    parser = _parser(
        "lab fuzz",
        "Each seed makes a cluster, clients and faults, and runs them while every invariant is watched;\n"
        "then everything is healed and must come to rest. A failure prints its seed.",
    )
    parser.add_argument("--seeds", type=_whole, default=100, metavar="N", help="how many (usual: 100)")
    parser.add_argument("--first", type=_whole, default=1, metavar="N", help="the first seed (usual: 1)")
    parser.add_argument(
        "--seconds",
        type=_seconds,
        metavar="S",
        help="stop after this much real time, whatever is left",
    )
    parser.add_argument(
        "--mutants", action="store_true",
        help="instead of seeds: lies are put into the engine, in memory only; which of them are found, and by what? "
        "Exit code 1: fewer than 95 %% are (from a checkout only; takes a minute)",
    )  # fmt: skip
    return parser


def _fuzz(given: argparse.Namespace) -> int:
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


def _serve_arguments() -> argparse.ArgumentParser:
    parser = _parser(
        "lab serve",
        "A cluster for real Kafka clients, without a window: it prints `ready HOST:PORT,...` when they may connect,\n"
        "and ends with Ctrl+C. Nobody but this machine can reach it unless --listen says otherwise.",
        SERVE_EXAMPLES,
    )
    parser.add_argument(
        "--brokers", type=_whole, metavar="N", help="how many (usual: 1, or as many as the folder of --data has)"
    )
    parser.add_argument(
        "--listen", type=_listen, default=("127.0.0.1", 9092), metavar="HOST:PORT",
        help="of the first broker; the others have the ports behind it (usual: 127.0.0.1:9092; port 0: any)",
    )  # fmt: skip
    parser.add_argument(
        "--config", action="append", default=[], type=_setting, metavar="KEY=VALUE",
        help="a broker's setting, under Kafka's name; may be given more than once",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="keep the files of all machines in this folder, laid out as Kafka does (without it they are in memory and "
        "gone at the end). What is on a real disk cannot be rewound, so --data means --no-record",
    )  # fmt: skip
    parser.add_argument(
        "--no-record", action="store_true",
        help="keep no journal and check no invariants: nothing can be rewound or saved, memory does not grow with "
        "every request, and requests cost less",
    )  # fmt: skip
    parser.add_argument(
        "--users", type=Path, metavar="FILE",
        help="let in only who proves to be one of these users, a line each: name:password (SASL over plain TCP, with "
        "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512). Without it --listen takes only addresses of this machine",
    )  # fmt: skip
    return parser


SERVE_EXAMPLES = """\
the disk (--data DIR):
  DIR/broker-1, DIR/broker-2 ... are log directories as Apache Kafka has them: a folder a partition, in it segments
  (.log), their indexes and snapshots of producers, beside it checkpoints and meta.properties. Look into them with
  lab logs DIR. As in Kafka, records are written at once and safe from `kill -9`, but fsync is left to the operating
  system: a power loss may take the last of them from this machine, which is what replicas are for. To be stricter,
  --config log.flush.interval.messages=1. Whoever is killed reads and checks at the next start what was written
  since the recovery point; after Ctrl+C nothing needs to be checked. One process serves a folder at a time.

other machines (--listen 0.0.0.0:9092 --users FILE): clients have to prove who they are, with security.protocol
  SASL_PLAINTEXT. Nothing is encrypted; passwords of clients that use SCRAM do not cross the network.

examples:
  lab serve                                                  one broker at 127.0.0.1:9092, all in memory
  lab serve --brokers 3 --listen 127.0.0.1:0                 three brokers, at whatever ports are free
  lab serve --data kafka-data --config num.partitions=6      on disk; start it again and everything is there
  lab serve --data kafka-data --config log.segment.bytes=1048576    segments small enough to look at"""


def _serve(given: argparse.Namespace) -> int:
    from lab.cluster.refused import Refused
    from lab.live import serving

    host, port = given.listen
    try:
        return serving.serve(
            given.brokers, host, port, tuple(given.config),
            record=not given.no_record, folder=given.data, users=given.users,
        )  # fmt: skip
    except Refused as wrong:
        print(f"lab serve: {wrong}", file=sys.stderr)
        return 2


def _logs_arguments() -> argparse.ArgumentParser:
    parser = _parser("lab logs", LOGS, LOGS_EXAMPLES)
    parser.add_argument(
        "path", metavar="PATH", type=Path,
        help="the folder of lab serve --data, a log directory (log.dirs of a broker), a folder of a partition in it, "
        "or one of its files",
    )  # fmt: skip
    parser.add_argument("--batches", action="store_true", help="batches only, without the records in them")
    parser.add_argument(
        "--export", type=Path, metavar="DIR",
        help="first write the disks of a simulated cluster into this folder, as a broker would leave them if it were "
        "killed; PATH is a saved session (.json) or a scenario then",
    )  # fmt: skip
    parser.add_argument(
        "--at", type=_seconds, metavar="SECONDS", help="with --export: at this second (usual: where it was saved)"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, for programs; keys and values whole"
    )  # fmt: skip
    return parser


LOGS = """\
What stands in the files of a broker, whether this lab has written them or Apache Kafka. Nothing is changed, and
nothing is believed: lengths, CRCs, offsets and indexes are checked, and what is wrong is said with what was wanted,
what was found, and at which byte. Exit code 0: all is sound; 1: there are problems; 2: there is nothing to read."""

LOGS_EXAMPLES = """\
the files of a partition, in its folder TOPIC-NUMBER (the number in a name is an offset):
  00000000000000000042.log        a segment: record batches one behind the other, from offset 42 on. A batch has one
                                  header of 61 bytes (offsets, CRC, codec, producer, flags) and its records, packed
                                  together where there is a codec
  00000000000000000042.index      for a batch every 4 kB or so: its last offset, and at which byte it begins
  00000000000000000042.timeindex  the newest timestamp up to an offset: where to begin looking for a date
  00000000000000000042.txnindex   transactions that were aborted: what readers of committed records leave out
  00000000000000000042.snapshot   producers and their last sequences, so that a retry is known as one
  leader-epoch-checkpoint         at which offset each leader began: where followers cut what is not the leader's
  partition.metadata              the id of the topic: a topic made anew under the same name has another one
beside them, in the log directory:
  replication-offset-checkpoint   high watermarks: what all replicas in sync have
  recovery-point-offset-checkpoint  up to where all was flushed: after a crash only what stands behind is checked
  log-start-offset-checkpoint     where logs begin, once records were deleted
  meta.properties                 the cluster and the broker whose directory it is
  .kafka_cleanshutdown            the broker was stopped in order

examples:
  lab logs kafka-data                                     all of a served cluster
  lab logs kafka-data/broker-1/orders-0 --batches         the batches of one partition
  lab logs /var/lib/kafka/data                            a broker of Apache Kafka
  lab logs kafka-data --json | jq 'select(.kind=="problem")'    what is wrong, and nothing else
  lab logs yesterday.json --export disks                  the disks of a saved session, as folders; go on from them with
                                                          lab serve --data disks --config log.retention.ms=-1
                                                          (simulated records are dated 2026-01-01: old ones, perhaps)"""


def _logs(given: argparse.Namespace) -> int:
    from lab.cluster.refused import Refused
    from lab.disks.printing import print_logs

    try:
        if given.export is not None:
            _export(str(given.path), given.export, given.at)
        return print_logs(given.export or given.path, as_json=given.json, records=not given.batches)
    except Refused as wrong:
        print(f"lab logs: {wrong}", file=sys.stderr)
        return 2


def _export(name: str, folder: Path, at_seconds: float | None) -> None:
    """The disks of a session or a scenario at an instant. Raises Refused."""
    from lab.cluster.session.session import Session
    from lab.disks.exporting import export_cluster
    from lab.lessons import opening

    session = Session.open(Path(name)) if name.endswith(".json") else opening.start(_scenario(name))
    if at_seconds is not None:
        session.seek(int(at_seconds * 1_000_000))
    export_cluster(session.world, session.spec, folder)


def _listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"wanted HOST:PORT, e.g. 127.0.0.1:9092; found {text!r}")
    return host, int(port)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise argparse.ArgumentTypeError(f"wanted KEY=VALUE, e.g. min.insync.replicas=2; found {text!r}")
    return key.strip(), value.strip()


def _test(arguments: list[str]) -> int:
    """Run pytest in the checkout; without a screen unless LAB_SHOW=1; without Qt where Qt cannot load."""
    root = checkout_folder()
    if root is None:
        print("lab: the tests come with the source, not with the installed package", file=sys.stderr)
        return 2
    environment = dict(os.environ)
    if environment.get("LAB_SHOW") != "1":
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-m", "pytest", *arguments]
    problem = preflight.drawing_problem()
    if problem is not None:
        print(f"lab: {problem}. The tests of the window are skipped.", file=sys.stderr)
        command += ["-p", "no:pytest-qt"]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


COMMANDS = {
    "list": (_list_arguments, _list),
    "play": (_play_arguments, _play),
    "bench": (_bench_arguments, _bench),
    "fuzz": (_fuzz_arguments, _fuzz),
    "serve": (_serve_arguments, _serve),
    "logs": (_logs_arguments, _logs),
}


# --- what may be typed ----------------------------------------------------------------------------


def _parser(name: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=name,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _seconds(text: str) -> float:
    return _number(text, "seconds, 0 or more, e.g. 12 or 0.5", 0, 1e9)


def _scale(text: str) -> float:
    return _number(text, "a number from 0.5 to 4", 0.5, 4)


def _number(text: str, wanted: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:  # false for nan too
        raise argparse.ArgumentTypeError(f"wanted {wanted}; found {text!r}")
    return value


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"wanted a whole number, 0 or more; found {text!r}")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    sides = (width, height)
    if not all(side.isascii() and side.isdigit() and 320 <= int(side[:6]) <= 16000 for side in sides):
        raise argparse.ArgumentTypeError(f"wanted WxH, each 320 to 16000, e.g. 1600x1000; found {text!r}")
    return int(width), int(height)
