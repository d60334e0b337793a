"""ClientSessions: a share consumer's conversations with the brokers that lead its partitions."""

from dataclasses import dataclass, field

from lab.env import Env, Micros, address
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.share import ShareConsumerConfig
from lab.kafka.protocol.messages.share_fetch import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    AcknowledgementBatch,
    Acknowledgements,
    AcknowledgeType,
    ShareAcknowledgeRequest,
    ShareFetchRequest,
)
from lab.kafka.protocol.topics import TopicPartition, all_by_topic, by_topic
from lab.kafka.rpc.network_client import NetworkClient

REQUEST_BYTES = 128
Asked = tuple[str, str, tuple[TopicPartition, ...]]
"""A tag: `share-fetch` or `share-acknowledge`, the host, and the partitions acknowledged."""


@dataclass(slots=True)
class ClientSession:
    """One broker. `epoch`: what the next request names. `said`: acknowledgements that wait to be sent."""

    epoch: int = INITIAL_EPOCH
    partitions: dict[TopicPartition, None] = field(default_factory=dict[TopicPartition, None])
    said: dict[TopicPartition, list[AcknowledgementBatch]] = field(
        default_factory=dict[TopicPartition, list[AcknowledgementBatch]]
    )
    busy: bool = False

    def say(self, partition: TopicPartition, offset: int, kind: AcknowledgeType) -> None:
        """What became of one record. Neighbours of one kind travel as one."""
        batches = self.said.setdefault(partition, [])
        last = batches[-1] if batches else None
        if last is not None and last.last_offset == offset - 1 and last.acknowledge_type is kind:
            batches[-1] = AcknowledgementBatch(last.first_offset, offset, kind)
        else:
            batches.append(AcknowledgementBatch(offset, offset, kind))

    def taken(self) -> Acknowledgements:
        """What waits to be sent; from now on it is."""
        said, self.said = self.said, {}
        return {partition: tuple(batches) for partition, batches in said.items()}


class ClientSessions:
    """Sessions by host."""

    def __init__(self, group_id: str, config: ShareConsumerConfig, metadata: Metadata, net: NetworkClient) -> None:
        self.group_id = group_id
        self.config = config
        self.metadata = metadata
        self.net = net
        self.member_id = ""
        self.sessions: dict[str, ClientSession] = {}
        self.retry_at: dict[str, Micros] = {}

    def at(self, host: str) -> ClientSession:
        """The conversation with a broker, begun if need be."""
        found = self.sessions.get(host)
        if found is None:
            found = self.sessions[host] = ClientSession()
        return found

    def fetch(self, env: Env, assignment: tuple[TopicPartition, ...]) -> None:
        """Ask every leader that is not busy with us; what is to be acknowledged there goes along."""
        wanted: dict[str, dict[TopicPartition, None]] = {}
        for partition in assignment:
            host = self.metadata.leader_of(partition)
            if host is None:
                self.metadata.needed = True
            else:
                wanted.setdefault(host, {})[partition] = None
        for host, partitions in wanted.items():
            session = self.at(host)
            if not session.busy and self.retry_at.get(host, 0) <= env.now:
                self._fetch(env, host, session, partitions)

    def _fetch(self, env: Env, host: str, session: ClientSession, wanted: dict[TopicPartition, None]) -> None:
        said = session.taken() if session.epoch != INITIAL_EPOCH else {}
        added = [one for one in wanted if one not in session.partitions]
        forgotten = tuple(one for one in session.partitions if one not in wanted)
        session.partitions = wanted
        self._send(
            env, host, session,
            ShareFetchRequest(
                self.group_id, self.member_id, session.epoch, self.config.fetch_max_wait_ms,
                self.config.fetch_max_bytes, self.config.max_poll_records,
                by_topic({**dict.fromkeys(added, ()), **said}),
                all_by_topic(one for one in forgotten if one not in said),
            ),
            ("share-fetch", host, tuple(said)),
        )  # fmt: skip

    def acknowledge(self, env: Env, *, close: bool = False) -> None:
        """Send what is to be acknowledged where nobody is asked for more. `close`: and end all sessions."""
        for host, session in self.sessions.items():
            if session.epoch == INITIAL_EPOCH or (session.busy and not close) or not (session.said or close):
                continue
            said = session.taken()
            epoch = FINAL_EPOCH if close else session.epoch
            body = ShareAcknowledgeRequest(self.group_id, self.member_id, epoch, by_topic(said))
            self._send(env, host, session, body, ("share-acknowledge", host, tuple(said)))

    def _send(self, env: Env, host: str, session: ClientSession, body: object, tag: Asked) -> None:
        session.busy = True
        session.epoch += 1
        self.net.send(env, address(host), body, REQUEST_BYTES, tag)

    def pause(self, env: Env, host: str) -> None:
        """Do not ask this broker again at once."""
        self.retry_at[host] = env.now + self.config.retry_backoff_us

    def next_retry(self, now: Micros) -> Micros:
        """When the first broker may be asked again; 0 if none has to wait."""
        return min((at for at in self.retry_at.values() if at > now), default=0)

    def reset(self, host: str) -> tuple[TopicPartition, ...]:
        """The broker does not know this session, or is gone: begin another. What was not sent is of no use there any
        more. Returns the partitions it was about.
        """
        session = self.sessions.pop(host, None)
        return tuple(session.said) if session is not None else ()
