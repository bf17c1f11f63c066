"""A source that we ask ourselves: kept up, its values judged; each change is told until it is on the disk."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from ami_bridge.alarms.model import Report
from ami_bridge.alarms.sources.measured import Point, Reading, Wish
from ami_bridge.alarms.sources.words import HEARTBEAT
from ami_bridge.config_alarms import Source
from ami_bridge.errors import NotReachableError
from ami_bridge.tasks import race

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
LOOK_EVERY = 5.0
ALIVE_EVERY = 10.0
MOST_AT_ONCE = 100
LIFE = ""
"""The reading of a counter that must go on; no point is called that."""
_AWAY = {
    "de": "Die Quelle {label} ist nicht erreichbar: was dort gestört ist, wird nicht gemeldet",
    "en": "The source {label} cannot be reached: what fails there is not reported",
}

Rounds = AsyncIterator[Sequence[Reading]]


class Line(Protocol):
    """A way to a source's values."""

    def open(self) -> AbstractAsyncContextManager[Rounds]:
        """Connect, and give the values: first all, then all again, or what has changed.

        An empty round says that the source is there. Raises NotReachableError when it is not, or not any more.
        """


class Gate(Protocol):
    """Lets reports in."""

    async def take(self, name: str, reports: Sequence[Report]) -> list[str]:
        """Let in what a source reports; returns after the commit."""


class Known(Protocol):
    """Knows what was raised before."""

    async def open_keys(self, source: str) -> Iterable[str]:
        """Return the keys of the open alarms of a source whose fault is still there."""


class Troubles(Protocol):
    """Raises what is wrong between us and the source."""

    async def wrong(self, key: str, text: str, *, point: str) -> None:
        """Raise it once."""

    async def fine(self, key: str, *, point: str) -> None:
        """End it."""


class Watch:
    """One source whose values are watched."""

    def __init__(
        self,
        source: Source,
        *,
        line: Line,
        wishes: Mapping[str, Wish],
        away_after: float,
        lives: bool,
        gate: Gate,
        known: Known,
        troubles: Troubles,
        language: str,
        monotonic: Callable[[], float],
    ) -> None:
        """With `lives` only a change of the reading LIFE is a sign of life, else every round is one."""
        self._source = source
        self._line = line
        self._wishes = wishes
        self._away_after = away_after
        self._lives = lives
        self._gate = gate
        self._known = known
        self._troubles = troubles
        self._away_text = _AWAY.get(language, _AWAY["en"]).format(label=source.label or source.name)
        self._monotonic = monotonic
        self._points: dict[str, Point] = {}
        self._telling: list[Report] = []
        """On its way to the disk."""
        self._lived: object = None
        self._alive_told: float | None = None
        self._alive = False
        self._heard = asyncio.Event()
        self._away_since: float | None = monotonic()

    @property
    def connected(self) -> bool:
        """Whether the source answers."""
        return self._away_since is None

    async def run(self) -> None:
        """Watch until cancelled."""
        await race(self._listen(), self._keep())

    async def look(self) -> None:
        """Raise that the source is away, and end that when it is back."""
        key = f"{self._source.kind}/{self._source.name}"
        if self._away_since is None:
            await self._troubles.fine(key, point=self._source.kind)
        elif self._monotonic() - self._away_since >= self._away_after:
            await self._troubles.wrong(key, self._away_text, point=self._source.kind)

    async def _listen(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._line.open() as rounds:
                    await self._remember()
                    async for readings in rounds:
                        pause = FIRST_PAUSE
                        self._hear(readings)
                        _end_if_cancelled()
                why = "the source has closed the connection"
            except NotReachableError as error:
                why = str(error)
            except Exception as error:  # an odd answer of one source must not end the daemon
                log.exception("alarm.watch_failed", source=self._source.name)
                why = type(error).__name__
            _end_if_cancelled()
            self._is_away(why)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    async def _remember(self) -> None:
        """Know what is told already, as the database has it; what is pending still is told first."""
        while self._telling or any(point.pending for point in self._points.values()):
            self._heard.set()
            await asyncio.sleep(FIRST_PAUSE)
        told = frozenset(await self._known.open_keys(self._source.name))
        name = self._source.name
        self._points = {point: Point(point, wish, source=name, told=told) for point, wish in self._wishes.items()}

    def _hear(self, readings: Sequence[Reading]) -> None:
        if self._away_since is not None:
            self._away_since = None
            log.info("alarm.watch_connected", source=self._source.name)
        self._alive |= not self._lives
        for reading in readings:
            if reading.point == LIFE:
                self._alive |= reading.value is not None and reading.value != self._lived
                self._lived = reading.value
            else:
                self._points[reading.point].hear(reading)
        self._heard.set()

    def _is_away(self, why: str) -> None:
        if self._away_since is None:
            self._away_since = self._monotonic()
            log.warning("alarm.watch_away", source=self._source.name, why=why)

    async def _keep(self) -> None:
        """Have everything kept that is pending, in its order, however long that takes."""
        pause = FIRST_PAUSE
        while True:
            await self._heard.wait()
            self._heard.clear()
            for point in self._points.values():
                self._telling += point.pending
                point.pending.clear()
            try:
                while self._telling:
                    some = self._telling[:MOST_AT_ONCE]
                    await self._gate.take(self._source.name, some)
                    del self._telling[: len(some)]
                await self._tell_that_it_lives()
            except NotReachableError as error:
                if pause == FIRST_PAUSE:
                    log.warning("alarm.watch_not_kept", source=self._source.name, why=str(error))
            except Exception:  # a bug about one value must not end the daemon, which would read it again at once
                log.exception("alarm.watch_failed", source=self._source.name)
            else:
                pause = FIRST_PAUSE
                continue
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)
            self._heard.set()

    async def _tell_that_it_lives(self) -> None:
        now = self._monotonic()
        if self._alive and (self._alive_told is None or now - self._alive_told >= ALIVE_EVERY):
            sign = Report(source=self._source.name, point=HEARTBEAT, dedup=HEARTBEAT, what="alive")
            await self._gate.take(self._source.name, [sign])
            self._alive, self._alive_told = False, now


def _end_if_cancelled() -> None:
    """End what was cancelled in the moment of an answer: `wait_for` of Python 3.11, in the libraries, forgets it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
