"""What is true of a producer's records, and of a partition's."""

from dataclasses import dataclass, field

from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.load_runs import LoadRuns
from lab.env import Micros, NodeId, Packed
from lab.env.vec import Vec


@dataclass(slots=True)
class ProducerTruth:
    """One producer's records by their number of birth."""

    born: int = 0
    acked: IntervalSet = field(default_factory=IntervalSet)
    failed: IntervalSet = field(default_factory=IntervalSet)
    unknown: IntervalSet = field(default_factory=IntervalSet)
    stored: IntervalSet = field(default_factory=IntervalSet)


@dataclass(slots=True)
class PartitionTruth(Packed):
    """One partition as its latest leader holds it: the reference log.

    `births[offset]` is the birth of the record there (None: not from a producer app); there are `log_end_offset` of
    them. Offsets from `log_start_offset` to `high_watermark` are visible. `appended_by`: how many each leader ever
    appended.
    """

    births: Vec[str | None] = field(default_factory=Vec[str | None])
    appended_at: Vec[Micros] = field(default_factory=Vec[Micros])
    leader_epoch: int = -1
    leader: NodeId = ""
    log_start_offset: int = 0
    high_watermark: int = 0
    acked: IntervalSet = field(default_factory=IntervalSet)
    lost: int = 0
    duplicates: int = 0
    appended_by: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    log_end_offset: int = 0
    runs: LoadRuns | None = None

    def birth_at(self, offset: int) -> str | None:
        """The birth of the record at an offset below the end."""
        if self.runs is None:
            return self.births[offset]
        run = self.runs.at_or_below(offset)
        if run is not None and offset < run.end_offset:
            if not run.producer:
                return None
            return f"{run.producer}:{run.first + offset - run.base_offset}"
        return self.births[offset - self.runs.before(offset)]

    def time_at(self, offset: int) -> Micros:
        """When the record at an offset below the end was appended."""
        if self.runs is None:
            return self.appended_at[offset]
        run = self.runs.at_or_below(offset)
        if run is not None and offset < run.end_offset:
            return run.appended_at
        return self.appended_at[offset - self.runs.before(offset)]

    def cut(self, end: int) -> None:
        """Forget what stood at `end` and beyond."""
        single = end
        if self.runs is not None:
            self.runs.cut(end)
            single = end - self.runs.before(end)
        self.births.truncate(single)
        self.appended_at.truncate(single)
        self.log_end_offset = end
