"""Source: the code of one compiled function while it is written."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from inspect import Parameter, signature
from itertools import takewhile
from typing import Any

from lab.kafka.protocol.codec.runtime import RUNTIME
from lab.kafka.protocol.schema import Field, Message, Struct


class Source:
    """The code of one function while it is written."""

    def __init__(self, schema: Message, version: int) -> None:
        self.schema = schema
        self.version = version
        self.flexible = schema.is_flexible(version)
        self.lines: list[str] = []
        self.names: dict[str, Any] = dict(RUNTIME)
        self.depth = 0
        self.count = 0

    def line(self, text: str) -> None:
        """One more line, where we are."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def indented(self) -> Generator[None]:
        """What is written within belongs to the line before."""
        self.depth += 1
        yield
        self.depth -= 1

    def new(self, hint: str = "v") -> str:
        """A name nobody uses."""
        self.count += 1
        return f"{hint}{self.count}"

    def constant(self, value: Any, hint: str = "C") -> str:
        """A name for an object from outside the code."""
        name = self.new(hint)
        self.names[name] = value
        return name

    def make(self, make: Callable[..., Any] | None, values: dict[str, str]) -> str:
        """An expression for the object that a struct is."""
        if make is None and not values:
            return "()"
        if make is None:
            return f"({', '.join(values.values())},)"
        placed = tuple(takewhile(values.__contains__, _by_position(make)))
        named = [f"{attribute}={value}" for attribute, value in values.items() if attribute not in placed]
        arguments = ", ".join([*(values[attribute] for attribute in placed), *named])
        return f"{self.constant(make, 'Make')}({arguments})"

    def fields(self, fields: tuple[Field, ...]) -> list[Field]:
        """Those of this version in the body of their struct."""
        return [one for one in fields if one.tag is None and one.versions.has(self.version)]

    def tagged(self, fields: tuple[Field, ...]) -> list[Field]:
        """Those of its tag section, by their tags."""
        if not self.flexible:
            return []
        found = [one for one in fields if one.tag is not None and one.tagged.has(self.version)]
        return sorted(found, key=lambda one: one.tag or 0)

    def compiled(self, name: str) -> Any:
        """The function."""
        code = "\n".join(self.lines)
        exec(compile(code, f"<{self.schema.kind.__name__} v{self.version} {name}>", "exec"), self.names)
        return self.names[name]


def _by_position(make: Callable[..., Any]) -> list[str]:
    """The parameters that need not be named. An argument by name costs several times as much as one in its place."""
    try:
        parameters = signature(make).parameters.values()
    except ValueError:  # `str` does not tell
        return []
    return [one.name for one in parameters if one.kind is Parameter.POSITIONAL_OR_KEYWORD]


KEY = " key"
"""The attribute under which a key is found among the fields of its struct: none that a class could have."""


def keyed(key: Field, value: "Field | Struct | None", key_at: int) -> tuple[Field, ...]:
    """The fields of a struct that stands for a key and its value."""
    others = () if value is None else value.fields if isinstance(value, Struct) else (value,)
    return (*others[:key_at], Field(key.name, key.kind, key.versions, KEY), *others[key_at:])
