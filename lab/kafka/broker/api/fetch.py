"""Fetch (1): consumers read up to the high watermark, followers to the end of the log.

We do: long polls, min_bytes, leader epochs, diverging epochs, byte limits with at least one batch.
We do: fetch sessions too; from a follower too, for consumers that say in which rack they are (KIP-392).
"""

from lab.env import millis
from lab.kafka.broker import deleting
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.fetch_session import FetchSession
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedFetch
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import (
    FINAL_EPOCH,
    FetchedPartition,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    IsolationLevel,
)

LEVELS = tuple(IsolationLevel)
"""Those that stand for something: looked up so, since every fetch is asked."""


@handles(FetchRequest)
def fetch(broker: Broker, request: FetchRequest, context: RequestContext) -> FetchResponse | Later:
    """Note what a follower has, then answer at once if there is something to say, else wait."""
    env = context.env
    if request.isolation_level not in LEVELS:
        wrong = FetchedPartition(ErrorCode.UNKNOWN_SERVER_ERROR, aborted_transactions=())
        return FetchResponse(dict.fromkeys(request.partitions, wrong), ErrorCode.UNKNOWN_SERVER_ERROR)
    if broker.replicas.throttle is not None:
        broker.replicas.throttle.now = env.now
    session = None
    if request.session_epoch != FINAL_EPOCH or request.session_id:
        found = broker.sessions.find(request, env)
        if isinstance(found, ErrorCode):
            return FetchResponse({}, found)
        session = found
    full = session.request if session is not None else request
    if request.replica_id >= 0:
        _note_follower(broker, request, session, context)
    if request.max_wait_ms <= 0 or broker.fetching.ready(broker, full, session):
        return broker.fetching.response(broker, full, session)
    operation = DelayedFetch(
        context.sender, context.correlation_id, env.now + millis(request.max_wait_ms), full, session
    )
    number = broker.wait(env, operation)
    if session is None:
        for name in request.partitions:
            broker.partitions[name].waiting_fetches[number] = None
    else:
        session.waiting = number
        for name in session.stale:
            if name in full.partitions:
                broker.partitions[name].watchers[session.session_id] = session
    return PENDING


def _note_follower(
    broker: Broker, request: FetchRequest, session: FetchSession | None, context: RequestContext
) -> None:
    """A follower that asks for an offset has everything below it, unless its log diverges (spec 2.4)."""
    env = context.env
    known = broker.image.brokers.get(request.replica_id)
    if known is not None and 0 <= request.replica_epoch < known.broker_epoch:
        return
    partitions, replica_id = broker.partitions, request.replica_id
    looked_at = request.partitions
    if session is not None and session.outside:
        looked_at = {**{name: session.request.partitions[name] for name in session.outside}, **looked_at}
    for name, asked in looked_at.items():
        partition = partitions.get(name)
        if partition is None or not (broker.fetching.agreed(partition, asked) or _has(broker, partition, asked)):
            continue
        log = partition.log
        if broker.config.replica_selector_class and replica_id in partition.remotes:
            partition.remotes[replica_id].log_start_offset = asked.log_start_offset
        before = log.high_watermark
        if partition.fetched_by(
            env, replica_id, asked.fetch_offset, request.replica_epoch, session, asked.log_start_offset
        ):
            broker.expand_isr(env, partition, replica_id)
        if session is not None:
            if replica_id in partition.in_sync_replicas:
                session.outside.pop(name, None)
            else:
                session.outside[name] = None
        if log.high_watermark > before:
            broker.committed(env, partition)
    if broker.purgatory.deletes:
        deleting.settle(broker, env)


def _has(broker: Broker, partition: Partition, asked: FetchPartition) -> bool:
    """Whether an asker that does not agree at a glance has what its offset says."""
    if not partition.leading or partition.epoch_error(asked.current_leader_epoch):
        return False
    if asked.topic_id != partition.topic_id and asked.topic_id:
        return False
    return asked.fetch_offset <= partition.log.log_end_offset and not broker.fetching.diverges(partition, asked)
