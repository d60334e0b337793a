"""LogFilesLayout: where a log's files and bytes are: cards of segments, one file in full, a part of it large."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from lab.cluster.probes.offset_lookup import LookupView
from lab.cluster.probes.segments import BatchPlace, SegmentsView, SegmentView, SetAside

EDGE, NAME = 20, 138
CARDS_TOP, CARD_WIDE, CARD_HIGH, CARD_GAP = 54, 112, 60, 8
FILE_TOP, FILE_HIGH = 142, 14
RULER, LANE_TOP, LANE_HIGH, SCAN = 204, 220, 42, 281
INDEX, TIMES, STEPS, LINE = 318, 362, 410, 24
BATCHES_SHOWN = 20
"""So many batches of the size of the one looked for are shown large, if their file has more."""
BATCHES_MAX = 300

ByteWindow = tuple[int, int]
"""The first byte shown large, and one past the last."""
Card = SegmentView | SetAside


@dataclass(frozen=True, slots=True)
class LogFilesLayout:
    """Pixels, for one view, one window of bytes and one width. `older`, `newer`: how many cards have no room."""

    scale: float
    width: float
    window: ByteWindow
    shown: SegmentView
    cards: tuple[tuple[QRectF, Card], ...]
    older: int
    newer: int

    @property
    def left(self) -> float:
        """Where the cards and all bytes begin."""
        return (EDGE + NAME) * self.scale

    @property
    def right(self) -> float:
        """Where they end."""
        return self.width - EDGE * self.scale

    @property
    def file(self) -> QRectF:
        """The whole file."""
        return QRectF(self.left, FILE_TOP * self.scale, self.right - self.left, FILE_HIGH * self.scale)

    @property
    def lane(self) -> QRectF:
        """The part of it that is shown large."""
        return QRectF(self.left, LANE_TOP * self.scale, self.right - self.left, LANE_HIGH * self.scale)

    def file_x(self, position: int) -> float:
        """A byte of the whole file."""
        return self.left + (self.right - self.left) * position / max(self.shown.size_bytes, 1)

    def x_of(self, position: int) -> float:
        """A byte of the part shown large, which may lie beside it."""
        first, end = self.window
        return self.left + (self.right - self.left) * (position - first) / max(end - first, 1)

    def position_at(self, x: float) -> int:
        """The byte at `x`, held within what is shown."""
        first, end = self.window
        share = (x - self.left) / max(self.right - self.left, 1.0)
        return min(max(first + int(share * (end - first)), first), max(end - 1, first))

    def shows(self, position: int) -> bool:
        """Whether a byte is in the part shown large."""
        return self.window[0] <= position <= self.window[1]

    def box_of(self, batch: BatchPlace) -> QRectF:
        """A batch in the part shown large, cut at its ends."""
        left = max(self.x_of(batch.position), self.left)
        right = min(self.x_of(batch.position + batch.size_bytes), self.right)
        return QRectF(left, self.lane.top(), max(right - left, 1.0), self.lane.height())

    def batch_at(self, at: QPointF) -> BatchPlace | None:
        """The batch under a point."""
        if not self.lane.contains(at):
            return None
        position = self.position_at(at.x())
        return next((one for one in self.shown.batches if 0 <= position - one.position < one.size_bytes), None)

    def offset_in(self, batch: BatchPlace, x: float) -> int:
        """The offset of a batch at `x`, as if all its records were of one size."""
        count = batch.last_offset - batch.base_offset + 1
        return batch.base_offset + (self.position_at(x) - batch.position) * count // batch.size_bytes

    def card_at(self, at: QPointF) -> Card | None:
        """The segment whose card is under a point."""
        return next((card for box, card in self.cards if box.contains(at)), None)


def layout_of(
    view: SegmentsView, shown: SegmentView, window: ByteWindow, width: float, scale: float
) -> LogFilesLayout:  # fmt: skip
    """The card of the segment shown is always among the cards, and as many of the newest as there is room for."""
    all_cards: list[Card] = [*view.set_aside, *view.segments]
    room = width - (2 * EDGE + NAME) * scale
    fits = max(int((room + CARD_GAP * scale) // ((CARD_WIDE + CARD_GAP) * scale)), 1)
    chosen = len(view.set_aside) + view.segments.index(shown)
    first = max(min(len(all_cards) - fits, chosen), 0)
    seen = all_cards[first : first + fits]
    pitch = (CARD_WIDE + CARD_GAP) * scale
    boxes = tuple(
        (QRectF((EDGE + NAME) * scale + at * pitch, CARDS_TOP * scale, CARD_WIDE * scale, CARD_HIGH * scale), card)
        for at, card in enumerate(seen)
    )
    return LogFilesLayout(scale, width, window, shown, boxes, first, len(all_cards) - first - len(seen))


def height_for(steps: int, scale: float) -> int:
    """How high the whole is: so many steps, and a line about the other files."""
    return round((STEPS + LINE * (steps + 2) + 10) * scale)


# --- which bytes are shown large ------------------------------------------------------------------


def window_around(size: int, lookup: LookupView | None) -> ByteWindow:
    """The whole file, or so much of it that the way of a lookup is seen; without one, its end."""
    batch = lookup.batch if lookup is not None else None
    if lookup is None or batch is None:
        return (max(0, size - BATCHES_SHOWN * 200), size)
    way = batch.position + batch.size_bytes - lookup.start
    span = max(BATCHES_SHOWN * batch.size_bytes, way * 13 // 10)
    if size <= span * 5 // 4:
        return (0, size)
    first = min(max(lookup.start - span // 10, 0), size - span)
    return (first, first + span)


def zoomed(window: ByteWindow, size: int, notches: float, at: int, unit: int) -> ByteWindow:
    """Closer (positive) or wider around a byte; never closer than one batch, nor so wide that they cannot be told
    apart. `unit`: bytes of a batch.
    """
    first, end = window
    span = int((end - first) * 0.8**notches)
    span = max(min(span, size, BATCHES_MAX * unit), min(unit, size), 1)
    share = (at - first) / max(end - first, 1)
    start = min(max(int(at - share * span), 0), size - span)
    return (start, start + span)


def moved(window: ByteWindow, size: int, share: float) -> ByteWindow:
    """Further by a share of itself."""
    first, end = window
    span = end - first
    start = min(max(first + int(share * span), 0), max(size - span, 0))
    return (start, start + span)
