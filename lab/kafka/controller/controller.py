"""Controller: request in, records and response out; its image changes only by replaying records."""

from dataclasses import dataclass, field, replace

from lab.env import Micros, millis
from lab.env.node import Dice
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller import elections, eligibility, reassignment
from lab.kafka.controller.placement import partition_record, place
from lab.kafka.metadata.image import NO_LEADER, MetadataImage, PartitionState
from lab.kafka.metadata.records import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from lab.kafka.metadata.settings import cluster_settings
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    AlteredPartition,
    AlterPartitionChange,
    AlterPartitionRequest,
    AlterPartitionResponse,
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
)
from lab.kafka.protocol.messages.configs import ConfigSource
from lab.kafka.protocol.messages.producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)
from lab.kafka.protocol.messages.topics import (
    CreatedConfig,
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    ElectionType,
    ElectLeadersRequest,
    ElectLeadersResponse,
    NewTopic,
    TopicResult,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId, draw_topic_id
from lab.kafka.protocol.topics import TopicPartition, valid_topic_name

PRODUCER_ID_BLOCK = 1_000
PARTITIONS_MAX = 20_000
UNCLEAN = "unclean.leader.election.enable"


@dataclass(slots=True)
class Decision:
    """What to write, and what to answer once it is committed."""

    response: object
    records: list[MetadataRecord] = field(default_factory=list[MetadataRecord])


@dataclass(slots=True)
class Session:
    """What the controller remembers of a broker besides the log: when it was heard last, and how far it has read."""

    heard_at: Micros
    metadata_offset: int = -1
    shutdown_offset: int = -1


class Controller:
    """Decides. Nothing here is changed but by `replay`, except sessions, which no record holds."""

    def __init__(self, config: BrokerConfig, image: MetadataImage) -> None:
        self.config = config
        self.image = image
        self.sessions: dict[int, Session] = {}

    def unclean_allowed(self, topic: str) -> bool:
        """`unclean.leader.election.enable` of a topic, else of all brokers, else as this controller was set up."""
        image = self.image.topics.get(topic)
        if image is None:
            return False
        found = image.config.get(UNCLEAN) or cluster_settings(self.image).get(UNCLEAN)
        return found.lower() == "true" if found else self.config.unclean_leader_election_enable

    # --- brokers (spec 3.5) -----------------------------------------------------------------------

    def register(self, request: BrokerRegistrationRequest, now: Micros, next_offset: int) -> Decision:
        """A process signs on. The same id with a live session and another incarnation is refused."""
        known = self.image.brokers.get(request.broker_id)
        session = self.sessions.get(request.broker_id)
        if known is not None and known.incarnation_id == request.incarnation_id:
            self.sessions[request.broker_id] = Session(now)
            return Decision(BrokerRegistrationResponse(ErrorCode.NONE, known.broker_epoch))
        if known is not None and not known.fenced and session is not None and self._alive(session, now):
            return Decision(BrokerRegistrationResponse(ErrorCode.DUPLICATE_BROKER_REGISTRATION))
        self.sessions[request.broker_id] = Session(now)
        records: list[MetadataRecord] = []
        if self.config.eligible_leader_replicas_enable and self.image.eligible is None:
            records += eligibility.switched_on(self.image, self.config.min_insync_replicas)
        lost = known is not None and known.broker_epoch != request.previous_broker_epoch
        records += self.leave_everything(request.broker_id, "restarted", lost=lost)
        epoch = next_offset + len(records)
        records.append(
            RegisterBrokerRecord(request.broker_id, request.host, request.incarnation_id, epoch, request.rack)
        )
        return Decision(BrokerRegistrationResponse(ErrorCode.NONE, epoch), records)

    def _alive(self, session: Session, now: Micros) -> bool:
        return now - session.heard_at < millis(self.config.broker_session_timeout_ms)

    def heartbeat(self, request: BrokerHeartbeatRequest, now: Micros, next_offset: int) -> Decision:
        """The broker's own state machine, seen from here."""
        broker = self.image.brokers.get(request.broker_id)
        if broker is None:
            return Decision(BrokerHeartbeatResponse(ErrorCode.BROKER_ID_NOT_REGISTERED))
        if broker.broker_epoch != request.broker_epoch:
            return Decision(BrokerHeartbeatResponse(ErrorCode.STALE_BROKER_EPOCH))
        session = self.sessions.setdefault(request.broker_id, Session(now))
        session.heard_at = now
        session.metadata_offset = request.current_metadata_offset
        caught_up = request.current_metadata_offset > broker.broker_epoch
        records: list[MetadataRecord] = []
        should_stop = False
        if request.want_shut_down:
            records = self._shut_down(request.broker_id, next_offset)
            should_stop = not records and self._may_stop(request.broker_id)
            if should_stop and not broker.fenced:
                records = self.fence(request.broker_id)  # so its next process need not outwait this one's session
        elif broker.fenced and not request.want_fence and caught_up:
            records = self._unfence(request.broker_id)
        elif request.want_fence and not broker.fenced:
            records = self.fence(request.broker_id)
        fenced = (broker.fenced and not records) or request.want_fence or should_stop
        return Decision(BrokerHeartbeatResponse(ErrorCode.NONE, caught_up, fenced, should_stop), records)

    def _unfence(self, broker_id: int) -> list[MetadataRecord]:
        """Let a broker serve, and lead what has no leader. The records are decided as if it were active."""
        broker = self.image.brokers[broker_id]
        change = BrokerRegistrationChangeRecord(broker_id, broker.broker_epoch, False, False)
        broker.fenced = False
        try:
            elected = elections.leaderless(self.image, self.unclean_allowed, "unfenced")
        finally:
            broker.fenced = True
        return [change, *elected]

    def _shut_down(self, broker_id: int, next_offset: int) -> list[MetadataRecord]:
        """A controlled shutdown begins: the broker leaves ISRs and leaderships while it still lives."""
        broker = self.image.brokers[broker_id]
        if broker.in_controlled_shutdown or broker.fenced:
            return []
        change = BrokerRegistrationChangeRecord(broker_id, broker.broker_epoch, None, True)
        moved = self.leave_everything(broker_id, "shutdown")
        self.sessions[broker_id].shutdown_offset = next_offset + len(moved)
        return [change, *moved]

    def _may_stop(self, broker_id: int) -> bool:
        """Once it leads nothing that another could lead, and every active broker has read so."""
        offset = self.sessions[broker_id].shutdown_offset
        return all(
            self.sessions[one.broker_id].metadata_offset > offset
            for one in self.image.brokers.values()
            if one.active and one.broker_id in self.sessions
        )

    def fence_stale(self, now: Micros) -> list[MetadataRecord]:
        """Fence the brokers that were silent for too long."""
        for broker in self.image.brokers.values():
            session = self.sessions.get(broker.broker_id)
            if not broker.fenced and session is not None and not self._alive(session, now):
                return self.fence(broker.broker_id)
        return []

    def fence(self, broker_id: int) -> list[MetadataRecord]:
        """Leaderships leave before the broker is marked, in one batch: so a replayer sees it in that order."""
        broker = self.image.brokers[broker_id]
        change = BrokerRegistrationChangeRecord(broker_id, broker.broker_epoch, True)
        return [*self.leave_everything(broker_id, "fenced"), change]

    def leave_everything(self, broker_id: int, reason: str, *, lost: bool = False) -> list[MetadataRecord]:
        """What becomes of all that a broker leads or is in sync with. `lost`: its process ended uncleanly, so that
        what it held in its page cache may be gone.
        """
        eligible = self.image.eligible or {}
        changes = (
            elections.change_without(
                self.image, state, broker_id, self.unclean_allowed(state.partition.topic), reason, lost=lost
            )
            for state in self.image.all_partitions()
            if broker_id in state.isr or broker_id == state.leader_id
            or (lost and state.partition in eligible and broker_id in eligible[state.partition].elr)
        )  # fmt: skip
        return [change for change in changes if change is not None]

    # --- partitions (spec 2.6, 2.9) ---------------------------------------------------------------

    def alter_partition(self, request: AlterPartitionRequest) -> Decision:
        """A leader asks for another ISR."""
        broker = self.image.brokers.get(request.broker_id)
        if broker is None or broker.broker_epoch != request.broker_epoch:
            return Decision(AlterPartitionResponse(ErrorCode.STALE_BROKER_EPOCH, {}))
        records: list[MetadataRecord] = []
        answers: dict[TopicPartition, AlteredPartition] = {}
        for partition, change in request.partitions.items():
            error = self._isr_error(request.broker_id, partition, change)
            if error:
                answers[partition] = AlteredPartition(error)
                continue
            state = self.image.partition(partition)
            assert state is not None
            isr = tuple(broker_id for broker_id, _ in change.new_isr)
            record = reassignment.progress(self.image, state, isr)
            if record is None:
                record = PartitionChangeRecord(*partition, reason="isr", isr=list(isr))
                record = eligibility.note(self.image, state, record)
            record.recovering = change.leader_recovering
            records.append(record)
            answers[partition] = self._altered(state, record)
        return Decision(AlterPartitionResponse(ErrorCode.NONE, answers), records)

    def _altered(self, state: PartitionState, record: PartitionChangeRecord) -> AlteredPartition:
        """What the leader is told. The end of a reassignment may have made another one leader, or begun an epoch."""
        epoch = state.leader_epoch + (record.leader is not None)
        if record.leader not in (None, state.leader_id):
            return AlteredPartition(ErrorCode.NEW_LEADER_ELECTED)
        isr = tuple(record.isr) if record.isr is not None else state.isr
        return AlteredPartition(ErrorCode.NONE, state.leader_id, epoch, isr, state.partition_epoch + 1)

    def _isr_error(self, sender: int, partition: TopicPartition, change: AlterPartitionChange) -> ErrorCode:
        """The checks in Kafka's order."""
        state = self.image.partition(partition)
        members = [broker_id for broker_id, _ in change.new_isr]
        if change.topic_id and change.topic_id != self.image.topic_id(partition.topic):
            return ErrorCode.UNKNOWN_TOPIC_ID
        if state is None:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if change.leader_epoch > state.leader_epoch or change.partition_epoch > state.partition_epoch:
            return ErrorCode.NOT_CONTROLLER
        if change.leader_epoch < state.leader_epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        if sender != state.leader_id:
            return ErrorCode.INVALID_REQUEST
        if change.partition_epoch < state.partition_epoch:
            return ErrorCode.INVALID_UPDATE_VERSION
        known = all(one in state.replicas for one in members) and len(dict.fromkeys(members)) == len(members)
        if not known or state.leader_id not in members:
            return ErrorCode.INVALID_REQUEST
        if change.leader_recovering and (len(members) > 1 or not state.recovering):
            return ErrorCode.INVALID_REQUEST
        for broker_id, epoch in change.new_isr:
            broker = self.image.brokers.get(broker_id)
            if broker is None or not broker.active or (epoch >= 0 and epoch != broker.broker_epoch):
                return ErrorCode.INELIGIBLE_REPLICA
        return ErrorCode.NONE

    def elect_leaders(self, request: ElectLeadersRequest) -> Decision:
        """Preferred or unclean elections asked for by an administrator."""
        partitions = request.partitions
        if partitions is None:
            partitions = tuple(state.partition for state in self.image.all_partitions())
        if not request.election_type.known:
            wrong = ErrorCode.INVALID_REQUEST
            return Decision(ElectLeadersResponse(dict.fromkeys(partitions, wrong), wrong))
        records: list[MetadataRecord] = []
        answers: dict[TopicPartition, ErrorCode] = {}
        for partition in partitions:
            found = self._election(partition, request.election_type is ElectionType.UNCLEAN)
            if isinstance(found, PartitionChangeRecord):
                records.append(found)
                answers[partition] = ErrorCode.NONE
            elif found is not ErrorCode.ELECTION_NOT_NEEDED or request.partitions is not None:
                answers[partition] = found
        told = dict.fromkeys(one.topic for one in answers)
        named = request.partitions is not None or all(one in told for one in self.image.topics)
        return Decision(ElectLeadersResponse(answers, topics=() if named else tuple(self.image.topics)), records)

    def _election(self, partition: TopicPartition, unclean: bool) -> PartitionChangeRecord | ErrorCode:
        state = self.image.partition(partition)
        if state is None:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if unclean:
            if state.leader_id != NO_LEADER:
                return ErrorCode.ELECTION_NOT_NEEDED
            record = elections.elect(self.image, state, state.isr, True, "elected")
            return record if record.leader != NO_LEADER else ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
        first = state.replicas[0]
        if state.leader_id == first:
            return ErrorCode.ELECTION_NOT_NEEDED
        if first not in state.isr or not self.image.is_active(first):
            return ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
        return PartitionChangeRecord(*partition, reason="preferred", leader=first)

    def balance(self) -> list[MetadataRecord]:
        """Preferred leaders, every leader.imbalance.check.interval.seconds."""
        return list(elections.preferred(self.image))

    def unclean_scan(self) -> list[MetadataRecord]:
        """Leaderless partitions whose topic allows unclean elections."""
        return list(elections.leaderless(self.image, self.unclean_allowed, "unclean"))

    # --- topics (spec 3.6) ------------------------------------------------------------------------

    def create_topics(self, request: CreateTopicsRequest, dice: Dice) -> Decision:
        """Draw an id, and place replicas over the brokers in stripes."""
        records: list[MetadataRecord] = []
        results: list[TopicResult] = []
        names = [topic.name for topic in request.topics]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        results += [TopicResult(name, ErrorCode.INVALID_REQUEST, f"{name} is named twice") for name in twice]
        for asked in request.topics:
            if asked.name in twice:
                continue
            topic = self._with_defaults(asked)
            wrong = _both_said(asked) or self._topic_error(topic)
            if wrong is not None:
                results.append(wrong)
                continue
            topic_id = NO_TOPIC_ID if request.validate_only else draw_topic_id(dice)
            results.append(
                _undescribed(topic, topic_id) if topic.name in request.undescribed else self._created(topic, topic_id)
            )
            if topic_id:
                records += self._topic_records(topic, topic_id)
        return Decision(CreateTopicsResponse(tuple(results)), records)

    def _created(self, topic: NewTopic, topic_id: TopicId) -> TopicResult:
        """With what became of counts of -1, and with all its settings (KIP-525)."""
        defaults = self.config.topic_defaults()
        effective = TopicConfig({**defaults, **topic.configs})
        configs = tuple(
            CreatedConfig(
                name, effective.shown(name), False,
                ConfigSource.DYNAMIC_TOPIC_CONFIG if name in topic.configs
                else ConfigSource.STATIC_BROKER_CONFIG if name in defaults
                else ConfigSource.DEFAULT_CONFIG,
            )
            for name in TopicConfig.settings
        )  # fmt: skip
        return TopicResult(
            topic.name, ErrorCode.NONE, None, topic_id, topic.num_partitions, topic.replication_factor, configs
        )

    def _with_defaults(self, topic: NewTopic) -> NewTopic:
        """A count of -1 is the brokers' to say: num.partitions, default.replication.factor."""
        partitions, replicas = topic.num_partitions, topic.replication_factor
        if topic.assignments and (partitions, replicas) == (-1, -1):
            partitions, replicas = len(topic.assignments), len(next(iter(topic.assignments.values())))
        return replace(
            topic,
            num_partitions=self.config.num_partitions if partitions == -1 else partitions,
            replication_factor=self.config.default_replication_factor if replicas == -1 else replicas,
        )

    def _topic_error(self, topic: NewTopic) -> TopicResult | None:
        def refused(code: ErrorCode, message: str) -> TopicResult:
            return TopicResult(topic.name, code, message)

        if wrong := valid_topic_name(topic.name):
            return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, wrong)
        if topic.name in self.image.topics:
            return refused(ErrorCode.TOPIC_ALREADY_EXISTS, f"there is already a topic {topic.name}")
        clash = next(
            (one for one in self.image.topics if one.replace(".", "_") == topic.name.replace(".", "_")),
            "",
        )
        if clash:
            return refused(
                ErrorCode.INVALID_TOPIC_EXCEPTION,
                f"{topic.name} collides with {clash} in metric names",
            )
        if not 1 <= topic.num_partitions <= PARTITIONS_MAX:
            return refused(
                ErrorCode.INVALID_PARTITIONS,
                f"wanted 1 to {PARTITIONS_MAX} partitions, found {topic.num_partitions}",
            )
        brokers = len(self.image.brokers)
        placed = bool(topic.assignments)
        if (not placed and not 1 <= topic.replication_factor <= brokers) or not self._any_active():
            return refused(
                ErrorCode.INVALID_REPLICATION_FACTOR,
                f"wanted 1 to {brokers} replicas, found {topic.replication_factor}",
            )
        if topic.assignments and sorted(topic.assignments) != list(range(topic.num_partitions)):
            return refused(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                f"wanted replicas of partitions 0 to {topic.num_partitions - 1}, found {sorted(topic.assignments)}",
            )
        for index, replicas in topic.assignments.items():
            known = bool(replicas) and all(one in self.image.brokers for one in replicas)
            if not known or len(dict.fromkeys(replicas)) != len(replicas) or len(replicas) != topic.replication_factor:
                return refused(
                    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                    f"partition {index}: wanted {topic.replication_factor} different brokers, found {replicas}",
                )
            if not any(self.image.is_active(one) for one in replicas):
                return refused(
                    ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"of the replicas {replicas} of {index} none is active"
                )
        null = next((name for name, value in topic.configs.items() if value is None), "")
        if null:
            return refused(ErrorCode.INVALID_CONFIG, f"Null value not supported for topic configs: {null}")
        try:
            TopicConfig(topic.configs)
        except InvalidConfig as wrong:
            return refused(ErrorCode.INVALID_CONFIG, str(wrong))
        return None

    def _any_active(self) -> bool:
        return any(broker.active for broker in self.image.brokers.values())

    def _topic_records(self, topic: NewTopic, topic_id: TopicId) -> list[MetadataRecord]:
        records: list[MetadataRecord] = [TopicRecord(topic.name, topic_id)]
        records += [ConfigRecord(topic.name, name, value) for name, value in topic.configs.items()]
        for index in range(topic.num_partitions):
            replicas = topic.assignments.get(index) or place(self.image, index, topic.replication_factor)
            records.append(partition_record(self.image, topic_id, topic.name, index, replicas))
        return records

    def delete_topics(self, request: DeleteTopicsRequest) -> Decision:
        """By name or by id."""
        records: list[MetadataRecord] = []
        results: list[TopicResult] = []
        removed: dict[str, None] = {}
        for name in dict.fromkeys(request.names):
            topic_id = self.image.topic_id(name)
            if request.names.count(name) > 1:
                results.append(TopicResult(name, ErrorCode.INVALID_REQUEST, "Duplicate topic name."))
            elif topic_id:
                removed[name] = None
                results.append(TopicResult(name, ErrorCode.NONE, topic_id=topic_id))
                records.append(RemoveTopicRecord(name, topic_id))
            else:
                results.append(TopicResult(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}"))
        for topic_id in request.topic_ids:
            name = self.image.topic_names.get(topic_id, "")
            if name in removed:
                results.append(TopicResult("", ErrorCode.INVALID_REQUEST, "Duplicate topic id.", topic_id))
            elif name:
                removed[name] = None
                results.append(TopicResult(name, ErrorCode.NONE, topic_id=topic_id))
                records.append(RemoveTopicRecord(name, topic_id))
            else:
                text = f"there is no topic with the id {topic_id}"
                results.append(TopicResult("", ErrorCode.UNKNOWN_TOPIC_ID, text, topic_id))
        return Decision(DeleteTopicsResponse(tuple(results)), records)

    def create_partitions(self, request: CreatePartitionsRequest) -> Decision:
        """More partitions; never fewer."""
        records: list[MetadataRecord] = []
        results: list[TopicResult] = []
        for name, total in request.topics.items():
            topic = self.image.topics.get(name)
            if topic is None:
                results.append(TopicResult(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}"))
                continue
            now = len(topic.partitions)
            if not now < total <= PARTITIONS_MAX:
                results.append(TopicResult(
                    name, ErrorCode.INVALID_PARTITIONS, f"{name} has {now} partitions; wanted more, found {total}"
                ))  # fmt: skip
                continue
            if not self._any_active():
                results.append(TopicResult(name, ErrorCode.INVALID_REPLICATION_FACTOR, "all brokers are fenced"))
                continue
            factor = len(topic.partitions[0].replicas)
            placed = request.assignments.get(name)
            if placed is not None and (wrong := self._misplaced(placed, total - now, factor)):
                results.append(TopicResult(name, ErrorCode.INVALID_REPLICA_ASSIGNMENT, wrong))
                continue
            if placed is None:
                placed = tuple(place(self.image, index, factor) for index in range(now, total))
            if not request.validate_only:
                records += [
                    partition_record(self.image, topic.topic_id, name, now + index, replicas)
                    for index, replicas in enumerate(placed)
                ]
            results.append(TopicResult(name, ErrorCode.NONE))
        return Decision(CreatePartitionsResponse(tuple(results)), records)

    def _misplaced(self, placed: tuple[tuple[int, ...], ...], count: int, factor: int) -> str:
        """What is wrong with the places for new partitions; empty if nothing is."""
        if len(placed) != count:
            return f"wanted the replicas of {count} new partitions, found {len(placed)}"
        for replicas in placed:
            known = all(one in self.image.brokers for one in replicas)
            if not known or len(dict.fromkeys(replicas)) != len(replicas) or len(replicas) != factor:
                return f"wanted {factor} different brokers, found {replicas}"
            if not any(self.image.is_active(one) for one in replicas):
                return f"of the replicas {replicas} none is active"
        return ""

    # --- producer ids -----------------------------------------------------------------------------

    def allocate_producer_ids(self, request: AllocateProducerIdsRequest) -> Decision:
        """The next block of ids, for one broker."""
        broker = self.image.brokers.get(request.broker_id)
        if broker is None or broker.broker_epoch != request.broker_epoch:
            return Decision(AllocateProducerIdsResponse(ErrorCode.STALE_BROKER_EPOCH))
        start = max(self.image.next_producer_id, request.least)
        return Decision(
            AllocateProducerIdsResponse(ErrorCode.NONE, start, PRODUCER_ID_BLOCK),
            [ProducerIdsRecord(start + PRODUCER_ID_BLOCK)],
        )


def _undescribed(topic: NewTopic, topic_id: TopicId) -> TopicResult:
    error = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return TopicResult(topic.name, ErrorCode.NONE, topic_id=topic_id, topic_config_error_code=error)


def _both_said(topic: NewTopic) -> TopicResult | None:
    """Who places the replicas says with that how many there are, and must not say it again."""
    if not topic.assignments or (topic.num_partitions, topic.replication_factor) == (-1, -1):
        return None
    text = "an assignment and a number of partitions or replicas (-1 wanted)"
    return TopicResult(topic.name, ErrorCode.INVALID_REQUEST, text)
