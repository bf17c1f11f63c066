"""Who runs which test when several workers share them (`pytest -n`): what is dear is started once, what measures, last.

Tests that need the same fixture of scope session, such as an Asterisk, go to the worker that has it; a second worker
starts its own only where much is left. Tests marked `alone` are run when all others are over, while nothing else runs.
"""

import json
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn, Protocol

import pytest

AHEAD = 3  # a worker begins a test when it knows the next one
DEAR = 2.0  # seconds that a test with a shared fixture is expected to take, until some have been seen
WORTH = 40.0  # seconds of work for which a second worker starts the fixture, too

FOLDER = pytest.StashKey[Path]()
"""Where workers tell of their tests."""

Needs = frozenset[str]


class Gateway(Protocol):
    """What there is between a worker and us."""

    id: str


class Worker(Protocol):
    """A worker, as xdist hands it to us."""

    config: pytest.Config
    gateway: Gateway
    workerinput: dict[str, object]

    @property
    def shutting_down(self) -> bool: ...

    def send_runtest_some(self, indices: Sequence[int]) -> None: ...

    def shutdown(self) -> None: ...


@dataclass(frozen=True)
class Kind:
    """What matters of a test here."""

    needs: Needs
    """The fixtures of scope session that it needs."""
    alone: bool


@dataclass
class Queue:
    """Tests that need the same, in their order."""

    needs: Needs
    waiting: deque[str] = field(default_factory=deque)
    seconds: float = 0.0
    done: int = 0

    @property
    def left(self) -> float:
        """Seconds that the waiting ones will take, as those before them did."""
        each = self.seconds / self.done if self.done else DEAR if self.needs else 0.0
        return each * len(self.waiting)


def chosen(queues: Iterable[Queue], has: Needs, begun: Needs) -> Queue | None:
    """Return whose turn it is on a worker that has these fixtures, where those are begun on any."""
    waiting = [queue for queue in queues if queue.waiting]
    own = [queue for queue in waiting if queue.needs & has]
    new = [queue for queue in waiting if queue.needs and not queue.needs & begun]
    plain = [queue for queue in waiting if not queue.needs]
    worth = [queue for queue in waiting if queue.left > WORTH]
    return next((max(some, key=lambda queue: queue.left) for some in (own, new, plain, worth) if some), None)


def kind_of(item: pytest.Item) -> Kind:
    """Read from a test what it needs: shared fixtures of ours, and those that it names with `shares`."""
    defined: dict[str, Sequence[pytest.FixtureDef[object]]]
    defined = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    shared = {name for name, some in defined.items() if some[-1].scope == "session" and _is_ours(some[-1])}
    named = {str(name) for mark in item.iter_markers("shares") for name in mark.args}
    return Kind(needs=frozenset(shared | named), alone=item.get_closest_marker("alone") is not None)


def _is_ours(fixture: pytest.FixtureDef[object]) -> bool:
    return not fixture.func.__module__.startswith(("_pytest", "pytest_", "xdist", "hypothesis"))


def write_kinds(path: Path, items: Iterable[pytest.Item]) -> None:
    """Tell the one who gives out the turns, who sees the tests' names only."""
    kinds = {item.nodeid: kind_of(item) for item in items}
    path.write_text(json.dumps({name: [sorted(kind.needs), kind.alone] for name, kind in kinds.items()}))


def read_kinds(path: Path) -> dict[str, Kind]:
    """Read what a worker told."""
    return {name: Kind(frozenset(needs), alone) for name, (needs, alone) in json.loads(path.read_text()).items()}


@dataclass
class Desk:
    """What one worker has, and still has to do, the one it is at first."""

    has: Needs = frozenset()
    tests: list[str] = field(default_factory=list)
    given: deque[str] = field(default_factory=deque)


class Turns:
    """Gives out the turns, as xdist asks of its schedulers."""

    def __init__(self, config: pytest.Config, workers: int, folder: Path) -> None:
        """Wait for this many workers, each of which writes the kinds of its tests into the folder."""
        self.config = config  # other plugins look for it here
        self._workers = workers
        self._folder = folder
        self._desks: dict[Worker, Desk] = {}
        self._kinds: dict[str, Kind] = {}
        self._queues: dict[Needs, Queue] = {}
        self._alone: list[str] = []
        self._begun = False

    @property
    def nodes(self) -> list[Worker]:
        """The workers that there are."""
        return list(self._desks)

    @property
    def collection_is_completed(self) -> bool:
        """Whether all workers know the tests."""
        return self._begun or sum(bool(desk.tests) for desk in self._desks.values()) >= self._workers

    @property
    def tests_finished(self) -> bool:
        """Whether every test is given out; the workers end after those that they have."""
        return self._begun and not self._alone and not any(queue.waiting for queue in self._queues.values())

    @property
    def has_pending(self) -> bool:
        """Whether tests are to be run or under way."""
        return self._begun and (not self.tests_finished or any(desk.given for desk in self._desks.values()))

    def add_node(self, node: Worker) -> None:
        """Welcome a worker; xdist replaces one that died."""
        self._desks[node] = Desk()

    def add_node_collection(self, node: Worker, collection: Sequence[str]) -> None:
        """Take note of the tests that a worker found, which are the same for all."""
        if not self._kinds:
            self._kinds = read_kinds(self._folder / f"{node.gateway.id}.json")
        if different := self._kinds.keys() ^ set(collection):
            raise RuntimeError(f"not all workers found the same tests: {sorted(different)[:5]}")
        self._desks[node].tests = list(collection)

    def schedule(self) -> None:
        """Begin, once all workers know their tests; or go on, with a worker that was replaced."""
        if not self._begun:
            self._begun = True
            for test, kind in self._kinds.items():
                self._return(test, kind)
        self._feed()

    def mark_test_complete(self, node: Worker, item_index: int, duration: float = 0) -> None:
        """Take note that a test is over."""
        desk = self._desks[node]
        test = desk.tests[item_index]
        desk.given.remove(test)
        if queue := self._queues.get(self._kinds[test].needs):
            queue.seconds += duration
            queue.done += 1
        self._feed()

    def remove_node(self, node: Worker) -> str | None:
        """Say goodbye to a worker; return the test in which it died."""
        desk = self._desks.pop(node)
        died = desk.given.popleft() if desk.given else None
        for test in desk.given:
            self._return(test, self._kinds[test])
        self._feed()
        return died

    def mark_test_pending(self, item: str) -> None:
        """Let a test be run once more whose worker died."""
        self._return(item, self._kinds[item])
        self._feed()

    def remove_pending_tests_from_node(self, node: Worker, indices: Sequence[int]) -> NoReturn:
        """Refuse: nothing is taken from a worker."""
        raise NotImplementedError

    def _return(self, test: str, kind: Kind) -> None:
        if kind.alone:
            self._alone.append(test)
        else:
            self._queues.setdefault(kind.needs, Queue(kind.needs)).waiting.append(test)

    def _feed(self) -> None:
        """Give every worker enough to do, and send those home for whom nothing is left but one for the rest."""
        for node, desk in self._desks.items():
            while self._begun and desk.tests and not node.shutting_down and len(desk.given) < AHEAD:
                begun = frozenset().union(*(one.has for one in self._desks.values()))
                queue = chosen(self._queues.values(), desk.has, begun)
                if queue is None:
                    self._end(node)
                    break
                self._give(node, [queue.waiting.popleft()])

    def _end(self, node: Worker) -> None:
        """Let a worker end; the last one, who has most of what they need, runs those that want to be alone."""
        if self._alone and node is self._last():
            if len(self._desks) > 1:
                return
            self._alone.sort(key=lambda test: sorted(self._kinds[test].needs))
            self._give(node, self._alone)
            self._alone = []
        node.shutdown()

    def _last(self) -> Worker:
        wanted = frozenset().union(*(self._kinds[test].needs for test in self._alone))
        staying = [node for node in self._desks if not node.shutting_down]
        return max(staying, key=lambda node: len(self._desks[node].has & wanted))

    def _give(self, node: Worker, tests: Sequence[str]) -> None:
        desk = self._desks[node]
        for test in tests:
            desk.has |= self._kinds[test].needs
        desk.given.extend(tests)
        node.send_runtest_some([desk.tests.index(test) for test in tests])


# --- What pytest and xdist call; tests/conftest.py has them from here


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, if there are workers and this is none."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        folder = TemporaryDirectory(prefix="amib-turns-")
        config.add_cleanup(folder.cleanup)
        config.stash[FOLDER] = Path(folder.name)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Worker) -> None:
    """Tell the worker where it is."""
    node.workerinput["turns"] = str(node.config.stash[FOLDER] / f"{node.gateway.id}.json")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell of the tests, before xdist's own says that this worker is ready."""
    if told := getattr(session.config, "workerinput", {}).get("turns"):
        write_kinds(Path(told), session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> Turns:
    """Give out the turns."""
    return Turns(config, config.getoption("numprocesses"), config.stash[FOLDER])
