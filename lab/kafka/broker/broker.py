"""Broker: the node. Events in, plain calls, then whatever became due goes out."""

from lab.env import Address, DiskFull, Env, Micros, NodeId, Timer, address, millis
from lab.kafka import facts
from lab.kafka.broker import fencing, lifecycle, older_truncation, publishing, waiting
from lab.kafka.broker.access import Access
from lab.kafka.broker.context import HANDLERS, HANG_UP, NO_REPLY, PENDING, RequestContext
from lab.kafka.broker.controller_finder import CONTROLLER_CHANNELS, ControllerFinder
from lab.kafka.broker.coordinators import Coordinators
from lab.kafka.broker.copying import Copying
from lab.kafka.broker.fetching import Fetching
from lab.kafka.broker.forwarded import ForwardedRequests
from lab.kafka.broker.group_configs import GroupConfigs
from lab.kafka.broker.heap import Heap
from lab.kafka.broker.isr import IsrChanges
from lab.kafka.broker.lifecycle import Lifecycle
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.producer_id_block import ProducerIdBlock
from lab.kafka.broker.purgatory import (
    Delayed,
    Purgatory,
)
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.broker.session_cache import SessionCache
from lab.kafka.broker.share.sharing import Sharing
from lab.kafka.broker.storage import Storage
from lab.kafka.broker.transactions import (
    CHANNELS,
    TransactionCoordinators,
)
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.metadata.fetch import (
    FetchMetadataRefused,
    FetchMetadataRequest,
    FetchMetadataResponse,
    FetchMetadataSnapshot,
)
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import (
    BrokerRegistrationChangeRecord,
    RegisterBrokerRecord,
    UnregisterBrokerRecord,
)
from lab.kafka.orders import FenceOff, Shutdown
from lab.kafka.protocol.messages.brokers import (
    AlterPartitionResponse,
    BrokerHeartbeatResponse,
    BrokerRegistrationResponse,
)
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.fetch import FetchResponse
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochResponse
from lab.kafka.protocol.messages.producer_ids import (
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

    def __init__(
        self, broker_id: int, controllers: tuple[NodeId, ...], config: BrokerConfig, quorum: bool,
        heap_bytes: int | None = None,
    ) -> None:  # fmt: skip
        self.broker_id = broker_id
        self.config = config
        self.controller = controllers[0]
        self.finder = ControllerFinder(controllers) if quorum else None
        self.image = MetadataImage()
        self.group_configs = GroupConfigs(config)
        self.lifecycle = Lifecycle(broker_id, config)
        self.replicas = ReplicaManager(broker_id, config)
        self.partitions = self.replicas.partitions
        self.fetching = Fetching(config, self.replicas)
        self.copying = Copying(broker_id, config, self.replicas)
        self.isr = IsrChanges(broker_id)
        self.storage = Storage(config)
        self.sessions = SessionCache(config.max_incremental_fetch_session_cache_slots, self.partitions)
        self.purgatory = Purgatory()
        self.coordinators = Coordinators(config)
        self.transaction_coordinators: TransactionCoordinators | None = None
        self.channels: dict[Address, RequestChannel] = {}
        self.producer_ids = ProducerIdBlock()
        self.forwarded = ForwardedRequests()
        self.correlation_id = 0
        self.purgatory_wakes_at: Micros | None = None
        self.unpublished: dict[TopicPartition, None] | None = {}
        self.put_off: list[Address] | None = None
        """While metadata is being applied, who has requests waiting: none is taken up by a broker that is half of what
        it was, with a coordinator whose log is gone already.
        """
        self.sharing: Sharing | None = None
        self.access = Access.of(config)
        self.connections_made = 0
        self.heap = Heap(heap_bytes) if heap_bytes is not None else None

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
        if self.heap is not None and not self.heap.holds(env, self.partitions):
            env.stop()

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
                self.send_isr_changes(env)
            case "coordinators":
                self.coordinators.wake(self, env)
            case "seek" if self.finder is not None:
                self.finder.seek(self, env)
            case "forward":
                self.forwarded.again(self, env)
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
            self.copying.disconnected(env, name)
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
                self.forwarded.put_off(env)
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
            self.connections_made += 1
        if channel.busy or channel.waiting:
            channel.waiting.append(request)
            self._serve(env, sender, channel)
        else:
            self._handle(env, sender, channel, request)

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
        context = RequestContext(env, sender, request.correlation_id, request.client_id, request.peer)
        answer = self.answer(body, context)
        if answer is PENDING:
            return
        if answer is HANG_UP:
            self._hang_up(env, sender)
            return
        if answer is not NO_REPLY:
            env.send(sender, Response(request.correlation_id, answer), size_of(answer))
        channel.busy = False

    def answer(self, body: object, context: RequestContext) -> object:
        """What its handler says to a request; what its sender may not ask for is refused before."""
        if self.access is None:
            return HANDLERS[type(body)](self, body, context)
        return self.access.answer(self, body, context)

    def reply(self, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        """Answer a request that had to wait, and take the next of its connection."""
        channel = self.channels.get(sender)
        if channel is None:
            return  # the connection is gone
        if channel.rephrased:
            body = _rephrased(channel, body)
        env.send(sender, Response(correlation_id, body), size_of(body))
        channel.busy = False
        if channel.waiting and self.put_off is not None:
            self.put_off.append(sender)
        elif channel.waiting:
            self._serve(env, sender, channel)

    def take_up(self, env: Env) -> None:
        """Go on with what was put off."""
        senders, self.put_off = self.put_off or (), None
        for sender in dict.fromkeys(senders):
            channel = self.channels.get(sender)
            if channel is not None:
                self._serve(env, sender, channel)

    def resume(self, context: RequestContext, body: object) -> None:
        """Handle a request that had to wait before anything was done, in the place of its connection."""
        channel = self.channels.get(context.sender)
        if channel is None:
            return  # the connection is gone
        answer = HANDLERS[type(body)](self, body, context)
        if answer is HANG_UP:
            self._hang_up(context.env, context.sender)
        elif answer is NO_REPLY:
            channel.busy = False
            channel.rephrased.clear()
            self._serve(context.env, context.sender, channel)
        elif answer is not PENDING:
            self.reply(context.env, context.sender, context.correlation_id, answer)

    def _hang_up(self, env: Env, sender: Address) -> None:
        """End a connection. What was pipelined on it is not looked at any more."""
        self.channels[sender].waiting.clear()
        env.hang_up(sender)
        self.disconnected(env, sender)

    def _answered(self, env: Env, sender: Address, response: Response) -> None:
        body = response.body
        match body:
            case FetchResponse():
                self._fetched(env, sender, response.correlation_id, body)
            case FetchMetadataResponse():
                if self.finder is None or self.finder.answered(self, env, response.correlation_id):
                    publishing.learn(self, env, body)
            case BrokerHeartbeatResponse():
                self._heartbeat_answered(env, body)
            case BrokerRegistrationResponse():
                self.lifecycle.registered(body)
                publishing.publish_first(self, env)
                env.set_timer(HEARTBEAT, env.now + self.lifecycle.interval())
            case AlterPartitionResponse():
                self._isr_answered(env, body)
            case ShareStateResponse():
                if self.sharing is not None:
                    self.sharing.state_answered(env, response.correlation_id, body)
            case AllocateProducerIdsResponse():
                self.producer_ids.granted(self, env, body)
            case OffsetForLeaderEpochResponse():
                self._epochs_answered(env, sender, response.correlation_id, body)
            case _ if self.finder is not None and self._redirected(env, self.finder, response):
                pass
            case AddPartitionsToTxnResponse():
                self.transactions(env).verification_answered(self, env, response.correlation_id, body)
            case WriteTxnMarkersResponse():
                self.transactions(env).markers_answered(self, env, response.correlation_id, body)
            case _:
                self.forwarded.answered(self, env, response.correlation_id, body)

    def _redirected(self, env: Env, finder: ControllerFinder, response: Response) -> bool:
        """What only one controller among several answers; False if it is an answer to hand back."""
        body = response.body
        match body:
            case FetchMetadataRefused():
                finder.refused(self, env, response.correlation_id, body)
            case FetchMetadataSnapshot():
                if finder.answered(self, env, response.correlation_id):
                    publishing.learn_anew(self, env, body)
            case EnvelopeResponse():
                self.forwarded.put_off(env)
            case _:
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
        self.forwarded.hand_on(self, context.env, context.sender, context.correlation_id, body)

    def transactions(self, env: Env) -> TransactionCoordinators:
        """This broker's part in transactions, begun if need be."""
        found = self.transaction_coordinators
        if found is None:
            found = self.transaction_coordinators = TransactionCoordinators(env.name, self.config)
        return found

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

    # --- replication ------------------------------------------------------------------------------

    def _fetch(self, env: Env, leader_id: int) -> None:
        self.copying.send(self, env, leader_id)

    def _fetched(self, env: Env, sender: Address, correlation_id: int, body: FetchResponse) -> None:
        fetcher = self.copying.fetcher_at(sender)
        if fetcher is not None:
            for partition in self.copying.received(env, fetcher, correlation_id, body):
                self.committed(env, partition)
            self.copying.send(self, env, fetcher.leader_id)

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
            self.send_isr_changes(env)

    def _shrink_isrs(self, env: Env) -> None:
        for partition in self.partitions.values():
            gone = partition.lagging(env.now)
            if gone:
                partition.propose_isr(tuple(one for one in partition.in_sync_replicas if one not in gone))
                self.isr.want(partition)
        self.send_isr_changes(env)
        env.set_timer(ISR_CHECK, env.now + millis(self.config.replica_lag_time_max_ms) // 2)

    def send_isr_changes(self, env: Env) -> None:
        """Ask the controller for what is wanted of the ISRs, unless an answer is still out."""
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

    def appended(self, env: Env, partition: Partition, info: AppendInfo) -> None:
        """There are new records here: followers waiting for them have something to fetch."""
        waiting.appended(self, env, partition, info)

    def committed(self, env: Env, partition: Partition) -> None:
        """The high watermark may have moved: producers and consumers may have waited for that."""
        waiting.committed(self, env, partition)


def _rephrased(channel: RequestChannel, body: object) -> object:
    while channel.rephrased:
        body = channel.rephrased.pop().rephrase(body)
    return body


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
