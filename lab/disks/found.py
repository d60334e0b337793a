"""What a reader of log folders finds, one thing after the other, as data. Problems are found things too."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose files follow. `what`: a cluster, a log directory, or a partition."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A `.log` file, or a snapshot of the metadata log; its batches follow."""

    path: str
    size_bytes: int
    base_offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A record batch, as its header says; `position` is the byte at which it begins. Its records follow."""

    position: int
    size_bytes: int
    base_offset: int
    last_offset: int
    record_count: int
    codec: str
    leader_epoch: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    last_sequence: int
    transactional: bool
    control: bool
    log_append_time: bool
    delete_horizon_ms: int | None
    base_timestamp_ms: int
    max_timestamp_ms: int
    crc_valid: bool


@dataclass(frozen=True, slots=True)
class OneRecord:
    """A record. `control`: what a control record says; empty for data."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    control: str


@dataclass(frozen=True, slots=True)
class Table:
    """A small file of rows: an index, a snapshot of producers, a checkpoint. `what` it is, in words."""

    path: str
    what: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """A small file of named values."""

    path: str
    what: str
    values: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Other:
    """A file that is not decoded."""

    path: str
    size_bytes: int
    what: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wanted, what was found, and at which byte of which file; -1: it is no matter of bytes."""

    path: str
    position: int
    wanted: str
    found: str

    def __str__(self) -> str:
        where = f"{self.path}, byte {self.position:,}" if self.position >= 0 else self.path
        return f"{where}: wanted {self.wanted}; found {self.found}"


Found = Folder | Segment | Batch | OneRecord | Table | Values | Other | Problem
