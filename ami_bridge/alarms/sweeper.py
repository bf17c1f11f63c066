"""Looks every minute, by itself and by its own conditions, whether any open alarm is silent; and daily at the log.

It never rings: it gives such an alarm a time, and says so loudly. That nothing is lost rests on it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.alarms.chain import first_fault
from ami_bridge.alarms.model import SAME_EVENT, Chained

log = structlog.get_logger()

EVERY = 60.0
PURGE_EVERY = 3600.0
CHECK_EVERY = timedelta(days=1)
LINES_AT_ONCE = 2000
EARLY_ENDS = timedelta(hours=1)


class Store(Protocol):
    """Looks at all alarms."""

    async def sweep(self, now: datetime) -> list[str]:
        """Give every open alarm without a next time one; returns which those were."""

    async def overdue(self, now: datetime) -> int:
        """Return how many open alarms should have had their turn a while ago."""

    async def log(self, *, after: int, limit: int) -> list[Chained]:
        """Return lines of the log."""

    async def head(self) -> tuple[int, str, int, str]:
        """Return where the log ends, and where it begins."""

    async def purge(self, before: datetime, ends_before: datetime, events_before: datetime) -> int:
        """Delete what is older."""


class Sweeper:
    """Sweeps."""

    def __init__(
        self,
        *,
        store: Store,
        keep: timedelta,
        now: Callable[[], datetime],
        found: Callable[[Iterable[str]], None],
    ) -> None:
        """`found` is told of alarms that were given a time."""
        self._store = store
        self._keep = keep
        self._now = now
        self._found = found
        self._checked: datetime | None = None
        self.repairs = 0
        self.swept: datetime | None = None
        """When it last went through all open alarms, and none was waiting in vain."""

    async def sweep(self) -> None:
        """Look once."""
        now = self._now()
        ids = await self._store.sweep(now)
        if ids:
            self.repairs += len(ids)
            log.error("alarm.swept", alarms=len(ids))
            self._found(ids)
        waiting = await self._store.overdue(now)
        if waiting:
            log.error("alarm.overdue", alarms=waiting)
        else:
            self.swept = now
        if self._checked is None or self._checked + CHECK_EVERY <= now:
            await self.check()
            self._checked = now

    async def check(self) -> int | None:
        """Check the chain of the log; returns the first line that is wrong, if any."""
        end, last, first, prev = await self._store.head()
        seq = first - 1
        while lines := await self._store.log(after=seq, limit=LINES_AT_ONCE):
            if (fault := first_fault(lines, seq=seq, prev=prev)) is not None:
                log.error("alarm.log_broken", line=fault)
                return fault
            seq, prev = lines[-1].seq, lines[-1].hash
            if seq >= end:
                break
        if seq < end or (seq == end and prev != last):
            log.error("alarm.log_broken", line=seq + 1)
            return seq + 1
        log.info("alarm.log_checked", lines=end - first + 1)
        return None

    async def purge(self) -> None:
        """Delete closed alarms and lines of the log that are too old."""
        now = self._now()
        gone = await self._store.purge(now - self._keep, now - EARLY_ENDS, now - SAME_EVENT)
        if gone:
            log.info("alarm.purged", alarms=gone)
