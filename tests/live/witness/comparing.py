"""Two minutes of one script, compared field by field."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.live.witness.talk import Said


@dataclass(frozen=True)
class Difference:
    """Of one answer, one field."""

    api: str
    case: str
    version: int
    field: str
    apache: Any
    ours: Any


def _whether(value: Any) -> Any:
    return value if value in (None, "", -1, 0) else "some"


def _sentence(value: Any) -> Any:
    return "some" if value else None


def _always(value: Any) -> Any:
    return "any"


def _known_id(value: Any) -> Any:
    return value if value == "00000000-0000-0000-0000-000000000000" else value if value is None else "some"


NORMALISED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "throttle_time": (_always, "Kafka may say it at any time"),
    "topic_id": (_known_id, "drawn at random; whether there is one is compared"),
    "port": (_whether, "whatever was free"),
    "controller_id": (_whether, "Kafka draws any broker"),
    "cluster_id": (_whether, "each has its own"),
    "member_id": (lambda value: value if value in ("", None, "nobody") else "some", "drawn at random"),
    "leader": (
        lambda value: value if value in ("", -1) or isinstance(value, int) else "some",
        "a member's id, in a group",
    ),
    "producer_id": (_whether, "dealt out in blocks"),
    "session_id": (_whether, "drawn at random"),
    "error_message": (_sentence, "sentences have no contract; whether there is one is compared, null or empty is none"),
    "batch_index_error_message": (_sentence, "likewise"),
    "first_timestamp": (_whether, "the clock, in markers and where the broker dates"),
    "max_timestamp": (_whether, "likewise"),
    "log_append_time": (_whether, "the clock"),
    "transaction_start_time": (_whether, "the clock"),
    "last_timestamp": (_whether, "the clock"),
    "last_fetch_timestamp": (_always, "the clock"),
    "last_caught_up_timestamp": (_always, "the clock"),
    "finalized_features_epoch": (_always, "the offset of a metadata log with other records in it"),
    "log_end_offset": (_always, "the offset of a metadata log with other records in it"),
    "log_dir": (_whether, "a folder of the machine"),
    "size": (_whether, "of a whole log, with its tail"),
    "documentation": (_whether, "prose"),
}
"""Fields in which two clusters differ without being different, and why."""
MEANINGLESS_ORDER = (
    "name", "topic_name", "topic", "topic_id", "group_id", "transactional_id", "key", "partition_index", "partition",
    "node_id", "broker_id", "api_key", "resource_name",
)  # fmt: skip
"""Arrays of what has one of these are sorted by it: Kafka keeps them in hash tables."""
SETS = ("isr_nodes",)
"""Arrays of numbers that mean the same in any order."""


def differences(apache: list[Said], ours: list[Said]) -> Iterator[tuple[Said, list[Difference]]]:
    """Each row of the script with what differs in it."""
    assert [(one.api, one.case, one.version) for one in apache] == [(one.api, one.case, one.version) for one in ours]
    for theirs, mine in zip(apache, ours, strict=True):
        left, right = dict(_fields("", theirs.answer)), dict(_fields("", mine.answer))
        found = [
            Difference(
                theirs.api, theirs.case, theirs.version, name, left.get(name, "absent"), right.get(name, "absent")
            )
            for name in dict.fromkeys((*left, *right))
            if left.get(name, "absent") != right.get(name, "absent")
        ]
        yield theirs, found


def _fields(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name in SETS:
                yield f"{path}.{name}".lstrip("."), sorted(one)
            elif isinstance(one, dict | list):
                yield from _fields(f"{path}.{name}".lstrip("."), one)
            else:
                yield f"{path}.{name}".lstrip("."), NORMALISED[name][0](one) if name in NORMALISED else one
    elif isinstance(value, list):
        if not value:
            yield f"{path}[]", "empty"
        for name, one in _named(value):
            yield from _fields(f"{path}[{name}]", one)
    else:
        yield path, value


def _named(values: list[Any]) -> list[tuple[str, Any]]:
    """The elements of an array under the names by which they are told apart."""
    if not all(isinstance(one, dict) for one in values):
        return [(str(number), one) for number, one in enumerate(values)]
    found, used = [], dict[str, int]()
    for one in values:
        key = next((key for key in MEANINGLESS_ORDER if one.get(key) not in (None, "")), None)
        name = "" if key is None else str(NORMALISED[key][0](one[key]) if key in NORMALISED else one[key])
        used[name] = used.get(name, -1) + 1
        found.append((f"{name}#{used[name]}" if used[name] or not name else name, one))
    return found
