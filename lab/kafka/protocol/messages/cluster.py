"""DescribeCluster (60): the brokers there are."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    HOST,
    INT8,
    INT32,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    UNKNOWN_OPERATIONS,
    Struct,
    Table,
    api,
    explained,
    message,
    unused,
    wire,
)

BROKERS, CONTROLLERS = 1, 2
"""Of the two types of endpoints the one that is held here; the other is the controllers'."""


@dataclass(slots=True)
class DescribeClusterRequest:
    """`endpoint_type`: brokers, or controllers, whom clients do not talk to here."""

    endpoint_type: int = BROKERS
    include_cluster_authorized_operations: bool = False


@dataclass(slots=True)
class DescribeClusterResponse:
    """`brokers`: broker id -> host name. `cluster_authorized_operations`: what the asker may do, a bit each."""

    error_code: ErrorCode
    brokers: dict[int, str]
    controller_id: int = -1
    cluster_id: str = "lab"
    endpoint_type: int = BROKERS
    cluster_authorized_operations: int = UNKNOWN_OPERATIONS


_BROKER = Struct(HOST.make, (*HOST.fields, unused("rack", NULLABLE_STRING, None)), parts=HOST.parts)

DESCRIBE_CLUSTER = api(
    60, "DescribeCluster", "0-1", 0,
    message(
        DescribeClusterRequest,
        wire("include_cluster_authorized_operations", BOOL),
        wire("endpoint_type", INT8, "1+", default=BROKERS),
    ),
    message(
        DescribeClusterResponse,
        THROTTLE,
        wire("error_code", explained()),
        wire("endpoint_type", INT8, "1+", default=BROKERS),
        wire("cluster_id", STRING),
        wire("controller_id", INT32),
        wire("brokers", Table(wire("broker_id", INT32), _BROKER)),
        wire("cluster_authorized_operations", INT32),
    ),
)  # fmt: skip
