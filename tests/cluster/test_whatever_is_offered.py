"""Whatever the menus offer can be done, in any order and to anybody: the world does not stop of it."""

import pytest

from lab.env import seconds
from lab.lessons.catalogue import find_lesson
from lab.lessons.opening import session_of
from tests.cluster.visitor import Visitor

CLUSTERS = (
    "00-sandbox", "04-scaling-readers", "07-kill-the-leader", "25-controllers-and-quorum",
    "26-last-replica-standing", "31-compaction-is-a-cleaner", "35-exactly-once-where", "36-a-transaction",
    "38-zombies", "46-queues-after-all",
)  # fmt: skip


def visited(cluster: str, seed: int, deeds: int) -> Visitor:
    session = session_of(find_lesson(cluster))
    session.run_for(seconds(8))
    visitor = Visitor(seed, session)
    visitor.visit(deeds)
    return visitor


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_visitor_stops_no_world(cluster: str):
    visitor = visited(cluster, 1, 12)
    assert not visitor.session.violation, visitor.done
    assert len(visitor.done) > 2


@pytest.mark.slow
@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("seed", range(2, 12))
def test_nor_do_many_visitors(cluster: str, seed: int):
    visitor = visited(cluster, seed, 30)
    assert not visitor.session.violation, visitor.done
