"""FetchMetadata: a broker observes the metadata log.

In Kafka this is an ordinary Fetch of `__cluster_metadata-0` by an observer, which keeps a log of its own. Here the
records travel decoded, and only when they are committed: so there is nothing that a broker would have to cut.
"""

from dataclasses import dataclass

from lab.env import NodeId
from lab.kafka.metadata.records import MetadataRecord


@dataclass(slots=True)
class FetchMetadataRequest:
    """Records from `fetch_offset` on; waits up to `max_wait_ms` for one."""

    broker_id: int
    fetch_offset: int
    max_wait_ms: int


@dataclass(slots=True)
class FetchMetadataResponse:
    """Committed records, the first of which has offset `base_offset`."""

    base_offset: int
    records: tuple[MetadataRecord, ...]


@dataclass(slots=True)
class FetchMetadataSnapshot:
    """The log begins later than the broker asks: all that is committed below `end_offset`, as a snapshot has it."""

    end_offset: int
    records: tuple[MetadataRecord, ...]


@dataclass(slots=True)
class FetchMetadataRefused:
    """NOT_LEADER_OR_FOLLOWER: this controller does not lead; `controller` does, as far as it knows ("": nobody)."""

    controller: NodeId
