"""Allowed operations: what an asker may do with a resource, as some answers tell those that want to know (KIP-430)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from lab.kafka.broker.context import RequestContext
from lab.kafka.protocol.acls import CLUSTER_NAME, SUPPORTED, AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker


def allowed_operations(broker: "Broker", context: RequestContext, resource_type: ResourceType, name: str) -> int:
    """A bit for each, by its number. Without an authorizer all that there are."""
    asker = broker.access.asker(broker, context) if broker.access is not None else None
    return sum(1 << one for one in SUPPORTED[resource_type] if asker is None or asker.may(one, resource_type, name))


def allowed_on_cluster(broker: "Broker", context: RequestContext) -> int:
    """As of any resource; nothing for one who may not describe the cluster."""
    found = allowed_operations(broker, context, ResourceType.CLUSTER, CLUSTER_NAME)
    return found if found & 1 << AclOperation.DESCRIBE else 0


class Described(Protocol):
    """A group as it is told."""

    error_code: ErrorCode
    group_id: str
    authorized_operations: int


def tell_operations(broker: "Broker", context: RequestContext, groups: Iterable[Described]) -> None:
    """Of each group that was found."""
    for one in groups:
        if not one.error_code:
            one.authorized_operations = allowed_operations(broker, context, ResourceType.GROUP, one.group_id)
