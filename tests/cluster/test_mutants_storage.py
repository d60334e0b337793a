"""Lies about what is cleaned and deleted: each is found by the fuzz, and the claim that finds it is the one it breaks.

As in test_mutants.py. The seeds are of clusters with a compacted topic.
"""

from collections.abc import Callable

import pytest

from lab.kafka.log import compaction, filtering
from lab.kafka.log.cleaner import Cleaning
from lab.kafka.log.offset_map import OffsetMap
from lab.kafka.protocol.extents import Extent
from lab.kafka.protocol.records import RecordBatch
from tests.mutants import Mutant, in_seeds, name_of

Patch = pytest.MonkeyPatch


def compaction_drops_the_newest_of_a_key(patch: Patch) -> None:
    def survivors(newest: OffsetMap, base: int, extents: list[Extent], *, tombstones_stay: bool) -> list[Extent]:
        kept = honest(newest, base, extents, tombstones_stay=tombstones_stay)
        return [one for one in extents if one not in kept]

    honest = filtering._survivors
    patch.setattr(filtering, "_survivors", survivors)


def tombstone_is_dropped_when_it_is_first_seen(patch: Patch) -> None:
    def survivors(newest: OffsetMap, base: int, extents: list[Extent], *, tombstones_stay: bool) -> list[Extent]:
        return honest(newest, base, extents, tombstones_stay=False)

    honest = filtering._survivors
    patch.setattr(filtering, "_survivors", survivors)


def tombstone_goes_with_the_second_pass(patch: Patch) -> None:
    honest = filtering.with_horizon
    patch.setattr(filtering, "with_horizon", lambda batch, horizon_ms: honest(batch, 1))


def cleaner_cleans_the_active_segment(patch: Patch) -> None:
    patch.setattr(compaction, "_first_uncleanable", lambda log, dirty, now_ms: log.last_stable_offset)


def cleaner_cleans_what_is_not_committed(patch: Patch) -> None:
    patch.setattr(compaction, "_first_uncleanable", lambda log, dirty, now_ms: log.active.base_offset)


def cleaner_moves_records_together(patch: Patch) -> None:
    """No holes: what is left of a batch is numbered anew."""

    def of_some(batch: RecordBatch, payload: bytes, kept: list[Extent]) -> RecordBatch:
        left = {batch.base_offset + one[0]: None for one in kept}
        records = [one for one in batch.records() if one.offset in left]
        return RecordBatch.build(
            records, base_offset=batch.base_offset, leader_epoch=batch.leader_epoch,
            producer_id=batch.producer_id, producer_epoch=batch.producer_epoch, base_sequence=batch.base_sequence,
        )  # fmt: skip

    patch.setattr(filtering, "_of_some", of_some)


def offset_map_takes_the_first_of_a_key(patch: Patch) -> None:
    def note(self: Cleaning, batch: RecordBatch) -> bool:
        before = dict(self.rule.newest.offsets)
        room = honest(self, batch)
        self.rule.newest.offsets.update(before)
        return room

    honest = Cleaning._note
    patch.setattr(Cleaning, "_note", note)


NEWEST = "compaction keeps the newest record of each key"
TOMBSTONE = "a tombstone stays until its delete horizon"
DECIDED = "only what is closed and decided is cleaned"
OFFSETS = "a record keeps its offset when its log is cleaned"
ONE = "a clean leaves one record of each key"

MUTANTS: tuple[tuple[Callable[[Patch], None], int, str], ...] = (
    (compaction_drops_the_newest_of_a_key, 7, NEWEST),
    (tombstone_is_dropped_when_it_is_first_seen, 7, TOMBSTONE),
    (tombstone_goes_with_the_second_pass, 7, TOMBSTONE),
    (cleaner_cleans_the_active_segment, 7, DECIDED),
    (cleaner_cleans_what_is_not_committed, 75, DECIDED),
    (cleaner_moves_records_together, 7, OFFSETS),
    (offset_map_takes_the_first_of_a_key, 7, ONE),
)
SPARE = (7, 75, 50, 3, 54)

HUNTED = tuple(Mutant(lie, claim, in_seeds((seed, *SPARE))) for lie, seed, claim in MUTANTS)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_about_cleaning_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
