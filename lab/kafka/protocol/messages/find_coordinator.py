"""FindCoordinator (API 10): which broker looks after a group, or a transactional id."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import ERROR, HOST, INT8, INT32, NULLABLE_STRING, STRING, api, message, unused, wire

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


FIND_COORDINATOR = api(
    10, "FindCoordinator", "0-3", 3,
    message(
        FindCoordinatorRequest,
        wire("key", STRING),
        wire("key_type", INT8, "1+", default=GROUP),
    ),
    message(
        FindCoordinatorResponse,
        unused("throttle_time_ms", INT32, 0, "1+"),
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None, "1+"),
        wire("node_id", INT32),
        wire("host", HOST),
    ),
)  # fmt: skip
