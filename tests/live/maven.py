"""Maven: jars of other people's programs, kept in a folder of the machine."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PATIENCE_S = 240
POM = "http://maven.apache.org/POM/4.0.0"


def cache() -> Path:
    """Where the jars stay; what is there already is not asked for again."""
    return Path(os.environ.get("LAB_MAVEN_CACHE") or Path.home() / ".cache" / "streaming-lab" / "maven")


def jars(*coordinates: str) -> list[Path] | str:
    """The jars of `group:artifact:version` and of all that they need at run time, or why they cannot be had."""
    folder = cache() / hashlib.sha256("\n".join(sorted(coordinates)).encode()).hexdigest()[:16]
    if not folder.is_dir():
        reason = _fill(folder, coordinates)
        if reason:
            return reason
    return sorted(folder.glob("*.jar"))


def classpath(found: Sequence[Path]) -> str:
    return os.pathsep.join(str(jar) for jar in found)


def _fill(folder: Path, coordinates: Sequence[str]) -> str:
    """Beside its place first: a folder that bears the final name is whole."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    try:
        (making / "pom.xml").write_text(_pom(coordinates), encoding="utf-8")
        reason = _copy(making)
        if not reason and not folder.exists():
            making.rename(folder)
        return reason
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _copy(folder: Path) -> str:
    command = (
        "mvn", "-q", "-B", "-Dstyle.color=never", "dependency:copy-dependencies", "-DincludeScope=runtime",
        f"-DoutputDirectory={folder}",
    )  # fmt: skip
    try:
        ran = subprocess.run(
            command, cwd=folder, timeout=PATIENCE_S, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"Maven has not come back with the jars in {PATIENCE_S} s"
    if ran.returncode == 0:
        return ""
    errors = [line[line.index("ERROR") :] for line in ran.stdout.splitlines() if "ERROR" in line]
    return f"Maven cannot get the jars: {errors[0] if errors else f'exit code {ran.returncode}'}"


def _pom(coordinates: Sequence[str]) -> str:
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        for group, artifact, version in (one.split(":") for one in coordinates)
    )
    return (
        f'<project xmlns="{POM}"><modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>jars</artifactId>'
        f"<version>1</version><dependencies>{wanted}</dependencies></project>"
    )
