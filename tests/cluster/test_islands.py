"""Which servers a cut network still joins, and what the window says of those that are alone."""

import pytest

from lab.cluster.actions.network import CutLink, HealLink, Isolate
from lab.cluster.probes import Cluster, Inspect
from lab.cluster.probes.islands import cut_off, islands
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec

SERVERS = ("broker-1", "broker-2", "broker-3", "controller-1")


@pytest.fixture
def session() -> Session:
    session = Session(ClusterSpec(brokers=3))
    session.run_for(5_000_000)
    return session


def states(session: Session) -> dict[str, str]:
    return {one.name: one.state for one in session.view(Cluster()).brokers}


def test_a_whole_network_is_one_island(session: Session):
    assert islands(session.world) == (SERVERS,)
    assert cut_off(session.world) == frozenset()


def test_who_is_cut_off_from_all_is_alone_and_says_so(session: Session):
    session.post(Isolate("broker-2"))
    assert islands(session.world) == (("broker-1", "broker-3", "controller-1"), ("broker-2",))
    assert states(session)["broker-2"] == "partitioned"
    rows = session.view(Inspect("broker", "broker-2")).sections[0].rows
    assert any((one.label, one.value) == ("Still reaches", "no server") for one in rows)


def test_two_that_still_reach_each_other_are_an_island_of_their_own(session: Session):
    for inside in ("broker-1", "broker-2"):
        for outside in ("broker-3", "controller-1"):
            session.post(CutLink(inside, outside))
    assert islands(session.world) == (("broker-3", "controller-1"), ("broker-1", "broker-2"))
    assert states(session) == {"broker-1": "partitioned", "broker-2": "partitioned", "broker-3": "running"}
    rows = session.view(Inspect("broker", "broker-1")).sections[0].rows
    assert any((one.label, one.value) == ("Still reaches", "broker-2") for one in rows)


def test_a_way_round_keeps_the_island_whole_and_one_way_is_not_enough(session: Session):
    session.post(CutLink("broker-1", "broker-2"))
    assert cut_off(session.world) == frozenset()
    for other in ("broker-2", "broker-3", "controller-1"):
        session.post(HealLink("broker-1", other))
        session.post(CutLink("broker-1", other, one_way=True))
    assert cut_off(session.world) == frozenset({"broker-1"})
