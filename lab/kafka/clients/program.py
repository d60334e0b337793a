"""Program: a real program outside as the world knows it, with the connections it has opened.

It is the border between bytes and messages: a frame that came from a socket goes on to its broker as the request that
simulated clients send, and what the broker answers becomes a frame again. So brokers know no sockets and no versions,
and what is done to a machine or a link of the world is done to a real client as well.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.env import Address, Env, Micros, NodeId, Timer, address
from lab.kafka import facts
from lab.kafka.clients.refusals import REFUSALS
from lab.kafka.orders import FrameArrived, ProgramConnected, ProgramHungUp
from lab.kafka.protocol.acls import Peer
from lab.kafka.protocol.apis import API_VERSIONS, APIS, Header, api_versions, read_request, write_response
from lab.kafka.protocol.codec import Buffer
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.by_topic_id import ByTopicId
from lab.kafka.protocol.messages.cluster import DescribeClusterResponse
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.fetch import FetchResponse
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorResponse, FindCoordinatorsResponse
from lab.kafka.protocol.messages.metadata import MetadataResponse
from lab.kafka.protocol.messages.offsets import OffsetCommitRequest
from lab.kafka.protocol.messages.produce import ProduceRequest, ProduceResponse
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitRequest
from lab.kafka.protocol.older_errors import in_older_words
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Request, Response

NO_ERROR = ErrorCode.NONE
RECENT = 24
"""So many requests and their answers are remembered of each program, without their bodies."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer; `answered_at` is -1 while there is none, and where none is wanted. `error`: the first
    that the answer names. `records` by topic: what a Produce wants to have stored. `request` itself only where a
    controller has to answer it, and until it has.
    """

    connection: int
    api_key: int
    version: int
    correlation_id: int
    asked_at: Micros
    request_bytes: int
    request: object | None = None
    records: tuple[tuple[TopicPartition, int], ...] = ()
    answered_at: Micros = -1
    answer_bytes: int = 0
    error: ErrorCode = ErrorCode.NONE


class Connection:
    """One connection to a broker, who has opened it, and what was asked over it: a broker answers in order. `address`:
    where its messages go.
    """

    __slots__ = ("address", "broker", "peer", "waiting")

    def __init__(self, broker: NodeId, number: int, peer: Peer) -> None:
        self.broker = broker
        self.address = address(broker, str(number))
        self.peer = peer
        self.waiting: deque[Exchange] = deque()


class Program:
    """A node whose messages come from sockets. `listeners`: where real clients reach the brokers, by their hosts.
    `client_id` and `software` (name, version) are what it says of itself.
    """

    def __init__(self, name: NodeId) -> None:
        self.name = name
        self.connections: dict[int, Connection] = {}
        self.listeners: Mapping[str, str] = {}
        self.client_id = ""
        self.software = ("", "")
        self.requests = 0
        self.recent: deque[Exchange] = deque(maxlen=RECENT)
        self.transactional_ids: dict[str, None] = {}
        self.written: dict[str, int] = {}
        self.read: dict[str, int] = {}

    def start(self, env: Env) -> None:
        """It runs already."""

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """What came through a socket, or an answer."""
        match body:
            case FrameArrived():
                self._arrived(env, body.connection, body.data)
            case Response():
                self._answered(env, int(sender.partition("#")[2]), body)
            case ProgramConnected():
                self.connections[body.connection] = Connection(body.broker, body.connection, body.peer)
                self.listeners = dict(body.listeners)
                env.tell(facts.ProgramCame(body.connection))
            case ProgramHungUp():
                self.connections.pop(body.connection, None)
            case _:
                raise AssertionError(body)

    def disconnected(self, env: Env, peer: Address) -> None:
        """The broker's process is gone, or refuses."""
        self._hang_up(env, int(peer.partition("#")[2]), f"{peer.partition('#')[0]} is gone")

    def wake(self, env: Env, timer: Timer) -> None:
        """It sets no timers."""
        raise AssertionError(timer)

    def _arrived(self, env: Env, number: int, frame: Buffer) -> None:
        connection = self.connections.get(number)
        if connection is None:
            return
        try:
            header, body = read_request(frame)
        except Malformed as wrong:
            self._hang_up(env, number, str(wrong))
            return
        if body is None:  # of a version nobody here knows: answered in the oldest one, for the client to choose
            answer = api_versions(ErrorCode.UNSUPPORTED_VERSION)
            data = write_response(API_VERSIONS, 0, header.correlation_id, answer)
            env.tell(facts.FrameSent(number, b"".join(data)))
            return
        exchange = Exchange(
            number, header.key, header.version, header.correlation_id, env.now, len(frame),
            body if type(body) in REFUSALS else None,
        )  # fmt: skip
        self.requests += 1
        self.recent.append(exchange)
        if not (isinstance(body, ProduceRequest) and body.acks == 0):
            connection.waiting.append(exchange)
        self._look_at(env, header, body, exchange)
        if header.api.by_topic_id.has(header.version):
            body = ByTopicId(body)
        request = Request(header.correlation_id, header.client_id, body, connection.peer)
        env.send(connection.address, request, len(frame))

    def _answered(self, env: Env, number: int, response: Response) -> None:
        connection = self.connections.get(number)
        if connection is None:
            return
        exchange = connection.waiting.popleft()
        assert exchange.correlation_id == response.correlation_id, (exchange, response)
        body = response.body
        if isinstance(body, EnvelopeResponse):
            body = REFUSALS[type(exchange.request)](exchange.request, body.error_code)
        body = in_older_words(exchange.api_key, exchange.version, advertised(body, self.listeners))
        data = b"".join(write_response(APIS[exchange.api_key], exchange.version, exchange.correlation_id, body))
        exchange.answered_at, exchange.answer_bytes, exchange.error = env.now, len(data), first_error(body)
        exchange.request = None
        self._count(exchange, body)
        env.tell(facts.FrameSent(number, data))

    def _count(self, exchange: Exchange, body: object) -> None:
        """The records an answer tells of, by topic."""
        if isinstance(body, ProduceResponse):
            for name, count in exchange.records:
                answer = body.responses.get(name)
                if answer is not None and not answer.error_code:
                    self.written[name.topic] = self.written.get(name.topic, 0) + count
        elif isinstance(body, FetchResponse):
            for (topic, _), answer in body.responses.items():
                if answer.records:
                    count = sum(batch.record_count for batch in answer.records)
                    self.read[topic] = self.read.get(topic, 0) + count

    def _look_at(self, env: Env, header: Header, body: object, exchange: Exchange) -> None:
        """What a request says of its sender."""
        match body:
            case ProduceRequest():
                exchange.records = tuple([(one, batch.record_count) for one, batch in body.data.items()])
            case ApiVersionsRequest() if header.version >= 3:
                self.client_id = header.client_id
                self.software = (body.client_software_name, body.client_software_version)
            case ApiVersionsRequest():
                self.client_id = header.client_id
            case InitProducerIdRequest() if body.transactional_id:
                self.transactional_ids[body.transactional_id] = None
            case OffsetCommitRequest() | TxnOffsetCommitRequest():
                env.tell(facts.ProgramCommits(body.group_id))
            case _:
                pass

    def _hang_up(self, env: Env, number: int, reason: str) -> None:
        if self.connections.pop(number, None) is not None:
            env.tell(facts.HungUp(number, reason))


def first_error(body: Any) -> ErrorCode:
    """Of an answer as a whole, or of its first partition that has one."""
    error: ErrorCode = getattr(body, "error_code", NO_ERROR)
    if not error and isinstance(body, (ProduceResponse, FetchResponse)):
        for one in body.responses.values():
            if one.error_code:
                return one.error_code
    return error


def advertised(body: Any, listeners: Mapping[str, str]) -> object:
    """An answer with the addresses under which a real client finds the brokers it names."""
    match body:
        case ProduceResponse() | FetchResponse():
            if not body.node_endpoints:
                return body
            found = tuple(one._replace(host=listeners.get(one.host, one.host)) for one in body.node_endpoints)
            return replace(body, node_endpoints=found)
        case MetadataResponse() | DescribeClusterResponse():
            return replace(body, brokers={one: listeners.get(host, host) for one, host in body.brokers.items()})
        case FindCoordinatorResponse():
            return replace(body, host=listeners.get(body.host, body.host))
        case FindCoordinatorsResponse():
            found = {key: advertised(one, listeners) for key, one in body.coordinators.items()}
            return replace(body, coordinators=found)
        case _:
            return body


@dataclass(frozen=True, slots=True)
class ProgramRecipe:
    """A real program: as often as it is built, it has no connection yet."""

    name: str

    def build(self) -> Program:
        """A program nobody has heard of yet."""
        return Program(self.name)
