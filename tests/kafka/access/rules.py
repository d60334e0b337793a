"""Rules in words, as `kafka-acls.sh` takes them: `allow alice READ topic orders`, `deny * ALL group pay*`."""

from lab.kafka.metadata.acls import Acls, record_of
from lab.kafka.metadata.authorizer import Principal, StandardAuthorizer
from lab.kafka.protocol.acls import (
    CLUSTER_NAME,
    USER,
    WILDCARD,
    AccessControlEntry,
    AclBinding,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
)

HOME = "10.0.0.7"


def rule(text: str) -> AclBinding:
    """`PERMISSION USER OPERATION TYPE NAME [from HOST]`; a name that ends with a star, and is not one, is a prefix."""
    permission, user, operation, kind, name, *rest = text.split()
    prefixed = name.endswith(WILDCARD) and name != WILDCARD
    pattern_type = PatternType.PREFIXED if prefixed else PatternType.LITERAL
    return AclBinding(
        ResourcePattern(_kind(kind), name.rstrip(WILDCARD) if prefixed else name, pattern_type),
        AccessControlEntry(
            USER + user, rest[1] if rest else WILDCARD, AclOperation[operation], AclPermissionType[permission.upper()]
        ),
    )


def _kind(text: str) -> ResourceType:
    return ResourceType[text.upper()]


def acls(*texts: str) -> Acls:
    """These rules and no other."""
    found = Acls()
    for number, text in enumerate(texts):
        found.add(record_of(f"id-{number}", rule(text)))
    return found


def may(known: Acls, text: str, authorizer: StandardAuthorizer | None = None) -> bool:
    """Whether `alice READ topic orders` is allowed; `alice WRITE topic` without a name: whether with any of them."""
    user, operation, kind, *name = text.split()
    judge = authorizer or StandardAuthorizer()
    principal = Principal(USER + user, HOME)
    if kind == "cluster":
        name = [CLUSTER_NAME]
    if not name:
        return judge.allows_any(known, principal, AclOperation[operation], _kind(kind))
    return judge.allows(known, principal, AclOperation[operation], _kind(kind), name[0])
