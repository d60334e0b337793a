"""Copying: what this broker fetches as a follower, and what it takes into its logs (spec 2.2)."""

from typing import Protocol

from lab.env import Address, Env, millis
from lab.kafka import facts
from lab.kafka.broker import older_truncation
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_fetcher import ReplicaFetcher, truncation_point
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchedPartition, FetchResponse
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.rpc.envelope import Request

REQUEST_BYTES = 128


class Follower(Protocol):
    """What Copying needs of the broker it belongs to."""

    image: MetadataImage
    correlation_id: int


class Copying:
    """The follower's end of Fetch, over the fetchers that `ReplicaManager` keeps for each leader."""

    __slots__ = ("broker_id", "config", "replicas")

    def __init__(self, broker_id: int, config: BrokerConfig, replicas: ReplicaManager) -> None:
        self.broker_id = broker_id
        self.config = config
        self.replicas = replicas

    def fetcher_at(self, sender: Address) -> ReplicaFetcher | None:
        """The fetcher that uses this connection."""
        for fetcher in self.replicas.fetchers.values():
            if fetcher.address == sender:
                return fetcher
        return None

    def send(self, broker: Follower, env: Env, leader_id: int) -> None:
        """The next fetch to a leader, unless one is out or nothing is ready."""
        fetcher = self.replicas.fetchers.get(leader_id)
        if fetcher is None or fetcher.in_flight >= 0:
            return
        if not fetcher.ready_at:
            del self.replicas.fetchers[leader_id]
            return
        if fetcher.truncating and older_truncation.ask(broker, env, fetcher, self.replicas.partitions):
            return
        epoch = broker.image.brokers[self.broker_id].broker_epoch if self.broker_id in broker.image.brokers else -1
        request = fetcher.request(self.broker_id, epoch, self.config, self.replicas.partitions, env.now)
        if request is None:
            self._retry_later(env, fetcher)
            return
        broker.correlation_id += 1
        fetcher.in_flight = broker.correlation_id
        env.send(
            fetcher.address,
            Request(broker.correlation_id, env.name, request),
            REQUEST_BYTES,
        )

    def _retry_later(self, env: Env, fetcher: ReplicaFetcher) -> None:
        at = fetcher.delayed()
        if at is not None:
            env.set_timer(("fetch", fetcher.leader_id), at)

    def disconnected(self, env: Env, leader: str) -> None:
        """The leader's process is gone, or refuses: pause, then try again until metadata knows better. The same
        connection may have been the one on which that broker followed this one.
        """
        for partition in self.replicas.partitions.values():
            for replica_id, remote in partition.remotes.items():
                if f"broker-{replica_id}" == leader:
                    remote.forget_told()
        for fetcher in self.replicas.fetchers.values():
            if f"broker-{fetcher.leader_id}" == leader:
                fetcher.in_flight = -1
                self._begin_again(env, fetcher)

    def _begin_again(self, env: Env, fetcher: ReplicaFetcher) -> None:
        """What was asked has no answer, or was not understood: after a pause, in a session of its own."""
        for name in fetcher.ready_at:
            fetcher.delay(name, env.now + millis(self.config.replica_fetch_backoff_ms))
        fetcher.session.lost()
        self._retry_later(env, fetcher)

    def received(self, env: Env, fetcher: ReplicaFetcher, correlation_id: int, body: FetchResponse) -> list[Partition]:
        """A leader's answer. Returns the partitions whose high watermark may have moved."""
        if fetcher.in_flight != correlation_id:
            return []
        fetcher.in_flight = -1
        moved: list[Partition] = []
        if not fetcher.session.answered(body):
            return moved
        partitions = self.replicas.partitions
        for name, answer in body.responses.items():
            partition = partitions.get(name)
            asked = fetcher.session.partitions.get(name)
            if partition is None or asked is None:
                continue
            if asked.fetch_offset != partition.log.log_end_offset or (
                asked.current_leader_epoch != partition.leader_epoch and asked.current_leader_epoch >= 0
            ):
                continue
            if self._take(env, partition, fetcher, answer):
                moved.append(partition)
        return moved

    def _take(self, env: Env, partition: Partition, fetcher: ReplicaFetcher, answer: FetchedPartition) -> bool:
        if answer.error_code:
            if answer.error_code is ErrorCode.OFFSET_OUT_OF_RANGE:
                self._out_of_range(env, partition, answer)
            else:
                fetcher.delay(partition.partition, env.now + millis(self.config.replica_fetch_backoff_ms))
            return False
        if answer.diverging_epoch is not None:
            offset, _ = truncation_point(partition, *answer.diverging_epoch)
            partition.truncate(env, offset)
            return False
        early = bool(answer.records) and answer.records[0].base_offset < partition.log.log_end_offset
        starts_within = early and self._starts_within(partition, answer.records[0])
        if early and not starts_within and not fetcher.fenced:
            # Logs have parted, and the leader has one batch for what is here and what is not. Kafka's fetcher gave the
            # partition up, before 2.3 with all others of its thread.
            fetcher.remove(partition.partition)
            return False
        for batch in answer.records:
            if not batch.valid_crc():
                self._refuse(env, partition, fetcher, batch)
                return False
        if starts_within:
            self._begin_at(env, partition, answer.records[0].base_offset)
        before = partition.log.high_watermark
        for batch in answer.records:
            partition.append_as_follower(env, batch)
        if self.replicas.throttle is not None:
            self.replicas.copied(fetcher, partition, sum(batch.size for batch in answer.records), env.now)
        partition.follow_high_watermark(env, answer.high_watermark)
        self._follow_log_start(env, partition, answer.log_start_offset)
        return partition.log.high_watermark > before

    def _starts_within(self, partition: Partition, batch: RecordBatch) -> bool:
        """Whether an empty log starts inside of this batch: records were deleted up to there (spec 1.12)."""
        log = partition.log
        return log.log_start_offset == log.log_end_offset <= batch.last_offset

    def _begin_at(self, env: Env, partition: Partition, offset: int) -> None:
        """Drop all that is here, and begin at `offset`."""
        log = partition.log
        end, high_watermark = log.log_end_offset, log.high_watermark
        log.truncate_fully_and_start_at(offset, env.wall_time_ms)
        env.tell(facts.Truncated(partition.partition, offset, end, high_watermark))

    def _refuse(self, env: Env, partition: Partition, fetcher: ReplicaFetcher, batch: RecordBatch) -> None:
        """The leader has sent a corrupt batch: nothing of its answer is copied, and it is asked again after a pause,
        in case the next answer is better (spec 2.2).
        """
        env.tell(facts.CorruptBatchFound(partition.partition, batch.base_offset))
        fetcher.delay(partition.partition, env.now + millis(self.config.replica_fetch_backoff_ms))

    def _follow_log_start(self, env: Env, partition: Partition, leader_start: int) -> None:
        log = partition.log
        if leader_start > log.log_start_offset < log.high_watermark:
            log.set_log_start_offset(min(leader_start, log.high_watermark))
            partition.log_start_moved(env, "the leader's log start")

    def _out_of_range(self, env: Env, partition: Partition, answer: FetchedPartition) -> None:
        """This log reaches further than the leader's (an unclean election), or ends before that one begins."""
        log = partition.log
        if log.log_end_offset < answer.log_start_offset:
            self._begin_at(env, partition, answer.log_start_offset)
            partition.log_start_moved(env, "the leader's log start")
        else:
            partition.truncate(env, max(answer.high_watermark, log.log_start_offset))
