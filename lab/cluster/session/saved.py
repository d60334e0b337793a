"""A session as plain data, for its file: what is written, and the exact inverse, which believes nothing."""

import dataclasses
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from lab.cluster.refused import Refused, shown, wanted
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, seconds
from lab.world.branch import TRUNK

VERSION = 1
SESSION_BYTES_MAX = 20_000_000
LATEST_MAX: Micros = seconds(1_000 * 3_600)
"""No session is longer: to open one is to run it again."""
NAMES: dict[object, str] = {int: "a whole number", str: "text", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class SavedBranch:
    """One line of history: when it left its parent, how far it goes, and what was done when."""

    name: str
    parent: str
    fork_time: int
    latest: int
    journal: tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True)
class SavedSession:
    """A whole file. `lesson`: how far the lesson on it has come, as its own package writes and reads it.
    `breakpoints`: what it stops at, as texts. `script`: what its scenario does by itself, on each branch.
    """

    version: int
    title: str
    scenario: str
    spec: ClusterSpec
    branches: tuple[SavedBranch, ...]
    current: str
    now: int
    event: int
    violation: str = ""
    lesson: Any = None
    breakpoints: tuple[str, ...] = ()
    script: tuple[tuple[int, Any], ...] = ()


def to_data(saved: SavedSession) -> dict[str, Any]:
    """Nested dictionaries and lists."""
    return dataclasses.asdict(saved)


def session_from(data: Mapping[str, Any]) -> SavedSession:
    """The inverse. Raises Refused with the place, what was wanted there and what was found."""
    version = data.get("version")
    wanted(version == VERSION, f"wanted a session of version {VERSION}", shown(version))
    found = cast("SavedSession", read_as(SavedSession, data, ""))
    found.spec.checked()
    return found


def read_session(path: Path) -> dict[str, Any]:
    """What stands in a file, as JSON says it. Raises Refused with the file's name."""
    try:
        wanted(
            path.stat().st_size <= SESSION_BYTES_MAX,
            f"{path.name}: wanted at most {SESSION_BYTES_MAX:,} bytes",
            f"{path.stat().st_size:,}",
        )
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise Refused(f"cannot read {path}: {wrong.strerror}") from None
    except (ValueError, RecursionError) as wrong:
        raise Refused(f"{path.name}: wanted a session file, found something else ({wrong})") from None
    wanted(isinstance(found, dict), f"{path.name}: wanted a session file", type(found).__name__)
    return cast("dict[str, Any]", found)


def check_branch(one: SavedBranch, where: str, known: list[str]) -> None:
    """The first is the trunk; each other one leaves one of `known`, those before it. Raises Refused with the place."""
    parents = known or [""]
    wanted(bool(known) or one.name == TRUNK, f"{where}.name: wanted {TRUNK}", shown(one.name))
    wanted(one.name not in known, f"{where}.name: wanted each branch once", shown(one.name))
    wanted(one.parent in parents, f"{where}.parent: wanted one of {parents}", shown(one.parent))
    wanted(0 <= one.latest <= LATEST_MAX, f"{where}.latest: wanted 0 to {LATEST_MAX:,} microseconds", one.latest)
    wanted(0 <= one.fork_time <= one.latest, f"{where}.fork_time: wanted 0 to {one.latest:,}", one.fork_time)
    times = [at for at, _ in one.journal]
    wanted(times == sorted(times), f"{where}.journal: wanted times in order", shown(times))
    wanted(all(at >= 0 for at in times), f"{where}.journal: wanted times of 0 or more", shown(times))


def read_as(hint: Any, value: object, where: str) -> object:
    """`value` as the type that the hint says, all the way down; lists become tuples, since specs are hashed.

    Raises Refused with the place.
    """
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return _filled(cast("type", hint), value, where)
    if get_origin(hint) in (Union, types.UnionType):
        (some,) = (one for one in get_args(hint) if one is not types.NoneType)
        return None if value is None else read_as(some, value, where)
    if get_origin(hint) is tuple:
        return _several(get_args(hint), value, where)
    wanted(type(value) is hint, f"{where}: wanted {NAMES[hint]}", shown(value))
    return value


def _filled(kind: type, value: object, where: str) -> object:
    wanted(isinstance(value, Mapping), f"{where}: wanted an object", shown(value))
    data = cast("Mapping[str, object]", value)
    hints = get_type_hints(kind)
    for name in data:
        wanted(name in hints, f"{where or 'the session'}: wanted only {', '.join(hints)}", shown(name))
    given: dict[str, object] = {}
    for field in dataclasses.fields(kind):
        place = f"{where}.{field.name}" if where else field.name
        if field.name in data:
            given[field.name] = read_as(hints[field.name], data[field.name], place)
        elif field.default is dataclasses.MISSING:
            raise Refused(f"{place}: wanted a value, found nothing")
    return kind(**given)


def _several(inner: tuple[Any, ...], value: object, where: str) -> tuple[object, ...]:
    wanted(isinstance(value, list | tuple), f"{where}: wanted a list", shown(value))
    items = cast("list[object]", value)
    if inner[-1] is Ellipsis:
        return tuple(read_as(inner[0], item, f"{where}[{place}]") for place, item in enumerate(items))
    wanted(len(items) == len(inner), f"{where}: wanted {len(inner)} values", shown(items))
    return tuple(
        read_as(hint, item, f"{where}[{place}]") for place, (hint, item) in enumerate(zip(inner, items, strict=True))
    )
