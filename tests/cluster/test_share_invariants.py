"""Each invariant of share groups stops the world when it is told something that must not be."""

from typing import Any

from lab.kafka import facts
from tests.cluster.test_invariants import ORDERS, Story, violated

ONE_HOLDER = "a record is acquired by one member at a time"
LIMIT = "no record is delivered more often than the limit"
NOTHING_LEFT_OUT = "a share group leaves no record out, and does no accepted one again"
COMMITTED = "a share consumer sees exactly the committed records"


class Pool(Story):
    """Ten committed records, of which a share group has a share-partition in epoch 0."""

    def __init__(self) -> None:
        super().__init__()
        self.committed(10)
        self.loaded()

    def share(self, kind: type, **fields: Any) -> None:
        whole = {"group_id": "pool", "partition": ORDERS, "leader_epoch": 0, **fields}
        self.tell("broker-1", kind(**whole))

    def loaded(self, start: int = 0, end: int = 0, *unfinished: tuple[int, int, int], **fields: Any) -> None:
        fields = {"initial": True, **fields}
        self.share(facts.SharePartitionLoaded, start_offset=start, end_offset=end, unfinished=unfinished, **fields)

    def acquire(self, first: int, end: int, count: int = 1, member: str = "w-1", **fields: Any) -> None:
        self.share(
            facts.RecordsAcquired, member_id=f"{member}-1", client_id=member, first=first, end=end,
            delivery_count=count, **fields,
        )  # fmt: skip

    def settle(self, first: int, end: int, state: str = "Acknowledged", reason: str = "accepted", count: int = 1):
        self.share(facts.RecordsSettled, first=first, end=end, state=state, reason=reason, delivery_count=count)

    def move(self, start: int, epoch: int = 0) -> None:
        self.share(facts.ShareStartMoved, start_offset=start, reason="settled", leader_epoch=epoch)

    def store(self, start: int, *batches: tuple[int, int, int], epoch: int = 0) -> None:
        self.share(facts.ShareStateStored, start_offset=start, batches=batches, replicated=True, leader_epoch=epoch)


def test_what_a_share_group_may_do():
    pool = Pool()
    pool.acquire(0, 3)
    pool.acquire(3, 5, member="w-2")
    pool.settle(0, 1)
    pool.move(1)
    pool.settle(1, 3, "Available", "released")
    pool.acquire(1, 3, 2, "w-2")
    pool.store(1, (1, 3, 2), (3, 5, 4))
    pool.settle(1, 3, count=2)
    pool.settle(3, 5, "Archived", "rejected")
    pool.move(5)
    pool.loaded(5, 5, initial=False, leader_epoch=1)
    pool.acquire(5, 6, leader_epoch=1)


def test_a_record_may_not_be_acquired_by_two():
    pool = Pool()
    pool.acquire(0, 3)
    with violated(ONE_HOLDER):
        pool.acquire(2, 4, member="w-2")


def test_a_record_may_not_be_acquired_before_it_is_committed():
    with violated(ONE_HOLDER):
        Pool().acquire(9, 11)


def test_what_nobody_holds_may_not_be_settled():
    pool = Pool()
    pool.acquire(0, 1)
    with violated(ONE_HOLDER):
        pool.settle(0, 2)


def test_a_delivery_may_not_be_forgotten():
    pool = Pool()
    pool.acquire(0, 1)
    pool.settle(0, 1, "Available", "expired")
    with violated(LIMIT):
        pool.acquire(0, 1, 1)


def test_the_count_of_the_last_leader_goes_on():
    pool = Pool()
    pool.loaded(0, 1, (0, 1, 2), initial=False, leader_epoch=1)
    pool.acquire(0, 1, 3, leader_epoch=1)
    pool.loaded(0, 1, (0, 1, 2), initial=False, leader_epoch=2)
    with violated(LIMIT):
        pool.acquire(0, 1, 1, leader_epoch=2)


def test_the_start_may_not_pass_over_a_record_that_is_not_finished():
    pool = Pool()
    pool.acquire(0, 2)
    pool.settle(1, 2)
    with violated(NOTHING_LEFT_OUT):
        pool.move(2)


def test_the_start_may_not_go_back():
    pool = Pool()
    pool.acquire(0, 2)
    pool.settle(0, 2)
    pool.move(2)
    with violated(NOTHING_LEFT_OUT):
        pool.move(1)


def test_the_next_leader_may_not_leave_out_what_the_last_one_had_not_finished():
    pool = Pool()
    pool.acquire(0, 3)
    pool.store(0, (0, 1, 2))
    with violated(NOTHING_LEFT_OUT):
        pool.loaded(3, 3, initial=False, leader_epoch=1)


def test_a_leader_that_never_heard_what_it_had_stored_gives_it_out_again():
    pool = Pool()
    pool.acquire(0, 3)
    pool.store(0, (0, 3, 2))
    pool.settle(0, 3, "Available", "expired")
    pool.acquire(0, 3, 2)
    pool.settle(0, 3, count=2)
    with violated(ONE_HOLDER):
        pool.settle(0, 3, "Available", "expired", count=2)


def test_what_is_stored_as_accepted_may_not_be_delivered_again():
    pool = Pool()
    pool.acquire(0, 3)
    pool.store(0, (1, 2, 2))
    pool.loaded(0, 3, (0, 3, 1), initial=False, leader_epoch=1)
    with violated(NOTHING_LEFT_OUT):
        pool.acquire(0, 3, 2, leader_epoch=1)


def test_a_group_whose_state_is_stored_may_not_begin_anew():
    pool = Pool()
    pool.store(0, (0, 1, 2))
    with violated(NOTHING_LEFT_OUT):
        pool.loaded(leader_epoch=1)


def test_a_leader_that_was_replaced_may_not_write():
    pool = Pool()
    pool.store(0, (0, 1, 2), epoch=1)
    with violated(NOTHING_LEFT_OUT):
        pool.store(0, (0, 1, 0), epoch=0)


def test_nobody_may_be_given_what_the_log_does_not_hold():
    pool = Pool()
    with violated(COMMITTED):
        pool.tell("w-1", facts.RecordsDelivered("pool", "w-1", ORDERS, (3,), ("web:4",)))
