"""What `isolation.level=read_committed` leaves out of a fetch (spec 5.5)."""

from collections.abc import Sequence

from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import RecordBatch

Aborted = tuple[tuple[int, int], ...]
"""(producer id, first offset), as the broker lists them."""


def aborted_batches(batches: Sequence[RecordBatch], aborted: Aborted) -> dict[int, None]:
    """The base offsets of the batches that belong to aborted transactions. A transaction of the list begins with the
    first batch that reaches its first offset, and ends with its producer's ABORT marker.
    """
    waiting = sorted(aborted, key=lambda one: one[1])
    open_ids: dict[int, None] = {}
    found: dict[int, None] = {}
    for batch in batches:
        while waiting and waiting[0][1] <= batch.last_offset:
            open_ids[waiting.pop(0)[0]] = None
        if batch.is_control:
            marker = read_marker(batch)
            if marker is not None and not marker.commit:
                open_ids.pop(batch.producer_id, None)
        elif batch.is_transactional and batch.producer_id in open_ids:
            found[batch.base_offset] = None
    return found
