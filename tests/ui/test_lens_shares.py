"""A share group under the lens: each state has its own look, and says what it is."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from lab.cluster.probes import Inspect
from lab.cluster.probes.lens import PartitionLens
from lab.cluster.probes.topology import Cluster
from lab.cluster.probes.views import LensGroupView, LensView, ShareRunView
from lab.ui.canvas.lens import LensCanvas
from lab.ui.screenshot import picture_of
from tests.kafka.share.queue import Queue
from tests.story import settings
from tests.ui.scenes import lens_mid_failure

RUNS = (
    ShareRunView(1028, 1031, "Acquired", 1, "w-1"),
    ShareRunView(1031, 1033, "Available", 2, ""),
    ShareRunView(1033, 1036, "Acknowledged", 1, ""),
    ShareRunView(1036, 1037, "Archived", 5, ""),
    ShareRunView(1037, 1039, "Acquired", 3, "w-2"),
)


def shared_view() -> LensView:
    group = LensGroupView("pool", 3, "w-2", 1028, 1039, 17, 400_000, "11 in flight", True, RUNS)
    return replace(lens_mid_failure(), groups=(group,))


@pytest.fixture
def lens(look, qtbot) -> LensCanvas:
    canvas = LensCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(972, 290)
    canvas.set_view(shared_view())
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def patch(lens: LensCanvas, run: ShareRunView) -> QImage:
    """How one record of a run looks."""
    g = lens.geometry_now()
    x, y = g.x_of(run.first), g.group_line(0)
    return picture_of(lens).copy(QRectF(x, y - 9, g.pitch, 18).toRect())


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_two_states_look_alike(lens: LensCanvas, look, theme: str):
    look(theme)
    looks = [patch(lens, run) for run in RUNS[:4]]
    assert all(looks[one] != looks[other] for one in range(4) for other in range(one))


def test_a_share_group_says_what_is_whose(lens: LensCanvas):
    g = lens.geometry_now()
    text = lens.text_at(QPointF(400, g.group_line(0)))
    assert text.startswith("pool · start offset 1028 · end offset 1039 · lag 17 · 0.4 s")
    assert "1028 to 1030 Acquired by w-1" in text
    assert "1031 to 1032 Available, delivery 2" in text
    assert "1036 Archived, delivery 5" in text


def test_the_marks_are_called_start_and_end(lens: LensCanvas):
    view = lens.view
    assert view is not None
    texts = [text for _, text in lens.group_painter.labels(view.groups[0], lens.geometry_now())]
    assert texts == ["start 1028", "end 1039"]


# --- what a real share group tells the window -----------------------------------------------------


@pytest.fixture(scope="module")
def pool() -> Queue:
    story = Queue()
    story.producer("shop", rate=3, keys="Ada,Bad")
    for name in ("w-1", "w-2"):
        story.worker(name, "pool", work_us=700_000, poison="Bad", config=settings(
            share_acknowledgement_mode="explicit", max_poll_records=2,
        ))  # fmt: skip
    story.run(15)
    return story


def test_the_probe_tells_the_leaders_runs(pool: Queue):
    group = PartitionLens("orders-0", end_offset=pool.start("pool") + 12)(pool.world).groups[0]
    assert group.shared
    assert group.committed == pool.start("pool")
    assert [(run.first, run.end, run.state, run.delivery_count) for run in group.runs] == pool.runs("pool")
    assert {run.member for run in group.runs if run.state == "Acquired"} <= {"w-1", "w-2"}


def test_the_matrix_and_the_inspector_know_share_groups(pool: Queue):
    (group,) = Cluster()(pool.world).groups
    assert (group.name, group.state, [one.name for one in group.members]) == ("pool", "Stable", ["w-1", "w-2"])
    assert all(one.partitions == ("orders-0",) and one.state == "consuming" for one in group.members)
    shown = Inspect("group", "pool")(pool.world)
    assert shown.subtitle == "share group"
    rows = {row.label: row.value for section in shown.sections for row in section.rows}
    assert rows["Members"] == "2"
    assert int(rows["Delivered again"]) > 0
    assert rows["orders-0"].startswith(f"{pool.start('pool')} → ")
    member = {
        row.label: row.value for section in Inspect("consumer", "w-1")(pool.world).sections for row in section.rows
    }
    assert (member["Share group"], member["Fails on key"], member["Partitions"]) == ("pool", "Bad", "orders-0")


def test_the_inspector_says_what_a_member_holds_that_others_have_had(pool: Queue):
    def delivered_before() -> set[str]:
        views = [Inspect("consumer", name)(pool.world) for name in ("w-1", "w-2")]
        rows = [row for view in views for section in view.sections for row in section.rows]
        return {row.value for row in rows if row.label == "Delivered before"}

    seen: set[str] = set()
    for _ in range(10):
        pool.run(0.4)
        seen |= delivered_before()
    assert "0" in seen
    assert any("· delivery 2" in one for one in seen), seen
