"""Apache Kafka as the witness: what it answers, we answer, but for what `docs/differences.md` lists."""

from functools import cache
from pathlib import Path

import pytest

from tests.live.witness import known
from tests.live.witness.comparing import Difference
from tests.live.witness.session import PARTS, witness

PAGE = Path(__file__).parents[3] / "docs" / "differences.md"


@cache
def found(brokers: int) -> list[Difference]:
    return [one for _, differs in witness(brokers) for one in differs]


@pytest.mark.slow
@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize("brokers", PARTS)
def test_kafka_and_ours_answer_alike(brokers: int):
    assert [one for one in found(brokers) if known.of(one) is None] == []


@pytest.mark.slow
@pytest.mark.usefixtures("kafka")
def test_what_is_listed_still_differs():
    every = [one for brokers in PARTS for one in found(brokers)]
    assert [one for one in known.ALL if not any(one.covers(other) for other in every)] == []


@pytest.mark.parametrize("row", dict.fromkeys(one.row for one in known.ALL))
def test_what_differs_is_listed(row: str):
    assert f"| {row} |" in PAGE.read_text(encoding="utf-8")


def test_a_difference_that_is_not_listed_is_found():
    assert known.of(Difference("metadata", "one topic", 13, "topics[orders].error_code", "NONE", "UNKNOWN")) is None
