"""Positions: of each assigned partition, where the next record comes from (spec 6.5)."""

from lab.env import Micros, Packed
from lab.kafka.protocol.records import Record
from lab.kafka.protocol.topics import TopicPartition

INITIALIZING, RESETTING, FETCHING, VALIDATING = (
    "initializing",
    "resetting",
    "fetching",
    "validating",
)


class Position(Packed):
    """One assigned partition. `offset_epoch`: the leader epoch of the record before the position."""

    __slots__ = (
        "asked",
        "committed",
        "high_watermark",
        "leader_epoch",
        "offset",
        "offset_epoch",
        "paused",
        "retry_at",
        "stage",
        "timestamp",
    )

    def __init__(self) -> None:
        self.stage = INITIALIZING
        self.offset = -1
        self.offset_epoch = -1
        self.leader_epoch = -1
        self.committed = -1
        self.high_watermark = -1
        self.timestamp = 0
        self.paused = False
        self.asked = False
        self.retry_at: Micros = 0


class Fetched:
    """Records that have arrived and were not returned by poll() yet; next in line when the position is `offset`.
    `hidden`: ranges of offsets that no application sees, because markers or aborted records stand there. `corrupt`:
    what poll() throws behind the records, again and again until somebody seeks past it.
    """

    __slots__ = ("at", "corrupt", "epochs", "hidden", "high_watermark", "next_offset", "offset", "partition", "records")

    def __init__(
        self,
        partition: TopicPartition,
        offset: int,
        records: list[Record],
        epochs: list[int],
        next_offset: int,
        high_watermark: int,
        hidden: tuple[tuple[int, int], ...] = (),
        corrupt: str = "",
    ) -> None:
        self.partition = partition
        self.offset = offset
        self.records = records
        self.epochs = epochs
        self.next_offset = next_offset
        self.high_watermark = high_watermark
        self.at = 0
        self.hidden = hidden
        self.corrupt = corrupt
