"""Program: a real program outside as the world knows it, with the connections it has opened.

It is the border between bytes and messages: a frame that came from a socket goes on to its broker as the request that
simulated clients send, and what the broker answers becomes a frame again. So brokers know no sockets and no versions,
and what is done to a machine or a link of the world is done to a real client as well.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from lab.env import Address, Env, NodeId, Timer, address
from lab.kafka import facts
from lab.kafka.clients.refusals import REFUSALS
from lab.kafka.orders import FrameArrived, ProgramConnected, ProgramHungUp
from lab.kafka.protocol.apis import API_VERSIONS, Header, api_versions, read_request, write_response
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorResponse, FindCoordinatorsResponse
from lab.kafka.protocol.messages.metadata import MetadataResponse
from lab.kafka.protocol.messages.offsets import OffsetCommitRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitRequest
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.rpc.envelope import Request, Response


class Asked(NamedTuple):
    """What has not been answered yet; the request itself only where a controller has to answer it."""

    header: Header
    request: object | None


class Connection:
    """One connection to a broker, and what was asked over it: a broker answers in order."""

    __slots__ = ("broker", "waiting")

    def __init__(self, broker: NodeId) -> None:
        self.broker = broker
        self.waiting: deque[Asked] = deque()


class Program:
    """A node whose messages come from sockets. `listeners`: where real clients reach the brokers, by their hosts."""

    def __init__(self, name: NodeId) -> None:
        self.name = name
        self.connections: dict[int, Connection] = {}
        self.listeners: Mapping[str, str] = {}

    def start(self, env: Env) -> None:
        """It runs already."""

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """What came through a socket, or an answer."""
        match body:
            case ProgramConnected():
                self.connections[body.connection] = Connection(body.broker)
                self.listeners = dict(body.listeners)
                env.tell(facts.ProgramCame(body.connection))
            case FrameArrived():
                self._arrived(env, body.connection, body.data)
            case ProgramHungUp():
                self.connections.pop(body.connection, None)
            case Response():
                self._answered(env, int(sender.partition("#")[2]), body)
            case _:
                raise AssertionError(body)

    def disconnected(self, env: Env, peer: Address) -> None:
        """The broker's process is gone, or refuses."""
        self._hang_up(env, int(peer.partition("#")[2]), f"{peer.partition('#')[0]} is gone")

    def wake(self, env: Env, timer: Timer) -> None:
        """It sets no timers."""
        raise AssertionError(timer)

    def _arrived(self, env: Env, number: int, frame: bytes) -> None:
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
        if not (isinstance(body, ProduceRequest) and body.acks == 0):
            connection.waiting.append(Asked(header, body if type(body) in REFUSALS else None))
        if isinstance(body, OffsetCommitRequest | TxnOffsetCommitRequest):
            env.tell(facts.ProgramCommits(body.group_id))
        request = Request(header.correlation_id, header.client_id, body)
        env.send(address(connection.broker, str(number)), request, len(frame))

    def _answered(self, env: Env, number: int, response: Response) -> None:
        connection = self.connections.get(number)
        if connection is None:
            return
        header, request = connection.waiting.popleft()
        assert header.correlation_id == response.correlation_id, (header, response)
        body = response.body
        if isinstance(body, EnvelopeResponse):
            body = REFUSALS[type(request)](request, body.error_code)
        body = advertised(body, self.listeners)
        data = write_response(header.api, header.version, header.correlation_id, body)
        env.tell(facts.FrameSent(number, b"".join(data)))

    def _hang_up(self, env: Env, number: int, reason: str) -> None:
        if self.connections.pop(number, None) is not None:
            env.tell(facts.HungUp(number, reason))


def advertised(body: Any, listeners: Mapping[str, str]) -> object:
    """An answer with the addresses under which a real client finds the brokers it names."""
    match body:
        case MetadataResponse():
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
