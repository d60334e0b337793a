"""MatrixLayout: where every card, column and tile of the cluster stands, and what lies under a point.

Brokers are rows and partitions are columns at every size, so zooming never re-arranges anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF

from lab.cluster.probes.views import ClusterView, GroupView

MARGIN = 20.0
TITLE_HEIGHT = 44.0
HEADER_HEIGHT = 24.0
LEGEND_HEIGHT = 26.0
SIDE_WIDTH = 138.0
GROUP_WIDTH = 150.0
LINKS_WIDTH = 64.0
LABEL_WIDTH = 100.0
CONTROLLER_WIDTH, CONTROLLER_LEAST, CONTROLLER_GAP = 178.0, 64.0, 8.0
TITLE_WIDTH = 330.0
COLUMN_MAX, COLUMN_TILE, COLUMN_MIN = 84.0, 58.0, 30.0
ROW_MAX, ROW_MIN, ROW_GAP, ROW_GAP_MIN = 98.0, 30.0, 12.0, 6.0
ROW_COMFORTABLE = 46.0
PRODUCER_HEIGHT, PRODUCER_LEAST = 58.0, 40.0
GROUP_HEAD, MEMBER_HEIGHT, MEMBER_GAP, GROUP_GAP = 44.0, 36.0, 6.0, 12.0
MEMBER_LEAST = 22.0

Subject = tuple[str, str]
"""Kind and name of a thing, as the inspector asks for it."""


@dataclass
class MatrixLayout:
    """Rectangles in pixels. `scroll_x` and `scroll_y` are how far columns and rows are scrolled away."""

    scale: float
    pitch: float
    tiles: bool
    area: QRectF
    """What scrolls: the tiles of all rows, headers excluded."""
    brokers: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    columns: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    replicas: dict[tuple[str, str], QRectF] = field(default_factory=dict[tuple[str, str], QRectF])
    producers: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    programs: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    """Real clients that are in no group; one that is has its card there."""
    real: frozenset[str] = frozenset()
    """The names of all real clients."""
    groups: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    members: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    folded: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    """Members for whose card there is no room, and the line of their group that stands for them."""
    topics: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    controllers: dict[str, QRectF] = field(default_factory=dict[str, QRectF])
    combined: bool = False
    """Whether the controllers are brokers as well."""
    wide: float = 0.0
    """How much wider the columns are than their room; 0 when all are visible."""
    high: float = 0.0
    """The same for the rows."""
    width: float = 0.0
    """Of the whole picture."""

    def left_port(self, broker: str) -> QPointF:
        """Where producers' links enter a broker."""
        box = self.brokers[broker]
        return QPointF(box.left(), box.top() + min(9 * self.scale, box.height() / 2))

    def right_port(self, broker: str) -> QPointF:
        """Where consumers' links leave a broker."""
        box = self.brokers[broker]
        return QPointF(box.right(), box.bottom() - min(9 * self.scale, box.height() / 2))

    def client_port(self, name: str) -> QPointF | None:
        """Where a client's links begin; None for what is not drawn."""
        box = self.producers.get(name, self.programs.get(name))
        if box is not None:
            return QPointF(box.right(), box.center().y())
        box = self.members.get(name, self.folded.get(name))
        return QPointF(box.left() - 8 * self.scale, box.center().y()) if box is not None else None

    def subject_at(self, point: QPointF) -> Subject:
        """The smallest thing under a point; the cluster where there is none."""
        for kind, boxes in self._by_size():
            for name, box in boxes.items():
                if box.contains(point) and (kind != "partition" or self._in_area(point)):
                    return ("program" if name in self.real else kind), name
        return "cluster", ""

    def _by_size(self) -> Iterator[tuple[str, Mapping[str, QRectF]]]:
        yield ("broker" if self.combined else "controller"), self.controllers
        yield "consumer", self.members
        yield "group", self.groups
        yield "producer", self.producers
        yield "program", self.programs
        yield "partition", self.columns
        yield "broker", self.brokers

    def _in_area(self, point: QPointF) -> bool:
        return self.area.left() <= point.x() <= self.area.right()

    def order(self) -> list[Subject]:
        """Everything that can be selected, in reading order."""
        found: list[Subject] = [] if self.combined else [("controller", name) for name in self.controllers]
        found += [("producer", name) for name in self.producers]
        found += [("program", name) for name in self.programs]
        found += [("broker", name) for name in self.brokers]
        found += [("partition", name) for name in self.columns]
        for name, box in self.groups.items():
            found.append(("group", name))
            inside = (member for member, own in self.members.items() if box.contains(own))
            found += [("program" if member in self.real else "consumer", member) for member in inside]
        return found


def layout_of(
    view: ClusterView, width: float, height: float, scale: float, scroll_x: float, scroll_y: float
) -> MatrixLayout:
    """Give everything in `view` its place in `width` × `height` pixels."""
    left = MARGIN * scale
    if view.producers or any(not one.groups for one in view.programs):
        left += (SIDE_WIDTH + LINKS_WIDTH) * scale
    right = width - MARGIN * scale
    if view.groups:
        right -= (GROUP_WIDTH + LINKS_WIDTH) * scale
    top = (TITLE_HEIGHT + HEADER_HEIGHT) * scale
    bottom = height - LEGEND_HEIGHT * scale
    room = right - left - (LABEL_WIDTH + 10) * scale
    columns = max(len(view.partitions), 1)
    pitch = min(max(room / columns, COLUMN_MIN * scale), COLUMN_MAX * scale)
    rows = max(len(view.brokers), 1)
    roomy = (bottom - top + ROW_GAP * scale) / rows >= (ROW_GAP + ROW_COMFORTABLE) * scale
    gap = (ROW_GAP if roomy else ROW_GAP_MIN) * scale
    row = min(max((bottom - top - gap * (rows - 1)) / rows, ROW_MIN * scale), ROW_MAX * scale)
    wide, high = beyond(pitch * columns, room), beyond((row + gap) * rows - gap, bottom - top)
    scroll_x, scroll_y = min(max(scroll_x, 0.0), wide), min(max(scroll_y, 0.0), high)
    area = QRectF(left + LABEL_WIDTH * scale, top, room + 4 * scale, bottom - top)
    made = MatrixLayout(scale, pitch, pitch >= COLUMN_TILE * scale, area, wide=wide, high=high, width=width)
    card_right = right if wide else min(right, area.left() + pitch * columns + 6 * scale)
    if not view.partitions:
        card_right = right
    for place, broker in enumerate(view.brokers):
        y = top + place * (row + gap) - scroll_y
        made.brokers[broker.name] = QRectF(left, y, card_right - left, row)
    made.real = frozenset(one.name for one in view.programs)
    made.combined = any(one.name in made.brokers for one in view.controllers)
    _place_controllers(made, view)
    _place_columns(made, view, pitch, scroll_x, min(bottom, top + (row + gap) * rows - gap))
    _place_producers(made, view, top, bottom)
    if view.groups:
        _place_groups(made, view.groups, width - (MARGIN + GROUP_WIDTH) * scale, top - 18 * scale, bottom)
    return made


def _place_controllers(made: MatrixLayout, view: ClusterView) -> None:
    """In the line of the title, the first one leftmost; several are narrower where there is no room."""
    count, scale = len(view.controllers), made.scale
    if not count:
        return
    room = (made.width - (2 * MARGIN + TITLE_WIDTH) * scale) / count - CONTROLLER_GAP * scale
    wide = (
        CONTROLLER_WIDTH * scale if count == 1 else min(max(room, CONTROLLER_LEAST * scale), CONTROLLER_WIDTH * scale)
    )
    left = made.width - MARGIN * scale - count * wide - (count - 1) * CONTROLLER_GAP * scale
    for place, one in enumerate(view.controllers):
        x = left + place * (wide + CONTROLLER_GAP * scale)
        made.controllers[one.name] = QRectF(x, 10 * scale, wide, 24 * scale)


def beyond(size: float, room: float) -> float:
    """How much does not fit; a pixel that rounding left over is not worth a scroll."""
    return size - room if size - room >= 1.0 else 0.0


def _place_columns(made: MatrixLayout, view: ClusterView, pitch: float, scroll_x: float, bottom: float) -> None:
    scale, area = made.scale, made.area
    inset = 5 * scale if made.tiles else 3 * scale
    tile_height = 56 * scale if made.tiles else 26 * scale
    for place, partition in enumerate(view.partitions):
        x = area.left() + place * pitch - scroll_x
        top = area.top() - HEADER_HEIGHT * scale
        made.columns[partition.name] = QRectF(x, top, pitch, bottom - top + 5 * scale)
        topic = made.topics.get(partition.topic)
        made.topics[partition.topic] = QRectF(x, top, pitch, 1) if topic is None else topic.adjusted(0, 0, pitch, 0)
        for replica in partition.replicas:
            card = made.brokers.get(replica.broker)
            if card is None:
                continue
            high = min(tile_height, card.height() - 14 * scale)
            box = QRectF(x + inset, card.center().y() - high / 2 + 3 * scale, pitch - 2 * inset - 4 * scale, high)
            made.replicas[partition.name, replica.broker] = box


def _place_producers(made: MatrixLayout, view: ClusterView, top: float, bottom: float) -> None:
    outside = [one.name for one in view.programs if not one.groups]
    scale, count = made.scale, len(view.producers) + len(outside)
    if not count:
        return
    slot = (bottom - top) / count
    high = min(PRODUCER_HEIGHT * scale, max(slot - 6 * scale, PRODUCER_LEAST * scale))
    step = min(max(slot, high + 4 * scale), 190 * scale)
    first = (top + bottom) / 2 - step * count / 2
    boxes = [
        QRectF(MARGIN * scale, first + step * place + (step - high) / 2, SIDE_WIDTH * scale, high)
        for place in range(count)
    ]
    made.producers.update(zip((one.name for one in view.producers), boxes, strict=False))
    made.programs.update(zip(outside, boxes[len(view.producers) :], strict=True))


def _place_groups(made: MatrixLayout, groups: tuple[GroupView, ...], x: float, top: float, bottom: float) -> None:
    scale = made.scale
    fixed = len(groups) * (GROUP_HEAD + GROUP_GAP + 4) * scale
    rows = shared_rows(
        [len(group.members) for group in groups], int((bottom - top - fixed) / (MEMBER_LEAST + 3) / scale)
    )
    members = sum(rows)
    each = min(MEMBER_HEIGHT + MEMBER_GAP, max((bottom - top - fixed) / members / scale, MEMBER_LEAST + 3))
    gap = MEMBER_GAP if each >= MEMBER_HEIGHT + MEMBER_GAP else 3.0
    whole = fixed + members * each * scale - GROUP_GAP * scale
    y = max(top, (top + bottom) / 2 - whole / 2)
    for group, count in zip(groups, rows, strict=True):
        high = GROUP_HEAD * scale + count * each * scale + 4 * scale
        made.groups[group.name] = QRectF(x, y, GROUP_WIDTH * scale, high)
        for place, member in enumerate(group.members):
            own = y + GROUP_HEAD * scale + min(place, count - 1) * each * scale
            box = QRectF(x + 8 * scale, own, (GROUP_WIDTH - 16) * scale, (each - gap) * scale)
            folds = len(group.members) > count and place >= count - 1
            (made.folded if folds else made.members)[member.name] = box
        y += high + GROUP_GAP * scale


def shared_rows(members: list[int], room: int) -> list[int]:
    """How many lines each group gets: one for each member while there is room, and the largest give way first. A group
    with fewer lines than members has its last one for all the others.
    """
    rows = [max(count, 1) for count in members]
    while sum(rows) > room and max(rows) > 1:
        rows[rows.index(max(rows))] -= 1
    return rows
