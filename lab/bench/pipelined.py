"""Pipelined: a small client that does not wait for one answer before it asks again."""

import socket
import threading
from time import perf_counter

from lab.kafka.protocol.apis import BY_REQUEST, SIZE_BYTES, write_request
from lab.kafka.protocol.messages.metadata import MetadataRequest

VERSION = 9
WAIT_S = 30.0


def requests_a_second(address: str, requests: int) -> float:
    """How many requests for metadata are answered in a second over one connection."""
    host, _, port = address.partition(",")[0].rpartition(":")
    api = BY_REQUEST[MetadataRequest][0]
    asked = b"".join(write_request(api, VERSION, one, "pipelined", MetadataRequest(())) for one in range(requests))
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        begun = perf_counter()
        sender = threading.Thread(target=connection.sendall, args=(asked,))
        sender.start()
        with connection.makefile("rb") as answers:
            for number in range(requests):
                frame = answers.read(int.from_bytes(answers.read(SIZE_BYTES), "big"))
                assert int.from_bytes(frame[:4], "big") == number, number
        sender.join()
        return requests / (perf_counter() - begun)
