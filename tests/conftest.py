"""What holds for all tests."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from tests.turns import Turns, Worker, write_kinds

# A busy machine is no reason to fail: the tests' own limits judge what is slow.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare a folder in which workers tell of their tests."""
    folder = TemporaryDirectory(prefix="amib-turns-")
    config.add_cleanup(folder.cleanup)
    config.stash[FOLDER] = Path(folder.name)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Worker) -> None:
    """Tell the worker where."""
    node.workerinput["turns"] = str(node.config.stash[FOLDER] / f"{node.gateway.id}.json")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Before xdist's own, which says that this worker is ready."""
    if told := getattr(session.config, "workerinput", {}).get("turns"):
        write_kinds(Path(told), session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> Turns:
    return Turns(config.getoption("numprocesses"), config.stash[FOLDER])
