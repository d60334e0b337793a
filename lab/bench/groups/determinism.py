"""determinism: a million events under faults, and each run of them ends in one and the same world."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from lab.bench.measurement import Figure, Say, at_most, group, told
from lab.bench.troubled import RESTORE_EVERY, Ended, elsewhere

EVENTS = 250_000
"""Of each run. Four runs make the million: what differs does so soon, since the faults begin at once."""
RUNS = (("0", False), ("1", False), ("4242", False), ("0", True))
"""PYTHONHASHSEED, and whether the run is restored from a checkpoint every 5,000 events."""
AT_ONCE = 2


@group("determinism")
def measure(say: Say) -> Iterator[Figure]:
    """Straight with three hash seeds, and restored every 5,000 events; each in a process of its own: one digest."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(_run, hash_seed, restored, say) for hash_seed, restored in RUNS]
        ended = [one.result() for one in running]
    yield told("events of all runs", "", sum(one.events for one in ended))
    yield told("faults and mendings in each", "", min(one.faults for one in ended))
    yield told("all runs", "CPU s", sum(one.cpu_s for one in ended))
    yield at_most(f"different worlds at the end of {len(RUNS)} runs", "", len({one.digest for one in ended}), 1)


def _run(hash_seed: str, restored: bool, say: Say) -> Ended:
    name = f"PYTHONHASHSEED={hash_seed}, {f'restored every {RESTORE_EVERY:,}' if restored else 'straight'}"
    say(f"{name}: {EVENTS:,} events")
    ended = elsewhere(EVENTS, hash_seed, restored=restored, heard=lambda at: say(f"{name}: {at:,}"))
    say(f"{name}: {ended.digest}")
    return ended
