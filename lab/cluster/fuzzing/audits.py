"""Which producers of a fuzz seed make a producer for some of their requests, by dice of its own."""

from dataclasses import replace

from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import AuditSpec, ClusterSpec, ProducerSpec
from lab.kafka.config.client import ProducerConfig

CHANCE_PERCENT = 25
"""Of a hundred seeds."""


def with_audits(seed: int, spec: ClusterSpec) -> ClusterSpec:
    """The spec with an audit feature for those producers that can have one; most seeds as they are."""
    draw = Draw(seed, "fuzz of audits")
    if not draw.percent(CHANCE_PERCENT):
        return spec
    return replace(spec, producers=tuple(_audited(draw, one) for one in spec.producers))


def _audited(draw: Draw, producer: ProducerSpec) -> ProducerSpec:
    audit = AuditSpec(draw.number(1, 100), draw.percent(20))
    config = ProducerConfig(producer.config, producer.flavour)
    plain = not producer.load and producer.data is None and not config.transactional_id
    return replace(producer, audit=audit) if plain and config.enable_idempotence else producer
