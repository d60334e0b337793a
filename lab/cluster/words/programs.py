"""Words of programs: what real clients have written and read; the brokers' logs and answers know."""

from lab.cluster.probes.programs import groups_of_programs, programs_in
from lab.cluster.words.word import Value, word
from lab.world.world import World


@word(0)
def programs(world: World) -> Value:
    """How many real clients there have been, by their client ids."""
    return len(programs_in(world))


@word(0)
def programs_connected(world: World) -> Value:
    """How many real clients have a connection now."""
    return sum(bool(one.connections) for one in programs_in(world).values())


@word(0, 2)
def program_records(world: World, topic: Value = "", program: Value = "") -> Value:
    """How many records real clients were told are stored, in all topics or one, by all of them or one."""
    return sum(
        count
        for name, one in programs_in(world).items()
        if not program or name == program
        for written, count in one.written.items()
        if not topic or written == topic
    )


@word(0, 2)
def program_read(world: World, topic: Value = "", program: Value = "") -> Value:
    """How many records real clients were sent, in all topics or one, to all of them or one; again counts again."""
    return sum(
        count
        for name, one in programs_in(world).items()
        if not program or name == program
        for read, count in one.read.items()
        if not topic or read == topic
    )


@word(0, 1)
def program_requests(world: World, program: Value = "") -> Value:
    """How many requests real clients have sent, all of them or one."""
    return sum(one.requests for name, one in programs_in(world).items() if not program or name == program)


@word(1)
def program_members(world: World, group: Value) -> Value:
    """How many real clients are members of a group."""
    return len(groups_of_programs(world).get(str(group), ()))
