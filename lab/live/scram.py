"""Scram: the broker's half of SCRAM-SHA-256 and -512 (RFC 5802): the password never crosses the wire."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

ITERATIONS = 4_096
"""Kafka's least number, and the one its tools take."""
HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
FIRST = re.compile(r"([ny],(?:a=[^,]*)?,)(n=([^,]+),r=([!-+\--~]+)(?:,.*)?)")
FINAL = re.compile(r"(c=([^,]+),r=([^,]+)(?:,[^p].*)?),p=([^,]+)")


class Denied(Exception):
    """The proof is none, or there is no such user: the message does not say which."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What is kept of a password for one hash: enough to check a proof, and not to make one."""

    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, password: str, hash_name: str, salt: bytes = b"") -> "Credential":
        """With a fresh salt, unless one is given."""
        salt = salt or secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), salt, ITERATIONS)
        client_key = hmac.digest(salted, b"Client Key", hash_name)
        return cls(salt, hashlib.new(hash_name, client_key).digest(), hmac.digest(salted, b"Server Key", hash_name))


class Scram:
    """One exchange: two messages of the client, two answers."""

    def __init__(self, mechanism: str, credentials: dict[str, Credential]) -> None:
        self.hash_name = HASHES[mechanism]
        self.credentials = credentials
        self.user = ""
        self.begin = ""
        """What the client says of the channel; it is repeated under the proof."""
        self.nonce = ""
        self.said = ""
        """Both sides' first messages, as they are signed."""

    def take(self, data: bytes) -> tuple[bytes, bool]:
        """What to answer, and whether the client is who it says. Raises Denied."""
        try:
            text = data.decode()
            return (self._final(text), True) if self.nonce else (self._first(text), False)
        except (UnicodeDecodeError, binascii.Error):
            raise Denied from None

    def _first(self, text: str) -> bytes:
        found = FIRST.fullmatch(text)
        if found is None:
            raise Denied
        self.begin = found[1]
        self.user = found[3].replace("=2C", ",").replace("=3D", "=")
        credential = self.credentials.get(self.user)
        if credential is None:
            raise Denied
        self.nonce = found[4] + secrets.token_hex(16)
        answer = f"r={self.nonce},s={_base64(credential.salt)},i={ITERATIONS}"
        self.said = f"{found[2]},{answer}"
        return answer.encode()

    def _final(self, text: str) -> bytes:
        found = FINAL.fullmatch(text)
        if found is None or found[3] != self.nonce or found[2] != _base64(self.begin.encode()):
            raise Denied
        credential = self.credentials[self.user]
        signed = f"{self.said},{found[1]}".encode()
        signature = hmac.digest(credential.stored_key, signed, self.hash_name)
        proof = base64.b64decode(found[4], validate=True)
        if len(proof) != len(signature):
            raise Denied
        client_key = bytes(one ^ other for one, other in zip(proof, signature, strict=True))
        if not hmac.compare_digest(hashlib.new(self.hash_name, client_key).digest(), credential.stored_key):
            raise Denied
        return f"v={_base64(hmac.digest(credential.server_key, signed, self.hash_name))}".encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
