"""Nodes that are no Kafka: a scribe that writes down all it hears, and does what it is told."""

from dataclasses import dataclass

from lab.env import Env, Timer
from lab.world.world import World

Heard = tuple[int, str, object]


class Scribe:
    """Writes down (when, from whom, what), and answers a `("reply", body)` with the body."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.rolls: list[int] = []

    def start(self, env: Env) -> None:
        self.heard.append((env.now, env.name, "start"))

    def receive(self, env: Env, sender: str, body: object) -> None:
        self.heard.append((env.now, sender, body))
        match body:
            case ("reply", answer):
                env.send(sender, answer, 10)
            case ("send", str(target), *bodies):
                for one in bodies:
                    env.send(target, one, 10)
            case ("hang up", str(target)):
                env.hang_up(target)
            case ("send-sized", str(target), int(size)):
                env.send(target, size, size)
            case ("timer", timer, int(at)):
                env.set_timer(timer, at)
            case ("cancel", timer):
                env.cancel_timer(timer)
            case ("append", str(path), bytes(data)):
                env.disk.append(path, data)
            case ("flush", str(path)):
                env.disk.flush(path)
            case ("save and send", str(path), str(target), *bodies):
                env.disk.append(path, b"x")
                env.disk.flush(path)
                for one in bodies:
                    env.send(target, one, 10)
            case ("roll", int(bound)):
                self.rolls.append(env.dice.below(bound))
            case ("date",):
                self.heard.append((env.now, "clock", env.wall_time_ms))
            case ("stop",):
                env.stop()
            case _:
                pass

    def disconnected(self, env: Env, peer: str) -> None:
        self.heard.append((env.now, peer, "disconnected"))

    def wake(self, env: Env, timer: Timer) -> None:
        self.heard.append((env.now, "timer", timer))
        if timer == "tick":
            env.set_timer("tick", env.now + 1_000)
            env.send("ann" if env.name == "bob" else "bob", ("tick", env.dice.below(100)), 10)


@dataclass(frozen=True, slots=True)
class ScribeRecipe:
    def build(self) -> Scribe:
        return Scribe()


@dataclass(frozen=True, slots=True)
class Order:
    """An action on the world: an order to one node."""

    node: str
    body: object

    def apply(self, world: World) -> None:
        world.signal(self.node, self.body)

    def describe(self) -> str:
        return f"tell {self.node} {self.body}"


@dataclass(frozen=True, slots=True)
class Mark:
    """An action that is a key moment."""

    text: str

    def apply(self, world: World) -> None:
        world.mark("fault", "world", self.text)

    def describe(self) -> str:
        return self.text


def world_of(*names: str, capacity: int | None = None, seed: int = 7) -> World:
    """A running world of scribes."""
    world = World(seed)
    for name in names:
        world.add_host(name, ScribeRecipe(), disk_capacity=capacity)
        world.boot(name)
    return world


def ticking() -> World:
    """Two scribes that roll a die and tell each other, a thousand times a second."""
    world = world_of("ann", "bob")
    for at, name in enumerate(("ann", "bob")):
        world.signal(name, ("timer", "tick", 500 * at))
    world.run_until(0)
    return world


def scribe(world: World, name: str) -> Scribe:
    node = world.hosts[name].node
    assert isinstance(node, Scribe)
    return node


def heard(world: World, name: str) -> list[object]:
    """What a scribe has heard, but for its start and its orders."""
    return [body for _, source, body in scribe(world, name).heard if body != "start" and source != "operator"]


def heard_at(world: World, name: str, body: object) -> int:
    return next(time for time, _, one in scribe(world, name).heard if one == body)


def tell(world: World, name: str, *body: object) -> None:
    """An order, carried out at once."""
    world.signal(name, tuple(body))
    world.run_until(world.now)
