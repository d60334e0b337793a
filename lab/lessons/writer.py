"""write_scenario: the cluster as it stands becomes a scenario file, which opens again.

What is kept is what was built: brokers, topics with their settings, clients with their rates and work, and
whether they run. Records, offsets and faults are the run's and stay with the session file, and so does what its
scenario did by itself; the controller places replicas anew. The step's text is for the author to go on with.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from lab.cluster.actions import ClusterAction
from lab.cluster.build import RACK, broker_hosts, image_of, racks_of
from lab.cluster.refused import Refused, wanted
from lab.cluster.session.script import Script
from lab.cluster.session.session import Session
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import (
    AuditSpec,
    ClusterSpec,
    ConsumerSpec,
    ProcessorSpec,
    ProducerSpec,
    TopicSpec,
    TransactionSpec,
)
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.producer.auditing_app import AuditingApp, AuditPlan
from lab.kafka.clients.producer.transactional_app import TransactionPlan
from lab.kafka.clients.recipes import ConsumerRecipe, ProcessorRecipe, ProducerRecipe, ShareConsumerRecipe
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.metadata.image import TopicImage
from lab.lessons.format import LINE_MAX
from lab.world.host import Host
from lab.world.world import World

STEP = """
# {title}

## Build
Tell here what this cluster is for. A step may ask for a prediction, give tasks and check what happens, in a
block of its own.
"""


def write_scenario(session: Session, path: Path) -> None:
    """Save what stands now as a scenario file. Raises Refused where it cannot be saved so."""
    wanted(path.suffix == ".md", "wanted a file name that ends in .md", path.name)
    title = " ".join(session.title.split()).lstrip("# ") or "Sandbox"
    write_file(path, _head(title, spec_of(session)), STEP.replace("{title}", title))


def write_file(path: Path, head: list[str], body: str) -> None:
    """A scenario file of this head and body. Raises Refused where it could not be read again, or not be written."""
    longest = max(head, key=len)
    wanted(len(longest) <= LINE_MAX, f"wanted lines of at most {LINE_MAX:,} characters", f"{longest[:60]}…")
    try:
        path.write_text("\n".join(["+++", *head, "+++"]) + body, encoding="utf-8")
    except OSError as wrong:
        raise Refused(f"cannot write {path}: {wrong.strerror}") from None


# --- what stands ----------------------------------------------------------------------------------


def spec_of(session: Session) -> ClusterSpec:
    """The spec whose cluster has the same machines, topics and clients as the session's has now."""
    world = session.world
    brokers = broker_hosts(world)
    first = world.hosts[brokers[0]] if brokers else None
    configs = first.recipe.configs if first and isinstance(first.recipe, BrokerRecipe) else ()
    hosts = list(world.hosts.items())
    return ClusterSpec(
        seed=session.spec.seed,
        brokers=len(brokers),
        topics=_topics(world),
        producers=tuple(
            _producer(host, host.recipe, session.spec) for _, host in hosts if isinstance(host.recipe, ProducerRecipe)
        ),
        consumers=tuple(
            _consumer(host, host.recipe)
            for _, host in hosts
            if isinstance(host.recipe, ConsumerRecipe) and not isinstance(host.recipe, ProcessorRecipe)
        ),
        processors=tuple(
            _processor(host, host.recipe) for _, host in hosts if isinstance(host.recipe, ProcessorRecipe)
        ),
        share_consumers=tuple(
            _share_consumer(host, host.recipe) for _, host in hosts if isinstance(host.recipe, ShareConsumerRecipe)
        ),
        broker_config=tuple(one for one in configs if one[0] != RACK),
        disk_capacity_bytes=first.disk.capacity if first is not None else None,
        link_extra_us=world.network.extra_us,
        racks=racks_of(world),
        controllers=session.spec.controllers,
        combined=session.spec.combined,
        service_levels=session.spec.service_levels,
        heap_bytes=session.spec.heap_bytes,
    ).checked()


def _topics(world: World) -> tuple[TopicSpec, ...]:
    topics = [one for name, one in image_of(world).topics.items() if not name.startswith("__")]
    return tuple(TopicSpec(one.name, len(one.partitions), _replicas(one), tuple(one.config.items())) for one in topics)


def _replicas(topic: TopicImage) -> int:
    return len(topic.partitions[0].replicas)


def _producer(host: Host, recipe: ProducerRecipe, spec: ClusterSpec) -> ProducerSpec:
    node = host.node
    known = next((one for one in spec.producers if one.name == recipe.name), None)
    data = known.data if known is not None else None
    wanted(
        recipe.rows is None or data is not None, f"{recipe.name} sends a data file: wanted one the scenario names",
        "one that was chosen by hand",
    )  # fmt: skip
    return ProducerSpec(
        name=recipe.name,
        topic=recipe.topic,
        rate=0 if data is not None else node.rate if isinstance(node, ProducerApp) else recipe.rate,
        keys=recipe.keys.text,
        value_bytes=recipe.value_bytes,
        count=recipe.count,
        load=recipe.load,
        config=recipe.configs,
        started=node is not None,
        data=data,
        flavour=recipe.flavour,
        transaction=_transaction(recipe.transaction),
        audit=_audit(node.plan if isinstance(node, AuditingApp) else recipe.audit),
    )


def _audit(plan: AuditPlan | None) -> AuditSpec | None:
    return AuditSpec(plan.percent, plan.shared) if plan is not None else None


def _transaction(plan: TransactionPlan | None) -> TransactionSpec | None:
    return TransactionSpec(plan.commit_every, plan.commit_ms, plan.abort_every) if plan is not None else None


def _processor(host: Host, recipe: ProcessorRecipe) -> ProcessorSpec:
    of_consumer = _consumer(host, recipe)
    return ProcessorSpec(
        recipe.name, recipe.group_id, recipe.topics, recipe.output, of_consumer.work_us, recipe.configs,
        recipe.producer_configs, recipe.abort_every, of_consumer.started,
    )  # fmt: skip


def _consumer(host: Host, recipe: ConsumerRecipe) -> ConsumerSpec:
    node = host.node
    return ConsumerSpec(
        name=recipe.name,
        group=recipe.group_id,
        topics=recipe.topics,
        work_us=node.per_record_us if isinstance(node, ConsumerApp) else recipe.per_record_us,
        commit=recipe.commit,
        config=recipe.configs,
        started=node is not None,
        flavour=recipe.flavour,
    )


def _share_consumer(host: Host, recipe: ShareConsumerRecipe) -> ShareConsumerSpec:
    node = host.node
    running = node if isinstance(node, ShareConsumerApp) else None
    return ShareConsumerSpec(
        name=recipe.name,
        group=recipe.group_id,
        topics=recipe.topics,
        work_us=running.per_record_us if running is not None else recipe.per_record_us,
        poison=running.poison if running is not None else recipe.poison,
        on_failure=recipe.on_failure,
        config=recipe.configs,
        started=running is not None,
    )


# --- as TOML --------------------------------------------------------------------------------------


def _head(title: str, spec: ClusterSpec) -> list[str]:
    card = {"code": "S", "track": "Sandbox", "order": 900, "summary": f"{title}, built by hand.", "sandbox": True}
    return [*fields(card), *lines_of(spec)]


def lines_of(spec: ClusterSpec) -> list[str]:
    """The part of a head that describes a cluster: what the format reads as this spec."""
    lines = [
        *fields({"seed": spec.seed}),
        "",
        "[cluster]",
        *fields({
            "brokers": spec.brokers, "controllers": spec.controllers, "combined": spec.combined,
            "service_levels": spec.service_levels,
            "config": dict(spec.broker_config), "disk_capacity_bytes": spec.disk_capacity_bytes or 0,
            "heap_bytes": spec.heap_bytes or 0,
            "link_extra_us": spec.link_extra_us, **({"racks": list(spec.racks)} if spec.racks else {}),
        }),
    ]  # fmt: skip
    for topic in spec.topics:
        lines += ["", "[[topic]]", *fields({
            "name": topic.name, "partitions": topic.partitions, "replicas": topic.replicas,
            "config": dict(topic.config),
        })]  # fmt: skip
    for producer in spec.producers:
        lines += ["", "[[producer]]", *fields(_producer_fields(producer))]
    for consumer in spec.consumers:
        lines += ["", "[[consumer]]", *fields({
            "name": consumer.name, "group": consumer.group, "topics": list(consumer.topics),
            "work_us": consumer.work_us, "commit": consumer.commit, "started": consumer.started,
            "flavour": consumer.flavour, "config": dict(consumer.config),
        })]  # fmt: skip
    for processor in spec.processors:
        lines += ["", "[[processor]]", *fields({
            "name": processor.name, "group": processor.group, "topics": list(processor.topics),
            "output": processor.output, "work_us": processor.work_us, "abort_every": processor.abort_every,
            "started": processor.started, "config": dict(processor.config),
            "producer_config": dict(processor.producer_config),
        })]  # fmt: skip
    for one in spec.share_consumers:
        lines += ["", "[[share_consumer]]", *fields({
            "name": one.name, "group": one.group, "topics": list(one.topics), "work_us": one.work_us,
            "poison": one.poison, "on_failure": one.on_failure, "started": one.started, "config": dict(one.config),
        })]  # fmt: skip
    return lines


def lines_of_script(script: Script) -> list[str]:
    """The part of a head that says what happens by itself. It stands before all tables."""
    lines = [toml({"at_us": at, **_said(action)}) for at, action in script]
    return ["script = [", *(f"  {line}," for line in lines), "]"] if lines else []


def _said(action: ClusterAction) -> dict[str, dict[str, object]]:
    """An action as a script says it; TOML has no word for nothing, and leaves it out."""
    return {
        name: {field: value for field, value in given.items() if value is not None}
        for name, given in action.to_data().items()
    }


def _producer_fields(producer: ProducerSpec) -> dict[str, object]:
    data, plan = producer.data, producer.transaction
    return {
        "name": producer.name, "topic": producer.topic, "rate": producer.rate, "keys": producer.keys,
        "value_bytes": producer.value_bytes, "count": producer.count or 0, "load": producer.load,
        "started": producer.started, "flavour": producer.flavour, "config": dict(producer.config),
        "data": {} if data is None else {
            "path": data.path, "key": data.key, "value": data.value, "timestamp": data.timestamp,
            "pace_percent": data.pace_percent, "rate": data.rate, "bad_rows": data.bad_rows,
        },
        "transaction": {} if plan is None else {
            "commit_every": plan.commit_every, "commit_ms": plan.commit_ms, "abort_every": plan.abort_every,
        },
        "audit": {} if producer.audit is None else {"percent": producer.audit.percent, "shared": producer.audit.shared},
    }  # fmt: skip


def fields(values: Mapping[str, object]) -> list[str]:
    """`key = value` lines of TOML; empty tables are left out."""
    return [f"{key} = {toml(value)}" for key, value in values.items() if value != {}]


def toml(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            # JSON's escapes are TOML's; it only leaves DEL as it is, which TOML does not take.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(toml, cast('Sequence[object]', value)))}]"
        case dict():
            pairs = [f"{toml(key)} = {toml(one)}" for key, one in cast("dict[str, object]", value).items()]
            return f"{{ {', '.join(pairs)} }}"
        case _:
            raise AssertionError(value)
