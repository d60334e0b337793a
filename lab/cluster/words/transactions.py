"""Words of transactions: what is open, what is stable, what a coordinator has decided."""

from lab.cluster.lookup.coordination import all_transactions, find_transaction, hanging
from lab.cluster.lookup.parts import ledger_of, replica_at
from lab.cluster.words.word import Value, word
from lab.kafka.coordinator.transaction.metadata import TransactionStatus
from lab.kafka.log.transaction_index import read_aborted
from lab.kafka.log.transactions import TransactionState
from lab.world.world import World


@word(1, 2)
def lso(world: World, partition: Value, broker: Value = "") -> Value:
    """The last stable offset, up to where read_committed reads, as the leader, or a broker, knows it."""
    return replica_at(world, partition, broker).log.last_stable_offset


@word(0, 1)
def open_transactions(world: World, partition: Value = "") -> Value:
    """How many transactions are open in a partition; without one, how many are ongoing at all."""
    if partition:
        producers = replica_at(world, partition).log.producers
        return len(producers.open) if isinstance(producers, TransactionState) else 0
    return sum(one.stored.status is TransactionStatus.ONGOING for _, one in all_transactions(world).values())


@word(1)
def hanging_transactions(world: World, partition: Value) -> Value:
    """How many transactions are open in a partition that no coordinator knows of, so that nothing will end them."""
    replica = replica_at(world, partition)
    return hanging(world, replica.partition, replica.log)


@word(1)
def aborted(world: World, partition: Value) -> Value:
    """How many aborted transactions the log of a partition holds."""
    log = replica_at(world, partition).log
    return sum(len(read_aborted(log.disk, segment.stem)) for segment in log.segments)


@word(1)
def transaction_state(world: World, transactional_id: Value) -> Value:
    """Kafka's name for the state of a transactional id: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit,
    CompleteAbort; "" if no coordinator knows it.
    """
    found = find_transaction(world, str(transactional_id))
    return found[1].stored.status.title if found is not None else ""


@word(1)
def transaction_epoch(world: World, transactional_id: Value) -> Value:
    """The epoch of a transactional id's producer as its coordinator has it; -1 if no coordinator knows it."""
    found = find_transaction(world, str(transactional_id))
    return found[1].producer_epoch if found is not None else -1


@word(1)
def transaction_coordinator(world: World, transactional_id: Value) -> Value:
    """The broker that coordinates a transactional id; "" if none does."""
    found = find_transaction(world, str(transactional_id))
    return found[0] if found is not None else ""


@word(1)
def hidden(world: World, group: Value) -> Value:
    """How many offsets a group has passed that its applications never see: markers, and aborted records where they read
    committed.
    """
    return sum(len(one) for one in ledger_of(world).group(str(group)).hidden.values())
