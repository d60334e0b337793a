"""What a transaction coordinator decides: identities, fencing, commits, aborts, time-outs (spec 5.3, 5.10)."""

import pytest

from lab.kafka.coordinator.transaction.metadata import EPOCH_MAX, StoredTransaction, TransactionStatus
from lab.kafka.coordinator.transaction.records import transaction_key, transaction_value
from lab.kafka.protocol.errors import ErrorCode
from tests.kafka.transactions.notary import MS, A, B, Notary

DAY_MS = 86_400_000
AS_BEFORE = (-1, -1)
"""Without KIP-890's second part a producer is not told as whom it goes on."""


def test_the_records_of_the_transaction_log_are_kafkas():
    assert transaction_key("pay") == b"\x00\x00\x00\x03pay"
    empty = StoredTransaction(7, 0, 60_000, TransactionStatus.EMPTY, (), MS, -1, transaction_version=0)
    assert transaction_value(empty) == (
        b"\x00\x01" + (7).to_bytes(8, "big") + b"\x00\x00" + (60_000).to_bytes(4, "big") + b"\x00"
        + b"\x00" + MS.to_bytes(8, "big") + b"\xff" * 8 + b"\x00"
    )  # fmt: skip
    ongoing = StoredTransaction(7, 1, 1_000, TransactionStatus.ONGOING, (A, B), MS, MS, 6, transaction_version=2)
    assert transaction_value(ongoing)[17:] == (
        b"\x02\x07orders\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00" + MS.to_bytes(8, "big") * 2
        + b"\x02\x00\x08\x00\x00\x00\x00\x00\x00\x00\x06\x02\x02\x00\x02"
    )  # fmt: skip


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_09_the_next_producer_of_the_name_fences_the_one_before_at_the_coordinator(version: int):
    desk = Notary(version)
    first = desk.init()
    assert first == (7, 0)
    second = desk.init()
    assert second == (7, 1)
    assert isinstance(first, tuple)
    assert desk.add(first, A) is ErrorCode.PRODUCER_FENCED
    assert desk.end(first, True) is ErrorCode.PRODUCER_FENCED


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_10_who_begins_anew_has_what_is_open_aborted_first(version: int):
    desk = Notary(version)
    desk.init()
    desk.add((7, 0), A)
    assert desk.init() is ErrorCode.CONCURRENT_TRANSACTIONS
    assert (desk.state, desk.pay.stored.producer_epoch) == ("PrepareAbort", 1)
    assert desk.init() is ErrorCode.CONCURRENT_TRANSACTIONS, "the markers are not written yet"
    desk.markers_written()
    assert desk.init() == (7, 2)
    assert desk.add((7, 0), A) is ErrorCode.PRODUCER_FENCED
    assert [state for state, _, _ in desk.log] == ["Empty", "Ongoing", "PrepareAbort", "CompleteAbort", "Empty"]


def test_spec_05_3_1_who_names_its_epoch_is_not_fenced_by_its_own_retry():
    desk = Notary(1)
    desk.init()
    assert desk.init(expected=(7, 0)) == (7, 1)
    assert desk.init(expected=(7, 0)) == (7, 1), "the same request once more"
    assert desk.init(expected=(7, 1)) == (7, 2)
    assert desk.init(expected=(7, 0)) is ErrorCode.PRODUCER_FENCED
    assert desk.init(expected=(9, 2)) is ErrorCode.PRODUCER_FENCED


def test_spec_05_15_a_time_out_beyond_what_brokers_allow_is_refused():
    desk = Notary()
    assert desk.init(timeout_ms=900_001) is ErrorCode.INVALID_TRANSACTION_TIMEOUT
    assert desk.init(timeout_ms=0) is ErrorCode.INVALID_TRANSACTION_TIMEOUT
    assert isinstance(desk.init(timeout_ms=900_000), tuple)


def test_spec_05_3_2_partitions_that_are_known_are_not_written_again():
    desk = Notary(1)
    desk.init()
    desk.add((7, 0), A)
    desk.now_ms += 5
    assert (desk.add((7, 0), A), len(desk.log)) == (ErrorCode.NONE, 2)
    desk.add((7, 0), B)
    assert (desk.pay.stored.partitions, desk.pay.stored.started_ms) == ((A, B), MS)
    assert desk.add((8, 0), A) is ErrorCode.INVALID_PRODUCER_ID_MAPPING


@pytest.mark.parametrize("commit", [True, False])
def test_spec_05_18_a_commit_may_be_repeated_and_not_turned_into_an_abort(commit: bool):
    desk = Notary(1)
    desk.init()
    assert desk.end((7, 0), commit) is ErrorCode.INVALID_TXN_STATE, "nothing was begun"
    desk.add((7, 0), A)
    assert desk.end((7, 0), commit) == AS_BEFORE
    assert desk.end((7, 0), commit) is ErrorCode.CONCURRENT_TRANSACTIONS
    assert desk.end((7, 0), not commit) is ErrorCode.INVALID_TXN_STATE
    assert desk.add((7, 0), A) is ErrorCode.CONCURRENT_TRANSACTIONS
    desk.markers_written()
    assert desk.end((7, 0), commit) == AS_BEFORE
    assert desk.end((7, 0), not commit) is ErrorCode.INVALID_TXN_STATE


def test_spec_05_23_with_version_2_each_end_raises_the_epoch():
    desk = Notary(2)
    desk.init()
    desk.add((7, 0), A)
    assert desk.end((7, 0), True) == (7, 1)
    assert desk.pay.stored.producer_epoch == 1, "the markers carry it"
    assert desk.end((7, 0), True) is ErrorCode.CONCURRENT_TRANSACTIONS, "a retry, while the markers are written"
    assert desk.end((7, 1), False) is ErrorCode.CONCURRENT_TRANSACTIONS, "the next one has to wait for that, too"
    desk.markers_written()
    assert desk.end((7, 0), True) == (7, 1), "and after that"
    assert desk.end((7, 0), False) is ErrorCode.INVALID_TXN_STATE
    assert desk.add((7, 0), A) is ErrorCode.PRODUCER_FENCED
    assert desk.add((7, 1), A) is ErrorCode.NONE


def test_spec_05_10_with_version_2_an_abort_of_nothing_is_taken():
    desk = Notary(2)
    desk.init()
    assert desk.end((7, 0), True) is ErrorCode.INVALID_TXN_STATE
    assert desk.end((7, 0), False) == (7, 1)
    desk.markers_written()
    assert desk.state == "CompleteAbort"


def test_spec_05_10_the_last_epoch_of_a_producer_id_is_kept_for_fencing():
    desk = Notary(2)
    desk.init()
    desk.pay.stored = StoredTransaction(7, EPOCH_MAX - 2, 60_000, TransactionStatus.EMPTY, transaction_version=2)
    last = 7, EPOCH_MAX - 1
    assert desk.init() == last
    desk.add(last, A)
    assert desk.end(last, True) == (8, 0)
    assert desk.pay.stored.producer_epoch == EPOCH_MAX, "the markers are of the old id"
    desk.markers_written()
    assert desk.end(last, True) == (8, 0), "a retry that knows the old id only"
    assert desk.add((8, 0), A) is ErrorCode.NONE


def test_spec_05_3_1_without_an_epoch_left_the_next_one_has_another_id():
    desk = Notary(1)
    desk.init()
    desk.pay.stored = StoredTransaction(7, EPOCH_MAX - 1, 60_000, TransactionStatus.EMPTY)
    assert desk.init() == (8, 0)
    assert desk.pay.stored.previous_producer_id == 7


@pytest.mark.parametrize("version", [1, 2])
def test_spec_05_14_what_is_open_for_too_long_is_aborted_and_its_owner_fenced(version: int):
    desk = Notary(version)
    desk.init(timeout_ms=1_000)
    desk.add((7, 0), A)
    desk.now_ms += 1_000
    assert desk.look() == []
    desk.now_ms += 1
    assert desk.look() == ["open for more than 1000 ms"]
    assert (desk.state, desk.pay.stored.producer_epoch) == ("PrepareAbort", 1)
    assert desk.end((7, 0), True) is ErrorCode.PRODUCER_FENCED
    desk.markers_written()
    assert desk.init(expected=(7, 0)) is ErrorCode.PRODUCER_FENCED


def test_spec_05_25_an_id_that_nobody_uses_for_a_week_is_forgotten():
    desk = Notary(1)
    desk.init()
    desk.now_ms += 7 * DAY_MS - 1
    assert desk.look() == []
    desk.now_ms += 1
    assert desk.look() == ["not used for too long"]
    assert desk.add((7, 0), A) is ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert desk.init(expected=(7, 0)) == (8, 0)


def test_what_is_pending_has_the_next_one_wait_and_may_fail():
    desk = Notary(1)
    desk.init()
    desk.storing = False
    assert desk.add((7, 0), A) is ErrorCode.NONE
    assert desk.add((7, 0), B) is ErrorCode.CONCURRENT_TRANSACTIONS
    desk.refused_by_the_log()
    assert desk.state == "Empty"
    desk.add((7, 0), A)
    desk.stored()
    assert desk.state == "Ongoing"


def test_spec_05_3_1_a_fence_that_the_log_did_not_take_raises_the_epoch_only_once():
    desk = Notary(1)
    desk.init(timeout_ms=1_000)
    desk.add((7, 0), A)
    desk.storing = False
    desk.now_ms += 2_000
    for _ in range(3):
        desk.look()
        assert desk.pay.producer_epoch == 1
        assert desk.end((7, 0), True) is ErrorCode.PRODUCER_FENCED
        desk.refused_by_the_log()
    desk.look()
    desk.stored()
    assert desk.pay.stored.producer_epoch == 1
