"""Between servers: the APIs that brokers and controllers ask of each other, as Kafka has them on its wire.

No program outside may ask them, so the engine needs no bytes of theirs, and they are here: only what these schemas have
can be said between servers.
"""

from dataclasses import fields
from hashlib import md5
from typing import Any

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
from lab.kafka.protocol.messages.fetch import FETCH
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse
from lab.kafka.protocol.messages.quorum import (
    METADATA_TOPIC,
    BeginQuorumEpochRequest,
    BeginQuorumEpochResponse,
    EndQuorumEpochRequest,
    EndQuorumEpochResponse,
    FetchSnapshotRequest,
    FetchSnapshotResponse,
    QuorumFetchRequest,
    QuorumFetchResponse,
    VoteRequest,
    VoteResponse,
)
from lab.kafka.protocol.messages.reassignments import (
    UnregisterBrokerRequest,
    UnregisterBrokerResponse,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ReadShareGroupStateSummaryRequest,
    ShareStateResponse,
    StateBatch,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.messages.transactions import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from lab.kafka.protocol.schema import (
    ALWAYS,
    BOOL,
    ERROR,
    INT8,
    INT16,
    INT32,
    INT64,
    NULLABLE_STRING,
    RECORDS,
    STRING,
    THROTTLE,
    UINT16,
    UUID,
    Api,
    Array,
    ByTopic,
    Converted,
    Field,
    Message,
    Struct,
    Table,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topic_ids import topic_id_of
from lab.kafka.protocol.topics import TopicPartition

NO_ERROR = unused("error_code", ERROR, 0)
NOBODY = bytes(16)
TEXTS: dict[bytes, str] = {}


def _uuid_of(text: str) -> bytes:
    found = md5(text.encode()).digest()
    TEXTS[found] = text
    return found


TEXT_FOR_UUID = Converted(UUID, TEXTS.__getitem__, _uuid_of)
"""What is any text in the engine and sixteen bytes in Kafka, compared by both and looked into by neither."""

# --- a broker and the controller ------------------------------------------------------------------

_FLAG = Converted(INT8, bool, int)
_RANGE = (wire("name", STRING), wire("min_supported_version", INT16), wire("max_supported_version", INT16))
_LISTENER = struct(
    None, unused("name", STRING, "PLAINTEXT"), wire("host", STRING), unused("port", UINT16, 9092),
    unused("security_protocol", INT16, 0),
)  # fmt: skip


def _registration(listeners: tuple[tuple[str], ...], **more: Any) -> BrokerRegistrationRequest:
    return BrokerRegistrationRequest(host=listeners[0][0], **more)


def _registration_parts(one: BrokerRegistrationRequest) -> tuple[object, ...]:
    return one.broker_id, one.incarnation_id, ((one.host,),), one.rack, one.previous_broker_epoch


BROKER_REGISTRATION = api(
    62, "BrokerRegistration", "3-4", 0,
    message(
        BrokerRegistrationRequest,
        wire("broker_id", INT32),
        unused("cluster_id", STRING, "lab"),
        wire("incarnation_id", TEXT_FOR_UUID),
        wire("listeners", Array(_LISTENER)),
        unused("features", Array(struct(None, *_RANGE)), ()),
        wire("rack", NULLABLE_STRING),
        unused("is_migrating_zk_broker", BOOL, False),
        unused("log_dirs", Array(UUID), ()),
        wire("previous_broker_epoch", INT64),
        make=_registration,
        parts=_registration_parts,
    ),
    message(BrokerRegistrationResponse, THROTTLE, wire("error_code", ERROR), wire("broker_epoch", INT64)),
)  # fmt: skip

BROKER_HEARTBEAT = api(
    63, "BrokerHeartbeat", "0-1", 0,
    message(
        BrokerHeartbeatRequest,
        wire("broker_id", INT32),
        wire("broker_epoch", INT64),
        wire("current_metadata_offset", INT64),
        wire("want_fence", BOOL),
        wire("want_shut_down", BOOL),
        unused("offline_log_dirs", Array(UUID), (), "1+", tag=0),
    ),
    message(
        BrokerHeartbeatResponse,
        THROTTLE,
        wire("error_code", ERROR),
        wire("is_caught_up", BOOL),
        wire("is_fenced", BOOL),
        wire("should_shut_down", BOOL),
    ),
)  # fmt: skip

_CHANGE = struct(
    AlterPartitionChange,
    wire("leader_epoch", INT32),
    wire(
        "new_isr_with_epochs", Array(struct(None, wire("broker_id", INT32), wire("broker_epoch", INT64))),
        attribute="new_isr",
    ),
    wire("leader_recovery_state", _FLAG, attribute="leader_recovering"),
    wire("partition_epoch", INT32),
)  # fmt: skip
_CHANGED = struct(
    AlteredPartition,
    wire("error_code", ERROR),
    wire("leader_id", INT32),
    wire("leader_epoch", INT32),
    wire("isr", Array(INT32)),
    unused("leader_recovery_state", INT8, 0),
    wire("partition_epoch", INT32),
)

ALTER_PARTITION = api(
    56, "AlterPartition", "3", 0,
    message(
        AlterPartitionRequest,
        wire("broker_id", INT32),
        wire("broker_epoch", INT64),
        wire("topics", ByTopic(_CHANGE, topic="topic_id", ids=ALWAYS), attribute="partitions"),
    ),
    message(
        AlterPartitionResponse,
        THROTTLE,
        wire("error_code", ERROR),
        wire("topics", ByTopic(_CHANGED, topic="topic_id", ids=ALWAYS), attribute="partitions"),
    ),
    by_topic_id=ALWAYS,
)  # fmt: skip

ALLOCATE_PRODUCER_IDS = api(
    67, "AllocateProducerIds", "0", 0,
    message(AllocateProducerIdsRequest, wire("broker_id", INT32), wire("broker_epoch", INT64)),
    message(
        AllocateProducerIdsResponse,
        THROTTLE,
        wire("error_code", ERROR),
        wire("producer_id_start", INT64),
        wire("producer_id_len", INT32),
    ),
)  # fmt: skip

_SENTENCE = wire("error_message", or_empty())
_UPGRADE = 1
_FEATURE = struct(None, wire("max_version_level", INT16), unused("upgrade_type", INT8, _UPGRADE))


def _features(feature_updates: dict[str, tuple[int]]) -> UpdateFeaturesRequest:
    return UpdateFeaturesRequest({name: level for name, (level,) in feature_updates.items()})


UPDATE_FEATURES = api(
    57, "UpdateFeatures", "1", 0,
    message(
        UpdateFeaturesRequest,
        unused("timeout_ms", INT32, 60_000),
        wire("feature_updates", Table(wire("feature", STRING), _FEATURE)),
        unused("validate_only", BOOL, False),
        make=_features,
        parts=lambda one: ({name: (level,) for name, level in one.features.items()},),
    ),
    message(
        UpdateFeaturesResponse,
        THROTTLE,
        wire("error_code", ERROR),
        _SENTENCE,
        unused("results", Array(struct(None, wire("feature", STRING), wire("error_code", ERROR), _SENTENCE)), ()),
    ),
)  # fmt: skip

UNREGISTER_BROKER = api(
    64, "UnregisterBroker", "0", 0,
    message(UnregisterBrokerRequest, wire("broker_id", INT32)),
    message(UnregisterBrokerResponse, THROTTLE, wire("error_code", ERROR), _SENTENCE),
)  # fmt: skip

# --- a quorum among itself ------------------------------------------------------------------------

METADATA = TopicPartition(METADATA_TOPIC, 0)
METADATA_BY_ID = TopicPartition(topic_id_of(bytes(15) + b"\x01"), 0)
TOGETHER = {"current_leader": ("leader_id", "leader_epoch"), "replica_state": ("replica_id",)}
"""What is one field on the wire and several attributes in the engine."""
_ENDPOINTS = unused(
    "node_endpoints", Array(struct(None, wire("node_id", INT32), wire("host", STRING), wire("port", UINT16))), (), "1+",
    tag=0,
)  # fmt: skip
_LEADER_ENDPOINTS = unused(
    "leader_endpoints", Array(struct(None, wire("name", STRING), wire("host", STRING), wire("port", UINT16))), (), "1+"
)
_CLUSTER = unused("cluster_id", NULLABLE_STRING, None)
_LEADER = struct(None, wire("leader_id", INT32), wire("leader_epoch", INT32))
_WHO_LEADS = (wire("leader_id", INT32), wire("leader_epoch", INT32))
_CURRENT_LEADER = wire("current_leader", _LEADER, tag=0, default=None)
_SNAPSHOT = struct(None, wire("end_offset", INT64), wire("epoch", INT32))


def one_partition(*row: Field, topic: str = "topic_name", index: str = "partition_index", by_id: bool = False) -> Field:
    """The quorum's only partition, which every message of its names."""
    kind = ByTopic(struct(None, *row), topic=topic, index=index, ids=ALWAYS if by_id else ByTopic().ids)
    return wire("topics", kind)


def of_the_quorum(kind: type, *outer: Field) -> Message:
    """A message whose attributes stand beside its topics, or in the row of the only partition."""
    table: Any = next(one.kind for one in outer if one.attribute == "topics")
    row = [one.attribute for one in table.value.fields if one.attribute]
    where = METADATA_BY_ID if table.ids is ALWAYS else METADATA

    def make(topics: dict[TopicPartition, tuple[Any, ...]], **more: Any) -> object:
        (values,) = topics.values()
        more |= zip(row, values, strict=True)
        for name in [one for one in more if one in TOGETHER]:
            more |= zip(TOGETHER[name], more.pop(name), strict=True)
        return kind(**more)

    def value(one: Any, name: str) -> Any:
        return tuple(getattr(one, part) for part in TOGETHER[name]) if name in TOGETHER else getattr(one, name)

    def parts(one: Any) -> tuple[Any, ...]:
        topics = {where: tuple(value(one, name) for name in row)}
        return tuple(topics if name == "topics" else value(one, name) for name in attributes)

    attributes = [one.attribute for one in outer if one.attribute]
    return message(kind, *outer, make=make, parts=parts)


VOTE = api(
    52, "Vote", "2", 0,
    of_the_quorum(
        VoteRequest,
        _CLUSTER,
        unused("voter_id", INT32, -1),
        one_partition(
            wire("replica_epoch", INT32, attribute="candidate_epoch"),
            wire("replica_id", INT32, attribute="candidate_id"),
            unused("replica_directory_id", UUID, NOBODY),
            unused("voter_directory_id", UUID, NOBODY),
            wire("last_offset_epoch", INT32),
            wire("last_offset", INT64),
            wire("pre_vote", BOOL),
        ),
    ),
    of_the_quorum(
        VoteResponse,
        NO_ERROR,
        one_partition(wire("error_code", ERROR), *_WHO_LEADS, wire("vote_granted", BOOL)),
        _ENDPOINTS,
    ),
)  # fmt: skip

BEGIN_QUORUM_EPOCH = api(
    53, "BeginQuorumEpoch", "1", 1,
    of_the_quorum(
        BeginQuorumEpochRequest,
        _CLUSTER,
        unused("voter_id", INT32, -1),
        one_partition(unused("voter_directory_id", UUID, NOBODY), *_WHO_LEADS),
        _LEADER_ENDPOINTS,
    ),
    of_the_quorum(
        BeginQuorumEpochResponse, NO_ERROR, one_partition(wire("error_code", ERROR), *_WHO_LEADS), _ENDPOINTS
    ),
)  # fmt: skip

_CANDIDATE = Struct(
    lambda candidate_id: candidate_id,
    (wire("candidate_id", INT32), unused("candidate_directory_id", UUID, NOBODY)),
    parts=lambda candidate_id: (candidate_id,),
)

END_QUORUM_EPOCH = api(
    54, "EndQuorumEpoch", "1", 1,
    of_the_quorum(
        EndQuorumEpochRequest,
        _CLUSTER,
        one_partition(*_WHO_LEADS, wire("preferred_candidates", Array(_CANDIDATE), attribute="preferred_successors")),
        _LEADER_ENDPOINTS,
    ),
    of_the_quorum(
        EndQuorumEpochResponse, NO_ERROR, one_partition(wire("error_code", ERROR), *_WHO_LEADS), _ENDPOINTS
    ),
)  # fmt: skip

FETCH_SNAPSHOT = api(
    59, "FetchSnapshot", "1", 0,
    of_the_quorum(
        FetchSnapshotRequest,
        unused("cluster_id", NULLABLE_STRING, None, tag=0),
        wire("replica_id", INT32),
        wire("max_bytes", INT32),
        one_partition(
            wire("current_leader_epoch", INT32),
            wire("snapshot_id", _SNAPSHOT),
            wire("position", INT64),
            unused("replica_directory_id", UUID, NOBODY, tag=0),
            topic="name", index="partition",
        ),
    ),
    of_the_quorum(
        FetchSnapshotResponse,
        THROTTLE,
        NO_ERROR,
        one_partition(
            wire("error_code", ERROR),
            wire("snapshot_id", _SNAPSHOT),
            _CURRENT_LEADER,
            wire("size", INT64),
            wire("position", INT64),
            wire("unaligned_records", Converted(RECORDS, bytes, bytes)),
            topic="name", index="index",
        ),
        _ENDPOINTS,
    ),
)  # fmt: skip

_FETCHED: Any = next(one.kind for one in FETCH.response(17).struct.fields if one.name == "responses")
_BATCHES = next(one for one in _FETCHED.value.fields if one.name == "records")

QUORUM_FETCH = api(
    1, "Fetch", "17", 12,
    of_the_quorum(
        QuorumFetchRequest,
        unused("cluster_id", NULLABLE_STRING, None, tag=0),
        wire(
            "replica_state", struct(None, wire("replica_id", INT32), unused("replica_epoch", INT64, -1)), tag=1,
            default=None,
        ),
        wire("max_wait_ms", INT32),
        unused("min_bytes", INT32, 0),
        wire("max_bytes", INT32),
        unused("isolation_level", INT8, 0),
        unused("session_id", INT32, 0),
        unused("session_epoch", INT32, -1),
        one_partition(
            wire("current_leader_epoch", INT32),
            wire("fetch_offset", INT64),
            wire("last_fetched_epoch", INT32),
            unused("log_start_offset", INT64, -1),
            unused("partition_max_bytes", INT32, 0),
            unused("replica_directory_id", UUID, NOBODY, tag=0),
            topic="topic_id", index="partition", by_id=True,
        ),
        unused("forgotten_topics_data", Array(struct(None, wire("topic_id", UUID))), ()),
        unused("rack_id", STRING, ""),
    ),
    of_the_quorum(
        QuorumFetchResponse,
        THROTTLE,
        NO_ERROR,
        unused("session_id", INT32, 0),
        one_partition(
            wire("error_code", ERROR),
            wire("high_watermark", INT64),
            unused("last_stable_offset", INT64, -1),
            unused("log_start_offset", INT64, -1),
            wire("diverging_epoch", struct(None, wire("epoch", INT32), wire("end_offset", INT64)), tag=0, default=None),
            wire("current_leader", _LEADER, tag=1, default=None),
            wire("snapshot_id", _SNAPSHOT, tag=2, default=None),
            unused("aborted_transactions", Array(UUID, nullable=ALWAYS), None),
            unused("preferred_read_replica", INT32, -1),
            _BATCHES,
            topic="topic_id", by_id=True,
        ),
        unused("node_endpoints", Array(struct(None, wire("node_id", INT32))), (), tag=0),
    ),
)  # fmt: skip
"""A voter's Fetch of the metadata log. `of_the_quorum` does for it what `ByTopic` does for others."""

# --- the share coordinator ------------------------------------------------------------------------

SOMETHING = TopicPartition(topic_id_of(bytes(15) + b"\x02"), 0)
"""In an answer: there is one partition to ask about, which the engine does not name again."""


def _shared(row: Struct) -> ByTopic:
    return ByTopic(row, topic="topic_id", index="partition", ids=ALWAYS)


def _asks(kind: type, *row: Field) -> Message:
    def make(group_id: str, topics: dict[TopicPartition, tuple[Any, ...]]) -> object:
        ((partition, values),) = topics.items()
        return kind(group_id, partition, *values)

    def parts(one: Any) -> tuple[object, ...]:
        group_id, partition, *values = (getattr(one, field.name) for field in fields(kind))
        return group_id, {partition: tuple(values)}

    return message(
        kind, wire("group_id", STRING), wire("topics", _shared(struct(None, *row))), make=make, parts=parts
    )  # fmt: skip


def _answers(*more: Field) -> Message:
    names = ["error_code", *(str(one.attribute) for one in more)]

    def make(results: dict[TopicPartition, tuple[Any, ...]]) -> ShareStateResponse:
        (values,) = results.values()
        return ShareStateResponse(**dict(zip(names, values, strict=True)))

    def parts(one: ShareStateResponse) -> tuple[object]:
        return ({SOMETHING: tuple(getattr(one, name) for name in names)},)

    row = struct(None, wire("error_code", ERROR), unused("error_message", NULLABLE_STRING, None), *more)
    return message(ShareStateResponse, wire("results", _shared(row)), make=make, parts=parts)


_STATE_BATCH = struct(
    StateBatch,
    wire("first_offset", INT64),
    wire("last_offset", INT64),
    wire("delivery_state", INT8),
    wire("delivery_count", INT16),
)
_STATE_EPOCH, _LEADER_EPOCH, _START = (
    wire("state_epoch", INT32), wire("leader_epoch", INT32), wire("start_offset", INT64),
)  # fmt: skip
_STATE_BATCHES = wire("state_batches", Array(_STATE_BATCH))

INITIALIZE_SHARE_GROUP_STATE = api(
    83, "InitializeShareGroupState", "0", 0,
    _asks(InitializeShareGroupStateRequest, _STATE_EPOCH, _START),
    _answers(),
    by_topic_id=ALWAYS,
)  # fmt: skip
READ_SHARE_GROUP_STATE = api(
    84, "ReadShareGroupState", "0", 0,
    _asks(ReadShareGroupStateRequest, _LEADER_EPOCH),
    _answers(_STATE_EPOCH, _START, _STATE_BATCHES),
    by_topic_id=ALWAYS,
)  # fmt: skip
WRITE_SHARE_GROUP_STATE = api(
    85, "WriteShareGroupState", "0", 0,
    _asks(WriteShareGroupStateRequest, _STATE_EPOCH, _LEADER_EPOCH, _START, _STATE_BATCHES),
    _answers(),
    by_topic_id=ALWAYS,
)  # fmt: skip

DELETE_SHARE_GROUP_STATE = api(
    86, "DeleteShareGroupState", "0", 0,
    _asks(DeleteShareGroupStateRequest),
    _answers(),
    by_topic_id=ALWAYS,
)  # fmt: skip
READ_SHARE_GROUP_STATE_SUMMARY = api(
    87, "ReadShareGroupStateSummary", "0", 0,
    _asks(ReadShareGroupStateSummaryRequest, unused("leader_epoch", INT32, -1)),
    _answers(_STATE_EPOCH, _LEADER_EPOCH, _START),
    by_topic_id=ALWAYS,
)  # fmt: skip

# --- a leader and the transaction coordinator -----------------------------------------------------

_VERIFIED = struct(
    AddPartitionsToTxnRequest,
    wire("transactional_id", STRING),
    wire("producer_id", INT64),
    wire("producer_epoch", INT16),
    wire("verify_only", BOOL),
    wire("topics", ByTopic(), attribute="partitions"),
)
_RESULTS = ByTopic(wire("partition_error_code", ERROR), partitions="results_by_partition")
_OUTCOME = Struct(
    AddPartitionsToTxnResponse,
    (unused("transactional_id", STRING, ""), wire("topic_results", _RESULTS, attribute="errors")),
    parts=lambda one: (one.errors,),
)

VERIFY_PARTITIONS = api(
    24, "AddPartitionsToTxn", "4-5", 3,
    message(
        AddPartitionsToTxnRequest,
        wire("transactions", Array(_VERIFIED)),
        make=lambda transactions: transactions[0],
        parts=lambda one: ((one,),),
    ),
    message(
        AddPartitionsToTxnResponse,
        THROTTLE,
        NO_ERROR,
        wire("results_by_transaction", Array(_OUTCOME)),
        make=lambda results_by_transaction: results_by_transaction[0],
        parts=lambda one: ((one,),),
    ),
)  # fmt: skip
"""In batches, from version 4 on; here each has one transaction."""

SERVER_APIS: tuple[Api, ...] = (
    QUORUM_FETCH, VERIFY_PARTITIONS, VOTE, BEGIN_QUORUM_EPOCH, END_QUORUM_EPOCH, ALTER_PARTITION, UPDATE_FEATURES,
    FETCH_SNAPSHOT, BROKER_REGISTRATION, BROKER_HEARTBEAT, UNREGISTER_BROKER, ALLOCATE_PRODUCER_IDS,
    INITIALIZE_SHARE_GROUP_STATE, READ_SHARE_GROUP_STATE, WRITE_SHARE_GROUP_STATE, DELETE_SHARE_GROUP_STATE,
    READ_SHARE_GROUP_STATE_SUMMARY,
)  # fmt: skip
"""In the order of their numbers."""
