"""Waiting requests: what makes each of them complete, or ends its time (spec 2.8)."""

from typing import TYPE_CHECKING

from lab.env import Env, Micros, millis
from lab.kafka.broker import deleting
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import (
    Delayed,
    DelayedAppend,
    DelayedDelete,
    DelayedFetch,
    DelayedProduce,
    DelayedShareFetch,
)
from lab.kafka.broker.share.groups import PendingHeartbeat, PendingJob
from lab.kafka.broker.share.states import PendingState
from lab.kafka.broker.transactions import PendingMarker, PendingTransition
from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

PURGATORY = "purgatory"
NEVER: Micros = 1 << 60


def wait(broker: "Broker", env: Env, operation: Delayed) -> int:
    """Keep a request until something happens or its time is over."""
    number = broker.purgatory.add(operation)
    at = broker.purgatory_wakes_at
    if at is None or operation.deadline < at:
        _wake_purgatory_at(broker, env, operation.deadline)
    return number


def append_internal(
    broker: "Broker", env: Env, partition: Partition, batch: RecordBatch, token: object, timeout_ms: int | None = None
) -> None:
    """A coordinator's append with acks=all; it hears by `completed`."""
    info = partition.append_as_leader(env, batch, -1, from_client=False)
    if isinstance(info, AppendRefused):
        _append_ended(broker, env, token, info.error_code)
        return
    deadline = env.now + millis(broker.config.offsets_commit_timeout_ms if timeout_ms is None else timeout_ms)
    operation = DelayedAppend(partition.partition, info.last_offset + 1, partition.leader_epoch, deadline, token)
    partition.waiting_produces[wait(broker, env, operation)] = None
    appended(broker, env, partition, info)


def _wake_purgatory_at(broker: "Broker", env: Env, deadline: Micros) -> None:
    broker.purgatory_wakes_at = deadline
    env.set_timer(PURGATORY, deadline)


def appended(broker: "Broker", env: Env, partition: Partition, info: AppendInfo) -> None:
    """There are new records here: followers waiting for them have something to fetch, and who waits for what is
    committed if that is all at once, or if the segment is closed from which there is something to read.
    """
    if not partition.awaited:
        return
    operations = broker.purgatory.operations
    for number in waiting_fetches(partition):
        operation = operations.get(number)
        if operation is None:
            partition.waiting_fetches.pop(number, None)
        elif isinstance(operation, DelayedFetch) and operation.request.replica_id >= 0:
            if operation.request.min_bytes <= 1:
                complete_fetch(broker, env, number)  # it waited at the end of this log, which is no longer there
            else:
                _try_fetch(broker, env, number, operation)
    if info.committed or info.rolled:
        committed(broker, env, partition)


def committed(broker: "Broker", env: Env, partition: Partition) -> None:
    """The high watermark may have moved: producers and consumers may have waited for that."""
    for number in list(partition.waiting_produces):
        try_produce(broker, env, number)
    operations = broker.purgatory.operations
    for number in waiting_fetches(partition):
        operation = operations.get(number)
        if operation is None:
            partition.waiting_fetches.pop(number, None)
        elif isinstance(operation, DelayedFetch):
            if operation.request.replica_id < 0:
                _try_fetch(broker, env, number, operation)
        elif isinstance(operation, DelayedShareFetch) and broker.sharing is not None:
            broker.sharing.try_fetch(broker, env, number, operation)


def _try_fetch(broker: "Broker", env: Env, number: int, operation: DelayedFetch) -> None:
    if broker.fetching.ready(broker, operation.request, operation.session):
        complete_fetch(broker, env, number)


def complete_fetch(broker: "Broker", env: Env, number: int) -> None:
    """Answer a waiting fetch with what there is now."""
    operation = broker.purgatory.operations.get(number)
    if isinstance(operation, DelayedFetch):
        del broker.purgatory.operations[number]
        session = operation.session
        if session is not None:
            session.waiting = 0
        else:
            _unregister(broker, number, operation)
        response = broker.fetching.response(broker, operation.request, session)
        broker.reply(env, operation.sender, operation.correlation_id, response)


def _unregister(broker: "Broker", number: int, operation: DelayedFetch) -> None:
    for name in operation.request.partitions:
        partition = broker.partitions.get(name)
        if partition is not None:
            partition.waiting_fetches.pop(number, None)


def try_produce(broker: "Broker", env: Env, number: int) -> None:
    """Whether each partition of a waiting produce is replicated, or can no longer be."""
    operation = broker.purgatory.operations.get(number)
    if isinstance(operation, DelayedAppend):
        _try_append(broker, env, number, operation)
        return
    if not isinstance(operation, DelayedProduce):
        return
    for name in list(operation.required):
        error = _replicated(broker, name, operation.required[name], operation.leader_epochs[name])
        if error is None:
            continue
        operation.response.responses[name].error_code = error
        del operation.required[name]
        if name in broker.partitions:
            broker.partitions[name].waiting_produces.pop(number, None)
    if not operation.required:
        del broker.purgatory.operations[number]
        broker.reply(env, operation.sender, operation.correlation_id, operation.response)


def _try_append(broker: "Broker", env: Env, number: int, operation: DelayedAppend) -> None:
    error = _replicated(broker, operation.partition, operation.required, operation.leader_epoch)
    if error is not None:
        _end_append(broker, env, number, operation, error)


def _end_append(broker: "Broker", env: Env, number: int, operation: DelayedAppend, error: ErrorCode) -> None:
    del broker.purgatory.operations[number]
    partition = broker.partitions.get(operation.partition)
    if partition is not None:
        partition.waiting_produces.pop(number, None)
    _append_ended(broker, env, operation.token, error)


def _append_ended(broker: "Broker", env: Env, token: object, error: ErrorCode) -> None:
    if isinstance(token, (PendingTransition, PendingMarker)):
        broker.transactions(env).completed(broker, env, token, error)
    elif isinstance(token, (PendingState, PendingHeartbeat, PendingJob)):
        if broker.sharing is not None:
            broker.sharing.logged(broker, env, token, error)
    else:
        broker.coordinators.completed(broker, env, token, error)


def _replicated(broker: "Broker", name: TopicPartition, required: int, leader_epoch: int) -> ErrorCode | None:
    """How an append with acks=all has ended; None while it is undecided."""
    partition = broker.partitions.get(name)
    if partition is None or not partition.leading or partition.leader_epoch != leader_epoch:
        return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if partition.log.high_watermark < required:
        return None
    if len(partition.maximal_isr) < partition.min_isr:
        return ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND
    return ErrorCode.NONE


def expire(broker: "Broker", env: Env) -> None:
    """The time of some requests is over: each ends in its way, and the next deadline is waited for."""
    broker.purgatory_wakes_at = None
    if broker.replicas.throttle is not None:
        broker.replicas.throttle.now = env.now
    for number in broker.purgatory.expired(env.now):
        operation = broker.purgatory.operations.get(number)
        match operation:
            case DelayedFetch():
                complete_fetch(broker, env, number)
            case DelayedProduce():
                _expire_produce(broker, env, number, operation)
            case DelayedAppend():
                _end_append(broker, env, number, operation, ErrorCode.REQUEST_TIMED_OUT)
            case DelayedDelete():
                deleting.expire(broker, env, number, operation)
            case DelayedShareFetch():
                operation.deadline = NEVER
                if broker.sharing is not None:
                    broker.sharing.try_fetch(broker, env, number, operation, over=True)
            case None:
                pass
    deadline = broker.purgatory.next_deadline()
    at = broker.purgatory_wakes_at
    if deadline is not None and (at is None or deadline < at):
        _wake_purgatory_at(broker, env, deadline)


def _expire_produce(broker: "Broker", env: Env, number: int, operation: DelayedProduce) -> None:
    """The record stays appended; only the waiting is over."""
    del broker.purgatory.operations[number]
    for name in operation.required:
        operation.response.responses[name].error_code = ErrorCode.REQUEST_TIMED_OUT
        if name in broker.partitions:
            broker.partitions[name].waiting_produces.pop(number, None)
    broker.reply(env, operation.sender, operation.correlation_id, operation.response)


def waiting_fetches(partition: Partition) -> list[int]:
    """The numbers of fetches that wait for this partition among others, in sessions and without."""
    found = list(partition.waiting_fetches)
    for session in partition.watchers.values():
        if session.waiting:
            found += (session.waiting,)
    return found
