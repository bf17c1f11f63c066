"""A second try for tests with real browsers, telephones and servers, which share this machine with each other.

What passes only then is no failure of the change, and no secret either: it is listed at the end with the reason of the
first time. `make soak`, where nothing runs besides, gives none.
"""

from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.limits import EXACTLY

FOLDERS = frozenset({"alarms", "broker", "contract", "dav", "desktop", "page", "people", "real", "rooms", "scenarios"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them for the plugin `rerunfailures`."""
    here = Path(__file__).parent
    for item in items:
        if not EXACTLY and item.path.relative_to(here).parts[0] in FOLDERS:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Tell why the first time failed."""
    first: list[pytest.TestReport] = terminalreporter.stats.get("rerun", [])
    if first:
        terminalreporter.write_sep("=", "what failed the first time")
    for report in first:
        terminalreporter.write_sep("_", report.nodeid)
        terminalreporter.write_line(report.longreprtext)
