"""A client that speaks as it likes: frames over a plain socket."""

import socket
import struct
from typing import Self

from lab.kafka.protocol.apis import APIS, read_response
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceResponse
from lab.kafka.protocol.topics import TopicPartition
from tests.live.broken_frames import head

PATIENCE_S = 20
PRODUCE_VERSION = 9


class Raw:
    """One connection to the first of some addresses, or to broker number `broker`."""

    def __init__(self, addresses: str, broker: int = 0) -> None:
        host, _, port = addresses.split(",")[broker].rpartition(":")
        self.tcp = socket.create_connection((host, int(port)), timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tcp.close()

    def send(self, frame: bytes) -> None:
        self.tcp.sendall(struct.pack(">i", len(frame)) + frame)

    def answer(self) -> bytes | None:
        """The next frame, without its size; None once the connection is closed."""
        try:
            size = self._exactly(4)
            return None if size is None else self._exactly(int.from_bytes(size, "big"))
        except ConnectionError:
            return None

    def _exactly(self, size: int) -> bytes | None:
        found = b""
        while len(found) < size:
            part = self.tcp.recv(size - len(found))
            if not part:
                return None
            found += part
        return found

    def ask(self, frame: bytes) -> bytes | None:
        self.send(frame)
        return self.answer()

    def produce(self, data: bytes, topic: str = "orders", partition: int = 0, acks: int = 1) -> ErrorCode | None:
        """What a broker says to these bytes in the place of a batch; None if it closes."""
        frame = produce_frame(data, topic, partition, acks)
        found = self.ask(frame)
        if found is None:
            return None
        _, body = read_response(APIS[0], PRODUCE_VERSION, found)
        assert isinstance(body, ProduceResponse)
        return body.responses[TopicPartition(topic, partition)].error_code


def produce_frame(data: bytes, topic: str, partition: int, acks: int = 1, transactional_id: str | None = None) -> bytes:
    name = topic.encode()
    whose = b"\0" if transactional_id is None else _compact(transactional_id.encode())
    records = _compact(data)
    return b"".join((
        head(APIS[0], PRODUCE_VERSION), whose, struct.pack(">hi", acks, 1_000), b"\x02", _compact(name), b"\x02",
        struct.pack(">i", partition), records, b"\0\0\0",
    ))  # fmt: skip


def _compact(data: bytes) -> bytes:
    size, found = len(data) + 1, bytearray()
    while size >= 0x80:
        found.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(found) + bytes((size,)) + data
