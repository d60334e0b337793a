"""Recorder: the numbers that charts show, read at fixed instants of virtual time.

Samples stand outside the world: the same branch always has the same ones, so rewinding changes nothing, and a
new branch forgets what came after its fork.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isnan

import numpy as np
import numpy.typing as npt

from lab.cluster.build import broker_hosts, image_of
from lab.cluster.ledger.group_history import Progress
from lab.cluster.ledger.latencies import latencies_of
from lab.cluster.ledger.truth import PartitionTruth, ProducerTruth
from lab.cluster.lookup.parts import broker_at, ledger_of
from lab.cluster.probes.lens import time_lag
from lab.cluster.probes.topology import group_names
from lab.env import Micros, millis
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.heap import PRODUCER_BYTES, used_bytes
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

PERIOD: Micros = millis(250)
NOTHING = float("nan")
"""The value of a label that was not there: a partition nobody reads has no lag, which is not a lag of zero."""
INTERNAL = "__"

Values = npt.NDArray[np.float64]
Series = tuple[Values, Values]
Reading = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number to plot, by label. `parts`: what the words of a label name, e.g. ("group", "partition").

    `rate`: the samples count up, and the chart shows how fast. `together`: how labels become one, "sum", "max"
    or "min".
    """

    name: str
    unit: str
    help: str
    parts: tuple[str, ...]
    read: Callable[[World], Reading]
    rate: bool = False
    together: str = "sum"

    @property
    def ways(self) -> tuple[str, ...]:
        """By what its series can be told apart; a partition tells its topic."""
        topic = ("topic",) if "partition" in self.parts else ()
        return ("total", *topic, *self.parts)


# --- reading --------------------------------------------------------------------------------------


def _records_in(world: World) -> Reading:
    return {
        f"{name} {broker}": count
        for name, truth in ledger_of(world).partitions.items()
        for broker, count in truth.appended_by.items()
    }


def _records_out(world: World) -> Reading:
    return {
        f"{group} {member} {name}": count
        for group, history in ledger_of(world).groups.items()
        for name, progress in history.partitions.items()
        for member, count in progress.done_by.items()
    }


def _acked(world: World) -> Reading:
    return _by_client(world, lambda truth: len(truth.acked))


def _failed(world: World) -> Reading:
    return _by_client(world, lambda truth: len(truth.failed) + len(truth.unknown))


def _by_client(world: World, count: Callable[[ProducerTruth], int]) -> Reading:
    """By producer app; each of its processes counts its own births under `name.2`, `name.3` …"""
    found: dict[str, float] = {}
    for name, truth in ledger_of(world).producers.items():
        client = name.partition(".")[0]
        found[client] = found.get(client, 0) + count(truth)
    return found


def _read(world: World) -> Iterable[tuple[str, PartitionTruth, Progress]]:
    """Every partition that a living group has read: the label, the truth, and how far the group came."""
    ledger = ledger_of(world)
    for group in group_names(world):
        history = ledger.groups.get(group)
        for partition, progress in (history.partitions if history is not None else {}).items():
            yield f"{group} {partition}", ledger.partition(partition), progress


def _lag(world: World) -> Reading:
    return {
        label: max(0, truth.high_watermark - max(progress.committed, truth.log_start_offset, 0))
        for label, truth, progress in _read(world)
    }


def _lag_seconds(world: World) -> Reading:
    return {label: time_lag(world, truth, progress) / 1e6 for label, truth, progress in _read(world)}


def _partitions(world: World) -> list[PartitionState]:
    return [one for one in image_of(world).all_partitions() if not one.partition.topic.startswith(INTERNAL)]


def _under_replicated(world: World) -> Reading:
    return {str(one.partition): len(one.isr) < len(one.replicas) for one in _partitions(world)}


def _offline(world: World) -> Reading:
    return {str(one.partition): one.leader_id < 0 for one in _partitions(world)}


def _in_sync(world: World) -> Reading:
    return {str(one.partition): len(one.isr) for one in _partitions(world)}


def _log_bytes(world: World) -> Reading:
    return {f"{name} {partition}": size for name, partition, size in _logs(world)}


def _logs(world: World) -> Iterable[tuple[str, TopicPartition, int]]:
    for name in broker_hosts(world):
        broker = broker_at(world, name)
        for partition, replica in (broker.partitions if broker is not None else {}).items():
            yield name, partition, replica.log.size_bytes


def _queue(world: World) -> Reading:
    return {name: len(world.hosts[name].backlog) for name in broker_hosts(world)}


def _producer_ids(world: World) -> Reading:
    return {name: used_bytes(broker.partitions) // PRODUCER_BYTES for name, broker in _running(world)}


def _connections(world: World) -> Reading:
    return {name: len(broker.channels) for name, broker in _running(world)}


def _connections_made(world: World) -> Reading:
    return {name: broker.connections_made for name, broker in _running(world)}


def _running(world: World) -> list[tuple[str, Broker]]:
    found = ((name, broker_at(world, name)) for name in broker_hosts(world))
    return [(name, broker) for name, broker in found if broker is not None]


def _latency(world: World) -> Reading:
    measured = latencies_of(world)
    if measured is None:
        return {}
    found = {client: measured.of(client, world.now) for client in measured.newest}
    return {client: latency / 1e3 for client, latency in found.items() if latency is not None}


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("records-in", "records/s", "appended by leaders", ("partition", "broker"), _records_in, rate=True),
        Metric("records-out", "records/s", "finished by consumers", ("group", "client", "partition"), _records_out,
               rate=True),
        Metric("records-acked", "records/s", "acknowledged to producers", ("client",), _acked, rate=True),
        Metric("records-failed", "records/s", "given up by producers", ("client",), _failed, rate=True),
        Metric("records-lag", "records", "visible and not committed", ("group", "partition"), _lag),
        Metric("records-lag-seconds", "s", "age of the oldest record not committed", ("group", "partition"),
               _lag_seconds, together="max"),
        Metric("under-replicated-partitions", "partitions", "fewer in sync than there are replicas", ("partition",),
               _under_replicated),
        Metric("offline-partitions", "partitions", "without a leader", ("partition",), _offline),
        Metric("in-sync-replicas", "replicas", "in sync, the leader included", ("partition",), _in_sync,
               together="min"),
        Metric("log-bytes", "bytes", "on the disk", ("broker", "partition"), _log_bytes),
        Metric("request-queue", "requests", "waiting for a busy broker", ("broker",), _queue),
        Metric("producer-ids", "producer ids", "remembered by replicas", ("broker",), _producer_ids, together="max"),
        Metric("connections", "connections", "open", ("broker",), _connections),
        Metric("connections-made", "connections/s", "accepted", ("broker",), _connections_made, rate=True),
        Metric("produce-latency", "ms", "from send() to the acknowledgement", ("client",), _latency, together="max"),
    )
}  # fmt: skip


# --- keeping --------------------------------------------------------------------------------------


class Columns:
    """One metric's samples: a column for each label, as long as there are samples."""

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.columns: dict[str, array[float]] = {}

    def add(self, reading: Reading, before: int) -> None:
        """One more sample, after `before` others. A label seen for the first time had nothing until now."""
        for label, value in reading.items():
            column = self.columns.get(label)
            if column is None:
                column = self.columns[label] = array("d", [self.gap]) * before
            column.append(value)
        if len(reading) < len(self.columns):
            for column in self.columns.values():
                if len(column) == before:
                    column.append(self.gap)

    def cut(self, keep: int) -> None:
        """Only the first `keep` samples have been; labels that came later were never seen."""
        for label, column in list(self.columns.items()):
            del column[keep:]
            if all(value == self.gap or isnan(value) for value in column):
                del self.columns[label]


class Recorder:
    """Samples of all metrics on the current branch."""

    def __init__(self) -> None:
        self.times: list[Micros] = []
        # A counter nobody has counted yet stands at zero; any other number is not there.
        self.samples = {name: Columns(0.0 if metric.rate else NOTHING) for name, metric in METRICS.items()}
        self._answers: dict[tuple[str, str | None], dict[str, Series]] = {}

    def read(self, world: World, time: Micros) -> None:
        """One instant."""
        for name, metric in METRICS.items():
            self.samples[name].add(metric.read(world), len(self.times))
        self.times.append(time)
        self._answers.clear()

    def cut(self, time: Micros) -> None:
        """What came after `time` belongs to another branch."""
        keep = bisect_right(self.times, time)
        del self.times[keep:]
        for samples in self.samples.values():
            samples.cut(keep)
        self._answers.clear()

    def series(self, metric: str, by: str | None = None) -> dict[str, Series]:
        """Label to (seconds, values), NaN where a label was not there; the arrays are not to be written to.

        `by`: one of the metric's `ways`, or None for each label by itself.
        """
        found = self._answers.get((metric, by))
        if found is None:
            found = self._answers[metric, by] = self._series(METRICS[metric], by)
        return found

    def _series(self, metric: Metric, by: str | None) -> dict[str, Series]:
        assert by is None or by in metric.ways, f"{metric.name} by {by}"
        seconds = np.array(self.times, dtype=np.float64) / 1e6
        found: dict[str, Values] = {}
        for label, column in self.samples[metric.name].columns.items():
            values = np.array(column, dtype=np.float64)
            name = label if by is None else group_of(label, metric.parts, by)
            found[name] = joined(found[name], values, metric.together) if name in found else values
        return {name: (seconds, per_second(one) if metric.rate else one) for name, one in found.items()}


def group_of(label: str, parts: tuple[str, ...], by: str) -> str:
    """The word of a label that `by` asks for."""
    if by == "total":
        return by
    if by == "topic":
        return label.rsplit(" ", len(parts) - 1)[parts.index("partition")].rpartition("-")[0]
    return label.rsplit(" ", len(parts) - 1)[parts.index(by)]


def joined(one: Values, other: Values, together: str) -> Values:
    """Two series as one. What is there counts; it is missing only where both are."""
    if together == "max":
        return np.fmax(one, other)
    if together == "min":
        return np.fmin(one, other)
    both = np.nan_to_num(one) + np.nan_to_num(other)
    both[np.isnan(one) & np.isnan(other)] = NOTHING
    return both


def per_second(values: Values) -> Values:
    """Growth over the last second, from samples a quarter of a second apart."""
    steps = round(1e6 / PERIOD)
    if len(values) <= 1:
        return np.zeros(len(values))
    before = np.concatenate([np.zeros(min(steps, len(values))), values[:-steps]])
    return np.maximum(values - before, 0.0)
