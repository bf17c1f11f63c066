"""Who runs which test when several workers share them."""

import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from tests.turns import Needs, Queue, chosen

ROOT = Path(__file__).parents[1]
HOUSE, PBX = frozenset({"house"}), frozenset({"pbx"})
NOTHING: Needs = frozenset()


def queue(needs: Needs, waiting: int, each: float = 1.0) -> Queue:
    return Queue(needs, deque(str(one) for one in range(waiting)), seconds=10 * each, done=10)


@pytest.mark.parametrize(
    ("has", "begun", "turn"),
    [
        (HOUSE, HOUSE, HOUSE),
        (NOTHING, NOTHING, HOUSE),
        (NOTHING, HOUSE, PBX),
        (NOTHING, HOUSE | PBX, NOTHING),
    ],
)
def test_one_goes_on_with_what_one_has_then_begins_something_new(has: Needs, begun: Needs, turn: Needs) -> None:
    queues = [queue(NOTHING, 1000, 0.01), queue(PBX, 20), queue(HOUSE, 30)]
    found = chosen(queues, has, begun)
    assert found
    assert found.needs == turn


@pytest.mark.parametrize(("waiting", "helps"), [(60, True), (20, False)])
def test_a_second_worker_starts_the_same_only_if_much_is_left(waiting: int, helps: bool) -> None:  # noqa: FBT001
    assert (chosen([queue(HOUSE, waiting), queue(PBX, 0)], PBX, HOUSE | PBX) is not None) is helps


CONFTEST = """
import os, time
import pytest
from tests.turns import (
    pytest_collection_finish, pytest_configure, pytest_configure_node, pytest_xdist_make_scheduler
)

def note(what):
    with open({log!r}, "a") as log:
        log.write(f"{{time.time()}} {{what}}\\n")

@pytest.fixture(scope="session")
def dear():
    note("start")
    return os.getpid()

@pytest.fixture(autouse=True)
def noted(request):
    note("+" + request.node.name)
    yield
    note("-" + request.node.name)
"""
QUICK = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:timeout")
TESTS = """
import os, time
import pytest

@pytest.mark.parametrize("n", range(6))
def test_dear(n, dear):
    time.sleep(0.02)

@pytest.mark.parametrize("n", range(12))
def test_plain(n):
    time.sleep(0.02)

@pytest.mark.alone
@pytest.mark.parametrize("n", range(2))
def test_alone(n):
    time.sleep(0.05)

@pytest.mark.alone
def test_alone_and_dear(dear):
    time.sleep(0.05)

def test_dies(request):
    if DIES:
        os._exit(1)
"""


def run(folder: Path, *, dies: bool) -> tuple[int, str, list[str]]:
    """Run some tests by two workers; the exit code, the last line, and what happened in order."""
    log = folder / "log"
    (folder / "conftest.py").write_text(CONFTEST.format(log=str(log)), encoding="utf-8")
    (folder / "test_some.py").write_text(f"DIES = {dies}\n{TESTS}", encoding="utf-8")
    ini = "[pytest]\nmarkers =\n  alone\n  shares(name)\npythonpath = " + str(ROOT)
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-n", "2", *QUICK, str(folder)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    lines = sorted(log.read_text().splitlines(), key=lambda line: float(line.split()[0]))
    return done.returncode, done.stdout.splitlines()[-1], [line.partition(" ")[2] for line in lines]


def test_shared_things_are_started_once_and_nothing_runs_beside_those_who_want_to_be_alone(tmp_path: Path) -> None:
    code, summary, happened = run(tmp_path, dies=False)
    assert (code, "22 passed" in summary) == (0, True), summary
    assert happened.count("start") == 1
    first = min(happened.index(one) for one in happened if one.startswith("+test_alone"))
    assert not [one for one in happened[first:] if not one[1:].startswith("test_alone")]
    assert len(happened[first:]) == 2 * 3


def test_who_dies_fails_and_all_the_others_are_run_all_the_same(tmp_path: Path) -> None:
    code, summary, happened = run(tmp_path, dies=True)
    assert (code, "1 failed, 21 passed" in summary) == (1, True), summary
    assert len([one for one in happened if one.startswith("-")]) == 21
