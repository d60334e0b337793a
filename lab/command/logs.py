"""`lab logs`: what stands in the files of a broker."""

import argparse
import sys
from pathlib import Path

from lab.command.scenarios import scenario_named
from lab.command.values import parser_of, seconds


def arguments() -> argparse.ArgumentParser:
    parser = parser_of("lab logs", DESCRIPTION, EXAMPLES)
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
        "--at", type=seconds, metavar="SECONDS", help="with --export: at this second (usual: where it was saved)"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, for programs; keys and values whole"
    )  # fmt: skip
    return parser


DESCRIPTION = """\
What stands in the files of a broker, whether this lab has written them or Apache Kafka. Nothing is changed, and
nothing is believed: lengths, CRCs, offsets and indexes are checked, and what is wrong is said with what was wanted,
what was found, and at which byte. Exit code 0: all is sound; 1: there are problems; 2: there is nothing to read."""


EXAMPLES = """\
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


def run(given: argparse.Namespace) -> int:
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

    session = Session.open(Path(name)) if name.endswith(".json") else opening.start(scenario_named(name))
    if at_seconds is not None:
        session.seek(int(at_seconds * 1_000_000))
    export_cluster(session.world, session.spec, folder)
