"""Topics: what the controller refuses, where it places replicas, who leads first (spec 3.6, 2.9, 2.11)."""

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.build import CONTROLLER
from lab.kafka.controller import brokers, configuration, elections
from lab.kafka.controller.administration import elect_leaders
from lab.kafka.controller.topics import create_partitions, create_topics, delete_topics
from lab.kafka.metadata.records import ConfigRecord, PartitionChangeRecord, PartitionRecord, TopicRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import IncrementalAlterConfigsRequest, topic_resource
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    ElectionType,
    ElectLeadersRequest,
    NewTopic,
)
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.controller.office import Office, kinds
from tests.story import ORDERS, Story, orders


def created(office: Office, *topics: NewTopic, validate_only: bool = False) -> list[ErrorCode]:
    decision = create_topics(office.controller, CreateTopicsRequest(topics, validate_only), office.dice)
    return [one.error_code for one in office.take(decision).topics]


def placed(office: Office, topic: str = "orders") -> list[tuple[int, ...]]:
    return [one.replicas for one in office.image.topics[topic].partitions.values()]


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "error"),
    [
        (NewTopic("", 1, 1), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic(".", 1, 1), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("..", 1, 1), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("with space", 1, 1), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("x" * 250, 1, 1), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("a_b", 1, 1), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (NewTopic("a.b", 1, 1), ErrorCode.TOPIC_ALREADY_EXISTS),
        (NewTopic("new", 0, 1), ErrorCode.INVALID_PARTITIONS),
        (NewTopic("new", -2, 1), ErrorCode.INVALID_PARTITIONS),
        (NewTopic("new", 1, 0), ErrorCode.INVALID_REPLICATION_FACTOR),
        (NewTopic("new", 1, 4), ErrorCode.INVALID_REPLICATION_FACTOR),
        (NewTopic("new", 1, 1, {"no.such.setting": "1"}), ErrorCode.INVALID_CONFIG),
        (NewTopic("new", 1, 1, {"retention.ms": "soon"}), ErrorCode.INVALID_CONFIG),
    ],
)
def test_spec_03_15_what_cannot_be_created_is_refused_with_kafkas_code(topic: NewTopic, error: ErrorCode):
    office = Office().open(1, 2, 3)
    created(office, NewTopic("a.b", 1, 1))
    decision = create_topics(office.controller, CreateTopicsRequest((topic,)), office.dice)
    (result,) = office.take(decision).topics
    assert result.error_code is error
    assert result.error_message
    assert office.written == []


def test_the_longest_name_is_249_letters():
    assert created(Office().open(1), NewTopic("x" * 249, 1, 1)) == [ErrorCode.NONE]


def test_one_refused_topic_does_not_hold_up_the_others():
    office = Office().open(1)
    assert created(office, NewTopic("bad", 1, 2), NewTopic("orders", 1, 1)) == [
        ErrorCode.INVALID_REPLICATION_FACTOR, ErrorCode.NONE,
    ]  # fmt: skip
    assert list(office.image.topics) == ["orders"]


def test_two_topics_of_one_name_in_one_request_are_refused():
    office = Office().open(1)
    found = created(office, NewTopic("orders", 1, 1), NewTopic("orders", 2, 1))
    assert found == [ErrorCode.INVALID_REQUEST]  # as in Kafka, one answer a name
    assert not office.image.topics


def test_spec_03_15_a_fenced_broker_counts_for_the_replication_factor_but_is_not_in_sync():
    office = Office().open(1, 2)
    office.register(3)
    assert created(office, NewTopic("orders", 1, 3)) == [ErrorCode.NONE]
    assert set(placed(office)[0]) == {1, 2, 3}
    assert office.state == (1, 0, (1, 2))


def test_when_all_brokers_are_fenced_nothing_can_be_created():
    office = Office()
    office.register(1)
    assert created(office, NewTopic("orders", 1, 1)) == [ErrorCode.INVALID_REPLICATION_FACTOR]


def test_spec_03_16_validate_only_writes_nothing():
    office = Office().open(1)
    assert created(office, NewTopic("orders", 1, 1), validate_only=True) == [ErrorCode.NONE]
    assert (office.written, list(office.image.topics)) == ([], [])


# --- placement ------------------------------------------------------------------------------------


def test_replicas_are_dealt_in_stripes_each_partition_a_broker_further():
    office = Office().open(1, 2, 3, 4)
    created(office, NewTopic("orders", 5, 3))
    assert placed(office) == [(1, 2, 3), (2, 3, 4), (3, 4, 1), (4, 1, 2), (1, 2, 3)]
    assert kinds(office.written) == [TopicRecord, *[PartitionRecord] * 5]


def test_leaderships_and_replicas_are_spread_evenly():
    office = Office().open(1, 2, 3, 4, 5)
    created(office, NewTopic("orders", 50, 3))
    leaders = [replicas[0] for replicas in placed(office)]
    everybody = [one for replicas in placed(office) for one in replicas]
    assert [leaders.count(broker) for broker in range(1, 6)] == [10] * 5
    assert [everybody.count(broker) for broker in range(1, 6)] == [30] * 5


def test_placement_by_hand_is_taken_as_it_is():
    office = Office().open(1, 2, 3)
    created(office, NewTopic("orders", -1, -1, assignments={0: (3, 1), 1: (2, 3)}))
    assert placed(office) == [(3, 1), (2, 3)]
    assert office.state == (3, 0, (3, 1))


@pytest.mark.parametrize("replicas", [(), (1, 1), (1, 9), (1,)])
def test_placement_by_hand_that_cannot_be_is_refused(replicas: tuple[int, ...]):
    office = Office().open(1, 2, 3)
    topic = NewTopic("orders", -1, -1, assignments={0: (1, 2), 1: replicas})
    assert created(office, topic) == [ErrorCode.INVALID_REPLICA_ASSIGNMENT]


def test_who_places_replicas_does_not_say_how_many_there_are():
    office = Office().open(1, 2, 3)
    topic = NewTopic("orders", 2, 2, assignments={0: (1, 2), 1: (2, 3)})
    assert created(office, topic) == [ErrorCode.INVALID_REQUEST]


def test_a_topic_begins_with_its_settings_between_its_name_and_its_partitions():
    office = Office().open(1)
    created(office, NewTopic("orders", 1, 1, {"retention.ms": "1000"}))
    assert kinds(office.written) == [TopicRecord, ConfigRecord, PartitionRecord]


# --- more partitions, settings, the end -----------------------------------------------------------


@pytest.mark.parametrize(("total", "error"), [(2, ErrorCode.INVALID_PARTITIONS), (1, ErrorCode.INVALID_PARTITIONS)])
def test_partitions_never_become_fewer(total: int, error: ErrorCode):
    office = Office().open(1)
    created(office, NewTopic("orders", 2, 1))
    decision = create_partitions(office.controller, CreatePartitionsRequest({"orders": total, "none": 3}))
    found = [one.error_code for one in office.take(decision).topics]
    assert found == [error, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]


def test_new_partitions_go_on_where_the_last_one_ended():
    office = Office().open(1, 2, 3)
    created(office, NewTopic("orders", 2, 2))
    office.take(create_partitions(office.controller, CreatePartitionsRequest({"orders": 4})))
    assert placed(office) == [(1, 2), (2, 3), (3, 1), (1, 2)]


def test_spec_03_20_a_setting_is_written_when_it_changes_and_only_then():
    office = Office().open(1)
    created(office, NewTopic("orders", 1, 1))

    def alter(**values: str | None) -> list[ErrorCode]:
        changes = {name.replace("_", "."): one for name, one in values.items()}
        body = IncrementalAlterConfigsRequest({topic_resource("orders"): changes})
        answer = office.take(configuration.alter_incrementally(office.controller, body))
        return [error for error, _ in answer.resources.values()]

    assert alter(retention_ms="5") == [ErrorCode.NONE]
    assert kinds(office.written) == [ConfigRecord]
    assert alter(retention_ms="5") == [ErrorCode.NONE]
    assert office.written == []
    assert alter(retention_ms="never") == [ErrorCode.INVALID_CONFIG]
    assert office.image.topics["orders"].config == {"retention.ms": "5"}
    assert alter(retention_ms=None) == [ErrorCode.NONE]
    assert office.image.topics["orders"].config == {}


def test_a_topic_that_is_deleted_is_unknown():
    office = Office().open(1)
    created(office, NewTopic("orders", 1, 1))
    for error in (ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION):
        (found,) = office.take(delete_topics(office.controller, DeleteTopicsRequest(("orders",)))).topics
        assert found.error_code is error


# --- preferred leaders ----------------------------------------------------------------------------


def test_spec_02_16_the_first_replica_leads_again_if_it_is_in_sync_and_serves():
    office = Office().open(1, 2, 3).topic([1, 2, 3])
    office.write(brokers.fence(office.controller, 1))
    assert elections.preferred(office.image) == [], "it is fenced"
    office.heartbeat(1)
    assert elections.preferred(office.image) == [], "it serves, but is not in sync"
    office.write([PartitionChangeRecord("orders", 0, reason="isr", isr=[2, 3, 1])])
    office.write(elections.preferred(office.image))
    assert office.state == (1, 2, (2, 3, 1))
    assert elections.preferred(office.image) == []


@pytest.mark.parametrize(
    ("kind", "partition", "error"),
    [
        (ElectionType.PREFERRED, ORDERS, ErrorCode.ELECTION_NOT_NEEDED),
        (ElectionType.UNCLEAN, ORDERS, ErrorCode.ELECTION_NOT_NEEDED),
        (ElectionType.PREFERRED, TopicPartition("none", 0), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (ElectionType.PREFERRED, TopicPartition("orders", 9), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ],
)
def test_an_election_that_cannot_be_is_refused(kind: ElectionType, partition: TopicPartition, error: ErrorCode):
    office = Office().open(1, 2).topic([1, 2])
    decision = elect_leaders(office.controller, ElectLeadersRequest(kind, (partition,)))
    assert (office.take(decision).partitions, office.written) == ({partition: error}, [])


def test_an_unclean_election_without_a_living_replica_has_nobody_to_elect():
    office = Office().open(1, 2).topic([1, 2], isr=[1])
    office.write(brokers.fence(office.controller, 1))
    office.write(brokers.fence(office.controller, 2))
    answer = office.take(elect_leaders(office.controller, ElectLeadersRequest(ElectionType.UNCLEAN, (ORDERS,))))
    assert answer.partitions == {ORDERS: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE}


def test_an_election_of_all_says_nothing_of_those_that_need_none():
    office = Office().open(1, 2).topic([1, 2])
    decision = elect_leaders(office.controller, ElectLeadersRequest(ElectionType.PREFERRED, None))
    answer = office.take(decision)
    assert (answer.partitions, answer.topics) == ({}, ("orders",))  # topics are named all the same


# --- through a broker -----------------------------------------------------------------------------


def test_any_broker_takes_a_topic_and_the_controller_answers():
    story = Story(topics=orders())
    answer = story.ask("broker-3", CreateTopicsRequest((NewTopic("bills", 2, 3), NewTopic("orders", 1, 1))))
    assert [one.error_code for one in answer.topics] == [ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS]
    story.run(1)
    assert [story.replica(number, TopicPartition("bills", 0)).leading for number in (1, 2, 3)] == [True, False, False]


# --- handed on (KIP-590) --------------------------------------------------------------------------


def test_an_administrators_request_waits_for_the_one_controller_and_is_given_up_after_a_minute():
    story = Story(topics=orders())
    story.act(Crash(CONTROLLER))
    early = story.send("broker-1", CreateTopicsRequest((NewTopic("early", 1, 1),)))
    story.run(61)
    assert story.answer(early).error_code is ErrorCode.REQUEST_TIMED_OUT
    late = story.send("broker-1", CreateTopicsRequest((NewTopic("late", 1, 1),)))
    story.run(30)
    assert story.answer(late) is None
    story.act(Restart(CONTROLLER))
    story.until(lambda: story.answer(late) is not None)
    assert story.answer(late).topics[0].error_code is ErrorCode.NONE
    assert set(story.broker(1).image.topics) == {"orders", "late"}
