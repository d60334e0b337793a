"""Guard: lets in who proves to be a user, by SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.

It stands at the door, outside the world. What is sent before a client is known goes into no journal, so that a saved
session holds no password; and who is not known costs the world nothing.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab.kafka.protocol.apis import API_VERSIONS, APIS, api_versions, read_request, write_response
from lab.kafka.protocol.codec import Buffer
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
    SaslHandshakeResponse,
)
from lab.kafka.protocol.primitives import Malformed
from lab.live.scram import HASHES, Credential, Denied, Scram

PLAIN = "PLAIN"
MECHANISMS = (PLAIN, *HASHES)
RECEIVE_MAX = 524_288
"""Kafka's default of `sasl.server.max.receive.size`."""
FAILED = "Authentication failed: Invalid username or password"


@dataclass(slots=True)
class Stranger:
    """A connection over which nobody has proved anything yet. `bare`: tokens come without a header (version 0)."""

    mechanism: str = ""
    bare: bool = False
    scram: Scram | None = None


@dataclass(slots=True)
class Users:
    """Names and passwords, and what SCRAM keeps of them."""

    passwords: Mapping[str, str]
    mechanisms: tuple[str, ...] = MECHANISMS
    credentials: dict[str, dict[str, Credential]] = field(default_factory=dict[str, dict[str, Credential]])

    def __post_init__(self) -> None:
        for mechanism in self.mechanisms:
            if mechanism in HASHES:
                self.credentials[mechanism] = {
                    name: Credential.of(password, HASHES[mechanism]) for name, password in self.passwords.items()
                }


class Guard:
    """Of each connection, how far its client has come, and in the end which user it is. `send` and `close`: a
    gateway's.
    """

    def __init__(self, users: Users, send: Callable[[int, bytes], None], close: Callable[[int], None]) -> None:
        self.users = users
        self.send = send
        self.close = close
        self.strangers: dict[int, Stranger] = {}
        self.known: dict[int, str] = {}

    def opened(self, connection: int) -> None:
        """Somebody has come."""
        self.strangers[connection] = Stranger()

    def closed(self, connection: int) -> None:
        """And has gone."""
        self.strangers.pop(connection, None)
        self.known.pop(connection, None)

    def admits(self, connection: int, frame: Buffer) -> bool:
        """Whether a frame is for the world. One of a stranger is answered here, or closes the connection; what was
        sent behind that is for nobody.
        """
        if connection in self.known:
            return True
        stranger = self.strangers.get(connection)
        if stranger is None:
            return False
        try:
            if len(frame) > RECEIVE_MAX:
                raise Malformed(f"at most {RECEIVE_MAX:,} bytes wanted, {len(frame):,} found")
            if stranger.bare:
                self._bare(connection, stranger, bytes(frame))
            else:
                self._ask(connection, stranger, bytes(frame))
        except (Malformed, Denied):
            self.closed(connection)
            self.close(connection)
        return False

    def _ask(self, connection: int, stranger: Stranger, frame: bytes) -> None:
        header, body = read_request(frame)
        close = False
        match body:
            case None:
                self._answer(connection, API_VERSIONS.key, 0, header.correlation_id, _versions(known=False))
                return
            case ApiVersionsRequest() if not stranger.mechanism:
                answer: object = _versions(known=True)
            case SaslHandshakeRequest() if not stranger.mechanism:
                close = body.mechanism not in self.users.mechanisms
                error = ErrorCode.UNSUPPORTED_SASL_MECHANISM if close else ErrorCode.NONE
                answer = SaslHandshakeResponse(error, self.users.mechanisms)
                stranger.mechanism, stranger.bare = body.mechanism, header.version == 0
            case SaslAuthenticateRequest() if stranger.mechanism:
                answer, close = self._authenticate(connection, stranger, body.auth_bytes)
            case _:
                raise Denied
        self._answer(connection, header.key, header.version, header.correlation_id, answer)
        if close:
            self.closed(connection)
            self.close(connection)

    def _answer(self, connection: int, key: int, version: int, correlation_id: int, body: object) -> None:
        self.send(connection, b"".join(write_response(APIS[key], version, correlation_id, body)))

    def _authenticate(
        self, connection: int, stranger: Stranger, data: bytes
    ) -> tuple[SaslAuthenticateResponse, bool]:  # fmt: skip
        """The answer, and whether the connection ends with it."""
        try:
            said = self._token(connection, stranger, data)
        except Denied:
            return SaslAuthenticateResponse(ErrorCode.SASL_AUTHENTICATION_FAILED, FAILED), True
        return SaslAuthenticateResponse(ErrorCode.NONE, None, said), False

    def _bare(self, connection: int, stranger: Stranger, data: bytes) -> None:
        said = self._token(connection, stranger, data)
        self.send(connection, len(said).to_bytes(4, "big") + said)

    def _token(self, connection: int, stranger: Stranger, data: bytes) -> bytes:
        """The mechanism's answer; the client is no stranger any more if that was all. Raises Denied."""
        if stranger.mechanism == PLAIN:
            self._admit(connection, self._plain(data))
            return b""
        stranger.scram = stranger.scram or Scram(stranger.mechanism, self.users.credentials[stranger.mechanism])
        said, known = stranger.scram.take(data)
        if known:
            self._admit(connection, stranger.scram.user)
        return said

    def _admit(self, connection: int, user: str) -> None:
        self.strangers.pop(connection)
        self.known[connection] = user

    def _plain(self, data: bytes) -> str:
        """As whom, who, and the password, with zeros between (RFC 4616)."""
        parts = data.split(b"\0")
        if len(parts) != 3 or parts[0] not in (b"", parts[1]):
            raise Denied
        user = parts[1].decode("utf-8", "replace")
        password = self.users.passwords.get(user)
        if password is None or not hmac.compare_digest(password.encode(), parts[2]):
            raise Denied
        return user


def _versions(*, known: bool) -> object:
    return api_versions(ErrorCode.NONE if known else ErrorCode.UNSUPPORTED_VERSION)
