"""Access: ACLs are made and deleted, each time by a decision of the controller (Kafka's `AclControlManager`)."""

from lab.env.node import Dice
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.acls import Acls, record_of
from lab.kafka.metadata.records import MetadataRecord, RemoveAccessControlEntryRecord
from lab.kafka.protocol.acls import (
    CLUSTER_NAME,
    AclBinding,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourceType,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import (
    AclResult,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DeletedAcls,
)
from lab.kafka.protocol.topic_ids import draw_topic_id

DISABLED = ErrorCode.SECURITY_DISABLED, "No Authorizer is configured."


def create_acls(controller: Controller, request: CreateAclsRequest, dice: Dice) -> Decision:
    """What is wrong with one does not keep the others from being made. One that is there already is not made twice."""
    if not controller.config.authorizer_class_name:
        return Decision(CreateAclsResponse((AclResult(*DISABLED),) * len(request.creations)))
    acls = controller.image.acls or Acls()
    known = dict.fromkeys(acls.bindings.values())
    records: list[MetadataRecord] = []
    results: list[AclResult] = []
    for binding in request.creations:
        wrong = wrong_binding(binding)
        results.append(AclResult(ErrorCode.INVALID_REQUEST, wrong) if wrong else AclResult(ErrorCode.NONE))
        if not wrong and binding not in known:
            known[binding] = None
            records.append(record_of(draw_topic_id(dice), binding))
    return Decision(CreateAclsResponse(tuple(results)), records)


def wrong_binding(binding: AclBinding) -> str:
    """What cannot be made, in Kafka's words; empty if nothing is wrong."""
    (kind, name, pattern_type), (principal, _, operation, permission_type) = binding
    if kind is ResourceType.CLUSTER and name != CLUSTER_NAME:
        return f"The only valid name for the CLUSTER resource is {CLUSTER_NAME}"
    if not name:
        return "Invalid empty resource name"
    if kind is ResourceType.ANY:
        return f"Invalid resourceType {kind.name}"
    if pattern_type not in (PatternType.LITERAL, PatternType.PREFIXED):
        return f"Invalid patternType {pattern_type.name}"
    if operation is AclOperation.ANY:
        return f"Invalid operation {operation.name}"
    if permission_type is AclPermissionType.ANY:
        return f"Invalid permissionType {permission_type.name}"
    if ":" not in principal:
        return (
            f"Could not parse principal from `{principal}` (no colon is present separating the principal type from "
            "the principal name)"
        )
    return ""


def delete_acls(controller: Controller, request: DeleteAclsRequest) -> Decision:
    """All that match a filter; each filter is told all that it matches."""
    if not controller.config.authorizer_class_name:
        return Decision(DeleteAclsResponse((DeletedAcls(*DISABLED),) * len(request.filters)))
    acls = controller.image.acls or Acls()
    found = [acls.matching(one) for one in request.filters]
    doomed = dict.fromkeys(acl_id for one in found for acl_id in one)
    answers = tuple(DeletedAcls(ErrorCode.NONE, "", tuple(one.values())) for one in found)
    return Decision(DeleteAclsResponse(answers), [RemoveAccessControlEntryRecord(one) for one in doomed])
