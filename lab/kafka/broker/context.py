"""RequestContext, and what a handler may answer: a response now, or what `Later` has."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from lab.env import Address, Env
from lab.kafka.coordinator.client import Client
from lab.kafka.protocol.acls import Peer


class Later(Enum):
    """PENDING: the answer comes from the purgatory. NO_REPLY: there is none (acks=0). HANG_UP: there is none, and the
    connection ends.
    """

    PENDING = 0
    NO_REPLY = 1
    HANG_UP = 2


PENDING = Later.PENDING
NO_REPLY = Later.NO_REPLY
HANG_UP = Later.HANG_UP


@dataclass(slots=True)
class RequestContext:
    """One request while it is handled."""

    env: Env
    sender: Address
    correlation_id: int
    client_id: str
    peer: Peer | None = None

    @property
    def token(self) -> tuple[Address, int]:
        """Who is to be answered, and to which request, when the answer comes later."""
        return self.sender, self.correlation_id

    @property
    def client(self) -> Client:
        """Who asks, as it is told of a member of a group."""
        host = f"/{self.peer.host}" if self.peer is not None else self.sender.partition("#")[0]
        return Client(self.client_id, host)


Handler = Callable[[Any, Any, RequestContext], object]
HANDLERS: dict[type, Handler] = {}
"""Which function answers which request; filled by the modules of `api/`."""

H = TypeVar("H", bound=Handler)


def handles(request: type) -> Callable[[H], H]:
    """Register the function that answers requests of this type: `(broker, request, context) -> answer`."""

    def register(handler: H) -> H:
        HANDLERS[request] = handler
        return handler

    return register
