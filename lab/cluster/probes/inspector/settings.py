"""Settings of whatever is inspected: what people ask for, and what is not default."""

from lab.kafka.config.definition import Config

TOPIC_SETTINGS = ("min.insync.replicas",)


def shown_settings(config: Config, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """These names as far as `config` has them, then what is overridden: each with its value."""
    shown = dict.fromkeys((*names, *config.overrides))
    return tuple((name, config.shown(name)) for name in shown if name in config.settings)
