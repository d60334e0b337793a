"""Voting: who gets a vote, and what becomes of a candidate (spec 3.3.2, KIP-996)."""

from lab.env import Env
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import NO_NODE, VoteRequest, VoteResponse
from lab.kafka.raft.quorum_state import DEADLINE, QuorumState
from lab.kafka.raft.roles import Candidate, Follower, Leader, Prospective, Resigned, Unattached


def vote_asked(state: QuorumState, env: Env, request: VoteRequest) -> VoteResponse:
    """The answer to somebody who stands, or asks whether it should."""
    if request.candidate_epoch < state.epoch:
        return VoteResponse(ErrorCode.FENCED_LEADER_EPOCH, state.leader_id, state.epoch)
    state.observe(env, request.candidate_epoch, NO_NODE)
    up_to_date = (request.last_offset_epoch, request.last_offset) >= state.log.end
    granted = may_grant(state, request.candidate_id, up_to_date, request.pre_vote)
    if granted and not request.pre_vote:
        state.grant(env, request.candidate_id)
    return VoteResponse(ErrorCode.NONE, state.leader_id, state.epoch, granted)


def may_grant(state: QuorumState, candidate_id: int, up_to_date: bool, pre_vote: bool) -> bool:
    """Whether a candidate of this epoch gets the vote. One vote an epoch, never to a shorter log, never against a
    leader; a vote that does not bind only where the leader, if there was one, has not been heard.
    """
    match state.role:
        case Leader():
            return False
        case Resigned():
            return pre_vote and up_to_date
        case Follower(heard=heard):
            return pre_vote and up_to_date and not heard
        case Candidate():
            return pre_vote and up_to_date
        case Unattached() | Prospective():
            if pre_vote:
                return up_to_date
            if state.election.voted_id >= 0:
                return state.election.voted_id == candidate_id
            return up_to_date and state.election.leader_id < 0


def vote_answered(state: QuorumState, env: Env, voter_id: int, response: VoteResponse) -> None:
    """One voter's answer, in the role and epoch that asked."""
    role = state.role
    if not isinstance(role, Prospective | Candidate):
        return
    role.votes[voter_id] = response.vote_granted
    granted = sum(role.votes.values())
    lost = len(role.votes) - granted >= state.voters.majority
    won = granted >= state.voters.majority
    if isinstance(role, Prospective):
        if won:
            state.become_candidate(env)
        elif lost:
            give_up(state, env)
    elif won:
        state.become_leader(env)
    elif lost and not role.backing_off:
        back_off(state, env, role)


def back_off(state: QuorumState, env: Env, role: Candidate) -> None:
    """A lost election: wait a little before the next, longer each time."""
    role.backing_off = True
    env.set_timer(DEADLINE, env.now + state.backoff(env))


def give_up(state: QuorumState, env: Env) -> None:
    """Nobody wants another leader now: follow the known one again, or wait."""
    if state.election.leader_id >= 0 and state.election.leader_id != state.replica_id:
        state.become_follower(env, state.epoch, state.election.leader_id)
    else:
        state.become_unattached(env, state.epoch, state.election.voted_id)


def ask_for_votes(state: QuorumState, env: Env, role: Prospective | Candidate) -> None:
    """Ask all who have not answered."""
    if isinstance(role, Candidate) and role.backing_off:
        return
    epoch, offset = state.log.end
    pre_vote = isinstance(role, Prospective)
    for voter_id in state.voters.others(state.replica_id):
        if voter_id not in role.votes:
            state.ask(env, voter_id, VoteRequest(state.epoch, state.replica_id, epoch, offset, pre_vote))
