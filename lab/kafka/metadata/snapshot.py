"""The image as records, and back: what a snapshot of the metadata log holds (spec 3.2)."""

from collections.abc import Iterable

from lab.kafka.metadata.acls import record_of
from lab.kafka.metadata.image import ELIGIBLE_LEADER_REPLICAS, MetadataImage, PartitionState, TopicImage
from lab.kafka.metadata.records import (
    BrokerConfigRecord,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    FeatureLevelRecord,
    GroupConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from lab.kafka.protocol.topic_ids import TopicId


def records_of(image: MetadataImage) -> list[MetadataRecord]:
    """The fewest records that make this image."""
    found: list[MetadataRecord] = []
    for one in image.brokers.values():
        found.append(
            RegisterBrokerRecord(
                one.broker_id, one.host, one.incarnation_id, one.broker_epoch, image.racks.get(one.broker_id)
            )
        )
        if not one.fenced or one.in_controlled_shutdown:
            stopping = one.in_controlled_shutdown
            found.append(BrokerRegistrationChangeRecord(one.broker_id, one.broker_epoch, one.fenced, stopping))
    if image.eligible is not None:
        found.append(FeatureLevelRecord(ELIGIBLE_LEADER_REPLICAS, 1))
    for broker, config in image.broker_config.items():
        found += [BrokerConfigRecord(broker, name, value) for name, value in config.items()]
    for group, config in image.group_config.items():
        found += [GroupConfigRecord(group, name, value) for name, value in config.items()]
    for topic in image.topics.values():
        found += _topic(image, topic)
    if image.next_producer_id:
        found.append(ProducerIdsRecord(image.next_producer_id))
    if image.acls is not None:
        found += [record_of(acl_id, binding) for acl_id, binding in image.acls.bindings.items()]
    return found


def _topic(image: MetadataImage, topic: TopicImage) -> Iterable[MetadataRecord]:
    yield TopicRecord(topic.name, topic.topic_id)
    for name, value in topic.config.items():
        yield ConfigRecord(topic.name, name, value)
    for state in topic.partitions.values():
        yield from _partition(image, topic.topic_id, state)


def _partition(image: MetadataImage, topic_id: TopicId, state: PartitionState) -> Iterable[MetadataRecord]:
    """One that recovers, is being moved or has eligible leaders needs a change on top, which counts as a partition
    epoch.
    """
    moving = image.reassignments.get(state.partition)
    eligible = (image.eligible or {}).get(state.partition)
    more = state.recovering or moving is not None or eligible is not None
    before = state.partition_epoch - more
    yield PartitionRecord(
        topic_id, *state.partition, list(state.replicas), list(state.isr), state.leader_id, state.leader_epoch, before
    )
    if more:
        yield PartitionChangeRecord(
            *state.partition, reason="snapshot", recovering=state.recovering or None,
            adding_replicas=list(moving.adding) if moving is not None else None,
            removing_replicas=list(moving.removing) if moving is not None else None,
            elr=list(eligible.elr) if eligible is not None else None,
            last_known_elr=list(eligible.last_known_elr) if eligible is not None else None,
        )  # fmt: skip


def image_of_records(records: Iterable[MetadataRecord], offset: int) -> MetadataImage:
    """The image that these records make, as that of all below `offset`."""
    image = MetadataImage()
    for record in records:
        image.replay(record)
    image.offset = offset
    return image


def not_succeeded(old: MetadataImage, new: MetadataImage) -> list[TopicImage]:
    """Topics of an old image that the new one has no more; another of the same name has another id."""
    return [topic for topic in old.topics.values() if topic.topic_id not in new.topic_names]
