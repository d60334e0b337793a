"""The checks are no test module, and their assertions are to tell as much as those of one."""

import warnings

import pytest

UNCONNECTED = r"unclosed <socket\.socket .*laddr=\('0\.0\.0\.0'"

pytest.register_assert_rewrite("tests.live.clients.checks")


def pytest_configure(config: pytest.Config) -> None:
    """When a broker dies kafka-python drops sockets it was just connecting, unclosed; some are found in a test,
    some after the last one, where only Python's own filters are asked.
    """
    config.addinivalue_line("filterwarnings", f"ignore:{UNCONNECTED}:ResourceWarning")
    warnings.filterwarnings("ignore", UNCONNECTED, ResourceWarning)
