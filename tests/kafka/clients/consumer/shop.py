"""What stories about consumers have in common: records to read, and what a consumer did with them."""

from lab.kafka import facts
from lab.kafka.orders import PauseWork, ResumeWork
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, batch, settings

EARLIEST = settings(auto_offset_reset="earliest")


def write(story: Story, count: int, partition: TopicPartition = ORDERS, acks: int = -1) -> None:
    """Put records into a partition, as one batch, and wait until they are stored."""
    values = [str(number) for number in range(count)]
    leader = f"broker-{story.state(partition).leader_id}"
    answer = story.ask(leader, ProduceRequest(acks, 30_000, {partition: batch(*values)}))
    assert answer.responses[partition].error_code is ErrorCode.NONE


def stock(records: int, partitions: int = 1, **spec: object) -> Story:
    """A cluster whose topic has some records in each partition."""
    topics = spec.pop("topics", None)
    story = Story(topics=topics, **spec)
    for index in range(partitions):
        write(story, records, TopicPartition("orders", index))
    return story


def resets(story: Story, member: str) -> list[tuple[int, str]]:
    """Where a consumer's position went, and why."""
    return [(one.offset, one.reason) for one in story.told(facts.PositionReset) if one.member == member]


def events(story: Story, member: str) -> list[tuple[str, list[int]]]:
    """The calls of the rebalance listener of a consumer, with the partition numbers each was told."""
    found: list[tuple[str, list[int]]] = []
    for one in story.scribe.heard:
        match one.fact:
            case facts.PartitionsAssigned(member=name, added=added) if name == member:
                found.append(("assigned", [each.partition for each in added]))
            case facts.PartitionsRevoked(member=name, revoked=revoked, lost=lost) if name == member:
                found.append(("lost" if lost else "revoked", [each.partition for each in revoked]))
            case _:
                pass
    return found


def commits(story: Story, member: str) -> list[int]:
    """The offsets of partition 0 that a consumer heard were committed."""
    return [one.offsets[ORDERS] for one in story.told(facts.CommitAcknowledged) if one.member == member]


def refusals(story: Story, member: str) -> list[str]:
    """The errors a consumer's commits ended with."""
    return [one.error for one in story.told(facts.CommitFailed) if one.member == member]


def hang(story: Story, member: str) -> None:
    """The application stops calling poll()."""
    story.order(member, PauseWork())


def go_on(story: Story, member: str) -> None:
    story.order(member, ResumeWork())
