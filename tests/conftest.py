"""What holds for all tests."""

from hypothesis import HealthCheck, settings

from tests.second_try import pytest_collection_modifyitems, pytest_terminal_summary  # noqa: F401 - the same
from tests.turns import (  # noqa: F401 - pytest looks for them here
    pytest_collection_finish,
    pytest_configure,
    pytest_configure_node,
    pytest_xdist_make_scheduler,
)

# A busy machine is no reason to fail: the tests' own limits judge what is slow.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
