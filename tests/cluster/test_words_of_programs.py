"""What scenarios may ask of real clients."""

from lab.cluster.actions.stand_ins import UseProgram
from lab.cluster.probes import Cluster, Inspect
from lab.cluster.words import WORDS
from tests.story import Story, orders

TEN = tuple(f"k{number}=v{number}" for number in range(10))


def ask(story: Story, word: str, *arguments: str) -> object:
    return WORDS[word](story.world, *arguments)


def test_records_count_once_they_are_acknowledged():
    story = Story(topics=orders(3))
    story.run(2)
    assert ask(story, "programs") == 0
    story.act(UseProgram("kcat", "orders", TEN))
    assert ask(story, "program_records", "orders") == 0
    story.run(1)
    assert ask(story, "program_records", "orders") == 10
    assert ask(story, "program_records", "orders", "kcat") == 10
    assert ask(story, "program_records", "orders", "somebody") == 0
    assert ask(story, "programs") == ask(story, "programs_connected") == 1


def test_what_is_read_is_counted_too():
    story = Story(topics=orders(3))
    story.run(2)
    story.act(UseProgram("kcat", "orders", TEN))
    story.run(1)
    story.act(UseProgram("reader", "orders"))
    story.run(1)
    assert ask(story, "program_read", "orders") == 10
    assert ask(story, "program_requests", "reader") == 6  # ApiVersions and Fetch, at three leaders


def test_a_program_is_in_the_matrix_and_in_the_inspector():
    story = Story(topics=orders(3))
    story.run(2)
    story.act(UseProgram("kcat", "orders", TEN))
    story.run(1)
    (program,) = Cluster()(story.world).programs
    assert (program.name, program.software, program.state) == ("kcat", "stand-in 1", "running")
    view = Inspect("program", "kcat")(story.world)
    last = next(part for part in view.sections if part.title == "Last requests")
    assert {row.label for row in last.rows} == {"ApiVersions v3", "Produce v9"}
    assert all(row.link is not None and row.value.endswith("ms") for row in last.rows)


def test_a_stand_in_is_refused_where_it_would_be_somebody_else():
    story = Story(topics=orders(3))
    story.run(2)
    assert UseProgram("broker-1", "orders").refusal(story.world) == "broker-1 is a broker"
    assert UseProgram("kcat", "nothing").refusal(story.world) == "there is no topic nothing"
