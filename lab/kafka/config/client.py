"""Settings of producers and consumers: the Java client's names, and its defaults in 4.0 (spec 10.8).

What another client has by default, its flavour says. No client changes a setting while it runs: the application has to
make a new one, which is to say that it is started again.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from lab.env import Micros, Sealed
from lab.kafka.config.definition import INT_MAX, SHOWN_MAX, Config, InvalidConfig, Setting, Value, table
from lab.kafka.config.flavours import DEFAULT_FLAVOUR, FLAVOURS, Flavour

State = tuple[dict[str, Value], str]


class ClientConfig(Config, Sealed):
    """A client's settings, in the flavour of its library."""

    flavour: Flavour

    def __init__(
        self, values: Mapping[str, object] | Iterable[tuple[str, object]] = (), flavour: str = DEFAULT_FLAVOUR
    ) -> None:
        if flavour not in FLAVOURS:
            raise InvalidConfig(f"flavour: wanted one of {', '.join(FLAVOURS)}, found {flavour[:60]!r}")
        self.flavour = FLAVOURS[flavour]
        given = dict(values)
        for name in given:
            if name in self.settings and name in self.flavour.lacks:
                raise InvalidConfig(f"{name}: {self.flavour.title} has no such setting")
        super().__init__(given)

    def again(self, values: Mapping[str, object]) -> Self:
        """The same flavour with these values."""
        return type(self)(values, self.flavour.name)

    def known(self) -> tuple[str, ...]:
        """The settings that a client of this flavour has."""
        return tuple(name for name in self.settings if name not in self.flavour.lacks)

    def __getstate__(self) -> State:  # type: ignore[override]
        return self.overrides, self.flavour.name

    def __setstate__(self, state: State) -> None:  # type: ignore[override]
        overrides, flavour = state
        self.flavour = FLAVOURS[flavour]
        super().__setstate__(overrides)
        self.check()
        self.count_in_micros()


class ProducerConfig(ClientConfig):
    """A producer's settings."""

    acks: str
    batch_num_messages: int
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
    partitioner: str
    partitioner_adaptive_partitioning_enable: bool
    partitioner_ignore_keys: bool
    queue_buffering_max_messages: int
    request_timeout_ms: int
    retries: int
    retry_backoff_max_ms: int
    retry_backoff_ms: int
    sticky_partitioning_linger_ms: int
    transaction_timeout_ms: int
    transactional_id: str

    delivery_timeout_us: Micros
    linger_us: Micros
    metadata_max_age_us: Micros
    request_timeout_us: Micros
    retry_backoff_max_us: Micros
    retry_backoff_us: Micros
    sticky_partitioning_linger_us: Micros

    settings: ClassVar = table(
        Setting("acks", "all", "who must have a record before it counts as sent", choices=("0", "1", "all"),
                history=(("3.0", "1"),)),
        Setting("batch.num.messages", INT_MAX, "a batch is full with so many records", 1, INT_MAX),
        Setting("batch.size", 16_384, "a batch is full at this size", 0, INT_MAX),
        Setting("buffer.memory", 33_554_432, "what may wait to be sent"),
        Setting("compression.type", "none", "codec of batches", choices=("none", "gzip", "snappy", "lz4", "zstd")),
        Setting("delivery.timeout.ms", 120_000, "a record not acknowledged by then has failed", 1, INT_MAX),
        Setting("enable.idempotence", True, "retries never double a record", history=(("3.0", False),)),
        Setting("linger.ms", 5, "wait so long for a batch to fill", history=(("4.0", 0),)),
        Setting("max.block.ms", 60_000, "send() waits so long for metadata and buffer space"),
        Setting("max.in.flight.requests.per.connection", 5, "requests to one broker without an answer", 1, INT_MAX),
        Setting("max.request.size", 1_048_576, "the largest record, uncompressed", 0, INT_MAX),
        Setting("metadata.max.age.ms", 300_000, "metadata is asked for again after so long", 1),
        Setting("partitioner", "uniform_sticky", "where a record goes: the hash of a key, and what is done without one",
                choices=("uniform_sticky", "sticky", "round_robin", "murmur2_random", "consistent_random"),
                history=(("2.4", "round_robin"), ("3.3", "sticky"))),
        Setting("partitioner.adaptive.partitioning.enable", True, "records without a key avoid slow brokers"),
        Setting("partitioner.ignore.keys", False, "place records as if they had no key"),
        Setting("queue.buffering.max.messages", INT_MAX, "how many records may wait to be sent", 1, INT_MAX),
        Setting("request.timeout.ms", 30_000, "an answer not here by then is not waited for", 1, INT_MAX),
        Setting("retries", INT_MAX, "how often a batch is sent again", 0, INT_MAX),
        Setting("retry.backoff.max.ms", 1_000, "the longest pause between retries", history=(("3.7", 100),)),
        Setting("retry.backoff.ms", 100, "the first pause before a retry"),
        Setting("sticky.partitioning.linger.ms", 0,
                "with a random partitioner, records without a key stay with one partition so long; 0: each goes alone"),
        Setting("transaction.timeout.ms", 60_000, "a transaction open for so long is aborted", 1, INT_MAX),
        Setting("transactional.id", "", "a name that survives restarts: records go in transactions"),
    )  # fmt: skip

    def default_of(self, setting: Setting) -> Value:
        """What the flavour does where nobody has said anything."""
        return self.flavour.default_of(setting, self.flavour.producer)

    def check(self) -> None:
        """Idempotence and time-outs go together, or one of them gives way, or it is refused. Transactions want
        idempotence, and turn it on where nobody has turned it off.
        """
        if self.transactional_id and "enable.idempotence" not in self.overrides:
            self.enable_idempotence = True
        if self.enable_idempotence:
            self._settle_idempotence()
        if self.transactional_id and not self.enable_idempotence:
            raise InvalidConfig("transactional.id wants enable.idempotence=true, and with it acks=all and retries")
        least = self.linger_ms + self.request_timeout_ms
        if self.delivery_timeout_ms < least and self.flavour.raises_delivery_timeout:
            if "delivery.timeout.ms" in self.overrides:
                raise InvalidConfig(
                    f"delivery.timeout.ms: wanted at least linger.ms + request.timeout.ms = {least}, "
                    f"found {self.delivery_timeout_ms}"
                )
            self.delivery_timeout_ms = least

    def _settle_idempotence(self) -> None:
        """Idempotence wants acks=all, retries and at most five in flight (spec 6.10). What is only the default gives
        way: to idempotence that was asked for acks and the number in flight; else idempotence itself. Since Java 4.0 it
        does not give way to more in flight, which would reorder.
        """
        asked = "enable.idempotence" in self.overrides
        if "acks" not in self.overrides:
            self.acks = "all"
        if "max.in.flight.requests.per.connection" not in self.overrides:
            self.max_in_flight_requests_per_connection = min(self.max_in_flight_requests_per_connection, 5)
        too_many = self.max_in_flight_requests_per_connection > 5
        conflict = self.acks != "all" or not self.retries
        if conflict or too_many:
            if asked or (not conflict and self.flavour.refuses_many_in_flight):
                raise InvalidConfig("enable.idempotence=true wants acks=all, retries and at most 5 requests in flight")
            self.enable_idempotence = False


THEIR_OWN = {
    "classic": ("partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"),
    "consumer": ("group.remote.assignor",),
}
"""Settings that only one group protocol has: in the other the coordinator decides."""
CLIENT_ASSIGNORS = ("range", "roundrobin", "sticky", "cooperative-sticky")


class ConsumerConfig(ClientConfig):
    """A consumer's settings."""

    auto_commit_interval_ms: int
    auto_offset_reset: str
    check_crcs: bool
    client_rack: str
    default_api_timeout_ms: int
    enable_auto_commit: bool
    enable_auto_offset_store: bool
    fetch_max_bytes: int
    fetch_max_wait_ms: int
    fetch_min_bytes: int
    group_instance_id: str
    group_protocol: str
    group_remote_assignor: str
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

    auto_commit_interval_us: Micros
    default_api_timeout_us: Micros
    heartbeat_interval_us: Micros
    max_poll_interval_us: Micros
    metadata_max_age_us: Micros
    request_timeout_us: Micros
    retry_backoff_us: Micros
    session_timeout_us: Micros

    settings: ClassVar = table(
        Setting("auto.commit.interval.ms", 5_000, "how often auto-commit commits", 0, INT_MAX),
        Setting(
            "auto.offset.reset",
            "latest",
            "where to begin without a committed offset",
            choices=("latest", "earliest", "none"),
        ),
        Setting("check.crcs", True, "what was damaged on its way or on a disk is an error, not a record"),
        Setting("client.rack", "", "the rack of the consumer: it may read from a replica there"),
        Setting("default.api.timeout.ms", 60_000, "commitSync gives up after so long", 1, INT_MAX),
        Setting("enable.auto.commit", True, "commit by itself: inside poll(), or from a thread"),
        Setting(
            "enable.auto.offset.store",
            True,
            "what is handed to the application may be committed; else only what it has finished",
        ),
        Setting("fetch.max.bytes", 52_428_800, "the most a fetch asks for", 0, INT_MAX),
        Setting("fetch.max.wait.ms", 500, "a broker answers at the latest after so long", 0, INT_MAX),
        Setting("fetch.min.bytes", 1, "a broker answers with at least so much", 0, INT_MAX),
        Setting("group.instance.id", "", "a name that survives restarts: static membership"),
        Setting(
            "group.protocol",
            "classic",
            "how members agree: among themselves, or by what the coordinator says",
            choices=("classic", "consumer"),
            any_case=True,
        ),
        Setting("group.remote.assignor", "", "which of the coordinator's assignors is preferred"),
        Setting("heartbeat.interval.ms", 3_000, "how often the heartbeat thread reports", 1, INT_MAX),
        Setting(
            "isolation.level", "read_uncommitted", "how far to read", choices=("read_uncommitted", "read_committed")
        ),
        Setting("max.partition.fetch.bytes", 1_048_576, "the most a fetch asks for a partition", 0, INT_MAX),
        Setting("max.poll.interval.ms", 300_000, "no poll() for so long: the consumer leaves its group", 1, INT_MAX),
        Setting("max.poll.records", 500, "the most one poll() returns", 1, INT_MAX),
        Setting("metadata.max.age.ms", 300_000, "metadata is asked for again after so long", 1),
        Setting(
            "partition.assignment.strategy",
            "range,cooperative-sticky",
            "assignors, the most wanted first",
            history=(("3.0", "range"),),
        ),
        Setting("request.timeout.ms", 30_000, "an answer not here by then is not waited for", 1, INT_MAX),
        Setting("retry.backoff.max.ms", 1_000, "the longest pause between retries", history=(("3.7", 100),)),
        Setting("retry.backoff.ms", 100, "the first pause before a retry"),
        Setting(
            "session.timeout.ms",
            45_000,
            "no heartbeat for so long: out of the group",
            1,
            INT_MAX,
            history=(("3.0", 10_000),),
        ),
    )

    def default_of(self, setting: Setting) -> Value:
        """What the flavour does where nobody has said anything."""
        return self.flavour.default_of(setting, self.flavour.consumer)

    def check(self) -> None:
        """A session must outlive several heartbeats; each protocol has settings of its own (spec 6.15); and only
        assignors that there are, none of them twice, as the Java client refuses it.
        """
        other = THEIR_OWN["classic" if self.group_protocol.lower() == "consumer" else "consumer"]
        for name in other:
            if self.overrides.get(name):
                raise InvalidConfig(f"{name} cannot be set with group.protocol={self.group_protocol}")
        if self.heartbeat_interval_ms >= self.session_timeout_ms:
            raise InvalidConfig(
                f"heartbeat.interval.ms: wanted less than session.timeout.ms ({self.session_timeout_ms}), "
                f"found {self.heartbeat_interval_ms}"
            )
        named = [one.strip() for one in self.partition_assignment_strategy.split(",")]
        wrong = next((one for at, one in enumerate(named) if one not in CLIENT_ASSIGNORS or one in named[:at]), None)
        if wrong is not None:
            wanted = ", ".join(CLIENT_ASSIGNORS)
            found = wrong[:SHOWN_MAX]
            raise InvalidConfig(f"partition.assignment.strategy: wanted some of {wanted}, each once, found {found!r}")
