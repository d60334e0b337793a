"""TransactionalApp: an application that writes its records in transactions, and ends these by count, time or hand.

Records of an aborted transaction are not sent again: what one sees in the log is what the application meant.
"""

from dataclasses import dataclass

from lab.env import Address, Env, Micros, millis
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.producer.app import ProducerApp, Rows
from lab.kafka.clients.producer.transactions import (
    ABORTABLE_ERROR,
    FATAL_ERROR,
    IN_TRANSACTION,
    INITIALIZING,
    READY,
    UNINITIALIZED,
    TransactionManager,
)
from lab.kafka.config.client import ProducerConfig
from lab.kafka.orders import EndTransaction

Waiting = tuple[bytes | None, bytes | None, int | None]
"""A record that could not be sent yet: key, value, partition."""


@dataclass(frozen=True, slots=True)
class TransactionPlan:
    """When a transaction ends: after so many records, so many milliseconds after its first one, and with 0 of both
    only by hand. Every `abort_every`-th is aborted; 0: none.
    """

    commit_every: int = 10
    commit_ms: int = 0
    abort_every: int = 0


class TransactionalApp(ProducerApp):
    """`written`: records of the open transaction; `ended`: transactions so far. `held`: what it was told to send while
    a call did not return.
    """

    def __init__(
        self, name: str, topic: str, config: ProducerConfig, bootstrap: tuple[str, ...], rate: int, keys: KeyPattern,
        value_bytes: int, count: int | None, rows: Rows | None, pace_percent: int, plan: TransactionPlan,
    ) -> None:  # fmt: skip
        super().__init__(name, topic, config, bootstrap, rate, keys, value_bytes, count, rows, pace_percent)
        self.plan = plan
        self.written = 0
        self.ended = 0
        self.end_at: Micros | None = None
        self.held: list[Waiting] = []
        self.late = False
        self.wanted: bool | None = None

    @property
    def transactions(self) -> TransactionManager:
        """The producer's transactional half."""
        found = self.producer.transactions
        assert found is not None
        return found

    @property
    def blocked(self) -> bool:
        """Whether send() cannot be called now."""
        return self.transactions.state not in (READY, IN_TRANSACTION) or self.transactions.busy

    def start(self, env: Env) -> None:
        """The same producer across restarts, by its transactional id."""
        self.transactions.initialize()
        super().start(env)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An answer, or an order; to end the transaction, among others."""
        if isinstance(body, EndTransaction):
            if self.transactions.state == IN_TRANSACTION:
                self.wanted = body.commit
            self._work(env)
        else:
            super().receive(env, sender, body)

    # --- making records ---------------------------------------------------------------------------

    def _make_due(self, env: Env) -> None:
        if self.blocked:
            self.late = True  # the application waits in a call: what is due is made when that returns
        else:
            super()._make_due(env)

    def _send(self, env: Env, key: bytes | None, value: bytes | None, partition: int | None) -> None:
        if self.blocked or self.held or self.wanted is not None:
            self.held.append((key, value, partition))
            return
        if self.transactions.state == READY:
            self._begin(env)
        super()._send(env, key, value, partition)
        self.written += 1
        if self.plan.commit_every and self.written >= self.plan.commit_every:
            self.wanted = self._commits()

    def _begin(self, env: Env) -> None:
        self.transactions.name = self.source
        self.transactions.begin(env)
        self.written = 0
        self.end_at = env.now + millis(self.plan.commit_ms) if self.plan.commit_ms else None

    def _commits(self) -> bool:
        return not self.plan.abort_every or (self.ended + 1) % self.plan.abort_every != 0

    # --- ending transactions ----------------------------------------------------------------------

    def _work(self, env: Env) -> None:
        while True:
            before = self.transactions.state
            self._advance(env)
            self.producer.work(env)
            if self.transactions.state == before:
                break
        if self.transactions.state == FATAL_ERROR:
            env.stop()  # a producer that is fenced can only be closed
            return
        super()._work(env)
        if self.end_at is not None and self.end_at > env.now and (self.wakes_at is None or self.end_at < self.wakes_at):
            self.wakes_at = self.end_at
            env.set_timer("work", self.end_at)

    def _advance(self, env: Env) -> None:
        """What the application does next, if the last call has returned."""
        transactions = self.transactions
        if transactions.state == ABORTABLE_ERROR:
            transactions.abort()
            self._over()
        elif transactions.state == IN_TRANSACTION:
            over = self.closing or (self.end_at is not None and env.now >= self.end_at)
            if self.wanted is None and over:
                self.wanted = self._commits()
            if self.wanted is not None:
                (transactions.commit if self.wanted else transactions.abort)()
                self._over()
        elif transactions.state == READY:
            self._go_on(env)

    def _over(self) -> None:
        self.ended += 1
        self.wanted = None
        self.end_at = None

    def _go_on(self, env: Env) -> None:
        """Send what had to wait, as much as goes into the next transaction."""
        held, self.held = self.held, []
        for key, value, partition in held:
            self._send(env, key, value, partition)
        if self.late and not self.held and not self.closing:
            self.late = False
            self._schedule_next(env)

    def _idle(self) -> bool:
        settled = self.transactions.state in (READY, UNINITIALIZED, INITIALIZING)
        return settled and not self.held and super()._idle()
