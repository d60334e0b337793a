"""DescribeAcls (29): the rules that this broker has heard of. They are made and deleted by the controller."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.acls import AccessControlEntry, ResourcePattern
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import DescribeAclsRequest, DescribeAclsResponse


@handles(DescribeAclsRequest)
def describe_acls(broker: Broker, request: DescribeAclsRequest, context: RequestContext) -> DescribeAclsResponse:
    """By resource, in the order in which they were made."""
    if broker.access is None:
        return DescribeAclsResponse(ErrorCode.SECURITY_DISABLED, "No Authorizer is configured.")
    acls = broker.image.acls
    found: dict[ResourcePattern, tuple[AccessControlEntry, ...]] = {}
    for pattern, entry in acls.matching(request.filter).values() if acls is not None else ():
        found[pattern] = (*found.get(pattern, ()), entry)
    return DescribeAclsResponse(ErrorCode.NONE, "", found)
