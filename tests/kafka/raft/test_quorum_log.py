"""How the log of a quorum is copied, committed, cut and shortened (spec 3.2, 3.3.3)."""

import pytest

from lab.cluster.watch import Watch
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import FetchSnapshotRequest, QuorumFetchRequest
from tests.kafka.raft.assembly import FOLDER, Assembly, Snapshot
from tests.kafka.raft.ordeal import ordeal


def test_what_a_leader_proposes_is_applied_by_all_in_one_order():
    quorum = Assembly()
    quorum.elected()
    for number in range(30):
        quorum.propose(b"%d" % number, b"and %d" % number)
        quorum.run(10)
    quorum.settled()
    expected = [value for number in range(30) for value in (b"%d" % number, b"and %d" % number)]
    assert [quorum.applied(one) for one in (1, 2, 3)] == [expected] * 3


def test_a_leader_collects_for_25_ms_and_writes_once():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.run(600)
    began = quorum.world.now
    quorum.propose(b"one")
    quorum.run(10)
    quorum.propose(b"two")
    quorum.run(60)
    written = [one.time - began for one in quorum.heard(facts.QuorumAppended, replica_id=leader, leading=True)][-2:]
    assert written == [25_000, 25_000]
    assert quorum.applied(leader) == [b"one", b"two"]


def test_a_record_is_committed_when_a_majority_has_it_the_leader_counted():
    quorum = Assembly()
    leader = quorum.elected()
    one, other = quorum.followers
    quorum.isolate(one)
    quorum.propose(b"with two")
    quorum.run(200)
    assert quorum.applied(leader) == [b"with two"]
    quorum.isolate(other)
    quorum.propose(b"alone")
    quorum.run(2_000)
    assert quorum.applied(leader) == [b"with two"]
    assert quorum.raft(leader).next_offset == quorum.raft(leader).high_watermark + 1


def test_a_follower_learns_the_high_watermark_with_its_next_answer():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.run(1_000)
    quorum.propose(b"one")
    quorum.until(lambda: quorum.applied(leader) == [b"one"])
    assert quorum.applied(quorum.followers[0]) == []
    quorum.until(lambda: quorum.applied(quorum.followers[0]) == [b"one"])


def isolated_leader(quorum: Assembly) -> int:
    """A leader that is cut off, with a record that only it has; the others have gone on."""
    old = quorum.elected()
    quorum.propose(b"shared")
    quorum.settled()
    quorum.isolate(old)
    quorum.propose(b"nobody will see this", by=old)
    others = [one for one in quorum.voters.ids if one != old]
    quorum.until(lambda: any(quorum.raft(one).leads for one in others))
    quorum.propose(b"the others' own", by=next(one for one in others if quorum.raft(one).leads))
    quorum.run(1_000)
    return old


def test_spec_03_06_what_an_isolated_leader_wrote_alone_is_cut_when_it_comes_back():
    quorum = Assembly()
    old = isolated_leader(quorum)
    assert quorum.raft(old).uncommitted() != ()
    quorum.isolate(old, whole=True)
    quorum.settled()
    quorum.until(lambda: len(quorum.applied(old)) == 2)
    assert quorum.applied(old) == [b"shared", b"the others' own"]
    (cut,) = quorum.told(facts.QuorumTruncated)
    assert (cut.replica_id, cut.log_end_offset - cut.offset) == (old, 1)


def test_spec_03_08_a_record_of_an_earlier_epoch_is_not_committed_by_counting_alone():
    quorum = Assembly()
    old = quorum.elected()
    one, other = quorum.followers
    quorum.run(1_000)
    quorum.isolate(other)
    quorum.propose(b"of epoch 1")
    quorum.until(lambda: any(batch.record_count for batch in quorum.raft(one).uncommitted()))
    quorum.crash(old)
    before = quorum.raft(one).high_watermark
    quorum.isolate(other, whole=True)
    quorum.until(lambda: quorum.leaders == [one])
    role = quorum.raft(one).role
    assert getattr(role, "epoch_start_offset", None) == 2, "its LeaderChange stands behind the record of epoch 1"
    fetch = QuorumFetchRequest(other, quorum.raft(one).epoch, 2, 1, 1_000, 0)
    quorum.world.crash(f"voter-{other}")
    quorum.world.witness = Watch([quorum.scribe])  # the hand speaks for a voter that has no such log
    quorum.ask(one, fetch)
    assert quorum.raft(one).high_watermark == before, "two of three have it, and it is not committed"
    quorum.ask(one, QuorumFetchRequest(other, quorum.raft(one).epoch, 3, quorum.raft(one).epoch, 1_000, 0))
    assert quorum.raft(one).high_watermark == 3, "with the LeaderChange it is"


def test_a_log_survives_a_power_loss_of_all_voters():
    quorum = Assembly()
    quorum.elected()
    quorum.propose(b"one")
    quorum.settled()
    quorum.world.power_off([f"voter-{one}" for one in (1, 2, 3)])
    quorum.boot(1, 2, 3)
    quorum.settled()
    assert [quorum.applied(one) for one in (1, 2, 3)] == [[b"one"]] * 3


# --- snapshots ------------------------------------------------------------------------------------


def test_a_snapshot_is_a_file_between_header_and_footer_and_a_restart_begins_with_it():
    quorum = Assembly()
    quorum.elected()
    quorum.propose(b"one", b"two")
    quorum.settled()
    quorum.run(1_000)
    quorum.order(1, Snapshot())
    quorum.run(10)
    disk = quorum.world.hosts["voter-1"].disk
    assert disk.exists(f"{FOLDER}/00000000000000000003-0000000001.checkpoint")
    quorum.crash(1)
    quorum.boot(1)
    assert quorum.raft(1).high_watermark == 3, "what a snapshot holds is committed"
    quorum.propose(b"three", by=quorum.elected())
    quorum.settled()
    quorum.until(lambda: quorum.applied(1) == [b"one", b"two", b"three"])


def shortened(quorum: Assembly, away: int) -> None:
    """With a voter away, the others take two snapshots and drop what the first one held."""
    quorum.crash(away)
    for number in range(3):
        quorum.propose(b"value %d" % number * 30)
        quorum.settled()
        quorum.run(1_000)
        for one in quorum.running:
            quorum.order(one, Snapshot())
        quorum.run(10)


def test_spec_03_18_a_voter_that_is_behind_the_log_start_fetches_a_snapshot_and_then_the_log():
    quorum = Assembly(metadata_max_retention_bytes=100, metadata_log_segment_bytes=300)
    quorum.elected()
    away = quorum.followers[0]
    shortened(quorum, away)
    leader = quorum.leader
    assert quorum.raft(leader).state.log.start_offset > 0
    assert len(quorum.raft(leader).state.log.snapshots) == 1
    quorum.propose(b"after it")
    quorum.boot(away)
    quorum.settled()
    assert len(quorum.applied(away)) == 4
    assert [one.replica_id for one in quorum.told(facts.QuorumSnapshotLoaded)] == [away]
    quorum.crash(leader)
    quorum.propose(b"and on", by=quorum.elected())
    quorum.settled()


def test_a_snapshot_is_sent_in_slices_cut_anywhere():
    quorum = Assembly(metadata_max_retention_bytes=100, metadata_log_segment_bytes=300)
    quorum.elected()
    shortened(quorum, quorum.followers[0])
    raft = quorum.raft(quorum.leader)
    snapshot_id = raft.state.log.snapshots[-1]
    found = b""
    while True:
        request = FetchSnapshotRequest(9, raft.epoch, snapshot_id, len(found), 100)
        answer = quorum.ask(quorum.leader, request)
        assert len(answer.unaligned_records) <= 100
        found += answer.unaligned_records
        if len(found) == answer.size:
            break
    assert raft.state.log.snapshot_bytes(snapshot_id, 0, 10_000) == (len(found), found)
    beyond = FetchSnapshotRequest(9, raft.epoch, snapshot_id, len(found), 100)
    assert quorum.ask(quorum.leader, beyond).error_code is ErrorCode.POSITION_OUT_OF_RANGE
    unknown = FetchSnapshotRequest(9, raft.epoch, (1, 1), 0, 100)
    assert quorum.ask(quorum.leader, unknown).error_code is ErrorCode.SNAPSHOT_NOT_FOUND


# --- anything -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [*range(8), 54, 104])
def test_whatever_happens_to_voters_they_agree_in_the_end(seed: int):
    quorum = ordeal(seed)
    assert all(quorum.applied(one) == quorum.applied(quorum.leader) for one in quorum.voters.ids)
    assert quorum.applied(1)[-1] == b"the end"
