"""Settings of share groups: of brokers, and of the Java share consumer (KIP-932, spec 10)."""

from typing import ClassVar

from lab.env import Micros, Sealed
from lab.kafka.config.definition import Config, Setting, table

SHARE_GROUPS = (
    # In Kafka only a setting of each group; here also the default of all that have none of their own.
    Setting(
        "group.share.auto.offset.reset",
        "latest",
        "where a share group begins in a partition",
        choices=("latest", "earliest"),
    ),
    Setting("group.share.delivery.count.limit", 5, "a record delivered so often is archived", 2, 10),
    Setting("group.share.heartbeat.interval.ms", 5_000, "how often share consumers report", 1),
    Setting("group.share.max.size", 200, "the most members of a share group", 1),
    Setting(
        "group.share.partition.max.record.locks",
        200,
        "the most records in flight a share-partition",
        1,
        10_000,
    ),
    Setting(
        "group.share.record.lock.duration.ms",
        30_000,
        "a record not acknowledged by then is another's",
        1,
    ),
    Setting("group.share.session.timeout.ms", 45_000, "a share consumer silent for so long is out", 1),
)
SHARE_COORDINATOR = (
    Setting(
        "share.coordinator.snapshot.update.records.per.snapshot",
        500,
        "so many updates, then a whole snapshot",
        0,
        500,
    ),
    Setting("share.coordinator.state.topic.min.isr", 2, "min.insync.replicas of __share_group_state", 1),
    # Apache Kafka has 50; three show where coordinators are, and cost a sixteenth.
    Setting("share.coordinator.state.topic.num.partitions", 3, "partitions of __share_group_state", 1, 1_000),
    Setting(
        "share.coordinator.state.topic.replication.factor",
        3,
        "replicas of __share_group_state, at most as many as brokers",
        1,
    ),
    Setting("share.coordinator.write.timeout.ms", 5_000, "a write not answered by then is tried again", 1),
)


class ShareConsumerConfig(Config, Sealed):
    """A share consumer's settings."""

    check_crcs: bool
    fetch_max_bytes: int
    fetch_max_wait_ms: int
    max_poll_records: int
    metadata_max_age_ms: int
    request_timeout_ms: int
    retry_backoff_ms: int
    share_acknowledgement_mode: str

    metadata_max_age_us: Micros
    request_timeout_us: Micros
    retry_backoff_us: Micros

    settings: ClassVar = table(
        Setting("check.crcs", True, "what was damaged on its way or on a disk is rejected, not worked on"),
        Setting("fetch.max.bytes", 52_428_800, "the most a fetch asks for", 1),
        Setting("fetch.max.wait.ms", 500, "a broker answers at the latest after so long"),
        Setting("max.poll.records", 500, "about the most one poll() returns", 1),
        Setting("metadata.max.age.ms", 300_000, "metadata is asked for again after so long", 1),
        Setting("request.timeout.ms", 30_000, "an answer not here by then is not waited for", 1),
        Setting("retry.backoff.ms", 100, "the first pause before a retry", 1),
        Setting(
            "share.acknowledgement.mode", "implicit", "whether the next poll() accepts all, or the application says",
            choices=("implicit", "explicit"),
        ),
    )  # fmt: skip
