"""Turn: the instant at which a shard is asked something, and what that led to. Nothing is sent here."""

from dataclasses import dataclass, field

from lab.env import Micros
from lab.kafka.coordinator.group import Token
from lab.kafka.coordinator.offset_records import StoredGroup


@dataclass(slots=True)
class Turn:
    """`now` counts time-outs, `wall_time_ms` dates what is stored. Filled by the shard: answers to requests,
    generations to log, consumer groups that are over because a classic one takes their place, facts to tell.
    """

    now: Micros
    wall_time_ms: int
    replies: list[tuple[Token, object]] = field(default_factory=list[tuple[Token, object]])
    log: list[tuple[str, StoredGroup]] = field(default_factory=list[tuple[str, StoredGroup]])
    ended: list[str] = field(default_factory=list[str])
    facts: list[object] = field(default_factory=list[object])
