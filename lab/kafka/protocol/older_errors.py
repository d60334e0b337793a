"""Errors in the words that the version of an answer knows: a client of that time does not know later ones."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import MetadataResponse, PartitionMetadata
from lab.kafka.protocol.messages.offsets import OffsetCommitResponse
from lab.kafka.protocol.messages.transactions import AddPartitionsToTxnResponse
from lab.kafka.protocol.topics import TopicPartition

OLDER: Mapping[int, tuple[int, ErrorCode, ErrorCode]] = {
    8: (9, ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.ILLEGAL_GENERATION),
    22: (4, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH),
    24: (2, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH),
    25: (2, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH),
    26: (2, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH),
}
"""API key -> the first version that knows a word, the word, and what was said before."""


def in_older_words(api_key: int, version: int, body: Any) -> Any:
    """The answer as a client of that version understands it."""
    if isinstance(body, MetadataResponse):
        return _those_that_live(body) if version == 0 else body
    if api_key not in OLDER:
        return body
    first, word, before = OLDER[api_key]
    if version >= first:
        return body
    if isinstance(body, OffsetCommitResponse):
        return OffsetCommitResponse(_replaced(body.partitions, word, before))
    if isinstance(body, AddPartitionsToTxnResponse):
        return AddPartitionsToTxnResponse(_replaced(body.errors, word, before))
    return replace(body, error_code=before) if body.error_code is word else body


def _those_that_live(body: MetadataResponse) -> MetadataResponse:
    """Version 0 knows no replicas that are offline: they are left out, and the partition has an error."""
    topics = {
        name: replace(topic, partitions={one: _living(state, body.brokers) for one, state in topic.partitions.items()})
        for name, topic in body.topics.items()
    }
    return replace(body, topics=topics)


def _living(state: PartitionMetadata, brokers: Mapping[int, str]) -> PartitionMetadata:
    replicas, isr = (tuple(one for one in each if one in brokers) for each in (state.replicas, state.isr))
    missing = len(replicas) < len(state.replicas) or len(isr) < len(state.isr)
    error = ErrorCode.REPLICA_NOT_AVAILABLE if missing and not state.error_code else state.error_code
    return replace(state, error_code=error, replicas=replicas, isr=isr)


def _replaced(
    errors: dict[TopicPartition, ErrorCode], word: ErrorCode, before: ErrorCode
) -> dict[TopicPartition, ErrorCode]:
    return {name: before if error is word else error for name, error in errors.items()}
