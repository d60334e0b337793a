"""Share consumers in a set-up: what is refused, and that files keep them."""

from pathlib import Path
from typing import Any

import pytest

from lab.cluster.actions.clients import AddConsumer, ChangeWork
from lab.cluster.actions.shares import AddShareConsumer, PoisonKey
from lab.cluster.refused import Refused
from lab.cluster.session.saved import VERSION, SavedSession, session_from, to_data
from lab.cluster.session.session import Session
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import ClusterSpec, ConsumerSpec, TopicSpec
from lab.lessons.format import read_lesson
from lab.lessons.writer import write_scenario

MODE = (("share.acknowledgement.mode", "explicit"),)


def spec(**worker: Any) -> ClusterSpec:
    fields = {"name": "w-1", "group": "pool", "topics": ("orders",), "config": MODE, **worker}
    return ClusterSpec(
        brokers=1, topics=(TopicSpec("orders"),), share_consumers=(ShareConsumerSpec(**fields),),
        consumers=(ConsumerSpec("line-1", "line", ("orders",)),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("worker", "refusal"),
    [
        ({"group": ""}, "w-1: wanted a group, found none"),
        ({"topics": ()}, "w-1: wanted topics to read, found none"),
        ({"work_us": -1}, "wanted work of 0 to 3,600,000,000 microseconds a record, found -1"),
        ({"on_failure": "cry"}, "wanted an on failure of release, reject, crash, found 'cry'"),
        ({"config": (("group.id", "x"),)}, "wanted one of the settings .*, found 'group.id'"),
        ({"name": "line-1"}, "wanted each client name once, found line-1"),
        ({"name": "broker-9"}, "wanted a name that is not a server's"),
    ],
)
def test_what_is_wrong_is_refused(worker: dict[str, Any], refusal: str):
    with pytest.raises(Refused, match=refusal):
        spec(**worker).checked()


def test_a_session_file_keeps_share_consumers():
    whole = spec(poison="Bad", on_failure="reject", work_us=5)
    saved = SavedSession(VERSION, "Pool", "", whole, (), "main", 0, 0)
    assert session_from(to_data(saved)) == saved


def test_a_scenario_written_from_a_session_has_its_share_consumers(tmp_path: Path):
    session = Session(spec(), "Pool")
    session.post(ChangeWork("w-1", 40))
    session.post(PoisonKey("w-1", "Bad"))
    session.run_for(1_000_000)
    path = tmp_path / "mine.md"
    write_scenario(session, path)
    (found,) = read_lesson(path).spec.share_consumers
    assert found == ShareConsumerSpec("w-1", "pool", ("orders",), 40_000, "Bad", config=MODE)


def test_a_group_is_of_one_kind():
    session = Session(spec(), "Pool")
    assert AddConsumer("c", "pool", "orders").refusal(session.world) == "pool is a share group"
    assert AddShareConsumer("c", "line", "orders").refusal(session.world) == "line is a consumer group"
    assert AddShareConsumer("c", "pool", "orders").refusal(session.world) == ""
    assert "implicit or explicit" in AddShareConsumer("c", "pool", "orders", acknowledgement="x").refusal(session.world)
    assert "release, reject or crash" in AddShareConsumer("c", "pool", "orders", on_failure="x").refusal(session.world)
    assert PoisonKey("line-1", "x").refusal(session.world) == "line-1 is not a share consumer"
