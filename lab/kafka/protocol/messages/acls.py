"""DescribeAcls (29), CreateAcls (30), DeleteAcls (31): the rules of who may do what."""

from dataclasses import dataclass, field
from typing import NamedTuple

from lab.kafka.protocol.acls import (
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    ERROR,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    Array,
    Fixed,
    Struct,
    Table,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)


@dataclass(slots=True)
class DescribeAclsRequest:
    """Which of them are to be told."""

    filter: AclBindingFilter


@dataclass(slots=True)
class DescribeAclsResponse:
    """Of each resource its entries."""

    error_code: ErrorCode
    error_message: str = ""
    resources: dict[ResourcePattern, tuple[AccessControlEntry, ...]] = field(
        default_factory=dict[ResourcePattern, tuple[AccessControlEntry, ...]]
    )


@dataclass(slots=True)
class CreateAclsRequest:
    """Sent to any broker, which forwards it to the active controller."""

    creations: tuple[AclBinding, ...]


class AclResult(NamedTuple):
    """What became of one, with a sentence where it failed."""

    error_code: ErrorCode
    error_message: str = ""


@dataclass(slots=True)
class CreateAclsResponse:
    """In the order asked. What is there already is no error."""

    results: tuple[AclResult, ...]


@dataclass(slots=True)
class DeleteAclsRequest:
    """All that match one of these."""

    filters: tuple[AclBindingFilter, ...]


class DeletedAcls(NamedTuple):
    """What one filter has deleted."""

    error_code: ErrorCode
    error_message: str = ""
    matching_acls: tuple[AclBinding, ...] = ()


@dataclass(slots=True)
class DeleteAclsResponse:
    """In the order asked."""

    filter_results: tuple[DeletedAcls, ...]


_TYPE = Fixed("b", ResourceType)
_PATTERN_TYPE = Fixed("b", PatternType)
_OPERATION = Fixed("b", AclOperation)
_PERMISSION = Fixed("b", AclPermissionType)
_PATTERN = Struct(
    ResourcePattern,
    (
        wire("resource_type", _TYPE),
        wire("resource_name", STRING, attribute="name"),
        wire("pattern_type", _PATTERN_TYPE),
    ),
    inline=True,
)
_ENTRY_FIELDS = (
    wire("principal", STRING),
    wire("host", STRING),
    wire("operation", _OPERATION),
    wire("permission_type", _PERMISSION),
)
_ENTRY = struct(AccessControlEntry, *_ENTRY_FIELDS)
_BINDING = (wire("pattern", _PATTERN), wire("entry", Struct(AccessControlEntry, _ENTRY_FIELDS, inline=True)))
_FILTER_FIELDS = (
    wire("resource_type_filter", _TYPE, attribute="resource_type"),
    wire("resource_name_filter", NULLABLE_STRING, attribute="name"),
    wire("pattern_type_filter", _PATTERN_TYPE, attribute="pattern_type"),
    wire("principal_filter", NULLABLE_STRING, attribute="principal"),
    wire("host_filter", NULLABLE_STRING, attribute="host"),
    wire("operation", _OPERATION),
    wire("permission_type", _PERMISSION),
)
_RESULT = (wire("error_code", ERROR), wire("error_message", or_empty()))

DESCRIBE_ACLS = api(
    29, "DescribeAcls", "1-3", 2,
    message(DescribeAclsRequest, wire("filter", Struct(AclBindingFilter, _FILTER_FIELDS, inline=True))),
    message(
        DescribeAclsResponse,
        THROTTLE,
        *_RESULT,
        wire("resources", Table(wire("pattern", _PATTERN), wire("acls", Array(_ENTRY)))),
    ),
)  # fmt: skip

CREATE_ACLS = api(
    30, "CreateAcls", "1-3", 2,
    message(CreateAclsRequest, wire("creations", Array(struct(AclBinding, *_BINDING)))),
    message(CreateAclsResponse, THROTTLE, wire("results", Array(struct(AclResult, *_RESULT)))),
)  # fmt: skip

_MATCHING = struct(
    AclBinding,
    unused("error_code", ERROR, ErrorCode.NONE),
    unused("error_message", NULLABLE_STRING, None),
    *_BINDING,
)

DELETE_ACLS = api(
    31, "DeleteAcls", "1-3", 2,
    message(DeleteAclsRequest, wire("filters", Array(struct(AclBindingFilter, *_FILTER_FIELDS)))),
    message(
        DeleteAclsResponse,
        THROTTLE,
        wire("filter_results", Array(struct(DeletedAcls, *_RESULT, wire("matching_acls", Array(_MATCHING))))),
    ),
)  # fmt: skip
