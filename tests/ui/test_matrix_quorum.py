"""Several controllers above the matrix: who is active, who follows, what lies under the mouse."""

import itertools

import pytest

from lab.cluster.actions.machines import Crash
from lab.cluster.actions.network import Isolate
from lab.cluster.probes import Cluster, Inspect
from lab.cluster.probes.views import ClusterView
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.ui.canvas.matrix_layout import MARGIN, layout_of
from lab.ui.canvas.matrix_words import controller_note, subject_text
from lab.ui.menus import named_things


def quorum(controllers: int = 3, *, combined: bool = False) -> Session:
    spec = ClusterSpec(
        brokers=5, topics=(TopicSpec("orders", 2, 3),), controllers=controllers, combined=combined
    )  # fmt: skip
    session = Session(spec, "Quorum", "quorum")
    session.run_for(1_000_000)
    return session


def active(view: ClusterView) -> str:
    (found,) = [one.name for one in view.controllers if one.active]
    return found


@pytest.mark.parametrize("controllers", [1, 3, 5])
@pytest.mark.parametrize("width", [760.0, 1_200.0])
def test_every_controller_has_a_card_in_the_line_of_the_title(controllers: int, width: float):
    layout = layout_of(quorum(controllers).view(Cluster()), width, 500.0, 1.0, 0.0, 0.0)
    boxes = list(layout.controllers.values())
    assert len(boxes) == controllers
    assert boxes[-1].right() == width - MARGIN
    assert all(one.right() < other.left() for one, other in itertools.pairwise(boxes))
    for name, box in layout.controllers.items():
        assert layout.subject_at(box.center()) == ("controller", name)


def test_the_active_one_says_so_and_the_others_follow_or_say_what_is_wrong_with_them():
    session = quorum()
    view = session.view(Cluster())
    notes = {one.name: controller_note(one) for one in view.controllers}
    first = active(view)
    assert notes.pop(first).startswith("active · epoch ")
    assert set(notes.values()) == {"follows"}
    session.post(Crash(first))
    session.run_for(8_000_000)
    view = session.view(Cluster())
    assert {one.name: controller_note(one) for one in view.controllers}[first] == "crashed"
    assert active(view) != first
    assert "decides which broker leads" in subject_text(view, ("controller", active(view)))


def test_one_that_is_cut_off_is_behind():
    session = quorum()
    view = session.view(Cluster())
    away = next(one.name for one in view.controllers if not one.active)
    session.post(Isolate(away))
    session.run_for(10_000_000)
    view = session.view(Cluster())
    cut = next(one for one in view.controllers if one.name == away)
    assert (cut.state, cut.active) == ("partitioned", False)
    assert cut.lag > 10
    assert "records behind" in subject_text(view, ("controller", away))
    found = session.view(Inspect("controller", away))
    assert found is not None
    assert "Quorum" in [section.title for section in found.sections]


def test_a_controller_that_is_a_broker_is_chosen_as_one():
    view = quorum(combined=True).view(Cluster())
    layout = layout_of(view, 1_000.0, 500.0, 1.0, 0.0, 0.0)
    assert layout.subject_at(layout.controllers["broker-2"].center()) == ("broker", "broker-2")
    assert [kind for kind, name, _ in named_things(view) if name == "broker-2"] == ["broker"]
