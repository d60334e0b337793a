"""A spec as plain data, for session files."""

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from lab.cluster.spec import ClusterSpec, ConsumerSpec, DataSpec, ProducerSpec, TopicSpec

VERSION = 1


def spec_to_data(spec: ClusterSpec) -> dict[str, Any]:
    """Nested dictionaries and lists."""
    return dataclasses.asdict(spec)


def spec_from(data: Mapping[str, Any]) -> ClusterSpec:
    """The inverse. Raises KeyError or TypeError where the data is not a spec; Refused where it is a wrong one."""
    values = dict(data)
    values["topics"] = tuple(TopicSpec(**_frozen(one)) for one in values["topics"])
    values["producers"] = tuple(_producer(one) for one in values["producers"])
    values["consumers"] = tuple(ConsumerSpec(**_frozen(one)) for one in values["consumers"])
    return ClusterSpec(**_frozen(values)).checked()


def _producer(data: Mapping[str, Any]) -> ProducerSpec:
    values = dict(data)
    values["data"] = DataSpec(**values["data"]) if values.get("data") is not None else None
    return ProducerSpec(**_frozen(values))


def _frozen(data: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples, all the way down, since specs are hashed."""
    return {name: _tuple(value) for name, value in data.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(one) for one in cast("list[Any]", value)) if isinstance(value, list) else value
