"""Settings that change while brokers run (KIP-226): who hears of them, what wins, what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart
from lab.cluster.actions.replicas import ThrottleReplication
from lab.cluster.actions.settings import (
    DescribeBrokerConfigs,
    DescribeTopicConfigs,
    SetBrokerConfig,
    SetClusterConfig,
    SetGroupConfig,
    SetTopicConfig,
)
from lab.cluster.build import add_share_consumer, image_of
from lab.cluster.lookup.controllers import CONTROLLER
from lab.cluster.probes import Inspect
from lab.cluster.session.offers import offers_for
from lab.cluster.session.session import Session
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import ClusterSpec
from lab.cluster.words import WORDS
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import (
    ALL_BROKERS,
    AlterConfigsRequest,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    DescribeConfigsRequest,
    IncrementalAlterConfigsRequest,
    ResourceType,
    broker_resource,
    group_resource,
    topic_resource,
)
from lab.kafka.protocol.messages.produce import ProduceRequest, ProduceResponse
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic
from lab.world.checkpoint import Checkpoint
from tests.story import ORDERS, Story, batch, orders, settings

BUFFER = "log.cleaner.io.buffer.size"
MIN_ISR = "min.insync.replicas"
_, DYNAMIC_TOPIC, DYNAMIC_BROKER, DYNAMIC_DEFAULT, STATIC, DEFAULT, OF_GROUP = ConfigSource
ORDERS_TOPIC = topic_resource("orders")


def alter(story: Story, resource: ConfigResource, **changes: str | None) -> tuple[ErrorCode, str]:
    named = {name.replace("_", "."): value for name, value in changes.items()}
    answer = story.ask("broker-1", IncrementalAlterConfigsRequest({resource: named}))
    story.run(1)
    return answer.resources[resource]


def described(story: Story, resource: ConfigResource, broker: int = 1) -> Mapping[str, ConfigEntry]:
    (found,) = story.ask(f"broker-{broker}", DescribeConfigsRequest({resource: None})).resources.values()
    assert found.error_code is ErrorCode.NONE, found.error_message
    return {one.name: one for one in found.entries}


def chain(entry: ConfigEntry) -> list[tuple[str, str, ConfigSource]]:
    return [(one.name, one.value or "", one.source) for one in entry.synonyms]


# --- who hears, and what wins ---------------------------------------------------------------------


def test_a_setting_of_all_brokers_reaches_each_and_one_brokers_own_wins():
    story = Story(topics=orders(), broker_config=((BUFFER, "4096"),))

    def buffers() -> list[int]:
        return [story.broker(number).storage.cleaner.config.log_cleaner_io_buffer_size for number in (1, 2, 3)]

    assert buffers() == [4_096, 4_096, 4_096], "what stands in server.properties"
    story.act(SetClusterConfig(BUFFER, "8192"))
    story.run(1)
    assert buffers() == [8_192, 8_192, 8_192]
    story.act(SetBrokerConfig("broker-2", BUFFER, "16384"))
    story.run(1)
    assert buffers() == [8_192, 16_384, 8_192]
    story.act(SetClusterConfig(BUFFER, ""))
    story.run(1)
    assert buffers() == [4_096, 16_384, 4_096]
    story.act(SetBrokerConfig("broker-2", BUFFER, ""))
    story.run(1)
    assert buffers() == [4_096, 4_096, 4_096]


def test_a_broker_that_was_down_has_the_setting_from_its_start():
    story = Story(topics=orders())
    story.act(Crash("broker-3"))
    story.act(SetClusterConfig(BUFFER, "8192"), SetBrokerConfig("broker-3", "log.cleaner.backoff.ms", "7"))
    assert WORDS["setting"](story.world, "broker-3", BUFFER) == 524_288, "the controller has not heard yet"
    story.run(1)
    assert WORDS["setting"](story.world, "broker-3", BUFFER) == 8_192
    story.act(Restart("broker-3"))
    story.run(5)
    config = story.broker(3).config
    assert (config.log_cleaner_io_buffer_size, config.log_cleaner_backoff_ms) == (8_192, 7)
    assert config.static == {}


def test_it_survives_the_controllers_and_a_snapshot_of_the_metadata():
    story = Story(topics=orders(), controllers=3, combined=True, broker_config=settings(
        metadata_log_max_record_bytes_between_snapshots=2_000, metadata_log_segment_bytes=2_000,
        metadata_max_retention_bytes=2_000,
    ))  # fmt: skip
    story.run(5)
    story.act(Crash("broker-3"), SetClusterConfig(MIN_ISR, "2"))
    story.run(1)
    for number in range(60):
        story.act(SetTopicConfig("orders", "retention.ms", str(1_000_000 + number)))
        story.run(0.3)
    story.act(Restart("broker-3"))
    story.run(10)
    assert [story.replica(number).config.min_insync_replicas for number in (1, 2, 3)] == [2, 2, 2]
    assert story.told(facts.QuorumSnapshotTaken)


def test_a_change_comes_through_a_checkpoint_and_later_ones_change_one_world_only():
    story = Story(topics=orders())
    story.act(SetClusterConfig(BUFFER, "8192"))
    story.run(1)
    again = Checkpoint(story.world).restore()
    story.act(SetClusterConfig(BUFFER, "16384"))
    story.run(1)
    node: Any = again.hosts["broker-1"].node
    assert node.config is node.storage.cleaner.config is node.replicas.config
    assert node.config.log_cleaner_io_buffer_size == 8_192
    assert story.broker(1).config.log_cleaner_io_buffer_size == 16_384


def test_it_is_in_the_journal_and_the_past_does_not_have_it():
    session = Session(ClusterSpec(brokers=1))
    session.run_for(2_000_000)
    session.post(SetBrokerConfig("broker-1", BUFFER, "8192"))
    session.run_for(2_000_000)
    assert WORDS["setting"](session.world, "broker-1", BUFFER) == 8_192
    session.seek(1_000_000)
    assert WORDS["setting"](session.world, "broker-1", BUFFER) == 524_288
    session.seek(session.latest)
    assert WORDS["setting"](session.world, "broker-1", BUFFER) == 8_192


# --- what it does ---------------------------------------------------------------------------------


def test_spec_10_03_a_default_of_topics_holds_at_once_for_those_that_have_none_of_their_own():
    story = Story(topics=(*orders(), *_own("bills", retention_ms="5000")))
    bills = ORDERS._replace(topic="bills")
    assert alter(story, ALL_BROKERS, log_retention_ms="1000")[0] is ErrorCode.NONE
    assert [story.replica(number).config.retention_ms for number in (1, 2, 3)] == [1_000] * 3
    assert story.replica(1, bills).config.retention_ms == 5_000
    story.act(SetTopicConfig("bills", "retention.ms", ""))
    story.run(1)
    assert story.replica(1, bills).config.retention_ms == 1_000
    assert alter(story, ALL_BROKERS, log_retention_ms=None)[0] is ErrorCode.NONE
    assert story.replica(1).config.retention_ms == 604_800_000


def _own(name: str, **config: Any) -> Any:
    (topic,) = orders(**config)
    return (replace(topic, name=name),)


def test_a_topic_that_is_made_later_has_the_defaults_too():
    story = Story(topics=orders())
    alter(story, ALL_BROKERS, log_segment_bytes="2000", log_cleanup_policy="compact")
    story.ask("broker-1", CreateTopicsRequest((NewTopic("late", 1, 3),)))
    story.run(1)
    config = story.replica(1, ORDERS._replace(topic="late")).config
    assert (config.segment_bytes, config.cleanup_policy) == (2_000, "compact")


@pytest.mark.parametrize(
    ("config", "retention_ms"),
    [
        (settings(log_retention_hours=2), 7_200_000),
        (settings(log_retention_hours=2, log_retention_minutes=3), 180_000),
        (settings(log_retention_hours=2, log_retention_minutes=3, log_retention_ms=4), 4),
        (settings(log_retention_hours=-1), -1),
    ],
)
def test_the_finest_unit_that_is_set_wins(config: tuple[tuple[str, str], ...], retention_ms: int):
    assert Story(topics=orders(), broker_config=config).replica(1).config.retention_ms == retention_ms


def test_two_in_sync_replicas_are_wanted_of_every_topic_from_one_moment_to_the_next():
    story = Story(topics=orders())
    story.act(Crash("broker-2"), Crash("broker-3"))
    story.until(lambda: story.state().isr == (1,))

    def produce() -> ErrorCode:
        answer: ProduceResponse = story.ask("broker-1", ProduceRequest(-1, 1_000, {ORDERS: batch("A")}))
        return answer.responses[ORDERS].error_code

    assert produce() is ErrorCode.NONE
    story.act(SetClusterConfig(MIN_ISR, "2"))
    story.run(1)
    assert produce() is ErrorCode.NOT_ENOUGH_REPLICAS
    story.act(SetClusterConfig(MIN_ISR, ""))
    story.run(1)
    assert produce() is ErrorCode.NONE


def test_unclean_elections_may_be_allowed_for_all_and_come_with_the_controllers_next_look():
    story = Story(topics=orders(), broker_config=settings(unclean_leader_election_interval_ms=5_000))
    story.producer("web", rate=10, config=settings(acks="1"))
    story.act(Crash("broker-2"), Crash("broker-3"))
    story.until(lambda: story.state().isr == (1,))
    story.run(2)
    story.act(Crash("broker-1"), Restart("broker-2"))
    story.run(20)
    assert story.state().leader_id == -1
    story.act(SetClusterConfig("unclean.leader.election.enable", "true"))
    assert 0 < story.until(lambda: story.state().leader_id == 2) <= 5_500
    assert story.state().recovering or story.state().isr == (2,)


def test_a_topic_that_forbids_unclean_elections_has_none_whatever_all_brokers_say():
    story = Story(topics=orders(unclean_leader_election_enable="false"),
                  broker_config=settings(unclean_leader_election_enable="true"))  # fmt: skip
    story.act(Crash("broker-2"), Crash("broker-3"))
    story.until(lambda: story.state().isr == (1,))
    story.act(Crash("broker-1"), Restart("broker-2"))
    story.run(20)
    assert story.state().leader_id == -1


def test_a_slow_cleaner_is_let_go_while_it_works():
    story = Story(brokers=1, topics=orders(
        replicas=1, cleanup_policy="compact", segment_bytes=4_000, min_cleanable_dirty_ratio_percent=1,
    ), broker_config=settings(log_cleaner_io_max_bytes_per_second=100, log_cleaner_backoff_ms=1_000))  # fmt: skip
    story.producer("web", rate=50, keys="ABC", value_bytes=100, count=600)
    story.until(lambda: story.told(facts.CleaningStarted))
    story.run(60)
    assert not story.told(facts.Compacted)
    story.act(SetBrokerConfig("broker-1", "log.cleaner.io.max.bytes.per.second", "1000000"))
    assert story.until(lambda: story.told(facts.Compacted)) < 20_000


def test_a_cleaner_that_sleeps_wakes_up_for_its_new_backoff():
    story = Story(brokers=1, topics=orders(
        replicas=1, cleanup_policy="compact", segment_bytes=4_000, min_cleanable_dirty_ratio_percent=1,
    ), broker_config=settings(log_cleaner_backoff_ms=10_000_000))  # fmt: skip
    story.producer("web", rate=100, keys="ABC", value_bytes=100, count=300)
    story.run(10)
    assert not story.told(facts.CleaningStarted)
    story.act(SetClusterConfig("log.cleaner.backoff.ms", "1000"))
    story.run(1)
    assert story.told(facts.CleaningStarted)


def test_a_throttle_of_one_broker_is_its_own_and_other_settings_leave_it_alone():
    story = Story(topics=orders())
    story.act(ThrottleReplication(50_000))
    story.run(1)
    story.act(SetBrokerConfig("broker-2", "leader.replication.throttled.rate", "7"))
    story.run(1)
    throttles = [story.broker(number).replicas.throttle for number in (1, 2, 3)]
    assert [one.leader_rate for one in throttles if one is not None] == [50_000, 7, 50_000]
    story.act(SetClusterConfig(BUFFER, "8192"))
    story.run(1)
    assert story.broker(2).replicas.throttle is throttles[1], "what it has still to pay for is not forgiven"


def test_a_share_group_has_a_beginning_and_a_lock_of_its_own():
    story = Story(topics=orders())
    story.producer("web", rate=10, count=20)
    story.run(4)
    story.act(SetGroupConfig("work", "share.auto.offset.reset", "earliest"))
    story.act(SetGroupConfig("work", "share.record.lock.duration.ms", "3000"))
    story.run(1)
    for group in ("work", "others"):
        one_by_one = settings(share_acknowledgement_mode="explicit", max_poll_records=1)
        add_share_consumer(story.world, ShareConsumerSpec(group, group, ("orders",), config=one_by_one))
    story.run(10)
    acquired = {one.group_id for one in story.told(facts.RecordsAcquired)}
    assert acquired == {"work"}, "the others begin at the end of the log"
    assert story.broker(1).group_configs.of("others").share_record_lock_duration_ms == 30_000
    found = described(story, group_resource("work"))["share.record.lock.duration.ms"]
    assert chain(found) == [
        ("share.record.lock.duration.ms", "3000", OF_GROUP),
        ("group.share.record.lock.duration.ms", "30000", DEFAULT),
    ]


def test_a_group_of_the_consumer_protocol_has_a_session_of_its_own_through_a_change_of_coordinator():
    story = Story(topics=orders())
    story.consumer("app", config=settings(group_protocol="consumer"))
    story.run(8)
    story.act(SetGroupConfig("pay", "consumer.session.timeout.ms", "60000"))
    story.run(1)
    story.act(Crash(f"broker-{story.coordinator()}"))
    story.run(20)
    frozen = story.now
    story.act(Freeze("app"))
    story.until(lambda: story.told(facts.MemberRemoved))
    assert 54_000 <= story.now - frozen <= 61_000, "45 s by default"
    assert dict(Inspect("group", "pay")(story.world).config)["consumer.session.timeout.ms"] == "60000"
    assert WORDS["setting"](story.world, "pay", "consumer.session.timeout.ms") == 60_000


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "changes", "error", "words"),
    [
        (ALL_BROKERS, {"replica_lag_time_max_ms": "1"}, ErrorCode.INVALID_REQUEST,
         "Cannot update these configs dynamically: Set(replica.lag.time.max.ms)"),
        (broker_resource(1), {"log_cleaner_enable": "false", BUFFER: "5", "num_partitions": "2"},
         ErrorCode.INVALID_REQUEST, "Cannot update these configs dynamically: Set(log.cleaner.enable, num.partitions)"),
        (ALL_BROKERS, {"min_insync_replicas": "0"}, ErrorCode.INVALID_REQUEST,
         "min.insync.replicas: wanted a whole number of at least 1 and at most 2147483647, found '0'"),
        (broker_resource(9), {BUFFER: "5"}, ErrorCode.BROKER_ID_NOT_REGISTERED, "No broker with id 9 found."),
        (ConfigResource(ResourceType.BROKER, "one"), {BUFFER: "5"}, ErrorCode.INVALID_REQUEST,
         "Unable to parse broker name as a base 10 number."),
        (topic_resource("bills"), {"retention_ms": "1"}, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
         "The topic 'bills' does not exist."),
        (group_resource(""), {"share_session_timeout_ms": "1"}, ErrorCode.INVALID_REQUEST,
         "Default group resources are not allowed."),
        (group_resource("pay"), {"consumer_session_timeout_ms": "1"}, ErrorCode.INVALID_CONFIG,
         "consumer.session.timeout.ms: wanted a whole number of at least 45000 and at most 60000, found '1'"),
        (ORDERS_TOPIC, {"retention_ms": "-2"}, ErrorCode.INVALID_CONFIG,
         "retention.ms: wanted a whole number of at least -1, found '-2'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_kafkas_words(
    resource: ConfigResource, changes: dict[str, str], error: ErrorCode, words: str
):
    story = Story(topics=orders())
    before = story.broker(1).image.broker_config
    assert alter(story, resource, **changes) == (error, words)
    assert story.broker(1).image.broker_config == before == {}


def test_a_brokers_words_are_no_words_and_one_wrong_resource_does_not_keep_the_others():
    story = Story(topics=orders())
    body = IncrementalAlterConfigsRequest({broker_resource(9): {BUFFER: "5"}, broker_resource(2): {BUFFER: "5"}})
    answer = story.ask("broker-1", body)
    assert [error for error, _ in answer.resources.values()] == [ErrorCode.BROKER_ID_NOT_REGISTERED, ErrorCode.NONE]
    story.run(1)
    assert story.broker(2).config.log_cleaner_io_buffer_size == 5


def test_while_leaders_are_eligible_min_insync_replicas_is_one_for_all_and_stays_set():
    story = Story(topics=orders(), broker_config=settings(eligible_leader_replicas_enable="true"))
    story.run(1)
    assert story.broker(1).image.broker_config == {"": {MIN_ISR: "1"}}
    found = alter(story, broker_resource(1), min_insync_replicas="2")
    assert found == (
        ErrorCode.INVALID_CONFIG, "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
    )  # fmt: skip
    found = alter(story, ALL_BROKERS, min_insync_replicas=None)
    assert found == (
        ErrorCode.INVALID_CONFIG, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
    )  # fmt: skip
    assert alter(story, ALL_BROKERS, min_insync_replicas="2")[0] is ErrorCode.NONE
    story.act(Crash("broker-2"), Crash("broker-3"))
    story.until(lambda: story.state().isr == (1,))
    eligible = image_of(story.world).eligible
    assert eligible is not None
    assert len(eligible[ORDERS].elr) == 1, "who left when one more was wanted"


def test_the_old_way_to_alter_resets_what_it_does_not_name():
    story = Story(topics=orders(retention_ms="5000", segment_ms="7000"))
    alter(story, broker_resource(2), log_cleaner_backoff_ms="7")
    body = AlterConfigsRequest({ORDERS_TOPIC: {"retention.ms": "6000"}, broker_resource(2): {BUFFER: "4096"}})
    assert [error for error, _ in story.ask("broker-1", body).resources.values()] == [ErrorCode.NONE] * 2
    story.run(1)
    assert story.replica(2).config.overrides == {"retention.ms": 6_000}
    assert story.broker(2).config.overrides == {BUFFER: 4_096}


# --- describing -----------------------------------------------------------------------------------


def test_spec_10_01_a_fresh_topic_is_described_with_defaults_only():
    story = Story(topics=orders())
    entries = described(story, ORDERS_TOPIC)
    assert all(one.is_default and not one.is_read_only and not one.is_sensitive for one in entries.values())
    retention = entries["retention.ms"]
    assert (retention.value, retention.type, retention.documentation) == (
        "604800000", "LONG", "keep records this long; -1: for ever"
    )  # fmt: skip
    assert chain(retention) == [("log.retention.hours", "168", DEFAULT)]
    assert entries["min.insync.replicas"].type == "INT"
    assert entries["unclean.leader.election.enable"].value == "false"


def test_spec_10_02_a_description_names_all_that_set_a_value():
    story = Story(topics=orders(), broker_config=settings(log_retention_minutes=5))
    alter(story, ALL_BROKERS, log_retention_ms="2000")
    alter(story, broker_resource(1), log_retention_ms="3000")
    brokers = [
        ("log.retention.ms", "3000", DYNAMIC_BROKER),
        ("log.retention.ms", "2000", DYNAMIC_DEFAULT),
        ("log.retention.minutes", "5", STATIC),
        ("log.retention.hours", "168", DEFAULT),
    ]
    found = described(story, ORDERS_TOPIC)["retention.ms"]
    assert (found.value, found.source, chain(found)) == ("3000", DYNAMIC_BROKER, brokers)
    assert described(story, ORDERS_TOPIC, broker=2)["retention.ms"].value == "2000", "as that broker has it"
    alter(story, ORDERS_TOPIC, retention_ms="1000")
    found = described(story, ORDERS_TOPIC)["retention.ms"]
    assert (found.value, found.source) == ("1000", DYNAMIC_TOPIC)
    assert chain(found) == [("retention.ms", "1000", DYNAMIC_TOPIC), *brokers]


def test_a_broker_describes_itself_and_what_is_set_for_all_and_nobody_else():
    story = Story(topics=orders(), broker_config=settings(replica_lag_time_max_ms=9_000))
    alter(story, ALL_BROKERS, min_insync_replicas="2")
    entries = described(story, broker_resource(1))
    lag = entries["replica.lag.time.max.ms"]
    assert (lag.value, lag.source, lag.is_read_only) == ("9000", STATIC, True)
    assert chain(lag) == [("replica.lag.time.max.ms", "9000", STATIC), ("replica.lag.time.max.ms", "30000", DEFAULT)]
    assert (entries[MIN_ISR].value, entries[MIN_ISR].is_read_only) == ("2", False)
    assert list(described(story, ALL_BROKERS)) == [MIN_ISR]
    (other,) = story.ask("broker-1", DescribeConfigsRequest({broker_resource(2): None})).resources.values()
    assert (other.error_code, other.error_message) == (
        ErrorCode.INVALID_REQUEST, "Unexpected broker id, expected 1 or empty string, but received 2"
    )  # fmt: skip


def test_the_administrator_asks_the_broker_itself_and_says_what_it_heard():
    story = Story(topics=orders())
    story.act(SetBrokerConfig("broker-2", BUFFER, "8192"))
    story.run(1)
    story.act(DescribeBrokerConfigs("broker-2"), DescribeTopicConfigs("orders", MIN_ISR))
    story.run(2)
    assert [one.text for one in story.told(facts.AdminResult) if one.text] == [
        f"broker 2: {BUFFER}=8192 {{DYNAMIC_BROKER_CONFIG:{BUFFER}=8192, DEFAULT_CONFIG:{BUFFER}=524288}}",
        f"topic orders: {MIN_ISR}=1 {{DEFAULT_CONFIG:{MIN_ISR}=1}}",
    ]


# --- forms ----------------------------------------------------------------------------------------


def test_the_form_says_of_each_setting_whether_a_change_holds_at_once():
    story = Story(topics=orders())
    (offer,) = (one for one in offers_for(story.world, "broker", "broker-1") if one.name == "set_broker_config")
    notes = {one.setting: one.note for one in offer.form[0].notes}
    assert notes[BUFFER].endswith("It holds at once.")
    assert notes["replica.lag.time.max.ms"].endswith("It is read-only: it holds from the next start.")
    (offer,) = (one for one in offers_for(story.world, "controller", CONTROLLER) if one.name == "set_broker_config")
    notes = {one.setting: one.note for one in offer.form[0].notes}
    assert "next start" in notes[BUFFER], "a controller hears only of what is set for all"
    (offer,) = (one for one in offers_for(story.world, "cluster", "") if one.name == "set_cluster_config")
    assert BUFFER in offer.form[0].choices
    assert "replica.lag.time.max.ms" not in offer.form[0].choices
    refused = SetClusterConfig("replica.lag.time.max.ms", "1").refusal(story.world)
    assert refused == "replica.lag.time.max.ms is read-only: change it broker by broker, from the next start"


def test_the_inspector_shows_the_new_value_at_once():
    story = Story(topics=orders())
    story.act(SetBrokerConfig("broker-1", BUFFER, "8192"), SetClusterConfig(MIN_ISR, "2"))
    story.run(1)
    view = Inspect("broker", "broker-1")(story.world)
    assert dict(view.config)[BUFFER] == "8192"
    topic = Inspect("topic", "orders")(story.world)
    assert dict(topic.config)[MIN_ISR] == "2"
