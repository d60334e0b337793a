"""Reference: the page `docs/settings.md`, made from the tables of settings and the flavours.

To write it anew: `python3 -c "from lab.kafka.config.reference import page; print(page(), end='')" > docs/settings.md`
"""

from collections.abc import Iterator

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.client import ClientConfig, ConsumerConfig, ProducerConfig
from lab.kafka.config.definition import INT_MAX, LONG_MAX, Config, Setting, Value, attribute
from lab.kafka.config.flavours import FLAVOURS, Flavour
from lab.kafka.config.group import GroupConfig
from lab.kafka.config.topic import TopicConfig

HEAD = """# Settings

Every setting that the lab honours, and no other: one that is not here is refused by name. The names are Kafka's, the
defaults those of Apache Kafka 4.0 and the Java client 4.0; *before 3.0: 1* tells an older one. What differs from Kafka
is in [differences.md](differences.md).

A value that is not in its range is refused with the range, wherever it comes from: a scenario, a form, a request. In
the window click a setting in the inspector, or choose **Change a setting** from the menu of a thing.
"""
BROKERS = """A change of a read-only setting stands in `server.properties` and holds from the next start. A cluster-wide
one is a request to the controller, for all brokers or for one, and holds at once: what is set for one broker wins, then
what is set for all, then what stands in the file. Controllers hear only of what is set for all."""
KINDS: tuple[tuple[str, type[Config], str], ...] = (
    ("Topics", TopicConfig, "A change holds at once. It is a request of the administrator to the controller."),
    (
        "Brokers and the controller",
        BrokerConfig,
        BROKERS,
    ),
    ("Groups", GroupConfig, "Each group may have its own. A change is a request to the controller, and holds at once."),
    ("Producers", ProducerConfig, "A change needs another producer: the application closes its own and makes one."),
    ("Consumers", ConsumerConfig, "A change needs another consumer: the application closes its own and makes one."),
)
HABITS = (
    ("refuses_many_in_flight", "more than five in flight are an error, though idempotence was only the default"),
    ("raises_delivery_timeout", "delivery.timeout.ms is at least linger.ms + request.timeout.ms"),
    ("mutes_when_idempotent", "an idempotent producer has one batch a partition in flight"),
    ("splits_batches", "a batch too large for the broker is sent again as two"),
    ("blocks_when_full", "send() waits where the buffer is full, and else fails at once"),
    ("commits_in_background", "a thread commits what was handed out; else poll() commits what earlier polls returned"),
    ("hands_out_one", "poll() returns one record, and not a batch"),
)


def page() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD, *(_section(*one) for one in KINDS), _flavours()]
    return "\n".join(parts)


def shown(value: Value) -> str:
    """A value as Kafka writes it, and a limit that is none as that."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value in (INT_MAX, LONG_MAX):
        return "no limit"
    return f"{value:,}" if isinstance(value, int) else value or "none"


def _section(title: str, kind: type[Config], when: str) -> str:
    modes = kind is BrokerConfig
    rows = [_row(one) + (f" {one.update_mode} |" if modes else "") for one in kind.settings.values()]
    head = "| setting | value | default | meaning |" + (" update mode |" if modes else "")
    return "\n".join(("## " + title, "", when, "", head, "|---" * (5 if modes else 4) + "|", *rows, ""))


def _row(setting: Setting) -> str:
    older = "".join(f"; before {release}: {shown(value)}" for release, value in setting.history)
    return f"| `{setting.name}` | {_range(setting)} | {shown(setting.default)}{older} | {setting.meaning} |"


def _range(setting: Setting) -> str:
    if isinstance(setting.default, int) and not isinstance(setting.default, bool):
        unlimited = setting.maximum in (INT_MAX, LONG_MAX)
        return f"{setting.minimum:,} or more" if unlimited else f"{setting.minimum:,} to {setting.maximum:,}"
    return setting.range


# --- flavours -------------------------------------------------------------------------------------


def _flavours() -> str:
    parts = (
        "## Client flavours", "",
        "`flavour` gives a client the defaults and habits of a library. Of a producer, where they differ:", "",
        *_table("setting"), *_differing(ProducerConfig),
        "", "Of a consumer:", "", *_table("setting"), *_differing(ConsumerConfig),
        "", "Habits, which are no settings:", "", *_table("habit"), *_habits(),
        "", "What a client calls a setting, where that is another word:", "",
        "| setting | client | its word |", "|---|---|---|", *_own_names(), "",
    )  # fmt: skip
    return "\n".join(parts)


def _table(first: str) -> tuple[str, str]:
    return f"| {first} | {' | '.join(FLAVOURS)} |", "|---|" + "---|" * len(FLAVOURS)


def _differing(kind: type[ClientConfig]) -> Iterator[str]:
    configs = [kind(flavour=name) for name in FLAVOURS]
    for name in kind.settings:
        cells = ["—" if name in one.flavour.lacks else shown(getattr(one, attribute(name))) for one in configs]
        if len(dict.fromkeys(cells)) > 1:
            yield f"| `{name}` | {' | '.join(cells)} |"


def _habits() -> Iterator[str]:
    for habit, meaning in HABITS:
        cells = ["yes" if getattr(one, habit) else "no" for one in FLAVOURS.values()]
        yield f"| {meaning} | {' | '.join(cells)} |"


def _own_names() -> Iterator[str]:
    merged: dict[tuple[str, str], list[Flavour]] = {}
    for one in FLAVOURS.values():
        for name, own in one.own_names.items():
            merged.setdefault((name, own), []).append(one)
    for (name, own), flavours in sorted(merged.items()):
        yield f"| `{name}` | {', '.join(one.title for one in flavours)} | {own} |"
