"""Views made by hand: the files of a log with everything that can be painted of them, and two futures compared."""

from lab.cluster.probes.comparison import ComparedLogs, ComparedPart, ComparedRow, ComparedSide, ComparisonView
from lab.cluster.probes.offset_lookup import FOUND, LookupView
from lab.cluster.probes.segments import BatchPlace, SegmentsView, SegmentView, SetAside
from lab.cluster.probes.views import CellView

SECOND = 1_000_000
DATE = 1_767_225_600_000
SIZES = (190, 190, 310, 190, 78, 190, 190, 430, 190, 190, 190, 250)
FIRST = 240


def batches() -> tuple[BatchPlace, ...]:
    """Single records, batches of several, one of which compaction went through, and a marker."""
    found: list[BatchPlace] = []
    position, offset = 0, FIRST
    for at, size in enumerate(SIZES):
        count = {2: 3, 7: 5, 11: 2}.get(at, 1)
        records = count - 1 if at == 2 else count
        found.append(BatchPlace(position, size, offset, offset + count - 1, records, at == 4, None))
        position, offset = position + size, offset + count
    return tuple(found)


def segment(base: int, end: int, size: int, *, active: bool = False, cleaned: bool = False) -> SegmentView:
    """One without its insides."""
    name = f"{base:020d}"
    files = ((f"{name}.log", size), (f"{name}.index", 16), (f"{name}.timeindex", 24))
    return SegmentView(base, end, size, active, cleaned, size, DATE, files, (), (), (), ())


def files_of_a_log() -> tuple[SegmentsView, LookupView]:
    """Two files wait to be unlinked, two were cleaned, the active one is flushed in part; a record in a batch of five
    is looked up.
    """
    stored = batches()
    size = sum(SIZES)
    name = f"{FIRST:020d}"
    index = tuple((one.last_offset, one.position) for one in (stored[3], stored[5], stored[9]))
    times = tuple((DATE + 4_250 * at, stored[at].last_offset) for at in (3, 5, 9))
    shown = SegmentView(
        FIRST, 258, size, True, False, stored[8].position, DATE,
        ((f"{name}.log", size), (f"{name}.index", 24), (f"{name}.timeindex", 36)), index, times, stored, (),
    )  # fmt: skip
    segments = (segment(120, 160, 900, cleaned=True), segment(160, 200, 1_400, cleaned=True), segment(200, 240, 2_900))
    view = SegmentsView(
        "prices-0", "broker-2", 120, 256, 258, 250, False, (*segments, shown), (("leader-epoch-checkpoint", 12),), None,
        252, 3_000, 500, (SetAside(0, 2_847, 4_000), SetAside(60, 2_912, 29_000)),
    )  # fmt: skip
    entry = index[1]
    scanned = stored[5:8]
    return view, LookupView("prices-0", "broker-2", scanned[-1].base_offset + 2, FOUND, FIRST, (), 3, entry, scanned)


def cells(letters: str, committed: int) -> tuple[CellView, ...]:
    """Records with these keys, from offset 60 on."""
    return tuple(
        CellView(60 + at, letter, "ABCDEFGH".index(letter), 60 + at < committed) for at, letter in enumerate(letters)
    )


def row(name: str, one: str, other: str) -> ComparedRow:
    return ComparedRow(name, tuple(one.split()), tuple(other.split()))


def two_futures() -> ComparisonView:
    """One broker was killed here, another there: other leaders, other records, and some are lost."""
    one = ComparedSide("branch 2", 24 * SECOND, ((6 * SECOND, "Crash broker-2"),))
    other = ComparedSide("main", 24 * SECOND, ((6 * SECOND, "Crash broker-1"), (9 * SECOND, "Restart broker-1")))
    words = (
        "lost records: 0 in branch 2, 3 in main.",
        "orders-0 is led by broker-1 in branch 2, by broker-3 in main.",
        "From offset 68 on other records stand in orders-0.",
    )
    parts = (
        ComparedPart(
            "Partitions", ("leader", "epoch", "ISR", "HW", "LEO"),
            (row("orders-0", "broker-1 2 1,3 77 79", "broker-3 3 2,3 74 74"), row("orders-1", "broker-3 1 1,3 81 81",
                                                                                   "broker-3 1 1,3 81 81")),
        ),
        ComparedPart("Offsets of the groups", ("committed", "position"),
                     (row("billing orders-0", "70 77", "66 74"),)),
        ComparedPart("Groups", ("state", "generation", "lag", "done", "done twice", "skipped"), ()),
        ComparedPart("Ledger", ("records",), (row("acked", "158", "158"), row("lost", "0", "3"))),
    )  # fmt: skip
    strangers = frozenset(range(68, 74))
    logs = ComparedLogs(
        "orders-0", 60, 30, cells("ABCABCABCABCABCABCA", 77), cells("ABCABCABBCABCA", 74), 68, strangers
    )
    return ComparisonView(one, other, 6 * SECOND, words, parts, logs)
