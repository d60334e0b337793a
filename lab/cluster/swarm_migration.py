"""Which groups of a fuzz seed change their protocol while they run, member by member, by dice of its own (KIP-848)."""

from collections.abc import Iterator
from dataclasses import replace

from lab.cluster.actions import machines
from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.settings import SetClientConfig
from lab.cluster.draw import Draw
from lab.cluster.spec import ClusterSpec, ConsumerSpec
from lab.env import Micros, millis, seconds
from lab.kafka.config.client import THEIR_OWN

CHANCE_PERCENT = 25
"""Of a hundred seeds."""
GROUP_PERCENT, BACK_PERCENT, ALONE_PERCENT, CRASH_PERCENT = 75, 60, 30, 30
MEMBERS_MAX = 3
WITHIN_S = 90
Timed = tuple[Micros, ClusterAction]


def with_migrations(
    seed: int, spec: ClusterSpec, actions: tuple[Timed, ...], first: Micros
) -> tuple[ClusterSpec, tuple[Timed, ...]]:
    """The spec with more members in some groups, and the actions with those that change these groups' protocol; most
    seeds as they are.
    """
    draw = Draw(seed, "fuzz of migration")
    groups = tuple(dict.fromkeys(one.group for one in spec.consumers))
    if not draw.percent(CHANCE_PERCENT) or not groups:
        return spec, actions
    found: list[Timed] = []
    for group in groups:
        if draw.percent(GROUP_PERCENT):
            spec = replace(spec, consumers=(*spec.consumers, *_more(draw, spec, group)))
            members = [one for one in spec.consumers if one.group == group]
            found += _rolled(draw, members, first + draw.dice.below(seconds(WITHIN_S) - first))
    policy = ("group.consumer.migration.policy", draw.of("bidirectional", "bidirectional", "upgrade"))
    spec = replace(spec, broker_config=(*spec.broker_config, policy))
    return spec, tuple(sorted((*actions, *found), key=lambda one: one[0]))


def _more(draw: Draw, spec: ClusterSpec, group: str) -> Iterator[ConsumerSpec]:
    """More members like the first, up to a number: one alone is never in a mixed group."""
    members = [one for one in spec.consumers if one.group == group]
    for at in range(draw.number(1, MEMBERS_MAX) - len(members)):
        name = f"{group}-member-{at}"
        config = tuple((key, name if key == "group.instance.id" else value) for key, value in members[0].config)
        yield replace(members[0], name=name, config=config)


def _rolled(draw: Draw, members: list[ConsumerSpec], at: Micros) -> Iterator[Timed]:
    """Each process ends and comes back with the other protocol, one after the other; perhaps one alone. Some groups go
    back in the same way.
    """
    rolled = [members[draw.dice.below(len(members))]] if draw.percent(ALONE_PERCENT) else members
    forth = "classic" if dict(members[0].config).get("group.protocol") == "consumer" else "consumer"
    back = ("classic" if forth == "consumer" else "consumer",) if draw.percent(BACK_PERCENT) else ()
    for protocol in (forth, *back):
        for one in rolled:
            yield from _changed(draw, one, protocol, at)
            at += draw.duration()


def _changed(draw: Draw, member: ConsumerSpec, protocol: str, at: Micros) -> Iterator[Timed]:
    """It is closed and made anew, or killed and started again."""
    deeds: list[ClusterAction] = [SetClientConfig(member.name, *one) for one in _settings(member, protocol)]
    if draw.percent(CRASH_PERCENT):
        yield at, machines.Crash(member.name)
        yield from ((at + 1, one) for one in deeds)
        yield at + millis(draw.number(1, 8_000)), machines.Restart(member.name)
    else:
        yield from ((at, one) for one in deeds)


def _settings(member: ConsumerSpec, protocol: str) -> Iterator[tuple[str, str]]:
    """What is to be said so that a consumer speaks this protocol: what only the other one has goes first, and what it
    had to begin with comes back.
    """
    other = "classic" if protocol == "consumer" else "consumer"
    yield from ((name, "") for name in THEIR_OWN[other])
    yield "group.protocol", protocol
    said = dict(member.config)
    yield from ((name, said[name]) for name in THEIR_OWN[protocol] if said.get(name))
