"""Signs of life of sources: expected from the moment that a source is configured, and raised when they are missing."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct, structs

from ami_bridge.alarms.model import Report
from ami_bridge.alarms.sources.words import HEARTBEAT
from ami_bridge.config_alarms import Source

log = structlog.get_logger()

LOOK_EVERY = 2.0
KEPT_EVERY = timedelta(seconds=10)
"""A sign of life is written at most this often; memory knows all of them."""


class Heartbeat(Struct, frozen=True, kw_only=True):
    """When a source lived."""

    source: str
    armed_at: datetime
    beat_at: datetime | None = None
    missing_since: datetime | None = None


class Rows(Protocol):
    """Where signs of life are kept."""

    async def heartbeats(self) -> Sequence[Heartbeat]:
        """Return all that were ever armed."""

    async def arm(self, source: str, now: datetime) -> None:
        """Expect signs of life from now on."""

    async def beat(self, source: str, at: datetime) -> None:
        """Keep that it lives."""

    async def missing(self, source: str, since: datetime) -> None:
        """Keep that it is missed."""


class Takes(Protocol):
    """Where reports go."""

    async def report(self, report: Report) -> str:
        """Keep one; returns after the commit."""


class Heartbeats:
    """Watches the sources that are to show that they live."""

    def __init__(self, sources: Iterable[Source], *, rows: Rows, takes: Takes, now: Callable[[], datetime]) -> None:
        self._sources = {source.name: source for source in sources}
        self._rows = rows
        self._takes = takes
        self._now = now
        self._known: dict[str, Heartbeat] = {}
        self._kept: dict[str, datetime] = {}
        self._expected: dict[str, datetime] = {}

    async def load(self) -> None:
        """Arm what is new, with its grace; whatever was silent while we were not there gets that time as well."""
        now = self._now()
        self._known = {one.source: one for one in await self._rows.heartbeats()}
        for name, source in self._sources.items():
            if name not in self._known:
                await self._rows.arm(name, now)
                self._known[name] = Heartbeat(source=name, armed_at=now)
            known = self._known[name]
            last = known.beat_at or known.armed_at
            usual = last + timedelta(seconds=source.heartbeat_every + source.grace)
            self._expected[name] = max(usual, now + timedelta(seconds=source.grace))

    def states(self) -> dict[str, Heartbeat]:
        """Return what is known, by the names of the sources that are watched."""
        return {name: self._known[name] for name in self._sources if name in self._known and self._watched(name)}

    async def beat(self, name: str) -> None:
        """Take note of a sign of life; whoever was missed is back. Raises NotReachableError where it was not kept."""
        known = self._known.get(name)
        if known is None:
            return
        now = self._now()
        source = self._sources[name]
        self._expected[name] = now + timedelta(seconds=source.heartbeat_every + source.grace)
        if known.missing_since is not None:
            await self._takes.report(_report(source, "go"))
            log.info("alarm.source_is_back", source=name)
        elif now - self._kept.get(name, known.armed_at) < KEPT_EVERY and known.beat_at is not None:
            self._known[name] = structs.replace(known, beat_at=now)
            return
        await self._rows.beat(name, now)
        self._kept[name] = now
        self._known[name] = structs.replace(known, beat_at=now, missing_since=None)

    async def lost(self, name: str, text: str) -> str:
        """Raise that a source is gone, without waiting for its time; returns the alarm's id."""
        known, source, now = self._known.get(name), self._sources.get(name), self._now()
        if known is None or source is None:
            return ""
        id_ = await self._takes.report(_report(source, "come", text))
        if known.missing_since is None:
            log.warning("alarm.source_silent", source=name)
            await self._rows.missing(name, now)
            self._known[name] = structs.replace(known, missing_since=now)
        return id_

    async def look(self) -> None:
        """Raise what is missing by now. The alarm comes first: kept twice it counts, not kept it would be silence."""
        now = self._now()
        for name, expected in list(self._expected.items()):
            known = self._known[name]
            if self._watched(name) and known.missing_since is None and now > expected:
                last = known.beat_at or known.armed_at
                await self.lost(name, f"kein Lebenszeichen seit {last.astimezone():%d.%m. %H:%M} Uhr")

    def _watched(self, name: str) -> bool:
        return self._sources[name].heartbeat_every > 0


def _report(source: Source, what: str, text: str = "") -> Report:
    if what == "go":
        return Report(source=source.name, point=HEARTBEAT, dedup=HEARTBEAT, what="go")
    return Report(source=source.name, point=HEARTBEAT, dedup=HEARTBEAT, text=text)
