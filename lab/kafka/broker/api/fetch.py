"""Fetch (1): consumers read up to the high watermark, followers to the end of the log.

We do: long polls, min_bytes, leader epochs, diverging epochs, byte limits with at least one batch.
From a follower too, for consumers that say in which rack they are (KIP-392).
We do not: fetch sessions (declined, which the protocol allows).
"""

from lab.env import millis
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.purgatory import DelayedFetch
from lab.kafka.protocol.messages.fetch import FetchRequest, FetchResponse


@handles(FetchRequest)
def fetch(broker: Broker, request: FetchRequest, context: RequestContext) -> FetchResponse | Later:
    """Note what a follower has, then answer at once if there is something to say, else wait."""
    env = context.env
    if broker.replicas.throttle is not None:
        broker.replicas.throttle.now = env.now
    if request.replica_id >= 0:
        _note_follower(broker, request, context)
    if request.max_wait_ms <= 0 or broker.fetching.ready(broker, request):
        return broker.fetching.response(broker, request)
    operation = DelayedFetch(context.sender, context.correlation_id, env.now + millis(request.max_wait_ms), request)
    number = broker.wait(env, operation)
    for name in request.partitions:
        broker.partitions[name].waiting_fetches[number] = None
    return PENDING


def _note_follower(broker: Broker, request: FetchRequest, context: RequestContext) -> None:
    """A follower that asks for an offset has everything below it, unless its log diverges (spec 2.4)."""
    env = context.env
    known = broker.image.brokers.get(request.replica_id)
    if known is not None and 0 <= request.replica_epoch < known.broker_epoch:
        return
    partitions, replica_id = broker.partitions, request.replica_id
    for name, asked in request.partitions.items():
        partition = partitions.get(name)
        if partition is None or not partition.leading or partition.epoch_error(asked.current_leader_epoch):
            continue
        log = partition.log
        if asked.fetch_offset > log.log_end_offset or broker.fetching.diverges(partition, asked):
            continue
        if broker.config.replica_selector_class and replica_id in partition.remotes:
            partition.remotes[replica_id].log_start_offset = asked.log_start_offset
        before = log.high_watermark
        if partition.fetched_by(env, replica_id, asked.fetch_offset, request.replica_epoch):
            broker.expand_isr(env, partition, replica_id)
        if log.high_watermark > before:
            broker.committed(env, partition)
