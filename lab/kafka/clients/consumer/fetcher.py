"""Fetcher: gets positions, fetches ahead, hands records out (spec 6.5, 6.6)."""

from collections.abc import Iterable
from typing import cast

from lab.env import Env, Micros, address
from lab.kafka import facts
from lab.kafka.clients.consumer.isolation import aborted_batches
from lab.kafka.clients.consumer.positions import (
    FETCHING,
    INITIALIZING,
    RESETTING,
    VALIDATING,
    Fetched,
    Position,
)
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import (
    FetchedPartition,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    IsolationLevel,
)
from lab.kafka.protocol.messages.list_offsets import (
    EARLIEST,
    LATEST,
    ListOffsetsRequest,
    ListOffsetsResponse,
)
from lab.kafka.protocol.messages.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import Record
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID
from lab.kafka.protocol.topics import TopicPartition, by_topic
from lab.kafka.rpc.fetch_session import FetchSessionHandler
from lab.kafka.rpc.network_client import NetworkClient, Tag

REQUEST_BYTES = 96
NONE: dict[int, None] = {}
Asked = tuple[str, tuple[TopicPartition, ...]]
"""A tag: `fetch`, `list` or `epoch`, and the partitions it was about."""


class Fetcher:
    """Positions of the assigned partitions, and what has been fetched for them."""

    preferred: dict[TopicPartition, tuple[int, Micros]] | None = None
    """Whom to read from instead of the leader, and until when (KIP-392); made when a leader first says so."""
    corrupt: tuple[TopicPartition, int] | None = None
    """Where the batch stands that poll() throws for; made when one is."""

    def __init__(
        self,
        group_id: str,
        member: str,
        config: ConsumerConfig,
        metadata: Metadata,
        net: NetworkClient,
    ) -> None:
        self.group_id = group_id
        self.member = member
        self.config = config
        self.metadata = metadata
        self.net = net
        self.positions: dict[TopicPartition, Position] = {}
        self.buffered: list[Fetched] = []
        self.fetching: dict[str, dict[TopicPartition, int]] = {}
        self.sessions: dict[str, FetchSessionHandler] = {}
        self.unsettled = True
        """Whether a position may need more than fetching: else nothing is looked at until metadata changes."""
        self.settled_in = -1
        self._by_leader: tuple[int, dict[str | None, list[TopicPartition]]] | None = None
        self.exception = ""

    @property
    def isolation(self) -> IsolationLevel:
        """How far this consumer reads."""
        return IsolationLevel[self.config.isolation_level.upper()]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_by_leader": None}

    # --- assignment -------------------------------------------------------------------------------

    def assign(self, partitions: tuple[TopicPartition, ...]) -> None:
        """These are ours now; positions of those that stay are kept."""
        self.positions = {one: self.positions.get(one) or Position() for one in partitions}
        self.unsettled = True
        self._by_leader = None
        self.buffered = [one for one in self.buffered if one.partition in self.positions]

    def seek(self, env: Env, partition: TopicPartition, offset: int, reason: str, epoch: int = -1) -> None:
        """Go somewhere else; what was fetched is dropped."""
        position = self.positions.get(partition)
        if position is None:
            return
        position.stage = FETCHING
        position.asked = False
        position.offset = offset
        position.offset_epoch = epoch
        position.leader_epoch = self.metadata.epoch_of(partition)
        self.buffered = [one for one in self.buffered if one.partition != partition]
        env.tell(facts.PositionReset(self.group_id, self.member, partition, offset, reason))

    def reset(self, partition: TopicPartition, exception: str) -> None:
        """No valid position: auto.offset.reset decides, and `none` is what the next poll() throws."""
        position = self.positions[partition]
        if self.config.auto_offset_reset == "none":
            self.exception = f"{exception}: {partition}"
            return
        position.stage = RESETTING
        self.unsettled = True
        position.asked = False
        self.buffered = [one for one in self.buffered if one.partition != partition]

    # --- positions --------------------------------------------------------------------------------

    def update_positions(self, env: Env) -> None:
        """Ask for what is missing: offsets to begin at, and whether an old position is still in the log."""
        if not self.unsettled and self.settled_in == self.metadata.version:
            return
        self.unsettled = False
        self.settled_in = self.metadata.version
        resets: dict[str, dict[TopicPartition, tuple[int, int]]] = {}
        checks: dict[str, dict[TopicPartition, tuple[int, int]]] = {}
        leaders = self.metadata.leaders
        for partition, position in self.positions.items():
            if position.asked or position.retry_at > env.now:
                self.unsettled = True
                continue
            if partition in leaders and leaders[partition][1] != position.leader_epoch:
                self._notice_new_epoch(position, leaders[partition][1])
            if position.stage == FETCHING:
                continue
            self.unsettled = True
            if position.stage == INITIALIZING:
                continue
            host = self.metadata.leader_of(partition)
            if host is None:
                self.metadata.needed = True
                continue
            position.asked = True
            if position.stage == RESETTING:
                timestamp = LATEST if self.config.auto_offset_reset == "latest" else EARLIEST
                resets.setdefault(host, {})[partition] = (timestamp, -1)
            else:
                checks.setdefault(host, {})[partition] = (
                    position.leader_epoch,
                    position.offset_epoch,
                )
        for host, asked in resets.items():
            self._send(env, host, ListOffsetsRequest(-1, by_topic(asked), self.isolation), ("list", tuple(asked)))
        for host, asked in checks.items():
            self._send(env, host, OffsetForLeaderEpochRequest(by_topic(asked)), ("epoch", tuple(asked)))

    def _notice_new_epoch(self, position: Position, epoch: int) -> None:
        """A new leader may have cut the log below our position (KIP-320). An older epoch is a new topic's: metadata
        believes no other.
        """
        if position.stage in (FETCHING, VALIDATING):
            position.leader_epoch = epoch
            if position.offset_epoch >= 0:
                position.stage = VALIDATING

    def _send(self, env: Env, host: str, body: object, tag: Asked) -> None:
        self.net.send(env, address(host), body, REQUEST_BYTES, tag)

    def listed(self, env: Env, body: ListOffsetsResponse) -> None:
        """Where a reset leads to."""
        for partition, one in body.partitions.items():
            position = self.positions.get(partition)
            if position is None or position.stage != RESETTING:
                continue
            position.asked = False
            if one.error_code is ErrorCode.NONE:
                self.seek(env, partition, one.offset, self.config.auto_offset_reset)
            else:
                self._retry(env, position)

    def validated(self, env: Env, body: OffsetForLeaderEpochResponse) -> None:
        """Whether the log was cut below our position."""
        for partition, one in body.partitions.items():
            position = self.positions.get(partition)
            if position is None or position.stage != VALIDATING:
                continue
            position.asked = False
            if one.error_code is not ErrorCode.NONE:
                self._retry(env, position)
            elif one.end_offset < 0:
                self.reset(partition, "LogTruncationException")
            elif one.end_offset < position.offset and self.config.auto_offset_reset == "none":
                self.exception = f"LogTruncationException: {partition}"
            elif one.end_offset < position.offset:
                self.seek(env, partition, one.end_offset, "truncated", one.leader_epoch)
            else:
                position.stage = FETCHING

    def _retry(self, env: Env, position: Position) -> None:
        position.retry_at = env.now + self.config.retry_backoff_us
        self.unsettled = True
        self.metadata.needed = True

    # --- fetching ---------------------------------------------------------------------------------

    def send_fetches(self, env: Env) -> None:
        """One fetch a broker, for partitions whose fetched records have all been returned."""
        has_data = {one.partition: None for one in self.buffered}
        if self.preferred and any(until <= env.now for _, until in self.preferred.values()):
            self._prefer({one: found for one, found in self.preferred.items() if found[1] > env.now})
        for host, partitions in self._led_by().items():
            if host in self.fetching:
                continue
            wanted = self._fetchable(partitions, has_data, env.now)
            if not wanted:
                continue
            if host is None:
                self.metadata.needed = True
            else:
                self._fetch(env, host, wanted)

    def _led_by(self) -> dict[str | None, list[TopicPartition]]:
        """Our partitions by their leaders, derived from metadata and so left out of checkpoints."""
        if self._by_leader is None or self._by_leader[0] != self.metadata.version:
            found: dict[str | None, list[TopicPartition]] = {}
            for partition in self.positions:
                found.setdefault(self._read_from(partition), []).append(partition)
            self._by_leader = self.metadata.version, found
        return self._by_leader[1]

    def _fetchable(
        self, partitions: list[TopicPartition], has_data: dict[TopicPartition, None], now: Micros
    ) -> dict[TopicPartition, FetchPartition]:
        wanted: dict[TopicPartition, FetchPartition] = {}
        topic_ids = self.metadata.topic_ids
        for partition in partitions:
            position = self.positions[partition]
            if position.stage == FETCHING and not position.paused and position.retry_at <= now:
                if partition in has_data:
                    continue
                wanted[partition] = FetchPartition(
                    position.offset, self.config.max_partition_fetch_bytes, position.leader_epoch,
                    topic_id=topic_ids.get(partition.topic, NO_TOPIC_ID),
                )  # fmt: skip
        return wanted

    def _fetch(self, env: Env, host: str, wanted: dict[TopicPartition, FetchPartition]) -> None:
        session = self.sessions.get(host)
        if session is None:
            session = self.sessions[host] = FetchSessionHandler()
        session.keep_only(wanted)
        news = session.changed(wanted)
        config = self.config
        request = FetchRequest(
            -1, config.fetch_max_wait_ms, config.fetch_min_bytes, config.fetch_max_bytes, news,
            isolation_level=self.isolation, session_id=session.session_id, session_epoch=session.epoch,
            forgotten=session.take_forgotten() if session.forgotten else (), rack_id=config.client_rack,
        )  # fmt: skip
        self.fetching[host] = {one: asked.fetch_offset for one, asked in wanted.items()}
        self._send(env, host, request, ("fetch", tuple(wanted)))

    def _read_from(self, partition: TopicPartition) -> str | None:
        """The host of the replica that the leader has sent us to; else the leader's."""
        replica = self.preferred[partition][0] if self.preferred and partition in self.preferred else -1
        return self.metadata.brokers.get(replica) or self.metadata.leader_of(partition)

    def _prefer(self, preferred: dict[TopicPartition, tuple[int, Micros]]) -> None:
        self.preferred = preferred
        self._by_leader = None

    def denied(self, topic: str) -> None:
        """The next poll() throws: an ACL is missing."""
        self.exception = f"TopicAuthorizationException: {topic}"

    def fetched(self, env: Env, host: str, body: FetchResponse) -> None:
        """A broker's answer. What was asked for before a seek or a rebalance is of no use any more."""
        asked = self.fetching.pop(host, {})
        session = self.sessions.get(host)
        if session is not None and not session.answered(body):
            return
        for partition, one in body.responses.items():
            position = self.positions.get(partition)
            if position is not None and position.stage == FETCHING and asked.get(partition) == position.offset:
                self._partition_fetched(env, partition, position, one)

    def _partition_fetched(
        self, env: Env, partition: TopicPartition, position: Position, one: FetchedPartition
    ) -> None:
        followed = self.preferred is not None and partition in self.preferred
        match one.error_code:
            case ErrorCode.NONE if one.preferred_read_replica >= 0:
                until = env.now + self.config.metadata_max_age_us
                self._prefer({**(self.preferred or {}), partition: (one.preferred_read_replica, until)})
            case ErrorCode.NONE:
                self._take(partition, position, one)
            case _ if followed and self.preferred is not None:
                # The leader knows better, also where the position is: it is not reset on a follower's word.
                self._prefer({name: found for name, found in self.preferred.items() if name != partition})
                if one.error_code is not ErrorCode.OFFSET_OUT_OF_RANGE:
                    self._retry(env, position)
            case ErrorCode.OFFSET_OUT_OF_RANGE:
                self._out_of_range(env, partition, position)
            case ErrorCode.TOPIC_AUTHORIZATION_FAILED:
                self.denied(partition.topic)
            case _:
                if one.current_leader is not None and self.metadata.learn_leader(partition, one.current_leader):
                    return
                self._retry(env, position)

    def _take(self, partition: TopicPartition, position: Position, one: FetchedPartition) -> None:
        """Keep what lies at or beyond the position; a batch may begin before it, and may have holes. Markers are never
        kept, nor what belongs to the transactions that the broker says were aborted, nor anything from a batch on that
        is not what its writer meant.
        """
        position.high_watermark = one.high_watermark
        offset = position.offset
        if not one.records or one.records[-1].next_offset <= offset:
            return
        records: list[Record] = []
        epochs: list[int] = []
        aborted = aborted_batches(one.records, one.aborted_transactions) if one.aborted_transactions else NONE
        hidden: tuple[tuple[int, int], ...] = ()
        checked, corrupt, next_offset = self.config.check_crcs, "", offset
        for batch in one.records:
            if checked and not batch.valid_crc():
                corrupt = f"KafkaException: the batch of {partition} at offset {batch.base_offset} is corrupt"
                break
            if batch.is_control or batch.base_offset in aborted:
                hidden = (*hidden, (max(batch.base_offset, offset), batch.next_offset))
                next_offset = batch.next_offset
                continue
            try:
                new = [record for record in batch.records() if record.offset >= offset]
            except Malformed as wrong:
                corrupt = f"KafkaException: the next record of {partition} cannot be read: {wrong}"
                break
            next_offset = batch.next_offset
            records += new
            epochs += [batch.leader_epoch] * len(new)
        self.buffered.append(
            Fetched(partition, offset, records, epochs, next_offset, one.high_watermark, hidden, corrupt)
        )

    def _out_of_range(self, env: Env, partition: TopicPartition, position: Position) -> None:
        before = position.offset
        self.reset(partition, "OffsetOutOfRangeException")
        if position.stage == RESETTING:
            env.tell(facts.PositionReset(self.group_id, self.member, partition, before, "out of range"))

    def host_asked(self, tag: Tag) -> str:
        """Whom a fetch that is out was sent to; nobody, if the question was another."""
        return next((host for host, asked in self.fetching.items() if tag == ("fetch", tuple(asked))), "")

    def host_lost(self, env: Env, host: str, tags: list[Tag]) -> None:
        """A connection is gone, or an answer too late: ask again after a pause."""
        self.fetching.pop(host, None)
        if host in self.sessions:
            self.sessions[host].lost()
        self.metadata.needed = True
        if self.preferred:
            brokers = self.metadata.brokers
            self._prefer({one: found for one, found in self.preferred.items() if brokers.get(found[0]) != host})
        for tag in tags:
            if type(tag) is tuple and tag[0] in ("fetch", "list", "epoch"):
                for partition in cast("Iterable[TopicPartition]", tag[1]):
                    position = self.positions.get(partition)
                    if position is not None:
                        position.asked = False
                        self._retry(env, position)

    # --- handing out ------------------------------------------------------------------------------

    def collect(self, most: int) -> list[Fetched]:
        """What poll() returns: `most` records at most, of one partition's fetch after another. Positions move, but not
        past what is corrupt: that is thrown once nothing before it is left to return.
        """
        left = most
        found: list[Fetched] = []
        while left > 0 and self.buffered:
            one = self.buffered[0]
            position = self.positions[one.partition]
            if one.offset != position.offset:
                del self.buffered[0]  # asked of the old leader and of the new one, and both have answered
                continue
            if position.paused:
                ready = next(
                    (other for other in self.buffered if not self.positions[other.partition].paused),
                    None,
                )
                if ready is None:
                    break
                self.buffered.remove(ready)
                self.buffered.insert(0, ready)
                continue
            if one.corrupt and one.at == len(one.records) and one.offset == one.next_offset:
                if not found:
                    self.exception, self.corrupt = one.corrupt, (one.partition, one.offset)
                break
            end = min(one.at + left, len(one.records))
            part = Fetched(
                one.partition,
                one.offset,
                one.records[one.at : end],
                one.epochs[one.at : end],
                one.next_offset,
                one.high_watermark,
                one.hidden,
            )
            one.hidden = ()
            left -= end - one.at
            one.at = end
            if one.at == len(one.records):
                position.offset = one.offset = one.next_offset
                if not one.corrupt:
                    del self.buffered[0]
            elif part.records:
                position.offset = one.offset = part.records[-1].offset + 1
            if part.records:
                position.offset_epoch = part.epochs[-1]
                position.timestamp = part.records[-1].timestamp_ms
            if part.records or part.hidden:
                found.append(part)
        return found

    def initializing(self) -> tuple[TopicPartition, ...]:
        """Partitions that wait for their committed offset."""
        if not self.unsettled:
            return ()
        return tuple([one for one, position in self.positions.items() if position.stage == INITIALIZING])

    def next_retry(self, now: Micros) -> Micros | None:
        """When the first position that had to pause may be asked about again."""
        if not self.unsettled:
            return None
        later = [one.retry_at for one in self.positions.values() if one.retry_at > now]
        return min(later) if later else None
