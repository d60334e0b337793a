"""Who may do what, as real clients meet it: SASL says who they are, ACLs what that is good for."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ACL, ACLFilter, ACLPermissionType, ResourcePattern, ResourcePatternFilter
from kafka.admin import ACLOperation as Operation
from kafka.admin import ResourceType as Type
from kafka.errors import TopicAuthorizationFailedError

from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.kafka.config.security import STANDARD_AUTHORIZER
from lab.live.guard import Users
from tests.live.served import AT_ONCE, Served

PATIENCE_S = 20
PASSWORD = "secret"
USERS: dict[str, str] = dict.fromkeys(("admin", "alice", "bob"), PASSWORD)
GATED = ClusterSpec(
    brokers=3,
    topics=(TopicSpec("orders", 1, 3), TopicSpec("payments", 1, 3)),
    broker_config=(
        *AT_ONCE, ("authorizer.class.name", STANDARD_AUTHORIZER), ("super.users", "User:admin"),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def gated() -> Iterator[Served]:
    """One cluster for all tests here: each has users and topics of its own to allow things with."""
    found = Served(Session(GATED, "Server"), users=Users(USERS))
    yield found
    found.stop()


def librdkafka(cluster: Served, user: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": cluster.addresses, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
        "sasl.username": user, "sasl.password": PASSWORD, "log_level": 0, "client.id": user,
    }  # fmt: skip


def kafka_python(cluster: Served, user: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": cluster.addresses, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
        "sasl_plain_username": user, "sasl_plain_password": PASSWORD, "client_id": f"{user}-python",
    }  # fmt: skip


def allow(user: str, operation: AclOperation, kind: ResourceType, name: str) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def make(cluster: Served, *bindings: AclBinding) -> None:
    """By the super user; it holds when all brokers have heard."""
    admin = AdminClient(librdkafka(cluster, "admin"))
    for one in admin.create_acls(list(bindings), request_timeout=PATIENCE_S).values():
        one.result(PATIENCE_S)
    time.sleep(0.2)


def error_of(work: Callable[[], object]) -> str:
    """The name of the error that work ends with; empty if it ends well."""
    try:
        work()
    except KafkaException as wrong:
        return wrong.args[0].name()
    return ""


def written(cluster: Served, user: str, topic: str) -> str:
    """What becomes of a record: empty, or the name of the error."""
    producer = Producer(librdkafka(cluster, user))
    errors: list[str] = []
    producer.produce(topic, b"one", on_delivery=lambda error, _: errors.append(error.name() if error else ""))
    assert producer.flush(PATIENCE_S) == 0
    return errors[0]


def test_a_producer_is_refused_until_a_rule_allows_it_and_again_when_that_is_gone(gated: Served):
    assert written(gated, "alice", "orders") == "TOPIC_AUTHORIZATION_FAILED"
    rule = allow("alice", AclOperation.WRITE, ResourceType.TOPIC, "orders")
    make(gated, rule)
    assert written(gated, "alice", "orders") == ""
    assert written(gated, "bob", "orders") == "TOPIC_AUTHORIZATION_FAILED"
    assert written(gated, "alice", "payments") == "TOPIC_AUTHORIZATION_FAILED"

    admin = AdminClient(librdkafka(gated, "admin"))
    mine = AclBindingFilter(
        ResourceType.TOPIC, "orders", ResourcePatternType.MATCH, "User:alice", "*", AclOperation.ANY,
        AclPermissionType.ANY,
    )  # fmt: skip
    assert admin.describe_acls(mine, request_timeout=PATIENCE_S).result(PATIENCE_S) == [rule]
    (gone,) = admin.delete_acls([mine], request_timeout=PATIENCE_S).values()
    assert gone.result(PATIENCE_S) == [rule]
    assert admin.describe_acls(mine, request_timeout=PATIENCE_S).result(PATIENCE_S) == []
    time.sleep(0.2)
    assert written(gated, "alice", "orders") == "TOPIC_AUTHORIZATION_FAILED"


def test_a_group_needs_a_rule_for_itself_and_one_for_its_topic(gated: Served):
    assert written(gated, "admin", "payments") == ""
    consumer = {"group.id": "bobs", "auto.offset.reset": "earliest"}
    assert read(gated, "bob", consumer) == "GROUP_AUTHORIZATION_FAILED"
    make(gated, allow("bob", AclOperation.READ, ResourceType.GROUP, "bobs"))
    assert read(gated, "bob", consumer) == "TOPIC_AUTHORIZATION_FAILED"
    make(gated, allow("bob", AclOperation.READ, ResourceType.TOPIC, "payments"))
    assert read(gated, "bob", consumer) == "one"


def read(cluster: Served, user: str, config: dict[str, Any]) -> str:
    """The first record, or the name of the first error that says that somebody may not."""
    consumer = Consumer(librdkafka(cluster, user) | config)
    consumer.subscribe(["payments"])
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(0.2)
            error = message.error() if message is not None else None
            if message is not None and error is None:
                return (message.value() or b"").decode()
            if error is not None and error.name().endswith("AUTHORIZATION_FAILED"):
                return error.name()
        return "nothing"
    finally:
        consumer.close()


def test_an_administrator_without_rules_sees_nothing_and_changes_nothing(gated: Served):
    alice = AdminClient(librdkafka(gated, "alice"))
    assert "payments" not in alice.list_topics(timeout=PATIENCE_S).topics
    new = alice.create_topics([NewTopic("alices", 1, 1)])["alices"]
    assert error_of(lambda: new.result(PATIENCE_S)) == "TOPIC_AUTHORIZATION_FAILED"
    rule = allow("alice", AclOperation.ALL, ResourceType.TOPIC, "alices")
    made = alice.create_acls([rule])[rule]
    assert error_of(lambda: made.result(PATIENCE_S)) == "CLUSTER_AUTHORIZATION_FAILED"
    make(gated, rule)
    alice.create_topics([NewTopic("alices", 1, 1)])["alices"].result(PATIENCE_S)
    make(gated, allow("alice", AclOperation.ALTER, ResourceType.BROKER, "kafka-cluster"))
    told = alice.describe_cluster(include_authorized_operations=True).result(PATIENCE_S).authorized_operations
    assert set(told) == {AclOperation.ALTER, AclOperation.DESCRIBE}


def test_kafka_python_makes_tells_and_deletes_rules_and_is_refused(gated: Served):
    with_rule = KafkaAdminClient(**kafka_python(gated, "admin"))
    assert not refused(gated, "admin")
    assert refused(gated, "bob")
    pattern = ResourcePattern(Type.TOPIC, "orders")
    rule = ACL("User:bob", "*", Operation.WRITE, ACLPermissionType.ALLOW, pattern)
    made = with_rule.create_acls([rule])
    assert (made["succeeded"], made["failed"]) == ([rule], [])
    time.sleep(0.2)
    assert not refused(gated, "bob")
    bobs = ACLFilter("User:bob", None, Operation.WRITE, ACLPermissionType.ANY, ResourcePatternFilter(
        Type.TOPIC, "orders", pattern.pattern_type,
    ))  # fmt: skip
    found, _ = with_rule.describe_acls(bobs)
    assert found == [rule]
    ((_, gone, _),) = with_rule.delete_acls([bobs])
    assert gone == [rule]
    with_rule.close()


def refused(cluster: Served, user: str) -> bool:
    """Whether kafka-python may not write into `orders`."""
    producer = KafkaProducer(**kafka_python(cluster, user), max_block_ms=PATIENCE_S * 1_000, enable_idempotence=False)
    try:
        producer.send("orders", b"two", partition=0).get(PATIENCE_S)
        return False
    except TopicAuthorizationFailedError:
        return True
    finally:
        producer.close()
