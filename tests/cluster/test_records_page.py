"""A page of a log: the records that are asked for, and no batch beyond them is read."""

import pytest

from lab.cluster.probes import Records
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec
from lab.kafka.protocol.records import RecordBatch

SECOND = 1_000_000


@pytest.fixture
def session() -> Session:
    found = Session(
        ClusterSpec(brokers=1, topics=(TopicSpec("orders", 1, 1),), producers=(ProducerSpec("shop", "orders", 300),))
    )
    found.run_for(10 * SECOND)
    return found


def test_the_last_records_and_those_from_an_offset_on(session: Session):
    tail = session.view(Records("orders-0", from_offset=None, count=50))
    end = tail.log_end_offset
    assert end > 2_000
    assert [row.offset for row in tail.rows] == list(range(end - 50, end))
    middle = session.view(Records("orders-0", from_offset=1_000, count=50))
    assert [row.offset for row in middle.rows] == list(range(1_000, 1_050))
    assert [row.offset for row in session.view(Records("orders-0", from_offset=end - 3, count=50)).rows] == [
        end - 3, end - 2, end - 1,
    ]  # fmt: skip
    assert session.view(Records("orders-0", from_offset=end + 5, count=50)).rows == ()


def test_only_what_is_shown_is_decoded(session: Session, monkeypatch: pytest.MonkeyPatch):
    decoded: list[int] = []
    before = RecordBatch.records

    def counted(batch: RecordBatch):
        found = before(batch)
        decoded.append(len(found))
        return found

    monkeypatch.setattr(RecordBatch, "records", counted)
    view = Records("orders-0", from_offset=None, count=50)(session.world)
    assert len(view.rows) == 50
    assert sum(decoded) < 150, "of thousands"
