"""The round trip with a window, of so few that only its shape is true."""

import pytest

from lab.bench.groups import wire_idle


def test_wire_idle_tells_the_round_trips_of_three_kinds(qapp: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire_idle, "PINGS", 3)
    said: list[str] = []
    figures = list(wire_idle.measure(said.append))
    assert [(one.name, one.unit, one.target) for one in figures] == [
        ("ApiVersions, median", "ms", "≤ 5"),
        ("ApiVersions, 95 of 100", "ms", ""),
        ("Metadata, median", "ms", "≤ 5"),
        ("Metadata, 95 of 100", "ms", ""),
        ("Produce, acks=1, median", "ms", "≤ 5"),
        ("Produce, acks=1, 95 of 100", "ms", ""),
    ]
    assert all(one.value > 0 for one in figures)
    assert said == ["3 round trips of each kind"]
