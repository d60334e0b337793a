"""Apache Kafka's own StandardAuthorizer is asked what ours is asked, about rules that dice have made."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.kafka.metadata.acls import Acls, record_of
from lab.kafka.metadata.authorizer import Principal, StandardAuthorizer
from lab.kafka.protocol.acls import (
    AccessControlEntry,
    AclBinding,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from tests.live.witness.apache import Missing, java, kafka_jars

DRIVER = Path(__file__).parent / "clients" / "authorizer" / "Oracle.java"
SUPER_USER = "User:admin"
PRINCIPALS = ("User:alice", "User:bob", SUPER_USER)
HOSTS = ("10.0.0.7", "10.0.0.8")
TYPES = (ResourceType.TOPIC, ResourceType.GROUP)
NAMES = ("a", "ab", "abc", "abd", "b", "hardcode")
OPERATIONS = tuple(one for one in AclOperation if one is not AclOperation.ANY)
ASKED = tuple(one for one in OPERATIONS if one is not AclOperation.ALL)
WORLDS, QUESTIONS = 1_000, 60


class World:
    """Some rules, and some questions about them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.everyone = seed % 2 == 1
        self.bindings = [*dict.fromkeys(self._binding() for _ in range(self.dice.randrange(9)))]
        self.questions = [self._question() for _ in range(QUESTIONS)]

    def _binding(self) -> AclBinding:
        pick = self.dice.choice
        pattern_type = pick((PatternType.LITERAL, PatternType.LITERAL, PatternType.PREFIXED))
        name = pick((*NAMES, "*")) if pattern_type is PatternType.LITERAL else pick(NAMES)
        permission = pick((AclPermissionType.ALLOW, AclPermissionType.ALLOW, AclPermissionType.DENY))
        entry = AccessControlEntry(
            pick((*PRINCIPALS, "User:*")), pick((*HOSTS, "*", "*")), pick(OPERATIONS[:7]), permission
        )
        return AclBinding(ResourcePattern(pick(TYPES), name, pattern_type), entry)

    def _question(self) -> tuple[Principal, AclOperation, ResourceType, str]:
        pick = self.dice.choice
        name = pick((*NAMES, *[""] * 4))  # nothing: whether with any of them
        return Principal(pick(PRINCIPALS), pick(HOSTS)), pick(OPERATIONS[1:7] if name else ASKED[:2]), pick(TYPES), name

    def lines(self) -> Iterator[str]:
        """For Kafka."""
        yield f"begin {SUPER_USER} {str(self.everyone).lower()}"
        for (kind, name, pattern_type), (principal, host, operation, permission) in self.bindings:
            words = kind.name, name, pattern_type.name, principal, host, operation.name, permission.name
            yield f"acl {' '.join(words)}"
        yield "end"
        for principal, operation, kind, name in self.questions:
            yield f"ask {principal.name} {principal.host} {operation.name} {kind.name} {name}".strip()

    def answers(self) -> list[str]:
        """Ours."""
        acls = Acls()
        for number, one in enumerate(self.bindings):
            acls.add(record_of(str(number), one))
        judge = StandardAuthorizer((SUPER_USER,), self.everyone)
        found = [
            judge.allows(acls, who, operation, kind, name) if name else judge.allows_any(acls, who, operation, kind)
            for who, operation, kind, name in self.questions
        ]
        return ["yes" if one else "no" for one in found]


@pytest.mark.slow
def test_kafkas_authorizer_and_ours_say_the_same():
    try:
        kafka_jars()
    except Missing as why:
        pytest.skip(str(why))
    worlds = [World(seed) for seed in range(WORLDS)]
    asked = "\n".join(line for one in worlds for line in one.lines())
    found = java(str(DRIVER), said=asked)
    theirs = found.stdout.splitlines()
    ours = [answer for one in worlds for answer in one.answers()]
    assert len(theirs) == WORLDS * QUESTIONS, found.stderr
    wrong = [at for at, (their, our) in enumerate(zip(theirs, ours, strict=True)) if their != our]
    assert not wrong, _shown(worlds[wrong[0] // QUESTIONS], wrong[0] % QUESTIONS, theirs[wrong[0]])
    assert 0.2 < theirs.count("yes") / len(theirs) < 0.8, "both answers are given often"


def _shown(world: World, number: int, theirs: str) -> str:
    rules = [line for line in world.lines() if not line.startswith("ask")]
    return "\n".join((*rules, str(world.questions[number]), f"Kafka says {theirs}"))
