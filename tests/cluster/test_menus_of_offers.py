"""What can be done to a thing, as menus and forms show it."""

import pytest

from lab.cluster.actions.clients import AddConsumer, SendFile
from lab.cluster.actions.machines import Crash, Freeze, PowerOff
from lab.cluster.actions.topics import CreateTopic
from lab.cluster.probes import Cluster
from lab.cluster.session.offers import Offer
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec


@pytest.fixture
def session() -> Session:
    spec = ClusterSpec(
        topics=(TopicSpec("orders", 2, 3),),
        producers=(ProducerSpec("shop", "orders"),),
        consumers=(ConsumerSpec("app-1", "app", ("orders",)),),
    )
    return Session(spec)


def offered(session: Session, title: str, kind: str = "cluster", name: str = "") -> Offer:
    return next(one for one in session.offers(kind, name) if one.title == title)


def titles(session: Session, *menus: str) -> list[str]:
    return [one.title for one in session.offers("cluster", "") if one.group in menus]


def choices(offer: Offer) -> dict[str, tuple[str, ...]]:
    return {field.name: field.choices for field in offer.form if field.choices}


def test_without_a_thing_chosen_there_is_something_to_break_and_the_form_asks_which(session: Session):
    crash = offered(session, "Crash")
    assert choices(crash) == {"node": ("broker-1", "broker-2", "broker-3", "controller-1", "shop", "app-1")}
    assert crash.make({"node": "broker-2"}) == Crash("broker-2")
    assert offered(session, "Cut the power").make({"nodes": "broker-1, broker-3"}) == PowerOff(("broker-1", "broker-3"))
    assert choices(offered(session, "Delete records")) == {"partition": ("orders-0", "orders-1")}


def test_nothing_is_mended_where_nothing_is_broken(session: Session):
    assert not {"Start", "Thaw", "Mend the disk"} & set(titles(session, "mend"))
    session.post(Freeze("shop"))
    assert choices(offered(session, "Thaw")) == {"node": ("shop",)}


def test_a_machine_that_is_down_cannot_be_crashed_again(session: Session):
    session.post(Crash("broker-1"))
    assert "broker-1" not in choices(offered(session, "Crash"))["node"]
    assert choices(offered(session, "Start")) == {"node": ("broker-1",)}


def test_an_empty_room_has_its_controller_to_break():
    session = Session(ClusterSpec(brokers=0))
    assert choices(offered(session, "Crash")) == {"node": ("controller-1",)}
    assert "Slow disk" not in titles(session, "break")


def test_every_form_as_it_opens_can_be_sent(session: Session):
    """But for those that no form could send here, and whose offer says why."""
    for offer in session.offers("cluster", ""):
        if offer.form:
            action = offer.make({field.name: field.default for field in offer.form})
            assert action.refusal(session.world) == offer.disabled, offer.title
            assert not offer.disabled or offer.title in ("Add an ACL", "Delete ACLs", "Corrupt a batch")


def test_a_new_topics_name_is_typed_and_not_chosen_among_those_there_are(session: Session):
    form = offered(session, "Create a topic").form
    name = next(field for field in form if field.name == "topic")
    assert (name.kind, name.default, name.choices) == ("text", "topic-1", ())
    made = offered(session, "Create a topic").make({field.name: field.default for field in form})
    assert made == CreateTopic("topic-1", 3, 3)


def test_a_thing_that_was_clicked_is_not_asked_for(session: Session):
    crash = offered(session, "Crash", "broker", "broker-2")
    assert (crash.form, crash.action) == ((), Crash("broker-2"))
    member = offered(session, "Add a consumer", "group", "app")
    assert member.make({field.name: field.default for field in member.form}) == AddConsumer(
        "consumer-1", "app", "orders"
    )


def test_on_a_single_broker_a_topic_is_offered_with_one_replica():
    session = Session(ClusterSpec(brokers=1))
    made = offered(session, "Create a topic").make(
        {field.name: field.default for field in offered(session, "Create a topic").form}
    )
    assert made == CreateTopic("topic-1", 3, 1)


def test_a_data_file_is_sent_at_its_own_times():
    session = Session(ClusterSpec(brokers=1, topics=(TopicSpec("quakes", 1, 1),)))
    form = offered(session, "Send a data file").form
    values = {field.name: field.default for field in form}
    assert values["file"] == "earthquakes.csv"
    action = offered(session, "Send a data file").make({**values, "key": "net"})
    session.post(action)
    session.run_for(60_000_000)
    sent = session.view(Cluster()).partitions[0].replicas[0].log_end_offset
    assert 10 < sent < 175, "a minute is six hours of the recorded day"


def test_a_data_file_is_refused_with_what_it_lacks():
    session = Session(ClusterSpec(brokers=1, topics=(TopicSpec("quakes", 1, 1),)))
    assert "wanted a column 'when'" in SendFile("p", "quakes", "earthquakes.csv", timestamp="when").refusal(
        session.world
    )
    assert "wanted a data file in assets/data" in SendFile("p", "quakes", "../README.md").refusal(session.world)
