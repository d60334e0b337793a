"""Facts about a quorum of controllers; a controller that is alone states none of them."""

from dataclasses import dataclass


@dataclass(slots=True)
class QuorumRoleChanged:
    """A voter is now `role` (Kafka's names of states) in `epoch`; `leader_id` -1: it knows of no leader."""

    replica_id: int
    role: str
    epoch: int
    leader_id: int


@dataclass(slots=True)
class QuorumVoteGranted:
    """A voter gave its vote of `epoch` away, and has written so to its disk."""

    replica_id: int
    epoch: int
    candidate_id: int


@dataclass(slots=True)
class QuorumLogLoaded:
    """A voter's process has opened its log: `epochs` are (epoch, first offset)."""

    replica_id: int
    log_end_offset: int
    epochs: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class QuorumAppended:
    """A voter wrote a batch of `epoch`; `leading`: as the leader."""

    replica_id: int
    base_offset: int
    next_offset: int
    epoch: int
    leading: bool


@dataclass(slots=True)
class QuorumTruncated:
    """A voter cut its log: all from `offset` on is gone there."""

    replica_id: int
    offset: int
    log_end_offset: int


@dataclass(slots=True)
class QuorumHighWatermarkMoved:
    """A voter's high watermark. The leader's is what commits."""

    replica_id: int
    high_watermark: int
    epoch: int
    leading: bool


@dataclass(slots=True)
class QuorumSnapshotTaken:
    """A voter wrote down all that is committed below `end_offset`."""

    replica_id: int
    end_offset: int
    epoch: int


@dataclass(slots=True)
class QuorumSnapshotLoaded:
    """A voter took a snapshot over from its leader; its log begins anew at `end_offset`."""

    replica_id: int
    end_offset: int
    epoch: int


@dataclass(slots=True)
class MetadataApplied:
    """A controller or broker has taken in the committed metadata below `offset`."""

    offset: int


@dataclass(slots=True)
class Decided:
    """A fact about the decision at an offset of the metadata log, stated by the leader that saw it committed.

    A later leader may state it again: it cannot know what the one before it has said.
    """

    offset: int
    fact: object
