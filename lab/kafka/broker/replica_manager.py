"""ReplicaManager: which partitions are here, and what new metadata makes of them. Not on the path of data."""

from lab.env import Env, Micros
from lab.kafka import facts
from lab.kafka.broker import checkpoints, older_truncation
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_fetcher import ReplicaFetcher
from lab.kafka.broker.throttle import ReplicationThrottle, throttle_of
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.topic import TopicConfig, topic_config
from lab.kafka.config.truncation import HIGH_WATERMARK
from lab.kafka.log.loader import load_log
from lab.kafka.log.partition_metadata import read_topic_id, write_topic_id
from lab.kafka.metadata.image import MetadataImage, PartitionState
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition

METADATA_TOPIC = "__cluster_metadata"


class ReplicaManager:
    """The replicas of one broker and the fetchers that feed them."""

    __slots__ = (
        "broker_id",
        "clean",
        "config",
        "fetchers",
        "high_watermarks",
        "loaded",
        "log_starts",
        "partitions",
        "recovery_points",
        "throttle",
    )

    def __init__(self, broker_id: int, config: BrokerConfig) -> None:
        self.broker_id = broker_id
        self.config = config
        self.partitions: dict[TopicPartition, Partition] = {}
        self.fetchers: dict[int, ReplicaFetcher] = {}
        self.clean = True
        self.loaded = False
        self.high_watermarks: dict[TopicPartition, int] = {}
        self.recovery_points: dict[TopicPartition, int] = {}
        self.log_starts: dict[TopicPartition, int] = {}
        self.throttle: ReplicationThrottle | None = throttle_of(config, broker_id)

    # --- starting and stopping --------------------------------------------------------------------

    def open(self, env: Env) -> int:
        """Read what the last process left in the log dir. Returns the broker epoch in which it ended cleanly, or -1."""
        disk = env.disk
        epoch = checkpoints.take_clean_mark(disk)
        self.clean = epoch is not None or not disk.list("logs")
        self.high_watermarks = checkpoints.read_offsets(disk, checkpoints.HIGH_WATERMARKS)
        self.recovery_points = checkpoints.read_offsets(disk, checkpoints.RECOVERY_POINTS)
        self.log_starts = checkpoints.read_offsets(disk, checkpoints.LOG_STARTS)
        return -1 if epoch is None else epoch

    def close(self, env: Env, broker_epoch: int) -> None:
        """A clean end: everything flushed, everything written down. A process that ends before it has opened
        its logs leaves the log dir as it was found: nobody has looked whether what is there is sound.
        """
        if not self.loaded:
            if self.clean:
                checkpoints.mark_clean(env.disk, broker_epoch)
            return
        for partition in self.partitions.values():
            partition.log.close()
        self.checkpoint_high_watermarks(env)
        self.checkpoint_recovery_points(env)
        checkpoints.mark_clean(env.disk, broker_epoch)

    def checkpoint_high_watermarks(self, env: Env) -> None:
        """Every 5 s, if any has moved. Not before the logs are open: what is written there would be forgotten."""
        if not self.loaded:
            return
        found = {name: one.log.high_watermark for name, one in self.partitions.items()}
        if found != self.high_watermarks:
            self.high_watermarks = found
            checkpoints.write_offsets(env.disk, checkpoints.HIGH_WATERMARKS, found)

    def checkpoint_recovery_points(self, env: Env) -> None:
        """Every 60 s: from where a crash would have to check, and where logs begin. Not before they are open."""
        if not self.loaded:
            return
        points = {name: one.log.recovery_point for name, one in self.partitions.items()}
        starts = {name: one.log.log_start_offset for name, one in self.partitions.items()}
        if points != self.recovery_points or starts != self.log_starts:
            self.recovery_points, self.log_starts = points, starts
            checkpoints.write_offsets(env.disk, checkpoints.RECOVERY_POINTS, points)
            checkpoints.write_offsets(env.disk, checkpoints.LOG_STARTS, starts)

    # --- applying metadata ------------------------------------------------------------------------

    def apply(self, env: Env, image: MetadataImage, changed: "dict[TopicPartition, None]") -> list[Partition]:
        """Make this broker's replicas what the image says. Returns the partitions whose role or epoch changed,
        and those that are here no more.
        """
        moved: list[Partition] = []
        self.loaded = True
        for name in changed:
            state = image.partition(name)
            if state is None or self.broker_id not in state.replicas:
                moved += self._remove(env, name)
                continue
            partition = self.partitions.get(name)
            topic_id = image.topics[name.topic].topic_id
            if partition is not None and partition.topic_id != topic_id:
                moved += self._remove(env, name)  # deleted and made again, and heard of in one breath
                partition = None
            partition = partition or self._load(env, image, state.partition, topic_id)
            before = partition.leader_epoch, partition.leading
            if state.partition_epoch < partition.partition_epoch:
                continue
            self._become(env, partition, state)
            if before != (partition.leader_epoch, partition.leading):
                moved.append(partition)
        return moved

    def _load(self, env: Env, image: MetadataImage, name: TopicPartition, topic_id: TopicId) -> Partition:
        config = self.topic_config(image, name.topic)
        log = load_log(
            env.disk, name, config, env.wall_time_ms,
            clean=self.clean,
            recovery_point=self.recovery_points.get(name, 0),
            log_start_offset=self.log_starts.get(name, 0),
            high_watermark=self.high_watermarks.get(name, 0),
        )  # fmt: skip
        if read_topic_id(env.disk, log.folder) != topic_id:
            write_topic_id(env.disk, log.folder, topic_id)
        lag_max_ms = self.config.replica_lag_time_max_ms
        partition = self.partitions[name] = Partition(self.broker_id, log, lag_max_ms, topic_id)
        env.tell(facts.LogLoaded(name, log.log_start_offset, log.log_end_offset, self.clean))
        return partition

    def topic_config(self, image: MetadataImage, topic: str) -> TopicConfig:
        """A topic's settings as this broker applies them: the topic's own over the broker's defaults."""
        overrides: dict[str, object] = {**self.config.topic_defaults(), **image.topics[topic].config}
        return topic_config(tuple(overrides.items()))

    def _become(self, env: Env, partition: Partition, state: PartitionState) -> None:
        if state.leader_id == self.broker_id:
            self.stop_fetching(partition.partition)
            partition.become_leader(env, state)
        elif partition.become_follower(env, state) or not self._is_fetched(partition):
            self.stop_fetching(partition.partition)
            if state.leader_id >= 0:
                self._fetch_from(env, state.leader_id, partition)

    def _is_fetched(self, partition: Partition) -> bool:
        fetcher = self.fetchers.get(partition.leader_id)
        return fetcher is not None and partition.partition in fetcher.ready_at

    def _fetch_from(self, env: Env, leader_id: int, partition: Partition) -> None:
        rule = self.config.replica_truncation_rule
        fetcher = self.fetchers.get(leader_id)
        if fetcher is None:
            fetcher = self.fetchers[leader_id] = ReplicaFetcher(leader_id, rule)
        fetcher.add(partition.partition)
        if rule == HIGH_WATERMARK:
            older_truncation.to_high_watermark(env, fetcher, partition)
        partition.touched = fetcher.touched

    def copied(self, fetcher: ReplicaFetcher, partition: Partition, size: int, now: Micros) -> None:
        """A throttled broker has copied so many bytes: those it is slow with pause until they are paid for."""
        throttle = self.throttle
        assert throttle is not None
        throttle.took(partition, size, now)
        if throttle.slows(partition):
            fetcher.delay(partition.partition, throttle.follower_free_at)

    def stop_fetching(self, name: TopicPartition) -> None:
        """This partition is not copied from anybody any more."""
        for fetcher in self.fetchers.values():
            fetcher.remove(name)
        partition = self.partitions.get(name)
        if partition is not None:
            partition.touched = None

    def _remove(self, env: Env, name: TopicPartition) -> list[Partition]:
        self.stop_fetching(name)
        partition = self.partitions.pop(name, None)
        if partition is None:
            return []
        partition.leading = False
        partition.changed()
        partition.log.delete_files()
        self._forget_offsets(name)
        env.tell(facts.ReplicaDeleted(name))
        return [partition]

    def delete_strays(self, env: Env, image: MetadataImage) -> None:
        """Logs of partitions that were moved away or deleted while this broker was down, even where there is another
        topic of that name by now (Kafka's stray replicas).
        """
        folders = dict.fromkeys(path.split("/")[1] for path in env.disk.list("logs"))
        for folder in folders:
            topic, _, index = folder.rpartition("-")
            if topic == METADATA_TOPIC:
                continue  # a combined node's own, of which no metadata says anything
            name = TopicPartition(topic, int(index))
            state = image.partition(name)
            topic_id = read_topic_id(env.disk, f"logs/{folder}")
            made_again = topic_id != NO_TOPIC_ID and topic_id != image.topic_id(topic)
            if state is None or self.broker_id not in state.replicas or made_again:
                self._forget_offsets(name)
                for path in env.disk.list(f"logs/{folder}"):
                    env.disk.delete(path)
                env.tell(facts.ReplicaDeleted(name))

    def _forget_offsets(self, name: TopicPartition) -> None:
        """What the checkpoints say of a log that is gone is not said of the next one of that name."""
        for offsets in (self.high_watermarks, self.recovery_points, self.log_starts):
            offsets.pop(name, None)
