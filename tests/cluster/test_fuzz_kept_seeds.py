"""Seeds that once found something, and cost little: each stays, under the name of what it found."""

import pytest

from lab.cluster.fuzzing import administration, fuzz, swarm
from lab.cluster.fuzzing.swarm import left_alone, trouble

KEPT = {
    62: "two leaders answered one question, and both answers were handed out",
    114: "the same, at the first fault",
    118: "the same, with a record that had been finished",
    77: "a group whose log had lost a generation counted to it again, with another owner",
    79: "a coordinator that had been replaced told late of a commit that its successor had",
    31: "a partition was created while all brokers were fenced",
    236: "the same, on four brokers",
    51: "a disk that was mended went on with what it was at for minutes, as slowly as before",
    154: "what such a disk had kept from being sent was sent minutes later",
    120: "a batch behind the end of a clean had got its horizon, and was taken for another",
    5018: "a leader elected again had a longer log, and what it held was not known as the newest",
    5020: "a move was over before an unclean leader had said what it has",
}


QUORUM_KEPT = {
    3: "a tombstone gave way to a younger one, and was missed when that had gone too",
    319: "the ledger did not see that an unclean leader had a longer log",
    560: "the ledger did not see that records of an earlier leader had come back",
}


@pytest.mark.parametrize("seed", QUORUM_KEPT, ids=[f"{seed}: {what}" for seed, what in QUORUM_KEPT.items()])
def test_what_was_mended_under_a_quorum_stays_mended(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(swarm, "QUORUM_PERCENT", 100)
    found = fuzz.Run(trouble(seed)).failure()
    assert found is None, f"seed {seed}: {found}"


@pytest.mark.parametrize("seed", KEPT, ids=[f"{seed}: {what}" for seed, what in KEPT.items()])
def test_what_was_mended_stays_mended(seed: int):
    found = fuzz.Run(trouble(seed)).failure()
    assert found is None, f"seed {seed}: {found}"


LEFT_ALONE_KEPT = {
    7140: "markers on their way were taken for a slow cluster",
    59: "a batch larger than a segment was taken for one that failed",
    1045: "a producer whose transactions last longer than their time-out was taken for one that failed",
}


@pytest.mark.parametrize("seed", LEFT_ALONE_KEPT, ids=[f"{seed}: {what}" for seed, what in LEFT_ALONE_KEPT.items()])
def test_what_is_no_slowness_is_not_taken_for_it(seed: int):
    found = fuzz.Run(left_alone(swarm.with_libraries(seed))).failure()
    assert found is None, f"seed {seed}: {found}"


LIBRARIES_KEPT = {
    200: "a voter that began on a full disk stopped the world instead of itself",
    240: "a reader of what is committed began behind a transaction that hangs, and was taken for late",
    535: "a coordinator asked a leader that refused a marker again at once, without end",
    646: "what a producer committed after an abort was not looked at by a later clean",
    776: "a member of a share group that worked slowly all the while was taken for one that does not rest",
    820: "the same as 646, with the first record after the abort",
    825: "a tombstone of an aborted transaction was missed",
    1027: "a gap was cleaned away in its first part and hidden in its last, and taken for one that is neither",
    1171: "a group that cannot store its assignment was taken for one that does not pause",
    1249: "a processor wrote batches that no segment can hold, again and again, and did not rest",
    1698: "a copy of a log that was cleaned further was taken for one that had lost a record",
    1761: "what a replaced leader had behind the end of its clean was taken for what is committed",
    1891: "a log whose clean was finished at the next start was taken for one with a hole",
}


@pytest.mark.parametrize("seed", LIBRARIES_KEPT, ids=[f"{seed}: {what}" for seed, what in LIBRARIES_KEPT.items()])
def test_what_was_mended_with_every_library_stays_mended(seed: int):
    found = fuzz.Run(swarm.with_libraries(seed)).failure()
    assert found is None, f"seed {seed}: {found}"


PLANS_KEPT = {
    135: "a replica could not begin where its leader's log starts, in the middle of a batch",
    153: "a log that recovery found corrupt below its start and began anew was taken for one that had lost records",
    444: "who cut a log back cut it at a corrupt batch far before, and kept a hole",
    572: "what a dead process had was missed at the next one, when its group changed the protocol",
}


@pytest.mark.parametrize("seed", PLANS_KEPT, ids=[f"{seed}: {what}" for seed, what in PLANS_KEPT.items()])
def test_what_was_mended_since_groups_change_their_protocol_stays_mended(seed: int):
    found = fuzz.Run(swarm.plan(seed)).failure()
    assert found is None, f"seed {seed}: {found}"


ADMINISTRATORS_KEPT = {
    200021: "a request behind an answer was taken up by a coordinator whose log had just gone",
    400205: "a tombstone got its horizon in a segment that reaches beyond the end of the clean, and was missed",
    400245: "what a member had of a topic that was deleted was missed when its group changed the protocol",
    200154: "what a replaced leader had of a transaction counted as aborted by its successor's marker",
}


@pytest.mark.parametrize(
    "seed", ADMINISTRATORS_KEPT, ids=[f"{one}: {what}" for one, what in ADMINISTRATORS_KEPT.items()]
)
def test_what_was_mended_under_an_administrator_stays_mended(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(administration, "CHANCE_PERCENT", 100)
    found = fuzz.Run(swarm.plan(seed)).failure()
    assert found is None, f"seed {seed}: {found}"
