"""Outcomes: the headers that say what a record of a read-process-write application was made from."""

import re

from lab.kafka.clients.births import birth_of
from lab.kafka.protocol.records import Header, Record
from lab.kafka.protocol.topics import TopicPartition

CAUSE, SOURCE = "cause", "source"
"""Headers of an outcome: the birth of what it was made from, and where that was read."""
_SOURCE = re.compile(rb"([a-zA-Z0-9._-]{1,249})-([0-9]{1,9}):([0-9]{1,18})")


def made_from(partition: TopicPartition, record: Record) -> tuple[Header, Header]:
    """What an outcome tells of the record it was made from."""
    return Header(CAUSE, birth_of(record).encode()), Header(SOURCE, f"{partition}:{record.offset}".encode())


def source_of(record: Record) -> tuple[TopicPartition, int] | None:
    """Where the record was read that this one was made from, and its offset. None: it is no outcome, or its header is
    none that an application here writes; real clients write what they like.
    """
    for header in record.headers:
        if header.key == SOURCE and header.value is not None:
            found = _SOURCE.fullmatch(header.value)
            if found is not None:
                topic, partition, offset = found.groups()
                return TopicPartition(topic.decode(), int(partition)), int(offset)
    return None
