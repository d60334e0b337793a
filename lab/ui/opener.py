"""Opener: how the window gets its sessions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.ui.start_page import Listed

if TYPE_CHECKING:
    from lab.cluster.session.session import Session


@dataclass(frozen=True, slots=True)
class Opener:
    """How the window gets sessions; `app` fills in the real thing, tests their own."""

    scenarios: Sequence[Listed]
    open_scenario: "Callable[[str], Session]"
    open_file: "Callable[[Path], Session]"
