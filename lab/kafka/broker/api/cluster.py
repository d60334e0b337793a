"""DescribeCluster (60) and DescribeLogDirs (35): brokers, and what stands on their disks."""

from lab.kafka.broker.access.operations import allowed_on_cluster
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.cluster import BROKERS, CONTROLLERS, DescribeClusterRequest, DescribeClusterResponse
from lab.kafka.protocol.messages.log_dirs import (
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    LogDir,
    ReplicaSize,
)

LOG_DIR = "/var/lib/kafka"
"""What the folder is called to those that ask. The paths of a simulated disk begin in it."""


@handles(DescribeClusterRequest)
def describe_cluster(
    broker: Broker, request: DescribeClusterRequest, context: RequestContext
) -> DescribeClusterResponse:
    """The brokers that serve; any of them stands for the controller."""
    if request.endpoint_type != BROKERS:
        known = request.endpoint_type == CONTROLLERS
        error = ErrorCode.MISMATCHED_ENDPOINT_TYPE if known else ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
        return DescribeClusterResponse(error, {}, cluster_id="")
    brokers = {one.broker_id: one.host for one in broker.image.brokers.values() if not one.fenced}
    racks = {one: rack for one, rack in broker.image.racks.items() if one in brokers}
    answer = DescribeClusterResponse(ErrorCode.NONE, brokers, min(brokers, default=-1), racks=racks)
    if request.include_cluster_authorized_operations:
        answer.cluster_authorized_operations = allowed_on_cluster(broker, context)
    return answer


@handles(DescribeLogDirsRequest)
def describe_log_dirs(
    broker: Broker, request: DescribeLogDirsRequest, context: RequestContext
) -> DescribeLogDirsResponse:
    """The logs that this broker has, as large as their segments are."""
    wanted = None if request.partitions is None else dict.fromkeys(request.partitions)
    replicas = {
        name: ReplicaSize(partition.log.size_bytes, max(0, partition.log.high_watermark - partition.log.log_end_offset))
        for name, partition in broker.partitions.items()
        if wanted is None or name in wanted
    }
    return DescribeLogDirsResponse((LogDir(ErrorCode.NONE, LOG_DIR, replicas),))
