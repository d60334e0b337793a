"""FetchMetadata: a broker observes the metadata log.

In Kafka this is an ordinary Fetch of `__cluster_metadata-0` by an observer; it becomes one here together with
the quorum. Until then the records travel decoded.
"""

from dataclasses import dataclass

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
