"""Connections that no client should open: the gateway closes them or lets them wait, and nobody else notices."""

import contextlib
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.apis import APIS, PLAIN_MAX, is_answered, read_request, read_response
from lab.kafka.protocol.codec import decode, encode, uvarint
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsResponse
from lab.kafka.protocol.messages.produce import PRODUCE, ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.live.gateway import BACKLOG_BYTES, READ_BYTES, UNANSWERED_MAX, Closed, Gateway, Opened, Received
from lab.live.limits import Limits
from tests.kafka.protocol.wire_bytes import Maker
from tests.live.broken_frames import head, valid_frame
from tests.live.raw import Raw, produce_frame
from tests.live.served import AT_ONCE, Served, served

API_VERSIONS = head(APIS[18], 3) + b"\x02a\x02b\0"
METADATA = head(APIS[3], 9) + b"\0\0\0\0\0"
PATIENCE_S = 20
MANY = 500
PINGS = 60
ONE = ClusterSpec(brokers=1, topics=(TopicSpec("orders", 1, 1),), broker_config=AT_ONCE)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@contextlib.contextmanager
def gateway(**settings: object) -> Iterator[tuple[Gateway, str]]:
    """One without a world behind it, and its address."""
    config = BrokerConfig({name.replace("_", "."): value for name, value in settings.items()})
    found = Gateway(limits=Limits.of(config))
    try:
        yield found, f"127.0.0.1:{found.open('broker-1', 0)}"
    finally:
        found.stop()


def framed(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame


def reasons(found: Gateway) -> list[str]:
    return [event.reason for event in found.events.copy() if isinstance(event, Closed)]


# --- turns ----------------------------------------------------------------------------------------


def test_what_had_come_already_does_not_wait_for_something_new():
    more = 10
    found = Gateway(threaded=False)
    try:
        with Raw(f"127.0.0.1:{found.open('broker-1', 0)}") as client:
            client.tcp.sendall(framed(METADATA) * (UNANSWERED_MAX + more))
            until(lambda: found.turn(0.01) or len(found.events) > UNANSWERED_MAX, "as many as may be unanswered")
            (connection,) = {event.connection for event in found.events}
            assert len(found.events) == 1 + UNANSWERED_MAX
            found.events.clear()
            for _ in range(UNANSWERED_MAX):
                found.send(connection, b"answer")
            begun = time.monotonic()
            found.turn(PATIENCE_S)
            assert time.monotonic() - begun < PATIENCE_S / 2
            assert [event.frame for event in found.events if isinstance(event, Received)] == [METADATA] * more
    finally:
        found.stop()


@pytest.mark.parametrize("pieces", [1, 2, 7, 300])
def test_a_frame_is_the_same_however_it_arrives(pieces: int):
    long = METADATA + bytes(range(256)) * 8_000
    sent = b"".join(map(framed, (METADATA, long, METADATA, long)))
    with gateway() as (found, address), Raw(address) as client:
        step = len(sent) // pieces + 1
        for at in range(0, len(sent), step):
            client.tcp.sendall(sent[at : at + step])
        until(lambda: len(found.events) == 5, "four frames")
        frames = [event.frame for event in found.events if isinstance(event, Received)]
        assert frames == [METADATA, long, METADATA, long]


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, -(1 << 31), (1 << 31) - 1, 104_857_601])
def test_spec_07_6_a_size_that_cannot_be_closes_before_anything_is_read(size: int):
    with gateway() as (found, address), Raw(address) as client:
        client.tcp.sendall(struct.pack(">i", size) + b"x" * 100)
        assert client.answer() is None
        until(lambda: bool(reasons(found)), "closed")
        assert f"{size:,} found" in reasons(found)[0]
        assert not any(isinstance(event, Received) for event in found.events)


def test_socket_request_max_bytes_is_the_longest_request():
    with gateway(socket_request_max_bytes=100) as (found, address), Raw(address) as client:
        client.send(b"x" * 100)
        until(lambda: any(isinstance(event, Received) for event in found.events), "received")
        client.send(b"x" * 101)
        assert client.answer() is None


# --- time -----------------------------------------------------------------------------------------


def test_an_idle_connection_is_closed_after_connections_max_idle_ms_and_one_that_waits_for_us_is_not():
    with gateway(connections_max_idle_ms=600) as (found, address), Raw(address) as idle, Raw(address) as waits:
        waits.send(API_VERSIONS)
        assert idle.answer() is None
        time.sleep(0.6)
        assert len(reasons(found)) == 1
        found.send(2, b"\0\0\0\x01!")
        assert waits.answer() == b"!"
        assert waits.answer() is None


def test_a_request_that_comes_byte_by_byte_is_not_waited_for_longer():
    with gateway(connections_max_idle_ms=600) as (found, address), Raw(address) as slow:
        slow.tcp.sendall(struct.pack(">i", 1_000))
        deadline = time.monotonic() + PATIENCE_S
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                slow.tcp.sendall(b"x")
                time.sleep(0.05)
        assert "bytes of one found" in reasons(found)[0]


# --- numbers --------------------------------------------------------------------------------------


def test_beyond_max_connections_who_comes_waits_until_somebody_goes():
    with gateway(max_connections=2) as (found, address), Raw(address), Raw(address) as second, Raw(address) as third:
        third.send(API_VERSIONS)
        until(lambda: sum(isinstance(event, Opened) for event in found.events) == 2, "two")
        time.sleep(0.2)
        assert not any(isinstance(event, Received) for event in found.events)
        second.tcp.close()
        until(lambda: any(isinstance(event, Received) for event in found.events), "the third is taken")


@pytest.mark.parametrize(("setting", "most"), [("queued_max_requests", 50), ("queued_max_request_bytes", 100_000)])
def test_what_nobody_takes_in_is_not_read(setting: str, most: int):
    """Twenty clients send 80 MB; the gateway holds what the setting allows, and a read of each."""
    frame = head(APIS[0], 7) + struct.pack(">hhi", -1, 0, 1) + b"x" * 10_000
    assert not is_answered(frame)
    with gateway(**{setting: most}) as (found, address), contextlib.ExitStack() as all_of_them:
        clients = [all_of_them.enter_context(Raw(address)) for _ in range(20)]
        for client in clients:
            client.tcp.setblocking(False)
        data = (struct.pack(">i", len(frame)) + frame) * 40
        for _ in range(10):
            for client in clients:
                with contextlib.suppress(BlockingIOError):
                    client.tcp.send(data)
            time.sleep(0.01)
        held = sum(len(event.frame) for event in found.events.copy() if isinstance(event, Received))
        assert 0 < held < 2 * READ_BYTES + (most if most > 1_000 else most * len(frame))


def test_what_one_client_pipelines_waits_in_its_socket_while_other_clients_are_read():
    with gateway() as (found, address), Raw(address) as greedy, Raw(address) as other:
        for _ in range(READ_BYTES // len(METADATA) * 3):
            greedy.tcp.settimeout(0.2)
            try:
                greedy.send(METADATA)
            except TimeoutError:
                break
        other.send(API_VERSIONS)
        until(lambda: any(isinstance(one, Received) and one.connection == 2 for one in found.events), "the other")
        taken = sum(isinstance(one, Received) and one.connection == 1 for one in found.events.copy())
        assert UNANSWERED_MAX <= taken <= READ_BYTES // len(METADATA) + UNANSWERED_MAX


def test_whether_a_request_is_answered_is_seen_in_its_bytes():
    batch = RecordBatch.build([Record(0, 1, b"k", b"v")]).data
    for acks, answered in ((0, False), (1, True), (-1, True)):
        assert is_answered(produce_frame(batch, "orders", 0, acks)) is answered
        assert is_answered(produce_frame(batch, "orders", 0, acks, "a transaction")) is answered
    assert all(is_answered(valid_frame(api, api.versions.last)) for api in APIS.values() if api.key)


@pytest.mark.parametrize("version", range(PRODUCE.versions.first, PRODUCE.versions.last + 1))
def test_what_is_seen_in_its_bytes_is_what_a_produce_says(version: int):
    tags = b"\x01\x05\x01x" if PRODUCE.request(version).is_flexible(version) else b""
    acks: set[int] = set()
    for seed in range(200):
        asked = Maker(PRODUCE.request(version), version, seed).message()
        name, long_name = (head(PRODUCE, version, client_id=one) for one in ("", "n" * 200))
        for begin in (name, long_name, long_name[: len(long_name) - bool(tags)] + tags):
            frame = begin + _with_acks(asked, version, seed % 3 - 1)
            _, request = read_request(frame)
            assert isinstance(request, ProduceRequest)
            acks.add(request.acks)
            assert is_answered(frame) is (request.acks != 0)
    assert acks == {-1, 0, 1}


def _with_acks(asked: bytes, version: int, acks: int) -> bytes:
    """The same request with others, which stand behind the transactional id."""
    schema = PRODUCE.request(version)
    said = decode(schema, version, asked)
    return b"".join(encode(schema, version, replace(said, acks=acks)))


# --- in a served cluster --------------------------------------------------------------------------


def test_spec_07_5_an_unknown_api_or_version_closes_the_connection_but_not_for_api_versions():
    with served(ONE) as cluster:
        for key, version in ((999, 0), (1, 99), (3, -1), (-1, 0), (32_767, 32_767)):
            with Raw(cluster.addresses) as client:
                assert client.ask(struct.pack(">hhih", key, version, 5, 1) + b"c\0\0\0\0\0\0") is None, (key, version)
        with Raw(cluster.addresses) as client:
            found = client.ask(struct.pack(">hhih", 18, 99, 5, 1) + b"c\0\x02a\x02b\0")
            assert found is not None
            _, body = read_response(APIS[18], 0, found)
            assert isinstance(body, ApiVersionsResponse)
            assert body.error_code is ErrorCode.UNSUPPORTED_VERSION
            assert client.ask(API_VERSIONS) is not None


def ping_ms(cluster: Served, pings: int = PINGS) -> list[float]:
    """How long a good client waits for the metadata, sorted."""
    found: list[float] = []
    with Raw(cluster.addresses) as client:
        for _ in range(pings):
            began = time.monotonic()
            assert client.ask(METADATA) is not None
            found.append((time.monotonic() - began) * 1_000)
    return sorted(found)


def many_connections(cluster: Served, stack: contextlib.ExitStack) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4 * MANY), hard), hard))
    clients = [stack.enter_context(Raw(cluster.addresses)) for _ in range(MANY)]
    for client in clients:
        client.send(API_VERSIONS)
    assert all(client.answer() is not None for client in clients)


def never_reads(cluster: Served, stack: contextlib.ExitStack) -> None:
    """It asks for 64 MB in small pieces, and takes none."""
    client = stack.enter_context(Raw(cluster.addresses))
    client.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    batch = RecordBatch.build([Record(0, time.time_ns() // 1_000_000, b"k", b"v" * 1_000_000)]).data
    assert client.produce(batch) is ErrorCode.NONE
    fetch = head(APIS[1], 4) + struct.pack(">iiiibi", -1, 100, 1, 50 << 20, 0, 1) + b"\0\x06orders"
    fetch += struct.pack(">iiqi", 1, 0, 0, 2 << 20)
    client.tcp.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        for _ in range(64):
            client.send(fetch)
    time.sleep(0.5)
    gate = cluster.server.gateway
    waiting = sum(one.going_bytes for one in list(gate._sockets.values()))
    assert BACKLOG_BYTES <= waiting <= BACKLOG_BYTES + (UNANSWERED_MAX + 1) * 1_100_000, f"{waiting:,} bytes wait"


def slow_lorises(cluster: Served, stack: contextlib.ExitStack) -> None:
    for _ in range(50):
        stack.enter_context(Raw(cluster.addresses)).tcp.sendall(struct.pack(">i", 100 << 20) + b"x" * 10_000)


def garbage(cluster: Served, stack: contextlib.ExitStack) -> None:
    for number in range(100):
        client = stack.enter_context(Raw(cluster.addresses))
        client.send(bytes((number,)) * 5_000)
        assert client.answer() is None


def asks_and_hangs_up(cluster: Served, stack: contextlib.ExitStack) -> None:
    """Under a new name each time."""
    for number in range(100):
        with Raw(cluster.addresses) as client:
            client.send(valid_frame(APIS[3], 9, client_id=f"passer-by-{number}"))


def asks_at_length(cluster: Served, stack: contextlib.ExitStack) -> None:
    """For half a million topics without a name."""
    client = stack.enter_context(Raw(cluster.addresses))
    count = (PLAIN_MAX - 1_000) // 2
    client.send(head(APIS[3], 9) + uvarint(count + 1) + b"\x01\0" * count + b"\0\0\0\0")
    client.send(head(APIS[3], 9) + b"x" * (50 << 20))


@pytest.mark.parametrize(
    "what", [asks_at_length, many_connections, never_reads, slow_lorises, garbage, asks_and_hangs_up]
)
def test_while_one_misbehaves_another_does_not_notice(what: Callable[[Served, contextlib.ExitStack], None]):
    with served(ONE) as cluster, contextlib.ExitStack() as stack:
        before = ping_ms(cluster)
        what(cluster, stack)
        meanwhile = ping_ms(cluster)
        middle = PINGS // 2
        print(
            f"{what.__name__}: median {before[middle]:.1f} -> {meanwhile[middle]:.1f} ms, "
            f"slowest {before[-1]:.1f} -> {meanwhile[-1]:.1f} ms"
        )
        assert meanwhile[middle] < 20 * before[middle] + 50
        assert meanwhile[-1] < 3_000
