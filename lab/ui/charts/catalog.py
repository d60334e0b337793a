"""Catalog: every chart there is, as data."""

from dataclasses import dataclass

from lab.cluster.session.recorder import METRICS


@dataclass(frozen=True, slots=True)
class Source:
    """One metric in a chart. `label`: what its line is called when there is only one; `tone`: its colour."""

    metric: str
    label: str
    tone: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """`by`: how its series are told apart at first. `worst`: of all groups show only the one that is worst off, by
    partition. `share`: say how many of how many.
    """

    name: str
    title: str
    unit: str
    sources: tuple[Source, ...]
    explain: str
    by: str = "total"
    worst: bool = False
    share: bool = False

    @property
    def whole(self) -> bool:
        """Whether it counts things, of which there are no halves; times are measured."""
        return self.unit not in ("s", "ms")

    @property
    def ways(self) -> tuple[str, ...]:
        """By what its series can be told apart."""
        found = {way: None for source in self.sources for way in METRICS[source.metric].ways}
        return tuple(found)


CHARTS = (
    Chart(
        "throughput", "Throughput", "records/s",
        (Source("records-in", "in", "record"), Source("records-out", "out", "D", dashed=True)),
        "Records appended by leaders and records finished by consumers, counted over the last second. Every group "
        "finishes every record, so two groups make *out* twice *in*.",
    ),
    Chart(
        "lag", "Lag", "records", (Source("records-lag", "lag", "pending"),),
        "Records below the high watermark that the group has not committed. It grows while records come faster than "
        "they are done, and falls in steps, since commits come in steps.",
        by="group", worst=True,
    ),
    Chart(
        "lag-seconds", "Lag in time", "s", (Source("records-lag-seconds", "age", "pending"),),
        "How long the oldest record that the group has not committed has been in the log: what the reader feels.",
        by="group",
    ),
    Chart(
        "under-replicated", "Under-replicated partitions", "partitions",
        (Source("under-replicated-partitions", "", "pending"),),
        "Partitions with fewer replicas in sync than they have. Nothing is lost yet, but less may fail than planned.",
        share=True,
    ),
    Chart(
        "offline", "Partitions without a leader", "partitions", (Source("offline-partitions", "", "fail"),),
        "Nobody can write to or read from them.", share=True,
    ),
    Chart(
        "isr", "In-sync replicas", "replicas", (Source("in-sync-replicas", "smallest", "ok"),),
        "How many replicas of a partition are in sync, its leader included; of several partitions the smallest.",
    ),
    Chart(
        "producers", "Producers", "records/s",
        (Source("records-acked", "acked", "ok"), Source("records-failed", "failed", "fail", dashed=True)),
        "Records acknowledged to their producers, and records that producers gave up, counted over the last second.",
        by="client",
    ),
    Chart(
        "log-size", "Size of the logs", "bytes", (Source("log-bytes", "", "record"),),
        "Bytes of all replicas. Retention and compaction make it fall.", by="broker",
    ),
    Chart(
        "requests", "Requests waiting", "requests", (Source("request-queue", "", "pending"),),
        "Requests that wait because their broker is busy, mostly with its disk.", by="broker",
    ),
    Chart(
        "producer-ids", "Producer ids", "producer ids", (Source("producer-ids", "most", "record"),),
        "Producers that the replicas of a broker remember, so as to know a retry. Each stays for "
        "producer.id.expiration.ms, a day, after its last record, whether it was closed or not.", by="broker",
    ),
    Chart(
        "connections", "Connections", "connections",
        (Source("connections", "open", "record"), Source("connections-made", "made a second", "pending", dashed=True)),
        "Connections that brokers have open, those of other servers among them, and how many they accept a second. "
        "Many new ones and few open ones: somebody comes, says one thing and goes.",
    ),
    Chart(
        "latency", "Latency of writing", "ms", (Source("produce-latency", "mean", "pending"),),
        "From send() to the acknowledgement, the mean of the last second. Measured where an application has an audit "
        "feature.", by="client",
    ),
)  # fmt: skip

STRIP = tuple(chart for chart in CHARTS if chart.name in ("throughput", "lag", "under-replicated"))


def strip_for(metrics: tuple[str, ...]) -> tuple[Chart, ...]:
    """The charts of the strip: those that show these metrics; the usual ones where none are named."""
    named = [next(one for one in CHARTS if metric in [source.metric for source in one.sources]) for metric in metrics]
    return tuple(named) or STRIP


def chart_named(name: str) -> Chart:
    """The chart of that name; the first for a name there is not."""
    return next((chart for chart in CHARTS if chart.name == name), CHARTS[0])
