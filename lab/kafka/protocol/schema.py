"""Schema: how a message stands on the wire, field by field and version by version (spec 7.1).

A schema stands beside the dataclass it describes, in the order of the bytes and with the protocol's names. It binds
each wire field to an attribute of the engine's message, whose shape serves the engine: what the wire nests by topic and
then by partition is one table by `TopicPartition` here. What the engine has no use for is `unused`: a constant when
written, passed over when read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.sentences import SENTENCES
from lab.kafka.protocol.topic_ids import topic_id_bytes, topic_id_of

LATEST = 32_767


class Versions(NamedTuple):
    """The versions of a message in which something is so."""

    first: int
    last: int

    @classmethod
    def of(cls, text: str) -> "Versions":
        """As Kafka writes it: `3+`, `0-14`, `2`."""
        if text.endswith("+"):
            return cls(int(text[:-1]), LATEST)
        first, _, last = text.partition("-")
        return cls(int(first), int(last or first))

    def has(self, version: int) -> bool:
        """Whether `version` is one of them."""
        return self.first <= version <= self.last


ALWAYS = Versions(0, LATEST)
NEVER = Versions(1, 0)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number of fixed size, by its `struct` code; `meaning` makes an enumeration of it."""

    code: str
    meaning: Callable[[int], int] | None = None


@dataclass(frozen=True, slots=True)
class Sized:
    """Bytes behind their length: int16 for a string, int32 for bytes and records, one varint for all where flexible.
    `text`: UTF-8. `view`: not copied out of the frame.
    """

    text: bool = False
    view: bool = False
    nullable: Versions = NEVER


@dataclass(frozen=True, slots=True)
class Converted:
    """What stands as `kind` on the wire and as something else in the engine."""

    kind: "Kind"
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Array:
    """Any number of `of`, in the engine a tuple; None where the array is null."""

    of: "Kind"
    nullable: Versions = NEVER


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields in a row. `make` is the engine's class, called with the attributes by name; None: a plain tuple. What has
    no such attributes is taken apart by `parts`, into a tuple. `inline`: a row within another struct.
    """

    make: Callable[..., Any] | None
    fields: "tuple[Field, ...]"
    nullable: Versions = NEVER
    parts: Callable[[Any], tuple[Any, ...]] | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Single:
    """A tuple of one in the engine, which stands alone on the wire: before there could be several in one request."""

    of: "Kind"


@dataclass(frozen=True, slots=True)
class Table:
    """An array of structs, in the engine a dict by the field `key`. `value` is one more field, or a Struct whose fields
    stand with the key in one struct; `key_at`: so many of them come before the key.
    """

    key: "Field"
    value: "Field | Struct"
    key_at: int = 0
    nullable: Versions = NEVER


@dataclass(frozen=True, slots=True)
class ByTopic:
    """An array of topics with an array of partitions each, in the engine one dict by TopicPartition; without a `value`
    a tuple of them. `ids`: the versions in which the topic is its id: that stands for the name until a broker has said
    the request again with names (see `ByTopicId`). `in_order`: partitions keep their order, so that a topic may
    come up again behind another.
    """

    value: "Field | Struct | None" = None
    topic: str = "name"
    partitions: str = "partitions"
    index: str = "partition_index"
    key_at: int = 0
    nullable: Versions = NEVER
    ids: Versions = NEVER
    in_order: bool = False


Kind = Fixed | Sized | Converted | Array | Struct | Single | Table | ByTopic

REQUIRED = object()
"""Of a field without a value for versions that lack it: the engine's class has one, or there is no such version."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the protocol, the `attribute` of the engine's message (None: unused), the versions that
    have it, and its value in those that do not. `tag`: it stands in the tag section, and only if it is not `default`.
    """

    name: str
    kind: Kind
    versions: Versions = ALWAYS
    attribute: str | None = None
    default: Any = REQUIRED
    tag: int | None = None
    tagged: Versions = field(default=NEVER)


def wire(
    name: str,
    kind: Kind,
    versions: str = "0+",
    *,
    attribute: str | None = None,
    default: Any = REQUIRED,
    tag: int | None = None,
) -> Field:
    """A field that the engine knows, as `attribute` or under the same name."""
    found = Versions.of(versions)
    return Field(name, kind, found, attribute or name, default, tag, found if tag is not None else NEVER)


def unused(name: str, kind: Kind, value: Any, versions: str = "0+", *, tag: int | None = None) -> Field:
    """A field that the engine does without: written as `value`, not looked at when read."""
    found = Versions.of(versions)
    return Field(name, kind, found, None, value, tag, found if tag is not None else NEVER)


BOOL, INT8, INT16, UINT16, INT32, INT64 = (Fixed(code) for code in "?bhHiq")
ERROR = Fixed("h", ErrorCode)
STRING, NULLABLE_STRING = Sized(text=True), Sized(text=True, nullable=ALWAYS)
BYTES, NULLABLE_BYTES = Sized(), Sized(nullable=ALWAYS)
RECORDS = Sized(view=True, nullable=ALWAYS)
UUID = Fixed("16s")
TOPIC_ID = Converted(UUID, topic_id_of, topic_id_bytes)
THROTTLE = unused("throttle_time_ms", INT32, 0)
UNKNOWN_OPERATIONS = -(1 << 31)
"""What the caller may do is not said: it was not asked for."""


def string(nullable: str) -> Sized:
    """A string that may be null in these versions only."""
    return Sized(text=True, nullable=Versions.of(nullable))


def or_empty(kind: Sized = NULLABLE_STRING) -> Converted:
    """A string that may be null on the wire; the engine takes that for an empty one, and writes that as null."""
    return Converted(kind, lambda found: found or "", lambda value: value or None)


def never_null(kind: Sized = NULLABLE_STRING) -> Converted:
    """A string that may be null on the wire, and that Kafka writes as an empty one instead."""
    return Converted(kind, lambda found: found or "", lambda value: value)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A request or a response: the engine's class, how it stands on the wire, the versions it is for, and from which on
    it is flexible.
    """

    kind: type
    struct: Struct
    versions: Versions
    flexible: int = LATEST

    def is_flexible(self, version: int) -> bool:
        """Whether compact lengths and tag sections are used."""
        return version >= self.flexible


@dataclass(frozen=True, slots=True, eq=False)
class Api:
    """What a client can ask for: its number, the versions held here, and those that are said to be (see `api`). Of
    requests and responses there is one kind, or a second one from some version on. `by_topic_id`: the versions in which
    topics are called by their ids.
    """

    key: int
    name: str
    versions: Versions
    advertised: Versions
    requests: tuple[Message, ...]
    responses: tuple[Message, ...]
    by_topic_id: Versions = NEVER

    @cache  # noqa: B019 (every API lives as long as the program)
    def request(self, version: int) -> Message:
        """How a request of that version stands on the wire."""
        return next(one for one in self.requests if one.versions.has(version))

    @cache  # noqa: B019
    def response(self, version: int) -> Message:
        """And its answer."""
        return next(one for one in self.responses if one.versions.has(version))


def message(
    kind: type,
    *fields: Field,
    versions: str = "0+",
    make: Callable[..., Any] | None = None,
    parts: Callable[[Any], tuple[Any, ...]] | None = None,
) -> Message:
    """One half of an `api`. `make` and `parts`: where the engine's class is not what its fields are."""
    return Message(kind, Struct(make or kind, fields, parts=parts), Versions.of(versions))


def api(
    key: int,
    name: str,
    versions: str,
    flexible: int | None,
    request: Message | tuple[Message, ...],
    response: Message | tuple[Message, ...],
    *,
    advertised: str | None = None,
    by_topic_id: Versions = NEVER,
) -> Api:
    """An API. `flexible` None: it never is. `advertised`: a range wider than the true one, for clients that conclude
    other things from it (KAFKA-18659); a request of a version that is not held closes the connection.
    """
    held = Versions.of(versions)
    begins = LATEST if flexible is None else flexible
    requests, responses = (
        tuple(replace(one, flexible=begins) for one in (each if isinstance(each, tuple) else (each,)))
        for each in (request, response)
    )
    return Api(key, name, held, Versions.of(advertised) if advertised else held, requests, responses, by_topic_id)


def struct(make: Callable[..., Any] | None, *fields: Field, nullable: str | None = None) -> Struct:
    """Fields in a row, an object of `make` in the engine; without one a tuple."""
    return Struct(make, fields, Versions.of(nullable) if nullable else NEVER)


def row(make: Callable[..., Any], parts: Callable[[Any], tuple[Any, ...]], *fields: Field) -> Struct:
    """Fields within another struct that are one thing in the engine."""
    return Struct(make, fields, parts=parts, inline=True)


def explained(versions: str = "0+") -> Struct:
    """An error, and from `versions` on Kafka's own sentence about it, which only people read."""
    sentence = wire("error_message", NULLABLE_STRING, versions, default=None)
    return row(_error, error_and_sentence, wire("error_code", ERROR), sentence)


def _error(error_code: ErrorCode, error_message: str | None) -> ErrorCode:
    return error_code


def error_and_sentence(error: ErrorCode) -> tuple[ErrorCode, str | None]:
    """As they stand on the wire."""
    return error, SENTENCES.get(error)


def _host(host: str, port: int) -> str:
    return f"{host}:{port}" if port and (host, port) != NOWHERE else host


def _host_and_port(address: str) -> tuple[str, int]:
    if not address:
        return NOWHERE
    host, colon, port = address.rpartition(":")
    return (host, int(port)) if colon else (address, 0)


NOWHERE = ("", -1)
HOST = row(_host, _host_and_port, wire("host", STRING), wire("port", INT32))
"""Where a node listens: `host:port` in the engine, "" for nowhere. A simulated one is found by its name, at port 0."""
