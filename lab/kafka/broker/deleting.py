"""Deleting: DeleteRecords waits until no living replica shows what is deleted any more (spec 1.7)."""

from typing import Protocol

from lab.env import Address, Env
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedDelete, Purgatory
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.topics import DeleteRecordsResponse
from lab.kafka.protocol.topics import TopicPartition


class Deleter(Protocol):
    """What deleting needs of the broker."""

    image: MetadataImage
    partitions: dict[TopicPartition, Partition]
    purgatory: Purgatory

    def reply(self, env: Env, sender: Address, correlation_id: int, body: object) -> None:
        """Answer a request that had to wait."""
        ...


def low_watermark(image: MetadataImage, partition: Partition) -> int:
    """The lowest log start among the leader and its living followers."""
    starts = [one.log_start_offset for broker_id, one in partition.remotes.items() if image.is_active(broker_id)]
    return min([partition.log.log_start_offset, *starts])


def settle(broker: Deleter, env: Env) -> None:
    """Answer the requests whose partitions are all decided: deleted everywhere, or led by another broker."""
    purgatory = broker.purgatory
    for number in list(purgatory.deletes or ()):
        operation = purgatory.operations.get(number)
        if not isinstance(operation, DelayedDelete):
            purgatory.forget_delete(number)  # its connection is gone
            continue
        for name, offset in list(operation.required.items()):
            partition = broker.partitions.get(name)
            if partition is None or not partition.leading:
                operation.results[name] = ErrorCode.NOT_LEADER_OR_FOLLOWER, -1
            elif (low := low_watermark(broker.image, partition)) >= offset:
                operation.results[name] = ErrorCode.NONE, low
            else:
                continue
            del operation.required[name]
        if not operation.required:
            _answer(broker, env, number, operation)


def expire(broker: Deleter, env: Env, number: int, operation: DelayedDelete) -> None:
    """Some follower did not follow in time; the log start stays where it is."""
    for name in operation.required:
        partition = broker.partitions.get(name)
        low = low_watermark(broker.image, partition) if partition is not None else -1
        operation.results[name] = ErrorCode.REQUEST_TIMED_OUT, low
    _answer(broker, env, number, operation)


def _answer(broker: Deleter, env: Env, number: int, operation: DelayedDelete) -> None:
    del broker.purgatory.operations[number]
    broker.purgatory.forget_delete(number)
    broker.reply(env, operation.sender, operation.correlation_id, DeleteRecordsResponse(operation.results))
