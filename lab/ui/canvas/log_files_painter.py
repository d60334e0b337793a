"""LogFilesPainter: segments as cards, one file in full, a part of it large, and the way of a lookup."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPen

from lab.cluster.figures import counted, grouped
from lab.cluster.probes.offset_lookup import LookupView
from lab.cluster.probes.segments import BatchPlace, SegmentsView, SegmentView, SetAside
from lab.ui.canvas.log_files_layout import EDGE, INDEX, LINE, RULER, SCAN, STEPS, TIMES, LogFilesLayout
from lab.ui.canvas.log_files_words import (
    entry_text,
    heading,
    others_text,
    range_text,
    seconds_left,
    state_of,
    step_texts,
    summary_text,
    time_entry_text,
)
from lab.ui.canvas.pen import crack, hatch, put_icon, rounded
from lab.ui.canvas.stamps import MIDDLE, RIGHT, Stamps
from lab.ui.theme import Theme, with_alpha

STATE_ICONS = {"active": "pencil", "cleaned": "sparkles", "closed": "lock"}
STEPS_OF_BYTES = (1, 2, 5)
TICKS_APART = 90


class LogFilesPainter:
    """Everything is painted from a view and a layout. `chips`: where entries of the indexes were painted, as (box,
    kind, entry); the canvas asks it what is under the mouse.
    """

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        self.scale = theme.ui_scale
        self.chips: list[tuple[QRectF, str, tuple[int, int]]] = []
        self.way = QPen(theme.interactive.accent, 1.6 * self.scale)
        self.funnel = with_alpha(theme.text.t3, 0.13 if theme.dark else 0.11)

    def paint(self, p: QPainter, view: SegmentsView, lookup: LookupView | None, layout: LogFilesLayout) -> None:
        """From the folder down to the batch."""
        self.chips.clear()
        found = lookup if lookup is not None and lookup.segment == layout.shown.base_offset else None
        self._title(p, view)
        self._funnels(p, layout)
        self._cards(p, view, layout)
        self._file(p, layout)
        self._ruler(p, layout)
        self._batches(p, view, layout, found)
        self._indexes(p, view, layout, found)
        self._steps(p, view, lookup, layout)
        if found is not None:
            self._way(p, layout, found)

    def _title(self, p: QPainter, view: SegmentsView) -> None:
        y, x = 24 * self.scale, EDGE * self.scale
        title = f"{view.partition} on {view.broker}"
        self.stamps.put(p, x, y, title, self.theme.text.t1, 16, 600)
        after = x + self.stamps.width(title, 16, 600) + 10 * self.scale
        self.stamps.put(p, after, y, summary_text(view), self.theme.text.t3, 12)

    def _label(self, p: QPainter, y: float, name: str, note: str, *, mono: bool = False) -> None:
        x, apart = EDGE * self.scale, 8.5 * self.scale if note else 0.0
        self.stamps.put(p, x, y - apart, name, self.theme.text.t2, 12, 500, mono=mono)
        self.stamps.put(p, x, y + apart, note, self.theme.text.t3, 11)

    # --- the folder -------------------------------------------------------------------------------

    def _cards(self, p: QPainter, view: SegmentsView, layout: LogFilesLayout) -> None:
        away = [f"{count} {what}" for count, what in ((layout.older, "older"), (layout.newer, "newer")) if count]
        middle = layout.cards[0][0].center().y()
        self._label(p, middle, "Segments", " · ".join(away) if away else "by base offset")
        largest = max((one.size_bytes for one in view.segments), default=0)
        for box, card in layout.cards:
            if isinstance(card, SetAside):
                self._aside(p, box, card)
            else:
                self._card(p, box, card, largest, chosen=card is layout.shown)

    def _card(self, p: QPainter, box: QRectF, card: SegmentView, largest: int, *, chosen: bool) -> None:
        theme, scale = self.theme, self.scale
        edge = theme.interactive.accent if chosen else theme.line.normal
        rounded(p, box, 7 * scale, theme.surface.raised, edge, (1.8 if chosen else 1.0) * scale)
        x, right, y = box.left() + 10 * scale, box.right() - 10 * scale, box.top() + 15 * scale
        self.stamps.put(p, x, y, f"{card.base_offset}.log", theme.text.t1, 12, 600, mono=True)
        state = state_of(card)
        tone = {"active": theme.state.record, "cleaned": theme.state.ok}.get(state, theme.text.t3)
        put_icon(p, STATE_ICONS[state], tone, QPointF(right - 5 * scale, y), 12 * scale)
        self.stamps.put(p, x, y + 17 * scale, f"{grouped(card.size_bytes)} B", theme.text.t2, 11.5)
        self.stamps.put(p, right, y + 17 * scale, state, theme.text.t3, 11, share=RIGHT)
        bar = QRectF(x, box.bottom() - 12 * scale, right - x, 5 * scale)
        rounded(p, bar, 2.5 * scale, theme.surface.inset)
        wide = bar.width() * card.size_bytes / max(largest, 1)
        rounded(p, QRectF(x, bar.top(), max(wide, 2.0), bar.height()), 2.5 * scale, theme.state.record_cell)

    def _aside(self, p: QPainter, box: QRectF, card: SetAside) -> None:
        theme, scale = self.theme, self.scale
        rounded(p, box, 7 * scale, None, theme.state.fail, 1.2 * scale, [3.0, 2.4])
        hatch(p, box, 7 * scale, with_alpha(theme.state.fail, 0.16), 8 * scale)
        x, y = box.left() + 10 * scale, box.top() + 15 * scale
        self.stamps.put(p, x, y, f"{card.base_offset}.deleted", theme.text.t2, 12, 600, mono=True)
        self.stamps.put(p, x, y + 17 * scale, f"{grouped(card.size_bytes)} B", theme.text.t3, 11.5)
        self.stamps.put(p, x, y + 33 * scale, seconds_left(card), theme.tone_text("fail"), 11)

    # --- the file ---------------------------------------------------------------------------------

    def _funnels(self, p: QPainter, layout: LogFilesLayout) -> None:
        """From the card to its file, from a part of the file to that part made large."""
        if not layout.shown.size_bytes:
            return
        card = next((box for box, one in layout.cards if one is layout.shown), None)
        file, lane = layout.file, layout.lane
        if card is not None:
            self._funnel(p, card.left(), card.right(), card.bottom(), file.left(), file.right(), file.top())
        first, end = (layout.file_x(at) for at in layout.window)
        top = file.bottom() + 8 * self.scale
        self._funnel(p, first, end, top, lane.left(), lane.right(), (RULER - 11) * self.scale)

    def _funnel(
        self, p: QPainter, left: float, right: float, top: float, low_left: float, low_right: float, bottom: float
    ) -> None:
        path = QPainterPath(QPointF(left, top))
        bend = (bottom - top) / 2
        path.cubicTo(QPointF(left, top + bend), QPointF(low_left, bottom - bend), QPointF(low_left, bottom))
        path.lineTo(low_right, bottom)
        path.cubicTo(QPointF(low_right, bottom - bend), QPointF(right, top + bend), QPointF(right, top))
        path.closeSubpath()
        shade = QLinearGradient(0, top, 0, bottom)
        shade.setColorAt(0, self.funnel)
        shade.setColorAt(1, with_alpha(self.funnel, 0.02))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(shade)
        p.drawPath(path)

    def _file(self, p: QPainter, layout: LogFilesLayout) -> None:
        theme, scale, shown, box = self.theme, self.scale, layout.shown, layout.file
        name = f"{shown.base_offset:020d}.log".lstrip("0") or "0.log"
        name = name if name[0] != "." else f"0{name}"
        self._label(p, box.center().y(), f"…{name}", f"{grouped(shown.size_bytes)} bytes", mono=True)
        rounded(p, box, 3 * scale, with_alpha(theme.state.record_cell, 0.45))
        first, end = (layout.file_x(at) for at in layout.window)
        if shown.size_bytes:
            rounded(
                p, QRectF(first, box.top(), max(end - first, 3.0), box.height()), 3 * scale, theme.state.record_cell
            )
        p.setPen(QPen(theme.text.t2, 1.2 * scale))
        p.drawLines([
            QLineF(x, box.top() + 2 * scale, x, box.bottom() - 2 * scale)
            for x in (layout.file_x(at) for _, at in shown.index)
        ])  # fmt: skip
        flushed = layout.file_x(min(shown.flushed_bytes, shown.size_bytes))
        self._disk_line(
            p, box.left(), flushed, box.right() if shown.size_bytes else box.left(), box.bottom() + 4 * scale
        )

    def _disk_line(self, p: QPainter, left: float, flushed: float, right: float, y: float) -> None:
        """Solid: flushed. Dotted: in the page cache only."""
        flushed = min(max(flushed, left), right)
        if flushed > left:
            p.setPen(QPen(self.theme.text.t3, 2.0 * self.scale))
            p.drawLine(QLineF(left, y, flushed, y))
        if flushed < right:
            pen = QPen(self.theme.text.t3, 2.0 * self.scale)
            pen.setDashPattern([1.5, 1.8])
            p.setPen(pen)
            p.drawLine(QLineF(flushed, y, right, y))

    def _ruler(self, p: QPainter, layout: LogFilesLayout) -> None:
        """Round byte positions, as many as there is room for."""
        first, end = layout.window
        step = byte_step((end - first) * TICKS_APART * self.scale / max(layout.right - layout.left, 1.0))
        y = RULER * self.scale
        self.stamps.put(p, EDGE * self.scale, y, "byte position", self.theme.text.t3, 11)
        for at in range(-(-first // step) * step, end + 1, step):
            x = layout.x_of(at)
            self.stamps.put(p, x, y, grouped(at), self.theme.text.t3, 11, share=_share(x, layout), mono=True)
            p.setPen(QPen(self.theme.line.strong, 1.0))
            p.drawLine(QLineF(x, y + 8 * self.scale, x, layout.lane.top() - 2 * self.scale))

    # --- batches ----------------------------------------------------------------------------------

    def _batches(
        self, p: QPainter, view: SegmentsView, layout: LogFilesLayout, found: LookupView | None
    ) -> None:  # fmt: skip
        shown, lane, scale = layout.shown, layout.lane, self.scale
        first, end = layout.window
        count = len(shown.batches)
        of_all = "all of it" if (first, end) == (0, shown.size_bytes) else f"{grouped(end - first)} bytes of it"
        self._label(p, lane.center().y(), f"{count} batch{'' if count == 1 else 'es'}", of_all)
        if not shown.batches:
            text = "nothing is in it yet" if not shown.size_bytes else ""
            self.stamps.put(p, lane.left() + 4 * scale, lane.center().y(), text, self.theme.text.t3, 12)
            return
        passed = found.scanned[:-1] if found is not None else ()
        for batch in shown.batches:
            self._batch(p, view, batch, layout.box_of(batch), scanned=batch in passed)
        last = min(shown.batches[-1].position + shown.batches[-1].size_bytes, end)
        self._disk_line(
            p, lane.left(), layout.x_of(min(shown.flushed_bytes, end)), layout.x_of(last), lane.bottom() + 6 * scale
        )

    def _batch(self, p: QPainter, view: SegmentsView, batch: BatchPlace, box: QRectF, *, scanned: bool) -> None:
        """Solid below the HW, hollow and dashed above it; a marker of a transaction is violet and has a diamond."""
        theme, scale = self.theme, self.scale
        apart = min(1.5 * scale, box.width() / 6)
        box = box.adjusted(apart, 0, -apart, 0)
        radius = min(4 * scale, box.width() / 3)
        committed, gone = batch.last_offset < view.high_watermark, batch.last_offset < view.log_start_offset
        ink = theme.state.record_cell_text if committed else theme.text.t1
        if batch.control:
            rounded(p, box, radius, with_alpha(theme.state.txn, 0.24), theme.state.txn, 1.2 * scale)
            ink = theme.text.t1
        elif committed:
            rounded(p, box, radius, theme.state.record_cell)
        else:
            rounded(p, box, radius, with_alpha(theme.state.record, 0.10), theme.state.record, 1.4 * scale, [2.6, 2.0])
        if gone:
            hatch(p, box, radius, with_alpha(theme.surface.panel, 0.75), 6 * scale)
        if scanned:
            hatch(p, box, radius, with_alpha(ink, 0.30), 7 * scale)
        self._batch_text(p, batch, box, ink)
        if batch.corrupt:
            crack(p, box, theme.surface.panel, theme.state.fail)

    def _batch_text(self, p: QPainter, batch: BatchPlace, box: QRectF, ink: QColor) -> None:
        """Its offsets where they fit, its bytes below where these do; a diamond before a marker's."""
        text, scale = range_text(batch), self.scale
        room, wide = box.width() - 6 * scale, self.stamps.width(text, 12, 600)
        if wide > room:
            text = grouped(batch.base_offset)
            wide = self.stamps.width(text, 12, 600)
        if wide > room:
            return
        size = f"{grouped(batch.size_bytes)} B"
        both = self.stamps.width(size, 11) <= room
        y = box.center().y()
        self.stamps.put(p, box.center().x(), y - (8 * scale if both else 0), text, ink, 12, 600, share=MIDDLE)
        if both:
            self.stamps.put(p, box.center().x(), y + 8 * scale, size, ink, 11, share=MIDDLE)
        if batch.control and box.width() > wide + 26 * scale:
            put_icon(p, "target", self.theme.state.txn, QPointF(box.left() + 9 * scale, y), 10 * scale)

    # --- the indexes ------------------------------------------------------------------------------

    def _indexes(
        self, p: QPainter, view: SegmentsView, layout: LogFilesLayout, found: LookupView | None
    ) -> None:  # fmt: skip
        shown = layout.shown
        entry = found.entry if found is not None else None
        sizes = {name[name.index(".") :]: size for name, size in shown.files}
        offsets = [(at, one, entry_text(shown.base_offset, one)) for one in shown.index for at in (one[1],)]
        note = f"{counted(len(shown.index), 'entry', 'entries')} · {grouped(sizes.get('.index', 0))} B"
        self._label(p, INDEX * self.scale, ".index", note, mono=True)
        self._entries(p, layout, INDEX * self.scale, "index", offsets, entry)
        if not shown.index:
            wait = f"none: there are fewer bytes than index.interval.bytes = {grouped(view.index_interval_bytes)}"
            x = layout.left + (26 * self.scale if found is not None else 4 * self.scale)
            self.stamps.put(p, x, INDEX * self.scale, wait, self.theme.text.t3, 12)
        times = [
            (batch.position, one, time_entry_text(shown.base_offset, one))
            for one in shown.time_index
            for batch in shown.batches
            if batch.base_offset <= one[1] <= batch.last_offset
        ]
        note = f"{counted(len(shown.time_index), 'entry', 'entries')} · {grouped(sizes.get('.timeindex', 0))} B"
        self._label(p, TIMES * self.scale, ".timeindex", note, mono=True)
        self._entries(p, layout, TIMES * self.scale, "time", times, None)
        if not shown.time_index:
            text = "no entry yet: one comes with each of the index, and at the end"
            self.stamps.put(p, layout.left + 4 * self.scale, TIMES * self.scale, text, self.theme.text.t3, 12)

    def _entries(
        self, p: QPainter, layout: LogFilesLayout, y: float, kind: str,
        entries: list[tuple[int, tuple[int, int], str]], chosen: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        """A chip at the byte to which each entry points; where they would cover each other, only the line up to it."""
        theme, scale = self.theme, self.scale
        taken: list[QRectF] = []
        for at, entry, text in sorted(entries, key=lambda one: one[1] != chosen):
            if not layout.shows(at):
                continue
            marked = entry == chosen
            x = layout.x_of(at)
            wide = self.stamps.width(text, 11, 500, mono=True) + 12 * scale
            left = min(x, layout.right - wide)
            box = QRectF(left, y - 10 * scale, wide, 20 * scale)
            p.setPen(self.way if marked else QPen(theme.line.strong, 1.0))
            fits = not any(box.intersects(one.adjusted(-3, 0, 3, 0)) for one in taken)
            if kind == "index":
                p.drawLine(QLineF(x, layout.lane.bottom() + 1, x, box.top() if fits else y))
            if not fits:
                continue
            taken.append(box)
            self.chips.append((box, kind, entry))
            fill, ink = (
                (theme.interactive.accent, theme.interactive.on_accent)
                if marked
                else (theme.surface.raised, theme.text.t1)
            )
            rounded(p, box, 4 * scale, fill, None if marked else theme.line.normal)
            self.stamps.put(p, box.center().x(), y, text, ink, 11, 500, share=MIDDLE, mono=True)

    # --- a lookup ---------------------------------------------------------------------------------

    def _steps(self, p: QPainter, view: SegmentsView, lookup: LookupView | None, layout: LogFilesLayout) -> None:
        theme, scale = self.theme, self.scale
        y = STEPS * scale
        p.setPen(QPen(theme.line.subtle, 1.0))
        p.drawLine(QLineF(EDGE * scale, y - 16 * scale, layout.right, y - 16 * scale))
        if lookup is not None:
            self.stamps.put(p, EDGE * scale, y, heading(lookup), theme.text.t1, 13, 600)
            texts = step_texts(view, lookup)
            room = layout.right - (EDGE + 28) * scale
            for number, text in enumerate(texts, 1):
                y += LINE * scale
                if len(texts) > 1:
                    self._bead(p, QPointF((EDGE + 9) * scale, y), number)
                x = (EDGE + 28) * scale if len(texts) > 1 else EDGE * scale
                self.stamps.put(p, x, y, self._fitting(text, room, 13), theme.text.t1, 13)
        others = others_text(view)
        if others:
            y += (LINE + 6) * scale
            text = self._fitting(f"Also in the folder: {others}", layout.right - EDGE * scale, 12)
            self.stamps.put(p, EDGE * scale, y, text, theme.text.t3, 12)

    def _way(self, p: QPainter, layout: LogFilesLayout, found: LookupView) -> None:
        """The same numbers as the steps have, where each of them happens."""
        scale, theme = self.scale, self.theme
        card = next(box for box, one in layout.cards if one is layout.shown)
        self._bead(p, QPointF(card.left() + 2 * scale, card.top() + 1 * scale), 1)
        chip = next((box for box, kind, entry in self.chips if kind == "index" and entry == found.entry), None)
        if chip is not None:
            self._bead(p, QPointF(chip.left() - 11 * scale, chip.center().y()), 2)
        elif found.entry is None:
            self._bead(p, QPointF(layout.left + 9 * scale, INDEX * scale), 2)
        assert found.batch is not None
        if not layout.shows(found.start) and not layout.shows(found.batch.position):
            return
        box = layout.box_of(found.batch)
        p.setPen(QPen(theme.interactive.accent, 2.2 * scale))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(box.adjusted(-1, -3 * scale, 1, 3 * scale), 5 * scale, 5 * scale)
        self._arrow(p, layout, found, box)
        self._bead(p, QPointF(box.right() - 1 * scale, box.top() - 3 * scale), 4)

    def _arrow(self, p: QPainter, layout: LogFilesLayout, found: LookupView, box: QRectF) -> None:
        """The scan: from the byte the index names to the batch."""
        scale, y = self.scale, SCAN * self.scale
        start = min(max(layout.x_of(found.start), layout.left), layout.right)
        end = box.center().x()
        p.setPen(self.way)
        p.drawLine(QLineF(start, y, end, y))
        p.drawLine(QLineF(end, y, end, box.bottom() + 12 * scale))
        head = QPainterPath(QPointF(end, box.bottom() + 5 * scale))
        head.lineTo(end + 4.5 * scale, box.bottom() + 13 * scale)
        head.lineTo(end - 4.5 * scale, box.bottom() + 13 * scale)
        head.closeSubpath()
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.theme.interactive.accent)
        p.drawPath(head)
        self._bead(p, QPointF(start, y), 3)

    def _bead(self, p: QPainter, at: QPointF, number: int) -> None:
        theme, radius = self.theme, 8.5 * self.scale
        p.setPen(QPen(theme.surface.panel, 1.6 * self.scale))
        p.setBrush(theme.interactive.accent)
        p.drawEllipse(at, radius, radius)
        self.stamps.put(p, at.x(), at.y(), f"{number}", theme.interactive.on_accent, 11, 700, share=MIDDLE)

    def _fitting(self, text: str, room: float, size: float) -> str:
        if self.stamps.width(text, size) <= room:
            return text
        while len(text) > 3 and self.stamps.width(text + "…", size) > room:
            text = text[:-1]
        return text + "…"


def byte_step(least: float) -> int:
    """The round number of bytes that is at least so many."""
    step = 1
    while True:
        for one in STEPS_OF_BYTES:
            if one * step >= least:
                return one * step
        step *= 10


def _share(x: float, layout: LogFilesLayout) -> float:
    """A label at the edge stands inside."""
    if x < layout.left + 20:
        return 0.0
    return RIGHT if x > layout.right - 20 else MIDDLE
