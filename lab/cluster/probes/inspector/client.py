"""A client: a producer or a consumer, what it has done and how it is set."""

from lab.cluster.build import client_topics, kind_of
from lab.cluster.figures import grouped
from lab.cluster.ledger.group_history import Progress
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.probes.inspector.group import progress_row
from lab.cluster.probes.inspector.settings import shown_settings
from lab.cluster.probes.moment_views import causes_of
from lab.cluster.probes.share import share_consumer_rows
from lab.cluster.probes.views import InspectorView, Row, Section
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.producer.auditing_app import AuditingApp
from lab.kafka.clients.recipes import ConsumerRecipe, ProducerRecipe
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.config.flavours import DEFAULT_FLAVOUR, FLAVOURS
from lab.world.world import World


def client_view(world: World, name: str) -> InspectorView | None:
    """None if there is no such client of the lab's own."""
    host = world.hosts.get(name)
    topics = client_topics(host) if host is not None else None
    if host is None or topics is None:
        return None
    node = host.node
    kind = kind_of(host)
    rows: list[Row] = [
        Row("State", host.state, "" if host.state == "running" else "fail"),
        Row("Topics", ", ".join(topics), link=("topic", topics[0]) if len(topics) == 1 else None),
    ]
    recipe = host.recipe
    flavour = recipe.flavour if isinstance(recipe, (ProducerRecipe, ConsumerRecipe)) else DEFAULT_FLAVOUR
    config: tuple[tuple[str, str], ...] = ()
    owned: tuple[Row, ...] = ()
    if isinstance(node, ProducerApp):
        rows += _producer_rows(world, node)
        rows += _audit_rows(node) if isinstance(node, AuditingApp) else []
        config = shown_settings(node.config, ("acks", "enable.idempotence", "linger.ms", "batch.size"))
    if isinstance(node, ShareConsumerApp):
        done = sum(one.done_by.get(name, 0) for one in ledger_of(world).groups.values())
        rows += share_consumer_rows(node, done)
        config = shown_settings(node.config, ("share.acknowledgement.mode", "max.poll.records"))
    if isinstance(node, ConsumerApp):
        rows += _consumer_rows(world, node)
        history = ledger_of(world).groups.get(node.group_id)
        known = history.partitions if history is not None else {}
        owned = tuple(progress_row(one, known.get(one, Progress())) for one in node.membership.owned)
        config = shown_settings(
            node.config,
            (
                "auto.offset.reset",
                *(() if "max.poll.records" in node.config.flavour.lacks else ("max.poll.records",)),
                "session.timeout.ms",
                "partition.assignment.strategy",
            ),
        )
    subtitle = f"{kind} · {FLAVOURS[flavour].title}"
    icon = "shopping-cart" if kind == "producer" else "user"
    return InspectorView(
        kind,
        name,
        subtitle,
        icon,
        (),
        (Section("Application", tuple(rows)), Section("Committed → position", owned)),
        f"What happened to {name}?",
        causes_of(world, name),
        config,
    )


def _producer_rows(world: World, node: ProducerApp) -> list[Row]:
    truth = ledger_of(world).producer(node.source)
    producer = node.producer
    return [
        Row("Rate", f"{grouped(node.rate)} records/s"),
        Row("Made", grouped(truth.born)),
        Row("Acknowledged", grouped(len(truth.acked)), "ok"),
        Row("Failed", grouped(len(truth.failed)), "fail" if truth.failed else ""),
        Row("Unknown", grouped(len(truth.unknown)), "pending" if truth.unknown else ""),
        Row("Producer id · epoch", f"{producer.producer_id} · {producer.producer_epoch}"),
    ]


def _audit_rows(node: AuditingApp) -> list[Row]:
    plan = node.plan
    version = "the mended version" if plan.shared else "the first version"
    return [
        Row("Audit feature", f"{plan.percent}% of the requests, {version}" if plan.percent else "off"),
        Row("Requests audited", grouped(node.audited)),
        Row("Requests turned away", grouped(node.turned_away), "fail" if node.turned_away else ""),
    ]


def _consumer_rows(world: World, node: ConsumerApp) -> list[Row]:
    return [
        Row("Group", node.group_id, link=("group", node.group_id)),
        Row("Generation", f"{node.membership.generation}"),
        Row("Partitions", ", ".join(str(one) for one in node.membership.owned) or "none"),
        Row("Work a record", f"{node.per_record_us / 1_000:g} ms"),
        Row("Commits", node.commits.policy),
        Row(
            "Done",
            grouped(sum(one.done_by.get(node.name, 0) for one in ledger_of(world).groups.values())),
        ),
    ]
