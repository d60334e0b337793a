"""Reading: writes the code that reads a struct, a field, an array, a table."""

import struct

from lab.kafka.protocol.codec.source import KEY, Source, keyed
from lab.kafka.protocol.schema import (
    REQUIRED,
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


def read_fields(source: Source, fields: tuple[Field, ...], *, tags: bool = True) -> dict[str, str]:
    """Code that reads a struct's fields. Returns attribute -> expression, for those that the engine knows."""
    values: dict[str, str] = {}
    run: list[tuple[str, Fixed]] = []
    for one in source.fields(fields):
        kind = one.kind
        if isinstance(kind, Fixed):
            name = source.new()
            run.append((name, kind))
        else:
            _read_run(source, run)
            name = _read(source, kind, one.name)
        if one.attribute is not None:
            values[one.attribute] = name
    _read_run(source, run)
    if source.flexible and tags:
        _read_tags(source, fields, values)
    for one in fields:
        if one.attribute is not None and one.attribute not in values and one.default is not REQUIRED:
            values[one.attribute] = source.constant(one.default)
    order = [one.attribute for one in fields if one.attribute in values]
    return {str(attribute): values[str(attribute)] for attribute in order}


def _read_run(source: Source, run: list[tuple[str, Fixed]]) -> None:
    """Numbers that stand together, at one stroke."""
    if not run:
        return
    layout = struct.Struct(">" + "".join(kind.code for _, kind in run))
    names = ", ".join(name for name, _ in run)
    source.line(f"{names}, = {source.constant(layout.unpack_from, 'unpack')}(buf, at)")
    source.line(f"at += {layout.size}")
    for name, kind in run:
        if kind.meaning is not None:
            source.line(f"{name} = {source.constant(kind.meaning)}({name})")
    run.clear()


def _read_tags(source: Source, fields: tuple[Field, ...], values: dict[str, str]) -> None:
    known = source.tagged(fields)
    source.line("if buf[at] == 0:")
    with source.indented():
        source.line("at += 1")
        for one in known:
            if one.attribute is not None:
                values[one.attribute] = source.new("tagged")
                source.line(f"{values[one.attribute]} = {source.constant(one.default)}")
    source.line("else:")
    with source.indented():
        if not known:
            source.line("at = skip_tags(buf, at, end)")
            return
        for one in known:
            if one.attribute is not None:
                source.line(f"{values[one.attribute]} = {source.constant(one.default)}")
        count, tag, size, behind = (source.new(hint) for hint in ("count", "tag", "size", "behind"))
        source.line(f"{count}, at = read_uvarint(buf, at)")
        source.line(f"for _ in range({count}):")
        with source.indented():
            source.line(f"{tag}, at = read_uvarint(buf, at)")
            source.line(f"{size}, at = read_uvarint(buf, at)")
            source.line(f"{behind} = at + {size}")
            source.line(f"if {behind} > end: raise short({size}, {behind}, end)")
            for one in known:
                source.line(f"if {tag} == {one.tag}:")
                with source.indented():
                    found = _read(source, one.kind, one.name)
                    if one.attribute is not None:
                        source.line(f"{values[one.attribute]} = {found}")
            # Without this, what one tag holds could be read for every tag that claims to have no bytes.
            source.line(f"if at > {behind}: raise short(at - {behind}, at, {behind})")
            source.line(f"at = {behind}")


def _read(source: Source, kind: Kind, name: str) -> str:
    """Code that reads one value. Returns the name it has then."""
    match kind:
        case Fixed():
            found = source.new()
            _read_run(source, [(found, kind)])
            return found
        case Sized():
            return _read_sized(source, kind, name)
        case Converted():
            raw = _read(source, kind.kind, name)
            found = source.new()
            source.line(f"{found} = {source.constant(kind.read)}({raw})")
            return found
        case Array():
            return _read_array(source, kind, name)
        case Struct():
            return _read_struct(source, kind, name)
        case Single():
            found = source.new()
            source.line(f"{found} = ({_read(source, kind.of, name)},)")
            return found
        case Table():
            return _read_table(source, kind, name)
        case ByTopic():
            return _read_by_topic(source, kind, name)


def _read_length(source: Source, code: str) -> str:
    """Code that reads a length; negative means null."""
    size = source.new("n")
    if source.flexible:
        source.line(f"{size} = buf[at] - 1")
        source.line("at += 1")
        source.line(f"if {size} > 126:")
        with source.indented():
            source.line(f"{size}, at = read_uvarint(buf, at - 1)")
            source.line(f"{size} -= 1")
    else:
        layout = struct.Struct(f">{code}")
        source.line(f"{size}, = {source.constant(layout.unpack_from, 'unpack')}(buf, at)")
        source.line(f"at += {layout.size}")
    return size


def _read_sized(source: Source, kind: Sized, name: str) -> str:
    size = _read_length(source, "h" if kind.text else "i")
    found, behind = source.new(), source.new("behind")
    source.line(f"if {size} < 0:")
    with source.indented():
        if kind.nullable.has(source.version):
            source.line(f"{found} = None")
        else:
            source.line(f"raise null({name!r}, at)")
    source.line("else:")
    with source.indented():
        source.line(f"{behind} = at + {size}")
        source.line(f"if {behind} > end: raise short({size}, {behind}, end)")
        part = f"buf[at:{behind}]"
        value = f"str({part}, 'utf-8')" if kind.text else part if kind.view else f"bytes({part})"
        source.line(f"{found} = {value}")
        source.line(f"at = {behind}")
    return found


def _read_count(source: Source, name: str, *, nullable: bool) -> str:
    """Code that reads how many there are: -1 for null. An element has at least one byte, so that a lie about their
    number is found before anything is made.
    """
    count = _read_length(source, "i")
    source.line(f"if {count} > end - at: raise Malformed(f'{name}: {{{count}}} wanted, {{end - at}} bytes left')")
    if not nullable:
        source.line(f"if {count} < 0: raise null({name!r}, at)")
    return count


def _read_array(source: Source, kind: Array, name: str) -> str:
    nullable = kind.nullable.has(source.version)
    count = _read_count(source, name, nullable=nullable)
    found, items = source.new(), source.new("items")
    if isinstance(kind.of, Fixed) and kind.of.meaning is None and kind.of.code in "bhiqH":
        size = struct.calcsize(kind.of.code)
        source.line(f"{found} = unpack_from(f'>{{max({count}, 0)}}{kind.of.code}', buf, at)")
        source.line(f"at += {size} * max({count}, 0)")
    else:
        source.line(f"{items} = []")
        source.line(f"for _ in range({count}):")
        with source.indented():
            source.line(f"{items}.append({_read(source, kind.of, name)})")
        source.line(f"{found} = tuple({items})")
    if nullable:
        source.line(f"if {count} < 0: {found} = None")
    return found


def _read_struct(source: Source, kind: Struct, name: str) -> str:
    found = source.new()
    if kind.nullable.has(source.version):
        present = _read(source, Fixed("b"), name)
        source.line(f"{found} = None")
        source.line(f"if {present} >= 0:")
        with source.indented():
            source.line(f"{found} = {source.make(kind.make, read_fields(source, kind.fields))}")
        return found
    source.line(f"{found} = {source.make(kind.make, read_fields(source, kind.fields, tags=not kind.inline))}")
    return found


def _read_keyed(source: Source, key: Field, value: "Field | Struct | None", key_at: int) -> tuple[str, str]:
    """Code that reads one entry of a table. Returns the expressions of key and value."""
    values = read_fields(source, keyed(key, value, key_at))
    found = values.pop(KEY)
    if value is None:
        return found, "None"
    if isinstance(value, Field):
        return found, next(iter(values.values()))
    return found, source.make(value.make, values)


def _read_table(source: Source, kind: Table, name: str) -> str:
    nullable = kind.nullable.has(source.version)
    count = _read_count(source, name, nullable=nullable)
    found = source.new()
    source.line(f"{found} = {{}}")
    source.line(f"for _ in range({count}):")
    with source.indented():
        key, value = _read_keyed(source, kind.key, kind.value, kind.key_at)
        source.line(f"{found}[{key}] = {value}")
    if nullable:
        source.line(f"if {count} < 0: {found} = None")
    return found


def _partition(topic: str, index: str) -> str:
    """An expression for a TopicPartition, past the function by which a named tuple takes its fields."""
    return f"new(TopicPartition, ({topic}, {index}))"


def _read_by_topic(source: Source, kind: ByTopic, name: str) -> str:
    nullable = kind.nullable.has(source.version)
    count = _read_count(source, name, nullable=nullable)
    found = source.new()
    source.line(f"{found} = {'[]' if kind.value is None else '{}'}")
    source.line(f"for _ in range({count}):")
    with source.indented():
        by_id = kind.ids.has(source.version)
        topic = _read(source, TOPIC_ID, "topic_id") if by_id else _read_sized(source, Sized(text=True), kind.topic)
        inner = _read_count(source, kind.partitions, nullable=False)
        source.line(f"for _ in range({inner}):")
        with source.indented():
            if kind.value is None:
                source.line(f"{found}.append({_partition(topic, _read(source, Fixed('i'), kind.index))})")
            else:
                index, value = _read_keyed(source, Field(kind.index, Fixed("i")), kind.value, kind.key_at)
                source.line(f"{found}[{_partition(topic, index)}] = {value}")
        if source.flexible:
            source.line("at = at + 1 if buf[at] == 0 else skip_tags(buf, at, end)")
    if kind.value is None:
        source.line(f"{found} = tuple({found})")
    if nullable:
        source.line(f"if {count} < 0: {found} = None")
    return found
