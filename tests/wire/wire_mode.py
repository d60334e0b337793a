"""Wire mode: what nodes send each other becomes the bytes that real ones would send, and arrives as another object.

It stands where a message is put onto a link (`HostEnv.send`): a world that teaches has nothing of it. A real client's
request goes in its own version, any other in the newest that can say all of it, and an answer in that of its request.
What is lost on the way stops the world; so does, a while later, what somebody changed after it was sent.
"""

import pickle
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import md5
from typing import Any

import pytest

from lab.env import Address, NodeId
from lab.env.units import node_of
from lab.kafka.clients.program import Program
from lab.kafka.protocol.apis import APIS, BY_REQUEST
from lab.kafka.protocol.codec import decode, encode
from lab.kafka.protocol.messages.brokers import AlterPartitionRequest
from lab.kafka.protocol.messages.by_topic_id import ByTopicId
from lab.kafka.protocol.messages.fetch import FetchRequest
from lab.kafka.protocol.schema import Api
from lab.kafka.protocol.topic_ids import TopicId, topic_id_of
from lab.kafka.rpc.envelope import Request, Response
from lab.world.host_env import HostEnv
from tests.wire.between_servers import SERVER_APIS
from tests.wire.saying import (
    BATCHES,
    NO_WIRE,
    SAID_LESS,
    alone,
    answer_alone,
    answer_batch,
    batch_of,
    key_of,
    renamed,
    with_topic_ids,
    with_what_is_beside,
)
from tests.wire.values import difference

KEPT = 2_048
"""After so many others a message is looked at once more: whether it is still what was sent."""
SAMPLES = 8
"""So many messages of each class are kept."""
PICKLED = -1
"""The version of what has no wire: nothing is shared either."""

SAID_IN: dict[type, list[Api]] = {}
"""By classes of requests: the API for everybody first, then the one for servers."""
for _api in (*APIS.values(), *SERVER_APIS):
    for _request in _api.requests:
        SAID_IN.setdefault(_request.kind, []).append(_api)

Key = tuple[Address, NodeId, int]
"""A request that is out: who asked, as it is called by who answers; who answers; the correlation id."""


class Lost(AssertionError):
    """A message said less, or something else, once it had been bytes."""


class Changed(AssertionError):
    """A message was changed after it was sent."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """How a request was said, and so its answer is. `ids`: with the wire's ids, where the engine has names. `batch`: as
    a batch of one, in which its answer has this key. `real`: by a real client.
    """

    api: Api
    version: int
    ids: bool = False
    batch: str | None = None
    real: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A body in the form in which it was written."""

    spoken: Spoken
    said: object


@dataclass(frozen=True, slots=True)
class Sent:
    """A body as its sender has it, as it arrived, and how to read once more what was sent."""

    by_sender: object
    by_receiver: object
    read: Callable[[], Any]

    def check(self) -> None:
        """Raises Changed."""
        sent = self.read().body
        for whose, body in (("its sender", self.by_sender), ("who got it", self.by_receiver)):
            found = difference(sent, body, type(body).__name__)
            if found:
                raise Changed(f"changed by {whose}: {found}")


class WireMode:
    """How often which class travelled in which version; and what is still to be looked at again."""

    def __init__(self) -> None:
        self.travelled: Counter[tuple[type, int]] = Counter()
        self.out: dict[Key, Spoken] = {}
        self.sent: deque[Sent] = deque()
        self.ids: dict[str, TopicId] = {}
        self.names: dict[TopicId, str] = {}
        self.samples: dict[type, list[Sample]] = {}

    def carried(self, env: HostEnv, target: Address, envelope: object) -> object:
        """What arrives in the place of a message."""
        if isinstance(envelope, Request):
            host = node_of(target)
            asker = env.name + target[len(host) :]
            version, read, arrived = self._request(envelope, (asker, host, envelope.correlation_id), env._host.node)
        else:
            assert isinstance(envelope, Response), envelope
            version, read, arrived = self._response(envelope, (target, env.name, envelope.correlation_id))
        self.travelled[type(envelope.body), version] += 1
        if type(envelope.body) not in SAID_LESS:
            self.sent.append(Sent(envelope.body, arrived.body, read))
        if len(self.sent) > KEPT:
            self.sent.popleft().check()
        return arrived

    def check(self) -> None:
        """Look once more at what was sent last. Raises Changed."""
        while self.sent:
            self.sent.popleft().check()

    # --- requests ---------------------------------------------------------------------------------

    def _request(self, envelope: Request, key: Key, sender: object) -> tuple[int, Callable[[], Request], Request]:
        self.out.pop(key, None)
        body: Any = envelope.body
        meant: Any = body.request if isinstance(body, ByTopicId) else body
        if type(meant) in NO_WIRE:
            return _pickled(envelope)
        wrong: list[str] = []
        for spoken in ways(meant, sender):
            read = self._said(envelope, meant, spoken)
            arrived = read()
            lost = difference(body, arrived.body, type(meant).__name__)
            if not lost:
                self.out[key] = spoken
                return spoken.version, read, arrived
            wrong.append(f"v{spoken.version}: {lost}")
        raise Lost("; ".join(wrong))

    def _said(self, envelope: Request, meant: Any, spoken: Spoken) -> Callable[[], Request]:
        if spoken.ids:
            self._learn(meant)
        called = renamed(meant, self._id) if spoken.ids else meant
        said = called if spoken.batch is None else batch_of(called)
        schema = spoken.api.request(spoken.version)
        self._sample(Sample(spoken, said))
        data = b"".join(encode(schema, spoken.version, said))

        def read() -> Request:
            body = decode(schema, spoken.version, data)
            called = body if spoken.batch is None else alone(body)
            found = with_topic_ids(called, renamed(called, self.names.__getitem__)) if spoken.ids else called
            by_id = spoken.real and spoken.api.by_topic_id.has(spoken.version)
            found = with_what_is_beside(meant, found)
            return replace(envelope, body=ByTopicId(found) if by_id else found)

        return read

    # --- answers ----------------------------------------------------------------------------------

    def _response(self, envelope: Response, key: Key) -> tuple[int, Callable[[], Response], Response]:
        spoken = self.out.get(key)
        body: Any = envelope.body
        if spoken is None or type(body) in NO_WIRE:
            return _pickled(envelope)
        called = renamed(body, self._id) if spoken.ids else body
        said = called if spoken.batch is None else answer_batch(spoken.batch, called)
        schema = spoken.api.response(spoken.version)
        self._sample(Sample(spoken, said))
        data = b"".join(encode(schema, spoken.version, said))

        def read() -> Response:
            found = decode(schema, spoken.version, data)
            called = found if spoken.batch is None else answer_alone(spoken.batch, found)
            named = renamed(called, self.names.__getitem__) if spoken.ids else called
            return replace(envelope, body=with_what_is_beside(body, named))

        arrived = read()
        lost = difference(body, arrived.body, f"v{spoken.version}: {type(body).__name__}")
        if lost and not (spoken.real and type(body) in SAID_LESS):
            raise Lost(lost)
        return spoken.version, read, arrived

    def _sample(self, sample: Sample) -> None:
        kept = self.samples.setdefault(type(sample.said), [])
        if len(kept) < SAMPLES:
            kept.append(sample)

    # --- topics by their ids ----------------------------------------------------------------------

    def _learn(self, body: object) -> None:
        """The ids that the engine says itself."""
        if isinstance(body, (FetchRequest, AlterPartitionRequest)):
            for name, one in body.partitions.items():
                if one.topic_id:
                    self._pair(name.topic, one.topic_id)

    def _id(self, name: str) -> TopicId:
        return self.ids.get(name) or self._pair(name, topic_id_of(md5(name.encode()).digest()))

    def _pair(self, name: str, topic_id: TopicId) -> TopicId:
        self.ids[name] = topic_id
        self.names[topic_id] = name
        return topic_id


def ways(meant: Any, sender: object) -> Iterator[Spoken]:
    """How a request can be said: by a real client as it came, by all others in any version, the newest first."""
    if isinstance(sender, Program):
        api, _ = BY_REQUEST[type(meant)]
        yield Spoken(api, sender.recent[-1].version, real=True)
        return
    for api in SAID_IN[type(meant)]:
        for version in range(api.versions.last, api.versions.first - 1, -1):
            kind, ids = api.request(version).kind, api.by_topic_id.has(version)
            if kind is type(meant):
                yield Spoken(api, version, ids)
            elif kind is BATCHES.get(type(meant)):
                yield Spoken(api, version, ids, key_of(meant))


def _pickled(envelope: Any) -> tuple[int, Callable[[], Any], Any]:
    data = pickle.dumps(envelope.body)

    def read() -> Any:
        return replace(envelope, body=pickle.loads(data))

    return PICKLED, read, read()


@contextmanager
def wire_mode() -> Iterator[WireMode]:
    """As long as this lasts every message of every world is bytes on its way."""
    wire = WireMode()
    send = HostEnv.send

    def send_as_bytes(self: HostEnv, target: Address, body: object, size: int) -> None:
        send(self, target, wire.carried(self, target, body), size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HostEnv, "send", send_as_bytes)
        yield wire
        wire.check()
