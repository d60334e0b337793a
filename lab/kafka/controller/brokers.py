"""Brokers: they sign on, are heard, fenced and let in again, sign off (Kafka's `ClusterControlManager`, spec 3.5)."""

from lab.env import Micros, millis
from lab.kafka.controller import elections, eligibility
from lab.kafka.controller.controller import Controller, Decision, Session
from lab.kafka.metadata.records import BrokerRegistrationChangeRecord, MetadataRecord, RegisterBrokerRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
)


def register(controller: Controller, request: BrokerRegistrationRequest, now: Micros, next_offset: int) -> Decision:
    """A process signs on. The same id with a live session and another incarnation is refused."""
    known = controller.image.brokers.get(request.broker_id)
    session = controller.sessions.get(request.broker_id)
    if known is not None and known.incarnation_id == request.incarnation_id:
        controller.sessions[request.broker_id] = Session(now)
        return Decision(BrokerRegistrationResponse(ErrorCode.NONE, known.broker_epoch))
    if known is not None and not known.fenced and session is not None and _alive(controller, session, now):
        return Decision(BrokerRegistrationResponse(ErrorCode.DUPLICATE_BROKER_REGISTRATION))
    controller.sessions[request.broker_id] = Session(now)
    records: list[MetadataRecord] = []
    if controller.config.eligible_leader_replicas_enable and controller.image.eligible is None:
        records += eligibility.switched_on(controller.image, controller.config.min_insync_replicas)
    lost = known is not None and known.broker_epoch != request.previous_broker_epoch
    records += leave_everything(controller, request.broker_id, "restarted", lost=lost)
    epoch = next_offset + len(records)
    records.append(RegisterBrokerRecord(request.broker_id, request.host, request.incarnation_id, epoch, request.rack))
    return Decision(BrokerRegistrationResponse(ErrorCode.NONE, epoch), records)


def _alive(controller: Controller, session: Session, now: Micros) -> bool:
    return now - session.heard_at < millis(controller.config.broker_session_timeout_ms)


def heartbeat(controller: Controller, request: BrokerHeartbeatRequest, now: Micros, next_offset: int) -> Decision:
    """The broker's own state machine, seen from here."""
    broker = controller.image.brokers.get(request.broker_id)
    if broker is None:
        return Decision(BrokerHeartbeatResponse(ErrorCode.BROKER_ID_NOT_REGISTERED))
    if broker.broker_epoch != request.broker_epoch:
        return Decision(BrokerHeartbeatResponse(ErrorCode.STALE_BROKER_EPOCH))
    session = controller.sessions.setdefault(request.broker_id, Session(now))
    session.heard_at = now
    session.metadata_offset = request.current_metadata_offset
    caught_up = request.current_metadata_offset > broker.broker_epoch
    records: list[MetadataRecord] = []
    should_stop = False
    if request.want_shut_down:
        records = _shut_down(controller, request.broker_id, next_offset)
        should_stop = not records and _may_stop(controller, request.broker_id)
        if should_stop and not broker.fenced:
            records = fence(controller, request.broker_id)  # its next process need not outwait this one's session
    elif broker.fenced and not request.want_fence and caught_up:
        records = _unfence(controller, request.broker_id)
    elif request.want_fence and not broker.fenced:
        records = fence(controller, request.broker_id)
    fenced = (broker.fenced and not records) or request.want_fence or should_stop
    return Decision(BrokerHeartbeatResponse(ErrorCode.NONE, caught_up, fenced, should_stop), records)


def _unfence(controller: Controller, broker_id: int) -> list[MetadataRecord]:
    """Let a broker serve, and lead what has no leader. The records are decided as if it were active."""
    broker = controller.image.brokers[broker_id]
    change = BrokerRegistrationChangeRecord(broker_id, broker.broker_epoch, False, False)
    broker.fenced = False
    try:
        elected = elections.leaderless(controller.image, controller.unclean_allowed, "unfenced")
    finally:
        broker.fenced = True
    return [change, *elected]


def _shut_down(controller: Controller, broker_id: int, next_offset: int) -> list[MetadataRecord]:
    """A controlled shutdown begins: the broker leaves ISRs and leaderships while it still lives."""
    broker = controller.image.brokers[broker_id]
    if broker.in_controlled_shutdown or broker.fenced:
        return []
    change = BrokerRegistrationChangeRecord(broker_id, broker.broker_epoch, None, True)
    moved = leave_everything(controller, broker_id, "shutdown")
    controller.sessions[broker_id].shutdown_offset = next_offset + len(moved)
    return [change, *moved]


def _may_stop(controller: Controller, broker_id: int) -> bool:
    """Once it leads nothing that another could lead, and every active broker has read so."""
    offset = controller.sessions[broker_id].shutdown_offset
    return all(
        controller.sessions[one.broker_id].metadata_offset > offset
        for one in controller.image.brokers.values()
        if one.active and one.broker_id in controller.sessions
    )


def fence_stale(controller: Controller, now: Micros) -> list[MetadataRecord]:
    """Fence the brokers that were silent for too long."""
    for broker in controller.image.brokers.values():
        session = controller.sessions.get(broker.broker_id)
        if not broker.fenced and session is not None and not _alive(controller, session, now):
            return fence(controller, broker.broker_id)
    return []


def fence(controller: Controller, broker_id: int) -> list[MetadataRecord]:
    """Leaderships leave before the broker is marked, in one batch: so a replayer sees it in that order."""
    broker = controller.image.brokers[broker_id]
    change = BrokerRegistrationChangeRecord(broker_id, broker.broker_epoch, True)
    return [*leave_everything(controller, broker_id, "fenced"), change]


def leave_everything(
    controller: Controller, broker_id: int, reason: str, *, lost: bool = False
) -> list[MetadataRecord]:
    """What becomes of all that a broker leads or is in sync with. `lost`: its process ended uncleanly, so that
    what it held in its page cache may be gone.
    """
    eligible = controller.image.eligible or {}
    changes = (
        elections.change_without(
            controller.image, state, broker_id, controller.unclean_allowed(state.partition.topic), reason, lost=lost
        )
        for state in controller.image.all_partitions()
        if broker_id in state.isr or broker_id == state.leader_id
        or (lost and state.partition in eligible and broker_id in eligible[state.partition].elr)
    )  # fmt: skip
    return [change for change in changes if change is not None]
