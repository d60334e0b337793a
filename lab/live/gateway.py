"""Gateway: one TCP listener a broker, and who moves bytes between sockets and two queues: a thread, or turns.

It knows frames and no messages: four bytes of size, then so many bytes. All that it hands over is data, in the order in
which it happened; all that it is told comes through `send`, `close`, `open` and `shut`, from any thread.

Whoever wants more than its share is made to wait as TCP makes one wait: nothing is read from a socket while too much of
what came over it, or of what all have sent, is unfinished. So one loop and bounded memory are enough for any number
of clients, also for those that never read, never finish, or never say anything.
"""

import errno
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from lab.kafka.protocol.apis import is_answered
from lab.kafka.protocol.codec import Buffer
from lab.live.limits import USUAL, Limits
from lab.live.rooms import Rooms

READ_BYTES = 1 << 18
CLAIM = 8
"""A frame gets all its room once so much of it has come that this is no more than so many times as much: for a mere
claim of 100 MB nobody gets any.
"""
TOGETHER = 64
"""Pieces in one call of the system."""
BACKLOG_BYTES = 8 << 20
"""A client that does not read is not read from either, once so much waits for it."""
BACKLOG_MAX = 256 << 20
"""And is hung up on, if answers to what it has asked before come to so much."""
UNANSWERED_MAX = 64
"""So many requests of a connection may be in the world at a time. In Kafka it is one, and what is pipelined waits in
the socket; here the way to a broker's process is longer.
"""
FULL_S = 0.002
"""So often it is looked whether there is room again for what clients send."""
SWEEP_S = 5.0
"""So often, at least, idle connections are looked for."""
_SIZE = struct.Struct(">i")
NOTHING = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody has connected to a broker's port, from the address `host`."""

    connection: int
    broker: str
    host: str


@dataclass(slots=True)
class Received:
    """A whole frame, without its size: in the memory into which it was received, which nobody writes to any more."""

    connection: int
    frame: Buffer


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side has gone, or sent what is no frame, or is not worth waiting for."""

    connection: int
    reason: str


Event: TypeAlias = Opened | Received | Closed


class _Socket:
    """One connection: what came in and was not taken yet, a long frame being filled, and what has not gone out."""

    __slots__ = (
        "active_at", "begun_at", "closing", "coming", "filled", "frame", "going", "going_bytes", "number", "tcp",
        "unanswered", "wanted",
    )  # fmt: skip

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.tcp = connection
        self.coming = NOTHING
        self.frame: memoryview | None = None
        self.filled = 0
        self.going: deque[memoryview] = deque()
        self.going_bytes = 0
        self.unanswered = 0
        self.closing = False
        self.wanted = selectors.EVENT_READ
        self.active_at = time.monotonic()
        self.begun_at = 0.0
        """When the first byte came of a frame that is not whole; 0 without one."""

    def fileno(self) -> int:
        return self.tcp.fileno()

    @property
    def unfinished(self) -> int:
        """Bytes of a frame that is not whole, or waits."""
        return self.filled if self.frame is not None else len(self.coming)

    def sent(self, count: int) -> None:
        """So many bytes of what was to go out have gone."""
        going = self.going
        self.going_bytes -= count
        if not self.going_bytes:
            going.clear()
            return
        while count >= len(going[0]):
            count -= len(going.popleft())
        if count:
            going[0] = going[0][count:]

    def reads(self, *, full: bool) -> bool:
        """Whether more is taken from it now."""
        return not (full or self.closing or self.going_bytes >= BACKLOG_BYTES or self.unanswered >= UNANSWERED_MAX)


class Gateway:
    """Listens on loopback, or where it is told. With a thread of its own it calls `wake` from there when something has
    come in. Without one (`threaded` false) its owner gives it a `turn` again and again: who has nothing else to do than
    to serve pays for no second thread that way.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        wake: Callable[[], None] = lambda: None,
        limits: Limits = USUAL,
        *,
        threaded: bool = True,
    ) -> None:
        self.host = host
        self.wake = wake
        self.limits = limits
        self.events: deque[Event] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._listeners: dict[str, socket.socket] = {}
        self._sockets: dict[int, _Socket] = {}
        self._count = 0
        self._full = False
        self._rooms = Rooms()
        self._accepting = True
        self._sweep_s = min(SWEEP_S, limits.idle_s / 4)
        self._swept_at = time.monotonic()
        self._answered: dict[int, _Socket] = {}
        self._running = True
        self._selector = selectors.DefaultSelector()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True) if threaded else None
        if self._thread is not None:
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
        if self._thread is None:
            self._send(connection, data)
        else:
            self._tell(lambda: self._send(connection, data))

    def close(self, connection: int) -> None:
        """Hang up, once what was sent before has gone out."""
        self._tell(lambda: self._close_when_sent(connection))

    def stop(self) -> None:
        """Close everything and end the thread."""
        self._tell(self._stop)
        if self._thread is not None:
            self._thread.join()
        else:
            self._finish()

    def _tell(self, order: Callable[[], None]) -> None:
        if self._thread is None:
            order()
            return
        self._orders.append(order)
        self.ring()

    def ring(self) -> None:
        """End a `turn` that waits."""
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
            self.turn(FULL_S if self._full else self._sweep_s)
        self._finish()

    def turn(self, timeout_s: float) -> None:
        """Send what was answered since the last one; then wait for the sockets, at most so long, and do what they are
        ready for. Answers go out together: a call of the system for each costs as much as all else of a small request.
        """
        self._flush_answered()
        if self._thread is None and self.events:
            timeout_s = 0  # what had come already, and was allowed to go on by what has just been answered
        for key, ready in self._selector.select(timeout_s):
            owner = key.data
            if owner is None:
                self._ear.recv(4096)
            elif isinstance(owner, _Socket):
                self._serve(owner, ready)
            else:
                self._accept(owner, key.fileobj)
        while self._orders:
            self._orders.popleft()()
        self._flush_answered()
        if self._full and not self._is_full():
            self._fill(full=False)
        now = time.monotonic()
        if now - self._swept_at >= self._sweep_s:
            self._sweep(now)

    def _finish(self) -> None:
        self._bell.close()
        self._ear.close()
        self._selector.close()

    def _opened(self, broker: str, listener: socket.socket) -> None:
        self._listeners[broker] = listener
        if self._accepting:
            self._selector.register(listener, selectors.EVENT_READ, broker)

    def _shut(self, broker: str) -> None:
        listener = self._listeners.pop(broker, None)
        if listener is not None:
            if self._accepting:
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
            connection, peer = listener.accept()
        except OSError as wrong:
            if wrong.errno in (errno.EMFILE, errno.ENFILE):
                self._accept_more(yes=False)
            return  # else it has gone before it was taken
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._count += 1
        one = self._sockets[self._count] = _Socket(self._count, connection)
        self._selector.register(connection, selectors.EVENT_READ, one)
        self._happened(Opened(one.number, broker, peer[0]))
        if len(self._sockets) >= self.limits.connections:
            self._accept_more(yes=False)

    def _accept_more(self, *, yes: bool) -> None:
        """Take connections, or let who comes wait at the door as Kafka does at `max.connections`."""
        if yes == self._accepting:
            return
        self._accepting = yes
        for broker, listener in self._listeners.items():
            if yes:
                self._selector.register(listener, selectors.EVENT_READ, broker)
            else:
                self._selector.unregister(listener)

    def _happened(self, event: Event) -> None:
        self.events.append(event)
        self.wake()

    def _serve(self, one: _Socket, ready: int) -> None:
        if ready & selectors.EVENT_WRITE:
            self._flush(one)
        if ready & selectors.EVENT_READ and one.number in self._sockets and one.reads(full=self._full):
            self._read(one)

    def _read(self, one: _Socket) -> None:
        data = NOTHING
        try:
            if one.frame is None:
                data = self._received(one)
                count = len(data) - len(one.coming)
            else:
                count = one.tcp.recv_into(one.frame[one.filled :])
        except BlockingIOError:
            return
        except OSError as gone:
            self._end(one, gone.strerror or str(gone))
            return
        if not count:
            self._end(one, "the client has closed it")
            return
        one.active_at = time.monotonic()
        if one.frame is None:
            one.coming = data
            self._take_frames(one)
        else:
            one.filled += count
            if one.filled == len(one.frame):
                self._take(one, one.frame.toreadonly())
                one.frame, one.filled, one.begun_at = None, 0, 0.0
                self._taken(one)

    def _received(self, one: _Socket) -> memoryview:
        """What had come already with what comes now behind it: in a room, as long as one is free."""
        kept = len(one.coming)
        room = self._rooms.spare(kept + READ_BYTES)
        if room is None:
            data = one.tcp.recv(READ_BYTES)
            return memoryview(b"".join((one.coming, data)) if kept else data)
        room[:kept] = one.coming
        return room[: kept + one.tcp.recv_into(room[kept:])].toreadonly()

    def _take_frames(self, one: _Socket) -> None:
        """Hand over what is whole, as long as it may be unfinished: one read can bring a thousand requests."""
        coming, at, end = one.coming, 0, len(one.coming)
        begun = one.begun_at
        while end - at >= _SIZE.size and one.reads(full=self._full):
            (size,) = _SIZE.unpack_from(coming, at)
            if not 0 < size <= self.limits.request_bytes:
                self._end(one, f"a frame of 1 to {self.limits.request_bytes:,} bytes wanted, {size:,} found")
                return
            begins = at + _SIZE.size
            if end - begins < size:
                if size <= CLAIM * (end - begins):
                    one.frame, one.filled = self._rooms.take(size), end - begins
                    one.frame[: one.filled] = coming[begins:]
                    at = end
                break
            self._take(one, coming[begins : begins + size])
            at, begun = begins + size, 0.0
        # Bytes of its own: a client that never finishes its request would keep all of a room with them.
        one.coming = memoryview(bytes(coming[at:])) if at < end else NOTHING
        if at:
            self._taken(one)
        one.begun_at = (begun or one.active_at) if one.unfinished else 0.0

    def _take(self, one: _Socket, frame: memoryview) -> None:
        one.unanswered += is_answered(frame)
        self.events.append(Received(one.number, frame))

    def _taken(self, one: _Socket) -> None:
        self.wake()
        self._want(one)
        if not self._full and self._is_full():
            self._fill(full=True)

    def _is_full(self) -> bool:
        """Whether as much waits for the world's owner as may (`queued.max.requests`, `queued.max.request.bytes`)."""
        if len(self.events) >= self.limits.queued_requests:
            return True
        if self.limits.queued_bytes < 0:
            return False
        waiting = sum(len(event.frame) for event in self.events.copy() if isinstance(event, Received))
        return waiting >= self.limits.queued_bytes

    def _fill(self, *, full: bool) -> None:
        self._full = full
        for one in list(self._sockets.values()):
            self._go_on(one)

    def _go_on(self, one: _Socket) -> None:
        """There may be room again: first for what has come already."""
        if one.coming and one.number in self._sockets and one.reads(full=self._full):
            self._take_frames(one)
        self._want(one)

    def _sweep(self, now: float) -> None:
        """Close what is idle, and what does not come to an end. Who waits for us is not idle."""
        self._swept_at = now
        idle_s = self.limits.idle_s
        for one in list(self._sockets.values()):
            if not one.reads(full=self._full):
                one.begun_at = now if one.begun_at else 0.0
            if now - one.active_at > idle_s and (one.going or not one.unanswered):
                self._end(one, f"nothing went over it for {idle_s:g} s")
            elif one.begun_at and now - one.begun_at > idle_s:
                self._end(one, f"a request within {idle_s:g} s wanted, {one.unfinished:,} bytes of one found")
        self._accept_more(yes=len(self._sockets) < self.limits.connections)

    def _send(self, number: int, data: bytes) -> None:
        one = self._sockets.get(number)
        if one is None:
            return
        one.unanswered -= 1
        one.going.append(memoryview(data))
        one.going_bytes += len(data)
        self._answered[number] = one
        if one.going_bytes > BACKLOG_MAX:
            self._flush(one)
            if one.going_bytes > BACKLOG_MAX:
                self._end(one, f"the client does not read: {one.going_bytes:,} bytes wait for it")

    def _flush_answered(self) -> None:
        while self._answered:
            number, one = self._answered.popitem()
            if number in self._sockets and not one.wanted & selectors.EVENT_WRITE:
                self._flush(one)

    def _flush(self, one: _Socket) -> None:
        try:
            while one.going:
                sent = one.tcp.sendmsg(tuple(islice(one.going, TOGETHER)))
                one.active_at = time.monotonic()
                one.sent(sent)
        except BlockingIOError:
            pass
        except OSError as gone:
            self._end(one, gone.strerror or str(gone))
            return
        if one.closing and not one.going:
            self._end(one, "")
            return
        self._go_on(one)

    def _want(self, one: _Socket) -> None:
        """Ask for what can be of use: to write while something waits, to read while not too much does."""
        if one.number not in self._sockets:
            return
        wanted = selectors.EVENT_WRITE if one.going else 0
        if one.reads(full=self._full):
            wanted |= selectors.EVENT_READ
        if wanted == one.wanted:
            return
        if not one.wanted:
            self._selector.register(one.tcp, wanted, one)
        elif not wanted:
            self._selector.unregister(one.tcp)
        else:
            self._selector.modify(one.tcp, wanted, one)
        one.wanted = wanted

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
        if one.wanted:
            self._selector.unregister(one.tcp)
        one.tcp.close()
        if len(self._sockets) < self.limits.connections:
            self._accept_more(yes=True)
        if reason:
            self._happened(Closed(one.number, reason))
