"""How much may be dialled: per person and in total, and what is odd at night. Pure."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Protocol

from ami_bridge.errors import RateLimitedError

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BURST_WITHIN = timedelta(minutes=10)
FRIDAY = 4


class Rate(Protocol):
    """How often something may be done."""

    @property
    def minute(self) -> int:
        """In a minute."""

    @property
    def day(self) -> int:
        """In a day."""


class Limits:
    """Counts what was dialled in the last day."""

    def __init__(self, *, per_person: Rate, in_total: Rate) -> None:
        self._per_person = per_person
        self._in_total = in_total
        self._by_login: dict[str, deque[datetime]] = {}
        self._all: deque[datetime] = deque()

    def load(self, dialled: Iterable[tuple[str, datetime]]) -> None:
        """Begin with what was dialled before, oldest first."""
        for login, at in dialled:
            self._by_login.setdefault(login, deque()).append(at)
            self._all.append(at)

    def take(self, login: str, now: datetime) -> None:
        """Count one more; raises RateLimitedError where that is too many."""
        own = self._by_login.setdefault(login, deque())
        for times in (own, self._all):
            while times and times[0] <= now - DAY:
                times.popleft()
        _must_fit(own, self._per_person, now, "You have dialled too often")
        _must_fit(self._all, self._in_total, now, "The house has dialled too often")
        own.append(now)
        self._all.append(now)


def _must_fit(times: deque[datetime], rate: Rate, now: datetime, what: str) -> None:
    for most, within, word in ((rate.day, DAY, "day"), (rate.minute, MINUTE, "minute")):
        if len(times) >= most and (most == 0 or times[-most] > now - within):
            wait = (times[-most] + within - now if most else within).total_seconds()
            raise RateLimitedError(f"{what} within a {word}.", retry_after=max(1.0, wait))


class Nights:
    """Notices many outside calls when nobody should be there."""

    def __init__(self, *, hours: str, burst: int) -> None:
        """`hours` are those of work, like `06:00-20:00`, Monday to Friday."""
        self._from, self._to = hours_of(hours)
        self._burst = burst
        self._times: deque[datetime] = deque()

    def dialled(self, local: datetime) -> bool:
        """Take an outside call at this local time; says whether that makes a burst. Told once, then counted anew."""
        if local.weekday() <= FRIDAY and self._from <= local.time() < self._to:
            return False
        self._times.append(local)
        while self._times[0] <= local - BURST_WITHIN:
            self._times.popleft()
        if len(self._times) < self._burst:
            return False
        self._times.clear()
        return True


def hours_of(text: str) -> tuple[time, time]:
    """Read `06:00-20:00`; raises ValueError for anything else."""
    begin, _, end = text.partition("-")
    return time.fromisoformat(begin), time.max if end == "24:00" else time.fromisoformat(end)
