"""How voters elect a leader, and how one gives leadership up (spec 3.3.1, 3.3.2)."""

import json

import pytest

from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import (
    BeginQuorumEpochRequest,
    EndQuorumEpochRequest,
    QuorumFetchRequest,
    VoteRequest,
)
from tests.kafka.raft.assembly import FOLDER, Assembly, Resign


@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spec_03_01_a_quorum_elects_one_leader_within_two_and_a_half_seconds(count: int, seed: int):
    quorum = Assembly(count, seed)
    leader = quorum.elected()
    assert quorum.world.now <= 2_500_000
    assert quorum.raft(leader).epoch >= 1
    quorum.run(1_000)
    assert quorum.leaders == [leader]


def test_spec_03_01_an_epoch_begins_in_the_log_with_a_leader_change():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.run(1_000)
    (first,) = quorum.raft(leader).committed(0)
    assert first.is_control
    assert (first.base_offset, first.leader_epoch) == (0, quorum.raft(leader).epoch)
    assert first.records()[0].key == b"\x00\x00\x00\x02"


def test_a_voter_that_is_alone_elects_itself_at_once():
    quorum = Assembly(1)
    assert quorum.world.now == 0
    assert quorum.leaders == [1]
    assert quorum.raft(1).high_watermark == 1


def test_spec_03_02_a_leader_without_a_majority_of_fetches_resigns_by_itself_after_three_seconds():
    quorum = Assembly()
    leader = quorum.elected()
    for other in quorum.followers:
        quorum.world.freeze(f"voter-{other}")
    took = quorum.until(lambda: quorum.raft(leader).role.name == "resigned")
    assert 2_400 <= took <= 3_010
    quorum.run(10_000)
    assert quorum.leaders == []
    assert quorum.raft(leader).epoch == 1, "it asks for votes that bind nobody, and no epoch is used up"


def test_spec_03_02_the_others_elect_two_seconds_after_their_last_fetch():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.world.freeze(f"voter-{leader}")
    others = [one for one in quorum.voters.ids if one != leader]
    took = quorum.until(lambda: any(quorum.raft(one).leads for one in others))
    assert 1_400 <= took <= 4_000
    quorum.world.thaw(f"voter-{leader}")
    quorum.run(1_000)
    assert quorum.leader in others
    assert quorum.raft(leader).leader_id == quorum.leader


def test_a_leader_with_one_of_two_others_stays():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.crash(quorum.followers[0])
    quorum.run(20_000)
    assert quorum.leaders == [leader]
    assert quorum.raft(leader).epoch == 1


def ready(quorum: Assembly) -> tuple[int, int, int]:
    """A leader and two followers with one value committed; the leader dies and nobody has noticed."""
    quorum.elected()
    quorum.propose(b"one")
    quorum.settled()
    leader, (one, other) = quorum.leader, quorum.followers
    quorum.crash(leader)
    return leader, one, other


def test_spec_03_04_a_candidate_with_a_shorter_log_is_refused_and_with_an_equal_one_granted():
    quorum = Assembly()
    leader, one, other = ready(quorum)
    epoch, end = quorum.raft(one).state.log.end
    for last_epoch, last_offset in ((epoch, end - 1), (epoch - 1, end + 9)):
        answer = quorum.ask(one, VoteRequest(epoch + 1, leader, last_epoch, last_offset))
        assert (answer.error_code, answer.vote_granted) == (ErrorCode.NONE, False)
    assert quorum.ask(one, VoteRequest(epoch + 1, leader, epoch, end)).vote_granted
    assert quorum.ask(other, VoteRequest(epoch + 1, leader, epoch + 1, 0)).vote_granted, "epochs count first"


def test_spec_03_05_a_vote_survives_a_restart():
    quorum = Assembly()
    leader, one, other = ready(quorum)
    quorum.crash(other)
    epoch, end = quorum.raft(one).state.log.end
    assert quorum.ask(one, VoteRequest(5, leader, epoch, end)).vote_granted
    disk = quorum.world.hosts[f"voter-{one}"].disk
    quorum.world.power_off([f"voter-{one}"])
    assert json.loads(disk.read(f"{FOLDER}/quorum-state", 0, 200)) == {
        "leaderId": -1, "leaderEpoch": 5, "votedId": leader, "data_version": 0,
    }  # fmt: skip
    quorum.boot(one)
    quorum.run(1)
    assert not quorum.ask(one, VoteRequest(5, other, epoch, end + 9)).vote_granted
    assert quorum.ask(one, VoteRequest(5, leader, epoch, end)).vote_granted, "the same again is no second vote"


def test_spec_03_07_a_leader_that_stops_in_an_orderly_way_is_followed_at_once_by_who_is_furthest():
    quorum = Assembly()
    leader = quorum.elected()
    behind, ahead = quorum.followers
    quorum.isolate(behind)
    quorum.propose(b"one")
    quorum.run(200)
    quorum.isolate(behind, whole=True)
    quorum.order(leader, Resign())
    took = quorum.until(lambda: any(quorum.raft(one).leads for one in (behind, ahead)))
    assert took < 100
    assert quorum.raft(ahead).leads


def test_spec_03_07_successors_further_down_wait_longer():
    quorum = Assembly(5)
    state = quorum.raft(1).state
    assert [state.succession(position, 4) for position in range(4)] == [0, 125_000, 250_000, 500_000]


def test_a_prevote_binds_nobody_and_disturbs_no_leader():
    quorum = Assembly()
    leader = quorum.elected()
    follower = quorum.followers[0]
    epoch, end = quorum.raft(follower).state.log.end
    quorum.run(1_000)
    answer = quorum.ask(follower, VoteRequest(1, quorum.followers[1], epoch, end + 9, pre_vote=True))
    assert not answer.vote_granted, "it has heard from a leader of this epoch"
    assert answer.leader_id == leader
    quorum.isolate(follower)
    quorum.run(30_000)
    assert quorum.raft(follower).epoch == 1, "however long it was alone"
    quorum.isolate(follower, whole=True)
    quorum.run(5_000)
    assert quorum.leaders == [leader]
    assert quorum.raft(leader).epoch == 1


def test_a_candidate_that_loses_waits_longer_each_time_up_to_a_second():
    quorum = Assembly()
    quorum.elected()
    state = quorum.raft(quorum.leader).state
    env = quorum.world._envs["voter-1"]
    for retries, most in ((1, 100), (3, 700), (9, 1_000)):
        state.retries = retries
        waits = [state.backoff(env) // 1_000 for _ in range(200)]
        assert max(waits) == most
        assert min(waits) < most


def test_requests_of_an_older_epoch_are_fenced():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.crash(leader)
    quorum.elected()
    one = quorum.followers[0]
    fenced = ErrorCode.FENCED_LEADER_EPOCH
    for request in (
        VoteRequest(1, leader, 9, 99), BeginQuorumEpochRequest(leader, 1),
        EndQuorumEpochRequest(leader, 1, (one,)), QuorumFetchRequest(leader, 1, 0, 0, 100, 0),
    ):  # fmt: skip
        answer = quorum.ask(one, request)
        assert answer.error_code is fenced, request
        assert (answer.leader_id, answer.leader_epoch) == (quorum.leader, quorum.raft(one).epoch)
    ahead = quorum.ask(quorum.leader, QuorumFetchRequest(leader, 99, 0, 0, 100, 0))
    assert ahead.error_code is ErrorCode.UNKNOWN_LEADER_EPOCH
    follower = quorum.ask(one, QuorumFetchRequest(leader, quorum.raft(one).epoch, 0, 0, 100, 0))
    assert follower.error_code is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_leader_that_restarts_gives_its_epoch_up_and_somebody_leads_the_next():
    quorum = Assembly()
    leader = quorum.elected()
    quorum.crash(leader)
    quorum.boot(leader)
    assert quorum.raft(leader).role.name == "resigned"
    took = quorum.until(lambda: bool(quorum.leaders))
    assert took < 1_000, "the others are told, and need not wait for their fetch time-outs"
    quorum.elected()
    assert quorum.raft(quorum.leader).epoch == 2


def test_five_voters_go_on_with_two_of_them_dead_and_not_with_three():
    quorum = Assembly(5)
    quorum.elected()
    quorum.crash(*quorum.followers[:2])
    quorum.propose(b"one")
    quorum.settled()
    quorum.crash(quorum.leader)
    quorum.run(20_000)
    assert quorum.leaders == []
    assert [one.epoch for one in quorum.told(facts.QuorumVoteGranted) if one.epoch > 1] == []
    quorum.boot(next(one for one in quorum.voters.ids if one not in quorum.running))
    quorum.elected()
