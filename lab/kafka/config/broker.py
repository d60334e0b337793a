"""Settings of a broker and of the controller (spec 10.3 to 10.6)."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from lab.kafka.config.definition import INT_MAX, LONG_MAX, Config, InvalidConfig, Setting, Value, table
from lab.kafka.config.listeners import LISTENERS
from lab.kafka.config.log_defaults import log_settings, topic_defaults
from lab.kafka.config.security import ACCESS_CONTROL, super_users
from lab.kafka.config.share import SHARE_COORDINATOR, SHARE_GROUPS
from lab.kafka.config.truncation import TRUNCATION_RULE

State = tuple[dict[str, Value], dict[str, Value]]
SERVER_ASSIGNORS = ("uniform", "range")


class BrokerConfig(Config):
    """A broker's settings, and the defaults of its topics. It is one object for all parts of a broker, and takes over
    what changes while that runs (Kafka's `updateCurrentConfig`); `static` is what stands in `server.properties`.
    """

    allow_everyone_if_no_acl_found: bool
    authorizer_class_name: str
    auto_create_topics_enable: bool
    auto_leader_rebalance_enable: bool
    broker_heartbeat_interval_ms: int
    broker_rack: str
    broker_session_timeout_ms: int
    compression_type: str
    connections_max_idle_ms: int
    controller_quorum_append_linger_ms: int
    controller_quorum_election_backoff_max_ms: int
    controller_quorum_election_timeout_ms: int
    controller_quorum_fetch_timeout_ms: int
    controller_quorum_request_timeout_ms: int
    controller_quorum_retry_backoff_ms: int
    default_replication_factor: int
    eligible_leader_replicas_enable: bool
    fetch_max_bytes: int
    follower_replication_throttled_rate: int
    group_consumer_assignors: str
    group_consumer_heartbeat_interval_ms: int
    group_consumer_max_size: int
    group_consumer_migration_policy: str
    group_consumer_session_timeout_ms: int
    group_initial_rebalance_delay_ms: int
    group_max_session_timeout_ms: int
    group_max_size: int
    group_min_session_timeout_ms: int
    group_share_auto_offset_reset: str
    group_share_delivery_count_limit: int
    group_share_heartbeat_interval_ms: int
    group_share_max_size: int
    group_share_partition_max_record_locks: int
    group_share_record_lock_duration_ms: int
    group_share_session_timeout_ms: int
    leader_imbalance_check_interval_seconds: int
    leader_replication_throttled_rate: int
    log_cleaner_backoff_ms: int
    log_cleaner_dedupe_buffer_size: int
    log_cleaner_delete_retention_ms: int
    log_cleaner_enable: bool
    log_cleaner_io_buffer_size: int
    log_cleaner_io_max_bytes_per_second: int
    log_cleaner_max_compaction_lag_ms: int
    log_cleaner_min_cleanable_ratio_percent: int
    log_cleaner_min_compaction_lag_ms: int
    log_cleanup_policy: str
    log_flush_interval_messages: int
    log_flush_interval_ms: int
    log_flush_offset_checkpoint_interval_ms: int
    log_flush_scheduler_interval_ms: int
    log_index_interval_bytes: int
    log_index_size_max_bytes: int
    log_initial_task_delay_ms: int
    log_message_timestamp_after_max_ms: int
    log_message_timestamp_before_max_ms: int
    log_message_timestamp_type: str
    log_retention_bytes: int
    log_retention_check_interval_ms: int
    log_retention_hours: int
    log_retention_minutes: int
    log_retention_ms: int
    log_roll_hours: int
    log_roll_ms: int
    log_segment_bytes: int
    log_segment_delete_delay_ms: int
    max_connections: int
    max_incremental_fetch_session_cache_slots: int
    message_max_bytes: int
    metadata_log_max_record_bytes_between_snapshots: int
    metadata_log_max_snapshot_interval_ms: int
    metadata_log_segment_bytes: int
    metadata_log_segment_ms: int
    metadata_max_idle_interval_ms: int
    metadata_max_retention_bytes: int
    min_insync_replicas: int
    num_partitions: int
    offset_metadata_max_bytes: int
    offsets_commit_timeout_ms: int
    offsets_retention_check_interval_ms: int
    offsets_retention_minutes: int
    offsets_topic_num_partitions: int
    offsets_topic_replication_factor: int
    producer_id_expiration_ms: int
    queued_max_request_bytes: int
    queued_max_requests: int
    replica_fetch_backoff_ms: int
    replica_fetch_max_bytes: int
    replica_fetch_min_bytes: int
    replica_fetch_response_max_bytes: int
    replica_fetch_wait_max_ms: int
    replica_high_watermark_checkpoint_interval_ms: int
    replica_lag_time_max_ms: int
    replica_selector_class: str
    replica_truncation_rule: str
    sasl_enabled_mechanisms: str
    share_coordinator_snapshot_update_records_per_snapshot: int
    share_coordinator_state_topic_min_isr: int
    share_coordinator_state_topic_num_partitions: int
    share_coordinator_state_topic_replication_factor: int
    share_coordinator_write_timeout_ms: int
    socket_request_max_bytes: int
    super_users: str
    transaction_abort_timed_out_transaction_cleanup_interval_ms: int
    transaction_max_timeout_ms: int
    transaction_partition_verification_enable: bool
    transaction_remove_expired_transaction_cleanup_interval_ms: int
    transaction_state_log_min_isr: int
    transaction_state_log_num_partitions: int
    transaction_state_log_replication_factor: int
    transaction_version: int
    transactional_id_expiration_ms: int
    unclean_leader_election_enable: bool
    unclean_leader_election_interval_ms: int

    settings: ClassVar = table(
        *ACCESS_CONTROL,
        Setting("auto.create.topics.enable", True, "make a topic that a client asks about and wants made"),
        Setting("auto.leader.rebalance.enable", True, "give leadership back to the preferred replicas"),
        Setting("broker.heartbeat.interval.ms", 2_000, "how often a broker tells the controller it lives", 1),
        Setting("broker.session.timeout.ms", 9_000, "a broker silent for so long is fenced", 1),
        Setting("broker.rack", "", "the rack of the broker: replicas are spread over racks"),
        *LISTENERS,
        Setting("controller.quorum.append.linger.ms", 25, "a leader collects decisions for so long"),
        Setting("controller.quorum.election.backoff.max.ms", 1_000, "the longest pause after a lost election"),
        Setting(
            "controller.quorum.election.timeout.ms",
            1_000,
            "a voter without a leader waits so long, and up to twice, before it stands",
            1,
        ),
        Setting(
            "controller.quorum.fetch.timeout.ms",
            2_000,
            "a voter that fetches nothing for so long stands; a leader without a majority resigns after 1.5 times",
            1,
        ),
        Setting("controller.quorum.request.timeout.ms", 2_000, "a voter waits so long for an answer", 1),
        Setting("controller.quorum.retry.backoff.ms", 20, "a voter asks again after so long", 1),
        Setting("default.replication.factor", 1, "replicas of a topic made without saying how many", 1),
        Setting(
            "eligible.leader.replicas.enable",
            False,
            "let who was last in sync lead without loss (KIP-966)",
        ),
        Setting(
            "follower.replication.throttled.rate",
            LONG_MAX,
            "bytes a second that replicas named in their topic, and not in sync, are copied with",
            1,
            dynamic=True,
        ),
        Setting("fetch.max.bytes", 57_671_680, "the most one fetch is answered with", 1_024),
        Setting(
            "group.consumer.assignors",
            "uniform,range",
            "who computes assignments in the consumer protocol, the default first",
        ),
        Setting(
            "group.consumer.heartbeat.interval.ms",
            5_000,
            "how often members of the consumer protocol are to report",
            5_000,
            15_000,
        ),
        Setting("group.consumer.max.size", INT_MAX, "the most members of a group of the consumer protocol", 1),
        Setting(
            "group.consumer.migration.policy",
            "bidirectional",
            "which groups with members go over to the other group protocol: to the newer one, back, both, none",
            choices=("bidirectional", "upgrade", "downgrade", "disabled"),
            any_case=True,
        ),
        Setting(
            "group.consumer.session.timeout.ms",
            45_000,
            "a member of the consumer protocol silent for so long is out",
            45_000,
            60_000,
        ),
        Setting("group.initial.rebalance.delay.ms", 3_000, "an empty group waits this long for more members"),
        Setting(
            "group.max.session.timeout.ms",
            1_800_000,
            "the longest session time-out a member may ask for",
            1,
        ),
        Setting("group.max.size", INT_MAX, "the most members of a group", 1),
        Setting(
            "group.min.session.timeout.ms",
            6_000,
            "the shortest session time-out a member may ask for",
            1,
        ),
        *SHARE_GROUPS,
        Setting(
            "leader.replication.throttled.rate",
            LONG_MAX,
            "bytes a second that are given to replicas named in their topic, and not in sync",
            1,
            dynamic=True,
        ),
        Setting("leader.imbalance.check.interval.seconds", 300, "how often preferred leaders are restored", 1),
        Setting("log.cleaner.backoff.ms", 15_000, "how long the cleaner sleeps when nothing is dirty", 1, dynamic=True),
        # Apache Kafka wants at least 1 MiB; a class wants to see the map fill up.
        Setting(
            "log.cleaner.dedupe.buffer.size",
            134_217_728,
            "room for the keys of one clean, 24 bytes each",
            24,
            dynamic=True,
        ),
        Setting("log.cleaner.enable", True, "compact what is to be compacted"),
        Setting("log.cleaner.io.buffer.size", 524_288, "the cleaner works on so much at a time", 1, dynamic=True),
        Setting(
            "log.cleaner.io.max.bytes.per.second",
            LONG_MAX,
            "the cleaner reads and writes no more than this",
            1,
            dynamic=True,
        ),
        Setting(
            "log.flush.offset.checkpoint.interval.ms",
            60_000,
            "how often the recovery point is written",
            1,
        ),
        Setting(
            "log.flush.scheduler.interval.ms",
            LONG_MAX,
            "how often flush.ms is looked at; by default never",
            1,
        ),
        *log_settings(),
        Setting("log.initial.task.delay.ms", 30_000, "the first retention check comes so late", 0),
        Setting("log.retention.check.interval.ms", 300_000, "how often retention looks for old segments", 1),
        Setting("max.incremental.fetch.session.cache.slots", 1_000, "fetch sessions a broker keeps; 0: none"),
        Setting(
            "metadata.log.max.record.bytes.between.snapshots",
            20_971_520,
            "so many bytes of metadata make a new snapshot due",
            1,
        ),
        Setting(
            "metadata.log.max.snapshot.interval.ms",
            3_600_000,
            "the longest time between two snapshots; 0: no limit",
        ),
        Setting(
            "metadata.log.segment.bytes",
            1_073_741_824,
            "a metadata segment is closed at this size",
            14,
            INT_MAX,
        ),
        Setting("metadata.log.segment.ms", 604_800_000, "a metadata segment is closed at this age", 1),
        Setting(
            "metadata.max.idle.interval.ms",
            500,
            "an idle quorum writes a record so often; 0: never",
        ),
        Setting(
            "metadata.max.retention.bytes",
            104_857_600,
            "beyond this much, metadata that a snapshot holds is deleted; -1: no limit",
            -1,
        ),
        Setting("num.partitions", 1, "partitions of a topic made without saying how many", 1),
        Setting("offset.metadata.max.bytes", 4_096, "the longest text a commit may carry"),
        Setting("offsets.commit.timeout.ms", 5_000, "a commit not replicated by then fails", 1),
        Setting("offsets.retention.check.interval.ms", 600_000, "how often expired offsets are looked for", 1),
        Setting(
            "offsets.retention.minutes",
            10_080,
            "an empty group's offsets are forgotten after so long",
            1,
            history=(("2.0", 1_440),),
        ),
        # Apache Kafka has 50; three show where coordinators are, and cost a sixteenth.
        Setting("offsets.topic.num.partitions", 3, "partitions of __consumer_offsets", 1, 1_000),
        Setting(
            "offsets.topic.replication.factor",
            3,
            "replicas of __consumer_offsets, at most as many as brokers",
            1,
        ),
        Setting("producer.id.expiration.ms", 86_400_000, "a producer silent for so long is forgotten", 1, dynamic=True),
        Setting("replica.fetch.backoff.ms", 1_000, "a follower waits so long after an error", 0),
        Setting("replica.fetch.max.bytes", 1_048_576, "the most a follower asks for a partition", 0),
        Setting("replica.fetch.min.bytes", 1, "a leader answers a follower with at least so much"),
        Setting("replica.fetch.response.max.bytes", 10_485_760, "the most a follower asks for at once"),
        Setting("replica.fetch.wait.max.ms", 500, "a leader answers a follower at the latest after so long"),
        Setting(
            "replica.high.watermark.checkpoint.interval.ms",
            5_000,
            "how often high watermarks are written to disk",
            1,
        ),
        Setting(
            "replica.lag.time.max.ms",
            30_000,
            "a follower not caught up for so long leaves the ISR",
            1,
            history=(("2.5", 10_000),),
        ),
        *SHARE_COORDINATOR,
        Setting(
            "replica.selector.class",
            "",
            "whether consumers read from a follower in their own rack (client.rack)",
            choices=("", "org.apache.kafka.common.replica.RackAwareReplicaSelector"),
        ),
        TRUNCATION_RULE,
        Setting(
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
            10_000,
            "how often transactions past their time-out are looked for",
            1,
        ),
        Setting("transaction.max.timeout.ms", 900_000, "the longest time-out a producer may ask for", 1),
        Setting(
            "transaction.partition.verification.enable",
            True,
            "a leader asks the coordinator whether a partition is in the transaction (KIP-890)",
            dynamic=True,
        ),
        Setting(
            "transaction.remove.expired.transaction.cleanup.interval.ms",
            3_600_000,
            "how often expired transactional ids are looked for",
            1,
        ),
        Setting("transaction.state.log.min.isr", 2, "min.insync.replicas of __transaction_state", 1),
        # Apache Kafka has 50; see offsets.topic.num.partitions.
        Setting("transaction.state.log.num.partitions", 3, "partitions of __transaction_state", 1, 1_000),
        Setting(
            "transaction.state.log.replication.factor",
            3,
            "replicas of __transaction_state, at most as many as brokers",
            1,
        ),
        # A feature of the cluster and no setting in Apache Kafka.
        Setting("transaction.version", 2, "1: before KIP-890's second part; 2: with it", 1, 2),
        Setting(
            "transactional.id.expiration.ms", 604_800_000, "a transactional id not used for so long is forgotten", 1
        ),
        Setting(
            "unclean.leader.election.interval.ms",
            300_000,
            "how often leaderless partitions get an unclean election, where allowed",
            1,
        ),
    )

    def __init__(self, values: Mapping[str, object] | Iterable[tuple[str, object]] = ()) -> None:
        super().__init__(values)
        self.static = self.overrides

    def update(self, dynamic: Mapping[str, object]) -> None:
        """From now on this is set on top of what stands in `server.properties`, and nothing else."""
        self.overrides = BrokerConfig({**self.static, **dynamic}).overrides
        super().__setstate__(self.overrides)

    def topic_defaults(self) -> dict[str, Value]:
        """Settings of topics as this broker has set them, for those that have none of their own."""
        return topic_defaults(self.overrides)

    def __getstate__(self) -> State:  # type: ignore[override]
        return self.static, self.overrides

    def __setstate__(self, state: State) -> None:  # type: ignore[override]
        self.static, overrides = state
        super().__setstate__(overrides)

    def check(self) -> None:
        """Only assignors that there are, and users that are principals."""
        super_users(self.super_users)
        named = [one.strip() for one in self.group_consumer_assignors.split(",")]
        unknown = [one for one in named if one not in SERVER_ASSIGNORS]
        if unknown:
            wanted = ", ".join(SERVER_ASSIGNORS)
            raise InvalidConfig(f"group.consumer.assignors: wanted some of {wanted}, found {unknown[0]!r}")
