"""Every action that is offered works, or is refused with one sentence, the same in a menu and in a scenario."""

import copy
import pickle
from functools import cache
from typing import Any

import pytest

from lab.cluster.actions import ACTIONS, action_from
from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.clients import PauseConsumer
from lab.cluster.actions.disks import SlowDisk
from lab.cluster.actions.machines import Crash, Freeze, PowerOff, Stop
from lab.cluster.actions.stand_ins import UseProgram
from lab.cluster.refused import Refused
from lab.cluster.session.offers import Offer, offers_for
from lab.kafka.config.flavours import FLAVOURS
from tests.story import Story, orders, settings

BROUGHT = ("bring_frame", "connect_program", "fence", "hang_up_program", "open_doors", "use_program")
"""Actions that nobody chooses: they come with real clients."""
THINGS = [
    ("cluster", ""), ("broker", "broker-1"), ("controller", "controller-1"), ("producer", "web"),
    ("consumer", "a"), ("program", "kcat"), ("group", "pay"), ("topic", "orders"), ("partition", "orders-0"),
]  # fmt: skip
MACHINES = [thing for thing in THINGS if thing[0] in ("broker", "controller", "producer", "consumer")]


@cache
def _built() -> tuple[Story, bytes]:
    """A small cluster with one thing of each kind, and its world as bytes."""
    story = Story(topics=orders(2, segment_bytes=10_000))
    story.producer("web", rate=50)
    story.consumer("a", config=settings(auto_offset_reset="earliest"))
    story.act(UseProgram("kcat", "orders", ("Ada=cup",)))
    story.run(6)
    return story, pickle.dumps(story.world)


RATE = "wanted a rate of 0 to 1,000,000 records a second"


def shop() -> Story:
    """The small cluster, for each test its own."""
    built, world = _built()
    story = copy.copy(built)
    story.world = pickle.loads(world)
    return story


def as_it_opens(offer: Offer) -> ClusterAction:
    """The action of an offer whose form is sent without a change."""
    return offer.action or offer.make({field.name: field.default for field in offer.form})


def offered(story: Story, kind: str, name: str) -> dict[str, Offer]:
    return {offer.name: offer for offer in offers_for(story.world, kind, name)}


def is_a_sentence(text: str) -> bool:
    return bool(text) and len(text) < 160 and "\n" not in text and not text.endswith(".")


def states(node: str) -> list[list[ClusterAction]]:
    """The ways a machine may be when somebody opens its menu."""
    return [[], [Crash(node)], [Freeze(node)], [Stop(node)]]


# --- what is offered works ------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_what_is_offered_works_as_its_form_opens_or_says_why_not(kind: str, name: str):
    offers = offered(shop(), kind, name)
    assert offers
    for offer in offers.values():
        story = shop()
        action = as_it_opens(offer)
        assert action.refusal(story.world) == offer.disabled, offer.title
        if offer.disabled:
            assert is_a_sentence(offer.disabled), offer.disabled
        else:
            story.act(action)
            story.run(2)


@pytest.mark.parametrize(("kind", "name"), MACHINES)
@pytest.mark.parametrize("state", range(1, 4))
def test_a_machine_in_any_state_is_offered_only_what_can_be_done_to_it(kind: str, name: str, state: int):
    story = shop()
    story.act(*states(name)[state])
    story.run(3)
    for offer in offers_for(story.world, kind, name):
        action = as_it_opens(offer)
        refusal = action.refusal(story.world)
        assert refusal == offer.disabled, offer.title
        assert not refusal or is_a_sentence(refusal), refusal
        assert action_from(action.to_data()) == action, "a scenario says the same"
    for offer in offers_for(story.world, kind, name):
        action = as_it_opens(offer)
        if not action.refusal(story.world):
            story.act(action)
    story.run(3)


def test_every_action_is_offered_for_something():
    kinds = {kind for action in ACTIONS.values() for kind in action.on}
    assert kinds == {kind for kind, _ in THINGS}
    for name, action in ACTIONS.items():
        assert action.title, name
        assert action.__doc__, name
        assert bool(action.on) != (name in BROUGHT), name


# --- what is impossible ---------------------------------------------------------------------------


def test_a_dead_broker_cannot_die_again():
    story = shop()
    story.act(Crash("broker-1"))
    offers = offered(story, "broker", "broker-1")
    assert offers["crash"].disabled == "broker-1 is already down"
    assert offers["stop"].disabled == offers["freeze"].disabled == "broker-1 is down"
    assert offers["restart"].disabled == ""
    story.act(PowerOff(("broker-1",)))
    assert offered(story, "broker", "broker-1")["power_off"].disabled == "broker-1 is already off"


def test_a_running_broker_cannot_be_started_or_thawed():
    offers = offered(shop(), "broker", "broker-1")
    assert offers["restart"].disabled == "broker-1 is running"
    assert offers["thaw"].disabled == "broker-1 is not frozen"
    assert offers["mend_disk"].disabled == "the disk of broker-1 is healthy"


def test_a_group_is_moved_only_while_nobody_is_in_it():
    story = shop()
    reason = "stop a first: offsets of a group are moved only while nobody is in it"
    assert offered(story, "group", "pay")["replay"].disabled == reason
    story.act(Stop("a"))
    story.run(1)
    assert offered(story, "group", "pay")["replay"].disabled == ""


def test_a_client_is_taken_away_only_when_it_is_stopped():
    story = shop()
    assert offered(story, "producer", "web")["remove_client"].disabled == "web is running: stop it first"
    story.act(Stop("web"))
    story.run(1)
    assert offered(story, "producer", "web")["remove_client"].disabled == ""


def test_a_consumer_that_hangs_can_go_on_but_not_hang_or_close():
    story = shop()
    assert offered(story, "consumer", "a")["resume_consumer"].disabled == "a polls"
    story.act(PauseConsumer("a"))
    story.run(1)
    offers = offered(story, "consumer", "a")
    assert offers["pause_consumer"].disabled == "a does not poll"
    assert offers["stop"].disabled == "a does not poll, and so would not close"
    assert offers["resume_consumer"].disabled == ""


def test_a_disk_that_is_slow_can_be_mended():
    story = shop()
    story.act(SlowDisk("broker-1"))
    assert offered(story, "broker", "broker-1")["mend_disk"].disabled == ""


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ({"crash": {"node": "broker-9"}}, "there is no broker-9"),
        ({"crash": {"node": "admin"}}, "wanted a broker or controller or producer or consumer, but admin is the admin"),
        ({"change_rate": {"node": "web", "per_second": -1}}, f"{RATE}, found -1"),
        ({"change_rate": {"node": "broker-1", "per_second": 1}}, "wanted a producer, but broker-1 is the broker"),
        ({"change_work": {"node": "web", "work_ms": 1}}, "wanted a consumer, but web is the producer"),
        ({"change_work": {"node": "a", "work_ms": -1}}, "wanted 0 to 3,600,000 ms, found -1"),
        ({"pause_consumer": {"node": "web"}}, "wanted a consumer, but web is the producer"),
        ({"send": {"node": "a", "records": ["x"]}}, "wanted a producer, but a is the consumer"),
        ({"send": {"node": "web", "records": []}}, "wanted 1 to 1,000 records, found 0"),
        ({"slow_disk": {"node": "web"}}, "wanted a broker, but web is the producer"),
        ({"slow_disk": {"node": "broker-1", "times": 0}}, "wanted a factor of 1 to 100,000, found 0"),
        ({"fill_disk": {"node": "a"}}, "wanted a broker, but a is the consumer"),
        ({"power_off": {"nodes": []}}, "wanted at least one machine"),
        ({"power_off": {"nodes": ["broker-1", "web"]}}, "wanted a broker or controller, but web is the producer"),
        ({"isolate": {"node": "web"}}, "wanted a broker or controller, but web is the producer"),
        ({"cut_link": {"source": "web", "target": "web"}}, "wanted two different machines"),
        ({"slow_link": {"source": "web", "target": "nobody"}}, "there is no nobody"),
        ({"slow_machine": {"node": "broker-1", "extra_ms": -5}}, "wanted 0 to 60,000 ms, found -5"),
        (
            {"skew_clock": {"node": "web", "offset_ms": 10**18}},
            "wanted at most 315,360,000,000 ms, ten years, found 1,000,000,000,000,000,000",
        ),
        ({"create_topic": {"topic": "orders"}}, "there is already a topic orders"),
        ({"create_topic": {"topic": "t", "replicas": 4}}, "wanted 1 to 3 replicas (there are 3 brokers), found 4"),
        ({"create_topic": {"topic": "t", "partitions": 0}}, "wanted 1 to 20,000 partitions, found 0"),
        ({"delete_topic": {"topic": "gone"}}, "there is no topic 'gone'"),
        ({"delete_topic": {"topic": "__consumer_offsets"}}, "__consumer_offsets is Kafka's own"),
        ({"add_partitions": {"topic": "orders", "total": 2}}, "orders has 2 partitions; wanted more, found 2"),
        ({"elect_leader": {"partition": "orders-7"}}, "there is no partition 'orders-7'"),
        ({"delete_records": {"partition": "orders"}}, "there is no partition 'orders'"),
        ({"delete_records": {"partition": "orders-0", "offset": -2}}, "wanted an offset, or -1 for all, found -2"),
        (
            {"replay": {"group": "pay", "topic": "orders"}},
            "stop a first: offsets of a group are moved only while nobody is in it",
        ),
        (
            {"replay": {"group": "none", "topic": "orders", "to": "yesterday"}},
            "wanted earliest, latest, an offset, time:MILLISECONDS or ago:SECONDS, found 'yesterday'",
        ),
        ({"add_producer": {"producer": "web", "topic": "orders"}}, "there is already a web"),
        (
            {"add_producer": {"producer": "broker-9", "topic": "orders"}},
            "wanted a name that is not a server's, found 'broker-9'",
        ),
        ({"add_producer": {"producer": "p", "topic": "orders", "rate": -1}}, f"{RATE}, found -1"),
        (
            {"add_producer": {"producer": "p", "topic": "orders", "acks": "2"}},
            "wanted acks 0, 1, all or default, found 2",
        ),
        (
            {"add_producer": {"producer": "p", "topic": "orders", "flavour": "sarama"}},
            f"flavour: wanted one of {', '.join(FLAVOURS)}, found 'sarama'",
        ),
        (
            {"add_consumer": {"consumer": "c", "group": "g", "topic": "orders", "flavour": "sarama"}},
            f"flavour: wanted one of {', '.join(FLAVOURS)}, found 'sarama'",
        ),
        (
            {"add_consumer": {"consumer": "c", "group": "g", "topic": "orders", "assignor": "best"}},
            "there is no assignor 'best'",
        ),
        ({"add_consumer": {"consumer": "c", "group": "", "topic": "orders"}}, "wanted a group and a topic"),
    ],
)  # fmt: skip
def test_what_is_impossible_is_refused_in_a_scenario_with_the_reason(data: dict[str, Any], refusal: str):
    found = action_from(data).refusal(_built()[0].world)
    assert found == refusal
    assert is_a_sentence(found)


@pytest.mark.parametrize("keys", ["cycle:0", "cycle:x", "zipf:-1"])
def test_a_pattern_of_keys_that_makes_no_sense_is_refused(keys: str):
    action = action_from({"add_producer": {"producer": "p", "topic": "orders", "keys": keys}})
    assert is_a_sentence(action.refusal(_built()[0].world))


@pytest.mark.parametrize(
    "data",
    [{"explode": {}}, {"crash": {}}, {"crash": {"node": 1}}, {"crash": {"node": "broker-1", "hard": True}}, {}, 7],
)
def test_what_is_no_action_is_refused_when_it_is_read(data: object):
    with pytest.raises(Refused) as refused:
        action_from(data)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["broker", "controller", "producer", "consumer"])
def test_a_thing_that_is_gone_is_offered_nothing(name: str):
    offers = offers_for(_built()[0].world, name, f"{name}-99")
    building = ("add_broker", "create_topic")
    assert all(offer.disabled == f"there is no {name}-99" for offer in offers if offer.name not in building)


def test_a_form_says_each_unit_once():
    fields = [field for thing in THINGS for offer in offers_for(shop().world, *thing) for field in offer.form]
    said = {(field.label, field.unit) for field in fields if field.unit}
    assert {("Work", "ms"), ("Rate", "records/s"), ("Extra", "ms")} <= said
    assert not [label for label, unit in said if {"ms", "second", unit} & set(label.lower().split())]
