"""Hours in which nobody is rung for alarms that can wait. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/Berlin")


def quiet_until(hours: str, now: datetime) -> datetime | None:
    """Return when the quiet hours (`22:00-06:00`, by the clock on the wall) end that it is in; None: it is not."""
    if not hours:
        return None
    first, last = (_time(text) for text in hours.split("-"))
    today = now.astimezone(HERE).date()
    for day in (today - timedelta(days=1), today):
        begins = _at(day, first)
        ends = _at(day if last > first else day + timedelta(days=1), last)
        if begins <= now < ends:
            return ends
    return None


def _time(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _at(day: date, after_midnight: timedelta) -> datetime:
    """Return a time of the wall's clock in UTC; of one that does not exist, the moment at which it would be."""
    days, rest = divmod(after_midnight, timedelta(days=1))
    wall = datetime.combine(day + timedelta(days=days), time(), HERE) + rest
    return wall.astimezone(UTC)
