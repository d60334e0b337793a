"""Messages as kio has them: a codec that shares nothing with ours, so that a mistake of ours cannot hide in it."""

import datetime as dt
import io
import types
import typing
import uuid
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from kafka.protocol.admin.transactions import DescribeTransactionsResponse
from kio.index import load_request_schema, load_response_schema
from kio.schema.errors import ErrorCode
from kio.schema.index import api_key_map, schema_name_map
from kio.serial import entity_reader, entity_writer
from kio.serial.errors import OutOfBoundValue

KEYS = {name: key for key, name in api_key_map.items()}
NOTHING = {str: "", bytes: b"", bool: False, int: 0}


def versions_known(api: str) -> tuple[int, int]:
    return min(schema_name_map[api]), max(schema_name_map[api])


def request(api: str, version: int, correlation_id: int, client_id: str, said: dict[str, Any]) -> bytes:
    """A frame without its size. Of `said` goes what this version has; what it has besides is as empty as can be."""
    entity = load_request_schema(KEYS[api], version)
    header_of = entity.__header_schema__
    header = {
        "request_api_key": KEYS[api], "request_api_version": version, "correlation_id": correlation_id,
        "client_id": client_id,
    }  # fmt: skip
    out = io.BytesIO()
    entity_writer(header_of)(out, made(header_of, header))
    entity_writer(entity)(out, made(entity, said))
    return out.getvalue()


def answer(api: str, version: int, frame: bytes) -> dict[str, Any]:
    entity = load_response_schema(KEYS[api], version)
    _, at = entity_reader(entity.__header_schema__)(frame, 0)
    try:
        found, size = entity_reader(entity)(frame, at)
    except OutOfBoundValue:  # kio takes no time of -1, which Kafka says for a transaction that has not begun
        assert api == "describe_transactions"
        return _by_kafka_python(DescribeTransactionsResponse.decode(frame[at:], version=version).to_dict())
    assert at + size == len(frame), f"{api} {version}: {at + size} of {len(frame)} bytes read"
    return plain(found)


def _by_kafka_python(value: Any) -> Any:
    """The same names and kinds as kio's."""
    if isinstance(value, dict):
        names = {"throttle_time_ms": "throttle_time", "transaction_timeout_ms": "transaction_timeout",
                 "transaction_start_time_ms": "transaction_start_time"}  # fmt: skip
        return {
            names.get(name, name): ErrorCode(one).name.upper() if name == "error_code" else _by_kafka_python(one)
            for name, one in value.items()
        }
    return [_by_kafka_python(one) for one in value] if isinstance(value, list | tuple) else value


@cache
def _hints(entity: type) -> dict[str, Any]:
    return typing.get_type_hints(entity)


def made(entity: Any, said: dict[str, Any]) -> Any:
    hints = _hints(entity)
    return entity(**{
        one.name: _value(hints[one.name], said[one.name]) if one.name in said
        else one.default if one.default is not MISSING else _empty(hints[one.name])
        for one in fields(entity)
    })  # fmt: skip


def _value(hint: Any, value: Any) -> Any:
    kind, inner = _kind(hint)
    if value is None:
        return None
    if kind is tuple:
        return tuple(_value(inner, one) for one in value)
    if is_dataclass(kind):
        return made(kind, value)
    if issubclass(kind, dt.timedelta):
        return dt.timedelta(milliseconds=value)
    return value


def _empty(hint: Any) -> Any:
    kind, _ = _kind(hint)
    if type(None) in typing.get_args(hint):
        return None
    if kind is tuple:
        return ()
    if is_dataclass(kind):
        return made(kind, {})
    if issubclass(kind, dt.timedelta):
        return dt.timedelta(0)
    return next(value for base, value in NOTHING.items() if issubclass(kind, base) or base in kind.__mro__)


def _kind(hint: Any) -> tuple[Any, Any]:
    """The type behind `X | None`, and of a tuple what is in it."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (one for one in typing.get_args(hint) if one is not type(None))
    if typing.get_origin(hint) is tuple:
        return tuple, typing.get_args(hint)[0]
    return hint, None


def plain(value: Any) -> Any:
    """Dictionaries, lists, numbers, words: what can be compared and printed."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.name.upper()
    if isinstance(value, dt.timedelta):
        return value // dt.timedelta(milliseconds=1)
    if isinstance(value, dt.datetime):
        return int(value.timestamp() * 1_000 + 0.5)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value
