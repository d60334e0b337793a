"""Births: which record of which simulated producer a record is; it stands in the header `birth`."""

import re

from lab.kafka.protocol.records import Record

BIRTH = "birth"
_is_birth = re.compile(rb"[^\x00-\x1f]+:[0-9]{1,18}([+][0-9]{1,9})?").fullmatch


def birth_of(record: Record) -> str:
    """The birth a record's header tells; empty if it has none, or one that no simulated producer writes: a real one may
    have a header of that name, too.
    """
    for header in record.headers:
        if header.key == BIRTH and header.value is not None and _is_birth(header.value):
            return header.value.decode("utf-8", "replace")
    return ""
