"""Recorder: the numbers that charts show, read at fixed instants of virtual time.

Samples stand outside the world: the same branch always has the same ones, so rewinding changes nothing, and a
new branch forgets what came after its fork.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lab.cluster.build import image_of
from lab.cluster.probes.lens import time_lag
from lab.cluster.probes.topology import group_names
from lab.cluster.words import broker_at, ledger_of
from lab.env import Micros, millis
from lab.world.world import World

PERIOD: Micros = millis(250)
Series = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
Reading = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number to plot, by label. `rate`: the samples grow, and the chart shows how fast."""

    name: str
    unit: str
    help: str
    read: Callable[[World], Reading]
    rate: bool = False


def _records_in(world: World) -> Reading:
    return {
        str(name): truth.log_end_offset
        for name, truth in ledger_of(world).partitions.items()
        if not name.topic.startswith("__")
    }


def _records_out(world: World) -> Reading:
    return {member: count for group in ledger_of(world).groups.values() for member, count in group.done_by.items()}


def _acked(world: World) -> Reading:
    return {name: len(truth.acked) for name, truth in ledger_of(world).producers.items()}


def _lag(world: World) -> Reading:
    ledger = ledger_of(world)
    found: dict[str, float] = {}
    for group in group_names(world):
        history = ledger.groups.get(group)
        for partition, progress in (history.partitions if history is not None else {}).items():
            truth = ledger.partition(partition)
            found[f"{group} {partition}"] = max(
                0, truth.high_watermark - max(progress.committed, truth.log_start_offset, 0)
            )
    return found


def _lag_seconds(world: World) -> Reading:
    ledger = ledger_of(world)
    found: dict[str, float] = {}
    for group in group_names(world):
        history = ledger.groups.get(group)
        for partition, progress in (history.partitions if history is not None else {}).items():
            found[f"{group} {partition}"] = time_lag(world, ledger.partition(partition), progress) / 1e6
    return found


def _under_replicated(world: World) -> Reading:
    states = [one for one in image_of(world).all_partitions() if not one.partition.topic.startswith("__")]
    return {
        "under-replicated": sum(len(one.isr) < len(one.replicas) for one in states),
        "offline": sum(one.leader_id < 0 for one in states),
    }


def _log_bytes(world: World) -> Reading:
    found: dict[str, float] = {}
    for name in world.hosts:
        broker = broker_at(world, name)
        if broker is not None:
            found[name] = sum(one.log.size_bytes for one in broker.partitions.values())
    return found


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("records-in", "records/s", "appended by leaders, by partition", _records_in, rate=True),
        Metric("records-out", "records/s", "finished, by consumer", _records_out, rate=True),
        Metric("records-acked", "records/s", "acknowledged, by producer", _acked, rate=True),
        Metric("records-lag", "records", "visible and not committed, by group and partition", _lag),
        Metric("records-lag-seconds", "s", "age of the oldest of them", _lag_seconds),
        Metric(
            "under-replicated-partitions",
            "partitions",
            "fewer in sync than there are replicas",
            _under_replicated,
        ),
        Metric("log-bytes", "bytes", "on the disk, by broker", _log_bytes),
    )
}


class Recorder:
    """Samples of all metrics on the current branch."""

    def __init__(self) -> None:
        self.times: list[Micros] = []
        self.samples: dict[str, list[Reading]] = {name: [] for name in METRICS}

    def read(self, world: World, time: Micros) -> None:
        """One instant."""
        self.times.append(time)
        for name, metric in METRICS.items():
            self.samples[name].append(metric.read(world))

    def cut(self, time: Micros) -> None:
        """What came after `time` belongs to another branch."""
        keep = bisect_right(self.times, time)
        del self.times[keep:]
        for samples in self.samples.values():
            del samples[keep:]

    def series(self, metric: str, by: str | None = None) -> dict[str, Series]:
        """Label to (seconds, values). `by`: "total" adds all labels up, "group" those before the space, None each."""
        samples = self.samples[metric]
        seconds = np.array(self.times, dtype=np.float64) / 1e6
        labels: dict[str, None] = {}
        for reading in samples[-1:] + samples[:: max(1, len(samples) // 50)]:
            labels.update(dict.fromkeys(reading))
        found: dict[str, Series] = {}
        for label in labels:
            values = np.array([reading.get(label, 0.0) for reading in samples], dtype=np.float64)
            found[label] = (seconds, per_second(values) if METRICS[metric].rate else values)
        return _grouped(found, by, seconds) if by is not None else found


def per_second(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Growth over the last second, from samples a quarter of a second apart. A log that was cut counts as still."""
    steps = round(1e6 / PERIOD)
    if len(values) <= 1:
        return np.zeros(len(values))
    before = np.concatenate([np.zeros(min(steps, len(values))), values[:-steps]])
    return np.maximum(values - before, 0.0)


def _grouped(found: dict[str, Series], by: str, seconds: npt.NDArray[np.float64]) -> dict[str, Series]:
    sums: dict[str, npt.NDArray[np.float64]] = {}
    for label, (_, values) in found.items():
        name = by if by == "total" else label.split(" ")[0] if by == "group" else label.rpartition("-")[0]
        sums[name] = sums.get(name, np.zeros(len(seconds))) + values
    return {name: (seconds, values) for name, values in sums.items()}
