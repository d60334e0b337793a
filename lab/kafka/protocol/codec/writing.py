"""Writing: writes the code that gives a message piece by piece."""

import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager

from lab.kafka.protocol.codec.runtime import SHORT
from lab.kafka.protocol.codec.source import KEY, Source, keyed
from lab.kafka.protocol.schema import (
    TOPIC_ID,
    Array,
    ByTopic,
    Converted,
    Field,
    Fixed,
    Kind,
    Single,
    Sized,
    Struct,
    Table,
)


class Packer:
    """Writes code that gives pieces to `add`; numbers wait until something else comes, and are packed together."""

    def __init__(self, source: Source, add: str) -> None:
        self.source = source
        self.add = add
        self.run: list[tuple[str, str]] = []

    def number(self, code: str, expression: str) -> None:
        """One number of a fixed size."""
        self.run.append((code, expression))

    def zero(self) -> None:
        """A byte of zero: an empty tag section, or what is not there."""
        self.run.append(("x", ""))

    def piece(self, expression: str) -> None:
        """Bytes that are there already."""
        self.flush()
        self.source.line(f"{self.add}({expression})")

    def flush(self) -> None:
        """What waits comes first."""
        if self.run:
            layout = struct.Struct(">" + "".join(code for code, _ in self.run))
            values = ", ".join(expression for _, expression in self.run if expression)
            packed = f"{self.source.constant(layout.pack, 'pack')}({values})"
            self.source.line(f"{self.add}({packed if values else self.source.constant(layout.pack(), 'zero')})")
            self.run = []

    def length(self, code: str, expression: str) -> None:
        """A length, which is one more where it is compact."""
        if self.source.flexible:
            size = self.source.new("n")
            self.flush()
            self.source.line(f"{size} = {expression} + 1")
            self.piece(f"SHORT[{size}] if {size} < {len(SHORT)} else uvarint({size})")
        else:
            self.number(code, expression)

    def null(self, code: str) -> None:
        """The length of what is not there."""
        if self.source.flexible:
            self.zero()
        else:
            self.number(code, "-1")

    @contextmanager
    def block(self, text: str) -> Generator[None]:
        """Code under a condition or in a loop: nothing waits across its borders."""
        self.flush()
        self.source.line(text)
        with self.source.indented():
            yield
            self.flush()
            self.source.line("pass")


def write_fields(
    packer: Packer, fields: tuple[Field, ...], value_of: Callable[[Field], str], *, tags: bool = True
) -> None:
    """Code that writes a struct; `value_of` is the expression for a field that the engine knows."""
    source = packer.source

    def value(one: Field) -> str:
        return value_of(one) if one.attribute is not None else source.constant(one.default)

    for one in source.fields(fields):
        _write(packer, one.kind, value(one))
    if not source.flexible or not tags:
        return
    known = [one for one in source.tagged(fields) if one.attribute is not None]
    if not known:
        packer.zero()
        return
    said = [f"{value(one)} != {source.constant(one.default)}" for one in known]
    with packer.block(f"if {' or '.join(said)}:"):
        section = source.new("tags")
        source.line(f"{section} = []")
        for one, condition in zip(known, said, strict=True):
            _write_tag(packer, one, value(one), condition, section)
        packer.piece(f"uvarint(len({section})) + b''.join({section})")
    with packer.block("else:"):
        packer.zero()


def _write_tag(packer: Packer, one: Field, value: str, condition: str, section: str) -> None:
    """Code that adds a field to a tag section, if it has something to say."""
    source = packer.source
    part = source.new("part")
    with packer.block(f"if {condition}:"):
        source.line(f"{part} = []")
        inner = Packer(source, f"{part}.append")
        _write(inner, one.kind, value)
        inner.flush()
        source.line(f"{part} = b''.join({part})")
        source.line(f"{section}.append(uvarint({one.tag}) + uvarint(len({part})) + {part})")


def _write(packer: Packer, kind: Kind, value: str) -> None:
    """Code that writes one value."""
    source = packer.source
    match kind:
        case Fixed():
            packer.number(kind.code, value)
        case Sized():
            _write_sized(packer, kind, value)
        case Converted():
            converted = source.new()
            packer.flush()
            source.line(f"{converted} = {source.constant(kind.write)}({value})")
            _write(packer, kind.kind, converted)
        case Struct():
            _write_struct(packer, kind, value)
        case Single():
            _write(packer, kind.of, f"{value}[0]")
        case Array():
            with _elements(packer, value, nullable=kind.nullable.has(source.version)) as item:
                _write(packer, kind.of, item)
        case Table():
            with _pairs(packer, value, nullable=kind.nullable.has(source.version), items=".items()") as pair:
                _write_keyed(packer, kind.key, kind.value, kind.key_at, pair)
        case ByTopic():
            _write_by_topic(packer, kind, value)


def _write_sized(packer: Packer, kind: Sized, value: str) -> None:
    source = packer.source
    code = "h" if kind.text else "i"
    if not kind.nullable.has(source.version):
        _write_present(packer, kind, value, code)
        return
    with packer.block(f"if {value} is None:"):
        packer.null(code)
    with packer.block("else:"):
        _write_present(packer, kind, value, code)


def _write_present(packer: Packer, kind: Sized, value: str, code: str) -> None:
    source = packer.source
    packer_value = value
    if kind.text:
        packer_value = source.new("text")
        source.line(f"{packer_value} = {value}.encode()")
    packer.length(code, f"len({packer_value})")
    packer.piece(packer_value)


@contextmanager
def _elements(packer: Packer, value: str, *, nullable: bool) -> Generator[str]:
    """Code that writes an array; within, that for the element of the given name."""
    item = packer.source.new("item")
    with _loop(packer, item, value, nullable=nullable):
        yield item


@contextmanager
def _pairs(packer: Packer, value: str, *, nullable: bool, items: str = "") -> Generator[tuple[str, str]]:
    """The same where elements are pairs; `items`: how to come by them."""
    key, inside = packer.source.new("key"), packer.source.new("value")
    with _loop(packer, f"{key}, {inside}", value, nullable=nullable, items=items):
        yield key, inside


@contextmanager
def _loop(packer: Packer, target: str, value: str, *, nullable: bool, items: str = "") -> Generator[None]:
    source = packer.source
    rows = source.new("rows")
    packer.flush()
    source.line(f"{rows} = {value}")
    if nullable:
        with packer.block(f"if {rows} is None:"):
            packer.null("i")
        with packer.block("else:"):
            packer.length("i", f"len({rows})")
        source.line(f"{rows} = {rows} or {'{}' if items else '()'}")
    else:
        packer.length("i", f"len({rows})")
    with packer.block(f"for {target} in {rows}{items}:"):
        yield


def _write_struct(packer: Packer, kind: Struct, value: str) -> None:
    if not kind.nullable.has(packer.source.version):
        write_fields(packer, kind.fields, values_of(packer, kind, value), tags=not kind.inline)
        return
    with packer.block(f"if {value} is None:"):
        packer.number("b", "-1")
    with packer.block("else:"):
        packer.number("b", "1")
        write_fields(packer, kind.fields, values_of(packer, kind, value))


def values_of(packer: Packer, kind: Struct, value: str) -> Callable[[Field], str]:
    """Where the fields of a struct are found in the object that `value` is."""
    if kind.make is not None and kind.parts is None:
        return lambda one: f"{value}.{one.attribute}"
    if kind.parts is not None:
        parts = packer.source.new("parts")
        packer.source.line(f"{parts} = {packer.source.constant(kind.parts)}({value})")
        value = parts
    names = list(dict.fromkeys(one.attribute for one in kind.fields if one.attribute is not None))
    return lambda one: f"{value}[{names.index(one.attribute or '')}]"


def _write_keyed(
    packer: Packer, key: Field, value: "Field | Struct | None", key_at: int, pair: tuple[str, str]
) -> None:
    """Code that writes an entry of a table, by the names of its key and what is kept there."""
    inside = values_of(packer, value, pair[1]) if isinstance(value, Struct) else None

    def value_of(one: Field) -> str:
        if one.attribute == KEY:
            return pair[0]
        return inside(one) if inside is not None else pair[1]

    write_fields(packer, keyed(key, value, key_at), value_of)


def _write_by_topic(packer: Packer, kind: ByTopic, value: str) -> None:
    source = packer.source
    topics = source.new("topics")
    packer.flush()
    nullable = kind.nullable.has(source.version)
    group = "in_runs" if kind.in_order else "grouped"
    source.line(f"{topics} = {f'None if {value} is None else ' if nullable else ''}{group}({value})")
    with _pairs(packer, topics, nullable=nullable) as (topic, partitions):
        if kind.ids.has(source.version):
            _write(packer, TOPIC_ID, topic)
        else:
            _write_present(packer, Sized(text=True), topic, "h")
        if kind.value is None:
            with _elements(packer, partitions, nullable=False) as item:
                packer.number("i", item)
        else:
            with _pairs(packer, partitions, nullable=False) as pair:
                _write_keyed(packer, Field(kind.index, Fixed("i")), kind.value, kind.key_at, pair)
        if source.flexible:
            packer.zero()
