"""Maven: jars of other people's programs."""

import os
from collections.abc import Sequence
from pathlib import Path

from tests.live.fetched import fetched, told_to

PATIENCE_S = 300
POM = "http://maven.apache.org/POM/4.0.0"


def jars(*coordinates: str) -> list[Path] | str:
    """The jars of `group:artifact:version` and of all that they need at run time, or why they cannot be had."""

    def copy(folder: Path) -> str:
        (folder / "pom.xml").write_text(_pom(coordinates), encoding="utf-8")
        command = (
            "mvn", "-q", "-B", "-Dstyle.color=never", "dependency:copy-dependencies", "-DincludeScope=runtime",
            f"-DoutputDirectory={folder}",
        )  # fmt: skip
        return told_to(command, folder, PATIENCE_S)

    found = fetched("maven", coordinates, ("java", "mvn"), copy)
    return found if isinstance(found, str) else sorted(found.glob("*.jar"))


def classpath(found: Sequence[Path]) -> str:
    return os.pathsep.join(str(jar) for jar in found)


def _pom(coordinates: Sequence[str]) -> str:
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        for group, artifact, version in (one.split(":") for one in coordinates)
    )
    return (
        f'<project xmlns="{POM}"><modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>jars</artifactId>'
        f"<version>1</version><dependencies>{wanted}</dependencies></project>"
    )
