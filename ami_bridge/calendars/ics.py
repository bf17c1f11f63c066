"""iCalendar text to an appointment and its times, and the text with our lines in it. Pure.

What comes is hostile: the limits keep a rule from being unfolded for seconds. Call it in a thread all the same.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo

import icalendar
import recurring_ical_events
from msgspec import structs

from ami_bridge.calendars.block import block, is_our_place, one_tap, place, with_block
from ami_bridge.calendars.lines import Line, escaped, in_lines, line, lines_of, text_of, unescaped
from ami_bridge.calendars.model import Appointment, Entrance
from ami_bridge.calendars.times import (
    MOST_TIMES,
    STUMBLES,
    UnreadableError,
    address_of,
    aware,
    bare,
    calendar_of,
    end_of,
    many,
    must_be_harmless,
    start_of,
)

LOOK_AHEAD = timedelta(days=366)
LONGEST = timedelta(hours=24)
LABEL = "Telefonkonferenz"
ROOM = "X-AMIBRIDGE-ROOM"
CALL = "X-AMIBRIDGE-CALL"
WORDS_OF_CALL = re.compile(r"(?:bitte anrufen|please call): *(.+)", re.IGNORECASE)
MOST_CALLS = 10


def read(text: str, *, now: datetime, zone: tzinfo, still: timedelta = timedelta(0)) -> Appointment:
    """Read an appointment; `zone` is of times without one, `still` how long what is over counts as to come."""
    try:
        return _read(text, now=now, zone=zone, still=still)
    except UnreadableError:
        raise
    except STUMBLES as error:
        raise UnreadableError(type(error).__name__) from error


def _read(text: str, *, now: datetime, zone: tzinfo, still: timedelta) -> Appointment:
    events = calendar_of(text).walk("VEVENT")
    if not events:
        raise UnreadableError("no appointment is in it")
    first = next((event for event in events if "RECURRENCE-ID" not in event), events[0])
    must_be_harmless(events)
    found = Appointment(
        uid=str(first.get("UID", "")),
        title=" ".join(str(first.get("SUMMARY", "")).split()),
        series=any(name in first for name in ("RRULE", "RDATE")) or len(events) > 1,
        all_day=not isinstance(start_of(first), datetime),
        cancelled=str(first.get("STATUS", "")).upper() == "CANCELLED",
        organizer=address_of(first.get("ORGANIZER")),
        attendees=tuple(filter(None, (address_of(one) for one in many(first.get("ATTENDEE"))))),
        calls=_calls(first),
    )
    if not found.uid:
        raise UnreadableError("it has no UID")
    if found.all_day or found.cancelled:
        return found
    return _with_times(found, events, text, now=now, zone=zone, still=still)


def write(text: str, said: Entrance) -> str:
    """Return the text with our lines in every appointment of it, and nothing else changed."""
    return _edited(text, lambda event: _written(event, said))


def shows(text: str, said: Entrance) -> bool:
    """Whether all that matters stands there: our block, as it is to be, in every appointment."""
    wanted = block(said)
    found = [
        with_block(unescaped(description.value), wanted) == unescaped(description.value)
        for event in _events(lines_of(text))
        for description in [next((one for one in event if one.name == "DESCRIPTION"), line("DESCRIPTION", ""))]
    ]
    return bool(found) and all(found)


def answer(text: str, address: str, how: str) -> str:
    """Return the text in which the attendee of this address has answered: ACCEPTED or DECLINED."""

    def answered(event: list[Line]) -> list[Line]:
        return [
            line(one.name, one.value, (*(p for p in one.parameters if not _is_answer(p)), f"PARTSTAT={how}"))
            if one.name == "ATTENDEE" and bare(one.value) == address.casefold()
            else one
            for one in event
        ]

    return _edited(text, answered)


def has_answered(text: str, address: str, how: str) -> bool:
    """Whether the attendee of this address has answered so everywhere."""
    found = [
        f"PARTSTAT={how}" in (parameter.upper() for parameter in one.parameters)
        for event in _events(lines_of(text))
        for one in event
        if one.name == "ATTENDEE" and bare(one.value) == address.casefold()
    ]
    return bool(found) and all(found)


# -- reading ----------------------------------------------------------------------------------------------------------


def _with_times(
    found: Appointment, events: list[icalendar.Component], text: str, *, now: datetime, zone: tzinfo, still: timedelta
) -> Appointment:
    """Find the times that are still to come, of a series those of about a year."""
    begin = min((aware(start_of(event), zone) for event in events), default=now)
    since = max(now - still, begin - timedelta(days=1))
    until = max(now, begin) + LOOK_AHEAD
    between = recurring_ical_events.of(calendar_of(text)).between(since, until)
    times = sorted(
        (aware(start_of(one), zone), aware(end_of(one), zone))
        for one in between[:MOST_TIMES]
        if str(one.get("STATUS", "")).upper() != "CANCELLED"
    )
    times = [(start, end) for start, end in times if end > now - still and end - start <= LONGEST and end > start]
    if not times:
        return found
    last = max(end for _, end in times)
    goes_on = found.series and until - last < timedelta(days=35)
    upcoming = next((start for start, _ in times if start > now), None)
    return structs.replace(found, starts=times[0][0], ends=last, goes_on=goes_on, next_start=upcoming)


def _is_answer(parameter: str) -> bool:
    return parameter.upper().startswith(("PARTSTAT=", "RSVP="))


def _calls(event: icalendar.Component) -> tuple[str, ...]:
    """Find who asked to be called: in a property of ours, or in a line of the description."""
    said = [str(one) for one in many(event.get(CALL))]
    lines = str(event.get("DESCRIPTION", "")).splitlines()
    said += [found[1] for one in lines if (found := WORDS_OF_CALL.fullmatch(one.strip()))]
    numbers = [" ".join(number.split()) for one in said for number in re.split(r"[,;]", one)]
    return tuple(dict.fromkeys(number for number in numbers if re.search(r"\d", number)))[:MOST_CALLS]


# -- writing ----------------------------------------------------------------------------------------------------------


def _edited(text: str, edit: Callable[[list[Line]], list[Line]]) -> str:
    """Give the own lines of each appointment (not of its alarms) to `edit`, and put back what comes out."""
    done: list[Line] = []
    event: list[Line] | None = None
    inside: list[Line] = []
    depth = 0
    for one in lines_of(text):
        word = one.value.strip().upper()
        if event is None:
            done.append(one)
            if (one.name, word) == ("BEGIN", "VEVENT"):
                event, inside, depth = [], [], 0
            continue
        if one.name == "END" and depth == 0:
            done += [*edit(event), *inside, one]
            event = None
            continue
        depth += {"BEGIN": 1, "END": -1}.get(one.name, 0)
        (inside if depth or one.name == "END" else event).append(one)
    if event is not None:
        raise UnreadableError("an appointment does not end")
    return text_of(done)


def _events(lines: list[Line]) -> Iterator[list[Line]]:
    """Give the own lines of each appointment."""
    found: list[list[Line]] = []

    def look(event: list[Line]) -> list[Line]:
        found.append(event)
        return event

    _edited(text_of(lines), look)
    yield from found


def _written(event: list[Line], said: Entrance) -> list[Line]:
    """Change description, place, conference and our own property; every other line stays."""
    new = block(said)
    done, seen = [], set()
    others_conference = any(one.name == "CONFERENCE" and not _is_ours(one) for one in event)
    for one in event:
        match one.name:
            case "DESCRIPTION" if "DESCRIPTION" not in seen:
                done.append(_described(one, new))
            case "LOCATION" if "LOCATION" not in seen:
                done.append(_placed(one, said))
            case "X-AMIBRIDGE-ROOM":
                continue
            case "CONFERENCE" if _is_ours(one):
                continue
            case _:
                done.append(one)
        seen.add(one.name)
    if "DESCRIPTION" not in seen:
        done.append(line("DESCRIPTION", escaped(new)))
    if said.number:
        if "LOCATION" not in seen:
            done.append(line("LOCATION", escaped(place(said))))
        if not others_conference:
            tap = one_tap(said).replace("#", "%23").replace(",", "%2C")  # Radicale cuts at a comma
            done.append(line("CONFERENCE", f"tel:{tap}", ("VALUE=URI", "FEATURE=PHONE", f'LABEL="{LABEL}"')))
        done.append(line(ROOM, said.number))
    return done


def _described(one: Line, new: str) -> Line:
    r"""Put our block in; a second form of the old text, for clients with HTML, would hide it and goes.

    What people wrote stays escaped as it is, for not every client does that right (`C:\\temp`), and others show it so.
    """
    before = in_lines(one.value)
    after = with_block(before, in_lines(escaped(new)))
    if after == before:
        return one
    return line(
        one.name, after.replace("\n", "\\n"), tuple(p for p in one.parameters if not p.upper().startswith("ALTREP="))
    )


def _placed(one: Line, said: Entrance) -> Line:
    if not is_our_place(unescaped(one.value)):
        return one
    text = escaped(place(said)) if said.number else ""
    return one if text == one.value else line(one.name, text)


def _is_ours(one: Line) -> bool:
    return any(LABEL in parameter for parameter in one.parameters if parameter.upper().startswith("LABEL="))
