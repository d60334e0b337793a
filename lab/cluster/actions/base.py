"""ClusterAction: something a person may do to the lab, as frozen data kept in the journal."""

import base64
import dataclasses
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar, Union, cast, get_args, get_origin, get_type_hints

from lab.cluster.build import kind_of
from lab.cluster.refused import Refused, shown, wanted
from lab.env import NodeId
from lab.world.world import World

ACTIONS: "dict[str, type[ClusterAction]]" = {}
"""Every action by its name in scenarios and journals: `crash`, `slow_disk` …"""


@dataclass(frozen=True, slots=True)
class ClusterAction:
    """Base of all actions. A subclass is the whole extension: its fields become the form in the window and
    the keywords in a scenario, its docstring the tooltip, its name the journal's word.

    `on`: the kinds of things it is offered for (broker, partition, producer, consumer, group, topic,
    link, cluster). `menu`: break, mend, build, replay or change.
    """

    on: ClassVar[tuple[str, ...]] = ()
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "zap"
    title: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        # `slots=True` builds each class twice; the second, which stays, overwrites the first.
        if cls.title:
            ACTIONS[cls.name()] = cls

    @classmethod
    def name(cls) -> str:
        """`SlowDisk` is `slow_disk` in scenarios and journals."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def refusal(self, world: World) -> str:
        """Why this cannot be done now; empty if it can."""
        return ""

    def apply(self, world: World) -> None:
        """Do it. Only called when `refusal` was empty."""
        raise AssertionError(f"{self.name()} does nothing")

    def describe(self) -> str:
        """For the journal and the timeline: `Crash broker-2`."""
        return self.title

    def to_data(self) -> dict[str, Any]:
        """This action as plain data: {"crash": {"node": "broker-2"}}."""
        return {self.name(): {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}}


def action_from(data: object) -> ClusterAction:
    """The inverse of `to_data`, for scenario and session files. Raises Refused with what was wrong."""
    found: Mapping[str, Any] = cast("Mapping[str, Any]", data) if isinstance(data, Mapping) else {}
    wanted(len(found) == 1, 'wanted one action like { crash = { node = "broker-2" } }', cast("object", data))
    ((name, values),) = found.items()
    kind = ACTIONS.get(name)
    if kind is None:
        near = get_close_matches(str(name), ACTIONS, cutoff=0.5) or sorted(ACTIONS)
        raise Refused(f"wanted one of the {len(ACTIONS)} actions like {', '.join(near[:3])}, found {shown(name)}")
    wanted(isinstance(values, Mapping), f"{name}: wanted its fields in {{ }}", values)
    return _filled(kind, cast("Mapping[str, Any]", values))


@cache
def types_of(kind: type[ClusterAction]) -> Mapping[str, Any]:
    """The types of an action's fields. Worked out once: Python evaluates them anew for every asker."""
    return get_type_hints(kind)


def _filled(kind: type[ClusterAction], values: Mapping[str, Any]) -> ClusterAction:
    hints = types_of(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in values:
        wanted(name in fields, f"{kind.name()}: wanted one of {', '.join(fields) or 'nothing'}", name)
    given: dict[str, Any] = {}
    for name, field in fields.items():
        if name in values:
            given[name] = _typed(values[name], hints[name], f"{kind.name()}.{name}")
        elif field.default is dataclasses.MISSING:
            raise Refused(f"{kind.name()}.{name}: wanted a value, found nothing")
    return kind(**given)


def _typed(value: object, hint: Any, where: str) -> object:
    """`value` as the field's type, or Refused. Lists become tuples, since actions are hashed."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        for option in get_args(hint):
            try:
                return _typed(value, option, where)
            except Refused:
                continue
        raise Refused(f"{where}: wanted {hint}, found {value!r}")
    if origin is tuple:
        wanted(isinstance(value, (list, tuple)), f"{where}: wanted a list", value)
        inner = get_args(hint)
        items = cast("list[object]", value)
        if inner[-1] is Ellipsis:
            return tuple(_typed(item, inner[0], where) for item in items)
        wanted(len(items) == len(inner), f"{where}: wanted {len(inner)} values", value)
        return tuple(_typed(item, one, where) for item, one in zip(items, inner, strict=True))
    if hint is bytes:
        return _bytes(value, where)
    if hint in (int, bool, str):
        wanted(
            type(value) is hint,
            f"{where}: wanted {'a whole number' if hint is int else 'text' if hint is str else 'true or false'}",
            repr(value),
        )
        return value
    return value


def _bytes(value: object, where: str) -> bytes:
    wanted(isinstance(value, str), f"{where}: wanted bytes as base64", value)
    try:
        return base64.b64decode(str(value), validate=True)
    except ValueError as wrong:
        raise Refused(f"{where}: wanted bytes as base64, found {shown(value)} ({wrong})") from None


def machine(world: World, node: NodeId, kinds: tuple[str, ...]) -> str:
    """The refusal when there is no such machine, or it is of a kind that this cannot be done to."""
    host = world.hosts.get(node)
    if host is None:
        return f"there is no {node}"
    kind = kind_of(host)
    return "" if kind in kinds else f"wanted a {' or '.join(kinds)}, but {node} is the {kind}"


def running(world: World, node: NodeId, kinds: tuple[str, ...]) -> str:
    """The same, and the refusal when it does not run."""
    if wrong := machine(world, node, kinds):
        return wrong
    state = world.hosts[node].state
    return "" if state == "running" else f"{node} is {state}"
