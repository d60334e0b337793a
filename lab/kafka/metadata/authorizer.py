"""StandardAuthorizer: whether a principal may do something, by the rules of the metadata log."""

from collections.abc import Iterable
from dataclasses import dataclass

from lab.kafka.metadata.acls import Acls
from lab.kafka.protocol.acls import (
    ALL_ACLS,
    EVERYBODY,
    WILDCARD,
    AccessControlEntry,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourceType,
)

IMPLIES: dict[AclOperation, tuple[AclOperation, ...]] = {
    AclOperation.DESCRIBE: (
        AclOperation.DESCRIBE, AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE, AclOperation.ALTER,
    ),
    AclOperation.DESCRIBE_CONFIGS: (AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS),
}  # fmt: skip
"""Who is allowed one of these may do this too. Who is denied one may still be allowed it."""
ANY_NAME = "hardcode"
"""The name that Kafka asks about where any would do: a super user may do all, whatever is denied."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and from which host."""

    name: str
    host: str

    def is_meant(self, entry: AccessControlEntry) -> bool:
        """Whether an entry is about this one."""
        return entry.principal in (self.name, EVERYBODY) and entry.host in (self.host, WILDCARD)


@dataclass(frozen=True, slots=True)
class StandardAuthorizer:
    """`super.users` may do all; others what a rule allows and none denies. Without a rule for a resource
    `allow.everyone.if.no.acl.found` says what holds.
    """

    super_users: tuple[str, ...] = ()
    allow_everyone: bool = False

    def allows(
        self, acls: Acls, principal: Principal, operation: AclOperation, resource_type: ResourceType, name: str
    ) -> bool:
        """Whether that may be done with a resource."""
        if principal.name in self.super_users:
            return True
        allowed, any_rule = False, False
        for entry in acls.of(resource_type, name):
            any_rule = True
            if not principal.is_meant(entry):
                continue
            if entry.permission_type is AclPermissionType.DENY:
                if entry.operation in (AclOperation.ALL, operation):
                    return False
            elif entry.operation in (AclOperation.ALL, *IMPLIES.get(operation, (operation,))):
                allowed = True
        return allowed or (self.allow_everyone and not any_rule)

    def allows_any(
        self, acls: Acls, principal: Principal, operation: AclOperation, resource_type: ResourceType
    ) -> bool:
        """Whether that may be done with at least one resource of the type (Kafka's `authorizeByResourceType`): there
        is a rule that allows it and that none denies as a whole.
        """
        if self.allows(acls, principal, operation, resource_type, ANY_NAME):
            return True
        mine = [
            binding
            for binding in acls.matching(ALL_ACLS._replace(resource_type=resource_type)).values()
            if principal.is_meant(binding.entry) and binding.entry.operation in (AclOperation.ALL, operation)
        ]
        by = {
            permission: [one.pattern for one in mine if one.entry.permission_type is permission]
            for permission in (AclPermissionType.DENY, AclPermissionType.ALLOW)
        }
        denied, allowed = by[AclPermissionType.DENY], by[AclPermissionType.ALLOW]
        literal = [one.name for one in denied if one.pattern_type is PatternType.LITERAL]
        prefixes = [one.name for one in denied if one.pattern_type is PatternType.PREFIXED]
        if WILDCARD in literal:
            return False
        if any(one.pattern_type is PatternType.LITERAL and one.name == WILDCARD for one in allowed):
            return True
        left = (one for one in allowed if one.pattern_type is PatternType.PREFIXED or one.name not in literal)
        return any(not _covered(one.name, prefixes) for one in left)


def _covered(name: str, prefixes: Iterable[str]) -> bool:
    return any(name.startswith(prefix) for prefix in prefixes)
