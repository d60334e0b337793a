"""Settings of the Java producer and consumer, 4.0 defaults (spec 10.8)."""

from typing import ClassVar

from lab.kafka.config.definition import INT_MAX, Config, InvalidConfig, Setting, table


class ProducerConfig(Config):
    """A producer's settings."""

    acks: str
    batch_size: int
    buffer_memory: int
    compression_type: str
    delivery_timeout_ms: int
    enable_idempotence: bool
    linger_ms: int
    max_block_ms: int
    max_in_flight_requests_per_connection: int
    max_request_size: int
    metadata_max_age_ms: int
    partitioner_adaptive_partitioning_enable: bool
    partitioner_ignore_keys: bool
    request_timeout_ms: int
    retries: int
    retry_backoff_max_ms: int
    retry_backoff_ms: int
    transaction_timeout_ms: int
    transactional_id: str

    settings: ClassVar = table(
        Setting("acks", "all", "who must have a record before it counts as sent", choices=("0", "1", "all")),
        Setting("batch.size", 16_384, "a batch is full at this size"),
        Setting("buffer.memory", 33_554_432, "what may wait to be sent"),
        Setting("compression.type", "none", "codec of batches", choices=("none", "gzip", "snappy", "lz4", "zstd")),
        Setting("delivery.timeout.ms", 120_000, "a record not acknowledged by then has failed", 1),
        Setting("enable.idempotence", True, "retries never double a record"),
        Setting("linger.ms", 5, "wait so long for a batch to fill"),
        Setting("max.block.ms", 60_000, "send() waits so long for metadata and buffer space"),
        Setting("max.in.flight.requests.per.connection", 5, "requests to one broker without an answer", 1),
        Setting("max.request.size", 1_048_576, "the largest record, uncompressed"),
        Setting("metadata.max.age.ms", 300_000, "metadata is asked for again after so long", 1),
        Setting("partitioner.adaptive.partitioning.enable", True, "records without a key avoid slow brokers"),
        Setting("partitioner.ignore.keys", False, "place records as if they had no key"),
        Setting("request.timeout.ms", 30_000, "an answer not here by then is not waited for", 1),
        Setting("retries", INT_MAX, "how often a batch is sent again", 0, INT_MAX),
        Setting("retry.backoff.max.ms", 1_000, "the longest pause between retries"),
        Setting("retry.backoff.ms", 100, "the first pause before a retry"),
        Setting("transaction.timeout.ms", 60_000, "a transaction open for so long is aborted", 1, INT_MAX),
        Setting("transactional.id", "", "a name that survives restarts: records go in transactions", dynamic=False),
    )  # fmt: skip

    def check(self) -> None:
        """Idempotence wants acks=all, retries and at most five in flight (spec 6.10). Where it is only the default,
        it gives way to the first two; since 4.0 not to the third, which would reorder.
        """
        too_many = self.max_in_flight_requests_per_connection > 5
        conflict = self.acks != "all" or not self.retries
        if self.enable_idempotence and (conflict or too_many):
            if "enable.idempotence" in self.overrides or not conflict:
                raise InvalidConfig("enable.idempotence=true wants acks=all, retries and at most 5 requests in flight")
            self.enable_idempotence = False
        if self.transactional_id and not self.enable_idempotence:
            raise InvalidConfig("transactional.id wants enable.idempotence=true, and with it acks=all and retries")
        least = self.linger_ms + self.request_timeout_ms
        if self.delivery_timeout_ms < least:
            if "delivery.timeout.ms" in self.overrides:
                raise InvalidConfig(
                    f"delivery.timeout.ms: wanted at least linger.ms + request.timeout.ms = {least}, "
                    f"found {self.delivery_timeout_ms}"
                )
            self.delivery_timeout_ms = least

    def __setstate__(self, overrides: "dict[str, int | bool | str]") -> None:
        super().__setstate__(overrides)
        self.check()


class ConsumerConfig(Config):
    """A consumer's settings."""

    auto_commit_interval_ms: int
    auto_offset_reset: str
    client_rack: str
    default_api_timeout_ms: int
    enable_auto_commit: bool
    fetch_max_bytes: int
    fetch_max_wait_ms: int
    fetch_min_bytes: int
    group_instance_id: str
    heartbeat_interval_ms: int
    isolation_level: str
    max_partition_fetch_bytes: int
    max_poll_interval_ms: int
    max_poll_records: int
    metadata_max_age_ms: int
    partition_assignment_strategy: str
    request_timeout_ms: int
    retry_backoff_max_ms: int
    retry_backoff_ms: int
    session_timeout_ms: int

    settings: ClassVar = table(
        Setting("auto.commit.interval.ms", 5_000, "how often auto-commit commits, inside poll()"),
        Setting(
            "auto.offset.reset",
            "latest",
            "where to begin without a committed offset",
            choices=("latest", "earliest", "none"),
        ),
        Setting("client.rack", "", "the rack of the consumer: it may read from a replica there"),
        Setting("default.api.timeout.ms", 60_000, "commitSync gives up after so long", 1),
        Setting("enable.auto.commit", True, "commit positions inside poll() by itself"),
        Setting("fetch.max.bytes", 52_428_800, "the most a fetch asks for"),
        Setting("fetch.max.wait.ms", 500, "a broker answers at the latest after so long"),
        Setting("fetch.min.bytes", 1, "a broker answers with at least so much"),
        Setting("group.instance.id", "", "a name that survives restarts: static membership", dynamic=False),
        Setting("heartbeat.interval.ms", 3_000, "how often the heartbeat thread reports", 1, dynamic=False),
        Setting(
            "isolation.level", "read_uncommitted", "how far to read", choices=("read_uncommitted", "read_committed")
        ),
        Setting("max.partition.fetch.bytes", 1_048_576, "the most a fetch asks for a partition"),
        Setting(
            "max.poll.interval.ms", 300_000, "no poll() for so long: the consumer leaves its group", 1, dynamic=False
        ),
        Setting("max.poll.records", 500, "the most one poll() returns", 1),
        Setting("metadata.max.age.ms", 300_000, "metadata is asked for again after so long", 1),
        Setting(
            "partition.assignment.strategy",
            "range,cooperative-sticky",
            "assignors, the most wanted first",
            dynamic=False,
        ),
        Setting("request.timeout.ms", 30_000, "an answer not here by then is not waited for", 1),
        Setting("retry.backoff.max.ms", 1_000, "the longest pause between retries"),
        Setting("retry.backoff.ms", 100, "the first pause before a retry"),
        Setting("session.timeout.ms", 45_000, "no heartbeat for so long: out of the group", 1, dynamic=False),
    )

    def check(self) -> None:
        """A session must outlive several heartbeats."""
        if self.heartbeat_interval_ms >= self.session_timeout_ms:
            raise InvalidConfig(
                f"heartbeat.interval.ms: wanted less than session.timeout.ms ({self.session_timeout_ms}), "
                f"found {self.heartbeat_interval_ms}"
            )
