"""Messages in the matrix: slowed for the eye at the speed of life, bands where it is faster, true after a step."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from lab.cluster.probes import Cluster, InFlight
from lab.cluster.probes.views import FlightView
from lab.cluster.session.session import Session
from lab.lessons.opening import start
from lab.ui.canvas.bands import traffic
from lab.ui.canvas.crowd import SPARE, Crowd
from lab.ui.canvas.matrix import ClusterCanvas
from lab.ui.canvas.matrix_layout import layout_of
from lab.ui.canvas.pace import MANY, SEEN_US, TRUE_PACE, Pace, pace_at, pace_text
from lab.ui.canvas.particles import HELD_AT, Particles, shares_of
from lab.ui.canvas.routes import Routes
from lab.ui.panels.stage import Stage
from lab.ui.screenshot import picture_of
from lab.ui.theme import apply_theme, current_theme

pytestmark = pytest.mark.usefixtures("qtbot")

SENT = 1_000_000
FAST = FlightView("shop", "broker-1", "record", SENT, SENT + 500, False, "orders-0", 1, 7)


@pytest.fixture
def session() -> Session:
    session = start("A3")
    session.run_for(10_000_000)
    return session


def share(now: int, linger: int) -> float:
    """How far `FAST` has come."""
    return float(shares_of(np.array([FAST.sent_at]), np.array([FAST.arrives_at]), now, linger)[0])


def test_a_message_of_half_a_millisecond_is_seen_for_a_third_of_a_second_at_the_speed_of_life():
    linger = pace_at(Fraction(1)).linger
    assert linger == SEEN_US
    assert share(SENT + linger // 2, linger) == pytest.approx(0.5)
    assert share(SENT + 500, 0) == 1.0


def test_at_a_thousandth_of_the_speed_the_picture_is_to_scale():
    linger = pace_at(Fraction(1, 1000)).linger
    assert share(SENT + 250, linger) == pytest.approx(0.5)
    assert pace_text(pace_at(Fraction(1, 1000))) == ""
    assert "slowed" in pace_text(pace_at(Fraction(1)))


def test_a_held_message_waits_before_the_machine_however_slow_the_picture(session: Session):
    layout = layout_of(session.view(Cluster()), 972, 378, 1.0, 0.0, 0.0)
    particles, routes = Particles(current_theme(), 1.0), Routes(layout)
    places: list[list[float]] = []
    for held, now in ((True, SENT + 9_000_000), (False, SENT + round(HELD_AT * SEEN_US))):
        one = FlightView("shop", "broker-1", "record", SENT, SENT + 1, held, "orders-0", 1, 7)
        particles.place((one,), routes, frozenset(), now, SEEN_US)
        places += particles.places().tolist()
    assert places[0] == pytest.approx(places[1], abs=0.01)


def test_what_is_remembered_of_messages_is_what_they_say_however_many_come_and_go():
    """Ten thousand in a row, fifty at a time, half of them known from the frame before."""
    crowd = Crowd()
    flights = [
        FlightView("shop", f"broker-{number % 3}", "record", number, number + 500, not number % 7, "orders-0", 1, 7)
        for number in range(10_000)
    ]
    for first in range(0, len(flights), 25):
        under_way = flights[first : first + 50]
        facts = crowd.facts_of(under_way).tolist()
        ways = list(crowd.ways)
        assert [(sent, arrives, bool(held), ways[int(way)][1]) for sent, arrives, held, way in facts] == [
            (one.sent_at, one.arrives_at, one.held, one.target) for one in under_way
        ]
    assert crowd.remembered <= 2 * 50 + SPARE, "those that have arrived are forgotten"


def test_the_same_message_is_the_same_view_in_every_frame(session: Session):
    """So the picture need not read it again."""
    first = session.view(InFlight(linger=SEEN_US))
    session.run_for(16_000)
    known = {id(one) for one in first}
    lingering = [one for one in session.view(InFlight(linger=SEEN_US)) if one.sent_at < session.now - 20_000]
    assert len(lingering) > 3
    assert all(id(one) in known for one in lingering)


def test_what_was_heard_a_moment_ago_is_still_shown_and_what_was_not_sent_never(session: Session):
    on_the_way = set(session.view(InFlight()))
    shown = session.view(InFlight(linger=SEEN_US))
    assert on_the_way <= set(shown)
    assert len(shown) > len(on_the_way)
    assert all(session.now - SEEN_US < one.arrives_at and one.sent_at <= session.now for one in shown)
    heard = [one for one in shown if one not in on_the_way]
    assert all(one.sent_at < one.arrives_at <= session.now for one in heard)
    records = [one for one in shown if one.kind == "record" and one.target.startswith("broker")]
    assert records
    assert all(one.source == "shop" and one.records for one in records)


def test_looking_changes_nothing(session: Session):
    before = session.event_number
    session.view(InFlight(linger=SEEN_US))
    session.step_event()
    assert session.event_number == before + 1


def test_a_step_shows_messages_where_they_are(session: Session):
    stage = Stage()
    stage.pull(session)
    assert stage.matrix.pace == pace_at(session.speed)
    stage.pull(session)
    assert stage.matrix.pace == pace_at(session.speed), "a pause keeps the picture"
    session.step_event()
    stage.pull(session)
    assert stage.matrix.pace == TRUE_PACE
    session.play()
    stage.pull(session)
    assert stage.matrix.pace == pace_at(session.speed)


# --- bands ----------------------------------------------------------------------------------------


def canvas_of(session: Session) -> ClusterCanvas:
    canvas = ClusterCanvas()
    canvas.resize(972, 378)
    return canvas


def pixels(image: QImage) -> NDArray[np.uint32]:
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())


def differing(one: QImage, other: QImage) -> list[int]:
    """The x of every pixel that is not the same in both."""
    return np.nonzero(pixels(one) != pixels(other))[1].tolist()


def test_above_four_times_the_speed_bands_move_along_the_links(session: Session):
    pace = pace_at(Fraction(16))
    assert pace.bands
    assert "messages of the last" in pace_text(pace)
    canvas = canvas_of(session)
    flights = session.view(InFlight(linger=pace.linger))
    canvas.set_view(session.view(Cluster()), flights, pace)
    busy = picture_of(canvas)
    canvas.set_view(session.view(Cluster()), (), pace)
    places = differing(busy, picture_of(canvas))
    producer = canvas.layout_now().producers["shop"]
    left = canvas.layout_now().brokers["broker-1"].left()
    assert any(producer.right() < x < left for x in places)


def test_bands_leave_the_themes_own_colours_alone(session: Session):
    canvas = canvas_of(session)
    pace = pace_at(Fraction(16))
    before = canvas.theme.state.record.alpha(), canvas.theme.state.ok.alpha()
    canvas.set_view(session.view(Cluster()), session.view(InFlight(linger=pace.linger)), pace)
    picture_of(canvas)
    assert (canvas.theme.state.record.alpha(), canvas.theme.state.ok.alpha()) == before == (255, 255)


def test_a_band_counts_every_message_of_its_way_and_kind(session: Session):
    canvas = canvas_of(session)
    canvas.set_view(session.view(Cluster()), ())
    flights = session.view(InFlight(linger=2_000_000))
    ways = traffic(flights, Routes(canvas.layout_now()))
    drawn = [one for one in flights if one.kind in ("record", "ack") or one.partition in canvas.layout_now().columns]
    assert sum(count for _, _, count in ways) == len(drawn)
    assert {kind for kind, _, _ in ways} == {"record", "ack", "replica"}


def test_a_swarm_becomes_bands_at_any_speed(session: Session, monkeypatch: pytest.MonkeyPatch):
    canvas = canvas_of(session)
    painted: list[int] = []
    monkeypatch.setattr(canvas.bands, "paint", lambda p, flights, *rest: painted.append(len(flights)))
    canvas.set_view(session.view(Cluster()), (FAST,) * (MANY - 1), Pace(SEEN_US))
    picture_of(canvas)
    assert painted == []
    canvas.set_view(session.view(Cluster()), (FAST,) * MANY, Pace(SEEN_US))
    picture_of(canvas)
    assert painted == [MANY]


def test_with_reduced_motion_numbers_stand_on_the_links_and_nothing_travels(session: Session):
    apply_theme("dark", reduced_motion=True)
    try:
        canvas = canvas_of(session)
        pace = pace_at(Fraction(1))
        flights = session.view(InFlight(linger=pace.linger))
        canvas.set_view(session.view(Cluster()), flights, pace)
        first = picture_of(canvas)
        canvas.set_view(session.view(Cluster()), (), pace)
        assert differing(first, picture_of(canvas)), "there is a number"
        assert canvas.particles.count == 0
    finally:
        apply_theme("dark", reduced_motion=False)
