"""Fencing: what a broker does when its cluster goes on from its own past, and clients from the other future may return.

All by the means there are for zombies: members are removed and their generation is over, a transaction's producer gets
a raised epoch, producer ids are skipped. So a returning client is told what it would be told after a long sleep.
"""

from typing import TYPE_CHECKING

from lab.env import Env
from lab.kafka.broker import consumer_groups
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.turn import Turn
from lab.kafka.orders import FenceOff

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

REASON = "belongs to another future"


def fence_off(broker: "Broker", env: Env, order: FenceOff) -> None:
    """Take the order as far as it concerns this broker: what it coordinates, and its block of producer ids."""
    broker.producer_ids.skip(broker, env, order.producer_id)
    generations = dict(order.generations)
    for name, shard in list(broker.coordinators.shards.items()):
        turn = Turn(env.now, env.wall_time_ms)
        for group_id in [one for one in shard.groups if one in generations]:
            if isinstance(shard.groups[group_id], ConsumerGroup):
                consumer_groups.fence(broker, env, name, group_id, generations[group_id], order.client_ids, REASON)
            else:
                shard.fence(group_id, generations[group_id], order.client_ids, REASON, turn)
        broker.coordinators.carry_out(broker, env, name, turn)
    if broker.transaction_coordinators is not None and order.producer_epochs:
        broker.transaction_coordinators.fence(broker, env, dict(order.producer_epochs), REASON)
