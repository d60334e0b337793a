"""InitProducerId (22) and AllocateProducerIds (67): who an idempotent producer is."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import ERROR, INT16, INT32, INT64, NULLABLE_STRING, THROTTLE, api, message, wire


@dataclass(slots=True)
class InitProducerIdRequest:
    """No transactional id: any broker answers with a fresh producer id. With one, its coordinator does, and ends what
    an earlier producer of that name has left; id and epoch are then those the producer had (KIP-360).
    """

    transactional_id: str | None = None
    transaction_timeout_ms: int = 60_000
    producer_id: int = -1
    producer_epoch: int = -1


@dataclass(slots=True)
class InitProducerIdResponse:
    """A producer id and its epoch. `transaction_version`: the feature as the cluster has it, which Kafka's clients
    read in ApiVersions.
    """

    error_code: ErrorCode
    producer_id: int = -1
    producer_epoch: int = -1
    transaction_version: int = 1


@dataclass(slots=True)
class AllocateProducerIdsRequest:
    """A broker asks the controller for a block of ids, none below `least`."""

    broker_id: int
    broker_epoch: int
    least: int = 0


@dataclass(slots=True)
class AllocateProducerIdsResponse:
    """Ids `producer_id_start` to `producer_id_start + producer_id_len - 1` belong to this broker."""

    error_code: ErrorCode
    producer_id_start: int = -1
    producer_id_len: int = 0


INIT_PRODUCER_ID = api(
    22, "InitProducerId", "0-5", 2,
    message(
        InitProducerIdRequest,
        wire("transactional_id", NULLABLE_STRING),
        wire("transaction_timeout_ms", INT32),
        wire("producer_id", INT64, "3+"),
        wire("producer_epoch", INT16, "3+"),
    ),
    message(
        InitProducerIdResponse,
        THROTTLE,
        wire("error_code", ERROR),
        wire("producer_id", INT64),
        wire("producer_epoch", INT16),
    ),
)  # fmt: skip
