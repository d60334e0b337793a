"""Eligible leader replicas (KIP-966, spec 2.10): who may lead without loss although it is not in sync.

While fewer than min.insync.replicas are in sync, the high watermark stands. So whoever was in sync when it
stopped has all that is committed, until its process ends uncleanly: then its page cache may be gone.
"""

from collections.abc import Iterable, Sequence

from lab.kafka.metadata.image import (
    ELIGIBLE_LEADER_REPLICAS,
    NO_LEADER,
    NONE_ELIGIBLE,
    EligibleReplicas,
    MetadataImage,
    PartitionState,
)
from lab.kafka.metadata.records import (
    BrokerConfigRecord,
    FeatureLevelRecord,
    MetadataRecord,
    PartitionChangeRecord,
)
from lab.kafka.metadata.settings import ALL, cluster_settings

MIN_ISR = "min.insync.replicas"


def eligible_of(image: MetadataImage, state: PartitionState) -> EligibleReplicas:
    """As the image has it; nobody where the feature is off."""
    found = image.eligible.get(state.partition) if image.eligible is not None else None
    return found or NONE_ELIGIBLE


def min_isr(image: MetadataImage, state: PartitionState, replicas: Sequence[int]) -> int:
    """The effective `min.insync.replicas`: never more than there are replicas."""
    text = image.topics[state.partition.topic].config.get(MIN_ISR) or cluster_settings(image).get(MIN_ISR, "1")
    return min(int(text), len(replicas))


def switched_on(image: MetadataImage, min_insync_replicas: int) -> list[MetadataRecord]:
    """Records that put the feature in use. From then on the default of `min.insync.replicas` stands in the log, the
    same for all brokers: all who replay it must come to the same replicas.
    """
    records: list[MetadataRecord] = [FeatureLevelRecord(ELIGIBLE_LEADER_REPLICAS, 1)]
    if MIN_ISR not in cluster_settings(image):
        records.append(BrokerConfigRecord(ALL, MIN_ISR, str(min_insync_replicas)))
    for broker, config in image.broker_config.items():
        if broker != ALL and MIN_ISR in config:
            records.append(BrokerConfigRecord(broker, MIN_ISR, None))
    return records


def after(
    image: MetadataImage, state: PartitionState, isr: Sequence[int], replicas: Sequence[int], restarted: int = NO_LEADER
) -> EligibleReplicas:
    """Who is eligible when the ISR becomes `isr`. `restarted`: a broker whose process ended uncleanly.

    With nobody in sync, the last leader is remembered: it may lead once nobody better can come back. Where the feature
    came into use after that one was gone, it is who was last in sync; Kafka writes down -1, and nobody ever leads.
    """
    if image.eligible is None or len(isr) >= min_isr(image, state, replicas):
        return NONE_ELIGIBLE
    known = eligible_of(image, state)
    candidates = dict.fromkeys((*known.elr, *state.isr))
    elr = tuple(one for one in candidates if one not in isr and one != restarted and one in replicas)
    if isr:
        rest = dict.fromkeys((*known.last_known_elr, *candidates))
        last = tuple(one for one in rest if one not in isr and one not in elr and one in replicas)
    else:
        last = (state.leader_id,) if state.leader_id != NO_LEADER else known.last_known_elr or state.isr[:1]
    return EligibleReplicas(elr, last)


def elected(
    image: MetadataImage, state: PartitionState, replicas: Sequence[int], found: EligibleReplicas, leader_id: int
) -> EligibleReplicas:
    """Who stays eligible beside a leader that was taken from them: the others, unless its ISR of one is enough."""
    if min_isr(image, state, replicas) <= 1:
        return NONE_ELIGIBLE
    return EligibleReplicas(tuple(one for one in found.elr if one != leader_id), ())


def note(
    image: MetadataImage, state: PartitionState, record: PartitionChangeRecord, found: EligibleReplicas | None = None
) -> PartitionChangeRecord:
    """The record with what it changes about eligibility. `found`: as worked out; else what its own ISR means."""
    if image.eligible is None:
        return record
    if found is None:
        found = after(
            image, state, record.isr if record.isr is not None else state.isr, record.replicas or state.replicas
        )
    known = eligible_of(image, state)
    if found.elr != known.elr:
        record.elr = list(found.elr)
    if found.last_known_elr != known.last_known_elr:
        record.last_known_elr = list(found.last_known_elr)
    return record


def forgotten(image: MetadataImage, topics: Iterable[str]) -> list[PartitionChangeRecord]:
    """With another min.insync.replicas nobody outside the ISR is known to have all: none is eligible any more.
    A leaderless partition keeps them: without an in-sync replica nothing has been committed in the meantime.
    """
    if image.eligible is None:
        return []
    return [
        PartitionChangeRecord(*state.partition, reason="min.insync.replicas", elr=[], last_known_elr=[])
        for topic in topics
        for state in image.topics[topic].partitions.values()
        if state.partition in image.eligible and state.isr
    ]
