"""A client of a few lines: one socket, our own codec, and no patience of its own."""

import select
import socket

from lab.kafka.protocol.apis import BY_REQUEST, read_response, write_request
from lab.kafka.protocol.schema import Api


class RawClient:
    """Speaks to one broker. What has been asked is answered in order."""

    def __init__(self, address: str, client_id: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 10)
        self.client_id = client_id
        self.asked: list[tuple[Api, int]] = []
        self.coming = b""
        self.number = 0
        self.closed = False

    def ask(self, body: object, version: int) -> int:
        """Send a request; returns its correlation id."""
        api, _ = BY_REQUEST[type(body)]
        self.number += 1
        self.asked.append((api, version))
        self.socket.sendall(write_request(api, version, self.number, self.client_id, body))
        return self.number

    def heard(self) -> object | None:
        """The next answer, if it has come; notices that the connection is closed."""
        while not self.closed and select.select([self.socket], [], [], 0)[0]:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                data = b""
            self.closed = not data
            self.coming += data
        size = int.from_bytes(self.coming[:4], "big")
        if len(self.coming) < 4 + size or not self.coming:
            return None
        frame, self.coming = self.coming[4 : 4 + size], self.coming[4 + size :]
        api, version = self.asked.pop(0)
        return read_response(api, version, frame)[1]

    def close(self) -> None:
        self.socket.close()
