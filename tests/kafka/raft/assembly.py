"""A quorum without controllers: voters that keep a list of what was committed, in a world of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from lab.cluster.invariants.quorum import ALL as QUORUM_INVARIANTS
from lab.cluster.watch import Watch
from lab.env import Address, Env, Timer, millis, seconds
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.raft.replica import RaftReplica
from lab.kafka.raft.voters import Voters
from lab.kafka.rpc.envelope import Request, Response
from lab.world.world import World
from tests.story import HAND, Ask, Hand, HandRecipe, Heard, Scribe, settings

PARTITION = TopicPartition("log", 0)
FOLDER = "logs/log-0"
F = TypeVar("F")


@dataclass
class Propose:
    """An order: propose these values."""

    values: tuple[bytes, ...]


@dataclass
class Snapshot:
    """An order: write down what is applied."""


@dataclass
class Resign:
    """An order: an orderly end."""


class Voter:
    """The process above a replica: it applies values, which mean nothing."""

    def __init__(self, replica_id: int, voters: Voters, config: BrokerConfig) -> None:
        self.replica_id = replica_id
        self.voters = voters
        self.config = config
        self.raft: RaftReplica
        self.offset = 0
        self.applied: list[bytes] = []

    def start(self, env: Env) -> None:
        self.raft = RaftReplica(env, self.replica_id, self.voters, PARTITION, self.config)
        self.raft.start(env)
        self._apply()

    def receive(self, env: Env, sender: Address, body: object) -> None:
        match body:
            case Propose():
                if self.raft.leads:
                    self.raft.propose(env, body.values)
            case Snapshot():
                self.raft.take_snapshot(env, self.applied, self.offset)
            case Resign():
                if not self.raft.resign(env):
                    env.stop()
            case Request() | Response():
                self.raft.receive(env, sender, body)
            case _:
                raise AssertionError(body)
        self._apply()

    def disconnected(self, env: Env, peer: Address) -> None:
        self.raft.disconnected(env, peer)

    def wake(self, env: Env, timer: Timer) -> None:
        self.raft.wake(env, timer)
        self._apply()

    def _apply(self) -> None:
        snapshot_id = self.raft.snapshot_needed(self.offset)
        if snapshot_id is not None:
            self.applied = self.raft.snapshot_values(snapshot_id)
            self.offset = snapshot_id[0]
        for batch in self.raft.committed(self.offset):
            self.offset = batch.next_offset
            if not batch.is_control:
                self.applied += [record.value for record in batch.records() if record.value is not None]


@dataclass(frozen=True)
class VoterRecipe:
    """How to make one."""

    replica_id: int
    voters: Voters
    config: tuple[tuple[str, str], ...]

    def build(self) -> Voter:
        return Voter(self.replica_id, self.voters, BrokerConfig(self.config))


class Assembly:
    """Voters 1, 2, 3 … on hosts `voter-1`, `voter-2` …; every invariant of a quorum listens."""

    def __init__(self, count: int = 3, seed: int = 1, **config: object) -> None:
        self.world = World(seed)
        self.scribe = Scribe()
        self.world.witness = Watch([*(kind(count) for kind in QUORUM_INVARIANTS), self.scribe])
        self.voters = Voters(tuple((one, f"voter-{one}") for one in range(1, count + 1)))
        for one in self.voters.ids:
            self.world.add_host(f"voter-{one}", VoterRecipe(one, self.voters, settings(**config)))
            self.world.boot(f"voter-{one}")
        self.world.add_host(HAND, HandRecipe())
        self.world.boot(HAND)
        self.asked = 0

    # --- time and deeds ---------------------------------------------------------------------------

    def run(self, duration_ms: int) -> None:
        self.world.run_until(self.world.now + millis(duration_ms))

    def until(self, happened: Any, limit_s: int = 30) -> int:
        """Run until `happened()`. Returns how many milliseconds that took."""
        begun = self.world.now
        while not happened():
            assert self.world.now - begun < seconds(limit_s), f"it did not happen within {limit_s} s"
            self.run(1)
        return (self.world.now - begun) // 1_000

    def crash(self, *ids: int) -> None:
        for one in ids:
            self.world.crash(f"voter-{one}")

    def boot(self, *ids: int) -> None:
        for one in ids:
            self.world.boot(f"voter-{one}")

    def isolate(self, one: int, *, whole: bool = False) -> None:
        """Cut a voter off, or heal it (`whole`)."""
        network = self.world.network
        for other in self.voters.others(one):
            for source, target in ((one, other), (other, one)):
                (network.heal if whole else network.cut)(f"voter-{source}", f"voter-{target}")

    def order(self, one: int, body: object) -> None:
        self.world.signal(f"voter-{one}", body)
        self.world.run_until(self.world.now)

    def propose(self, *values: bytes, by: int = 0) -> None:
        self.order(by or self.leader, Propose(values))

    def send(self, one: int, body: object) -> int:
        self.asked += 1
        self.world.signal(HAND, Ask(self.asked, f"voter-{one}#hand-{self.asked}", body))
        return self.asked

    def ask(self, one: int, body: object) -> Any:
        """Send a request to a voter and wait for its answer."""
        number = self.send(one, body)
        hand = self.world.hosts[HAND].node
        assert isinstance(hand, Hand)
        self.until(lambda: number in hand.answers)
        return hand.answers[number][1]

    # --- what is there ----------------------------------------------------------------------------

    def voter(self, one: int) -> Voter:
        node = self.world.hosts[f"voter-{one}"].node
        assert isinstance(node, Voter), f"voter-{one} does not run"
        return node

    def raft(self, one: int) -> RaftReplica:
        return self.voter(one).raft

    @property
    def running(self) -> list[int]:
        return [one for one in self.voters.ids if self.world.hosts[f"voter-{one}"].state == "running"]

    @property
    def leaders(self) -> list[int]:
        """Who believes to lead."""
        return [one for one in self.running if self.raft(one).leads]

    @property
    def leader(self) -> int:
        (found,) = self.leaders
        return found

    @property
    def followers(self) -> list[int]:
        return [one for one in self.running if one != self.leader]

    def elected(self) -> int:
        """Run until there is one leader that all running voters follow."""
        self.until(lambda: len(self.leaders) == 1)
        self.until(lambda: all(self.raft(one).leader_id == self.leader for one in self.running))
        return self.leader

    def applied(self, one: int) -> list[bytes]:
        return self.voter(one).applied

    def settled(self) -> None:
        """Run until all running voters have applied all that the leader has."""

        def even() -> bool:
            (leader,) = self.leaders or (0,)
            return leader > 0 and all(self.voter(one).offset == self.raft(leader).next_offset for one in self.running)

        self.until(lambda: len(self.leaders) == 1 and even())

    def told(self, kind: type[F]) -> list[F]:
        return [one.fact for one in self.scribe.heard if isinstance(one.fact, kind)]

    def heard(self, kind: type, **fields: object) -> Iterator[Heard]:
        for one in self.scribe.heard:
            if isinstance(one.fact, kind) and all(getattr(one.fact, name) == value for name, value in fields.items()):
                yield one

    def became(self, role: str) -> list[tuple[int, int]]:
        """(voter, epoch) of all who took on a role, in order."""
        return [(one.replica_id, one.epoch) for one in self.told(facts.QuorumRoleChanged) if one.role == role]
