"""Broker: the node. Events in, plain calls, then whatever became due goes out."""

from lab.env import Address, DiskFull, Env, Micros, NodeId, Timer, address, millis
from lab.kafka import facts
from lab.kafka.broker import deleting, fencing, lifecycle, older_truncation, waiting
from lab.kafka.broker.context import HANDLERS, NO_REPLY, PENDING, RequestContext
from lab.kafka.broker.controller_finder import CONTROLLER_CHANNELS, ControllerFinder
from lab.kafka.broker.coordinators import Coordinators
from lab.kafka.broker.fetching import Fetching
from lab.kafka.broker.group_configs import GroupConfigs
from lab.kafka.broker.isr import IsrChanges
from lab.kafka.broker.lifecycle import Lifecycle
from lab.kafka.broker.log_cleaner import RECONFIGURABLE
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import (
    Delayed,
    Purgatory,
)
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.broker.session_cache import SessionCache
from lab.kafka.broker.share.sharing import Sharing, role_changed
from lab.kafka.broker.storage import Storage
from lab.kafka.broker.throttle import RATES, throttle_of
from lab.kafka.broker.transactions import (
    CHANNELS,
    TRANSACTIONS_TOPIC,
    Transactions,
)
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.metadata.fetch import (
    FetchMetadataRefused,
    FetchMetadataRequest,
    FetchMetadataResponse,
    FetchMetadataSnapshot,
)
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import (
    BrokerConfigRecord,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    GroupConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    UnregisterBrokerRecord,
)
from lab.kafka.metadata.settings import dynamic_settings
from lab.kafka.metadata.snapshot import image_of_records, not_succeeded
from lab.kafka.orders import FenceOff, Shutdown
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    AlterPartitionResponse,
    BrokerHeartbeatResponse,
    BrokerRegistrationResponse,
)
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.fetch import FetchResponse
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochResponse
from lab.kafka.protocol.messages.producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)
from lab.kafka.protocol.messages.share_fetch import ShareFetchResponse
from lab.kafka.protocol.messages.share_state import ShareStateResponse
from lab.kafka.protocol.messages.transactions import AddPartitionsToTxnResponse, WriteTxnMarkersResponse
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Request, Response
from lab.kafka.rpc.request_channel import RequestChannel

HEARTBEAT, METADATA, ISR_CHECK = "heartbeat", "metadata", "isr"
BROKER_RECORDS = (BrokerRegistrationChangeRecord, RegisterBrokerRecord, UnregisterBrokerRecord)
METADATA_WAIT_MS = 500
METADATA_RETRY: Micros = millis(100)
REQUEST_BYTES = 96
NEVER: Micros = 1 << 60


class Broker:
    """One broker process."""

    def __init__(self, broker_id: int, controllers: tuple[NodeId, ...], config: BrokerConfig, quorum: bool) -> None:
        self.broker_id = broker_id
        self.config = config
        self.controller = controllers[0]
        self.finder = ControllerFinder(controllers) if quorum else None
        self.image = MetadataImage()
        self.group_configs = GroupConfigs(config)
        self.lifecycle = Lifecycle(broker_id, config)
        self.replicas = ReplicaManager(broker_id, config)
        self.partitions = self.replicas.partitions
        self.fetching = Fetching(broker_id, config, self.replicas)
        self.isr = IsrChanges(broker_id)
        self.storage = Storage(config)
        self.sessions = SessionCache(config.max_incremental_fetch_session_cache_slots, self.partitions)
        self.purgatory = Purgatory()
        self.coordinators = Coordinators(config)
        self.transaction_coordinators: Transactions | None = None
        self.channels: dict[Address, RequestChannel] = {}
        self.producer_ids: list[int] = []
        self.least_producer_id = 0
        self.forwarded: dict[int, tuple[Address, int]] = {}
        self.correlation_id = 0
        self.purgatory_wakes_at: Micros | None = None
        self.unpublished: dict[TopicPartition, None] | None = {}
        self.sharing: Sharing | None = None

    # --- turns ------------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Read the log dir, sign on, ask for metadata."""
        self.lifecycle.host = env.name
        self.lifecycle.incarnation_id = f"{env.name}-{env.now}-{env.dice.below(1 << 30)}"
        self.lifecycle.previous_broker_epoch = self.replicas.open(env)
        self.report(env)
        self.observe(env)
        self.storage.start(env)
        env.set_timer(ISR_CHECK, env.now + millis(self.config.replica_lag_time_max_ms) // 2)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """A request, an answer to one of ours, or an order. A full disk ends the process, as in Kafka."""
        try:
            if type(body) is Request:
                self._arrived(env, sender, body)
            elif type(body) is Response:
                self._answered(env, sender, body)
            else:
                self._ordered(env, body)
        except DiskFull as full:
            self._disk_failed(env, full)

    def _ordered(self, env: Env, order: object) -> None:
        if isinstance(order, FenceOff):
            fencing.fence_off(self, env, order)
            return
        assert isinstance(order, Shutdown), order
        self._begin_shutdown(env)

    def wake(self, env: Env, timer: Timer) -> None:
        """A timer of ours."""
        try:
            self._wake(env, timer)
        except DiskFull as full:
            self._disk_failed(env, full)

    def _wake(self, env: Env, timer: Timer) -> None:
        match timer:
            case "purgatory":
                waiting.expire(self, env)
            case "heartbeat":
                self.report(env)
            case "metadata":
                self.observe(env)
            case "isr":
                self._shrink_isrs(env)
            case ("fetch", int(leader_id)):
                self._fetch(env, leader_id)
            case "alter-partition":
                self._send_isr_changes(env)
            case "coordinators":
                self.coordinators.wake(self, env)
            case "seek" if self.finder is not None:
                self.finder.seek(self, env)
            case "forward" if self.finder is not None:
                self.finder.forward_again(self, env)
            case "sharing":
                if self.sharing is not None:
                    self.sharing.wake(self, env)
            case "transactions":
                self.transactions(env).wake(self, env)
            case "markers":
                self.transactions(env).wake_markers(self, env)
            case _:
                self.storage.wake(self, env, timer)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A connection is gone: its requests wait for nobody, our requests on it have no answer."""
        self.channels.pop(peer, None)
        self.purgatory.drop_sender(peer)
        self.coordinators.hang_up(self, peer)
        if self.sharing is not None:
            self.sharing.hang_up(self, env, peer)
        if self.transaction_coordinators is not None:
            self.transaction_coordinators.hang_up(self, peer)
        name, _, channel = peer.partition("#")
        if self.finder is not None and name == self.controller and channel in CONTROLLER_CHANNELS:
            self.finder.lost(self, env, channel)
        elif self.finder is None and name == self.controller:
            self._controller_gone(env, channel)
        elif channel == "fetch":
            self.fetching.disconnected(env, name)
        elif channel == "share" and self.sharing is not None:
            self.sharing.lost(env, name)
        elif channel in CHANNELS and self.transaction_coordinators is not None:
            self.transaction_coordinators.connection_lost(self, env, peer)

    def _controller_gone(self, env: Env, channel: str) -> None:
        match channel:
            case "metadata":
                env.set_timer(METADATA, env.now + METADATA_RETRY)
            case "isr":
                self.isr.failed()
                env.set_timer("alter-partition", env.now + millis(50))
            case "forward":
                self.forwarded.clear()
            case _:
                pass

    def _disk_failed(self, env: Env, full: DiskFull) -> None:
        env.tell(facts.LogDirFailed(str(full)))
        env.stop()

    # --- requests ---------------------------------------------------------------------------------

    def _arrived(self, env: Env, sender: Address, request: Request) -> None:
        channel = self.channels.get(sender)
        if channel is None:
            channel = self.channels[sender] = RequestChannel()
        channel.waiting.append(request)
        self._serve(env, sender, channel)

    def _serve(self, env: Env, sender: Address, channel: RequestChannel) -> None:
        """Take what waits until something has no answer yet. A loop: were the next request taken from within
        the answer to the last, a long queue of those that fail at once would outgrow the call stack.
        """
        if channel.served:
            return
        channel.served = True
        while channel.waiting and not channel.busy:
            self._handle(env, sender, channel, channel.waiting.pop(0))
        channel.served = False

    def _handle(self, env: Env, sender: Address, channel: RequestChannel, request: Request) -> None:
        channel.busy = True
        body = request.body
        context = RequestContext(env, sender, request.correlation_id, request.client_id)
        answer = HANDLERS[type(body)](self, body, context)
        if answer is PENDING:
            return
        if answer is not NO_REPLY:
            env.send(sender, Response(request.correlation_id, answer), size_of(answer))
        channel.busy = False

    def reply(self, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        """Answer a request that had to wait, and take the next of its connection."""
        channel = self.channels.get(sender)
        if channel is None:
            return  # the connection is gone
        if channel.rephrased is not None:
            body = channel.rephrased.with_ids(body)
            channel.rephrased = None
        env.send(sender, Response(correlation_id, body), size_of(body))
        channel.busy = False
        if channel.waiting:
            self._serve(env, sender, channel)

    def resume(self, context: RequestContext, body: object) -> None:
        """Handle a request that had to wait before anything was done, in the place of its connection."""
        channel = self.channels.get(context.sender)
        if channel is None:
            return  # the connection is gone
        answer = HANDLERS[type(body)](self, body, context)
        if answer is NO_REPLY:
            channel.busy = False
            channel.rephrased = None
            self._serve(context.env, context.sender, channel)
        elif answer is not PENDING:
            self.reply(context.env, context.sender, context.correlation_id, answer)

    def _answered(self, env: Env, sender: Address, response: Response) -> None:
        body = response.body
        match body:
            case FetchResponse():
                self._fetched(env, sender, response.correlation_id, body)
            case FetchMetadataResponse():
                if self.finder is None or self.finder.answered(self, env, response.correlation_id):
                    self._learn(env, body)
            case BrokerHeartbeatResponse():
                self._heartbeat_answered(env, body)
            case BrokerRegistrationResponse():
                self.lifecycle.registered(body)
                self._publish_first(env)
                env.set_timer(HEARTBEAT, env.now + self.lifecycle.interval())
            case AlterPartitionResponse():
                self._isr_answered(env, body)
            case ShareStateResponse():
                if self.sharing is not None:
                    self.sharing.state_answered(env, response.correlation_id, body)
            case AllocateProducerIdsResponse():
                if body.error_code is ErrorCode.NONE:
                    start = body.producer_id_start
                    self.producer_ids = [start, start + body.producer_id_len]
                    if start < self.least_producer_id:  # asked for before ids were to be skipped
                        self.skip_producer_ids(env, self.least_producer_id)
            case OffsetForLeaderEpochResponse():
                self._epochs_answered(env, sender, response.correlation_id, body)
            case _ if self.finder is not None and self._redirected(env, self.finder, response):
                pass
            case AddPartitionsToTxnResponse():
                self.transactions(env).verification_answered(self, env, response.correlation_id, body)
            case WriteTxnMarkersResponse():
                self.transactions(env).markers_answered(self, env, response.correlation_id, body)
            case _:
                waiting = self.forwarded.pop(response.correlation_id, None)
                if waiting is not None:
                    self.reply(env, *waiting, body)

    def _redirected(self, env: Env, finder: ControllerFinder, response: Response) -> bool:
        """What only one controller among several answers; False if it is an answer to hand back."""
        body = response.body
        match body:
            case FetchMetadataRefused():
                finder.refused(self, env, response.correlation_id, body)
            case FetchMetadataSnapshot():
                if finder.answered(self, env, response.correlation_id):
                    self._learn_anew(env, body)
            case EnvelopeResponse():
                finder.not_now(env)
            case _:
                finder.settled(response.correlation_id)
                return False
        return True

    def ask_controller(self, env: Env, channel: str, body: object) -> int:
        """Send a request to the controller; returns its correlation id."""
        self.correlation_id += 1
        request = Request(self.correlation_id, env.name, body)
        env.send(address(self.controller, f"{channel}"), request, REQUEST_BYTES)
        return self.correlation_id

    def forward(self, context: RequestContext, body: object) -> None:
        """Hand an administrator's request to the controller; its answer is ours."""
        number = self.ask_controller(context.env, "forward", body)
        self.forwarded[number] = (context.sender, context.correlation_id)
        if self.finder is not None:
            self.finder.forwarded(context.env, number, body)

    def transactions(self, env: Env) -> Transactions:
        """This broker's part in transactions, begun if need be."""
        found = self.transaction_coordinators
        if found is None:
            found = self.transaction_coordinators = Transactions(env.name, self.config)
        return found

    def next_producer_id(self, env: Env) -> int:
        """A producer id of this broker's block; -1 while a new block is on its way."""
        if self.producer_ids and self.producer_ids[0] < self.producer_ids[1]:
            self.producer_ids[0] += 1
            return self.producer_ids[0] - 1
        self._ask_producer_ids(env)
        return -1

    def skip_producer_ids(self, env: Env, least: int) -> None:
        """Hand out none below this one, and have the controller know it at once."""
        self.least_producer_id = max(least, self.least_producer_id)
        self.producer_ids = []
        self._ask_producer_ids(env)

    def _ask_producer_ids(self, env: Env) -> None:
        request = AllocateProducerIdsRequest(self.broker_id, self.lifecycle.broker_epoch, self.least_producer_id)
        self.ask_controller(env, "producer-ids", request)

    # --- the controller ---------------------------------------------------------------------------

    def report(self, env: Env) -> None:
        """Tell the controller that this broker lives."""
        self.ask_controller(env, "heartbeat", self.lifecycle.request(self.image.offset))
        env.set_timer(HEARTBEAT, env.now + max(self.lifecycle.interval(), millis(100)))

    def _heartbeat_answered(self, env: Env, body: BrokerHeartbeatResponse) -> None:
        if self.lifecycle.heard(body):
            self.replicas.close(env, self.lifecycle.broker_epoch)
            self.end(env)
        elif self.lifecycle.stage != lifecycle.RUNNING:
            env.set_timer(HEARTBEAT, env.now + self.lifecycle.interval())

    def end(self, env: Env) -> None:
        """Everything is handed over and closed."""
        env.stop()

    def _begin_shutdown(self, env: Env) -> None:
        """SIGTERM: leaderships first. Without a controller to agree there is nobody to hand over to."""
        self.lifecycle.stage = lifecycle.STOPPING
        self.report(env)

    def observe(self, env: Env) -> None:
        """Ask for the metadata that comes next."""
        body = FetchMetadataRequest(self.broker_id, self.image.offset, METADATA_WAIT_MS)
        number = self.ask_controller(env, "metadata", body)
        if self.finder is not None:
            self.finder.asked(env, number, self.config)

    def _learn(self, env: Env, body: FetchMetadataResponse) -> None:
        """New metadata: replay it, then make the replicas what it says."""
        if body.base_offset == self.image.offset:
            self._take_in(env, body.records)
        self.observe(env)

    def _take_in(self, env: Env, records: tuple[MetadataRecord, ...]) -> None:
        changed: dict[TopicPartition, None] = {}
        brokers = settings = False
        for record in records:
            self._note_changed(record, changed)
            self.image.replay(record)
            if isinstance(record, RemoveTopicRecord):
                self.coordinators.topic_deleted(self, env, record.name)
                if self.sharing is not None:
                    self.sharing.topic_deleted(self, env, record.name)
            brokers = brokers or isinstance(record, BROKER_RECORDS)
            settings = settings or isinstance(record, (BrokerConfigRecord, GroupConfigRecord))
        if settings and self._reconfigure(env):
            changed.update(dict.fromkeys(self.partitions))
        self._taken_in(env, changed, brokers)
        if settings or any(isinstance(record, ConfigRecord) for record in records):
            env.tell(facts.SettingsApplied(self.image.offset))

    def _taken_in(self, env: Env, changed: dict[TopicPartition, None], brokers: bool) -> None:
        """The image is newer by these partitions, and by brokers or not."""
        if self.finder is not None:
            env.tell(facts.MetadataApplied(self.image.offset))
        if self.unpublished is not None:
            self.unpublished.update(changed)
            self._publish_first(env)
        elif changed:
            self._apply(env, changed)
        if brokers or changed:
            self._note_active(env)

    def _learn_anew(self, env: Env, body: FetchMetadataSnapshot) -> None:
        """The log begins later than where this broker is: first drop what is not in the snapshot, or is in it as
        another of the same name, then take all of it over.
        """
        image = image_of_records(body.records, body.end_offset)
        self._take_in(env, tuple(RemoveTopicRecord(one.name, one.topic_id) for one in not_succeeded(self.image, image)))
        self.image = image
        self._reconfigure(env)
        self._taken_in(env, dict.fromkeys(state.partition for state in image.all_partitions()), brokers=True)
        env.tell(facts.SettingsApplied(self.image.offset))
        self.observe(env)

    def _reconfigure(self, env: Env) -> bool:
        """Take over what is set while brokers run (KIP-226). Most is read when it is needed; here is what hangs on it.
        Returns whether its topics have other defaults now.
        """
        before, defaults = self.config.overrides, self.config.topic_defaults()
        self.config.update(dynamic_settings(self.image, self.broker_id))
        self.group_configs.update(self.image)
        after = self.config.overrides
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if any(name in RATES for name in changed):
            self._throttle(env)
        if any(name in RECONFIGURABLE for name in changed):
            self.storage.cleaner.reconfigured(env)
        return defaults != self.config.topic_defaults()

    def _throttle(self, env: Env) -> None:
        """Another rate: what had to pause for the old one goes on."""
        self.replicas.throttle = throttle_of(self.config, self.broker_id)
        for leader_id, fetcher in list(self.replicas.fetchers.items()):
            fetcher.hurry(env.now)
            self._fetch(env, leader_id)

    def _publish_first(self, env: Env) -> None:
        """Nothing is led or followed until this process has read its own registration: what the log says
        before that was meant for the process that is gone (Kafka's initial catch-up).
        """
        changed = self.unpublished
        if changed is not None and 0 <= self.lifecycle.broker_epoch < self.image.offset:
            self.unpublished = None
            self.replicas.delete_strays(env, self.image)
            self._apply(env, changed)
            self._note_active(env)

    def _note_active(self, env: Env) -> None:
        active = dict.fromkeys(one.broker_id for one in self.image.brokers.values() if one.active)
        for partition in self.partitions.values():
            if partition.leading:
                partition.note_active(env, active)
                self.committed(env, partition)

    def _note_changed(self, record: MetadataRecord, changed: dict[TopicPartition, None]) -> None:
        match record:
            case PartitionRecord() | PartitionChangeRecord():
                changed[TopicPartition(record.topic, record.partition)] = None
            case RemoveTopicRecord():
                for index in self.image.topics[record.name].partitions:
                    changed[TopicPartition(record.name, index)] = None
            case ConfigRecord():
                for index in self.image.topics[record.topic].partitions:
                    changed[TopicPartition(record.topic, index)] = None
            case _:
                pass

    def _apply(self, env: Env, changed: dict[TopicPartition, None]) -> None:
        for partition in self.replicas.apply(env, self.image, changed):
            self._role_changed(env, partition)
        for name in changed:
            partition = self.partitions.get(name)
            if partition is None:
                self.coordinators.on_not_leader(self, env, name)
                if self.sharing is not None:
                    self.sharing.on_gone(self, env, name)
                if name.topic == TRANSACTIONS_TOPIC:
                    self.transactions(env).on_not_leader(name)
            else:
                partition.log.config = self.replicas.topic_config(self.image, name.topic)
                self.committed(env, partition)
        for leader_id in list(self.replicas.fetchers):
            self._fetch(env, leader_id)
        if self.isr.waiting:
            self._send_isr_changes(env)

    def _role_changed(self, env: Env, partition: Partition) -> None:
        """What waited for this partition in its old role fails now; coordinators come and go with it."""
        for number in list(partition.waiting_produces):
            waiting.try_produce(self, env, number)
        for number in waiting.waiting_fetches(partition):
            waiting.complete_fetch(self, env, number)
        if self.purgatory.deletes:
            deleting.settle(self, env)
        if partition.leading:
            self.coordinators.on_leader(self, env, partition)
        else:
            self.coordinators.on_not_leader(self, env, partition.partition)
        role_changed(self, env, partition)
        if partition.partition.topic == TRANSACTIONS_TOPIC:
            if partition.leading:
                self.transactions(env).on_leader(self, env, partition)
            else:
                self.transactions(env).on_not_leader(partition.partition)

    # --- replication ------------------------------------------------------------------------------

    def _fetch(self, env: Env, leader_id: int) -> None:
        self.fetching.send(self, env, leader_id)

    def _fetched(self, env: Env, sender: Address, correlation_id: int, body: FetchResponse) -> None:
        for partition in self.fetching.received(env, sender, correlation_id, body):
            self.committed(env, partition)
        leader_id = self.fetching.leader_of(sender)
        if leader_id is not None:
            self._fetch(env, leader_id)

    def _epochs_answered(
        self, env: Env, sender: Address, correlation_id: int, body: OffsetForLeaderEpochResponse
    ) -> None:
        fetcher = older_truncation.fetcher_at(self.replicas.fetchers, sender, correlation_id)
        if fetcher is not None:
            older_truncation.answered(env, self.config, fetcher, self.partitions, body)
            self._fetch(env, fetcher.leader_id)

    def expand_isr(self, env: Env, partition: Partition, replica_id: int) -> None:
        """A follower has caught up: ask to have it in the ISR, if the controller would agree."""
        if self.image.is_active(replica_id):
            partition.propose_isr((*partition.in_sync_replicas, replica_id))
            self.isr.want(partition)
            self._send_isr_changes(env)

    def _shrink_isrs(self, env: Env) -> None:
        for partition in self.partitions.values():
            gone = partition.lagging(env.now)
            if gone:
                partition.propose_isr(tuple(one for one in partition.in_sync_replicas if one not in gone))
                self.isr.want(partition)
        self._send_isr_changes(env)
        env.set_timer(ISR_CHECK, env.now + millis(self.config.replica_lag_time_max_ms) // 2)

    def _send_isr_changes(self, env: Env) -> None:
        body = self.isr.request(self.lifecycle.broker_epoch, self.partitions, self.image)
        if body is not None:
            self.ask_controller(env, "isr", body)

    def _isr_answered(self, env: Env, body: AlterPartitionResponse) -> None:
        for name in self.isr.answered(env, body, self.partitions):
            partition = self.partitions.get(name)
            if partition is not None:
                self.committed(env, partition)
        if self.isr.waiting:
            env.set_timer("alter-partition", env.now + millis(50))

    # --- what its parts ask of it -----------------------------------------------------------------

    def wait(self, env: Env, operation: Delayed) -> int:
        """Keep a request until something happens or its time is over."""
        return waiting.wait(self, env, operation)

    def append_internal(
        self, env: Env, partition: Partition, batch: RecordBatch, token: object, timeout_ms: int | None = None
    ) -> None:
        """A coordinator's append with acks=all; it hears by `completed`."""
        waiting.append_internal(self, env, partition, batch, token, timeout_ms)

    def appended(self, env: Env, partition: Partition) -> None:
        """There are new records here: followers waiting for them have something to fetch."""
        waiting.appended(self, env, partition)

    def committed(self, env: Env, partition: Partition) -> None:
        """The high watermark may have moved: producers and consumers may have waited for that."""
        waiting.committed(self, env, partition)


def size_of(body: object) -> int:
    """About how many bytes an answer takes on the wire."""
    if type(body) is FetchResponse:
        total = 32
        for one in body.responses.values():
            total += 48
            for batch in one.records:
                total += batch.size
        return total
    return body.size if type(body) is ShareFetchResponse else REQUEST_BYTES
