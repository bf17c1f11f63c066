"""The times of an appointment, one by one, with what stands at each; and the parts from which they are read. Pure.

What comes is hostile: the limits keep a rule from being unfolded for seconds. Call it in a thread all the same.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import icalendar
import recurring_ical_events
from icalendar.error import BrokenCalendarProperty
from msgspec import Struct

LONGEST_TEXT = 1_000_000
MOST_EVENTS = 500
MOST_DATES = 1_000
MOST_COUNT = 2_000
MOST_TIMES = 5_000
MOST_RULES = 10
"""One that never comes true costs seconds, up to the year 9999."""
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
STUMBLES = (ArithmeticError, AttributeError, BrokenCalendarProperty, LookupError, RecursionError, TypeError, ValueError)
"""What the libraries raise at what nobody honest sends."""


class UnreadableError(ValueError):
    """It is no appointment, or one that nobody honest sends."""


class Occurrence(Struct, frozen=True, kw_only=True):
    """One time of an appointment."""

    title: str
    starts: datetime
    ends: datetime
    """By the clock on the wall: a night shift until 06:00 ends then, also when the clock is changed in it."""
    organizer: str = ""
    attendees: tuple[str, ...] = ()
    """Addresses of the persons among them who have not declined."""


def occurrences(text: str, *, since: datetime, until: datetime, zone: tzinfo) -> tuple[Occurrence, ...]:
    """Unfold what is in the text within these times, in their order; `zone` is of times without one, and of days."""
    try:
        return _occurrences(text, since=since, until=until, zone=zone)
    except UnreadableError:
        raise
    except STUMBLES as error:
        raise UnreadableError(type(error).__name__) from error


def _occurrences(text: str, *, since: datetime, until: datetime, zone: tzinfo) -> tuple[Occurrence, ...]:
    calendar = calendar_of(text)
    events = calendar.walk("VEVENT")
    must_be_harmless(events)
    for event in events:
        start_of(event)
    day = timedelta(days=1)  # the library knows no zone of ours, so it is asked for a little more
    found = [
        _occurrence(one, zone)
        for one in recurring_ical_events.of(calendar).between(since - day, until + day)[:MOST_TIMES]
        if str(one.get("STATUS", "")).upper() != "CANCELLED"
    ]
    inside = [one for one in found if one.starts < one.ends and one.ends > since and one.starts < until]
    return tuple(sorted(inside, key=lambda one: (one.starts, one.ends)))


def _occurrence(event: icalendar.Component, zone: tzinfo) -> Occurrence:
    end = end_of(event)
    if end == start_of(event) and not isinstance(end, datetime):
        end += timedelta(days=1)  # a day without an end lasts that day
    return Occurrence(
        title=" ".join(str(event.get("SUMMARY", "")).split()),
        starts=aware(start_of(event), zone).astimezone(UTC),
        ends=aware(end, zone).astimezone(UTC),
        organizer=address_of(event.get("ORGANIZER")),
        attendees=tuple(address_of(one) for one in many(event.get("ATTENDEE")) if _comes(one.params)),
    )


def _comes(said: Mapping[str, object]) -> bool:
    """Whether this attendee is somebody who is there, not a room, nor somebody who is only told."""
    return (
        str(said.get("PARTSTAT", "")).upper() != "DECLINED"
        and str(said.get("CUTYPE", "")).upper() not in {"RESOURCE", "ROOM"}
        and str(said.get("ROLE", "")).upper() != "NON-PARTICIPANT"
    )


# -- the parts --------------------------------------------------------------------------------------------------------


def calendar_of(text: str) -> icalendar.Calendar:
    """Read the text; the libraries raise STUMBLES besides our own error."""
    if len(text) > LONGEST_TEXT:
        raise UnreadableError("too long")
    found = icalendar.Calendar.from_ical(text)
    if not isinstance(found, icalendar.Calendar):
        raise UnreadableError("no calendar")
    return found


def must_be_harmless(events: Sequence[icalendar.Component]) -> None:
    """Refuse what would take long to unfold."""
    if len(events) > MOST_EVENTS:
        raise UnreadableError("too many exceptions")
    if sum(len(many(event.get("RRULE"))) for event in events) > MOST_RULES:
        raise UnreadableError("it has too many rules")
    for event in events:
        _must_be_harmless(event)


def _must_be_harmless(event: icalendar.Component) -> None:
    for rule in many(event.get("RRULE")):
        frequency = [str(one).upper() for one in rule.get("FREQ", [])]
        if len(frequency) != 1 or frequency[0] not in FREQUENCIES:
            raise UnreadableError("it recurs more often than daily")
        if any(len(rule.get(name, [])) > 1 for name in ("BYHOUR", "BYMINUTE", "BYSECOND")):
            raise UnreadableError("it recurs more often than daily")
        if any(int(one) > MOST_COUNT for one in rule.get("COUNT", [])):
            raise UnreadableError("it recurs too often")
        if any(int(one) < 1 for one in rule.get("INTERVAL", [])):  # with 0 the library would never come to an end
            raise UnreadableError("it recurs at no interval")
    for name in ("RDATE", "EXDATE"):
        if sum(len(getattr(one, "dts", ())) for one in many(event.get(name))) > MOST_DATES:
            raise UnreadableError("it recurs too often")


def start_of(event: icalendar.Component) -> date:
    """Return when it starts: a day or a time, perhaps without a zone."""
    start: object = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date):
        raise UnreadableError("it has no time")
    return start


def end_of(event: icalendar.Component) -> date:
    """Return when it ends, however that is said."""
    start = start_of(event)
    end: object = getattr(event.get("DTEND"), "dt", None)
    if isinstance(end, date):
        return end
    length: object = getattr(event.get("DURATION"), "dt", None)
    return start + length if isinstance(length, timedelta) else start


def aware(at: date, zone: tzinfo) -> datetime:
    """Give a time without a zone this one, and a day its first moment there."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)  # noqa: DTZ001 - the zone comes next
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def many(value: Any) -> list[Any]:  # noqa: ANN401 - whatever icalendar has there
    """Return the values of a property: none, one or several."""
    return [] if value is None else value if isinstance(value, list) else [value]


def address_of(value: object) -> str:
    """Return the address of an attendee or organizer."""
    return "" if value is None else bare(str(value))


def bare(address: str) -> str:
    """Return an address as it is compared."""
    return re.sub(r"^mailto:", "", address.strip(), flags=re.IGNORECASE).casefold()
