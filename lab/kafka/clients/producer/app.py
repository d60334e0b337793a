"""ProducerApp: an application that makes records at a rate, by hand, or from a data file."""

from lab.env import Address, Env, Micros, Timer, seconds
from lab.env.sealed import Sealed
from lab.kafka import facts
from lab.kafka.clients.births import BIRTH
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.producer.producer import Producer
from lab.kafka.config.client import ProducerConfig
from lab.kafka.orders import SendRecords, SetClientConfig, SetRate, Shutdown
from lab.kafka.protocol.records import Header, Record
from lab.kafka.rpc.envelope import Response

INCARNATION = "incarnation"
WORK, MAKE = "work", "make"
BURST_US: Micros = 1_000
"""At high rates records are made in bursts this far apart, not each in an event of its own."""


class Rows(Sealed):
    """Rows of a data file: (microseconds since the first, key, value)."""

    __slots__ = ("rows",)

    def __init__(self, rows: tuple[tuple[Micros, bytes | None, bytes], ...]) -> None:
        self.rows = rows


class ProducerApp:
    """A producer and the application around it. Its records carry their birth in a header."""

    def __init__(
        self, name: str, topic: str, config: ProducerConfig, bootstrap: tuple[str, ...], rate: int, keys: KeyPattern,
        value_bytes: int, count: int | None, rows: Rows | None, pace_percent: int,
    ) -> None:  # fmt: skip
        self.name = name
        self.topic = topic
        self.rate = rate
        self.keys = keys
        self.value_bytes = value_bytes
        self.count = count
        self.rows = rows
        self.pace_percent = pace_percent
        self.bootstrap = bootstrap
        self.config = config
        self.producer = Producer(name, topic, config, bootstrap)
        self.source = name
        self.made: int = 0
        self.began: Micros = 0
        self.made_since: int = 0
        self.closing = False
        self.wakes_at: Micros | None = None

    def start(self, env: Env) -> None:
        """Count this process's incarnation on the disk, so that births are never numbered twice."""
        incarnation = env.disk.size(INCARNATION)
        env.disk.append(INCARNATION, b".")
        self.source = self.name if incarnation == 0 else f"{self.name}.{incarnation + 1}"
        self.producer.name = self.source
        self.began = env.now
        self._schedule_next(env)
        self._work(env)

    # --- turns ------------------------------------------------------------------------------------

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An answer, or an order."""
        match body:
            case Response():
                self.producer.answered(env, body.correlation_id, body.body)
            case SetRate():
                self._set_rate(env, body.per_second)
            case SendRecords():
                for key, value in body.records:
                    self._send(env, key, value, body.partition)
            case SetClientConfig():
                self._configure(body)
            case Shutdown():
                self.closing = self.producer.closing = True
            case _:
                raise AssertionError(body)
        self._work(env)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker is gone."""
        self.producer.disconnected(env, peer)
        self._work(env)

    def wake(self, env: Env, timer: Timer) -> None:
        """Time for a record, or for the sender."""
        if timer == MAKE:
            self._make_due(env)
        else:
            self.wakes_at = None
        self._work(env)

    def _work(self, env: Env) -> None:
        self.producer.work(env)
        if (self.closing or self.config is not self.producer.config) and self._idle():
            if self.closing:
                env.stop()
                return
            self._renew(env)
        at = self.producer.next_deadline(env.now)
        if at is not None and (self.wakes_at is None or at < self.wakes_at):
            self.wakes_at = at
            env.set_timer(WORK, at)

    def _idle(self) -> bool:
        return self.producer.idle

    # --- making records ---------------------------------------------------------------------------

    def _set_rate(self, env: Env, per_second: int) -> None:
        self.rate = per_second
        self.began = env.now
        self.made_since = 0
        env.cancel_timer(MAKE)
        self._schedule_next(env)

    def _configure(self, order: SetClientConfig) -> None:
        """close() the producer, which sends what it has; the application waits for that, and then makes another."""
        self.config = self.config.again(dict(order.configs))
        self.producer.closing = True

    @property
    def _renewing(self) -> bool:
        return self.config is not self.producer.config

    def _renew(self, env: Env) -> None:
        """A producer with the settings of now: another producer id, and nothing remembered but the connections."""
        net = self.producer.net
        net.in_flight.clear()
        self.producer = Producer(self.source, self.topic, self.config, self.bootstrap)
        self.producer.net = net
        self._schedule_next(env)
        self.producer.work(env)

    def _due_at(self, number: int) -> Micros | None:
        """When the record of that number since `began` is due."""
        if self.closing or self._renewing or (self.count is not None and self.made >= self.count):
            return None
        if self.rows is not None and not self.rate:
            if self.made >= len(self.rows.rows):
                return None
            return self.began + self.rows.rows[self.made][0] * 100 // max(self.pace_percent, 1)
        if not self.rate or (self.rows is not None and self.made >= len(self.rows.rows)):
            return None
        return self.began + number * seconds(1) // self.rate

    def _schedule_next(self, env: Env) -> None:
        at = self._due_at(self.made_since)
        if at is not None:
            env.set_timer(MAKE, max(at, env.now))

    def _make_due(self, env: Env) -> None:
        """All records due within the burst that begins now."""
        until = env.now + (BURST_US if self.rate > 1_000 else 0)
        while (at := self._due_at(self.made_since)) is not None and at <= until:
            key, value = self._next(env)
            self.made_since += 1
            self._send(env, key, value, None)
        self._schedule_next(env)

    def _next(self, env: Env) -> tuple[bytes | None, bytes]:
        if self.rows is not None:
            _, key, value = self.rows.rows[self.made]
            return key, value
        value = f"{self.name} {self.made}".encode()
        return self.keys.key(self.made, env.dice), value.ljust(self.value_bytes, b".")

    def _send(self, env: Env, key: bytes | None, value: bytes | None, partition: int | None) -> None:
        birth = self.made
        self.made += 1
        env.tell(facts.RecordBorn(self.source, birth, self.topic, key))
        headers = (Header(BIRTH, f"{self.source}:{birth}".encode()),)
        self._hand_over(env, Record(0, env.wall_time_ms, key, value, headers), birth, partition)

    def _hand_over(self, env: Env, record: Record, birth: int, partition: int | None) -> None:
        self.producer.send(env, record, birth, partition)
