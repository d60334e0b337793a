"""The examples of the page *Connect your own client* run as they are copied."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.live.examples import BOOTSTRAP, EXAMPLES, TOPIC, Example
from tests.live.served import served

PATIENCE_S = 60


def example(name: str) -> Example:
    return next(one for one in EXAMPLES if one.name == name)


def test_there_are_five_and_each_is_filled_in():
    assert len(EXAMPLES) == 5
    for one in EXAMPLES:
        text = one.filled("127.0.0.1:9092", "orders")
        assert BOOTSTRAP not in text
        assert TOPIC not in text
        assert "127.0.0.1:9092" in text
        assert "orders" in text


@pytest.mark.parametrize("name", ["confluent-kafka", "kafka-python"])
def test_the_python_examples_write_ten_records_and_read_them(name: str, tmp_path: Path):
    with served() as cluster:
        script = tmp_path / "example.py"
        script.write_text(example(name).filled(cluster.addresses, "orders"), encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert sorted(line.split(" ", 2)[2] for line in ran.stdout.splitlines()) == [f"hello {n}" for n in range(10)]


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")
def test_the_example_of_kcat_writes_ten_records():
    with served() as cluster:
        writing = example("kcat").filled(cluster.addresses, "orders").partition("\n\n")[0]
        ran = subprocess.run(["sh", "-c", writing], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert ran.returncode == 0, ran.stderr
    program = cluster.session.world.hosts["my-kcat"].node
    assert program is not None
    assert program.written == {"orders": 10}  # type: ignore[attr-defined]
