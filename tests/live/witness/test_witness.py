"""Apache Kafka as the witness: what it answers, we answer, but for what `docs/differences.md` lists."""

from pathlib import Path

import pytest

from tests.live.witness import known
from tests.live.witness.comparing import Difference
from tests.live.witness.session import witness

PAGE = Path(__file__).parents[3] / "docs" / "differences.md"


@pytest.mark.slow
@pytest.mark.usefixtures("kafka")
def test_kafka_and_ours_answer_alike():
    found = [one for _, differs in witness(1) for one in differs]
    assert [one for one in found if known.of(one) is None] == []
    assert [one for one in known.ALL if not any(one.covers(other) for other in found)] == []


@pytest.mark.parametrize("row", dict.fromkeys(one.row for one in known.ALL))
def test_what_differs_is_listed(row: str):
    assert f"| {row} |" in PAGE.read_text(encoding="utf-8")


def test_a_difference_that_is_not_listed_is_found():
    assert known.of(Difference("metadata", "one topic", 13, "topics[orders].error_code", "NONE", "UNKNOWN")) is None
