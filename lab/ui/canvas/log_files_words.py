"""What the files of a log say of themselves, and how a fetch finds an offset in them, step by step."""

from lab.cluster.figures import counted, grouped
from lab.cluster.probes.offset_lookup import AT_END, BELOW, FOUND, NO_LOG, LookupView
from lab.cluster.probes.segments import (
    INDEX_ENTRY_BYTES,
    TIME_ENTRY_BYTES,
    BatchPlace,
    SegmentsView,
    SegmentView,
    SetAside,
)
from lab.ui.hex_dump import date_text

CLOCK_FROM = 11
"""In a date, the time of day begins here."""


def empty_text(view: SegmentsView | None) -> tuple[str, str] | None:
    """What to say where there is nothing to show; None where there is something."""
    if view is None:
        return "No partition is chosen", "Choose one above, or click a record in the lens."
    if not view.segments:
        return (
            f"{view.broker or 'Nobody'} has no log of {view.partition} open",
            "It is down, or holds no replica of it.",
        )
    return None


def summary_text(view: SegmentsView) -> str:
    """`6 segments · 14 970 bytes · flushed up to 76 · recovery point 76`."""
    size = sum(one.size_bytes for one in view.segments)
    parts = [
        counted(len(view.segments), "segment"), f"{grouped(size)} bytes",
        f"log start {grouped(view.log_start_offset)}", f"flushed up to {grouped(view.flushed_offset)}",
        f"recovery point {grouped(view.recovery_point)}",
    ]  # fmt: skip
    return " · ".join(parts)


def state_of(one: SegmentView) -> str:
    """What a segment is: written to, cleaned, or closed."""
    return "active" if one.active else "cleaned" if one.cleaned else "closed"


def range_text(batch: BatchPlace) -> str:
    """`41–43`, or `41` for a single one."""
    if batch.base_offset == batch.last_offset:
        return grouped(batch.base_offset)
    return f"{grouped(batch.base_offset)}–{grouped(batch.last_offset)}"


def entry_text(base_offset: int, entry: tuple[int, int]) -> str:
    """`+8 → 1 504`: as it stands in the index, relative to the segment's base offset."""
    offset, position = entry
    return f"+{grouped(offset - base_offset)} → {grouped(position)}"


def time_entry_text(base_offset: int, entry: tuple[int, int]) -> str:
    """`12:00:03.120 → +14`."""
    date, offset = entry
    return f"{date_text(date)[CLOCK_FROM:]} → +{grouped(offset - base_offset)}"


def seconds_left(aside: SetAside) -> str:
    """How long until a file is unlinked."""
    return f"unlinked in {-(-aside.left_ms // 1000)} s"


# --- a lookup, step by step -----------------------------------------------------------------------


def heading(lookup: LookupView) -> str:
    """What the steps are about."""
    return f"How a fetch finds offset {grouped(lookup.offset)}"


def step_texts(view: SegmentsView, lookup: LookupView) -> tuple[str, ...]:
    """A sentence a step: segment, index, scan, batch; or one that says why there is nothing to find."""
    offset = grouped(lookup.offset)
    if lookup.outcome == NO_LOG:
        return ("No running broker has this log.",)
    if lookup.outcome == BELOW:
        start = grouped(view.log_start_offset)
        return (f"{offset} is below the log start offset, {start}: the answer is OFFSET_OUT_OF_RANGE.",)
    if lookup.outcome == AT_END:
        return (f"The log ends at {offset}: no file is read, and the fetch waits for the next record.",)
    if lookup.outcome != FOUND or lookup.batch is None:
        end = grouped(view.log_end_offset)
        return (f"{offset} is beyond the log end offset, {end}: the answer is OFFSET_OUT_OF_RANGE.",)
    return (_segment_step(lookup), _index_step(lookup), _scan_step(lookup), _batch_step(view, lookup, lookup.batch))


def _segment_step(lookup: LookupView) -> str:
    name = f"{grouped(lookup.segment)}.log"
    if lookup.passed:
        first = grouped(lookup.passed[0])
        return f"{first}.log should have it, but compaction has left nothing so high there. The next file is {name}."
    return f"Of all base offsets {grouped(lookup.segment)} is the last at or below {grouped(lookup.offset)}: {name}."


def _index_step(lookup: LookupView) -> str:
    relative = f"+{grouped(max(lookup.offset - lookup.segment, 0))}"
    if not lookup.entries:
        return "Its index is empty yet: begin at byte 0."
    count = counted(lookup.entries, "entry", "entries")
    if lookup.entry is None:
        return f"A binary search over {count} finds none at or below {relative}: begin at byte 0."
    offset, position = lookup.entry
    found = f"+{grouped(offset - lookup.segment)}"
    start = grouped(position)
    return f"A binary search over {count} finds {found}, the last at or below {relative}: begin at byte {start}."


def _scan_step(lookup: LookupView) -> str:
    over = lookup.scanned[:-1]
    if not over:
        return "The first batch there reaches it already: nothing is passed over."
    size = grouped(sum(one.size_bytes for one in over))
    count = f"{len(over)} batch{'' if len(over) == 1 else 'es'}"
    return (
        f"From there {count} of {size} bytes {'is' if len(over) == 1 else 'are'} passed over, by their headers alone."
    )


def _batch_step(view: SegmentsView, lookup: LookupView, batch: BatchPlace) -> str:
    what = f"Batch {range_text(batch)}: {grouped(batch.size_bytes)} bytes from byte {grouped(batch.position)}"
    if batch.base_offset > lookup.offset:
        return f"{what}. {grouped(lookup.offset)} itself is gone, so this is what a reader gets next."
    if lookup.offset >= view.high_watermark:
        return f"{what}. It is not below the HW, {grouped(view.high_watermark)}: only followers get it yet."
    if batch.base_offset < lookup.offset:
        return f"{what}. It is sent whole: the reader itself drops what is below {grouped(lookup.offset)}."
    return f"{what}. It is sent as it is stored."


def others_text(view: SegmentsView) -> str:
    """The files of the folder that are no segment's."""
    others = [f"{name} {grouped(size)} B" for name, size in view.others if not name.endswith(".deleted")]
    return " · ".join(others)


# --- what is under the mouse ----------------------------------------------------------------------


def card_text(card: SegmentView | SetAside) -> str:
    """A segment, file by file."""
    if isinstance(card, SetAside):
        return (
            f"Segment {grouped(card.base_offset)} is no longer part of the log.\n"
            f"Its files, {grouped(card.size_bytes)} bytes, are named .deleted and are {seconds_left(card)}."
        )
    offsets = f"offsets {grouped(card.base_offset)} to before {grouped(card.next_offset)} · {state_of(card)}"
    flushed = f"{grouped(card.flushed_bytes)} of {grouped(card.size_bytes)} bytes are flushed"
    return "\n".join([offsets, *(f"{name}  {grouped(size)} B" for name, size in card.files), flushed])


def batch_text(view: SegmentsView, shown: SegmentView, batch: BatchPlace, offset: int) -> str:
    """A batch in its file."""
    end = batch.position + batch.size_bytes
    committed = "committed" if batch.last_offset < view.high_watermark else "above the HW"
    count = counted(batch.records, "record")
    lines = [
        f"batch {range_text(batch)} · {'a transaction marker' if batch.control else count}",
        f"bytes {grouped(batch.position)} to before {grouped(end)} ({grouped(batch.size_bytes)})",
        f"{committed} · {'on disk' if end <= shown.flushed_bytes else 'only in the page cache'}",
    ]
    if batch.corrupt:
        lines.append("it does not match its CRC: who checks does not take it")
    if batch.missing:
        lines.append(f"{batch.missing} of its offsets were compacted away")
    if batch.base_offset < view.log_start_offset:
        lines.append("its beginning is below the log start: it is still in the file, and nobody gets it")
    return "\n".join([*lines, f"Click: how {grouped(offset)} is found"])


def index_text(view: SegmentsView, entry: tuple[int, int]) -> str:
    """An entry of the offset index."""
    return (
        f"an entry of {INDEX_ENTRY_BYTES} bytes: offset {grouped(entry[0])} is in the batch at byte "
        f"{grouped(entry[1])}\n"
        f"one is written with the first batch after more than {grouped(view.index_interval_bytes)} bytes "
        f"(index.interval.bytes)"
    )


def time_index_text(entry: tuple[int, int]) -> str:
    """An entry of the time index."""
    return (
        f"an entry of {TIME_ENTRY_BYTES} bytes: up to offset {grouped(entry[1])} nothing is younger than "
        f"{date_text(entry[0])}"
    )


def spoken_text(view: SegmentsView | None, lookup: LookupView | None) -> str:
    """The picture for somebody who hears it."""
    empty = empty_text(view)
    if empty is not None or view is None:
        return ". ".join(empty or ())
    parts = [f"{view.partition} on {view.broker}: {summary_text(view)}."]
    if lookup is not None:
        parts += [f"{heading(lookup)}:", *step_texts(view, lookup)]
    return " ".join(parts)
