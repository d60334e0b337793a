"""The checks are no test module, and their assertions are to tell as much as those of one."""

import pytest

pytest.register_assert_rewrite("tests.live.clients.checks")
