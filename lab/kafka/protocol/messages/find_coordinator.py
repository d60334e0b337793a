"""FindCoordinator (API 10): which broker looks after a group, or a transactional id."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode

GROUP, TRANSACTION = 0, 1


@dataclass(slots=True)
class FindCoordinatorRequest:
    """`key_type` 0: a group, 1: a transactional id."""

    key: str
    key_type: int = GROUP


@dataclass(slots=True)
class FindCoordinatorResponse:
    """The coordinator's id and host name; -1 with an error."""

    error_code: ErrorCode
    node_id: int = -1
    host: str = ""
