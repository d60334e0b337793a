"""Settings: DESCRIBE_CONFIGS and ALTER_CONFIGS on a topic or a group; for brokers on the cluster."""

from dataclasses import replace

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import CLUSTER_NAME, AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages import configs
from lab.kafka.protocol.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsResponse,
    ConfigResource,
    DescribeConfigsRequest,
    DescribeConfigsResponse,
    DescribedConfigs,
    IncrementalAlterConfigsRequest,
)
from lab.kafka.protocol.sentences import SENTENCES

KINDS = {
    configs.ResourceType.TOPIC: (ResourceType.TOPIC, ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    configs.ResourceType.GROUP: (ResourceType.GROUP, ErrorCode.GROUP_AUTHORIZATION_FAILED),
}
CLUSTER = ResourceType.CLUSTER, ErrorCode.CLUSTER_AUTHORIZATION_FAILED
"""Which resource the settings of brokers belong to, and what who may not is told."""


def _denied(asker: Asker, operation: AclOperation, resource: ConfigResource) -> ErrorCode:
    kind, error = KINDS.get(resource.type, CLUSTER)
    name = CLUSTER_NAME if kind is ResourceType.CLUSTER else resource.name
    return ErrorCode.NONE if asker.may(operation, kind, name) else error


@checks(DescribeConfigsRequest)
def describe_configs(asker: Asker, request: DescribeConfigsRequest) -> object:
    """DESCRIBE_CONFIGS on each resource."""
    errors = {one: _denied(asker, AclOperation.DESCRIBE_CONFIGS, one) for one in request.resources}
    refused = {one: DescribedConfigs(error, SENTENCES[error]) for one, error in errors.items() if error}
    allowed = {one: names for one, names in request.resources.items() if one not in refused}
    return asker.go_on(replace(request, resources=allowed), DescribeConfigsResponse(refused))


@checks(AlterConfigsRequest)
@checks(IncrementalAlterConfigsRequest)
def alter_configs(asker: Asker, request: AlterConfigsRequest | IncrementalAlterConfigsRequest) -> object:
    """ALTER_CONFIGS on each resource."""
    errors = {one: _denied(asker, AclOperation.ALTER_CONFIGS, one) for one in request.resources}
    refused = AlterConfigsResponse({one: (error, SENTENCES[error]) for one, error in errors.items() if error})
    allowed = {one: changes for one, changes in request.resources.items() if not errors[one]}
    return asker.go_on(replace(request, resources=allowed), refused) if allowed else refused
