"""Each row of the tables of client defaults (spec 6.9, 10.1, 10.8, 10.9), flavour by flavour."""

import pickle

import pytest

from lab.cluster.refused import Refused
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.definition import INT_MAX, InvalidConfig, Setting
from lab.kafka.config.flavours import DEFAULT_FLAVOUR, FLAVOURS
from tests.story import settings

JAVA_4, JAVA_3, JAVA_2_4, JAVA_2_3 = "java-4", "java-3", "java-2.4", "java-2.3"
RDKAFKA, PYTHON = "librdkafka", "kafka-python"
TODAY = (JAVA_4, JAVA_3, RDKAFKA, PYTHON)
ROWS: list[tuple[type[ProducerConfig] | type[ConsumerConfig], str, tuple[object, ...]]] = [
    (ProducerConfig, "enable_idempotence", (True, True, False, True)),
    (ProducerConfig, "acks", ("all", "all", "all", "all")),
    (ProducerConfig, "linger_ms", (5, 0, 5, 0)),
    (ProducerConfig, "batch_size", (16_384, 16_384, 1_000_000, 16_384)),
    (ProducerConfig, "batch_num_messages", (INT_MAX, INT_MAX, 10_000, INT_MAX)),
    (ProducerConfig, "delivery_timeout_ms", (120_000, 120_000, 300_000, 120_000)),
    (ProducerConfig, "max_in_flight_requests_per_connection", (5, 5, 1_000_000, 5)),
    (ProducerConfig, "retries", (INT_MAX, INT_MAX, INT_MAX, INT_MAX)),
    (ProducerConfig, "retry_backoff_ms", (100, 100, 100, 100)),
    (ProducerConfig, "retry_backoff_max_ms", (1_000, 1_000, 1_000, 100)),
    (ProducerConfig, "partitioner", ("uniform_sticky", "uniform_sticky", "consistent_random", "murmur2_random")),
    (ProducerConfig, "sticky_partitioning_linger_ms", (0, 0, 10, 0)),
    (ProducerConfig, "queue_buffering_max_messages", (INT_MAX, INT_MAX, 100_000, INT_MAX)),
    (ProducerConfig, "buffer_memory", (33_554_432, 33_554_432, 1_048_576 * 1_024, (1 << 63) - 1)),
    (ProducerConfig, "max_request_size", (1_048_576, 1_048_576, 1_000_000, 1_048_576)),
    (ProducerConfig, "request_timeout_ms", (30_000, 30_000, 60_000, 30_000)),
    (ProducerConfig, "metadata_max_age_ms", (300_000, 300_000, 300_000, 300_000)),
    (ConsumerConfig, "session_timeout_ms", (45_000, 45_000, 45_000, 45_000)),
    (ConsumerConfig, "heartbeat_interval_ms", (3_000, 3_000, 3_000, 3_000)),
    (ConsumerConfig, "max_poll_interval_ms", (300_000, 300_000, 300_000, 300_000)),
    (
        ConsumerConfig,
        "partition_assignment_strategy",
        ("range,cooperative-sticky", "range,cooperative-sticky", "range,roundrobin", "range,roundrobin"),
    ),
    (
        ConsumerConfig,
        "isolation_level",
        ("read_uncommitted", "read_uncommitted", "read_committed", "read_uncommitted"),
    ),
    (ConsumerConfig, "check_crcs", (True, True, False, True)),
    (ConsumerConfig, "auto_offset_reset", ("latest", "latest", "latest", "latest")),
    (ConsumerConfig, "enable_auto_commit", (True, True, True, True)),
    (ConsumerConfig, "auto_commit_interval_ms", (5_000, 5_000, 5_000, 5_000)),
    (ConsumerConfig, "fetch_max_wait_ms", (500, 500, 500, 500)),
    (ConsumerConfig, "fetch_min_bytes", (1, 1, 1, 1)),
    (ConsumerConfig, "fetch_max_bytes", (52_428_800, 52_428_800, 52_428_800, 52_428_800)),
    (ConsumerConfig, "max_partition_fetch_bytes", (1_048_576, 1_048_576, 1_048_576, 1_048_576)),
    (ConsumerConfig, "metadata_max_age_ms", (300_000, 300_000, 300_000, 300_000)),
]


@pytest.mark.parametrize(("kind", "row", "values"), ROWS, ids=[row for _, row, _ in ROWS])
def test_spec_10_9_each_client_has_its_own_default(
    kind: type[ProducerConfig] | type[ConsumerConfig], row: str, values: tuple[object, ...]
):
    assert tuple(getattr(kind(flavour=one), row) for one in TODAY) == values


HISTORY: list[tuple[type[ProducerConfig] | type[ConsumerConfig], str, tuple[object, ...]]] = [
    (ProducerConfig, "acks", ("1", "1", "all", "all")),
    (ProducerConfig, "enable_idempotence", (False, False, True, True)),
    (ProducerConfig, "linger_ms", (0, 0, 0, 5)),
    (ProducerConfig, "partitioner", ("round_robin", "sticky", "uniform_sticky", "uniform_sticky")),
    (ProducerConfig, "retry_backoff_max_ms", (100, 100, 1_000, 1_000)),
    (ConsumerConfig, "session_timeout_ms", (10_000, 10_000, 45_000, 45_000)),
    (
        ConsumerConfig,
        "partition_assignment_strategy",
        ("range", "range", "range,cooperative-sticky", "range,cooperative-sticky"),
    ),
]


@pytest.mark.parametrize(("kind", "row", "values"), HISTORY, ids=[row for _, row, _ in HISTORY])
def test_spec_10_1_old_java_clients_have_the_defaults_of_their_release(
    kind: type[ProducerConfig] | type[ConsumerConfig], row: str, values: tuple[object, ...]
):
    assert tuple(getattr(kind(flavour=one), row) for one in (JAVA_2_3, JAVA_2_4, JAVA_3, JAVA_4)) == values


def test_a_default_is_that_of_the_release_and_3_10_comes_after_3_9():
    one = Setting("a", 3, "", history=(("3.0", 1), ("3.10", 2)))
    assert [one.default_in(release) for release in ("2.8", "3.0", "3.9", "3.10", "4.0")] == [1, 2, 2, 3, 3]


# --- what gives way -------------------------------------------------------------------------------

MANY = {"max_in_flight_requests_per_connection": 6}


@pytest.mark.parametrize("flavour", [JAVA_3, PYTHON])
def test_spec_06_s10_before_4_0_idempotence_by_default_gives_way_to_more_in_flight(flavour: str):
    assert ProducerConfig(settings(**MANY), flavour).enable_idempotence is False
    with pytest.raises(InvalidConfig, match="at most 5 requests in flight"):
        ProducerConfig(settings(enable_idempotence=True, **MANY), flavour)


def test_spec_06_9_librdkafka_with_idempotence_has_5_in_flight():
    found = ProducerConfig(settings(enable_idempotence=True), RDKAFKA)
    assert (found.max_in_flight_requests_per_connection, found.acks) == (5, "all")
    with pytest.raises(InvalidConfig, match="at most 5 requests in flight"):
        ProducerConfig(settings(enable_idempotence=True, **MANY), RDKAFKA)


def test_java_2_4_with_idempotence_waits_for_all():
    assert ProducerConfig(settings(enable_idempotence=True), JAVA_2_4).acks == "all"


@pytest.mark.parametrize("flavour", list(FLAVOURS))
def test_transactions_turn_idempotence_on_in_every_client(flavour: str):
    found = ProducerConfig(settings(transactional_id="t"), flavour)
    assert found.enable_idempotence
    assert found.max_in_flight_requests_per_connection <= 5
    assert found.acks == "all"
    with pytest.raises(InvalidConfig, match=r"transactional\.id wants"):
        ProducerConfig(settings(transactional_id="t", enable_idempotence=False), flavour)


def test_spec_10_20_librdkafka_has_no_rule_for_the_time_of_a_delivery():
    assert ProducerConfig(settings(delivery_timeout_ms=1_000), RDKAFKA).delivery_timeout_ms == 1_000
    for flavour in (JAVA_3, JAVA_2_3, PYTHON):
        with pytest.raises(InvalidConfig, match=r"delivery\.timeout\.ms: wanted at least"):
            ProducerConfig(settings(delivery_timeout_ms=1_000), flavour)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "flavour", "setting"),
    [
        (ProducerConfig, JAVA_4, "sticky.partitioning.linger.ms"),
        (ProducerConfig, JAVA_2_4, "partitioner.adaptive.partitioning.enable"),
        (ProducerConfig, RDKAFKA, "max.block.ms"),
        (ProducerConfig, PYTHON, "buffer.memory"),
        (ConsumerConfig, JAVA_3, "enable.auto.offset.store"),
        (ConsumerConfig, RDKAFKA, "max.poll.records"),
    ],
)
def test_a_setting_that_a_client_does_not_have_is_refused_by_its_name(
    kind: type[ProducerConfig] | type[ConsumerConfig], flavour: str, setting: str
):
    with pytest.raises(InvalidConfig) as refused:
        kind({setting: kind.settings[setting].default}, flavour)
    assert str(refused.value) == f"{setting}: {FLAVOURS[flavour].title} has no such setting"
    assert setting not in kind(flavour=flavour).known()


def test_an_unknown_flavour_is_refused_with_those_there_are():
    with pytest.raises(InvalidConfig, match=r"flavour: wanted one of java-4, java-3, .*, found 'kafkajs'"):
        ProducerConfig((), "kafkajs")
    for spec in (
        ClusterSpec(producers=(ProducerSpec("shop", "orders", flavour="sarama"),)),
        ClusterSpec(consumers=(ConsumerSpec("app", "g", ("orders",), flavour="sarama"),)),
    ):
        with pytest.raises(Refused, match="flavour: wanted one of"):
            spec.checked()


def test_whatever_a_flavour_says_is_a_setting_and_in_its_range():
    for one in FLAVOURS.values():
        for kind, own in ((ProducerConfig, one.producer), (ConsumerConfig, one.consumer)):
            assert {name: kind.settings[name].parse(value) for name, value in own.items()} == own
        known = {*ProducerConfig.settings, *ConsumerConfig.settings}
        assert known.issuperset((*one.lacks, *one.own_names))
    assert next(iter(FLAVOURS)) == DEFAULT_FLAVOUR == JAVA_4


def test_a_config_keeps_its_flavour_through_a_checkpoint_and_a_change():
    config = ProducerConfig(settings(linger_ms=50), RDKAFKA)
    again = pickle.loads(pickle.dumps(config))
    assert vars(again) == vars(config)
    assert config.changed({"linger.ms": None, "acks": "1"}) == {"acks": "1"}
    assert config.again({"acks": "1"}).batch_size == 1_000_000
