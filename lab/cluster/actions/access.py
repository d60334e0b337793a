"""Access: who may do what, as an administrator allows and denies it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, TypeVar

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.settings import cluster_config
from lab.cluster.build import ADMIN
from lab.kafka.controller.access import wrong_binding
from lab.kafka.orders import Admin
from lab.kafka.protocol.acls import (
    EVERYBODY,
    WILDCARD,
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from lab.kafka.protocol.messages.acls import CreateAclsRequest, DeleteAclsRequest
from lab.world.world import World

ANY = "ANY"
E = TypeVar("E", bound=IntEnum)


def words(kind: type[E]) -> tuple[str, ...]:
    """Kafka's words of a kind, without the one that stands for all of them in a filter."""
    return tuple(one.name for one in kind if one.name != ANY)


def _unknown(*given: tuple[str, type[IntEnum], str]) -> str:
    """The refusal of a word that is none, of (field, kind, word)."""
    for field, kind, word in given:
        if word not in kind.__members__:
            return f"{field}: wanted one of {', '.join(kind.__members__)}, found {word!r}"
    return ""


def _nobody_looks(world: World) -> str:
    if cluster_config(world).authorizer_class_name:
        return ""
    return "brokers do not look for ACLs: wanted authorizer.class.name among their settings"


@dataclass(frozen=True, slots=True)
class AddAcl(ClusterAction):
    """Allow a principal something, or deny it: an ACL, which brokers with an authorizer look for."""

    principal: str = EVERYBODY
    operation: str = AclOperation.READ.name
    resource_type: str = ResourceType.TOPIC.name
    resource: str = WILDCARD
    permission: str = AclPermissionType.ALLOW.name
    pattern_type: str = PatternType.LITERAL.name
    host: str = WILDCARD

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "lock"
    title: ClassVar[str] = "Add an ACL"

    def refusal(self, world: World) -> str:
        return (
            _nobody_looks(world)
            or _unknown(
                ("operation", AclOperation, self.operation),
                ("resource_type", ResourceType, self.resource_type),
                ("permission", AclPermissionType, self.permission),
                ("pattern_type", PatternType, self.pattern_type),
            )
            or wrong_binding(self._binding())
        )

    def _binding(self) -> AclBinding:
        pattern = ResourcePattern(ResourceType[self.resource_type], self.resource, PatternType[self.pattern_type])
        permission = AclPermissionType[self.permission]
        return AclBinding(
            pattern, AccessControlEntry(self.principal, self.host, AclOperation[self.operation], permission)
        )

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(CreateAclsRequest((self._binding(),))))
        world.mark("changed", "cluster", self.describe())

    def describe(self) -> str:
        kind = self.resource_type.lower().replace("_", " ")
        prefixed = "s that begin with" if self.pattern_type == PatternType.PREFIXED.name else ""
        return f"{self.permission.capitalize()} {self.principal} to {self.operation} {kind}{prefixed} {self.resource}"


@dataclass(frozen=True, slots=True)
class DeleteAcls(ClusterAction):
    """Delete all ACLs that match. An empty word and ANY match whatever there is."""

    principal: str = ""
    operation: str = ANY
    resource_type: str = ANY
    resource: str = ""
    permission: str = ANY
    pattern_type: str = ANY

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Delete ACLs"

    def refusal(self, world: World) -> str:
        return _nobody_looks(world) or _unknown(
            ("operation", AclOperation, self.operation),
            ("resource_type", ResourceType, self.resource_type),
            ("permission", AclPermissionType, self.permission),
            ("pattern_type", PatternType, self.pattern_type),
        )

    def apply(self, world: World) -> None:
        wanted = AclBindingFilter(
            ResourceType[self.resource_type], self.resource or None, PatternType[self.pattern_type],
            self.principal or None, None, AclOperation[self.operation], AclPermissionType[self.permission],
        )  # fmt: skip
        world.signal(ADMIN, Admin(DeleteAclsRequest((wanted,))))
        world.mark("changed", "cluster", self.describe())

    def describe(self) -> str:
        named = (self.principal, self.operation, self.resource_type, self.resource, self.permission)
        said = " ".join(one for one in named if one not in ("", ANY))
        return f"Delete the ACLs {said}" if said else "Delete all ACLs"
