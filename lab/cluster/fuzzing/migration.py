"""Which groups of a fuzz seed change their protocol while they run, member by member, by dice of its own (KIP-848)."""

from collections.abc import Iterator
from dataclasses import replace

from lab.cluster.actions import machines
from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.settings import SetClientConfig
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec, ConsumerSpec
from lab.env import Micros, millis, seconds
from lab.kafka.config.client import THEIR_OWN

CHANCE_PERCENT = 25
"""Of a hundred seeds."""
GROUP_PERCENT, BACK_PERCENT, ALONE_PERCENT, CRASH_PERCENT = 75, 60, 30, 30
MEMBERS_MAX = 3
WITHIN_S = 90
ENDED: Micros = millis(300)
"""After so long a process that was to end has ended, if it was not busy."""
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
    for at in range(draw.number(2, MEMBERS_MAX) - len(members)):
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
            found = list(_changed(draw, one, protocol, at))
            yield from found
            at = found[-1][0] + draw.duration()


def _changed(draw: Draw, member: ConsumerSpec, protocol: str, at: Micros) -> Iterator[Timed]:
    """It ends, in order or killed, and its next process speaks the other protocol. Where the old one is still busy
    then, that stays as it was.
    """
    name = member.name
    end, gone = (machines.Crash(name), 1) if draw.percent(CRASH_PERCENT) else (machines.Stop(name), ENDED)
    yield at, end
    yield from ((at + gone, SetClientConfig(name, *one)) for one in _settings(member, protocol))
    yield at + gone + millis(draw.number(1, 4_000)), machines.Restart(name)


def _settings(member: ConsumerSpec, protocol: str) -> Iterator[tuple[str, str]]:
    """What is to be said so that a consumer speaks this protocol: what only the other one has goes first, and what it
    had to begin with comes back.
    """
    other = "classic" if protocol == "consumer" else "consumer"
    yield from ((name, "") for name in THEIR_OWN[other])
    yield "group.protocol", protocol
    said = dict(member.config)
    yield from ((name, said[name]) for name in THEIR_OWN[protocol] if said.get(name))
