"""ProcessorApp: poll, work on each record and write the outcome to another topic, commit, again (spec 5.4, 5.12)."""

from lab.env import Address, Env, Micros, Timer
from lab.kafka import facts
from lab.kafka.clients.births import BIRTH
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.processor.outcomes import made_from
from lab.kafka.clients.producer.app import INCARNATION
from lab.kafka.clients.producer.producer import Producer
from lab.kafka.clients.producer.transactions import (
    ABORTABLE_ERROR,
    CHANNEL,
    FATAL_ERROR,
    IN_TRANSACTION,
    READY,
    GroupMetadata,
    TransactionManager,
)
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.records import Header, Record
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Response

OUTPUT = "output"
"""The connections of the producer half, and the timer for it."""
POLLING, WORKING, FLUSHING, ADDING_OFFSETS, ENDING, OVER = (
    "polling", "working", "flushing", "adding offsets", "ending", "over",
)  # fmt: skip


class ProcessorApp(ConsumerApp):
    """`stage`: where the loop is. `read_as`: as which member it read what it works on; who is thrown out of the group
    meanwhile cannot commit that. `abort_every`: every so manieth transaction is aborted, and done again.
    """

    def __init__(
        self, name: str, group_id: str, topics: tuple[str, ...], config: ConsumerConfig, per_record_us: Micros,
        bootstrap: tuple[str, ...], output: str, producer_config: ProducerConfig, abort_every: int,
    ) -> None:  # fmt: skip
        super().__init__(name, group_id, topics, config, per_record_us, "none", bootstrap)
        self.producer = Producer(name, output, producer_config, bootstrap, OUTPUT)
        self.abort_every = abort_every
        self.source = name
        self.made = 0
        self.ended = 0
        self.stage = POLLING
        self.offsets: dict[TopicPartition, CommittedOffset] = {}
        self.read_as = GroupMetadata(group_id)
        self.output_wakes_at: Micros | None = None

    @property
    def transactions(self) -> TransactionManager | None:
        """The producer's transactional half, if it has one."""
        return self.producer.transactions

    # --- turns ------------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Outcomes are numbered as records of a producer are: never twice, across restarts."""
        incarnation = env.disk.size(INCARNATION)
        env.disk.append(INCARNATION, b".")
        self.source = self.name if incarnation == 0 else f"{self.name}.{incarnation + 1}"
        self.producer.name = self.source
        if self.transactions is not None:
            self.transactions.name = self.source
            self.transactions.initialize()
        super().start(env)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An answer to either half, or an order."""
        if isinstance(body, Response) and _is_output(sender):
            self.producer.answered(env, body.correlation_id, body.body)
            self._loop(env)
        else:
            super().receive(env, sender, body)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker is gone, for one of the halves."""
        if _is_output(peer):
            self.producer.disconnected(env, peer)
            self._loop(env)
        else:
            super().disconnected(env, peer)

    def wake(self, env: Env, timer: Timer) -> None:
        """Something of either half is due."""
        if timer == OUTPUT:
            self.output_wakes_at = None
            self._loop(env)
        else:
            super().wake(env, timer)

    def _loop(self, env: Env) -> None:
        self._drive(env)
        super()._loop(env)
        self._drive(env)
        at = self.producer.next_deadline(env.now)
        if at is not None and (self.output_wakes_at is None or at < self.output_wakes_at):
            self.output_wakes_at = at
            env.set_timer(OUTPUT, at)

    def _is_busy(self) -> bool:
        """poll() is called when the last round is over, and the producer ready for the next."""
        waits = self.transactions is not None and self.transactions.state != READY and not self.closing
        return waits or self.stage != POLLING or super()._is_busy()

    # --- one round --------------------------------------------------------------------------------

    def _begin_work(self, env: Env) -> None:
        if self.stage == POLLING:
            self.stage = WORKING
            membership = self.membership
            self.read_as = GroupMetadata(
                self.group_id, membership.generation, membership.member_id, membership.instance_id
            )
            self.offsets = {
                one: CommittedOffset(offset, self.fetcher.positions[one].offset_epoch)
                for one, offset in self.commits.due().items()
            }
            if self.transactions is not None:
                self.transactions.begin(env)
        super()._begin_work(env)

    def _finish(self, env: Env, partition: TopicPartition, record: Record) -> None:
        """Work on a record, and send what came of it."""
        super()._finish(env, partition, record)
        if self.transactions is not None and self.transactions.state != IN_TRANSACTION:
            return  # it has failed already, and is about to be aborted
        birth = self.made
        self.made += 1
        env.tell(facts.RecordBorn(self.source, birth, self.producer.topic, record.key))
        headers = (
            Header(BIRTH, f"{self.source}:{birth}".encode()),
            *made_from(partition, record),
        )
        outcome = Record(0, env.wall_time_ms, record.key, (record.value or b"").upper(), headers)
        self.producer.send(env, outcome, birth)

    def _all_finished(self, env: Env) -> None:
        self.stage = FLUSHING if self.transactions is None else ADDING_OFFSETS
        if self.transactions is not None and self.transactions.state == IN_TRANSACTION and self.offsets:
            self.transactions.send_offsets(self.offsets, self.read_as)

    def _drive(self, env: Env) -> None:
        """Go on with the round as far as the producer has come."""
        if self.transactions is None:
            self.producer.work(env)
            if self.stage == FLUSHING and self.producer.idle:
                self.stage = POLLING
                self.commits.send(env, {one: offset.offset for one, offset in self.offsets.items()}, wait=True)
            return
        while True:
            before = self.transactions.state, self.stage
            self.producer.work(env)
            self._end(env, self.transactions)
            if (self.transactions.state, self.stage) == before:
                return

    def _end(self, env: Env, transactions: TransactionManager) -> None:
        """Commit, abort, or go back to what is committed and do it again."""
        state = transactions.state
        if state == FATAL_ERROR and self.stage != OVER:
            self.stage = OVER
            self.work, self.working = [], False
            self._close(env)  # a producer that is fenced can only be closed
        elif state == ABORTABLE_ERROR and self.stage != WORKING:
            self._abort(transactions)
        elif state == IN_TRANSACTION and self.stage == ADDING_OFFSETS and not transactions.busy:
            self.ended += 1
            if self.abort_every and self.ended % self.abort_every == 0:
                self._abort(transactions)
            else:
                transactions.commit()
                self.stage = ENDING
        elif state == READY and self.stage == ENDING:
            self.stage = POLLING
            self._settle()

    def _abort(self, transactions: TransactionManager) -> None:
        transactions.abort()
        self.stage = ENDING
        self.offsets = {}

    def _settle(self) -> None:
        """Committed: the group has these offsets. Aborted: everything since the last commit is read again."""
        if self.offsets:
            for partition, offset in self.offsets.items():
                self.commits.learn(partition, offset.offset)
            return
        owned = tuple(self.fetcher.positions)
        self.fetcher.assign(())
        self.fetcher.assign(owned)
        self.commits.forget(owned)


def _is_output(peer: Address) -> bool:
    return peer.partition("#")[2] in (OUTPUT, CHANNEL)
