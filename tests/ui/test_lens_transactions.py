"""Transactions under the lens: a bracket for each, its marker, what was aborted, and where read_committed stops."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from lab.cluster.actions.transactions import AbortTransaction, AddTransactionalProducer, CommitTransaction
from lab.cluster.probes.lens import PartitionLens
from lab.cluster.probes.views import CellView, LensView
from lab.kafka.orders import SendRecords
from lab.ui.canvas.cell_sprites import CellSprites
from lab.ui.canvas.lens import LensCanvas
from lab.ui.canvas.lens_frame import legend_of
from lab.ui.canvas.lens_transactions import lanes_of
from lab.ui.canvas.lens_words import spoken_text
from lab.ui.screenshot import picture_of
from lab.ui.theme import current_theme
from tests.story import Story, orders
from tests.ui.paints import forget_all_hues, unlike
from tests.ui.scenes import lens_mid_failure


@pytest.fixture(scope="module")
def story() -> Story:
    """Offsets 0 to 2 committed, 3 to 5 aborted; 6 still open, and inside it 7 and 8 committed by another."""
    story = Story(topics=orders(1))
    story.act(AddTransactionalProducer("bank", "orders", 0, 0))
    story.act(AddTransactionalProducer("shop", "orders", 0, 0))
    story.run(1)
    for deed in (CommitTransaction("bank"), AbortTransaction("bank")):
        write(story, "bank", "a", "b")
        story.act(deed)
        story.run(1)
    write(story, "bank", "c")
    write(story, "shop", "d")
    story.act(CommitTransaction("shop"))
    story.run(1)
    return story


def write(story: Story, name: str, *values: str) -> None:
    story.order(name, SendRecords(tuple((b"k", one.encode()) for one in values), 0))
    story.run(0.5)


@pytest.fixture
def view(story: Story) -> LensView:
    return PartitionLens("orders-0")(story.world)


@pytest.fixture
def lens(look, qtbot, view: LensView) -> LensCanvas:
    canvas = LensCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(972, 290)
    canvas.set_view(view)
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def test_the_lens_tells_transactions_and_how_each_ended(view: LensView):
    assert view.transactions is not None
    assert [(one.name, one.state, one.first, one.end) for one in view.transactions.transactions] == [
        ("bank", "committed", 0, 3), ("bank", "aborted", 3, 6), ("bank", "open", 6, 7), ("shop", "committed", 7, 9),
    ]  # fmt: skip
    assert (view.transactions.last_stable_offset, view.high_watermark) == (6, 9)
    for replica in view.replicas:
        markers = {one.offset: one.letter for one in replica.cells if one.kind == "control"}
        assert markers == {2: "C", 5: "A", 8: "C"}


def test_a_transaction_that_began_before_the_window_has_its_bracket(story: Story):
    view = PartitionLens("orders-0", end_offset=9, cells=5)(story.world)
    assert view.first_offset == 7
    assert view.transactions is not None
    assert [one.first for one in view.transactions.transactions] == [7]
    view = PartitionLens("orders-0", end_offset=5, cells=4)(story.world)
    assert view.transactions is not None
    assert [(one.first, one.end) for one in view.transactions.transactions] == [(3, 6), (6, 7), (7, 9)]


def test_without_transactions_nothing_changes(lens: LensCanvas):
    story = Story(topics=orders(1))
    story.producer("shop")
    story.run(2)
    assert PartitionLens("orders-0")(story.world).transactions is None
    plain = lens_mid_failure()
    lens.set_view(plain)
    assert lens.geometry_now().lanes == 0
    assert lens.geometry_now().top == lens.geometry_now().axis_top
    assert not any("txn" in name or name == "LSO" for name in legend_of(plain))


def test_the_legend_explains_what_there_is(view: LensView):
    assert legend_of(view)[-4:] == ("open txn", "committed txn", "aborted txn", "LSO")


def test_one_inside_another_stands_below_it(lens: LensCanvas, view: LensView):
    assert view.transactions is not None
    bank, shop = view.transactions.transactions[2:]
    longer = replace(bank, end=11, records=(6, 10))
    wide = replace(view, transactions=replace(view.transactions, transactions=(longer, shop)))
    assert [(one.name, lane) for one, lane, _ in lanes_of(wide, lens.geometry_now())] == [("shop", 0), ("bank", 1)]


def test_brackets_cells_and_flag_say_what_they_are(lens: LensCanvas, view: LensView):
    g = lens.geometry_now()

    def over(offset: int) -> str:
        return lens.text_at(QPointF(g.x_of(offset) + g.pitch / 2, g.lane_line(0)))

    def on(offset: int) -> str:
        return lens.text_at(QPointF(g.x_of(offset) + g.pitch / 2, g.cell_middle(0)))

    assert "2 records from offset 0 · committed by the marker at 2: read_committed gets it" in over(1)
    assert "aborted by the marker at 5: read_committed skips it" in over(4)
    assert "1 record from offset 6 · still open" in over(6)
    assert "commit marker" in on(2)
    assert "abort marker" in on(5)
    assert "read_committed skips it" in on(3)
    watermark = lens.replica_painter.flag_box("HW 9", view, g)
    flag = lens.transaction_painter.flag_box(view, g, watermark)
    assert not flag.intersects(watermark)
    assert lens.text_at(flag.center()).startswith("last stable offset 6: read_committed stops here, open for ")
    assert "last stable offset 6" in spoken_text(lens.view)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_without_any_hue_open_committed_and_aborted_are_three_brackets(lens: LensCanvas, look, theme: str):
    look(theme)
    forget_all_hues()
    lens._use_theme()
    g = lens.geometry_now()
    picture = picture_of(lens)

    def patch(first: int) -> QImage:
        return picture.copy(QRectF(g.x_of(first) - 1, g.lane_line(0) - 8, 3 * g.pitch, 16).toRect())

    committed, aborted, still_open = (patch(first) for first in (0, 3, 6))
    assert unlike(committed, aborted) > 8
    assert unlike(committed, still_open) > 20
    assert unlike(aborted, still_open) > 20
    sprites = CellSprites(current_theme(), 24, 30, 1.0)
    commit, abort = (sprites.of(CellView(1, letter, -1, True, "control"), True).toImage() for letter in "CA")
    assert unlike(commit, abort) >= 8


def test_the_records_of_an_aborted_transaction_are_struck_on_every_replica(lens: LensCanvas, view: LensView):
    assert view.transactions is not None
    g = lens.geometry_now()
    struck = picture_of(lens)
    kept = tuple(one for one in view.transactions.transactions if one.state != "aborted")
    lens.set_view(replace(view, transactions=replace(view.transactions, transactions=kept)))
    plain = picture_of(lens)
    for row in range(len(view.replicas)):
        for offset in (1, 3, 4, 6):
            corner = g.cell_corner(offset, row)
            box = QRectF(corner.x(), corner.y(), g.pitch - g.gap, g.cell_height).toRect()
            changed = unlike(struck.copy(box), plain.copy(box))
            assert changed > 20 if offset in (3, 4) else changed == 0
