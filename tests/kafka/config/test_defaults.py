"""Every default by name, as chapter 10 of the spec has it for 4.0; what differs is named with its reason."""

import pickle
import re
from pathlib import Path

import pytest

import lab
from lab.cluster.spec import settings
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.definition import Config, attribute
from lab.kafka.config.flavours.flavour import ONLY_ELSEWHERE
from lab.kafka.config.group import OF_BROKERS, GroupConfig
from lab.kafka.config.log_defaults import SYNONYMS
from lab.kafka.config.share import ShareConsumerConfig
from lab.kafka.config.topic import TopicConfig

INT_MAX, LONG_MAX = 2_147_483_647, 9_223_372_036_854_775_807

TOPIC = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "delete.retention.ms": 86_400_000,
    "file.delete.delay.ms": 60_000,
    "follower.replication.throttled.replicas": "",
    "leader.replication.throttled.replicas": "",
    "flush.messages": LONG_MAX,
    "flush.ms": LONG_MAX,
    "index.interval.bytes": 4_096,
    "max.compaction.lag.ms": LONG_MAX,
    "max.message.bytes": 1_048_588,
    "message.timestamp.after.max.ms": 3_600_000,
    "message.timestamp.before.max.ms": LONG_MAX,
    "message.timestamp.type": "CreateTime",
    "min.cleanable.dirty.ratio.percent": 50,  # Kafka's min.cleanable.dirty.ratio 0.5: the engine has no floats
    "min.compaction.lag.ms": 0,
    "min.insync.replicas": 1,
    "retention.bytes": -1,
    "retention.ms": 604_800_000,
    "segment.bytes": 1_073_741_824,
    "segment.index.bytes": 10_485_760,
    "segment.ms": 604_800_000,
    "unclean.leader.election.enable": False,
}
BROKER = {
    "allow.everyone.if.no.acl.found": False,
    "authorizer.class.name": "",
    "auto.create.topics.enable": True,
    "auto.leader.rebalance.enable": True,
    "broker.heartbeat.interval.ms": 2_000,
    "broker.rack": "",
    "broker.session.timeout.ms": 9_000,
    "compression.type": "producer",
    "connections.max.idle.ms": 600_000,
    "controller.quorum.append.linger.ms": 25,
    "controller.quorum.election.backoff.max.ms": 1_000,
    "controller.quorum.election.timeout.ms": 1_000,
    "controller.quorum.fetch.timeout.ms": 2_000,
    "controller.quorum.request.timeout.ms": 2_000,
    "controller.quorum.retry.backoff.ms": 20,
    "default.replication.factor": 1,
    "eligible.leader.replicas.enable": False,
    "fetch.max.bytes": 57_671_680,
    "follower.replication.throttled.rate": LONG_MAX,
    "group.consumer.assignors": "uniform,range",
    "group.consumer.heartbeat.interval.ms": 5_000,
    "group.consumer.max.size": INT_MAX,
    "group.consumer.migration.policy": "bidirectional",
    "group.consumer.session.timeout.ms": 45_000,
    "group.initial.rebalance.delay.ms": 3_000,
    "group.max.session.timeout.ms": 1_800_000,
    "group.max.size": INT_MAX,
    "group.min.session.timeout.ms": 6_000,
    "group.share.auto.offset.reset": "latest",
    "group.share.delivery.count.limit": 5,
    "group.share.heartbeat.interval.ms": 5_000,
    "group.share.max.size": 200,
    "group.share.partition.max.record.locks": 200,
    "group.share.record.lock.duration.ms": 30_000,
    "group.share.session.timeout.ms": 45_000,
    "leader.imbalance.check.interval.seconds": 300,
    "leader.replication.throttled.rate": LONG_MAX,
    "log.cleaner.backoff.ms": 15_000,
    "log.cleaner.dedupe.buffer.size": 134_217_728,
    "log.cleaner.delete.retention.ms": 86_400_000,
    "log.cleaner.enable": True,
    "log.cleaner.io.buffer.size": 524_288,
    "log.cleaner.io.max.bytes.per.second": LONG_MAX,  # Kafka: the largest double
    "log.cleaner.max.compaction.lag.ms": LONG_MAX,
    "log.cleaner.min.cleanable.ratio.percent": 50,
    "log.cleaner.min.compaction.lag.ms": 0,
    "log.cleanup.policy": "delete",
    "log.flush.interval.messages": LONG_MAX,
    "log.flush.interval.ms": LONG_MAX,  # Kafka: null, which means log.flush.scheduler.interval.ms
    "log.flush.offset.checkpoint.interval.ms": 60_000,
    "log.flush.scheduler.interval.ms": LONG_MAX,
    "log.index.interval.bytes": 4_096,
    "log.index.size.max.bytes": 10_485_760,
    "log.initial.task.delay.ms": 30_000,
    "log.message.timestamp.after.max.ms": 3_600_000,
    "log.message.timestamp.before.max.ms": LONG_MAX,
    "log.message.timestamp.type": "CreateTime",
    "log.retention.bytes": -1,
    "log.retention.check.interval.ms": 300_000,
    "log.retention.hours": 168,
    "log.retention.minutes": 10_080,  # Kafka: null, which means the hours
    "log.retention.ms": 604_800_000,  # Kafka: null, which means the minutes
    "log.roll.hours": 168,
    "log.roll.ms": 604_800_000,  # Kafka: null, which means the hours
    "log.segment.bytes": 1_073_741_824,
    "log.segment.delete.delay.ms": 60_000,
    "max.incremental.fetch.session.cache.slots": 1_000,
    "max.connections": INT_MAX,
    "message.max.bytes": 1_048_588,
    "metadata.log.max.record.bytes.between.snapshots": 20_971_520,
    "metadata.log.max.snapshot.interval.ms": 3_600_000,
    "metadata.log.segment.bytes": 1_073_741_824,
    "metadata.log.segment.ms": 604_800_000,
    "metadata.max.idle.interval.ms": 500,
    "metadata.max.retention.bytes": 104_857_600,
    "min.insync.replicas": 1,
    "num.partitions": 1,
    "offset.metadata.max.bytes": 4_096,
    "offsets.commit.timeout.ms": 5_000,
    "offsets.retention.check.interval.ms": 600_000,
    "offsets.retention.minutes": 10_080,
    "offsets.topic.num.partitions": 3,  # Kafka: 50; three show where coordinators are, and cost a sixteenth
    "offsets.topic.replication.factor": 3,
    "producer.id.expiration.ms": 86_400_000,
    "queued.max.request.bytes": -1,
    "queued.max.requests": 500,
    "replica.fetch.backoff.ms": 1_000,
    "replica.fetch.max.bytes": 1_048_576,
    "replica.truncation.rule": "fenced-epoch",  # Kafka: no setting, but a part of inter.broker.protocol.version
    "replica.fetch.min.bytes": 1,
    "replica.fetch.response.max.bytes": 10_485_760,
    "replica.fetch.wait.max.ms": 500,
    "replica.high.watermark.checkpoint.interval.ms": 5_000,
    "replica.lag.time.max.ms": 30_000,
    "replica.selector.class": "",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",  # Kafka's is GSSAPI, which is absent here
    "share.coordinator.snapshot.update.records.per.snapshot": 500,
    "share.coordinator.state.topic.min.isr": 2,
    "share.coordinator.state.topic.num.partitions": 3,
    "share.coordinator.state.topic.replication.factor": 3,
    "share.coordinator.write.timeout.ms": 5_000,
    "socket.request.max.bytes": 104_857_600,
    "super.users": "",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 10_000,
    "transaction.max.timeout.ms": 900_000,
    "transaction.partition.verification.enable": True,
    "transaction.remove.expired.transaction.cleanup.interval.ms": 3_600_000,
    "transaction.state.log.min.isr": 2,
    "transaction.state.log.num.partitions": 3,  # Kafka: 50, as for offsets.topic.num.partitions
    "transaction.state.log.replication.factor": 3,
    "transaction.version": 2,
    "transactional.id.expiration.ms": 604_800_000,
    "unclean.leader.election.enable": False,
    "unclean.leader.election.interval.ms": 300_000,
}
PRODUCER = {
    "acks": "all",
    "batch.num.messages": INT_MAX,  # librdkafka's, as the other three that Java does not have: no limit
    "batch.size": 16_384,
    "buffer.memory": 33_554_432,
    "compression.type": "none",
    "delivery.timeout.ms": 120_000,
    "enable.idempotence": True,
    "linger.ms": 5,
    "max.block.ms": 60_000,
    "max.in.flight.requests.per.connection": 5,
    "max.request.size": 1_048_576,
    "metadata.max.age.ms": 300_000,
    "partitioner": "uniform_sticky",  # Java's partitioner.class, which is null
    "partitioner.adaptive.partitioning.enable": True,
    "partitioner.ignore.keys": False,
    "queue.buffering.max.messages": INT_MAX,
    "request.timeout.ms": 30_000,
    "retries": INT_MAX,
    "retry.backoff.max.ms": 1_000,
    "retry.backoff.ms": 100,
    "sticky.partitioning.linger.ms": 0,
    "transaction.timeout.ms": 60_000,
    "transactional.id": "",
}
CONSUMER = {
    "auto.commit.interval.ms": 5_000,
    "auto.offset.reset": "latest",
    "check.crcs": True,
    "client.rack": "",
    "default.api.timeout.ms": 60_000,
    "enable.auto.commit": True,
    "enable.auto.offset.store": True,  # librdkafka's
    "fetch.max.bytes": 52_428_800,
    "fetch.max.wait.ms": 500,
    "fetch.min.bytes": 1,
    "group.instance.id": "",
    "group.protocol": "classic",
    "group.remote.assignor": "",
    "heartbeat.interval.ms": 3_000,
    "isolation.level": "read_uncommitted",
    "max.partition.fetch.bytes": 1_048_576,
    "max.poll.interval.ms": 300_000,
    "max.poll.records": 500,
    "metadata.max.age.ms": 300_000,
    "partition.assignment.strategy": "range,cooperative-sticky",
    "request.timeout.ms": 30_000,
    "retry.backoff.max.ms": 1_000,
    "retry.backoff.ms": 100,
    "session.timeout.ms": 45_000,
}
GROUP = {
    "consumer.heartbeat.interval.ms": 5_000,
    "consumer.session.timeout.ms": 45_000,
    "share.auto.offset.reset": "latest",
    "share.heartbeat.interval.ms": 5_000,
    "share.record.lock.duration.ms": 30_000,
    "share.session.timeout.ms": 45_000,
}
SHARE_CONSUMER = {
    "check.crcs": True,
    "fetch.max.bytes": 52_428_800,
    "fetch.max.wait.ms": 500,
    "max.poll.records": 500,
    "metadata.max.age.ms": 300_000,
    "request.timeout.ms": 30_000,
    "retry.backoff.ms": 100,
    "share.acknowledgement.mode": "implicit",
}
KINDS = [
    (TopicConfig, TOPIC), (BrokerConfig, BROKER), (ProducerConfig, PRODUCER), (ConsumerConfig, CONSUMER),
    (ShareConsumerConfig, SHARE_CONSUMER), (GroupConfig, GROUP),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "defaults"), KINDS)
def test_spec_10_01_every_setting_has_the_default_of_the_spec(kind: type[Config], defaults: dict[str, object]):
    assert {name: setting.default for name, setting in kind.settings.items()} == defaults
    fresh = kind()
    assert {name: getattr(fresh, attribute(name)) for name in defaults} == defaults
    assert fresh.overrides == {}


@pytest.mark.parametrize(("kind", "defaults"), KINDS)
def test_every_setting_is_declared_and_says_what_it_means(kind: type[Config], defaults: dict[str, object]):
    declared = {name for name in kind.__annotations__ if name != "settings" and not name.endswith("_us")}
    assert declared == {attribute(name) for name in defaults}
    assert all(setting.meaning for setting in kind.settings.values())


@pytest.mark.parametrize("kind", [ProducerConfig, ConsumerConfig, ShareConsumerConfig])
def test_a_clients_clock_is_held_against_microseconds(kind: type[Config]):
    changed = kind({"retry.backoff.ms": "70"})
    for config in (kind(), changed, pickle.loads(pickle.dumps(changed))):
        assert kind.durations
        for micros, milliseconds in kind.durations:
            assert getattr(config, micros) == 1_000 * getattr(config, milliseconds)


SEEN_AS = {
    "cleanup.policy": "config.compacted",
    "unclean.leader.election.enable": "config.get(UNCLEAN)",
    **dict.fromkeys(OF_BROKERS.values(), "GroupConfigs(config)"),
    "consumer.heartbeat.interval.ms": "group_config.consumer_heartbeat_interval_ms",
    "consumer.session.timeout.ms": "group_config.consumer_session_timeout_ms",
    "share.heartbeat.interval.ms": "group_configs.of(group.group_id).share_heartbeat_interval_ms",
    "share.record.lock.duration.ms": "group_configs.of(group_id).share_record_lock_duration_ms",
    "share.session.timeout.ms": "group_configs.of(group.group_id).share_session_timeout_ms",
    **{one.name: "config.topic_defaults()" for chain in SYNONYMS.values() for one in chain},
}


@pytest.mark.parametrize(("kind", "defaults"), KINDS)
def test_no_setting_is_offered_that_nothing_reads(kind: type[Config], defaults: dict[str, object]):
    readers = [Path(lab.__file__).parent / name for name in ("kafka", "live")]
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in readers
        for path in sorted(folder.rglob("*.py"))
        if "config" not in path.relative_to(folder).parts
    )
    unread = [
        name for name in defaults
        if not re.search(rf"\bconfig\.{re.sub('_ms$', '_[mu]s', attribute(name))}\b", text)
        and SEEN_AS.get(name, "\0") not in text
    ]  # fmt: skip
    assert unread == []
    assert [micros for micros, _ in kind.durations if not re.search(rf"\bconfig\.{micros}\b", text)] == []


@pytest.mark.parametrize(("kind", "defaults"), KINDS)
def test_a_default_given_as_text_is_the_default(kind: type[Config], defaults: dict[str, object]):
    known = {name: value for name, value in defaults.items() if name not in ONLY_ELSEWHERE}
    given = kind(settings(known))
    assert {name: getattr(given, attribute(name)) for name in known} == known
    assert given.overrides == known
