"""A producer that is started again is the same producer to whoever asks for its records."""

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec
from lab.cluster.words import WORDS
from lab.env import seconds


def test_born_and_acked_count_all_processes_of_a_producer():
    topic = TopicSpec("orders", 1, 1)
    session = Session(ClusterSpec(3, 1, (topic,), (ProducerSpec("shop", "orders", 10), ProducerSpec("web", "orders"))))
    session.run_to(seconds(5))
    first = WORDS["born"](session.world, "shop")
    session.post(Crash("shop"))
    session.post(Restart("shop"))
    session.run_to(seconds(10))
    born, acked = WORDS["born"](session.world, "shop"), WORDS["acked"](session.world, "shop")
    assert isinstance(first, int)
    assert isinstance(born, int)
    assert isinstance(acked, int)
    assert born >= first + 40
    assert acked >= born - 2
    assert born + int(WORDS["born"](session.world, "web")) == WORDS["born"](session.world)
