"""Draft: a consumer group while something is decided about it (spec 4.6).

All is decided on a copy of the group by replaying records into it. The copy becomes the group when the log has taken
the records; when it does not take them, nothing has happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lab.env import Micros, millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.group import GroupConfig
from lab.kafka.coordinator.assignors import SERVER_ASSIGNORS, offered
from lab.kafka.coordinator.consumer_group import ConsumerGroup, ConsumerMember, MemberState, Partitions
from lab.kafka.coordinator.consumer_records import (
    ConsumerRecord,
    GroupEpoch,
    MemberTarget,
    ResolvedPattern,
    SubscriptionMetadata,
    TargetEpoch,
    Value,
    record_of,
    tombstones,
)
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.reconciliation import reconciled
from lab.kafka.coordinator.topic_patterns import matching
from lab.kafka.metadata.image import TopicImage
from lab.kafka.protocol.messages.consumer_groups import JOIN_EPOCH
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class Draft:
    """A group while something is decided about it: records to log, facts to tell when they are logged.

    `topics`: all there are. `told`: the state that was told last. `classic`: the group of the classic protocol that
    takes its place, and `rebalances`: why that rebalances at once, empty if it does not.
    """

    group: ConsumerGroup
    config: BrokerConfig
    group_config: GroupConfig
    now: Micros
    topics: Mapping[str, TopicImage]
    told: str
    records: list[ConsumerRecord] = field(default_factory=list[ConsumerRecord])
    facts: list[object] = field(default_factory=list[object])
    classic: Group | None = None
    rebalances: str = ""

    def log(self, value: Value, member_id: str = "") -> None:
        """Decide one thing."""
        self._take(record_of(self.group.group_id, value, member_id))

    def _take(self, record: ConsumerRecord) -> None:
        self.records.append(record)
        self.group.replay(record)

    # --- members ----------------------------------------------------------------------------------

    def drop(self, member: ConsumerMember, reason: str) -> None:
        """Out of the log, and out of mind."""
        group = self.group
        for record in tombstones(group.group_id, member.member_id):
            self._take(record)
        self.facts.append(facts.MemberRemoved(group.group_id, member.member_id, member.client_id, reason))

    def bump(self, reason: str) -> None:
        """A new target is called for."""
        self.log(GroupEpoch(self.group.epoch + 1))
        self._tell_state(reason)

    def _tell_state(self, reason: str) -> None:
        group = self.group
        self.told = group.state
        members = tuple(one.client_id for one in group.members.values())
        self.facts.append(facts.ConsumerGroupChanged(group.group_id, self.told, group.epoch, members, reason))

    def conclude(self) -> None:
        """All is decided: tell where that has led the group."""
        if self.group.state != self.told and not self.rebalances:
            self._tell_state("")

    def hear(self, member: ConsumerMember) -> None:
        """It lives: its session begins anew. In the consumer protocol the coordinator says how long that is."""
        own = self.group_config.consumer_session_timeout_ms
        timeout_ms = own if member.classic is None else member.classic.session_timeout_ms
        self.group.sessions[member.member_id] = self.now + millis(timeout_ms)

    def describe(self, before: ConsumerMember, after: ConsumerMember) -> str:
        """What a member, who may be new, says of itself from now on. Why that calls for a new target; empty if not."""
        joins = before.member_id not in self.group.members
        if joins or after != before:
            self.log(after.metadata(), after.member_id)
        if joins:
            return f"{after.client_id} joins"
        wants_otherwise = (after.topics, after.regex, after.assignor) != (before.topics, before.regex, before.assignor)
        return f"{after.client_id} subscribes to other topics" if wants_otherwise else ""

    def replace_static(self, old: ConsumerMember, member_id: str) -> ConsumerMember:
        """The next process of a static member: another id, the same place. The group does not rebalance."""
        group = self.group
        target = group.target.get(old.member_id, ())
        self.drop(old, "is replaced")
        self.log(old.metadata(), member_id)
        self.log(MemberTarget(target), member_id)
        self.put(replace(old, member_id=member_id, epoch=JOIN_EPOCH, previous_epoch=JOIN_EPOCH))
        return group.members[member_id]

    def advance(self, member_id: str, changed: str, owned: Partitions | None) -> ConsumerMember:
        """What follows from what a member has said: a new epoch, if that or other topics call for one; a target for it;
        and the member's next step.
        """
        noted = self.note_topics()
        if changed or noted:
            self.bump(changed or noted)
        if self.group.epoch > self.group.assignment_epoch:
            self.assign()
        return self.reconcile(self.group.members[member_id], owned)

    def put(self, member: ConsumerMember) -> None:
        """A member's new assignment, or the one it is to be known by from now on."""
        group = self.group
        self.log(member.current(), member.member_id)
        self.facts.append(
            facts.MemberReconciled(
                group.group_id, group.epoch, member.member_id, member.client_id, member.epoch, member.assigned,
                member.pending_revocation,
            )
        )  # fmt: skip

    # --- the target -------------------------------------------------------------------------------

    def note_topics(self) -> str:
        """Which topics are read, and with how many partitions. Why that calls for a new target; empty if not."""
        self._resolve_patterns()
        group = self.group
        found = [self.topics[topic] for topic in sorted(group.subscribed_topics()) if topic in self.topics]
        counts = {topic.name: len(topic.partitions) for topic in found}
        ids = {topic.name: topic.topic_id for topic in found}
        if counts == group.partition_counts and ids == group.topic_ids:
            return ""
        self._forget_made_again(ids)
        self.log(SubscriptionMetadata(counts, ids))
        return "topics have changed"

    def _forget_made_again(self, ids: Mapping[str, TopicId]) -> None:
        """Another topic of a known name is nobody's yet: were the target left as it is, the log would go on to say that
        it is of the topic that was.
        """
        group = self.group
        again = [name for name, known in group.topic_ids.items() if ids.get(name, known) != known]
        for member_id, partitions in list(group.target.items()):
            kept = tuple(one for one in partitions if one.topic not in again)
            if kept != partitions:
                self.log(MemberTarget(kept), member_id)

    def _resolve_patterns(self) -> None:
        group = self.group
        for pattern in dict.fromkeys(one.regex for one in group.members.values() if one.regex):
            found = matching(pattern, self.topics)
            if group.resolved.get(pattern) != found:
                self.log(ResolvedPattern(found), pattern)

    def assign(self) -> None:
        """A target for the newest group epoch."""
        group = self.group
        assignor = SERVER_ASSIGNORS[group.protocol or offered(self.config)[0]]
        # A static member that is away keeps its place; so does its share.
        target = assignor(group.subscribers(), group.target, group.partition_counts)
        for member_id, partitions in target.items():
            if group.target.get(member_id) != partitions:
                self.log(MemberTarget(partitions), member_id)
        self.log(TargetEpoch(group.epoch))
        wanted = tuple(
            TopicPartition(topic, index) for topic, count in group.partition_counts.items() for index in range(count)
        )
        self.facts.append(
            facts.TargetAssigned(group.group_id, group.epoch, group.assignment_epoch, dict(group.target), wanted)
        )

    def reconcile(self, member: ConsumerMember, owned: Partitions | None) -> ConsumerMember:
        """One step of a member towards its target."""
        group = self.group
        target = group.target.get(member.member_id, ())
        held = group.held_by_others(member.member_id)
        found = reconciled(member, target, group.assignment_epoch, owned, held)
        if found is not member:
            self.put(found)
            # Members of the classic protocol have to join again in time, and are told so by Heartbeat.
            if found.state is MemberState.UNREVOKED_PARTITIONS and found.classic is None:
                group.revocations[found.member_id] = self.now + millis(found.rebalance_timeout_ms)
            else:
                group.revocations.pop(found.member_id, None)
        return found
