"""Acls: the rules of who may do what, as the metadata log has them, found by the resources they are for."""

from collections.abc import Iterator

from lab.kafka.metadata.records import AccessControlEntryRecord
from lab.kafka.protocol.acls import (
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

Names = dict[str, list[AccessControlEntry]]
"""Of each name of a resource, or beginning of names, its entries."""


class Acls:
    """Rules by their ids, and their entries by the pattern they stand under."""

    __slots__ = ("bindings", "entries")

    def __init__(self) -> None:
        self.bindings: dict[str, AclBinding] = {}
        self.entries: dict[tuple[ResourceType, PatternType], Names] = {}

    def add(self, record: AccessControlEntryRecord) -> None:
        """One more."""
        binding = binding_of(record)
        self.bindings[record.id] = binding
        kind, name, pattern_type = binding.pattern
        self.entries.setdefault((kind, pattern_type), {}).setdefault(name, []).append(binding.entry)

    def remove(self, acl_id: str) -> None:
        """One less."""
        (kind, name, pattern_type), entry = self.bindings.pop(acl_id)
        names = self.entries[kind, pattern_type]
        names[name].remove(entry)
        if not names[name]:
            del names[name]

    def matching(self, wanted: AclBindingFilter) -> dict[str, AclBinding]:
        """Those that a filter means, by their ids."""
        return {acl_id: one for acl_id, one in self.bindings.items() if wanted.matches(one)}

    def of(self, resource_type: ResourceType, name: str) -> Iterator[AccessControlEntry]:
        """The entries that concern one resource: under its name, a beginning of it, or under `*`."""
        literal = self.entries.get((resource_type, PatternType.LITERAL), {})
        yield from literal.get(name, ())
        if name != WILDCARD:
            yield from literal.get(WILDCARD, ())
        for prefix, entries in self.entries.get((resource_type, PatternType.PREFIXED), {}).items():
            if name.startswith(prefix):
                yield from entries


def record_of(acl_id: str, binding: AclBinding) -> AccessControlEntryRecord:
    """A rule as the metadata log has it."""
    (kind, name, pattern_type), (principal, host, operation, permission_type) = binding
    return AccessControlEntryRecord(
        acl_id, kind.value, name, pattern_type.value, principal, host, operation.value, permission_type.value
    )


def binding_of(record: AccessControlEntryRecord) -> AclBinding:
    """The rule that a record is."""
    return AclBinding(
        ResourcePattern(ResourceType(record.resource_type), record.resource_name, PatternType(record.pattern_type)),
        AccessControlEntry(
            record.principal, record.host, AclOperation(record.operation), AclPermissionType(record.permission_type)
        ),
    )
