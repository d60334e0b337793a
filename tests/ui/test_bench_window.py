"""The window's figures, of so few frames and messages that only their shape is true."""

import pytest

from lab.bench.groups import window
from lab.env import seconds


def test_window_tells_what_frames_cost_and_that_a_still_picture_costs_nothing(
    qapp: object, monkeypatch: pytest.MonkeyPatch
):
    for name, value in {
        "PARTICLES": 40,
        "WARM_UP": seconds(2),
        "FRAMES_BEFORE": 2,
        "FRAMES": 5,
        "STILL_S": 0.2,
    }.items():
        monkeypatch.setattr(window, name, value)
    said: list[str] = []
    figures = list(window.measure(said.append))
    assert [(one.name, one.unit, one.target) for one in figures] == [
        ("a frame, median", "ms CPU", ""),
        ("a frame, 95 of 100", "ms CPU", "≤ 12"),
        ("a frame, 99 of 100", "ms CPU", "≤ 16"),
        ("paints while paused and unchanged", "in 0.2 s", "≤ 0"),
    ]
    assert 0 < figures[0].value <= figures[1].value <= figures[2].value
    assert figures[3].holds
    assert said == ["5 frames", "a still picture"]


def test_the_crowd_moves_and_sets_out_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(window, "PARTICLES", 100)
    session = window.CrowdedSession()
    session.run_for(seconds(2))
    session.crowd()
    first = session.view(window.InFlight())
    session.run_for(seconds(1) // 4)
    later = session.view(window.InFlight())
    assert len(first) == len(later) == 100
    assert all(one.sent_at <= session.now < one.arrives_at for one in later if not one.held)
    same = [one for one in later if any(one is other for other in first)]
    assert 50 < len(same) < 100, "most are still under way, the others have set out anew"
