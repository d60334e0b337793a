"""Producer: records in, acknowledged or failed out; in between an accumulator, and the sender (spec 6.3, 5.2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.env import Address, Env, Micros, address, millis
from lab.kafka import facts
from lab.kafka.clients.metadata import Metadata
from lab.kafka.clients.producer.accumulator import NEVER, Queue, RecordAccumulator, Unplaced
from lab.kafka.clients.producer.batch import BATCH_OVERHEAD, ProducerBatch, record_size
from lab.kafka.clients.producer.transactions import FATAL_ERROR, FIRST_ADD_BACKOFF, TransactionManager
from lab.kafka.config.client import ProducerConfig
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.produce import (
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
)
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.records import SEQUENCES, Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Request
from lab.kafka.rpc.network_client import NetworkClient, Tag

REQUEST_BYTES = 64
METADATA_TAG, PRODUCER_ID_TAG = "metadata", "producer-id"
ACKS = {"all": -1, "1": 1, "0": 0}


@dataclass(slots=True)
class Sent:
    """The batches of one Produce request."""

    batches: dict[TopicPartition, ProducerBatch]


class Producer:
    """A producer's behaviour, without its threads: the Java client's, or its flavour's."""

    def __init__(
        self, name: str, topic: str, config: ProducerConfig, bootstrap: tuple[str, ...], channel: str = ""
    ) -> None:
        self.name = name
        self.topic = topic
        self.config = config
        self.metadata = Metadata(bootstrap, (topic,))
        self.net = NetworkClient(name, config.request_timeout_us, channel)
        self.accumulator = RecordAccumulator(topic, config, self.metadata)
        self.sequences: dict[TopicPartition, int] = {}
        self.acks = ACKS[config.acks]
        self.compression = Compression[config.compression_type.upper()]
        self.producer_id = -1
        self.producer_epoch: int = -1
        self.must_bump = False
        self.transactions: TransactionManager | None = None
        if config.transactional_id:
            self.transactions = TransactionManager(name, config, self.metadata, self.net)
        self.closing = False
        self.retry_metadata_at: Micros = 0
        self.retry_id_at: Micros = 0

    # --- send() -----------------------------------------------------------------------------------

    def send(self, env: Env, record: Record, birth: int, partition: int | None = None) -> None:
        """Take a record. It waits for metadata or buffer space up to max.block.ms, then fails."""
        size = record_size(record)
        if size + BATCH_OVERHEAD > min(self.config.max_request_size, self.config.buffer_memory):
            self._failed(
                env,
                TopicPartition(self.topic, -1),
                (birth,),
                "RecordTooLargeException",
                unknown=False,
            )
            return
        if not self.config.flavour.blocks_when_full and self.accumulator.is_full(size):
            self._failed(env, TopicPartition(self.topic, -1), (birth,), "QUEUE_FULL", unknown=False)
            return
        deadline = env.now + millis(self._patience_ms())
        self.accumulator.unplaced.append(Unplaced(record, birth, size, deadline, partition))
        self._place_all(env)

    def _patience_ms(self) -> int:
        """How long a record waits for metadata: librdkafka counts that to the time of its delivery."""
        config = self.config
        return config.max_block_ms if config.flavour.blocks_when_full else config.delivery_timeout_ms

    def _place_all(self, env: Env) -> None:
        for partition in self.accumulator.place_all(env):
            if self.transactions is not None:
                self.transactions.wrote_to(partition)

    # --- the sender -------------------------------------------------------------------------------

    def work(self, env: Env) -> None:
        """Everything that is due: expiries, metadata, a producer id, requests."""
        self._expire(env)
        if self.accumulator.unplaced:
            self._place_all(env)
        self._refresh_metadata(env)
        if self.transactions is not None:
            if not self._transactional(env, self.transactions):
                return
        elif self.config.enable_idempotence and (self.producer_id < 0 or self.must_bump) and not self._identified(env):
            return
        self._drain(env)

    def _identified(self, env: Env) -> bool:
        if self.must_bump and not any(queue.in_flight for queue in self.accumulator.queues.values()):
            self._bump_epoch()
        if self.must_bump:
            return False
        if self.producer_id < 0 and self.metadata.brokers and env.now >= self.retry_id_at:
            self.retry_id_at = env.now + self.config.request_timeout_us
            someone = self.metadata.someone(self.net)
            self.net.send(env, someone, InitProducerIdRequest(), REQUEST_BYTES, PRODUCER_ID_TAG)
        return self.producer_id >= 0

    def _transactional(self, env: Env, transactions: TransactionManager) -> bool:
        """Let the coordinators be asked what is due. Whether batches may be sent; with a new epoch sequences begin at
        zero. Of a transaction that is given up, only what was sent before is sent again.
        """
        if transactions.given_up:
            self._drop_unsent(env, all_of_them=transactions.state == FATAL_ERROR)
        queues = self.accumulator.queues.values()
        sent = any(one.base_sequence >= 0 for queue in queues for one in (*queue.in_flight, *queue.waiting))
        transactions.work(env, flushed=self.accumulator.empty, in_flight=sent)
        identity = transactions.producer_id, transactions.producer_epoch
        if identity != (self.producer_id, self.producer_epoch):
            self.producer_id, self.producer_epoch = identity
            self.sequences.clear()
        return transactions.identified

    def _drop_unsent(self, env: Env, *, all_of_them: bool) -> None:
        """A transaction is given up: what was never sent fails (TransactionAbortedException). `all_of_them`: nothing is
        sent again, either.
        """
        for partition, batch in self.accumulator.take_waiting(unsent=not all_of_them):
            sent = batch.base_sequence >= 0
            self._failed(env, partition, batch.numbers, "TransactionAbortedException", unknown=sent)
        self._fail_unplaced(env, "TransactionAbortedException")

    def _fail_unplaced(self, env: Env, error: str) -> None:
        """Records that wait for a partition never get one."""
        for one in self.accumulator.take_unplaced():
            self._failed(env, TopicPartition(self.topic, -1), (one.birth,), error, unknown=False)

    def _fail_all(self, env: Env, error: str) -> None:
        """A producer that gets no id can send nothing. What comes later tries again, as an application would that
        makes another producer.
        """
        self._fail_unplaced(env, error)
        for partition, batch in self.accumulator.take_waiting():
            self._failed(env, partition, batch.numbers, error, unknown=batch.attempts > 0)

    def _bump_epoch(self) -> None:
        """A sequence is lost for ever: begin anew, with a higher epoch and sequences from zero (spec 5.2.2)."""
        self.must_bump = False
        self.producer_epoch += 1
        self.sequences.clear()
        self.accumulator.forget_sequences()

    def _refresh_metadata(self, env: Env) -> None:
        metadata = self.metadata
        if metadata.asked_at >= 0 or env.now < self.retry_metadata_at:
            return
        stale = metadata.updated_at >= 0 and env.now - metadata.updated_at >= self.config.metadata_max_age_us
        if metadata.needed or stale:
            metadata.asked_at = env.now
            request = MetadataRequest((self.topic,))
            self.net.send(env, metadata.someone(self.net), request, REQUEST_BYTES, METADATA_TAG)

    def _drain(self, env: Env) -> None:
        """Requests, round after round, as long as something is ready and more may be in flight."""
        while ready := self._ready(env):
            for host, batches in ready.items():
                self._send_batches(env, host, batches)

    def _ready(self, env: Env) -> dict[str, dict[TopicPartition, ProducerBatch]]:
        """One batch a partition into one request a broker, up to max.request.size."""
        found: dict[str, dict[TopicPartition, ProducerBatch]] = {}
        sizes: dict[str, int] = {}
        for partition, queue in self.accumulator.queues.items():
            if not queue.waiting or not self._is_ready(env, queue):
                continue
            if self.transactions is not None and not self.transactions.allows(partition):
                continue
            host = self.metadata.leader_of(partition)
            if host is None:
                self.metadata.needed = True
                continue
            if self.net.count(host) >= self.config.max_in_flight_requests_per_connection:
                continue
            batch = queue.waiting[0]
            size = sizes.get(host, 0) + batch.bytes
            if host not in found or size <= self.config.max_request_size:
                found.setdefault(host, {})[partition] = batch
                sizes[host] = size
        return found

    def _is_ready(self, env: Env, queue: Queue) -> bool:
        batch = queue.waiting[0]
        if batch.retry_at > env.now or (queue.in_flight and self._goes_alone(queue)):
            return False
        full = (
            len(queue.waiting) > 1 or batch.bytes >= self.config.batch_size
            or len(batch.births) >= self.config.batch_num_messages
        )  # fmt: skip
        return bool(
            full
            or batch.attempts
            or self.accumulator.unplaced
            or self.closing
            or (self.transactions is not None and self.transactions.completing)
            or env.now >= batch.created_at + self.config.linger_us
        )

    def _goes_alone(self, queue: Queue) -> bool:
        """Whether the next batch waits for what is out: by the setting, or lest a retry change the order."""
        config = self.config
        if config.max_in_flight_requests_per_connection == 1:
            return True
        if config.enable_idempotence and config.flavour.mutes_when_idempotent:
            return True
        return config.enable_idempotence and any(one.attempts for one in (queue.waiting[0], *queue.in_flight))

    def _send_batches(self, env: Env, host: str, batches: dict[TopicPartition, ProducerBatch]) -> None:
        data: dict[TopicPartition, RecordBatch] = {}
        size = REQUEST_BYTES
        for partition, batch in batches.items():
            queue = self.accumulator.queues[partition]
            del queue.waiting[0]
            if self.config.enable_idempotence and batch.base_sequence < 0:
                batch.base_sequence = self.sequences.get(partition, 0)
                self.sequences[partition] = (batch.base_sequence + batch.count) % SEQUENCES
                batch.encoded = None
            data[partition] = batch.encode(
                self.producer_id, self.producer_epoch, self.compression, transactional=self.transactions is not None
            )
            size += data[partition].size
            queue.in_flight.append(batch)
        request = ProduceRequest(self.acks, self.config.request_timeout_ms, data)
        if self.transactions is not None:
            request.transactional_id = self.transactions.transactional_id
            request.transaction_version = self.transactions.transaction_version
        if self.acks == 0:
            self.net.correlation_id += 1
            env.send(address(host), Request(self.net.correlation_id, self.name, request), size)
            for partition, batch in batches.items():
                self._acked(env, partition, batch, -1, duplicate=False)
            return
        self.net.send(env, address(host), request, size, Sent(batches))

    # --- answers ----------------------------------------------------------------------------------

    def answered(self, env: Env, correlation_id: int, body: object) -> None:
        """A response."""
        tag = self.net.answered(correlation_id)
        match body:
            case ProduceResponse() if isinstance(tag, Sent):
                for partition, batch in tag.batches.items():
                    answer = body.responses.get(partition)
                    if answer is not None:
                        self._batch_answered(env, partition, batch, answer)
            case MetadataResponse() if tag == METADATA_TAG:
                self.metadata.asked_at = -1
                for partition in self.metadata.update(body, env.now):
                    self.accumulator.forget_backoff(partition, env.now)
                if self.metadata.denied:
                    self._fail_unplaced(env, ErrorCode.TOPIC_AUTHORIZATION_FAILED.name)
                if self.metadata.needed or self.accumulator.unplaced:
                    self.retry_metadata_at = env.now + self.config.retry_backoff_us
            case InitProducerIdResponse() if tag == PRODUCER_ID_TAG:
                self.retry_id_at = env.now + self.config.retry_backoff_us
                if body.error_code is ErrorCode.NONE:
                    self.producer_id, self.producer_epoch = body.producer_id, body.producer_epoch
                    env.tell(facts.ProducerIdTaken(self.name, body.producer_id))
                elif not body.error_code.retriable:
                    self._fail_all(env, body.error_code.name)
            case _ if self.transactions is not None and tag is not None:
                self.transactions.answered(env, tag, body)
            case _:
                pass  # an answer nobody waits for any more

    def _batch_answered(
        self,
        env: Env,
        partition: TopicPartition,
        batch: ProducerBatch,
        answer: PartitionProduceResponse,
    ) -> None:
        queue = self.accumulator.queues.get(partition)
        if queue is None or batch not in queue.in_flight:
            return  # it has expired meanwhile
        match answer.error_code:
            case ErrorCode.NONE | ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
                self._acked(env, partition, batch, answer.base_offset, duplicate=batch.attempts > 0)
            case ErrorCode.MESSAGE_TOO_LARGE if batch.count > 1 and self.config.flavour.splits_batches:
                self.accumulator.split(partition, batch)
            case (
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
                | ErrorCode.UNKNOWN_PRODUCER_ID
                | ErrorCode.INVALID_PRODUCER_EPOCH
            ) if self.config.enable_idempotence:
                # Behind an older one that is not settled it was bound to be refused; alone, a sequence is lost.
                oldest = all(one.numbers[0] >= batch.numbers[0] for one in (*queue.in_flight, *queue.waiting))
                if oldest and self.transactions is not None:
                    self._lose(env, partition, batch, answer.error_code.name)
                    return
                if oldest and batch.producer_epoch == self.producer_epoch:
                    self.must_bump = True
                self._retry(env, partition, batch, answer.error_code.name)
            case ErrorCode.CONCURRENT_TRANSACTIONS:
                self._retry(env, partition, batch, answer.error_code.name)
                batch.retry_at = env.now + FIRST_ADD_BACKOFF
            case error if error.retriable:
                news = answer.current_leader is not None and self.metadata.learn_leader(
                    partition, answer.current_leader
                )
                self.metadata.needed = self.metadata.needed or not news
                self._retry(env, partition, batch, error.name, at_once=news)
            case error:
                self.accumulator.settle(partition, batch)
                self._failed(env, partition, batch.numbers, error.name, unknown=False)
                self._sequence_lost(env, batch, error.name)

    def _acked(
        self,
        env: Env,
        partition: TopicPartition,
        batch: ProducerBatch,
        base_offset: int,
        *,
        duplicate: bool,
    ) -> None:
        self.accumulator.settle(partition, batch)
        env.tell(facts.RecordsAcked(self.name, partition, batch.numbers, base_offset, self.acks, duplicate))

    def _retry(
        self,
        env: Env,
        partition: TopicPartition,
        batch: ProducerBatch,
        error: str,
        *,
        at_once: bool = False,
    ) -> None:
        """Back to the front of its queue, in the order of sequences."""
        queue = self.accumulator.queues[partition]
        if batch.attempts >= self.config.retries:
            self.accumulator.settle(partition, batch)
            self._failed(env, partition, batch.numbers, error, unknown=True)
            if self.transactions is not None:
                self._sequence_lost(env, batch, error)
            return
        queue.in_flight.remove(batch)
        batch.attempts += 1
        batch.retry_at = env.now if at_once else env.now + self._backoff(batch.attempts, env)
        queue.put_back(batch)
        env.tell(facts.BatchRetried(self.name, partition, batch.numbers, batch.attempts, error))

    def _backoff(self, attempts: int, env: Env) -> Micros:
        """retry.backoff.ms, doubled with each attempt up to the maximum, give or take a fifth."""
        backoff = min(
            self.config.retry_backoff_us << min(attempts - 1, 10),
            self.config.retry_backoff_max_us,
        )
        return backoff * (80 + env.dice.below(41)) // 100

    def _lose(self, env: Env, partition: TopicPartition, batch: ProducerBatch, error: str) -> None:
        """A batch of a transaction is refused for good, and with it the transaction (spec 5.8)."""
        self.accumulator.settle(partition, batch)
        self._failed(env, partition, batch.numbers, error, unknown=False)
        self._sequence_lost(env, batch, error)

    def _sequence_lost(self, env: Env, batch: ProducerBatch, error: str) -> None:
        """A batch with a sequence will never be stored: those behind it need another epoch."""
        if self.transactions is not None:
            fatal = error == ErrorCode.PRODUCER_FENCED.name
            self.transactions.fail(env, error, fatal=fatal, new_epoch=batch.base_sequence >= 0)
        elif self.config.enable_idempotence and batch.base_sequence >= 0:
            self.must_bump = True

    def _failed(
        self,
        env: Env,
        partition: TopicPartition,
        births: Sequence[int],
        error: str,
        *,
        unknown: bool,
    ) -> None:
        env.tell(facts.RecordsFailed(self.name, partition, births, error, unknown))

    # --- close() ----------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether it has nothing that is not settled."""
        return self.accumulator.empty

    def hang_up(self, env: Env) -> None:
        """End its connections, which are its own alone."""
        assert self.net.channel, "these are the application's"
        for host in dict.fromkeys((*self.metadata.bootstrap, *self.metadata.brokers.values())):
            env.hang_up(address(host, self.net.channel))

    # --- what goes wrong --------------------------------------------------------------------------

    def disconnected(self, env: Env, peer: Address) -> None:
        """A connection is gone: nobody knows what became of what was out."""
        self.metadata.needed = True
        for tag in self.net.lost(peer):
            self._lost(env, tag, "NETWORK_EXCEPTION")

    def _lost(self, env: Env, tag: Tag, error: str) -> None:
        if tag == METADATA_TAG:
            self.metadata.asked_at = -1
            self.retry_metadata_at = env.now + self.config.retry_backoff_us
        elif tag == PRODUCER_ID_TAG:
            self.retry_id_at = env.now + self.config.retry_backoff_us
        elif isinstance(tag, Sent):
            for partition, batch in tag.batches.items():
                queue = self.accumulator.queues.get(partition)
                if queue is not None and batch in queue.in_flight:
                    self._retry(env, partition, batch, error)
        elif self.transactions is not None:
            self.transactions.lost(env, tag)

    def _expire(self, env: Env) -> None:
        """Requests without an answer, batches past delivery.timeout.ms, records that waited too long to be placed."""
        for tag in self.net.expired(env.now):
            self._lost(env, tag, "REQUEST_TIMED_OUT")
            self.metadata.needed = True
        accumulator = self.accumulator
        if env.now >= accumulator.expires_from:
            for partition, batch, sent in accumulator.take_expired(env.now):
                self._failed(env, partition, batch.numbers, "delivery.timeout.ms", unknown=sent)
                self._sequence_lost(env, batch, "delivery.timeout.ms")
        for one in accumulator.take_impatient(env.now) if accumulator.unplaced else ():
            self._failed(env, TopicPartition(self.topic, -1), (one.birth,), "max.block.ms", unknown=False)
            if self.transactions is not None:
                self.transactions.fail(env, "max.block.ms")

    def next_deadline(self, now: Micros) -> Micros | None:
        """When there is something to do without anything arriving."""
        first = self._questions_due(now, self.accumulator.next_deadline(now))
        return first if first < NEVER else None

    def _questions_due(self, now: Micros, first: Micros) -> Micros:
        """When something is to be asked, or has been out for too long; `first`, if that comes before."""
        at = self.net.next_deadline()
        if at is not None and now < at < first:
            first = at
        metadata = self.metadata
        if metadata.asked_at < 0 and metadata.needed:
            at = self.retry_metadata_at
        elif metadata.asked_at < 0 and metadata.updated_at >= 0:
            at = metadata.updated_at + self.config.metadata_max_age_us
        else:
            at = 0
        if now < at < first:
            first = at
        if self.transactions is not None:
            at = self.transactions.next_deadline(now) or 0
        elif self.config.enable_idempotence and self.producer_id < 0 and metadata.brokers:
            at = self.retry_id_at
        return at if now < at < first else first
