"""Lies put into the quorum on purpose: each is found, by the claim that it breaks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lab.cluster.invariants.base import Violated
from lab.env import Env
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import QuorumFetchRequest, VoteRequest, VoteResponse
from lab.kafka.raft import following, leading, voting
from lab.kafka.raft.quorum_state import QuorumState
from lab.kafka.raft.raft_log import RaftLog
from lab.kafka.raft.roles import Candidate, Leader
from lab.world.world import WorldStopped
from tests.kafka.raft.ordeal import ordeal
from tests.mutants import Mutant, name_of

Patch = pytest.MonkeyPatch


def a_vote_is_granted_twice(patch: Patch) -> None:
    def may_grant(state: QuorumState, candidate_id: int, up_to_date: bool, pre_vote: bool) -> bool:
        return up_to_date and not isinstance(state.role, Leader)

    patch.setattr(voting, "may_grant", may_grant)


def a_shorter_log_gets_the_vote(patch: Patch) -> None:
    honest = voting.may_grant
    patch.setattr(voting, "may_grant", lambda state, one, up_to_date, pre: honest(state, one, True, pre))


def a_leader_commits_without_a_majority(patch: Patch) -> None:
    def advance(state: QuorumState, env: Env, role: Leader) -> None:
        state.commit(env, state.log.end_offset)

    patch.setattr(leading, "advance", advance)


def an_old_leader_votes_in_a_later_epoch_and_keeps_accepting(patch: Patch) -> None:
    def vote_asked(state: QuorumState, env: Env, request: VoteRequest) -> VoteResponse:
        if not isinstance(state.role, Leader) or request.candidate_epoch <= state.epoch or request.pre_vote:
            return honest(state, env, request)
        env.tell(facts.QuorumVoteGranted(state.replica_id, request.candidate_epoch, request.candidate_id))
        return VoteResponse(ErrorCode.NONE, -1, request.candidate_epoch, True)

    honest = voting.vote_asked
    patch.setattr(voting, "vote_asked", vote_asked)


def a_candidate_needs_no_majority(patch: Patch) -> None:
    def vote_answered(state: QuorumState, env: Env, voter_id: int, response: Any) -> None:
        if isinstance(state.role, Candidate):
            state.become_leader(env)
        else:
            honest(state, env, voter_id, response)

    honest = voting.vote_answered
    patch.setattr(voting, "vote_answered", vote_answered)


def a_follower_takes_its_log_end_for_the_high_watermark(patch: Patch) -> None:
    def fetched(state: QuorumState, env: Env, role: Any, response: Any) -> bool:
        again = honest(state, env, role, response)
        state.commit(env, state.log.end_offset)
        return again

    honest = following.fetched
    patch.setattr(following, "fetched", fetched)


def a_leader_does_not_look_where_the_logs_part(patch: Patch) -> None:
    patch.setattr(RaftLog, "parts_from", lambda self, fetch_offset, epoch: None)


def a_follower_acknowledges_what_it_has_not_written(patch: Patch) -> None:
    def fetched(state: QuorumState, env: Env, role: Leader, request: QuorumFetchRequest) -> None:
        honest(state, env, role, request)
        if request.replica_id in role.progress:
            role.progress[request.replica_id].end_offset = state.log.end_offset

    honest = leading._fetched
    patch.setattr(leading, "_fetched", fetched)


STAYS = "committed metadata is never lost or rewritten"
ONCE = "a voter votes once an epoch"

MUTANTS: tuple[tuple[Callable[[Patch], None], str], ...] = (
    (a_vote_is_granted_twice, ONCE),
    (a_shorter_log_gets_the_vote, STAYS),
    (a_leader_commits_without_a_majority, STAYS),
    (
        an_old_leader_votes_in_a_later_epoch_and_keeps_accepting,
        "a leader that knows of a later epoch appends and commits no more",
    ),
    (a_candidate_needs_no_majority, "a quorum has one leader an epoch"),
    (a_follower_takes_its_log_end_for_the_high_watermark, STAYS),
    (a_leader_does_not_look_where_the_logs_part, STAYS),
    (a_follower_acknowledges_what_it_has_not_written, STAYS),
)
SEEDS = range(40)


def found_by(seed: int) -> str:
    """The claim that an ordeal breaks; what else went wrong; empty if nothing did."""
    try:
        ordeal(seed)
    except WorldStopped as stopped:
        cause = stopped.__cause__
        return str(cause) if isinstance(cause, Violated) else f"{type(cause).__name__}: {cause}"
    except Exception as wrong:
        return f"{type(wrong).__name__}: {wrong}"
    return ""


HUNTED = tuple(
    Mutant(lie, claim, {f"seed {seed}": partial(found_by, seed) for seed in SEEDS}) for lie, claim in MUTANTS
)


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_of_the_quorum_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
