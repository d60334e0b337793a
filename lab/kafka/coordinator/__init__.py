"""Coordinators: state machines over internal topics. They decide; a broker appends, answers what is committed, replays.

A `GroupShard` keeps the groups of one partition of `__consumer_offsets`, and decides into a `Turn`. A classic `Group`
rebalances by generations; a `ConsumerGroup` (KIP-848) changes by heartbeats, each on a `Draft`, reconciled member by
member; `migration` takes a group with its members from the one to the other. `commits` and `transactional_offsets`
say which offsets hold. A `ShareGroup`, and the `ShareState` of what it consumes, are Kafka's queues (KIP-932).

`transaction/` is the coordinator over `__transaction_state`; `assignors/` are those that run on brokers. Records have
Kafka's layout (`offset_records`, `consumer_records`, `share_group_records`), in `plain` or in `flexible` encoding.
"""
