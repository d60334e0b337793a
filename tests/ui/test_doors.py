"""The switch for real clients: the window lets them in at once, holds them while it stands, and shows all they say."""

import sys
import time
from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtWidgets import QMessageBox

from lab.cluster.actions.machines import Crash
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.env import millis
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.ui.main_window import MainWindow
from lab.ui.panels.connect import ConnectView
from lab.ui.panels.frames import FramesView
from tests.live.raw_client import RawClient

SPEC = ClusterSpec(brokers=3, topics=(TopicSpec("orders", 3, 3),))
PING = ApiVersionsRequest("raw-client", "1.0")
PATIENCE_MS = 20_000


@pytest.fixture
def opened(window: MainWindow, qtbot) -> Iterator[MainWindow]:
    window.show_session(Session(SPEC, "Doors"))
    window.doors.first_port = 0
    window.doors.toggle()
    yield window
    window.doors.close()


class Visitor:
    """A client in the window's own loop: it waits by letting the window go on."""

    def __init__(self, window: MainWindow, qtbot, client_id: str, broker: int = 0) -> None:
        self.qtbot = qtbot
        self.client = RawClient(window.doors.bootstrap.split(",")[broker], client_id)

    def answer(self, body: object, version: int) -> object:
        self.client.ask(body, version)
        found: list[object] = []
        self.qtbot.waitUntil(partial(self._heard, found), timeout=PATIENCE_MS)
        return found[0]

    def _heard(self, found: list[object]) -> bool:
        one = self.client.heard()
        if one is not None:
            found.append(one)
        return bool(found)


@pytest.fixture
def visitor(opened: MainWindow, qtbot) -> Iterator[Visitor]:
    found = Visitor(opened, qtbot, "My Shop")
    found.answer(PING, 3)
    yield found
    found.client.close()


def session_of(window: MainWindow) -> Session:
    assert window.session is not None
    return window.session


# --- the switch -----------------------------------------------------------------------------------


def test_the_switch_opens_the_cluster_and_shows_how_to_connect(opened: MainWindow):
    view = opened.page.shown_in_full()
    assert isinstance(view, ConnectView)
    assert opened.doors.bootstrap in view.text.toPlainText()
    assert session_of(opened).playing
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    opened.doors.toggle()
    assert view.state.text() == "Closed: nobody can connect"
    assert sys.getswitchinterval() == pytest.approx(opened.doors.usual_interval_s)


def test_the_doors_are_closed_at_first_and_when_another_session_opens(window: MainWindow, opened: MainWindow):
    port = opened.doors.bootstrap.split(",")[0]
    opened.show_session(Session(SPEC, "Another"))
    assert opened.doors.doorman is None
    with pytest.raises(ConnectionRefusedError):
        RawClient(port, "late")


def test_every_broker_listens_on_loopback(opened: MainWindow):
    addresses = opened.doors.bootstrap.split(",")
    assert len(addresses) == 3
    assert all(one.startswith("127.0.0.1:") for one in addresses)


def test_a_client_is_answered_at_once_and_not_with_the_next_frame(opened: MainWindow, visitor: Visitor):
    """Ten round trips with the frames' timer stopped: only the bell and the alarm let time go on."""
    opened.timer.stop()
    for _ in range(10):
        assert visitor.answer(PING, 3)


# --- in the picture -------------------------------------------------------------------------------


def test_a_real_client_is_in_the_picture_by_its_client_id(opened: MainWindow, visitor: Visitor):
    opened.page.show_cluster()
    opened.refresh()
    view = opened.page.stage.cluster_view
    assert view is not None
    assert [(one.name, one.software, one.state) for one in view.programs] == [("my-shop", "raw-client 1.0", "running")]
    assert "my-shop" in opened.page.stage.matrix.layout_now().programs
    assert opened.page.topbar.doors.toolTip().endswith("1 attached")


def test_its_requests_fly(opened: MainWindow, visitor: Visitor, qtbot):
    opened.page.show_cluster()
    matrix = opened.page.stage.matrix
    seen: set[str] = set()
    drawn: list[int] = []
    visitor.client.ask(MetadataRequest(None), 9)

    def flies() -> bool:
        mine = [one.kind for one in matrix.flights if "my-shop" in (one.source, one.target)]
        if mine:
            seen.update(mine)
            matrix.grab()
            drawn.append(matrix.particles.count)
        return {"request", "response"} <= seen

    qtbot.waitUntil(flies, timeout=PATIENCE_MS)
    assert max(drawn) > 0


def test_any_request_is_shown_field_by_field(opened: MainWindow, visitor: Visitor, qtbot):
    batch = RecordBatch.build([Record(0, time.time_ns() // 1_000_000, b"Ada", b"cup")])
    visitor.answer(ProduceRequest(1, 5_000, {TopicPartition("orders", 0): batch}), 9)
    opened.pause()
    opened.selection.go_to("program", "my-shop")
    view = opened.page.inspector.view
    assert view is not None
    rows = {row.label: row for part in view.sections for row in part.rows}
    produce = rows["Produce v9"]
    assert produce.link is not None
    opened.selection.follow(*produce.link)
    frames = opened.page.shown_in_full()
    assert isinstance(frames, FramesView)
    assert frames.frame is not None
    values = {one.path: one.value for one in frames.frame.fields}
    assert values["header.client_id"] == '"My Shop"'
    assert values["topic_data.[0].name"] == '"orders"'
    row = next(at for at, one in enumerate(frames.frame.fields) if one.name == "client_id")
    frames.table.setCurrentCell(row, 0)
    lit = "".join(one.cursor.selectedText() for one in frames.dump.extraSelections())
    assert lit == "00 07 4d 79 20 53 68 6f··My Sho70p"  # a length, and "My Shop" over two lines
    frames.show_frame("answer")
    assert frames.frame.title == "Produce v9 response"
    assert any(one.name == "error_code" for one in frames.frame.fields)


# --- standing still -------------------------------------------------------------------------------


def test_a_pause_is_back_pressure(opened: MainWindow, visitor: Visitor, qtbot):
    opened.pause()
    number = session_of(opened).event_number
    visitor.client.ask(PING, 3)
    qtbot.wait(300)
    assert visitor.client.heard() is None
    assert session_of(opened).event_number == number
    opened.play()
    qtbot.waitUntil(lambda: visitor.client.heard() is not None, timeout=PATIENCE_MS)


def test_after_a_while_the_window_says_which_clocks_run(opened: MainWindow, visitor: Visitor, qtbot):
    opened.doors._warning.setInterval(50)
    opened.pause()
    qtbot.waitUntil(opened.page.banner.isVisible, timeout=PATIENCE_MS)
    text = opened.page.banner.text.text()
    assert "session.timeout.ms" in text
    assert "request.timeout.ms" in text
    opened.play()
    assert not opened.page.banner.isVisible()


def test_speed_is_limited_while_clients_are_attached(opened: MainWindow, visitor: Visitor):
    session = session_of(opened)
    for speed, held in (((64, 1), 5), ((1, 1000), 0.2), ((4, 1), 4)):
        opened.travel.set_speed(*speed)
        assert float(session.speed) == held
    opened.doors.close()
    opened.travel.set_speed(64, 1)
    assert session.speed == 64


# --- the past -------------------------------------------------------------------------------------


def test_one_looks_back_and_the_client_waits(opened: MainWindow, visitor: Visitor, qtbot):
    session = session_of(opened)
    opened.travel.seek_to(0)
    live = session.latest_event
    visitor.client.ask(PING, 3)
    qtbot.wait(100)
    assert visitor.client.heard() is None
    assert session.latest_event == live
    opened.travel.seek_latest()
    opened.play()
    qtbot.waitUntil(lambda: visitor.client.heard() is not None, timeout=PATIENCE_MS)


def test_continue_from_here_says_whom_it_cuts(opened: MainWindow, visitor: Visitor, qtbot):
    session = session_of(opened)
    opened.pause()
    assert not opened.actions_by_id["continue-here"].isEnabled()
    opened.travel.seek_to(session.latest - millis(1))
    assert opened.actions_by_id["continue-here"].isEnabled()
    opened.actions_by_id["continue-here"].trigger()
    box = opened.dialogs[0]
    assert isinstance(box, QMessageBox)
    assert "1 real client will be cut off" in box.informativeText()
    opened.doors.continue_here()
    assert len(session.timeline.branches) == 2
    opened.play()

    def is_closed() -> bool:
        return visitor.client.heard() is None and visitor.client.closed

    qtbot.waitUntil(is_closed, timeout=PATIENCE_MS)
    box.close()


def test_a_crash_is_felt_outside(opened: MainWindow, visitor: Visitor, qtbot):
    session_of(opened).post(Crash("broker-1"))

    def is_closed() -> bool:
        return visitor.client.heard() is None and visitor.client.closed

    qtbot.waitUntil(is_closed, timeout=PATIENCE_MS)
