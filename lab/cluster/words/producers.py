"""Words of what producers cost: ids in the brokers' memory, connections, requests, and how long a record takes."""

from lab.cluster.build import broker_hosts
from lab.cluster.ledger.latencies import latencies_of
from lab.cluster.lookup.parts import broker_at
from lab.cluster.refused import Refused
from lab.cluster.words.word import Value, word
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.heap import PRODUCER_BYTES, used_bytes
from lab.kafka.clients.producer.auditing_app import AuditingApp
from lab.world.world import World


def _running(world: World, node: Value) -> Broker:
    found = broker_at(world, str(node))
    if found is None:
        raise Refused(f"there is no running broker {node!r}")
    return found


def _auditing(world: World, name: Value) -> AuditingApp:
    host = world.hosts.get(str(name))
    if host is None or not isinstance(host.node, AuditingApp):
        raise Refused(f"there is no running application with an audit feature {name!r}")
    return host.node


@word(1)
def producer_ids(world: World, broker: Value) -> Value:
    """How many producer ids a broker remembers, in all its replicas; each replica counts what it knows."""
    return used_bytes(_running(world, broker).partitions) // PRODUCER_BYTES


@word(1)
def heap_percent(world: World, broker: Value) -> Value:
    """How many percent of what a broker's heap has for producer ids are taken (a model); 0 where that has no end."""
    heap = _running(world, broker).heap
    return heap.percent if heap is not None else 0


@word(0, 1)
def connections(world: World, broker: Value = "") -> Value:
    """How many connections to brokers are open, to all of them or one; those of other servers count, too."""
    found = [broker_at(world, name) for name in ((str(broker),) if broker else broker_hosts(world))]
    return sum(len(one.channels) for one in found if one is not None)


@word(0, 1)
def connections_made(world: World, broker: Value = "") -> Value:
    """How many connections brokers have accepted since they were started, all of them or one."""
    found = [broker_at(world, name) for name in ((str(broker),) if broker else broker_hosts(world))]
    return sum(one.connections_made for one in found if one is not None)


@word(1)
def audit_percent(world: World, producer: Value) -> Value:
    """How many percent of an application's requests its audit feature serves."""
    return _auditing(world, producer).plan.percent


@word(1)
def shares_producer(world: World, producer: Value) -> Value:
    """Whether the audit feature uses the one producer that its application has."""
    return _auditing(world, producer).plan.shared


@word(1)
def audited(world: World, producer: Value) -> Value:
    """How many requests the audit feature has served since its application was started."""
    return _auditing(world, producer).audited


@word(1)
def turned_away(world: World, producer: Value) -> Value:
    """How many requests an application with an audit feature has turned away since it was started: all its threads were
    waiting for records to be acknowledged.
    """
    return _auditing(world, producer).turned_away


@word(1)
def producers_made(world: World, producer: Value) -> Value:
    """How many producers an application with an audit feature has made since it was started."""
    return _auditing(world, producer).producers_made


@word(1)
def requests_sent(world: World, producer: Value) -> Value:
    """How many requests an application with an audit feature has sent to brokers since it was started."""
    return _auditing(world, producer).requests_sent


@word(1)
def latency_us(world: World, producer: Value) -> Value:
    """How many microseconds from send() to the acknowledgement, the mean of the last second; measured only where an
    application has an audit feature.
    """
    measured = latencies_of(world)
    found = measured.of(str(producer), world.now) if measured is not None else None
    if found is None:
        raise Refused(f"nothing was acknowledged to {producer!r} in the last second")
    return found
