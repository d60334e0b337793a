"""Setting and Config: what a setting is, and a checked set of values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from lab.env import millis

Value = int | bool | str
LONG_MAX = (1 << 63) - 1
INT_MAX = (1 << 31) - 1
WHOLE = re.compile(r"\s*-?[0-9]{1,19}\s*")
SHOWN_MAX = 60


class InvalidConfig(Exception):
    """A setting that does not exist, or a value that is not in its range; the message says the range."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. A number has a range, a text may have `choices`; `any_case`: written in whatever case, which stays
    as it is given, so that whoever reads it takes that off (Kafka's `CaseInsensitiveValidString`). `dynamic`: may
    change while running (KIP-226). `history`: (release, value), the oldest first: before that release of Apache Kafka
    the default was the value.
    """

    name: str
    default: Value
    meaning: str
    minimum: int = 0
    maximum: int = LONG_MAX
    choices: tuple[str, ...] = ()
    any_case: bool = False
    dynamic: bool = False
    history: tuple[tuple[str, Value], ...] = ()

    @property
    def update_mode(self) -> str:
        """How it may change, in Kafka's words. Its third mode, `per-broker`, is for what cannot be the same on all:
        listeners and keys, which are absent here. A cluster-wide setting may be set for one broker too.
        """
        return "cluster-wide" if self.dynamic else "read-only"

    @property
    def type(self) -> str:
        """Kafka's name for the kind of value it takes."""
        if isinstance(self.default, bool):
            return "BOOLEAN"
        if isinstance(self.default, int):
            return "INT" if self.maximum <= INT_MAX else "LONG"
        return "STRING"

    def default_in(self, release: str) -> Value:
        """The default in a release like `3.9`."""
        return next((value for before, value in self.history if _numbers(release) < _numbers(before)), self.default)

    @property
    def range(self) -> str:
        """The range in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, int):
            top = "" if self.maximum == LONG_MAX else f" and at most {self.maximum}"
            return f"a whole number of at least {self.minimum}{top}"
        if not self.choices:
            return "a text"
        return f"one of {', '.join(one or 'nothing' for one in self.choices)}{' in any case' if self.any_case else ''}"

    def parse(self, value: object) -> Value:
        """The value of this setting that `value` (perhaps as text) means. Raises InvalidConfig."""
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
            if not isinstance(value, str) or value.lower() not in ("true", "false"):
                raise self._wrong(value)
            return value.lower() == "true"
        if isinstance(self.default, int):
            return self._number(value)
        if not isinstance(value, str) or not self._may_be(value):
            raise self._wrong(value)
        return value

    def _may_be(self, text: str) -> bool:
        return not self.choices or (text.lower() if self.any_case else text) in self.choices

    def _number(self, value: object) -> int:
        if isinstance(value, str) and WHOLE.fullmatch(value):
            number = int(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        else:
            raise self._wrong(value)
        if not self.minimum <= number <= self.maximum:
            raise self._wrong(value)
        return number

    def _wrong(self, value: object) -> InvalidConfig:
        found = repr(value)
        shown = found if len(found) <= SHOWN_MAX else f"{found[:SHOWN_MAX]}…"
        return InvalidConfig(f"{self.name}: wanted {self.range}, found {shown}")


class Config:
    """Values for all settings of one kind; unnamed ones have their defaults.

    A setting `retention.ms` is read as the attribute `retention_ms`. Subclasses name their `settings` and
    declare the attributes, which a test compares. All kinds but a broker's are sealed: theirs never change. Where one
    declares `linger_us` beside `linger_ms`, it has that too: a client holds its clock against it in every turn.
    """

    settings: ClassVar[Mapping[str, Setting]] = {}
    durations: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.durations = tuple((name, f"{name[:-3]}_ms") for name in cls.__annotations__ if name.endswith("_us"))

    def __init__(self, values: Mapping[str, object] | Iterable[tuple[str, object]] = ()) -> None:
        given = dict(values)
        for name in given:
            if name not in self.settings:
                raise InvalidConfig(f"wanted one of the settings {', '.join(self.settings)}, found {name[:60]!r}")
        self.overrides: dict[str, Value] = {}
        for name, setting in self.settings.items():
            value = self.default_of(setting)
            if name in given:
                value = self.overrides[name] = setting.parse(given[name])
            setattr(self, attribute(name), value)
        self.check()
        self.count_in_micros()

    def count_in_micros(self) -> None:
        """Once more what is counted in milliseconds, as Micros."""
        for micros, milliseconds in self.durations:
            setattr(self, micros, millis(getattr(self, milliseconds)))

    def default_of(self, setting: Setting) -> Value:
        """The value of a setting that nobody has set."""
        return setting.default

    def check(self) -> None:
        """Refuse values that do not go together. Raises InvalidConfig."""

    def __getstate__(self) -> dict[str, Value]:
        return self.overrides

    def __setstate__(self, overrides: dict[str, Value]) -> None:
        self.overrides = overrides
        for name, setting in self.settings.items():
            setattr(self, attribute(name), overrides.get(name, self.default_of(setting)))
        self.count_in_micros()

    def changed(self, values: Mapping[str, str | None]) -> "dict[str, Value]":
        """The overrides after setting `values`; None goes back to the default. Raises InvalidConfig."""
        kept: dict[str, object] = {name: value for name, value in self.overrides.items() if name not in values}
        new = {name: value for name, value in values.items() if value is not None}
        return self.again({**kept, **new}).overrides

    def again(self, values: Mapping[str, object]) -> Self:
        """A config of the same kind with these values."""
        return type(self)(values)

    def shown(self, name: str) -> str:
        """The value of a setting as Kafka writes it."""
        return as_written(getattr(self, attribute(name)))


def as_written(value: Value) -> str:
    """A value as Kafka writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def attribute(name: str) -> str:
    """`retention.ms` as the name of an attribute."""
    return name.replace(".", "_")


def table(*settings: Setting, dynamic: bool = False) -> dict[str, Setting]:
    """Settings by name. `dynamic`: all of them may change while running."""
    return {one.name: replace(one, dynamic=True) if dynamic else one for one in settings}


def _numbers(release: str) -> tuple[int, ...]:
    """A release as something that can be compared: 3.10 comes after 3.9."""
    return tuple(int(part) for part in release.split("."))
