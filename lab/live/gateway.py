"""Gateway: one TCP listener a broker, and a thread that moves bytes between sockets and two queues.

It knows frames and no messages: four bytes of size, then so many bytes. All that it hands over is data, in the order in
which it happened; all that it is told comes through `send`, `close`, `open` and `shut`, from any thread.
"""

import errno
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

FRAME_MAX = 104_857_600
"""`socket.request.max.bytes`: a longer frame closes its connection before it is read."""
CONNECTIONS_MAX = 1_000
READ_BYTES = 1 << 18
BACKLOG_BYTES = 64 << 20
"""A client that does not read is not read from either, once so much waits for it."""
_SIZE = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody has connected to a broker's port."""

    connection: int
    broker: str


@dataclass(frozen=True, slots=True)
class Received:
    """A whole frame, without its size."""

    connection: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side has gone, or sent what is no frame."""

    connection: int
    reason: str


Event: TypeAlias = Opened | Received | Closed


class _Socket:
    """One connection: what came in and is no whole frame yet, and what has not gone out."""

    __slots__ = ("at", "closing", "coming", "going", "going_bytes", "number", "tcp", "wanted")

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.tcp = connection
        self.coming = bytearray()
        self.going: deque[memoryview] = deque()
        self.going_bytes = 0
        self.closing = False
        self.wanted = selectors.EVENT_READ

    def fileno(self) -> int:
        return self.tcp.fileno()


class Gateway:
    """Listens on loopback, or where it is told. `wake` is called from its thread when something has come in."""

    def __init__(self, host: str = "127.0.0.1", wake: Callable[[], None] = lambda: None) -> None:
        self.host = host
        self.wake = wake
        self.events: deque[Event] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._listeners: dict[str, socket.socket] = {}
        self._sockets: dict[int, _Socket] = {}
        self._count = 0
        self._running = True
        self._selector = selectors.DefaultSelector()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)
        self._thread.start()

    # --- from any thread --------------------------------------------------------------------------

    def open(self, broker: str, port: int) -> int:
        """Listen for clients of a broker. Returns the port, which the machine chooses for 0. Raises OSError."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, port), family=family, backlog=128)
        listener.setblocking(False)
        bound: int = listener.getsockname()[1]
        self._tell(lambda: self._opened(broker, listener))
        return bound

    def shut(self, broker: str) -> None:
        """Listen for this one no more: who tries to connect is refused, as by a machine without a process."""
        self._tell(lambda: self._shut(broker))

    def send(self, connection: int, data: bytes) -> None:
        """Bytes for a client; nothing happens if it has gone."""
        self._tell(lambda: self._send(connection, data))

    def close(self, connection: int) -> None:
        """Hang up, once what was sent before has gone out."""
        self._tell(lambda: self._close_when_sent(connection))

    def stop(self) -> None:
        """Close everything and end the thread."""
        self._tell(self._stop)
        self._thread.join()

    def _tell(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        try:
            self._bell.send(b"!")
        except BlockingIOError:
            pass  # it has been rung often enough
        except OSError as gone:
            if gone.errno != errno.EBADF:
                raise

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._running:
            for key, ready in self._selector.select():
                owner = key.data
                if owner is None:
                    self._ear.recv(4096)
                elif isinstance(owner, _Socket):
                    self._serve(owner, ready)
                else:
                    self._accept(owner, key.fileobj)
            while self._orders:
                self._orders.popleft()()
        self._bell.close()
        self._ear.close()
        self._selector.close()

    def _opened(self, broker: str, listener: socket.socket) -> None:
        self._listeners[broker] = listener
        self._selector.register(listener, selectors.EVENT_READ, broker)

    def _shut(self, broker: str) -> None:
        listener = self._listeners.pop(broker, None)
        if listener is not None:
            self._selector.unregister(listener)
            listener.close()

    def _stop(self) -> None:
        for broker in list(self._listeners):
            self._shut(broker)
        for one in list(self._sockets.values()):
            self._end(one, "the cluster is closed")
        self._running = False

    def _accept(self, broker: str, listener: object) -> None:
        assert isinstance(listener, socket.socket)
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # gone before it was taken
        if len(self._sockets) >= CONNECTIONS_MAX:
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._count += 1
        one = self._sockets[self._count] = _Socket(self._count, connection)
        self._selector.register(connection, selectors.EVENT_READ, one)
        self._happened(Opened(one.number, broker))

    def _happened(self, event: Event) -> None:
        self.events.append(event)
        self.wake()

    def _serve(self, one: _Socket, ready: int) -> None:
        if ready & selectors.EVENT_WRITE:
            self._flush(one)
        if ready & selectors.EVENT_READ and one.number in self._sockets:
            self._read(one)

    def _read(self, one: _Socket) -> None:
        try:
            data = one.tcp.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as gone:
            self._end(one, gone.strerror or str(gone))
            return
        if not data:
            self._end(one, "the client has closed it")
            return
        one.coming += data
        self._take_frames(one)

    def _take_frames(self, one: _Socket) -> None:
        coming, at = one.coming, 0
        while len(coming) - at >= _SIZE.size:
            (size,) = _SIZE.unpack_from(coming, at)
            if not 0 < size <= FRAME_MAX:
                self._end(one, f"a frame of 1 to {FRAME_MAX:,} bytes wanted, {size:,} found")
                return
            behind = at + _SIZE.size + size
            if len(coming) < behind:
                break
            self.events.append(Received(one.number, bytes(memoryview(coming)[at + _SIZE.size : behind])))
            at = behind
        if at:
            del coming[:at]
            self.wake()

    def _send(self, number: int, data: bytes) -> None:
        one = self._sockets.get(number)
        if one is None:
            return
        one.going.append(memoryview(data))
        one.going_bytes += len(data)
        if len(one.going) == 1:
            self._flush(one)
        self._want(one)

    def _flush(self, one: _Socket) -> None:
        try:
            while one.going:
                sent = one.tcp.send(one.going[0])
                one.going_bytes -= sent
                if sent < len(one.going[0]):
                    one.going[0] = one.going[0][sent:]
                    break
                one.going.popleft()
        except BlockingIOError:
            pass
        except OSError as gone:
            self._end(one, gone.strerror or str(gone))
            return
        if one.closing and not one.going:
            self._end(one, "")
            return
        self._want(one)

    def _want(self, one: _Socket) -> None:
        """Ask for what can be of use: to write while something waits, to read while not too much does."""
        if one.number not in self._sockets:
            return
        wanted = selectors.EVENT_WRITE if one.going else 0
        if one.going_bytes < BACKLOG_BYTES and not one.closing:
            wanted |= selectors.EVENT_READ
        if wanted and wanted != one.wanted:
            one.wanted = wanted
            self._selector.modify(one.tcp, wanted, one)

    def _close_when_sent(self, number: int) -> None:
        one = self._sockets.get(number)
        if one is None:
            return
        one.closing = True
        if one.going:
            self._want(one)
        else:
            self._end(one, "")

    def _end(self, one: _Socket, reason: str) -> None:
        """The connection is over; the world hears, unless it was the world that wanted it so (no `reason`)."""
        if self._sockets.pop(one.number, None) is None:
            return
        self._selector.unregister(one.tcp)
        one.tcp.close()
        if reason:
            self._happened(Closed(one.number, reason))
