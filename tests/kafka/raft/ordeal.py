"""Ordeal: crashes, power losses, freezes and cuts of voters at random, with every invariant of a quorum listening."""

from lab.world.dice import Stream
from tests.kafka.raft.assembly import Assembly, Snapshot


def ordeal(seed: int) -> Assembly:
    """Voters after a minute of everything, healed and settled."""
    dice = Stream(f"quorum/{seed}")
    quorum = Assembly((3, 3, 5)[seed % 3], seed, metadata_max_retention_bytes=2_000, metadata_log_segment_bytes=1_000)
    for number in range(120):
        quorum.run(1 + dice.below(700))
        one = 1 + dice.below(len(quorum.voters.ids))
        host = quorum.world.hosts[f"voter-{one}"]
        match dice.below(10):
            case 0 | 1:
                _toggle(quorum, one, host.state, dice)
            case 2:
                quorum.isolate(one)
            case 3 | 4:
                quorum.isolate(one, whole=True)
            case 5 if host.state == "running" and quorum.voter(one).offset:
                log = quorum.raft(one).state.log
                if quorum.voter(one).offset > max(log.start_offset, (log.latest_snapshot or (0, 0))[0]):
                    quorum.order(one, Snapshot())
            case _:
                for leader in quorum.leaders:
                    quorum.propose(b"%d" % number, by=leader)
    for one in quorum.voters.ids:
        quorum.isolate(one, whole=True)
        _mend(quorum, one)
    quorum.settled()
    quorum.propose(b"the end")
    quorum.settled()
    return quorum


def _toggle(quorum: Assembly, one: int, state: str, dice: Stream) -> None:
    if state != "running":
        _mend(quorum, one)
    elif dice.below(3) == 0:
        quorum.world.freeze(f"voter-{one}")
    elif dice.below(2):
        quorum.world.power_off([f"voter-{one}"])
    else:
        quorum.crash(one)


def _mend(quorum: Assembly, one: int) -> None:
    state = quorum.world.hosts[f"voter-{one}"].state
    if state == "frozen":
        quorum.world.thaw(f"voter-{one}")
    elif state != "running":
        quorum.boot(one)
