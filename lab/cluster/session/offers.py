"""Offers: what can be done to a thing, why not where it cannot, and the form for what has to be said."""

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from lab.cluster.actions import ACTIONS, ClusterAction, action_from
from lab.cluster.actions.access import ANY, words
from lab.cluster.actions.base import types_of
from lab.cluster.actions.clients import FLAVOURS_OWN
from lab.cluster.actions.disks import CorruptBatch
from lab.cluster.actions.settings import cluster_config, configured, group_config, holds_at_once, topic_settings
from lab.cluster.actions.topics import partition_of
from lab.cluster.build import KINDS, broker_hosts, client_topics, group_kind, image_of
from lab.cluster.data_file import data_files
from lab.cluster.lookup.coordination import all_transactions
from lab.cluster.lookup.stored_log import has_records
from lab.cluster.moments.moments import broker_name
from lab.cluster.probes.topology import group_names
from lab.cluster.refused import Refused
from lab.cluster.share_spec import FAILURES
from lab.kafka.config.client import ClientConfig
from lab.kafka.config.definition import Config
from lab.kafka.config.flavours import FLAVOURS
from lab.kafka.protocol.acls import AclOperation, AclPermissionType, PatternType, ResourceType
from lab.world.world import World

CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("add_producer", "acks"): (FLAVOURS_OWN, "all", "1", "0"),
    ("add_producer", "flavour"): tuple(FLAVOURS),
    ("add_consumer", "flavour"): tuple(FLAVOURS),
    ("add_consumer", "assignor"): (FLAVOURS_OWN, "range", "roundrobin", "sticky", "cooperative-sticky"),
    ("add_load", "acks"): ("all", "1", "0"),
    ("add_consumer", "reset"): ("earliest", "latest", "none"),
    ("add_consumer", "commit"): ("auto", "sync", "async", "record", "before", "none"),
    ("add_share_consumer", "acknowledgement"): ("explicit", "implicit"),
    ("add_share_consumer", "on_failure"): FAILURES,
    ("add_acl", "operation"): words(AclOperation),
    ("add_acl", "resource_type"): words(ResourceType),
    ("add_acl", "permission"): words(AclPermissionType)[::-1],
    ("add_acl", "pattern_type"): (PatternType.LITERAL.name, PatternType.PREFIXED.name),
    ("delete_acls", "operation"): (ANY, *words(AclOperation)),
    ("delete_acls", "resource_type"): (ANY, *words(ResourceType)),
    ("delete_acls", "permission"): (ANY, *words(AclPermissionType)),
    ("delete_acls", "pattern_type"): (ANY, *words(PatternType)),
}
UNITS = {
    "extra_ms": "ms",
    "work_ms": "ms",
    "per_second": "records/s",
    "bytes_per_second": "bytes/s",
    "rate": "records/s",
    "times": "×",
    "percent": "%",
    "heap_bytes": "bytes",
    "offset_ms": "ms",
}


LABELS = {"per_second": "Rate", "bytes_per_second": "Rate", "percent": "Requests", "heap_bytes": "Heap"}
"""Where the field's name says its unit, which a form says behind the label; `_ms` is left off everywhere."""


@dataclass(frozen=True, slots=True)
class SettingNote:
    """What a form says of one setting: the value it has, and what one should know before changing it."""

    setting: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. `kind`: int, text or choice. `notes`: of each choice that is a setting."""

    name: str
    label: str
    kind: str
    default: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""
    notes: tuple[SettingNote, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done to a thing. Without a form `action` is complete; `disabled`: why not now."""

    title: str
    icon: str
    group: str
    action: ClusterAction | None
    form: tuple[Field, ...]
    disabled: str
    tooltip: str
    name: str = ""
    fixed: tuple[tuple[str, Any], ...] = ()

    def make(self, values: Mapping[str, str]) -> ClusterAction:
        """The action for a filled form. Raises Refused with the sentence to show."""
        kind = ACTIONS[self.name]
        hints = types_of(kind)
        data: dict[str, Any] = dict(self.fixed)
        for name, text in values.items():
            data[name] = _parsed(text.strip(), hints[name], name)
        return action_from({self.name: data})


def _parsed(text: str, hint: Any, name: str) -> object:
    if hint is int:
        if not text.lstrip("-").isdigit():
            raise Refused(f"{name.replace('_', ' ')}: wanted a whole number, found {text!r}")
        return int(text)
    if hint is bool:
        return text.lower() in ("true", "yes", "1")
    if get_origin(hint) is tuple:
        if get_args(hint)[0] is str:
            return [part.strip() for part in text.split(",") if part.strip()]
        return [
            [key.strip(), value.strip()]
            for key, _, value in (part.partition("=") for part in text.split(",") if part.strip())
        ]
    return text


AT_ONCE = "It holds at once."
WHEN = {
    "set_topic_config": AT_ONCE,
    "set_cluster_config": AT_ONCE,
    "set_group_config": AT_ONCE,
    "set_client_config": "The application closes its client and makes another with it.",
}
ANYWHERE = ("break", "mend")
"""Menus that are offered for the cluster as a whole too: which thing is meant becomes a field of the form."""


def offers_for(world: World, kind: str, name: str) -> tuple[Offer, ...]:
    """Every action that fits a thing, in the order of the files of actions."""
    return tuple(_offer(world, action, kind, name) for action in ACTIONS.values() if _fits(world, action, kind))


def _fits(world: World, action: type[ClusterAction], kind: str) -> bool:
    if kind != "cluster" or action.menu not in ANYWHERE:
        return kind in action.on
    return any(_subjects(world, action, field.name) for field in dataclasses.fields(action))


def _offer(world: World, kind: type[ClusterAction], subject: str, name: str) -> Offer:
    fixed = _fixed(kind, subject, name)
    form = tuple(
        _field(world, kind, field, subject, name) for field in dataclasses.fields(kind) if field.name not in fixed
    )
    action: ClusterAction | None = None
    disabled = ""
    if not form:
        action = kind(**fixed)
        disabled = action.refusal(world)
    elif subject in KINDS.values() and name not in world.hosts and fixed:
        disabled = f"there is no {name}"
    else:
        disabled = _refusal_with_defaults(world, kind, fixed, form)
    tooltip = " ".join((kind.__doc__ or "").split())
    return Offer(
        kind.title,
        kind.icon,
        kind.menu,
        action,
        form,
        disabled,
        tooltip,
        kind.name(),
        tuple(fixed.items()),
    )


def _refusal_with_defaults(
    world: World, kind: type[ClusterAction], fixed: dict[str, Any], form: tuple[Field, ...]
) -> str:
    """A form opens with values that would work; where even those are refused, no others help: the machine is
    down, or members of the group run.
    """
    hints = types_of(kind)
    optional = [one.name for one in dataclasses.fields(kind) if one.default is not dataclasses.MISSING]
    try:
        values = {field.name: _parsed(field.default, hints[field.name], field.name) for field in form}
        return (
            action_from({kind.name(): {**fixed, **values}}).refusal(world)
            if all(field.default for field in form if field.name not in optional)
            else ""
        )
    except Refused:
        return ""


def _fixed(kind: type[ClusterAction], subject: str, name: str) -> dict[str, Any]:
    """The fields that the thing itself answers."""
    names = {field.name for field in dataclasses.fields(kind)}
    machine = subject in ("broker", "controller", "producer", "consumer", "program")
    if machine and "node" in names:
        return {"node": name}
    if machine and "nodes" in names:
        return {"nodes": (name,)}
    if machine and "source" in names:
        return {"source": name}
    if subject == "partition" and "partition" in names:
        return {"partition": name}
    if subject == "group" and "group" in names:
        return {"group": name}
    found = partition_of(name) if subject == "partition" else None
    if (
        "topic" in names
        and (subject == "topic" or found is not None)
        and kind.name()
        in ("add_partitions", "set_topic_config", "describe_topic_configs", "delete_topic", "spread_replicas")
    ):
        return {"topic": found.topic if found is not None else name}
    return {}


def _field(
    world: World,
    kind: type[ClusterAction],
    field: "dataclasses.Field[Any]",
    subject: str,
    name: str,
) -> Field:
    hint = types_of(kind)[field.name]
    notes = setting_notes(world, kind.name(), subject, name) if field.name in ("setting", "value") else ()
    if field.name == "value" and notes:
        return Field(field.name, "Value", "text", notes[0].value)
    choices = (
        CHOICES.get((kind.name(), field.name), ())
        or tuple(one.setting for one in notes)
        or _choices(world, kind.name(), field.name, name)
        or (_subjects(world, kind, field.name) if subject == "cluster" else ())
    )
    default = "" if field.default is dataclasses.MISSING else _shown(field.default)
    if kind.name() == "create_topic" and field.name == "replicas":
        default = str(min(int(default), max(1, len(broker_hosts(world)))))
    if not default:
        default = _suggestion(world, kind.name(), field.name, subject, name) or (choices[0] if choices else "")
    if get_origin(hint) in (Union, types.UnionType):
        hint = get_args(hint)[0]
    shape = "choice" if choices or hint is bool else "int" if hint is int else "text"
    if hint is bool:
        choices = ("false", "true")
    label = LABELS.get(field.name) or field.name.removesuffix("_ms").replace("_", " ").capitalize()
    return Field(
        field.name,
        label,
        shape,
        default,
        choices,
        min(0, int(default or 0)) if hint is int and field.name != "offset_ms" else None,
        None,
        UNITS.get(field.name, ""),
        notes,
    )


def setting_notes(world: World, action: str, subject: str, name: str) -> tuple[SettingNote, ...]:
    """Of each setting that an action may change: its value, its range, its default, and when a change holds."""
    config: Config | None = None
    if action == "set_cluster_config":
        config = cluster_config(world)
    elif action == "set_group_config":
        config = group_config(world, name)
    elif action == "set_topic_config":
        found = partition_of(name) if subject == "partition" else None
        topic = found.topic if found is not None else name
        config = topic_settings(world, topic) if topic in image_of(world).topics else None
    elif action in ("set_broker_config", "set_client_config") and name in world.hosts:
        config = configured(world, world.hosts[name])
    if config is None:
        return ()
    known = config.known() if isinstance(config, ClientConfig) else tuple(config.settings)
    if action == "set_cluster_config":
        known = tuple(one for one in known if config.settings[one].dynamic)
    return tuple(
        SettingNote(one, config.shown(one), _note(config, one, _when(world, action, name, one))) for one in known
    )


def _when(world: World, action: str, name: str, setting: str) -> str:
    """When a change of a setting holds."""
    if action == "set_broker_config":
        return (
            AT_ONCE if holds_at_once(world.hosts[name], setting) else "It is read-only: it holds from the next start."
        )
    return WHEN[action]


def _note(config: Config, name: str, when: str) -> str:
    setting = config.settings[name]
    default = str(config.default_of(setting))
    default = default.lower() if isinstance(setting.default, bool) else default or "nothing"
    own = config.flavour.name_of(name) if isinstance(config, ClientConfig) else name
    called = f" {config.flavour.title} calls it {own}." if isinstance(config, ClientConfig) and own != name else ""
    meaning = setting.meaning[0].upper() + setting.meaning[1:]
    return f"{meaning}. Wanted: {setting.range}. Default: {default}. {when}{called}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(world: World, action: str, field: str, name: str) -> tuple[str, ...]:
    if field == "topic" and action != "create_topic":
        return tuple(one for one in image_of(world).topics if not one.startswith("__"))
    if field == "file":
        return data_files()
    if action == CorruptBatch.name():
        return _rotting(world, field, name)
    if field == "target":
        return tuple(one for one in world.hosts if one not in (name, "admin"))
    return ()


def _rotting(world: World, field: str, name: str) -> tuple[str, ...]:
    """Brokers with records of the partition `name`, or partitions with records on the broker `name`. Of neither: all of
    both, beginning with two that go together.
    """
    states = [one for one in image_of(world).all_partitions() if not one.partition.topic.startswith("__")]
    pairs = [
        (str(one.partition), node) for one in states for node in map(broker_name, one.replicas)
        if name in ("", str(one.partition), node) and has_records(world, node, one.partition)
    ]  # fmt: skip
    if field == "partition":
        return tuple(dict.fromkeys(one for one, _ in pairs))
    first = [node for one, node in pairs if one == pairs[0][0]]
    return tuple(dict.fromkeys([*first, *(node for _, node in pairs)])) if field == "node" else ()


def _subjects(world: World, kind: type[ClusterAction], field: str) -> tuple[str, ...]:
    """What there is for a field that a thing would answer by itself, had one been chosen; brokers first."""
    if field in ("node", "nodes", "source"):
        machines = (*broker_hosts(world), *(name for name in world.hosts if name not in broker_hosts(world)))
        found = [name for name in machines if KINDS.get(type(world.hosts[name].recipe)) in kind.on]
    elif field == "partition" and "partition" in kind.on:
        names = (one.partition for one in image_of(world).all_partitions())
        found = [str(one) for one in names if not one.topic.startswith("__")]
    else:
        return ()
    return tuple(one for one in found if not _refused(world, kind, field, one))


def _refused(world: World, kind: type[ClusterAction], field: str, name: str) -> bool:
    """Whether a thing is out of the question, whatever else the form says."""
    others = [one for one in dataclasses.fields(kind) if one.name != field]
    if any(one.default is dataclasses.MISSING for one in others):
        return False
    return bool(kind(**{field: (name,) if field == "nodes" else name}).refusal(world))


def _suggestion(world: World, action: str, field: str, subject: str, name: str) -> str:
    """A first value that would work, so that a form can be sent as it opens."""
    if field in ("producer", "consumer"):
        number = 1
        while f"{field}-{number}" in world.hosts:
            number += 1
        return f"{field}-{number}"
    if field == "group" and action == "add_processor":
        return "processors"
    if field == "group":
        kind, fresh = ("share", "workers") if action == "add_share_consumer" else ("consumer", "group-1")
        return next((one for one in group_names(world) if group_kind(world, one) == kind), fresh)
    if field == "topic" and action == "create_topic":
        number = 1
        while f"topic-{number}" in image_of(world).topics:
            number += 1
        return f"topic-{number}"
    if field == "topic" and subject == "group":
        host = next(
            (one for one in world.hosts.values() if getattr(one.recipe, "group_id", "") == name),
            None,
        )
        topics = client_topics(host) if host is not None else None
        return topics[0] if topics else ""
    if field == "per_second":
        return "50"
    if field == "bytes_per_second":
        return "50000"
    if field == "work_ms":
        return "100"
    if field == "records":
        return "A=hello"
    if field == "keys":
        return "A"
    if field == "total":
        found = partition_of(name)
        topic = image_of(world).topics.get(found.topic if found else name)
        return str(len(topic.partitions) + 1) if topic is not None else "4"
    if field == "brokers":
        return _next_brokers(world, name)
    if field == "replicas":
        return str(len(broker_hosts(world)))
    own = {"add_transactional_producer": "producer", "add_processor": "consumer"}.get(action)
    if field == "transactional_id" and own is not None:
        return _suggestion(world, action, own, subject, name)  # somebody else's would fence whoever has it
    if field == "transactional_id":
        return next(iter(all_transactions(world)), "my-app")
    return {"offset_ms": "300000", "start_offset": "0"}.get(field, "")


def _next_brokers(world: World, name: str) -> str:
    """A partition's brokers with its last replica on another broker, if there is one; else in another order."""
    found = partition_of(name)
    state = image_of(world).partition(found) if found is not None else None
    if state is None:
        return ""
    brokers = [f"broker-{one}" for one in state.replicas]
    others = [one for one in broker_hosts(world) if one not in brokers]
    moved = [*brokers[:-1], others[0]] if others else [*brokers[1:], brokers[0]]
    return ", ".join(moved)
