"""Guards the pin of PySide6: a version that loses references to None ends the process sooner or later."""

import sys

import pytest

QtCore = pytest.importorskip("PySide6.QtCore", exc_type=ImportError)


def test_a_void_qt_call_keeps_its_reference_to_none():
    point = QtCore.QPoint()
    before = sys.getrefcount(None)
    for _ in range(1000):
        point.setX(1)
    assert abs(sys.getrefcount(None) - before) < 100
