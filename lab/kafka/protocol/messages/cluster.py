"""DescribeCluster (60): the brokers there are."""

from dataclasses import dataclass, field
from typing import Any

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.node_endpoint import Places, hosts_and_racks, places
from lab.kafka.protocol.schema import (
    BOOL,
    HOST,
    INT8,
    INT32,
    STRING,
    THROTTLE,
    UNKNOWN_OPERATIONS,
    Table,
    api,
    explained,
    message,
    or_empty,
    struct,
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
    """`brokers`: broker id -> host name; `racks` of those that are in one. `cluster_authorized_operations`: what the
    asker may do, a bit each.
    """

    error_code: ErrorCode
    brokers: dict[int, str]
    controller_id: int = -1
    cluster_id: str = "lab"
    endpoint_type: int = BROKERS
    cluster_authorized_operations: int = UNKNOWN_OPERATIONS
    racks: dict[int, str] = field(default_factory=dict[int, str])


def _response(brokers: Places, **more: Any) -> DescribeClusterResponse:
    hosts, racks = hosts_and_racks(brokers)
    return DescribeClusterResponse(brokers=hosts, racks=racks, **more)


def _response_parts(response: DescribeClusterResponse) -> tuple[object, ...]:
    brokers = places(response.brokers, response.racks)
    return (
        response.error_code, response.endpoint_type, response.cluster_id, response.controller_id, brokers,
        response.cluster_authorized_operations,
    )  # fmt: skip


_BROKER = struct(None, wire("host", HOST), wire("rack", or_empty()))

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
        make=_response,
        parts=_response_parts,
    ),
)  # fmt: skip
