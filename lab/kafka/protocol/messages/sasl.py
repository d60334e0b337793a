"""SaslHandshake (17) and SaslAuthenticate (36): by which mechanism a client proves who it is, and the proof."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import BYTES, ERROR, INT64, NULLABLE_STRING, STRING, Array, api, message, unused, wire


@dataclass(slots=True)
class SaslHandshakeRequest:
    """The mechanism that the client has chosen. After version 0 bare tokens follow, after version 1 requests."""

    mechanism: str


@dataclass(slots=True)
class SaslHandshakeResponse:
    """Whether it is one of those that are known here, and which these are."""

    error_code: ErrorCode
    mechanisms: tuple[str, ...] = ()


@dataclass(slots=True)
class SaslAuthenticateRequest:
    """What the mechanism has the client say."""

    auth_bytes: bytes


@dataclass(slots=True)
class SaslAuthenticateResponse:
    """What it has the broker say."""

    error_code: ErrorCode
    error_message: str | None = None
    auth_bytes: bytes = b""


SASL_HANDSHAKE = api(
    17, "SaslHandshake", "0-1", None,
    message(SaslHandshakeRequest, wire("mechanism", STRING)),
    message(SaslHandshakeResponse, wire("error_code", ERROR), wire("mechanisms", Array(STRING))),
)  # fmt: skip

SASL_AUTHENTICATE = api(
    36, "SaslAuthenticate", "0-2", 2,
    message(SaslAuthenticateRequest, wire("auth_bytes", BYTES)),
    message(
        SaslAuthenticateResponse,
        wire("error_code", ERROR),
        wire("error_message", NULLABLE_STRING),
        wire("auth_bytes", BYTES),
        unused("session_lifetime_ms", INT64, 0, "1+"),
    ),
)  # fmt: skip
