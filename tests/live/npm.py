"""npm: packages of other people's programs for Node."""

from pathlib import Path

from tests.live.fetched import fetched, told_to

PATIENCE_S = 120


def packages(*names: str) -> Path | str:
    """The `node_modules` with these `name@version` and all that they need, or why they cannot be had."""

    def install(folder: Path) -> str:
        # No scripts: what is wanted needs none, and they would run as whoever tests.
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder))
        return told_to(("npm", "install", *options, *names), folder, PATIENCE_S)

    found = fetched("npm", names, ("node", "npm"), install)
    return found if isinstance(found, str) else found / "node_modules"
