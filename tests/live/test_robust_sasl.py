"""Who may come in: SASL as real clients speak it, and what is sent before it."""

import base64
import hashlib
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition as Partition

from lab.cluster.actions.programs import BringFrame
from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.apis import APIS, read_response
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import Api
from lab.live.guard import MECHANISMS, Guard, Users
from lab.live.listening import Listening, is_loopback
from lab.live.scram import Credential, Denied, Scram
from tests.live.broken_frames import every_version, head, valid_frame
from tests.live.raw import Raw
from tests.live.served import THREE, Served

PASSWORD = "pencil, and = ü"
USERS = {"alice": PASSWORD, "bob": "b"}
PATIENCE_S = 20


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    """One cluster for all tests here."""
    found = Served(Session(THREE, "Server"), users=Users(USERS))
    yield found
    found.stop()


def librdkafka(cluster: Served, mechanism: str, user: str = "alice", password: str = PASSWORD) -> dict[str, Any]:
    return {
        "bootstrap.servers": cluster.addresses, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism,
        "sasl.username": user, "sasl.password": password, "log_level": 0,
    }  # fmt: skip


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_librdkafka_proves_who_it_is_and_writes_and_reads(guarded: Served, mechanism: str):
    producer = Producer(librdkafka(guarded, mechanism) | {"client.id": f"shop-{mechanism}"})
    producer.produce("orders", mechanism, mechanism)
    assert producer.flush(PATIENCE_S) == 0
    reader = Consumer(librdkafka(guarded, mechanism) | {"group.id": mechanism, "auto.offset.reset": "earliest"})
    reader.subscribe(["orders"])
    deadline = time.monotonic() + PATIENCE_S
    found: list[bytes] = []
    while mechanism.encode() not in found and time.monotonic() < deadline:
        message = reader.poll(0.2)
        found += [message.value() or b""] if message is not None and not message.error() else []
    reader.close()
    assert mechanism.encode() in found


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_kafka_python_proves_who_it_is_and_writes_and_reads(guarded: Served, mechanism: str):
    who: dict[str, Any] = {
        "bootstrap_servers": guarded.addresses, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism,
        "sasl_plain_username": "bob", "sasl_plain_password": "b",
    }  # fmt: skip
    producer = KafkaProducer(**who)
    sent = producer.send("orders", mechanism.encode(), partition=2).get(PATIENCE_S)
    producer.close()
    consumer = KafkaConsumer(**who, consumer_timeout_ms=PATIENCE_S * 1_000)
    consumer.assign([Partition("orders", 2)])
    consumer.seek(Partition("orders", 2), sent.offset)
    assert next(consumer).value == mechanism.encode()
    consumer.close()


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_password_and_an_unknown_user_are_told_the_same(
    guarded: Served, mechanism: str, user: str, password: str
):
    errors: list[str] = []
    config = librdkafka(guarded, mechanism, user, password)
    config["error_cb"] = lambda error: errors.append(str(error))
    admin = AdminClient(config)
    deadline = time.monotonic() + PATIENCE_S
    while not errors and time.monotonic() < deadline:
        admin.poll(0.1)
    assert "Invalid username or password" in "".join(errors)


def test_whatever_is_asked_before_closes_the_connection_but_for_api_versions(guarded: Served):
    before = len(guarded.session.timeline.branch.journal)
    for api, version in every_version():
        if api.name not in ("ApiVersions", "SaslHandshake"):
            with Raw(guarded.addresses) as client:
                assert client.ask(valid_frame(api, version)) is None, (api.name, version)
    with Raw(guarded.addresses) as client:
        found = client.ask(struct.pack(">hhih", 18, 99, 5, 1) + b"c\0\x02a\x02b\0")
        assert found is not None
        body = said_in(APIS[18], 0, found)
        assert body.error_code is ErrorCode.UNSUPPORTED_VERSION
        assert client.ask(head(APIS[18], 3) + b"\x02a\x02b\0") is not None
        client.send(b"\0" * 600_000)
        assert client.answer() is None
    assert len(guarded.session.timeline.branch.journal) == before, "no stranger reaches the world"


def said_in(api: Api, version: int, frame: bytes) -> Any:
    """The message of an answer."""
    return read_response(api, version, frame)[1]


def handshake(client: Raw, mechanism: str, version: int = 1) -> ErrorCode:
    name = mechanism.encode()
    found = client.ask(head(APIS[17], version) + struct.pack(">h", len(name)) + name)
    assert found is not None
    body = said_in(APIS[17], version, found)
    assert body.mechanisms == MECHANISMS
    return body.error_code


def authenticate(client: Raw, token: bytes) -> ErrorCode | None:
    found = client.ask(head(APIS[36], 1) + struct.pack(">i", len(token)) + token)
    return None if found is None else said_in(APIS[36], 1, found).error_code


def test_a_mechanism_nobody_knows_is_told_which_there_are_and_is_closed(guarded: Served):
    with Raw(guarded.addresses) as client:
        assert handshake(client, "GSSAPI") is ErrorCode.UNSUPPORTED_SASL_MECHANISM
        assert client.answer() is None


@pytest.mark.parametrize(
    "token",
    [b"", b"\0", b"\0\0\0", b"\0alice\0", b"\0alice\0\xff\xfe", b"bob\0alice\0" + PASSWORD.encode(), b"x" * 9_000],
)
def test_a_plain_token_that_is_none_fails(guarded: Served, token: bytes):
    with Raw(guarded.addresses) as client:
        assert handshake(client, "PLAIN") is ErrorCode.NONE
        assert authenticate(client, token) is ErrorCode.SASL_AUTHENTICATION_FAILED
        assert client.answer() is None


def test_bare_tokens_follow_version_0_of_the_handshake(guarded: Served):
    with Raw(guarded.addresses) as client:
        assert handshake(client, "PLAIN", 0) is ErrorCode.NONE
        assert client.ask(b"\0alice\0" + PASSWORD.encode()) == b""
        assert client.ask(head(APIS[3], 9) + b"\0\0\0\0\0") is not None
        found = client.ask(head(APIS[17], 1) + b"\0\x05PLAIN")
        assert found is not None
        assert said_in(APIS[17], 1, found).error_code is ErrorCode.ILLEGAL_SASL_STATE


def test_what_is_sent_behind_a_wrong_password_is_for_nobody():
    closed: list[int] = []
    guard = Guard(Users(USERS), lambda connection, data: None, closed.append)
    guard.opened(7)
    token = b"\0alice\0wrong"
    assert not guard.admits(7, head(APIS[17], 1) + b"\0\x05PLAIN")
    assert not guard.admits(7, head(APIS[36], 1) + struct.pack(">i", len(token)) + token)
    assert closed == [7]
    assert not guard.admits(7, head(APIS[3], 9) + b"\0\0\0\0\0"), "it came before the connection was closed"


def test_no_password_stands_in_the_journal(guarded: Served):
    with Raw(guarded.addresses) as client:
        assert handshake(client, "PLAIN") is ErrorCode.NONE
        assert authenticate(client, b"\0alice\0" + PASSWORD.encode()) is ErrorCode.NONE
        assert client.ask(head(APIS[3], 9) + b"\0\0\0\0\0") is not None
    journal = guarded.session.timeline.branch.journal
    frames = [action.frame for _, action in journal if isinstance(action, BringFrame)]
    assert frames
    assert not any(PASSWORD.encode() in frame for frame in frames)


# --- the exchange of RFC 7677 ---------------------------------------------------------------------

RFC_SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
RFC_FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"


def rfc() -> Scram:
    """The server of the RFC's example, after the first message."""
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", RFC_SALT, 4_096)
    found = Scram("SCRAM-SHA-256", {"user": Credential.of("pencil", "sha256", RFC_SALT)})
    assert len(salted) == 32
    said, done = found.take(RFC_FIRST)
    assert not done
    assert said.startswith(b"r=rOprNGfwEbeRWgbNEkqO")
    assert said.endswith(b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    found.nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    found.said = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={found.nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    return found


RFC_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)


def test_the_example_of_rfc_7677_is_answered_as_there():
    assert rfc().take(RFC_FINAL) == (b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", True)


@pytest.mark.parametrize("at", range(0, len(RFC_FINAL), 5))
def test_with_any_byte_changed_it_is_denied(at: int):
    with pytest.raises(Denied):
        rfc().take(RFC_FINAL[:at] + bytes((RFC_FINAL[at] ^ 1,)) + RFC_FINAL[at + 1 :])


# --- where it may listen --------------------------------------------------------------------------


def test_only_loopback_needs_no_users(tmp_path: Path):
    assert all(is_loopback(one) for one in ("127.0.0.1", "127.1.2.3", "::1", "localhost"))
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""):
        assert not is_loopback(host)
        with pytest.raises(Refused, match=r"other machines can reach .* wanted --users FILE"):
            Listening.of(host, 9092, BrokerConfig(), None)
    users = tmp_path / "users"
    users.write_text("# who\nalice:a:b\n\nbob:c\n")
    found = Listening.of("0.0.0.0", 9092, BrokerConfig(), users)
    assert found.users is not None
    assert found.users.passwords == {"alice": "a:b", "bob": "c"}
    assert "Nothing is encrypted" in found.warning
    assert not Listening.of("127.0.0.1", 9092, BrokerConfig(), users).warning


@pytest.mark.parametrize("text", ["", "alice", ":x", "alice:", "alice:a\nalice:b", "\n# nobody\n"])
def test_a_file_of_users_that_is_none_is_refused_with_the_line(tmp_path: Path, text: str):
    users = tmp_path / "users"
    users.write_text(text)
    with pytest.raises(Refused, match=f"--users {users}: wanted"):
        Listening.of("127.0.0.1", 0, BrokerConfig(), users)
    with pytest.raises(Refused, match="wanted a text file"):
        Listening.of("127.0.0.1", 0, BrokerConfig(), tmp_path / "none")


def test_only_mechanisms_that_there_are_can_be_enabled(tmp_path: Path):
    users = tmp_path / "users"
    users.write_text("alice:a")
    with pytest.raises(Refused, match="wanted some of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, found 'PLAIN,GSSAPI'"):
        Listening.of("127.0.0.1", 0, BrokerConfig({"sasl.enabled.mechanisms": "PLAIN,GSSAPI"}), users)
    only = Listening.of("127.0.0.1", 0, BrokerConfig({"sasl.enabled.mechanisms": "SCRAM-SHA-512"}), users).users
    assert only is not None
    assert list(only.credentials) == ["SCRAM-SHA-512"]
