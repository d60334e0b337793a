"""What these tests need of the machine."""

import pytest

from tests.live.witness.apache import Missing, kafka_jars


@pytest.fixture(scope="session")
def kafka() -> str:
    """The jars of Apache Kafka; without them a test is skipped, and says why."""
    try:
        return kafka_jars()
    except Missing as why:
        pytest.skip(str(why))
