"""Each invariant stops the world when it is told something that must not be."""

import pytest

from lab.cluster.invariants import Violated, all_invariants
from lab.cluster.invariants.fates import Fates
from lab.cluster.invariants.lineage import Lineage
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Watch
from lab.kafka import facts
from lab.kafka.protocol.records import Header, Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.witness import PowerLost
from lab.world.world import World

ORDERS = TopicPartition("orders", 0)
OFFSETS = TopicPartition("__consumer_offsets", 0)


class Story:
    """Facts told by hand: three replicas of orders-0, led by broker-1 in epoch 0."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        observers = [self.ledger, *all_invariants(self.ledger)]
        fates = observers[-1]
        assert isinstance(fates, Fates)
        self.fates = fates
        self.fate = fates.table[ORDERS]
        self.watch = Watch(observers)
        self.world = World(1)
        for number in (1, 2, 3):
            self.world.add_host(f"broker-{number}", recipe=None)  # type: ignore[arg-type]
        self.elect(1, 0, (1, 2, 3), "created")

    def tell(self, node: str, fact: object) -> None:
        self.watch.tell(self.world, node, fact)

    def elect(self, leader: int, epoch: int, isr: tuple[int, ...], reason: str = "fenced") -> None:
        self.changed(leader, epoch, isr, reason)
        self.leads(leader, epoch)

    def changed(
        self, leader: int, epoch: int, isr: tuple[int, ...], reason: str, replicas: tuple[int, ...] = (1, 2, 3)
    ) -> None:
        number = self.fate.partition_epoch + 1
        self.tell(
            "controller-1",
            facts.PartitionChanged(ORDERS, replicas, isr, leader, epoch, number, reason),
        )

    def leads(self, leader: int, epoch: int) -> None:
        end = self.fate.end_of(f"broker-{leader}")
        self.tell(f"broker-{leader}", facts.BecameLeader(ORDERS, epoch, end, (1, 2, 3)))

    def batch(self, base: int, epoch: int = 0, value: str = "", count: int = 1) -> RecordBatch:
        records = [
            Record(0, 0, None, value.encode(), (Header("birth", f"web:{base + at}".encode()),)) for at in range(count)
        ]
        return RecordBatch.build(records, base_offset=base, leader_epoch=epoch)

    def append(
        self, broker: int, base: int, epoch: int = 0, value: str = "", *, leading: bool = False,
        own: int | None = None, count: int = 1,
    ) -> None:  # fmt: skip
        batch = self.batch(base, epoch, value, count)
        own = epoch if own is None else own
        kind = facts.Appended if leading else facts.Copied
        self.tell(f"broker-{broker}", kind(ORDERS, batch, own))

    def replicate(self, base: int, epoch: int = 0, brokers: tuple[int, ...] = (1, 2, 3)) -> None:
        for broker in brokers:
            self.append(broker, base, epoch, leading=broker == brokers[0])

    def commit(self, broker: int, mark: int, epoch: int = 0, *, leading: bool = True) -> None:
        end = self.fate.end_of(f"broker-{broker}")
        kind = facts.HighWatermarkMoved if leading else facts.HighWatermarkLearnt
        self.tell(f"broker-{broker}", kind(ORDERS, mark, end, epoch))

    def committed(self, count: int, brokers: tuple[int, ...] = (1, 2, 3)) -> None:
        for base in range(count):
            self.replicate(base, brokers=brokers)
        self.commit(1, count)

    def polled(self, *offsets: int, births: tuple[str, ...] = ()) -> None:
        births = births or tuple(f"web:{offset}" for offset in offsets)
        self.tell("a", facts.RecordsPolled("pay", "a", ORDERS, offsets, births, 99))

    def assigned(self, member: str = "a", generation: int = 1) -> None:
        fact = facts.PartitionsAssigned("pay", member, generation, (ORDERS,), (ORDERS,))
        self.tell(member, fact)

    def coordinator(self, broker: int, epoch: int, reason: str = "fenced") -> None:
        """Another broker leads the log of the groups."""
        changed = facts.PartitionChanged(OFFSETS, (1, 2), (1, 2), broker, epoch, epoch, reason)
        self.tell("controller-1", changed)
        self.tell(f"broker-{broker}", facts.BecameLeader(OFFSETS, epoch, 0, (1, 2)))

    def stable(self, generation: int, broker: int = 1) -> None:
        self.tell(f"broker-{broker}", facts.GroupStateChanged("pay", "Stable", generation, ("a",), ""))

    def committed_offset(self, offset: int, generation: int = 1, broker: int = 1) -> None:
        fact = facts.OffsetsCommitted("pay", generation, "a", {ORDERS: offset})
        self.tell(f"broker-{broker}", fact)


def violated(claim: str):
    return pytest.raises(Violated, match=claim)


def test_a_true_story_violates_nothing():
    story = Story()
    story.committed(3)
    story.commit(2, 3, leading=False)
    story.tell("web", facts.RecordsAcked("web", ORDERS, (0, 1, 2), 0, -1))
    story.elect(2, 1, (2, 3))
    story.replicate(3, 1, (2, 3))
    story.commit(2, 4, 1)
    story.tell("broker-1", facts.BecameFollower(ORDERS, 1, 2, 3))
    story.append(1, 3, 1)


# --- logs -----------------------------------------------------------------------------------------


def test_a_hole_in_a_log_is_a_violation():
    story = Story()
    story.append(1, 0, leading=True)
    with violated("begins where its log ends"):
        story.append(1, 2, leading=True)


def test_a_log_written_twice_at_one_offset_is_a_violation():
    story = Story()
    story.append(1, 0, leading=True)
    with violated("begins where its log ends"):
        story.append(1, 0, leading=True)


def test_an_epoch_that_falls_within_a_log_is_a_violation():
    story = Story()
    story.elect(2, 1, (2, 3))
    story.append(2, 0, 1, leading=True)
    with violated("epochs never fall"):
        story.append(2, 1, 0, own=1)


def test_an_append_for_a_leader_of_the_future_is_a_violation():
    with violated("epochs never fall"):
        Story().append(2, 0, epoch=5, own=4)


def test_other_records_at_the_same_offset_and_epoch_are_a_violation():
    story = Story()
    story.append(1, 0, value="one", leading=True)
    with violated("same offset and epoch"):
        story.append(2, 0, value="other")


def test_an_epoch_that_begins_behind_another_record_is_a_violation():
    story = Story()
    story.committed(1)
    story.append(1, 1, value="only here", leading=True)
    story.elect(2, 1, (2, 3))
    story.append(2, 1, 1, leading=True)
    with violated("same offset and epoch"):
        story.append(1, 2, 1)


def test_a_killed_process_that_left_a_shorter_log_is_a_violation():
    story = Story()
    story.committed(3)
    with violated("what was flushed survives"):
        story.tell("broker-2", facts.LogLoaded(ORDERS, 0, 2, False))


def test_a_power_loss_may_shorten_a_log():
    story = Story()
    story.committed(3)
    story.tell("broker-2", PowerLost())
    story.tell("broker-2", facts.LogLoaded(ORDERS, 0, 2, False))
    assert story.fate.cut == {"broker-2": 2}


def test_a_power_loss_that_took_flushed_records_is_a_violation():
    story = Story()
    story.committed(3)
    story.tell("broker-2", PowerLost())
    story.fate.floors["broker-2"] = 3
    with violated("what was flushed survives"):
        story.tell("broker-2", facts.LogLoaded(ORDERS, 0, 2, False))


# --- replication ----------------------------------------------------------------------------------


def test_a_high_watermark_beyond_the_log_end_is_a_violation():
    story = Story()
    story.replicate(0)
    with violated("never passes the log end"):
        story.commit(1, 2)


def test_a_high_watermark_that_falls_in_an_epoch_is_a_violation():
    story = Story()
    story.committed(3)
    with violated("never falls in an epoch"):
        story.commit(1, 2)


def test_a_follower_ahead_of_every_leader_is_a_violation():
    story = Story()
    story.replicate(0)
    with violated("never passes the log end"):
        story.commit(2, 1, leading=False)


def test_a_leader_that_was_not_elected_is_a_violation():
    story = Story()
    story.changed(2, 1, (2, 3), "fenced")
    with violated("at most one leader"):
        story.leads(3, 1)


def test_a_leader_epoch_that_jumps_is_a_violation():
    with violated("at most one leader"):
        Story().changed(2, 2, (2, 3), "fenced")


def test_a_new_leader_without_a_committed_record_is_a_violation():
    story = Story()
    story.committed(2)
    story.append(1, 2, leading=True)
    story.append(2, 2)
    story.append(3, 2)
    story.commit(1, 3)
    story.tell("broker-2", facts.Truncated(ORDERS, 2, 3, 2))
    with violated("every committed record"):
        story.elect(2, 1, (2, 3))


def test_a_new_leader_with_another_record_in_a_committed_place_is_a_violation():
    story = Story()
    story.committed(1)
    story.elect(2, 1, (1, 2, 3))
    story.append(2, 1, 1, leading=True)
    story.elect(1, 2, (1, 2, 3))
    story.append(1, 1, 2, leading=True)
    story.append(3, 1, 2)
    story.tell("broker-2", facts.Truncated(ORDERS, 1, 2, 1))
    story.append(2, 1, 2)
    story.commit(1, 2, 2)
    story.fate.copies["broker-2"].epochs[-1] = 1
    with violated("every committed record"):
        story.elect(2, 3, (2, 3))


def test_an_unclean_election_may_lose_committed_records():
    story = Story()
    story.committed(2, brokers=(1, 2, 3))
    story.changed(1, 0, (1,), "isr")
    story.append(1, 2, leading=True)
    story.commit(1, 3)
    story.tell("controller-1", facts.UncleanElectionAsked((ORDERS,)))
    story.elect(2, 1, (2,), "unclean")
    assert (story.fate.lost_from, story.fate.lost_until) == (2, 3)
    story.append(2, 2, 1, "instead", leading=True)


def test_a_move_may_be_over_before_an_unclean_leader_has_said_what_it_has():
    story = Story()
    story.changed(1, 0, (1, 3), "isr")
    story.committed(2, brokers=(1, 3))
    story.tell("controller-1", facts.UncleanElectionAsked((ORDERS,)))
    story.changed(2, 1, (2,), "unclean")
    story.tell("controller-1", facts.ReassignmentAsked({ORDERS: (2,)}))
    story.changed(2, 2, (2,), "reassigned at once", replicas=(2,))
    story.leads(2, 2)
    assert (story.fate.lost_from, story.fate.lost_until) == (0, 2)
    story.append(2, 0, 2, "instead", leading=True, count=3)
    story.commit(2, 3, 2)
    with violated("every in-sync replica has what its leader committed"):
        story.changed(2, 2, (2, 3), "isr")


def test_once_an_unclean_leader_has_led_a_move_to_who_lacks_its_records_is_a_violation():
    story = Story()
    story.changed(1, 0, (1, 3), "isr")
    story.committed(2, brokers=(1, 3))
    story.tell("controller-1", facts.UncleanElectionAsked((ORDERS,)))
    story.elect(3, 1, (3,), "unclean")
    story.tell("controller-1", facts.ReassignmentAsked({ORDERS: (2,)}))
    with violated("every in-sync replica has what its leader committed"):
        story.changed(2, 2, (2,), "reassigned at once", replicas=(2,))


def test_the_last_in_sync_replica_may_lose_what_its_power_loss_took():
    story = Story()
    story.committed(2)
    story.changed(1, 0, (1,), "isr")
    story.tell("broker-1", PowerLost())
    story.tell("broker-1", facts.LogLoaded(ORDERS, 0, 1, False))
    story.elect(1, 1, (1,), "unfenced")
    assert story.fate.lost_from == 1


def test_a_power_loss_is_no_excuse_while_another_replica_is_in_sync():
    story = Story()
    story.committed(2)
    story.tell("broker-1", PowerLost())
    story.tell("broker-1", facts.LogLoaded(ORDERS, 0, 1, False))
    with violated("every committed record"):
        story.elect(1, 1, (1, 2), "unfenced")


def test_a_late_commit_that_the_new_leader_lacks_is_a_violation():
    story = Story()
    story.committed(1)
    story.append(1, 1, leading=True)
    story.changed(2, 1, (2, 3), "fenced")
    story.leads(2, 1)
    with violated("every committed record"):
        story.commit(1, 2)


def test_a_leader_that_writes_over_a_committed_offset_is_a_violation():
    story = Story()
    story.committed(2)
    story.tell("broker-1", facts.Truncated(ORDERS, 1, 2, 1))
    with violated("never written again"):
        story.append(1, 1, leading=True)


def test_an_acknowledgement_before_the_commit_is_a_violation():
    story = Story()
    story.replicate(0)
    with violated("acknowledged with acks=all"):
        story.tell("web", facts.RecordsAcked("web", ORDERS, (0,), 0, -1))


def test_an_acknowledgement_before_the_commit_is_what_acks_1_promises():
    story = Story()
    story.replicate(0)
    story.tell("web", facts.RecordsAcked("web", ORDERS, (0,), 0, 1))


def test_an_acknowledged_offset_that_holds_another_record_is_a_violation():
    story = Story()
    story.committed(2)
    with violated("acknowledged with acks=all"):
        story.tell("web", facts.RecordsAcked("web", ORDERS, (0,), 1, -1))


def test_a_leader_outside_its_isr_is_a_violation():
    with violated("in-sync replica"):
        Story().changed(1, 1, (2, 3), "fenced")


def test_an_isr_with_a_member_that_lags_is_a_violation():
    story = Story()
    story.replicate(0, brokers=(1, 2))
    with violated("in-sync replica"):
        story.commit(1, 1)


def test_a_follower_that_joins_the_isr_too_early_is_a_violation():
    story = Story()
    story.changed(1, 0, (1, 2), "isr")
    story.committed(1, brokers=(1, 2))
    with violated("in-sync replica"):
        story.changed(1, 0, (1, 2, 3), "isr")


def test_a_new_replica_may_begin_where_its_leader_has_deleted_all_before():
    story = Story()
    story.changed(1, 0, (1, 2), "isr")
    story.committed(3, brokers=(1, 2))
    story.tell("broker-3", facts.Truncated(ORDERS, 3, 0, 0))
    story.changed(1, 0, (1, 2, 3), "isr")
    story.replicate(3)
    story.commit(1, 4)


def test_a_new_replica_that_begins_below_what_is_committed_has_not_all():
    story = Story()
    story.changed(1, 0, (1, 2), "isr")
    story.committed(3, brokers=(1, 2))
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 0, 0))
    with violated("in-sync replica"):
        story.changed(1, 0, (1, 2, 3), "isr")


def test_a_follower_with_other_records_below_its_high_watermark_is_a_violation():
    story = Story()
    story.committed(2)
    story.fate.copies["broker-2"].epochs[-1] = 7
    with violated("equals its leader"):
        story.commit(2, 2, leading=False)


# --- groups ---------------------------------------------------------------------------------------


def test_reading_beyond_every_high_watermark_is_a_violation():
    story = Story()
    story.committed(1)
    story.replicate(1)
    story.assigned()
    with violated("exactly the committed records"):
        story.polled(0, 1)


def test_reading_another_record_than_the_log_holds_is_a_violation():
    story = Story()
    story.committed(1)
    story.assigned()
    with violated("exactly the committed records"):
        story.polled(0, births=("web:7",))


def test_reading_a_record_twice_in_one_assignment_is_a_violation():
    story = Story()
    story.committed(3)
    story.assigned()
    story.polled(0, 1)
    with violated("without gaps or returns"):
        story.polled(1, 2)


def test_a_gap_between_two_polls_is_a_violation():
    story = Story()
    story.committed(3)
    story.assigned()
    story.polled(0)
    with violated("without gaps or returns"):
        story.polled(2)


def cleaned_up_to_2() -> Story:
    """Five records are committed, the first was read, and the cleaner has been there."""
    story = Story()
    story.committed(5)
    story.assigned()
    story.polled(0)
    story.tell("broker-1", facts.SegmentsCleaned(ORDERS, (0,), 2, 2, 200, 100))
    return story


def test_where_the_cleaner_was_records_may_be_missing_and_behind_it_only_what_is_hidden():
    story = cleaned_up_to_2()
    story.tell("a", facts.OffsetsHidden("pay", "a", ORDERS, ((2, 3),)))
    story.polled(3)


def test_a_gap_behind_what_was_cleaned_is_a_violation():
    story = cleaned_up_to_2()
    with violated("without gaps or returns"):
        story.polled(1, 4)


def test_what_was_hidden_before_a_log_was_cut_hides_nothing_after_it():
    story = Story()
    story.committed(3)
    story.assigned()
    story.tell("a", facts.OffsetsHidden("pay", "a", ORDERS, ((1, 2),)))
    story.polled(0)
    story.tell("a", facts.PositionReset("pay", "a", ORDERS, 0, "truncated"))
    story.tell("a", facts.OffsetsHidden("pay", "a", ORDERS, ((0, 1),)))
    story.polled(1, 2)


@pytest.mark.parametrize("reason", ["truncated", "committed"])
def test_what_was_hidden_before_a_reset_excuses_no_gap_after_it(reason: str):
    story = Story()
    story.committed(3)
    story.assigned()
    story.tell("a", facts.OffsetsHidden("pay", "a", ORDERS, ((1, 2),)))
    story.polled(0)
    story.tell("a", facts.PositionReset("pay", "a", ORDERS, 1, reason))
    with violated("without gaps or returns"):
        story.polled(2)


def test_reading_a_partition_of_somebody_else_is_a_violation():
    story = Story()
    story.committed(1)
    with violated("without gaps or returns"):
        story.polled(0)


def test_two_owners_in_one_generation_are_a_violation():
    story = Story()
    story.assigned("a", 1)
    story.assigned("b", 2)
    with violated("one owner"):
        story.assigned("a", 2)


def test_a_commit_beyond_the_high_watermark_is_a_violation():
    story = Story()
    story.committed(1)
    with violated("commit holds"):
        story.committed_offset(2)


def test_a_commit_of_an_old_generation_is_a_violation():
    story = Story()
    story.tell("broker-1", facts.GroupStateChanged("pay", "Stable", 2, ("a",), ""))
    with violated("commit holds"):
        story.committed_offset(0, generation=1)


def test_a_generation_that_returns_is_a_violation():
    story = Story()
    story.tell("broker-1", facts.GroupStateChanged("pay", "Stable", 2, ("a",), ""))
    with violated("commit holds"):
        story.tell("broker-2", facts.GroupStateChanged("pay", "Stable", 2, ("a",), ""))


def test_a_member_that_goes_over_without_what_it_owns_is_a_violation():
    story = Story()
    story.assigned("a", 1)
    story.tell("broker-1", facts.GroupConverted("pay", "consumer", 1, {"id": ("a", (ORDERS,))}))
    with violated("members keep what they have"):
        story.tell("broker-1", facts.GroupConverted("pay", "consumer", 1, {"id": ("a", ())}))


def test_a_member_that_has_not_taken_its_newest_assignment_yet_may_own_more_than_that():
    story = Story()
    story.assigned("a", 1)
    story.tell("broker-1", facts.GroupConverted("pay", "consumer", 2, {"id": ("a", ())}))


def test_a_group_that_goes_over_in_an_older_generation_is_a_violation():
    story = Story()
    story.tell("broker-1", facts.GroupStateChanged("pay", "Stable", 3, ("a",), ""))
    with violated("commit holds"):
        story.tell("broker-1", facts.GroupConverted("pay", "consumer", 2))


def test_a_group_that_comes_back_below_its_epoch_is_a_violation():
    story = Story()
    story.tell("broker-1", facts.ConsumerGroupChanged("pay", "Stable", 4, ("a",), ""))
    with violated("no group epoch falls"):
        story.tell("broker-1", facts.GroupConverted("pay", "classic", 3))


def test_a_group_that_has_come_back_and_does_not_count_on_is_a_violation():
    story = Story()
    story.tell("broker-1", facts.GroupConverted("pay", "classic", 4))
    with violated("commit holds"):
        story.tell("broker-1", facts.GroupStateChanged("pay", "Stable", 4, ("a",), ""))


def test_an_empty_group_that_goes_over_begins_anew():
    story = Story()
    story.tell("broker-1", facts.GroupStateChanged("pay", "Stable", 3, ("a",), ""))
    story.tell("broker-1", facts.GroupConverted("pay", "consumer"))
    story.tell("broker-1", facts.ConsumerGroupChanged("pay", "Stable", 1, ("a",), ""))


@pytest.mark.parametrize("loaded", [{}, {"pay": (1, {})}, {"pay": (1, {ORDERS: 1})}, {"pay": (0, {ORDERS: 2})}])
def test_a_new_coordinator_that_forgot_a_commit_is_a_violation(
    loaded: dict[str, tuple[int, dict[TopicPartition, int]]],
):
    story = Story()
    story.committed(2)
    story.coordinator(1, 0, "created")
    story.stable(1)
    story.assigned()
    story.polled(0, 1)
    story.committed_offset(2)
    story.coordinator(2, 1)
    story.tell("broker-2", facts.GroupsLoaded(OFFSETS, {"pay": (1, {ORDERS: 2})}))
    with violated("commit holds"):
        story.tell("broker-2", facts.GroupsLoaded(OFFSETS, loaded))


def replaced_coordinator() -> Story:
    """broker-1 kept the group in its second generation; broker-2 has taken over, and is in the third."""
    story = Story()
    story.committed(2)
    story.coordinator(1, 0, "created")
    story.stable(1)
    story.stable(2)
    story.assigned(generation=2)
    story.polled(0, 1)
    story.coordinator(2, 1)
    story.tell("broker-2", facts.GroupsLoaded(OFFSETS, {"pay": (2, {ORDERS: 1})}))
    story.stable(3, broker=2)
    return story


def test_a_replaced_coordinator_may_tell_late_of_a_commit_that_its_successor_has():
    story = replaced_coordinator()
    story.committed_offset(2, generation=3, broker=2)
    story.committed_offset(1, generation=2)
    with violated("commit holds"):
        story.tell("broker-2", facts.GroupsLoaded(OFFSETS, {"pay": (3, {ORDERS: 1})}))


def test_a_replaced_coordinator_still_refuses_its_own_old_generations():
    with violated("commit holds"):
        replaced_coordinator().committed_offset(1, generation=1)


def test_a_generation_has_two_owners_only_if_the_log_of_the_group_has_lost_it():
    story = replaced_coordinator()
    story.assigned("b", generation=3)
    fate = story.fates.table[OFFSETS]
    fate.lost_until = 1
    story.assigned("a", generation=3)
    fate.lost_until = 0
    with violated("one owner"):
        story.assigned("a", generation=3)


def test_a_commit_of_records_that_nobody_read_is_a_violation():
    story = Story()
    story.committed(3)
    story.assigned()
    story.polled(0)
    story.committed_offset(1)
    with violated("only what it has read"):
        story.committed_offset(3)


def test_a_jump_by_intention_may_leave_records_out():
    story = Story()
    story.committed(3)
    story.assigned()
    story.tell("a", facts.PositionReset("pay", "a", ORDERS, 2, "latest"))
    story.polled(2)
    story.committed_offset(3)


# --- elections ------------------------------------------------------------------------------------


def test_a_fenced_broker_that_is_elected_is_a_violation():
    story = Story()
    story.tell("controller-1", facts.BrokerFenced(2, "silent"))
    with violated("fenced broker"):
        story.changed(2, 1, (2, 3), "fenced")


def test_a_fenced_broker_that_joins_the_isr_is_a_violation():
    story = Story()
    story.changed(1, 0, (1, 2), "isr")
    story.tell("controller-1", facts.BrokerRegistered(3, 7))
    with violated("fenced broker"):
        story.changed(1, 0, (1, 2, 3), "isr")


def test_an_unfenced_broker_may_lead_and_join():
    story = Story()
    story.changed(1, 0, (1, 2), "isr")
    story.tell("controller-1", facts.BrokerRegistered(3, 7))
    story.tell("controller-1", facts.BrokerUnfenced(3))
    story.changed(1, 0, (1, 2, 3), "isr")
    story.changed(3, 1, (2, 3), "fenced")


def test_an_unclean_election_that_nobody_wanted_is_a_violation():
    story = Story()
    story.changed(1, 0, (1,), "isr")
    with violated("unclean election is wanted"):
        story.changed(2, 1, (2,), "unclean")


def test_an_election_that_adds_to_the_isr_is_a_violation():
    story = Story()
    story.changed(1, 0, (1,), "isr")
    with violated("unclean election is wanted"):
        story.changed(2, 1, (2,), "fenced")


# --- deletion -------------------------------------------------------------------------------------


def test_deleting_what_is_not_committed_is_a_violation():
    story = Story()
    story.committed(2)
    story.append(1, 2, leading=True)
    story.tell("broker-1", facts.LogStartMoved(ORDERS, 2, "retention.bytes"))
    with violated("above the high watermark"):
        story.tell("broker-1", facts.LogStartMoved(ORDERS, 3, "retention.bytes"))


# --- sequences ------------------------------------------------------------------------------------


def sequenced(base: int, sequence: int, producer_epoch: int = 0, leader_epoch: int = 0) -> facts.Appended:
    record = Record(0, 0, None, b"one")
    batch = RecordBatch.build([record], producer_id=5, producer_epoch=producer_epoch, base_sequence=sequence).placed(
        base, leader_epoch
    )
    return facts.Appended(ORDERS, batch, leader_epoch)


@pytest.mark.parametrize(("sequence", "producer_epoch"), [(0, 0), (2, 0), (1, 1)])
def test_a_batch_stored_twice_or_out_of_order_is_a_violation(sequence: int, producer_epoch: int):
    story = Story()
    story.tell("broker-1", sequenced(0, 0))
    with violated("once and in order"):
        story.tell("broker-1", sequenced(1, sequence, producer_epoch))


def test_what_the_new_leader_does_not_have_may_be_stored_again():
    story = Story()
    story.tell("broker-1", sequenced(0, 0))
    story.tell("broker-1", sequenced(1, 1))
    story.tell("broker-2", facts.Copied(ORDERS, sequenced(0, 0).batch, 0))
    story.elect(2, 1, (2, 3))
    story.tell("broker-2", sequenced(1, 1, leader_epoch=1))
    story.tell("broker-2", sequenced(2, 0, producer_epoch=1, leader_epoch=1))


# --- lineages -------------------------------------------------------------------------------------


def lineage(*parts: tuple[int, int, int]) -> Lineage:
    found = Lineage()
    for part in parts:
        found.extend(*part)
    return found


def test_two_lineages_share_what_the_same_epochs_wrote():
    one = lineage((0, 0, 10), (1, 10, 20))
    other = lineage((0, 0, 10), (2, 10, 15))
    assert one.shared(other) == 10
    assert one.shared(one.until(12)) == 12
    assert one.shared(Lineage()) == 0


@pytest.mark.parametrize(("offset", "epoch"), [(-1, -1), (0, 0), (9, 0), (10, 1), (19, 1), (20, -1)])
def test_a_lineage_knows_who_wrote_an_offset(offset: int, epoch: int):
    assert lineage((0, 0, 10), (1, 10, 20)).epoch_at(offset) == epoch


def test_a_cut_lineage_forgets_the_epochs_behind_the_cut():
    found = lineage((0, 0, 10), (1, 10, 20))
    found.cut(10)
    assert (found.epochs, found.end) == ([0], 10)
