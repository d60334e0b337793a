"""Transactions: begun, written in, ended, fenced, looked at."""

from typing import Any

from tests.live.witness.batches import TRANSACTIONAL, batch, values
from tests.live.witness.script.groups import GROUP, TRANSACTION
from tests.live.witness.script.records import asked, sent
from tests.live.witness.script.topics import make
from tests.live.witness.talk import Talk


def ready(talk: Talk, name: str) -> None:
    talk.settled("find_coordinator", "", key=name, key_type=TRANSACTION, coordinator_keys=[name])
    talk.settled("describe_transactions", "", transactional_ids=[name])


def producers(talk: Talk) -> None:
    name = talk.name("ids")
    ready(talk, name)

    def begin(case: str, said: str | None = name, timeout: int = 60_000, producer: int = -1, epoch: int = -1) -> Any:
        return talk.ask("init_producer_id", case, transactional_id=said, transaction_timeout=timeout,
                        producer_id=producer, producer_epoch=epoch)  # fmt: skip

    begin("an empty transactional id", "")
    begin("a time-out too long", timeout=10_000_000)
    begin("a time-out of 0", timeout=0)
    first = begin("a new transactional id")
    again = begin("the same one again")
    if not talk.lowest:
        begin("with its own epoch", producer=again["producer_id"], epoch=again["producer_epoch"])
        begin("with an older epoch", producer=first["producer_id"], epoch=first["producer_epoch"])
        begin("with another producer id", producer=first["producer_id"] + 999, epoch=0)
        begin("an id without an epoch", producer=first["producer_id"])
        begin("an idempotent one with an id", None, producer=first["producer_id"], epoch=0)


def transactions(talk: Talk) -> None:
    name, topic, group = talk.name("transaction"), talk.name("written"), talk.name("group-of-transaction")
    known = make(talk, topic, 2)
    ready(talk, name)
    talk.settled("find_coordinator", "", key=group, key_type=GROUP, coordinator_keys=[group])
    told = talk.quietly("init_producer_id", transactional_id=name, transaction_timeout=60_000)
    producer, epoch = told["producer_id"], told["producer_epoch"]
    sequence = 0

    def add(
        case: str,
        *,
        named: str = name,
        number: int = producer,
        at: int | None = None,
        partition: int = 0,
        where: str = topic,
    ) -> None:
        said = {
            "transactional_id": named, "producer_id": number, "producer_epoch": epoch if at is None else at,
            "topics": [{"name": where, "partitions": [partition]}],
        }  # fmt: skip
        more = {f"v3_and_below_{key}": value for key, value in said.items()}
        talk.ask("add_partitions_to_txn", case, version=0 if talk.lowest else 3, **said, **more)

    def write(case: str, *, at: int | None = None, partition: int = 0, named: str | None = name) -> None:
        data = batch(
            values("x"),
            talk.now_ms,
            producer=(producer, epoch if at is None else at, sequence),
            attributes=TRANSACTIONAL,
        )
        talk.ask("produce", f"transactional: {case}", **sent(topic, data, partition, transactional_id=named))

    def end(case: str, *, commit: bool, named: str = name, number: int = producer, at: int | None = None) -> Any:
        return talk.ask("end_txn", case, version=0 if talk.lowest else 4, transactional_id=named, producer_id=number,
                        producer_epoch=epoch if at is None else at, committed=commit)  # fmt: skip

    end("nothing was begun", commit=True)
    add("an unknown transactional id", named=talk.name("no-transaction"))
    add("a wrong producer id", number=producer + 999)
    add("an epoch too high", at=epoch + 5)
    add("an epoch too low", at=epoch - 1)
    add("an unknown topic", where=talk.name("nobody"))
    add("an unknown partition", partition=7)
    add("an empty transactional id", named="")
    add("a partition")
    add("the same again")
    write("into a partition that was added")
    if talk.lowest:
        write("into one that was not", partition=1)
    write("an epoch too high", at=epoch + 5)
    write("with another transactional id", named=talk.name("no-transaction"))
    describe = "describe_transactions"
    talk.ask(describe, "under way", transactional_ids=[name])
    talk.ask(describe, "an unknown one", transactional_ids=[talk.name("no-transaction")])
    talk.ask(describe, "an empty name", transactional_ids=[""])
    talk.ask("list_transactions", "those under way", state_filters=["Ongoing"], producer_id_filters=[])
    talk.ask("list_transactions", "an unknown state", state_filters=["Sleeping"], producer_id_filters=[])
    talk.ask("list_transactions", "of a producer", state_filters=[], producer_id_filters=[producer])
    talk.ask("describe_producers", "in a transaction", topics=[{"name": topic, "partition_indexes": [0]}])
    talk.ask("fetch", "what is committed, while a transaction is open", **asked(topic, known, 0, isolation_level=1))
    talk.ask("fetch", "all, while a transaction is open", **asked(topic, known, 0))
    _offsets(talk, name, group, topic, producer, epoch)
    end("a wrong producer id", commit=True, number=producer + 999)
    end("an epoch too high", commit=True, at=epoch + 5)
    end("an unknown transactional id", commit=True, named=talk.name("no-transaction"))
    end("an empty transactional id", commit=True, named="")
    end("to commit", commit=True)
    talk.settled("describe_transactions", "", transactional_ids=[name])
    _until_complete(talk, name)
    end("to commit, again", commit=True)
    end("to abort what was committed", commit=False)
    talk.ask(describe, "committed", transactional_ids=[name])
    talk.ask("fetch", "what is committed, after the marker", **asked(topic, known, 0, isolation_level=1))
    sequence = 1
    add("a partition of the next transaction")
    write("in the next transaction")
    end("to abort", commit=False)
    _until_complete(talk, name)
    end("to abort, again", commit=False)
    end("to commit what was aborted", commit=True)
    talk.ask("fetch", "what is committed, after one was aborted", **asked(topic, known, 0, isolation_level=1))
    fenced = talk.quietly("init_producer_id", transactional_id=name, transaction_timeout=60_000)
    add("fenced")
    end("fenced", commit=True)
    talk.ask("list_transactions", "all", state_filters=[], producer_id_filters=[])
    epoch = fenced["producer_epoch"]
    add("by the next producer")


def _until_complete(talk: Talk, name: str) -> None:
    for _ in range(100):
        found = talk.quietly("describe_transactions", transactional_ids=[name])["transaction_states"][0]
        if found["transaction_state"].startswith("Complete"):
            return


def _offsets(talk: Talk, name: str, group: str, topic: str, producer: int, epoch: int) -> None:
    def commit(case: str, **more: Any) -> None:
        one = {"partition_index": 0, "committed_offset": 5, "committed_metadata": ""}
        said = {
            "transactional_id": name, "group_id": group, "producer_id": producer, "producer_epoch": epoch,
            "topics": [{"name": topic, "partitions": [one]}], **more,
        }  # fmt: skip
        talk.ask("txn_offset_commit", case, version=0 if talk.lowest else 4, **said)

    told = {"transactional_id": name, "producer_id": producer, "producer_epoch": epoch, "group_id": group}
    talk.ask(
        "add_offsets_to_txn", "an unknown transactional id", **{**told, "transactional_id": talk.name("no-transaction")}
    )
    talk.ask("add_offsets_to_txn", "a wrong producer id", **{**told, "producer_id": producer + 999})
    talk.ask("add_offsets_to_txn", "an epoch too high", **{**told, "producer_epoch": epoch + 5})
    talk.ask("add_offsets_to_txn", "a good one", **told)
    commit("a good one")
    commit("an epoch too high", producer_epoch=epoch + 5)
    commit("an empty name of a group", group_id="")
    commit("an unknown topic", topics=[{"name": talk.name("nobody"), "partitions": [
        {"partition_index": 0, "committed_offset": 5, "committed_metadata": ""}]}])  # fmt: skip
    if not talk.lowest:
        commit("an unknown member", member_id="nobody", generation_id=3)
        wanted = [{"group_id": group, "topics": [{"name": topic, "partition_indexes": [0]}]}]
        talk.ask("offset_fetch", "stable only, while a transaction is open", groups=wanted, require_stable=True)
        talk.ask("offset_fetch", "unstable too, while a transaction is open", groups=wanted)


PARTS = (producers, transactions)
