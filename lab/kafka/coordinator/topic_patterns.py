"""Topic patterns: subscriptions by regular expression, resolved by the coordinator (KIP-848).

Kafka has RE2 for it, which knows no look-around and no back references; here they are Python's.
"""

import re
from collections.abc import Iterable


def wrong_pattern(pattern: str) -> str:
    """Why a pattern is none; empty if it is one."""
    try:
        re.compile(pattern)
    except re.error as wrong:
        return str(wrong)
    return ""


def matching(pattern: str, topics: Iterable[str]) -> tuple[str, ...]:
    """The topics whose whole name matches, in the order of their names."""
    compiled = re.compile(pattern)
    return tuple(sorted(topic for topic in topics if compiled.fullmatch(topic)))
