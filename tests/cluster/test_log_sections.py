"""What the inspector says of a log beyond its offsets."""

from lab.cluster.probes import Inspect
from lab.cluster.probes.views import Section
from tests.kafka.log.test_cleaner_at_work import cleaned, compacting, counted, write
from tests.story import Story, orders


def sections(story: Story) -> dict[str, Section]:
    view = Inspect("partition", "orders-0")(story.world)
    assert view is not None
    return {one.title: one for one in view.sections}


def rows(section: Section) -> dict[str, str]:
    return {one.label: one.value for one in section.rows}


def test_an_ordinary_log_with_one_file_has_its_offsets_only():
    assert list(sections(Story(topics=orders()))) == ["Offsets"]


def test_files_are_told_with_their_index_and_whether_the_cleaner_has_been_there():
    story = compacting(index_interval_bytes=500)
    assert rows(sections(story)["Cleaner"]) == {"Clean up to": "nothing yet"}
    write(story, counted("aabbccddee"))
    before = rows(sections(story)["Files"])
    assert [value.split(" · ")[-1] for value in before.values()][-1] == "active"
    assert {value.split(" · ")[-1] for value in before.values()} == {"closed", "active"}
    cleaned(story)
    told = sections(story)
    assert rows(told["Cleaner"])["Clean up to"] != "nothing yet"
    assert "clean" in [value.split(" · ")[-1] for value in rows(told["Files"]).values()]
