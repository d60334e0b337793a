"""`lab serve`: a cluster for real clients, without a window."""

import argparse
import sys
from pathlib import Path

from lab.command.values import host_and_port, parser_of, setting, whole_number


def arguments() -> argparse.ArgumentParser:
    parser = parser_of(
        "lab serve",
        "A cluster for real Kafka clients, without a window: it prints `ready HOST:PORT,...` when they may connect,\n"
        "and ends with Ctrl+C. Nobody but this machine can reach it unless --listen says otherwise.",
        EXAMPLES,
    )
    parser.add_argument(
        "--brokers", type=whole_number, metavar="N", help="how many (usual: 1, or as many as the folder of --data has)"
    )
    parser.add_argument(
        "--listen", type=host_and_port, default=("127.0.0.1", 9092), metavar="HOST:PORT",
        help="of the first broker; the others have the ports behind it (usual: 127.0.0.1:9092; port 0: any)",
    )  # fmt: skip
    parser.add_argument(
        "--config", action="append", default=[], type=setting, metavar="KEY=VALUE",
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


EXAMPLES = """\
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


def run(given: argparse.Namespace) -> int:
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
