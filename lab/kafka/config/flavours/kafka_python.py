"""kafka-python 3.1: Java's names with underscores, and almost Java's defaults (spec 6.9, 10.9)."""

from lab.kafka.config.definition import LONG_MAX
from lab.kafka.config.flavours.flavour import ONLY_ELSEWHERE, Flavour

KAFKA_PYTHON = Flavour(
    "kafka-python",
    "kafka-python 3.1",
    "4.0",
    producer={
        "buffer.memory": LONG_MAX,  # its accumulator knows no limit
        "linger.ms": 0,
        "partitioner": "murmur2_random",
        "retry.backoff.max.ms": 100,
    },
    consumer={"partition.assignment.strategy": "range,roundrobin", "retry.backoff.max.ms": 100},
    lacks=(
        *ONLY_ELSEWHERE,
        "buffer.memory",
        "partitioner.adaptive.partitioning.enable",
        "partitioner.ignore.keys",
        "retry.backoff.max.ms",
    ),
    mutes_when_idempotent=True,
)
