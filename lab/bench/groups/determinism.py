"""determinism: a million events under faults end in one and the same world, however they were run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import lab
from lab.bench.measurement import Figure, Say, at_most, group, told
from lab.bench.troubled import run
from lab.world.digest import digest

EVENTS = 1_000_000
HASH_SEEDS = ("0", "1", "4242")


@group("determinism")
def measure(say: Say) -> Iterator[Figure]:
    """Straight, restored every 5,000 events, and in processes with other hash seeds: one digest."""
    begun = process_time()
    say(f"{EVENTS:,} events straight through")
    straight = run(EVENTS, restored=False)
    say("the same, restored every 5,000 events")
    found = {"straight": digest(straight.world), "restored": digest(run(EVENTS, restored=True).world)}
    yield told("events", "", straight.world.event_number)
    yield told("faults among them", "", straight.faults)
    yield told("two runs, one of them restored", "CPU s", process_time() - begun)
    for seed in HASH_SEEDS:
        say(f"the same in a process with PYTHONHASHSEED={seed}")
        found[f"PYTHONHASHSEED={seed}"] = elsewhere(EVENTS, seed)
    for name, one in found.items():
        say(f"{name}: {one}")
    yield at_most("different worlds at the end of five runs", "", len(set(found.values())), 1)


def elsewhere(events: int, hash_seed: str) -> str:
    """The digest of a straight run in a process of its own."""
    code = f"from lab.bench.troubled import hash_of_run; print(hash_of_run({events}, restored=False))"
    root = Path(lab.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
