"""The page of what real clients can ask is what the code says."""

from pathlib import Path

from lab.kafka.broker.api import LOADED
from lab.kafka.broker.context import HANDLERS
from lab.kafka.protocol.apis import APIS
from lab.kafka.protocol.reference import KAFKA, LEFT_OUT, page

PAGE = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_the_page_is_what_the_apis_say():
    assert PAGE.read_text("utf-8") == page()


def test_every_row_is_of_an_api_that_there_is():
    assert set(KAFKA) >= set(APIS)
    assert set(LEFT_OUT) <= set(APIS)


def test_whatever_can_be_asked_has_somebody_who_answers():
    assert len(LOADED) > 10
    unanswered = [one.name for one in APIS.values() for half in one.requests if half.kind not in HANDLERS]
    assert not unanswered
