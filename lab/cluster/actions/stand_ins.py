"""Stand-ins: a program outside whose frames are made here, for lessons about real clients where there is no socket."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction
from lab.cluster.build import image_of, kind_of
from lab.env import NodeId
from lab.kafka.clients.program import Program, ProgramRecipe
from lab.kafka.orders import FrameArrived, ProgramConnected
from lab.kafka.protocol.acls import ANONYMOUS, Peer
from lab.kafka.protocol.apis import BY_REQUEST, SIZE_BYTES, write_request
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.murmur import partition_for
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

PRODUCE_VERSION, FETCH_VERSION = 9, 12


@dataclass(frozen=True, slots=True)
class UseProgram(ClusterAction):
    """Write with a program outside, or read with it: a stand-in for a real one, whose frames are made here. `records`
    (key=value) go to the topic, or where there are none, a Fetch reads the topic's partitions.
    """

    program: NodeId
    topic: str
    records: tuple[str, ...] = ()

    title: ClassVar[str] = "Use a program"

    def refusal(self, world: World) -> str:
        if self.topic not in image_of(world).topics:
            return f"there is no topic {self.topic}"
        host = world.hosts.get(self.program)
        return "" if host is None or isinstance(host.recipe, ProgramRecipe) else f"{self.program} is a {kind_of(host)}"

    def apply(self, world: World) -> None:
        for broker, partitions in _by_leader(world, self.topic).items():
            connection = _stand_in(world, self.program, broker)
            body = self._request(world, partitions)
            if body is not None:
                self._send(world, connection, 0, ApiVersionsRequest("stand-in", "1"), 3)
                self._send(world, connection, 1, body, PRODUCE_VERSION if self.records else FETCH_VERSION)

    def _request(self, world: World, partitions: list[TopicPartition]) -> object | None:
        """What goes to the leader of these; nothing where none of the records is for them."""
        if not self.records:
            asked = {one: FetchPartition(0, 1 << 20) for one in partitions}
            return FetchRequest(-1, 500, 1, 1 << 20, asked)
        count = len(image_of(world).topics[self.topic].partitions)
        now_ms = world.epoch_ms + world.now // 1_000
        batches: dict[TopicPartition, RecordBatch] = {}
        for one in partitions:
            mine = [text.partition("=") for text in self.records if _placed(text, count) == one.partition]
            if mine:
                records = [Record(0, now_ms, key.encode(), value.encode()) for key, _, value in mine]
                batches[one] = RecordBatch.build(records)
        return ProduceRequest(-1, 30_000, batches) if batches else None

    def _send(self, world: World, connection: int, place: int, body: object, version: int) -> None:
        api, _ = BY_REQUEST[type(body)]
        frame = write_request(api, version, 2 * world.event_number + place, self.program, body)
        world.signal(self.program, FrameArrived(connection, frame[SIZE_BYTES:]))

    def describe(self) -> str:
        return f"{self.program} writes {len(self.records)} records" if self.records else f"{self.program} reads"


def _placed(record: str, partitions: int) -> int:
    """By the hash of its key, as clients do it."""
    return partition_for(record.partition("=")[0].encode(), partitions)


def _by_leader(world: World, topic: str) -> dict[NodeId, list[TopicPartition]]:
    found: dict[NodeId, list[TopicPartition]] = {}
    for one in image_of(world).topics[topic].partitions.values():
        if one.leader_id >= 0:
            found.setdefault(f"broker-{one.leader_id}", []).append(one.partition)
    return found


def _stand_in(world: World, program: NodeId, broker: NodeId) -> int:
    """The stand-in's connection to a broker, opened if need be. Numbers below 0: no gateway gives those."""
    if program not in world.hosts:
        world.add_host(program, ProgramRecipe(program))
        world.boot(program)
        world.mark("built", program, f"{program}, a program outside, connects to {broker}")
    connection = -1 - int(broker.partition("-")[2])
    node = world.hosts[program].node
    if isinstance(node, Program) and connection not in node.connections:
        world.signal(program, ProgramConnected(connection, broker, (), Peer(ANONYMOUS, program)))
    return connection
