"""What a healed cluster owes its share groups: everybody a member, every record acknowledged or archived."""

from lab.kafka.broker.broker import Broker
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.coordinator.share_group import ShareGroup
from lab.kafka.metadata.image import MetadataImage, PartitionState
from lab.world.world import World


def share_unrest(world: World, brokers: dict[int, Broker], image: MetadataImage) -> str:
    """The first thing that is still owed; empty when share groups have come to rest."""
    apps: dict[str, list[ShareConsumerApp]] = {}
    for host in world.hosts.values():
        if isinstance(host.node, ShareConsumerApp):
            apps.setdefault(host.node.group_id, []).append(host.node)
    for group_id, members in apps.items():
        if owed := _members(brokers, group_id, members) or _records(brokers, image, group_id, members):
            return f"{group_id}: {owed}"
    return ""


def _members(brokers: dict[int, Broker], group_id: str, apps: list[ShareConsumerApp]) -> str:
    wanted = sorted(app.membership.member_id for app in apps)
    found: list[ShareGroup] = [
        groups[group_id]
        for broker in brokers.values() if broker.sharing is not None
        for groups in broker.sharing.groups.shards.values() if group_id in groups
    ]  # fmt: skip
    members = [sorted(group.members) for group in found]
    return "" if wanted in members else f"its members are {members}, not {wanted}"


def _records(brokers: dict[int, Broker], image: MetadataImage, group_id: str, apps: list[ShareConsumerApp]) -> str:
    for topic in dict.fromkeys(topic for app in apps for topic in app.topics):
        for state in image.topics[topic].partitions.values():
            if owed := _partition(brokers[state.leader_id], state, group_id):
                return f"{state.partition}: {owed}"
    return ""


def _partition(leader: Broker, state: PartitionState, group_id: str) -> str:
    shared = leader.sharing.leader.partitions.get((group_id, state.partition)) if leader.sharing is not None else None
    if shared is None or not shared.ready:
        return "nobody fetches from its leader"
    runs, end = shared.in_flight, leader.partitions[state.partition].log.high_watermark
    if runs.start_offset < end:
        return f"the start offset is {runs.start_offset}, the end offset {runs.end_offset}, the high watermark {end}"
    return "a write is under way" if shared.saving is not None or shared.unsaved else ""
