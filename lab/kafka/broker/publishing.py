"""Publishing: newer metadata is taken in, and made true of the replicas and coordinators of a broker.

Kafka's `MetadataLoader` and `BrokerMetadataPublisher`, in one.
"""

from typing import TYPE_CHECKING

from lab.env import Env
from lab.kafka import facts
from lab.kafka.broker import deleting, waiting
from lab.kafka.broker.forgetting import forget_topic
from lab.kafka.broker.log_cleaner import RECONFIGURABLE
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.share.sharing import role_changed
from lab.kafka.broker.throttle import RATES, throttle_of
from lab.kafka.broker.transactions import TRANSACTIONS_TOPIC
from lab.kafka.metadata.fetch import FetchMetadataResponse, FetchMetadataSnapshot
from lab.kafka.metadata.records import (
    BrokerConfigRecord,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    GroupConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    UnregisterBrokerRecord,
)
from lab.kafka.metadata.settings import dynamic_settings
from lab.kafka.metadata.snapshot import image_of_records, not_succeeded
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

BROKER_RECORDS = (BrokerRegistrationChangeRecord, RegisterBrokerRecord, UnregisterBrokerRecord)


def learn(broker: "Broker", env: Env, body: FetchMetadataResponse) -> None:
    """New metadata: replay it, then make the replicas what it says."""
    if body.base_offset == broker.image.offset:
        _take_in(broker, env, body.records)
    broker.observe(env)


def _take_in(broker: "Broker", env: Env, records: tuple[MetadataRecord, ...]) -> None:
    changed: dict[TopicPartition, None] = {}
    brokers = settings = False
    for record in records:
        _note_changed(broker, record, changed)
        broker.image.replay(record)
        if isinstance(record, RemoveTopicRecord):
            forget_topic(broker, env, record.name)
            if broker.sharing is not None:
                broker.sharing.topic_deleted(broker, env, record.name)
        brokers = brokers or isinstance(record, BROKER_RECORDS)
        settings = settings or isinstance(record, (BrokerConfigRecord, GroupConfigRecord))
    if settings and _reconfigure(broker, env):
        changed.update(dict.fromkeys(broker.partitions))
    _taken_in(broker, env, changed, brokers)
    if settings or any(isinstance(record, ConfigRecord) for record in records):
        env.tell(facts.SettingsApplied(broker.image.offset))


def _taken_in(broker: "Broker", env: Env, changed: dict[TopicPartition, None], brokers: bool) -> None:
    """The image is newer by these partitions, and by brokers or not."""
    if broker.finder is not None:
        env.tell(facts.MetadataApplied(broker.image.offset))
    if broker.unpublished is not None:
        broker.unpublished.update(changed)
        publish_first(broker, env)
    elif changed:
        _apply(broker, env, changed)
    if brokers or changed:
        _note_active(broker, env)


def learn_anew(broker: "Broker", env: Env, body: FetchMetadataSnapshot) -> None:
    """The log begins later than where this broker is: first drop what is not in the snapshot, or is in it as
    another of the same name, then take all of it over.
    """
    image = image_of_records(body.records, body.end_offset)
    gone = not_succeeded(broker.image, image)
    _take_in(broker, env, tuple(RemoveTopicRecord(one.name, one.topic_id) for one in gone))
    broker.image = image
    _reconfigure(broker, env)
    _taken_in(broker, env, dict.fromkeys(state.partition for state in image.all_partitions()), brokers=True)
    env.tell(facts.SettingsApplied(broker.image.offset))
    broker.observe(env)


def _reconfigure(broker: "Broker", env: Env) -> bool:
    """Take over what is set while brokers run (KIP-226). Most is read when it is needed; here is what hangs on it.
    Returns whether its topics have other defaults now.
    """
    before, defaults = broker.config.overrides, broker.config.topic_defaults()
    broker.config.update(dynamic_settings(broker.image, broker.broker_id))
    broker.group_configs.update(broker.image)
    after = broker.config.overrides
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if any(name in RATES for name in changed):
        _throttle(broker, env)
    if any(name in RECONFIGURABLE for name in changed):
        broker.storage.cleaner.reconfigured(env)
    return defaults != broker.config.topic_defaults()


def _throttle(broker: "Broker", env: Env) -> None:
    """Another rate: what had to pause for the old one goes on."""
    broker.replicas.throttle = throttle_of(broker.config, broker.broker_id)
    for leader_id, fetcher in list(broker.replicas.fetchers.items()):
        fetcher.hurry(env.now)
        broker.copying.send(broker, env, leader_id)


def publish_first(broker: "Broker", env: Env) -> None:
    """Nothing is led or followed until this process has read its own registration: what the log says
    before that was meant for the process that is gone (Kafka's initial catch-up).
    """
    changed = broker.unpublished
    if changed is not None and 0 <= broker.lifecycle.broker_epoch < broker.image.offset:
        broker.unpublished = None
        broker.replicas.delete_strays(env, broker.image)
        _apply(broker, env, changed)
        _note_active(broker, env)


def _note_active(broker: "Broker", env: Env) -> None:
    active = dict.fromkeys(one.broker_id for one in broker.image.brokers.values() if one.active)
    for partition in broker.partitions.values():
        if partition.leading:
            partition.note_active(env, active)
            broker.committed(env, partition)


def _note_changed(broker: "Broker", record: MetadataRecord, changed: dict[TopicPartition, None]) -> None:
    match record:
        case PartitionRecord() | PartitionChangeRecord():
            changed[TopicPartition(record.topic, record.partition)] = None
        case RemoveTopicRecord():
            for index in broker.image.topics[record.name].partitions:
                changed[TopicPartition(record.name, index)] = None
        case ConfigRecord():
            for index in broker.image.topics[record.topic].partitions:
                changed[TopicPartition(record.topic, index)] = None
        case _:
            pass


def _apply(broker: "Broker", env: Env, changed: dict[TopicPartition, None]) -> None:
    broker.put_off = []
    _change_roles(broker, env, changed)
    broker.take_up(env)


def _change_roles(broker: "Broker", env: Env, changed: dict[TopicPartition, None]) -> None:
    for partition in broker.replicas.apply(env, broker.image, changed):
        _role_changed(broker, env, partition)
    for name in changed:
        partition = broker.partitions.get(name)
        if partition is None:
            broker.coordinators.on_not_leader(broker, env, name)
            if broker.sharing is not None:
                broker.sharing.on_gone(broker, env, name)
            if name.topic == TRANSACTIONS_TOPIC:
                broker.transactions(env).on_not_leader(name)
        else:
            partition.log.config = broker.replicas.topic_config(broker.image, name.topic)
            broker.committed(env, partition)
    for leader_id in list(broker.replicas.fetchers):
        broker.copying.send(broker, env, leader_id)
    if broker.isr.waiting:
        broker.send_isr_changes(env)


def _role_changed(broker: "Broker", env: Env, partition: Partition) -> None:
    """What waited for this partition in its old role fails now; coordinators come and go with it."""
    for number in list(partition.waiting_produces):
        waiting.try_produce(broker, env, number)
    for number in waiting.waiting_fetches(partition):
        waiting.complete_fetch(broker, env, number)
    if broker.purgatory.deletes:
        deleting.settle(broker, env)
    if partition.leading:
        broker.coordinators.on_leader(broker, env, partition)
    else:
        broker.coordinators.on_not_leader(broker, env, partition.partition)
    role_changed(broker, env, partition)
    if partition.partition.topic == TRANSACTIONS_TOPIC:
        if partition.leading:
            broker.transactions(env).on_leader(broker, env, partition)
        else:
            broker.transactions(env).on_not_leader(partition.partition)
