"""The measurement of a window with a real client at work, on a scale that a test can afford."""

import pytest

from lab.bench.groups import window_served


def test_window_served_counts_records_and_frames(qapp: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(window_served, "RATE", 1_000)
    monkeypatch.setattr(window_served, "SERVED_S", 2)
    monkeypatch.setattr(window_served, "WARM_UP_S", 1)
    said: list[str] = []
    figures = {one.name: one.value for one in window_served.measure(said.append)}
    assert said == ["2 seconds of 1,000 records each"]
    assert 0 < figures["records acknowledged"] <= 2_000, "in two batches, a second between them"
    assert 1 < figures["frames"] < 100
    assert 0 <= figures["frames left out"] < 100
