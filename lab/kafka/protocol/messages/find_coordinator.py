"""FindCoordinator (API 10): which broker looks after a group."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode


@dataclass(slots=True)
class FindCoordinatorRequest:
    """`key_type` 0: a group."""

    key: str
    key_type: int = 0


@dataclass(slots=True)
class FindCoordinatorResponse:
    """The coordinator's id and host name; -1 with an error."""

    error_code: ErrorCode
    node_id: int = -1
    host: str = ""
