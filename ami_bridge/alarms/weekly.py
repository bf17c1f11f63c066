"""When the next regular test alarm is due: a weekday and a time, each week or the first one of each month."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta, tzinfo
from typing import Literal, Protocol

import structlog

from ami_bridge.alarms.model import By
from ami_bridge.alarms.reach import Test, TestKind
from ami_bridge.alarms.tests_reach import Wish
from ami_bridge.errors import BadRequestError, BusyError

log = structlog.get_logger()

LOOK_EVERY = 20.0
STILL = timedelta(hours=1)
"""A test that was missed because the daemon was away is made up for so long; later it would surprise people."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AT = re.compile(rf"({'|'.join(DAYS)}) ([01]?\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
LAST_FIRST = 7
LATE = timedelta(minutes=10)
"""So long after a start it may not be known yet who works here."""
TROUBLE = "regular-test"
Every = Literal["", "week", "month"]


class Newest(Protocol):
    """Knows the tests that were."""

    async def newest(self, most: int, kind: str | None = None, *, ended: bool = False) -> list[Test]:
        """Return the newest ones first."""


def read_at(text: str) -> tuple[int, time] | None:
    """Read `Wed 10:00` as the number of the day and the time; None where it is something else."""
    found = AT.fullmatch(" ".join(text.split()))
    return (DAYS.index(found[1].lower()), time(int(found[2]), int(found[3]))) if found else None


def last_due(every: Every, at: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return when a test was due last, at or before now."""
    read = read_at(at)
    if not every or read is None:
        return None
    weekday, clock = read
    today = now.astimezone(zone).date()
    for back in range(40):
        day = today - timedelta(days=back)
        due = datetime.combine(day, clock, zone)
        if day.weekday() == weekday and due <= now and (every == "week" or day.day <= LAST_FIRST):
            return due
    return None


class Troubles(Protocol):
    """Where it is told that there was none."""

    async def wrong(self, key: str, text: str, *, point: str) -> None:
        """Raise it once."""

    async def fine(self, key: str, *, point: str) -> None:
        """End it."""


class Regular:
    """Starts them."""

    def __init__(
        self,
        *,
        every: Every,
        at: str,
        to: list[str],
        seconds: int = 900,
        tests: Newest,
        start: Callable[[Wish, By | None, TestKind], Awaitable[Test]],
        troubles: Troubles,
        zone: tzinfo,
        now: Callable[[], datetime],
    ) -> None:
        self._every: Every = every
        self._at = at
        self._to = to
        self._seconds = seconds
        self._tests = tests
        self._start = start
        self._troubles = troubles
        self._zone = zone
        self._now = now

    async def look(self) -> None:
        """Start one, if it is due and was not started."""
        now = self._now()
        due = last_due(self._every, self._at, now, self._zone)
        if due is None or now - due > STILL:
            return
        last = await self._tests.newest(1, "scheduled")
        if last and last[0].started_at >= due:
            return
        try:
            await self._start(Wish(to=self._to, seconds=self._seconds), None, "scheduled")
        except BusyError:
            log.info("alarms.test_waits")
        except BadRequestError:
            if now - due >= LATE:
                text = (
                    f"Der regelmäßige Probealarm an {', '.join(self._to)} kann nicht stattfinden: "
                    "jemand davon arbeitet hier nicht mehr, oder die Liste ist leer ([alarms.tests], to)"
                )
                await self._troubles.wrong(TROUBLE, text, point="test")
        else:
            await self._troubles.fine(TROUBLE, point="test")
