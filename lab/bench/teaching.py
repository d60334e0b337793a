"""The teaching world: the cluster that most scenarios look like, and that all figures are of."""

from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec

SEED = 1
TOPIC = "orders"
RATE = 50
"""Records a second of each of the two producers."""
BULK_RATE = 10_000
LOAD_RATE = 100_000


def teaching_spec() -> ClusterSpec:
    """Three brokers, six partitions on three replicas, two idempotent producers, one group of three."""
    safe = (("acks", "all"), ("enable.idempotence", "true"))
    return ClusterSpec(
        seed=SEED,
        brokers=3,
        topics=(TopicSpec(TOPIC, 6, 3),),
        producers=tuple(ProducerSpec(name, TOPIC, RATE, "cycle:12", config=safe) for name in ("checkout", "web")),
        consumers=tuple(ConsumerSpec(f"billing-{number}", "billing", (TOPIC,)) for number in (1, 2, 3)),
    )


def load_spec(batch: int) -> ClusterSpec:
    """The same brokers under a load of equal records, `batch` at a time. Nobody reads: a consumer looks at each."""
    config = (("acks", "all"), ("enable.idempotence", "true"), ("max.request.size", "4194304"))
    return ClusterSpec(
        seed=SEED,
        brokers=3,
        topics=(TopicSpec(TOPIC, 6, 3),),
        producers=tuple(
            ProducerSpec(name, TOPIC, LOAD_RATE, load=batch, config=config) for name in ("checkout", "web")
        ),
    )


def bulk_spec(batch: int) -> ClusterSpec:
    """The same brokers under load: each producer sends full batches of `batch` records of 100 bytes."""
    # The birth header and the record's own fields come on top of the value's bytes.
    config = (
        ("acks", "all"), ("enable.idempotence", "true"), ("linger.ms", "1000"),
        ("batch.size", str(batch * 140)), ("buffer.memory", "268435456"), ("max.request.size", "1048576"),
    )  # fmt: skip
    return ClusterSpec(
        seed=SEED,
        brokers=3,
        topics=(TopicSpec(TOPIC, 6, 3),),
        producers=tuple(ProducerSpec(name, TOPIC, BULK_RATE, config=config) for name in ("checkout", "web")),
        consumers=tuple(ConsumerSpec(f"billing-{number}", "billing", (TOPIC,)) for number in (1, 2, 3)),
    )


def fleet_spec(brokers: int, partitions: int) -> ClusterSpec:
    """A large cluster under a light load: ten or twenty producers, and a group of as many consumers."""
    safe = (("acks", "all"), ("enable.idempotence", "true"))
    clients = 10 if brokers < 100 else 20
    return ClusterSpec(
        seed=SEED,
        brokers=brokers,
        topics=(TopicSpec(TOPIC, partitions, 3),),
        producers=tuple(ProducerSpec(f"shop-{one}", TOPIC, 2 * RATE, config=safe) for one in range(clients)),
        consumers=tuple(ConsumerSpec(f"billing-{one}", "billing", (TOPIC,)) for one in range(clients)),
    )
