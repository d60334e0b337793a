"""A real run to look at: six partitions, two groups, and a broker that crashes at 10 s and is back at 20 s."""

from lab.cluster.actions import action_from
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec

SECOND = 1_000_000
CRASH_S = 10.0


def busy_spec() -> ClusterSpec:
    return ClusterSpec(
        seed=5,
        topics=(TopicSpec("orders", 6, 3, (("min.insync.replicas", "2"),)), TopicSpec("audit", 1, 1)),
        producers=(ProducerSpec("checkout", "orders", 30, "cycle:12"), ProducerSpec("clerk", "audit", 5)),
        consumers=(
            ConsumerSpec("pay-a", "payments", ("orders",), 5_000),
            ConsumerSpec("pay-b", "payments", ("orders",), 5_000),
            ConsumerSpec("slow", "analytics", ("orders", "audit"), 40_000),
        ),
    )


def crashed_run() -> Session:
    session = Session(busy_spec(), "A crash")
    session.run_to(10 * SECOND)
    session.post(action_from({"crash": {"node": "broker-2"}}))
    session.run_to(20 * SECOND)
    session.post(action_from({"restart": {"node": "broker-2"}}))
    session.run_to(25 * SECOND)
    return session
