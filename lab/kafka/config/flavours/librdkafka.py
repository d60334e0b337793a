"""librdkafka 2.15, and all that is built on it: confluent-kafka for Python, Go and .NET (spec 6.9, 10.9)."""

from lab.kafka.config.flavours.flavour import Flavour

LIBRDKAFKA = Flavour(
    "librdkafka",
    "librdkafka 2.15",
    "4.0",
    producer={
        "batch.num.messages": 10_000,
        "batch.size": 1_000_000,
        "buffer.memory": 1_073_741_824,
        "delivery.timeout.ms": 300_000,
        "enable.idempotence": False,
        "max.in.flight.requests.per.connection": 1_000_000,
        "max.request.size": 1_000_000,
        "partitioner": "consistent_random",
        "queue.buffering.max.messages": 100_000,
        "request.timeout.ms": 60_000,
        "sticky.partitioning.linger.ms": 10,
    },
    consumer={
        "check.crcs": False,
        "isolation.level": "read_committed",
        "partition.assignment.strategy": "range,roundrobin",
        "request.timeout.ms": 60_000,
    },
    lacks=(
        "default.api.timeout.ms",
        "max.block.ms",
        "max.poll.records",
        "partitioner.adaptive.partitioning.enable",
        "partitioner.ignore.keys",
    ),
    own_names={
        "buffer.memory": "queue.buffering.max.kbytes",
        "delivery.timeout.ms": "message.timeout.ms",
        "fetch.max.wait.ms": "fetch.wait.max.ms",
        "max.request.size": "message.max.bytes",
        "metadata.max.age.ms": "topic.metadata.refresh.interval.ms",
        "request.timeout.ms": "socket.timeout.ms",
    },
    raises_delivery_timeout=False,
    splits_batches=False,
    blocks_when_full=False,
    commits_in_background=True,
    hands_out_one=True,
)
