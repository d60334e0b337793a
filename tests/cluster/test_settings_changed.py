"""Settings are changed as Kafka lets one change them: at once, at the next start, or with another client."""

from typing import Any

import pytest

from lab.cluster.actions import ClusterAction, action_from
from lab.cluster.actions.clients import ChangeRate, PauseConsumer
from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop
from lab.cluster.actions.settings import SetBrokerConfig, SetClientConfig, SetTopicConfig
from lab.cluster.probes import Inspect
from lab.cluster.refused import Refused
from lab.cluster.session.offers import Field, offers_for
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ProducerSpec
from lab.cluster.words import WORDS
from lab.kafka import facts
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.config.broker import BrokerConfig
from lab.world.checkpoint import Checkpoint
from tests.story import Story, orders, settings


def shop(**spec: Any) -> Story:
    story = Story(topics=orders())
    story.producer("shop", keys="A", **spec)
    return story


def app_of(story: Story) -> ProducerApp:
    node = story.world.hosts["shop"].node
    assert isinstance(node, ProducerApp)
    return node


def shown(story: Story, kind: str, name: str) -> dict[str, str]:
    return dict(Inspect(kind, name)(story.world).config)


# --- clients --------------------------------------------------------------------------------------


def test_a_producer_sends_what_it_has_and_is_made_anew():
    story = shop(rate=200)
    story.run(2)
    before = app_of(story).producer
    story.act(SetClientConfig("shop", "linger.ms", "50"))
    story.run(0.5)
    after = app_of(story).producer
    assert after is not before
    assert (before.config.linger_ms, after.config.linger_ms) == (5, 50)
    assert after.producer_id > before.producer_id >= 0
    story.act(ChangeRate("shop", 0))
    story.run(1)
    truth = story.ledger.producer("shop")
    assert len(truth.acked) == truth.born > 450, "nothing was lost, doubled or left out on the way"
    assert WORDS["copies"](story.world) == 0


def test_the_application_makes_up_for_the_time_it_was_blocked():
    story = shop(rate=100)
    story.run(1)
    story.act(SetClientConfig("shop", "acks", "1"))
    story.run(2)
    assert 295 <= story.ledger.producer("shop").born <= 301


def test_a_producer_whose_broker_is_away_closes_when_its_last_record_has_failed():
    story = shop(rate=10, config=settings(delivery_timeout_ms=5_000, request_timeout_ms=2_000))
    story.run(1)
    story.act(*(Freeze(f"broker-{number}") for number in (1, 2, 3)))
    story.run(0.5)
    story.act(SetClientConfig("shop", "linger.ms", "0"))
    story.run(3)
    assert app_of(story).producer.config.linger_ms == 5
    story.run(3)
    assert app_of(story).producer.config.linger_ms == 0


def test_a_consumer_commits_leaves_and_comes_back_as_a_stranger():
    story = shop(rate=100)
    story.consumer("app", config=settings(auto_offset_reset="earliest"))
    story.until(story.done)
    member = story.app("app").membership.member_id
    story.act(SetClientConfig("app", "max.poll.records", "7"))
    story.run(6)
    assert [one.reason for one in story.told(facts.LeftGroup)] == ["closed"]
    assert story.app("app").membership.member_id != member
    assert story.app("app").fetcher.config.max_poll_records == 7
    story.act(ChangeRate("shop", 0))
    story.run(3)
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (0, 0)
    assert len(story.done()) == story.ledger.producer("shop").born


def test_a_client_that_is_down_starts_with_the_new_settings():
    story = shop(rate=10)
    story.act(Stop("shop"))
    story.run(1)
    story.act(SetClientConfig("shop", "linger.ms", "70"))
    assert WORDS["setting"](story.world, "shop", "linger.ms") == 70
    story.act(Restart("shop"))
    story.run(1)
    assert app_of(story).config.linger_ms == 70
    story.act(Crash("shop"), Restart("shop"))
    assert app_of(story).config.linger_ms == 70, "also after the next crash"


def test_an_empty_value_goes_back_to_the_flavours_default():
    story = shop(rate=0, flavour="librdkafka", config=settings(linger_ms=70))
    story.act(SetClientConfig("shop", "linger.ms", ""))
    story.run(1)
    assert app_of(story).config.linger_ms == 5
    assert app_of(story).config.overrides == {}
    assert app_of(story).config.batch_size == 1_000_000


def test_a_change_under_way_comes_through_a_checkpoint():
    story = shop(rate=50)
    story.run(1)
    story.act(SetClientConfig("shop", "linger.ms", "50"))
    again = Checkpoint(story.world).restore()
    for world in (story.world, again):
        world.run_until(world.now + 2_000_000)
        node = world.hosts["shop"].node
        assert isinstance(node, ProducerApp)
        assert node.producer.config.linger_ms == 50
    assert (again.event_number, again.sequence) == (story.world.event_number, story.world.sequence)


# --- servers and topics ---------------------------------------------------------------------------


def test_a_brokers_setting_holds_from_its_next_start():
    story = shop(rate=10)
    story.act(SetBrokerConfig("broker-2", "replica.lag.time.max.ms", "9000"))
    assert story.broker(2).config.replica_lag_time_max_ms == 30_000
    assert shown(story, "broker", "broker-2")["replica.lag.time.max.ms"] == "30000 → 9000"
    assert shown(story, "broker", "broker-1")["replica.lag.time.max.ms"] == "30000"
    story.act(Crash("broker-2"), Restart("broker-2"))
    assert story.broker(2).config.replica_lag_time_max_ms == 9_000
    assert shown(story, "broker", "broker-2")["replica.lag.time.max.ms"] == "9000"


def test_a_topics_setting_holds_at_once_and_can_go_back():
    story = shop(rate=10)
    for value, wanted in (("2", 2), ("", 1)):
        story.act(SetTopicConfig("orders", "min.insync.replicas", value))
        story.run(1)
        assert [story.replica(number).config.min_insync_replicas for number in (1, 2, 3)] == [wanted] * 3


# --- refusals, history, form ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (SetClientConfig("shop", "linger.ms", "-1"), "linger.ms: wanted a whole number of at least 0, found '-1'"),
        (SetClientConfig("shop", "max.poll.records", "1"), "wanted one of the settings acks, "),
        (SetClientConfig("shop", "sticky.partitioning.linger.ms", "1"), "Java client 4.0 has no such setting"),
        (SetClientConfig("shop", "delivery.timeout.ms", "1000"), "wanted at least linger.ms + request.timeout.ms"),
        (SetClientConfig("shop", "transactional.id", "t"), "stop shop first: its transactions begin with its process"),
        (SetClientConfig("broker-1", "linger.ms", "1"), "wanted a producer or consumer, but broker-1 is the broker"),
        (SetBrokerConfig("broker-1", "num.partitions", "0"), "num.partitions: wanted a whole number of at least 1"),
        (SetBrokerConfig("broker-9", "num.partitions", "1"), "there is no broker-9"),
        (SetTopicConfig("orders", "retention.ms", "week"), "retention.ms: wanted a whole number of at least -1"),
        (SetTopicConfig("bills", "retention.ms", "1"), "there is no topic 'bills'"),
    ],
)
def test_a_bad_value_is_refused_with_the_range(action: ClusterAction, reason: str):
    story = shop(rate=0)
    assert reason in action.refusal(story.world)


def test_who_does_not_run_as_it_should_cannot_make_another_client():
    story = shop(rate=0)
    story.consumer("app")
    story.run(1)
    story.act(Freeze("shop"), PauseConsumer("app"))
    story.run(0.1)
    assert SetClientConfig("shop", "acks", "1").refusal(story.world) == "shop is frozen"
    assert "does not poll" in SetClientConfig("app", "fetch.min.bytes", "9").refusal(story.world)


def test_a_change_is_in_the_journal_and_the_past_does_not_have_it():
    session = Session(ClusterSpec(brokers=1, producers=(ProducerSpec("shop", "orders", 10),)))
    session.run_for(2_000_000)
    session.post(action_from({"set_client_config": {"node": "shop", "setting": "linger.ms", "value": "9"}}))
    session.run_for(2_000_000)
    assert WORDS["setting"](session.world, "shop", "linger.ms") == 9
    session.seek(1_000_000)
    assert WORDS["setting"](session.world, "shop", "linger.ms") == 5
    session.seek(session.latest)
    assert WORDS["setting"](session.world, "shop", "linger.ms") == 9


def fields_of(story: Story, kind: str, name: str) -> dict[str, Field]:
    (offer,) = (one for one in offers_for(story.world, kind, name) if one.title == "Change a setting")
    assert not offer.disabled
    return {field.name: field for field in offer.form}


def test_the_form_knows_each_setting_with_its_value_and_when_a_change_holds():
    story = shop(rate=0, flavour="librdkafka", config=settings(linger_ms=70))
    notes = {one.setting: one for one in fields_of(story, "producer", "shop")["setting"].notes}
    assert "max.block.ms" not in notes
    assert notes["linger.ms"].value == "70"
    assert notes["linger.ms"].note == (
        "Wait so long for a batch to fill. Wanted: a whole number of at least 0. Default: 5. "
        "The application closes its client and makes another with it."
    )
    assert notes["delivery.timeout.ms"].note.endswith("librdkafka 2.15 calls it message.timeout.ms.")
    broker = fields_of(story, "broker", "broker-1")
    assert broker["setting"].choices == tuple(BrokerConfig.settings)
    assert broker["value"].default == broker["setting"].notes[0].value == "false", "the value of the first one"
    assert "from the next start" in broker["setting"].notes[0].note
    assert "at once" in fields_of(story, "topic", "orders")["setting"].notes[0].note


def test_a_setting_of_nothing_is_refused_in_a_scenario():
    with pytest.raises(Refused, match=r"wanted a setting of .*, a client or a group, found 'linger\.ms'"):
        WORDS["setting"](shop(rate=0).world, "broker-1", "linger.ms")
