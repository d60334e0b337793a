"""FindCoordinator (10): which broker looks after a group, or a transactional id."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    HOST,
    INT8,
    INT32,
    STRING,
    THROTTLE,
    Array,
    Table,
    api,
    explained,
    message,
    struct,
    unused,
    wire,
)

GROUP, TRANSACTION = 0, 1


@dataclass(slots=True)
class FindCoordinatorRequest:
    """`key_type` 0: a group, 1: a transactional id."""

    key: str
    key_type: int = GROUP


@dataclass(slots=True)
class FindCoordinatorResponse:
    """The coordinator's id and host name; -1 and nowhere ("") with an error."""

    error_code: ErrorCode
    node_id: int = -1
    host: str = ""


@dataclass(slots=True)
class FindCoordinatorsRequest:
    """Several keys of one type at once, from version 4 on."""

    keys: tuple[str, ...]
    key_type: int = GROUP


@dataclass(slots=True)
class FindCoordinatorsResponse:
    """By the keys that were asked for."""

    coordinators: dict[str, FindCoordinatorResponse]


_FOUND = struct(
    FindCoordinatorResponse,
    wire("node_id", INT32),
    wire("host", HOST),
    wire("error_code", explained()),
)

FIND_COORDINATOR = api(
    10, "FindCoordinator", "0-6", 3,
    (
        message(
            FindCoordinatorRequest,
            wire("key", STRING),
            wire("key_type", INT8, "1+", default=GROUP),
            versions="0-3",
        ),
        message(
            FindCoordinatorsRequest,
            wire("key_type", INT8),
            wire("coordinator_keys", Array(STRING), attribute="keys"),
            versions="4+",
        ),
    ),
    (
        message(
            FindCoordinatorResponse,
            unused("throttle_time_ms", INT32, 0, "1+"),
            wire("error_code", explained("1+")),
            wire("node_id", INT32),
            wire("host", HOST),
            versions="0-3",
        ),
        message(
            FindCoordinatorsResponse,
            THROTTLE,
            wire("coordinators", Table(wire("key", STRING), _FOUND)),
            versions="4+",
        ),
    ),
)  # fmt: skip
