"""Births: which record of which producer a stored one is, read out of batches."""

from lab.kafka.clients.births import BIRTH, birth_of
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.compression import decompress
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import COMPRESSION_MASK, HEADER_SIZE, RecordBatch

BIRTH_BYTES = BIRTH.encode()


def is_nameless(batch: RecordBatch) -> bool:
    """Whether no record of the batch has a birth, as those of real clients, or none can be read."""
    return lacks_births(batch) or not batch.readable()


def lacks_births(batch: RecordBatch) -> bool:
    """Whether no record of the batch has a birth. Looked for in the bytes, since to decode the records of a large batch
    would cost more than all else that is done with them.
    """
    if not batch.attributes & COMPRESSION_MASK:
        return batch.data.find(BIRTH_BYTES, HEADER_SIZE) < 0
    try:
        return BIRTH_BYTES not in decompress(batch.compression, batch.data[HEADER_SIZE:])
    except Malformed:
        return True


def is_load(batch: RecordBatch, producer: str, births: range) -> bool:
    """Whether each record is the one that a batch of equal records has at its place."""
    if not producer:
        return True
    made = [plain_birth(birth_of(record)) for record in batch.records()]
    return made == [f"{producer}:{number}" for number in births]


def split_birth(birth: str) -> tuple[str, int]:
    """`checkout:42` as the producer's name and the number; `load:000000001000+7` is its number 1007."""
    producer, _, number = birth.rpartition(":")
    first, plus, place = number.partition("+")
    return producer, int(first) + int(place) if plus else int(first)


def plain_birth(birth: str) -> str:
    """A birth as the ledger names it, also that of a record made under load."""
    return "{}:{}".format(*split_birth(birth)) if "+" in birth else birth


def births_from(log: UnifiedLog, offset: int) -> dict[int, str | None]:
    """The births of a log's records from an offset on."""
    batches = log.read(max(offset, log.log_start_offset), 1 << 40, log.log_end_offset)
    if not isinstance(batches, tuple):
        return {}  # the log ends before
    found: dict[int, str | None] = {}
    for batch in batches:
        if is_nameless(batch):
            found.update(dict.fromkeys(range(batch.base_offset, batch.next_offset)))
            continue
        for record in batch.records():
            found[record.offset] = plain_birth(birth_of(record)) or None
    return found
