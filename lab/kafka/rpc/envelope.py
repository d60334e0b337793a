"""Request and Response: what goes over a connection; the body is one of `protocol/messages`."""

from dataclasses import dataclass

from lab.env import Sealed
from lab.kafka.protocol.acls import Peer


@dataclass(slots=True)
class Request(Sealed):
    """One request on one connection. Responses come back in the order of requests. `peer` None: a simulated machine,
    which is what it is called.
    """

    correlation_id: int
    client_id: str
    body: object
    peer: Peer | None = None


@dataclass(slots=True)
class Response:
    """The answer to the request of the same correlation id."""

    correlation_id: int
    body: object
