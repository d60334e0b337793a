"""Which client libraries a fuzz seed has, by dice of its own; half of what differs between them is left to them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.flavours import FLAVOURS

SHARE_PERCENT = 35
"""Of a hundred seeds so many have clients other than the newest Java ones."""
THEIR_WAY = (
    "acks", "enable.idempotence", "linger.ms", "max.in.flight.requests.per.connection",
    "isolation.level", "partition.assignment.strategy",
)  # fmt: skip
"""Settings whose defaults are what a library is known by."""

Client = TypeVar("Client", ProducerSpec, ConsumerSpec)
Kind = Callable[[tuple[tuple[str, str], ...], str], ProducerConfig | ConsumerConfig]


def with_flavours(seed: int, spec: ClusterSpec) -> ClusterSpec:
    """The spec with a library for each producer and consumer; most seeds as they are."""
    draw = Draw(seed, "fuzz of flavours")
    if not draw.percent(SHARE_PERCENT):
        return spec
    producers = tuple(_of_a_flavour(draw, one, ProducerConfig) for one in spec.producers)
    consumers = tuple(_of_a_flavour(draw, one, ConsumerConfig) for one in spec.consumers)
    return replace(spec, producers=producers, consumers=consumers)


def _of_a_flavour(draw: Draw, client: Client, kind: Kind) -> Client:
    """The client in a library that is drawn. One that cannot be what the client is, transactional for instance with
    the acks it has by default, or a member by the new protocol, is not taken.
    """
    flavour = draw.of(*FLAVOURS)
    left = [*FLAVOURS[flavour].lacks, *(one for one in THEIR_WAY if draw.percent(50))]
    config = tuple(one for one in client.config if one[0] not in left)
    try:
        kind(config, flavour)
    except InvalidConfig:
        return client
    return replace(client, flavour=flavour, config=config)
