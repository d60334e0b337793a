"""ShareConsumerSpec: a share consumer of a lab set-up, as data (KIP-932)."""

from dataclasses import dataclass

from lab.cluster.refused import Refused, wanted
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.share import ShareConsumerConfig

WORK_US_MAX = 3_600_000_000
FAILURES = ("release", "reject", "crash")


@dataclass(frozen=True, slots=True)
class ShareConsumerSpec:
    """A share consumer app, member of the share group `group`. `work_us`: its work on one record. Work on records with
    the key `poison` fails; `on_failure`: release, reject (both only where acknowledgement is explicit) or crash.
    """

    name: str
    group: str
    topics: tuple[str, ...]
    work_us: int = 0
    poison: str = ""
    on_failure: str = "release"
    config: tuple[tuple[str, str], ...] = ()
    started: bool = True

    def check(self) -> None:
        """Raises Refused with the first thing that is wrong."""
        name = self.name
        wanted(bool(self.group), f"{name}: wanted a group", "none")
        wanted(bool(self.topics), f"{name}: wanted topics to read", "none")
        wanted(
            0 <= self.work_us <= WORK_US_MAX, f"{name}: wanted work of 0 to {WORK_US_MAX:,} microseconds a record",
            self.work_us,
        )  # fmt: skip
        wanted(
            self.on_failure in FAILURES, f"{name}: wanted an on failure of {', '.join(FAILURES)}", repr(self.on_failure)
        )
        try:
            ShareConsumerConfig(self.config)
        except InvalidConfig as wrong:
            raise Refused(f"{name}: config: {wrong}") from None
