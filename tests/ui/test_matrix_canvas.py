"""The matrix on the real engine: what lies under the mouse, what a failure looks like, what the keyboard does."""

from dataclasses import dataclass, replace

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.disks import SlowDisk
from lab.cluster.actions.machines import Crash, Freeze
from lab.cluster.actions.network import Isolate
from lab.cluster.probes import Cluster, InFlight
from lab.cluster.probes.views import ClusterView, FlightView
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec, settings
from lab.ui.canvas.matrix import ClusterCanvas
from lab.ui.canvas.matrix_layout import MARGIN, shared_rows
from lab.ui.canvas.matrix_tiles import head_line
from lab.ui.canvas.matrix_words import hidden_text
from lab.ui.canvas.pace import TRUE_PACE
from lab.ui.canvas.particles import CUT_AT, HELD_AT, KINDS, Particles
from lab.ui.screenshot import picture_of
from lab.ui.theme import current_theme
from tests.ui.golden import pixels_of
from tests.ui.paints import Paints, forget_all_hues, unlike

SIZE = (972, 378)
SECOND = 1_000_000


def cluster(partitions: int = 6, brokers: int = 3) -> Session:
    spec = ClusterSpec(
        brokers=brokers,
        topics=(TopicSpec("orders", partitions, 3, settings({"min.insync.replicas": 2})),),
        producers=(ProducerSpec("shop", "orders", rate=60, keys="cycle:20"),),
        consumers=(
            ConsumerSpec("pay-1", "pay", ("orders",), work_us=5_000),
            ConsumerSpec("pay-2", "pay", ("orders",), work_us=5_000),
        ),
    )
    session = Session(spec, "Matrix", "matrix")
    session.run_for(6 * SECOND)
    return session


@dataclass
class Shown:
    """A canvas and what it shows."""

    session: Session
    canvas: ClusterCanvas

    def pull(self) -> ClusterView:
        view = self.session.view(Cluster())
        self.canvas.set_view(view, self.session.view(InFlight()))
        return view

    def picture(self) -> QImage:
        return picture_of(self.canvas)


@pytest.fixture
def shown(look, qtbot) -> Shown:
    canvas = ClusterCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(*SIZE)
    found = Shown(cluster(), canvas)
    found.pull()
    canvas.show()
    qtbot.waitExposed(canvas)
    return found


# --- little room ----------------------------------------------------------------------------------


def test_groups_share_the_lines_there_are_and_the_largest_gives_way_first():
    assert shared_rows([3, 9, 0], 20) == [3, 9, 1]
    assert shared_rows([3, 9, 0], 9) == [3, 5, 1]
    assert shared_rows([3, 9], 0) == [1, 1]


def test_members_without_room_for_a_card_stand_in_one_line_to_which_their_links_lead(shown: Shown):
    view = shown.pull()
    group = view.groups[0]
    many = tuple(replace(group.members[0], name=f"pay-{at}") for at in range(20))
    shown.canvas.set_view(replace(view, groups=(replace(group, members=many),)), ())
    layout = shown.canvas.layout_now()
    assert set(layout.members) | set(layout.folded) == {one.name for one in many}
    assert set(layout.members) & set(layout.folded) == set()
    assert layout.groups["pay"].bottom() <= shown.canvas.height()
    (line,) = {box.top() for box in layout.folded.values()}
    assert all(box.bottom() <= line for box in layout.members.values())
    port = layout.client_port("pay-19")
    assert port is not None
    assert port.y() == layout.folded["pay-19"].center().y()
    assert shown.canvas.subject_at(layout.folded["pay-19"].center()) == ("group", "pay")


def test_badge_and_offset_stand_inside_of_a_low_tile():
    low, high = QRectF(0, 0, 80, 24), QRectF(0, 0, 80, 56)
    assert head_line(low, 1.0) == 12
    assert head_line(high, 1.0) == 17
    assert head_line(low, 1.6) == 12


# --- what is under the mouse ----------------------------------------------------------------------


def test_every_thing_is_found_where_it_is_drawn(shown: Shown):
    layout = shown.canvas.layout_now()
    assert shown.canvas.subject_at(layout.brokers["broker-2"].topLeft() + QPointF(20, 20)) == ("broker", "broker-2")
    assert shown.canvas.subject_at(layout.replicas["orders-3", "broker-1"].center()) == ("partition", "orders-3")
    assert shown.canvas.subject_at(layout.producers["shop"].center()) == ("producer", "shop")
    assert shown.canvas.subject_at(layout.members["pay-2"].center()) == ("consumer", "pay-2")
    assert shown.canvas.subject_at(layout.groups["pay"].topLeft() + QPointF(10, 8)) == ("group", "pay")
    assert shown.canvas.subject_at(layout.controllers["controller-1"].center()) == ("controller", "controller-1")
    assert shown.canvas.subject_at(QPointF(3, 3)) == ("cluster", "")


def test_a_click_selects_and_a_right_click_asks_what_can_be_done(shown: Shown, qtbot):
    selected: list[tuple[str, str]] = []
    asked: list[tuple[str, str]] = []
    shown.canvas.selected.connect(lambda kind, name: selected.append((kind, name)))
    shown.canvas.context_requested.connect(lambda kind, name, _: asked.append((kind, name)))
    where = (shown.canvas.layout_now().brokers["broker-3"].topLeft() + QPointF(20, 20)).toPoint()
    qtbot.mouseClick(shown.canvas, Qt.MouseButton.LeftButton, pos=where)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, shown.canvas.mapToGlobal(where))
    shown.canvas.contextMenuEvent(event)
    assert selected == [("broker", "broker-3")] * 2
    assert asked == [("broker", "broker-3")]


def test_the_keyboard_reaches_everything_and_asks(shown: Shown, qtbot):
    reached: list[tuple[str, str]] = []
    asked: list[tuple[str, str]] = []

    def select(kind: str, name: str) -> None:
        reached.append((kind, name))
        shown.canvas.set_selected(kind, name)

    shown.canvas.selected.connect(select)
    shown.canvas.context_requested.connect(lambda kind, name, _: asked.append((kind, name)))
    order = shown.canvas.layout_now().order()
    for _ in order:
        qtbot.keyClick(shown.canvas, Qt.Key.Key_Right)
    assert reached == order
    assert ("partition", "orders-5") in reached
    qtbot.keyClick(shown.canvas, Qt.Key.Key_Return)
    assert asked == [order[-1]]


# --- what it looks like ---------------------------------------------------------------------------


def test_an_equal_view_paints_nothing(shown: Shown, qtbot):
    qtbot.wait(20)
    paints = Paints()
    shown.canvas.installEventFilter(paints)
    shown.pull()
    qtbot.wait(50)
    assert paints.count == 0
    shown.session.run_for(SECOND)
    shown.pull()
    qtbot.waitUntil(lambda: paints.count == 1)


def test_what_stands_still_is_painted_once_while_offsets_grow(shown: Shown):
    shown.picture()
    still = shown.canvas._still
    for _ in range(5):
        shown.session.run_for(20_000)
        shown.pull()
        shown.picture()
    assert shown.canvas._still is still


@pytest.mark.parametrize("action", [Crash("broker-1"), Freeze("broker-1"), Isolate("broker-1"), SlowDisk("broker-1")])
def test_a_broker_in_trouble_is_seen_without_colour(shown: Shown, action: ClusterAction):
    forget_all_hues()
    shown.canvas._use_theme(1.0)
    healthy = shown.picture()
    box = shown.canvas.layout_now().brokers["broker-1"].toRect()
    shown.session.post(action)
    shown.session.run_for(200_000)
    shown.pull()
    assert unlike(healthy.copy(box), shown.picture().copy(box)) > 60


def test_a_crown_moves_when_its_broker_dies(shown: Shown):
    leader = next(one.leader for one in shown.pull().partitions if one.name == "orders-0")
    shown.session.post(Crash(leader))
    shown.session.run_for(12 * SECOND)
    view = shown.pull()
    after = next(one for one in view.partitions if one.name == "orders-0")
    assert after.leader not in (leader, "")
    layout = shown.canvas.layout_now()
    crowned = layout.replicas["orders-0", after.leader].toRect()
    fallen = layout.replicas["orders-0", leader].toRect()
    picture = shown.picture()
    blue = current_theme().state.record.blue()
    assert pixels_of(picture.copy(crowned))[:, :, 2].max() >= blue - 8
    assert pixels_of(picture.copy(fallen))[:, :, 2].max() < blue - 8


def test_twelve_partitions_on_five_brokers_fit_in_the_presenter(look, qtbot):
    look(ui_scale=1.6)
    canvas = ClusterCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(1600, 470)
    session = cluster(partitions=12, brokers=5)
    canvas.set_view(session.view(Cluster()), ())
    layout = canvas.layout_now()
    assert layout.high == 0
    assert layout.wide == 0
    assert all(layout.area.bottom() >= box.bottom() for box in layout.brokers.values())


def test_more_columns_than_fit_are_scrolled_and_said(look, qtbot):
    canvas = ClusterCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(*SIZE)
    session = cluster(partitions=40)
    canvas.set_view(session.view(Cluster()), ())
    layout = canvas.layout_now()
    assert layout.wide > 0
    assert layout.columns["orders-39"].left() > layout.area.right()
    canvas.set_selected("partition", "orders-39")
    layout = canvas.layout_now()
    assert layout.columns["orders-39"].right() <= layout.area.right() + 1


# --- messages -------------------------------------------------------------------------------------


def flight(source: str, target: str, kind: str, *, held: bool = False, at: float = 0.5) -> FlightView:
    return FlightView(source, target, kind, -round(at * 1000), round((1 - at) * 1000), held, "orders-0", 1, 1)


def placed(shown: Shown, *flights: FlightView, cuts: frozenset[tuple[str, str]] = frozenset()) -> list[list[float]]:
    canvas = shown.canvas
    canvas.layout_now()
    assert canvas._routes is not None
    canvas.particles.place(flights, canvas._routes, cuts, 0)
    return canvas.particles.places().tolist()


def test_a_message_travels_from_its_sender_to_its_receiver(shown: Shown):
    layout = shown.canvas.layout_now()
    start, middle, end = (placed(shown, flight("shop", "broker-1", "record", at=at))[0] for at in (0.0, 0.5, 1.0))
    port = layout.client_port("shop")
    assert port is not None
    assert start == pytest.approx([port.x(), port.y()])
    goal = layout.left_port("broker-1")
    assert end == pytest.approx([goal.x(), goal.y()])
    assert start[0] < middle[0] < end[0]


def test_an_answer_goes_back_the_same_way(shown: Shown):
    there = placed(shown, flight("shop", "broker-2", "record", at=0.3))[0]
    back = placed(shown, flight("broker-2", "shop", "ack", at=0.7))[0]
    assert there == pytest.approx(back)


def test_a_held_message_waits_at_the_cut_or_before_the_machine(shown: Shown):
    cut = frozenset({("shop", "broker-1")})
    at_cut = placed(shown, flight("shop", "broker-1", "record", held=True), cuts=cut)
    before = placed(shown, flight("shop", "broker-1", "record", held=True))
    assert at_cut[0] == pytest.approx(placed(shown, flight("shop", "broker-1", "record", at=CUT_AT))[0])
    assert before[0] == pytest.approx(placed(shown, flight("shop", "broker-1", "record", at=HELD_AT))[0])


def test_what_goes_between_things_that_are_not_drawn_is_not_drawn(shown: Shown):
    assert placed(shown, flight("controller-1", "broker-1", "record"), flight("shop", "nobody", "record")) == []


def test_records_acks_and_fetches_have_shapes_of_their_own(look):
    for theme in ("dark", "light"):
        look(theme)
        forget_all_hues()
        particles = Particles(current_theme(), 2.0)
        atlas = particles.atlas.toImage()
        side = particles.side
        sprites = [atlas.copy(place * side, 0, side, side) for place in range(len(KINDS))]
        for one, other in ((0, 1), (0, 2), (1, 2)):
            assert unlike(sprites[one], sprites[other]) > 20


def test_a_picture_depends_on_nothing_but_what_is_shown(shown: Shown):
    view = shown.session.view(Cluster())
    one = FlightView("shop", "broker-1", "record", view.now - 100, view.now + 100, False, "orders-0", 1, 1)
    shown.canvas.set_view(view, (one,), TRUE_PACE)
    first = shown.picture()
    shown.canvas.set_view(replace(view, now=view.now + 50), (one,), TRUE_PACE)
    assert shown.picture() != first
    shown.canvas.set_view(view, (one,), TRUE_PACE)
    assert shown.picture() == first


# --- nothing there yet ----------------------------------------------------------------------------


def test_an_empty_room_says_what_to_build(look, qtbot):
    canvas = ClusterCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(*SIZE)
    blank = picture_of(canvas)
    session = Session(ClusterSpec(brokers=0), "Sandbox", "sandbox")
    canvas.set_view(session.view(Cluster()), ())
    assert picture_of(canvas) != blank
    assert canvas.subject_at(QPointF(400, 200)) == ("cluster", "")


@pytest.mark.parametrize(("width", "words"), [(640, "partitions · scroll for more"), (430, "of 12 partitions")])
def test_what_is_scrolled_away_is_written_beside_the_legend_however_narrow(shown: Shown, width: int, words: str):
    shown.session = cluster(partitions=12)
    canvas, legend_end = shown.canvas, 250.0
    canvas.resize(width, 250)
    hidden = hidden_text(shown.pull(), canvas.layout_now())
    assert hidden.endswith("of 12 partitions · scroll for more")
    right, text = canvas.cards.hidden_place(hidden, legend_end, canvas.layout_now())
    assert text.endswith(words)
    assert legend_end <= right - canvas.stamps.width(text, 12)
    assert right <= width - MARGIN
