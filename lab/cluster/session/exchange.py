"""Exchange: a request of a real client and its answer, byte for byte, found again in the past.

The request is in the journal. The answer is kept nowhere: the world is run again, aside, to the instant at which it was
given, and somebody listens.
"""

from dataclasses import dataclass
from typing import Any

from lab.cluster.actions.programs import BringFrame
from lab.cluster.probes.programs import Asked, exchange_named
from lab.cluster.watch import Observer, Watch, hears
from lab.env import Micros, NodeId
from lab.kafka import facts
from lab.kafka.protocol.anatomy import Anatomy, Part, anatomy_of_request, anatomy_of_response, without_size
from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.errors import ErrorCode
from lab.world.timeline import Timeline
from lab.world.world import World

SHOWN_BYTES = 24
CORRELATION = slice(4, 8)


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of a frame: where it stands, from `start` to before `end`, and its value in words."""

    path: str
    name: str
    kind: str
    depth: int
    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class FrameView:
    """A frame, without its size. `wrong`: why it breaks off."""

    title: str
    data: bytes
    fields: tuple[FieldView, ...]
    wrong: str


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """A request and its answer; without one where it is still to come, or nobody wants one."""

    program: NodeId
    connection: int
    asked_at: Micros
    answered_at: Micros
    request: FrameView
    answer: FrameView | None


class _Listener(Observer):
    """Hears the answer to one request."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.data = b""

    @hears(facts.FrameSent)
    def _sent(self, world: World, node: NodeId, fact: facts.FrameSent) -> None:
        correlation_id = int.from_bytes(fact.data[CORRELATION], "big", signed=True)
        if (fact.connection, correlation_id) == (self.asked.connection, self.asked.correlation_id):
            self.data = fact.data


def find_exchange(timeline: Timeline, name: str) -> ExchangeView | None:
    """The exchange that a link names; None when it is too long ago, or was asked from outside of the journal."""
    asked = exchange_named(timeline.world, name)
    frame = _request(timeline, asked) if asked is not None else None
    if asked is None or frame is None:
        return None
    answer = _answer(timeline, asked) if asked.answered_at >= 0 else b""
    anatomy = anatomy_of_response(APIS[asked.api_key], asked.version, answer) if answer else None
    return ExchangeView(
        asked.program, asked.connection, asked.asked_at, asked.answered_at,
        _view(anatomy_of_request(frame), frame), _view(anatomy, answer) if anatomy is not None else None,
    )  # fmt: skip


def _request(timeline: Timeline, asked: Asked) -> bytes | None:
    for time, action in reversed(timeline.branch.journal):
        if time > asked.asked_at or not isinstance(action, BringFrame):
            continue
        correlation_id = int.from_bytes(action.frame[CORRELATION], "big", signed=True)
        if (action.connection, correlation_id) == (asked.connection, asked.correlation_id):
            return bytes(action.frame)
    return None


def _answer(timeline: Timeline, asked: Asked) -> bytes:
    world = timeline.at(asked.answered_at - 1)
    listener = _Listener(asked)
    assert isinstance(world.witness, Watch)
    world.witness.invite(listener)
    timeline.carry_on(world, asked.answered_at, timeline.branch)
    return without_size(listener.data)


def _view(anatomy: Anatomy, data: bytes) -> FrameView:
    fields = tuple(
        FieldView(one.path, one.name, one.kind, one.depth, one.start, one.end, value_text(one)) for one in anatomy.parts
    )
    return FrameView(anatomy.title, data, fields, anatomy.wrong)


def value_text(part: Part) -> str:
    """The value of a field, as it is read aloud."""
    value: Any = part.value
    if part.kind in ("struct", "record batch", "request header", "response header"):
        return "null" if value is None and part.end - part.start == 1 else ""
    if value is None:
        return "null"
    if part.kind.endswith("array"):
        return f"{value} in it" if value else "empty"
    if part.kind.endswith("records"):
        return f"{value} bytes"
    if part.kind == "uuid":
        return bytes(value).hex()
    if isinstance(value, ErrorCode):
        return f"{value.value} · {value.name}"
    if isinstance(value, bytes):
        shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in value[:SHOWN_BYTES])
        return f"{shown}{'…' if len(value) > SHOWN_BYTES else ''}" if value else "empty"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)
