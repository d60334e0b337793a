"""disk: what a served cluster with real files survives, and how long it takes to come back."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from lab.bench.killed import TOPIC, Process, make, survive
from lab.bench.librdkafka import library
from lab.bench.measurement import Figure, Say, at_least, at_most, group, told

KILLS = 150
KILLS_OF_THREE = 50
RECORDS, SIZE = 1_000_000, 1_000
"""One gigabyte."""
BATCHES = ("", "batch.size=16384")
RESTART_S = 5


@group("disk")
def measure(say: Say) -> Iterator[Figure]:
    """Killed (`kill -9`) under load again and again, with flush.messages=1 and acks=all; and started on a gigabyte."""
    if library() is None:
        say("skipped: confluent-kafka, whose library is the client, is not installed")
        return
    for brokers, kills in ((1, KILLS), (3, KILLS_OF_THREE)):
        yield from _killed(say, brokers, kills)
    for settings in BATCHES:
        yield from _restarted(say, settings)


def _killed(say: Say, brokers: int, kills: int) -> Iterator[Figure]:
    say(f"{kills} times kill -9, {brokers} broker{'s' if brokers > 1 else ''}")
    name = "3 replicas" if brokers > 1 else "1 broker"
    with tempfile.TemporaryDirectory() as folder:
        load, starts, wrong = survive(Path(folder), kills, seed=brokers, brokers=brokers)
    for one in wrong:
        say(f"WRONG: {one}")
    yield at_least(f"{name}: kills survived", "kills", len(starts), kills)
    yield told(f"{name}: records acknowledged", "records", len(load.acked))
    yield at_most(f"{name}: lost, twice, or out of order", "findings", len(wrong), 0)
    yield told(f"{name}: start after a kill, the median", "s", median(starts))


def _restarted(say: Say, settings: str) -> Iterator[Figure]:
    name = settings or "default batches"
    say(f"1 GB in {name}, then killed")
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), 1)
        with Process(Path(folder)) as server:
            server.start()
            wall = _produced(server.addresses, settings)
            server.kill()
            yield told(f"{name}: 1 GB written, fsync left to the system", "MB/s", RECORDS * SIZE / wall / 1e6)
            yield at_most(f"{name}: start on 1 GB after kill -9", "s", server.start(), RESTART_S)
            server.stop()
            yield at_most(f"{name}: start on 1 GB after a clean stop", "s", server.start(), RESTART_S)


def _produced(addresses: str, settings: str) -> float:
    command = [sys.executable, "-m", "lab.bench.librdkafka", "produce", addresses, TOPIC, str(RECORDS), str(SIZE)]
    if settings:
        command += ["--set", settings]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(found.stdout)["seconds"])
