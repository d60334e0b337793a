"""confluent-kafka (librdkafka in C), from PyPI."""

from tests.live.clients.checks import Checks, cluster
from tests.live.clients.confluent import Confluent

__all__ = ["cluster"]


class TestConfluentKafka(Checks):
    """All of it."""

    kind = Confluent
