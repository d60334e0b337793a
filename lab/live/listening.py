"""Listening: where a served cluster listens, and for whom. Checked before anything is opened."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from lab.cluster.refused import Refused
from lab.kafka.config.broker import BrokerConfig
from lab.live.guard import MECHANISMS, Users


@dataclass(frozen=True, slots=True)
class Listening:
    """`users`: who may come in; None: anybody who can connect."""

    host: str
    port: int
    users: Users | None

    @classmethod
    def of(cls, host: str, port: int, config: BrokerConfig, users_file: Path | None) -> "Listening":
        """As it was asked for. Raises Refused: other machines are let in only if they prove who they are."""
        if users_file is None and not is_loopback(host):
            raise Refused(
                f"other machines can reach {host}; wanted --users FILE, so that clients prove who they are by SASL, "
                "or a loopback address like 127.0.0.1"
            )
        users = None
        if users_file is not None:
            users = Users(read_users(users_file), mechanisms_of(config.sasl_enabled_mechanisms))
        return cls(host, port, users)

    @property
    def warning(self) -> str:
        """What the user should know before it begins; empty for a cluster that only this machine can reach."""
        if is_loopback(self.host):
            return ""
        return (
            f"other machines can reach {self.host}. Nothing is encrypted: records can be read on the way, and so can "
            "passwords unless clients use SCRAM"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. A name is none of which that is known, but for one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def mechanisms_of(setting: str) -> tuple[str, ...]:
    """Those of `sasl.enabled.mechanisms`. Raises Refused for one that is not known here."""
    found = tuple(one.strip() for one in setting.split(",") if one.strip())
    unknown = [one for one in found if one not in MECHANISMS]
    if unknown or not found:
        raise Refused(f"sasl.enabled.mechanisms: wanted some of {', '.join(MECHANISMS)}, found {setting!r}")
    return found


def read_users(path: Path) -> dict[str, str]:
    """`name:password`, one a line; lines that begin with # do not count. Raises Refused."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        raise Refused(f"--users {path}: wanted a text file, found {wrong}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not colon or not name or not password or name in found:
            raise Refused(f"--users {path}: wanted name:password in line {number}, each name once")
        found[name] = password
    if not found:
        raise Refused(f"--users {path}: wanted at least one name:password, found none")
    return found
