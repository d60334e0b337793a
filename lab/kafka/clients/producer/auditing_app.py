"""AuditingApp: an application that writes a record of each request it serves, and whose audit feature makes a producer
for each of its own.

What a producer costs is not made up: it is a Producer like any other, with connections, metadata and a producer id of
its own, and it is closed when its record is settled.
"""

from dataclasses import dataclass

from lab.env import Address, Env, Micros, Timer
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.producer.app import ProducerApp, Rows
from lab.kafka.clients.producer.producer import Producer
from lab.kafka.config.client import ProducerConfig
from lab.kafka.orders import SetAudit
from lab.kafka.protocol.records import Record
from lab.kafka.rpc.envelope import Response

REQUEST = "request"
"""The timers and the connections of a request's own producer, with its number."""
THREADS = 50
"""Each request keeps one until its record is settled. Who comes while all are busy is turned away, without a record."""
MARK = b"audited "
"""The value of a record that the feature writes begins so."""


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """How many percent of the requests the audit feature serves, and whether it uses the application's one producer."""

    percent: int = 0
    shared: bool = False


class AuditingApp(ProducerApp):
    """`own`: the producers of requests that are not answered yet, by number; `own_wakes_at`: when one of them is next
    looked at. `audited`, `turned_away`, `producers_made` and `requests_of_closed` count up.
    """

    def __init__(
        self, name: str, topic: str, config: ProducerConfig, bootstrap: tuple[str, ...], rate: int, keys: KeyPattern,
        value_bytes: int, count: int | None, rows: Rows | None, pace_percent: int, plan: AuditPlan,
    ) -> None:  # fmt: skip
        super().__init__(name, topic, config, bootstrap, rate, keys, value_bytes, count, rows, pace_percent)
        self.plan = plan
        self.own: dict[int, Producer] = {}
        self.own_wakes_at: dict[int, Micros] = {}
        self.audited = 0
        self.turned_away = 0
        self.producers_made = 1
        self.requests_of_closed = 0

    @property
    def requests_sent(self) -> int:
        """How many requests all its producers have sent to brokers."""
        open_ones = sum(one.net.correlation_id for one in self.own.values())
        return self.producer.net.correlation_id + open_ones + self.requests_of_closed

    # --- turns ------------------------------------------------------------------------------------

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An answer to one of its producers, or an order."""
        number = number_of(sender)
        if isinstance(body, SetAudit):
            self.plan = AuditPlan(body.percent, body.shared)
        elif number < 0 or not isinstance(body, Response):
            super().receive(env, sender, body)
        elif number in self.own:
            self.own[number].answered(env, body.correlation_id, body.body)
            self._work_on(env, number)
        else:
            env.hang_up(sender)  # what was sent twice was answered twice, and the producer is closed

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker is gone, for one of its producers."""
        number = number_of(peer)
        if number < 0:
            super().disconnected(env, peer)
        elif number in self.own:
            self.own[number].disconnected(env, peer)
            self._work_on(env, number)

    def wake(self, env: Env, timer: Timer) -> None:
        """Time for a record, or for one of its producers."""
        match timer:
            case ("request", int(number)):
                self.own_wakes_at.pop(number, None)
                if number in self.own:
                    self._work_on(env, number)
            case _:
                super().wake(env, timer)

    def _idle(self) -> bool:
        return not self.own and super()._idle()

    def _renew(self, env: Env) -> None:
        super()._renew(env)
        self.producers_made += 1

    # --- a request --------------------------------------------------------------------------------

    def _send(self, env: Env, key: bytes | None, value: bytes | None, partition: int | None) -> None:
        if len(self.own) + self.producer.accumulator.unsettled() < THREADS:
            super()._send(env, key, value, partition)
        else:
            self.turned_away += 1

    def _next(self, env: Env) -> tuple[bytes | None, bytes]:
        key, value = super()._next(env)
        return key, (MARK + value)[: len(value)] if self._audits(self.made) else value

    def _audits(self, number: int) -> bool:
        """Whether the feature serves the request of that number: evenly spread, so that no dice are needed."""
        percent = self.plan.percent
        return (number + 1) * percent // 100 > number * percent // 100

    def _hand_over(self, env: Env, record: Record, birth: int, partition: int | None) -> None:
        if not self._audits(birth):
            super()._hand_over(env, record, birth, partition)
            return
        self.audited += 1
        if self.plan.shared:
            super()._hand_over(env, record, birth, partition)
            return
        number = self.producers_made
        self.producers_made += 1
        producer = Producer(self.source, self.topic, self.config, self.bootstrap, f"{REQUEST}-{number}")
        producer.metadata.turn = number  # each begins with another broker
        self.own[number] = producer
        producer.closing = True  # close() right behind send(): nothing lingers
        producer.send(env, record, birth, partition)
        self._work_on(env, number)

    def _work_on(self, env: Env, number: int) -> None:
        """Go on with one of its producers; it ends with its record."""
        producer = self.own[number]
        producer.work(env)
        if producer.idle:
            producer.hang_up(env)
            self.requests_of_closed += producer.net.correlation_id
            del self.own[number]
            if self.own_wakes_at.pop(number, None) is not None:
                env.cancel_timer((REQUEST, number))
            if self.closing:
                self._work(env)
            return
        at = producer.next_deadline(env.now)
        before = self.own_wakes_at.get(number)
        if at is not None and (before is None or at < before):
            self.own_wakes_at[number] = at
            env.set_timer((REQUEST, number), at)


def number_of(peer: Address) -> int:
    """Which of its producers a connection belongs to; -1: the one they share."""
    channel = peer.partition("#")[2]
    return int(channel.removeprefix(f"{REQUEST}-")) if channel.startswith(f"{REQUEST}-") else -1
