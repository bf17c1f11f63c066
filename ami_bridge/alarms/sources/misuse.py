"""What every report of a source comes by: may it say that, does it come too often? Nothing is ever dropped here."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import structs

from ami_bridge.alarms.model import Report
from ami_bridge.alarms.sources.words import HEARTBEAT
from ami_bridge.config_alarms import Source
from ami_bridge.errors import NotReachableError

log = structlog.get_logger()

AT_ONCE = 100
"""Reports of one source that wait for the disk at the same time: more are sent away to come again.

Few enough that they are kept before a sender has lost its patience: what it sends once more is work for nothing.
"""
CALM_EVERY = 15.0


class Takes(Protocol):
    """Where reports go."""

    async def reports(self, reports: Sequence[Report]) -> list[str]:
        """Keep all of them or none; returns after the commit."""


class Lives(Protocol):
    """Who watches signs of life."""

    async def beat(self, name: str) -> None:
        """Take note of one."""

    async def lost(self, name: str, text: str) -> str:
        """Raise that a source is gone."""


class Troubles(Protocol):
    """Raises what is wrong with a source itself."""

    async def wrong(self, key: str, text: str, *, point: str) -> None:
        """Raise it once."""

    async def fine(self, key: str, *, point: str) -> None:
        """End it."""


class Gate:
    """Lets reports in."""

    def __init__(
        self,
        sources: Iterable[Source],
        *,
        takes: Takes,
        lives: Lives,
        troubles: Troubles,
        now: Callable[[], datetime],
    ) -> None:
        self._sources: Mapping[str, Source] = {source.name: source for source in sources}
        self._takes = takes
        self._lives = lives
        self._troubles = troubles
        self._now = now
        self._lately: dict[str, deque[datetime]] = {name: deque() for name in self._sources}
        self._waiting: dict[str, int] = dict.fromkeys(self._sources, 0)

    def full(self, name: str) -> bool:
        """Whether so many reports of a source wait that no more are taken now."""
        return self._waiting[name] >= AT_ONCE

    async def take(self, name: str, reports: Sequence[Report]) -> list[str]:
        """Let in what a source reports; returns the ids of the alarms after the commit.

        Raises NotReachableError where it could not be kept, or where too many wait already: the source must send it
        again.
        """
        source = self._sources[name]
        if self._waiting[name] and self._waiting[name] + len(reports) > AT_ONCE:
            raise NotReachableError("too many reports of this source wait for the disk")
        self._waiting[name] += len(reports)
        try:
            return await self._take(source, reports)
        finally:
            self._waiting[name] -= len(reports)

    async def _take(self, source: Source, reports: Sequence[Report]) -> list[str]:
        signs = [one for one in reports if one.what == "alive" or (one.point == HEARTBEAT and one.what == "come")]
        told = [self._allowed(source, one) for one in reports if one not in signs]
        ids = await self._takes.reports(told) if told else []
        for one in signs:
            if one.what == "alive":
                await self._lives.beat(source.name)
            else:
                ids.append(await self._lives.lost(source.name, one.text))
        if not signs:  # whoever reports lives
            await self._lives.beat(source.name)
        await self._count(source, sum(one.what == "come" for one in told))
        return [id_ for id_ in ids if id_]

    def _allowed(self, source: Source, report: Report) -> Report:
        """Let a source say no more than it may: what is configured of a point wins over what is said of it."""
        point = source.points.get(report.point)
        own = {source.alarm_class, *source.classes, *(one.alarm_class for one in source.points.values())}
        changed = report
        if report.alarm_class is not None and (report.alarm_class not in own or (point and point.alarm_class)):
            changed = structs.replace(changed, alarm_class=None)
        if report.priority is not None and point is not None and point.priority is not None:
            changed = structs.replace(changed, priority=None)
        if source.points and point is None and source.kind != "call":
            changed = structs.replace(changed, values={**changed.values, "unbekannter Punkt": report.point})
        return changed

    async def _count(self, source: Source, comes: int) -> None:
        """Raise that a source floods, beside what it reports."""
        now = self._now()
        lately = self._lately[source.name]
        lately.extend([now] * comes)
        self._forget(source, now)
        if len(lately) > source.limit.count:
            log.warning("alarm.source_floods", source=source.name, reports=len(lately))
            await self._troubles.wrong(
                f"flood/{source.name}",
                f"Die Quelle {source.label or source.name} meldet sehr viel auf einmal",
                point="flood",
            )

    async def calm(self) -> None:
        """End floods that are over."""
        now = self._now()
        for name, source in self._sources.items():
            self._forget(source, now)
            if len(self._lately[name]) <= source.limit.count:
                await self._troubles.fine(f"flood/{name}", point="flood")

    def _forget(self, source: Source, now: datetime) -> None:
        lately, since = self._lately[source.name], now - timedelta(minutes=source.limit.minutes)
        while lately and lately[0] <= since:
            lately.popleft()
