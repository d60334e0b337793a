"""A cluster in the test's own process whose files are real."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.cluster.spec import TopicSpec
from lab.disks.data_folder import DataFolder
from lab.live.unrecorded import Unrecorded
from tests.live.served import AT_ONCE, Served

ORDERS = TopicSpec("orders", 3, 1)


@contextmanager
def kept(
    folder: Path, topics: tuple[TopicSpec, ...] = (), brokers: int | None = None, **settings: str
) -> Iterator[Served]:  # fmt: skip
    """The cluster of a folder, served until the block ends, and stopped in order then."""
    data = DataFolder(folder, brokers)
    config = (*AT_ONCE, *((name.replace("_", "."), value) for name, value in settings.items()))
    owner = Unrecorded(data.spec(config, topics), data)
    cluster = Served(owner)
    try:
        yield cluster
    finally:
        cluster.stop()
        owner.close()
        assert not owner.violation, owner.violation
