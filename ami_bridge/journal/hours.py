"""How many calls the house had in each hour of today: of all together, never of one person."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from msgspec import Struct

from ami_bridge import wire

FEWEST = 5
"""People with a telephone; in a smaller house the numbers would be somebody's own."""
FRESH = timedelta(seconds=60)
HOUR = timedelta(hours=1)


class Hour(Struct, frozen=True, kw_only=True):
    """The calls that began within one hour."""

    starts: datetime
    incoming: int = 0
    """From outside, and somebody answered."""
    missed: int = 0
    """From outside, and nobody did."""
    outgoing: int = 0
    internal: int = 0


class Hours(Struct, frozen=True, kw_only=True):
    """A day of the house."""

    hours: Sequence[Hour]
    too_few: bool = False
    """Whether nothing is told, because the house is too small."""


class Began(Struct, frozen=True):
    """One row of a finished call, without anybody's name or number."""

    call_id: str
    direction: wire.Direction
    result: wire.Result
    started_at: datetime


class Store(Protocol):
    """Where finished calls are kept."""

    async def began(self, since: datetime) -> Sequence[Began]:
        """Return what began since then."""


class HouseHours:
    """Counts, at most once a minute."""

    def __init__(
        self, *, store: Store, telephones: Callable[[], int], zone: tzinfo, now: Callable[[], datetime]
    ) -> None:
        """`telephones` tells how many people have one."""
        self._store = store
        self._telephones = telephones
        self._zone = zone
        self._now = now
        self._counted: tuple[datetime, Hours] | None = None

    async def today(self) -> Hours:
        """Return the hours of today, as this house's clocks have them."""
        if self._telephones() < FEWEST:
            return Hours(hours=(), too_few=True)
        now = self._now()
        if self._counted is None or not timedelta() <= now - self._counted[0] < FRESH:
            first = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
            self._counted = now, Hours(hours=by_hour(await self._store.began(first), first, self._zone))
        return self._counted[1]


def by_hour(rows: Iterable[Began], first: datetime, zone: tzinfo) -> tuple[Hour, ...]:
    """Count each call once, in the hour in which it began; a day has 23 to 25 of them."""
    starts, last = first.astimezone(UTC), (first.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    count = round((last.astimezone(UTC) - starts) / HOUR)
    counts = [dict.fromkeys(("incoming", "missed", "outgoing", "internal"), 0) for _ in range(count)]
    calls: dict[str, list[Began]] = {}
    for row in rows:
        calls.setdefault(row.call_id, []).append(row)
    for legs in calls.values():
        at = int((min(leg.started_at for leg in legs) - starts) / HOUR)
        if 0 <= at < count:
            counts[at][_kind(legs)] += 1
    return tuple(Hour(starts=starts + at * HOUR, **some) for at, some in enumerate(counts))


def _kind(legs: Sequence[Began]) -> str:
    directions = {leg.direction for leg in legs}
    if "in" in directions:
        return "missed" if all(leg.result != "answered" for leg in legs) else "incoming"
    return "outgoing" if "out" in directions else "internal"
