"""Settings that go together, or do not (spec 6.10, 10.14), and what a refusal says."""

import pickle

import pytest

from lab.kafka.clients.assignors import ASSIGNORS
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.client import CLIENT_ASSIGNORS, ConsumerConfig, ProducerConfig
from lab.kafka.config.definition import INT_MAX, LONG_MAX, Config, InvalidConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic
from tests.story import Story, orders, settings


def producer(**values: object) -> ProducerConfig:
    return ProducerConfig(settings(**values))


@pytest.mark.parametrize("values", [{"acks": "1"}, {"acks": "0"}, {"retries": 0}])
def test_spec_06_s10_idempotence_by_default_gives_way(values: dict[str, object]):
    assert producer(**values).enable_idempotence is False
    assert producer().enable_idempotence is True


@pytest.mark.parametrize("values", [{"acks": "1"}, {"retries": 0}, {"max_in_flight_requests_per_connection": 6}])
def test_spec_06_s10_idempotence_that_was_asked_for_does_not(values: dict[str, object]):
    with pytest.raises(InvalidConfig, match=r"enable\.idempotence=true wants"):
        producer(enable_idempotence=True, **values)


def test_spec_10_1_since_4_0_more_than_5_in_flight_is_an_error_even_by_default():
    with pytest.raises(InvalidConfig, match="at most 5 requests in flight"):
        producer(max_in_flight_requests_per_connection=6)
    assert producer(max_in_flight_requests_per_connection=6, enable_idempotence=False).enable_idempotence is False
    assert producer(max_in_flight_requests_per_connection=5).enable_idempotence is True


def test_spec_10_20_a_delivery_timeout_shorter_than_a_request_is_refused():
    with pytest.raises(InvalidConfig, match=r"at least linger.ms \+ request.timeout.ms = 30005, found 1000"):
        producer(delivery_timeout_ms=1_000)
    assert producer(delivery_timeout_ms=30_005).delivery_timeout_ms == 30_005


def test_spec_06_s10_one_that_was_not_asked_for_is_raised():
    assert producer(linger_ms=100_000).delivery_timeout_ms == 130_000
    assert producer(request_timeout_ms=200_000).delivery_timeout_ms == 200_005


def test_spec_10_19_a_heartbeat_as_long_as_the_session_is_refused():
    with pytest.raises(InvalidConfig, match=r"heartbeat\.interval\.ms: wanted less than session.timeout.ms"):
        ConsumerConfig(settings(heartbeat_interval_ms=45_000))
    assert ConsumerConfig(settings(heartbeat_interval_ms=44_999)).heartbeat_interval_ms == 44_999


@pytest.mark.parametrize(
    ("strategy", "found"), [("foo", "'foo'"), ("range,", "''"), ("", "''"), ("range,sticky,range", "'range'")]
)
def test_only_assignors_that_there_are_and_none_twice(strategy: str, found: str):
    """Kafka looks for a class of that name; a group's leader that cannot find it could not deal anything out."""
    assert tuple(ASSIGNORS) == CLIENT_ASSIGNORS
    with pytest.raises(InvalidConfig, match=f"range, roundrobin, sticky, cooperative-sticky, each once, found {found}"):
        ConsumerConfig(settings(partition_assignment_strategy=strategy))
    spaced = ConsumerConfig(settings(partition_assignment_strategy="sticky, range"))
    assert spaced.partition_assignment_strategy == "sticky, range"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (ProducerConfig, {"buffer.memory", "linger.ms", "max.block.ms", "metadata.max.age.ms", "retry.backoff.max.ms",
                          "retry.backoff.ms", "sticky.partitioning.linger.ms"}),
        (ConsumerConfig, {"metadata.max.age.ms", "retry.backoff.max.ms", "retry.backoff.ms"}),
    ],
)  # fmt: skip
def test_only_what_is_a_long_in_kafka_may_be_longer_than_an_int(kind: type[Config], names: set[str]):
    """max.poll.interval.ms, for one, travels in JoinGroup as an INT32 and stands so in `__consumer_offsets`."""
    assert {one.name for one in kind.settings.values() if one.type == "LONG"} == names
    with pytest.raises(InvalidConfig, match="wanted a whole number of at least 1 and at most 2147483647, found"):
        ConsumerConfig(settings(max_poll_interval_ms=LONG_MAX))


def test_a_choice_of_nothing_has_a_word():
    wanted = "wanted one of nothing, org.apache.kafka.metadata.authorizer.StandardAuthorizer, found 'foo'"
    with pytest.raises(InvalidConfig, match=wanted):
        BrokerConfig(settings(authorizer_class_name="foo"))


def test_spec_10_13_segments_as_small_as_a_class_wants_to_see_them():
    """Kafka 4.0 wants 1 MiB; the lab keeps the older limit of 14 bytes."""
    assert TopicConfig(settings(segment_bytes=1_000)).segment_bytes == 1_000
    with pytest.raises(InvalidConfig, match=r"segment\.bytes: wanted a whole number of at least 14"):
        TopicConfig(settings(segment_bytes=13))


@pytest.mark.parametrize(
    ("kind", "name", "value", "found"),
    [
        (TopicConfig, "retention.ms", "-2", "wanted a whole number of at least -1, found '-2'"),
        (TopicConfig, "retention.ms", "week", "wanted a whole number of at least -1, found 'week'"),
        (TopicConfig, "retention.ms", "1.5", "found '1.5'"),
        (TopicConfig, "retention.ms", "--5", "found '--5'"),
        (TopicConfig, "retention.ms", "²", "found '²'"),
        (TopicConfig, "retention.ms", str(LONG_MAX + 1), "found '9223372036854775808'"),
        (TopicConfig, "retention.ms", "9" * 5_000, "found '999"),
        (TopicConfig, "retention.ms", True, "found True"),
        (TopicConfig, "retention.ms", None, "found None"),
        (TopicConfig, "min.insync.replicas", "0", "at least 1 and at most 2147483647, found '0'"),
        (TopicConfig, "cleanup.policy", "burn", "wanted one of delete, compact, compact,delete, found 'burn'"),
        (TopicConfig, "unclean.leader.election.enable", "perhaps", "wanted true or false, found 'perhaps'"),
        (TopicConfig, "unclean.leader.election.enable", [], "wanted true or false, found []"),
        (ProducerConfig, "acks", "2", "wanted one of 0, 1, all, found '2'"),
        (ProducerConfig, "retries", str(INT_MAX + 1), "at most 2147483647"),
        (ProducerConfig, "compression.type", "zip", "wanted one of none, gzip, snappy, lz4, zstd"),
        (ConsumerConfig, "auto.offset.reset", "middle", "wanted one of latest, earliest, none"),
        (BrokerConfig, "num.partitions", "0", "at least 1, found '0'"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(kind: type[Config], name: str, value: object, found: str):
    with pytest.raises(InvalidConfig) as refused:
        kind({name: value})
    said = str(refused.value)
    assert said.startswith(f"{name}: wanted ")
    assert found in said
    assert "\n" not in said
    assert len(said) < 300


def test_a_setting_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(InvalidConfig, match=r"wanted one of the settings cleanup\.policy, .*, found 'retention'"):
        TopicConfig({"retention": 1})


def test_a_config_comes_through_a_checkpoint_with_what_follows_from_it():
    for config in (producer(acks="1"), producer(linger_ms=100_000), TopicConfig(settings(retention_ms=5))):
        again = pickle.loads(pickle.dumps(config))
        assert {name: getattr(again, name) for name in vars(config)} == vars(config)


@pytest.mark.parametrize("policy", ["upgrade", "UPGRADE", "Upgrade"])
def test_a_word_is_taken_in_any_case_where_kafka_does_and_told_as_it_was_given(policy: str):
    config = BrokerConfig({"group.consumer.migration.policy": policy})
    assert config.shown("group.consumer.migration.policy") == policy
    with pytest.raises(
        InvalidConfig, match="one of bidirectional, upgrade, downgrade, disabled in any case, found 'up'"
    ):
        BrokerConfig({"group.consumer.migration.policy": "up"})


def test_settings_of_a_protocol_are_told_apart_in_any_case():
    with pytest.raises(InvalidConfig, match=r"session\.timeout\.ms cannot be set with group\.protocol=CONSUMER"):
        ConsumerConfig({"group.protocol": "CONSUMER", "session.timeout.ms": "10000"})
    with pytest.raises(InvalidConfig, match=r"group\.remote\.assignor cannot be set with group\.protocol=Classic"):
        ConsumerConfig({"group.protocol": "Classic", "group.remote.assignor": "range"})


def test_a_consumer_joins_by_the_protocol_that_is_named_in_whatever_case():
    story = Story(topics=orders())
    story.consumer("app", config=settings(group_protocol="CONSUMER"))
    story.run(10)
    assert list(story.consumer_group().members), "it is a member by the consumer protocol"


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (ConsumerConfig, "isolation.level", "READ_COMMITTED"), (ConsumerConfig, "auto.offset.reset", "Earliest"),
        (ProducerConfig, "acks", "ALL"), (ProducerConfig, "compression.type", "LZ4"),
        (TopicConfig, "cleanup.policy", "Compact"), (TopicConfig, "message.timestamp.type", "createtime"),
    ],
)  # fmt: skip
def test_all_other_words_are_taken_as_they_are_written_only(kind: type[Config], name: str, value: str):
    with pytest.raises(InvalidConfig, match="wanted one of"):
        kind({name: value})


def test_a_changed_setting_can_go_back_to_its_default():
    config = TopicConfig(settings(retention_ms=5, segment_ms=9))
    assert config.changed({"retention.ms": None, "segment.bytes": "500"}) == {"segment.ms": 9, "segment.bytes": 500}
    with pytest.raises(InvalidConfig):
        config.changed({"retention.ms": "soon"})
    assert config.overrides == {"retention.ms": 5, "segment.ms": 9}


# --- what the brokers say where a caller does not -------------------------------------------------


@pytest.mark.parametrize(
    ("broker", "counts"),
    [({}, (1, 1)), ({"num.partitions": "4", "default.replication.factor": "2"}, (4, 2))],
)
def test_spec_10_07_a_topic_without_counts_is_made_as_the_brokers_are_set_up(
    broker: dict[str, str], counts: tuple[int, int]
):
    story = Story(brokers=2, broker_config=tuple(broker.items()))
    (result,) = story.ask("broker-1", CreateTopicsRequest((NewTopic("orders", -1, -1),))).topics
    assert result.error_code is ErrorCode.NONE
    story.run(1)
    partitions = list(story.broker(1).image.topics["orders"].partitions.values())
    assert (len(partitions), len(partitions[0].replicas)) == counts


@pytest.mark.parametrize(
    ("partitions", "replicas", "error"),
    [
        (0, 1, ErrorCode.INVALID_PARTITIONS),
        (-2, 1, ErrorCode.INVALID_PARTITIONS),
        (1, 0, ErrorCode.INVALID_REPLICATION_FACTOR),
        (1, -2, ErrorCode.INVALID_REPLICATION_FACTOR),
        (1, 3, ErrorCode.INVALID_REPLICATION_FACTOR),
    ],
)
def test_other_counts_below_one_are_refused(partitions: int, replicas: int, error: ErrorCode):
    story = Story(brokers=2)
    (result,) = story.ask("broker-1", CreateTopicsRequest((NewTopic("orders", partitions, replicas),))).topics
    assert result.error_code is error
