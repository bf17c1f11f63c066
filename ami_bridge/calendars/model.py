"""What is known of an appointment, and what is written into one."""

from datetime import datetime

from msgspec import Struct


class Appointment(Struct, frozen=True, kw_only=True):
    """An appointment or a series, as far as its conference is concerned."""

    uid: str
    title: str
    starts: datetime | None = None
    ends: datetime | None = None
    """From the first to the last of its times that are still to come; None where there are none."""
    series: bool = False
    goes_on: bool = False
    """Whether there are more times than we looked at."""
    all_day: bool = False
    cancelled: bool = False
    organizer: str = ""
    """Address, or whatever the calendar says instead of one."""
    attendees: tuple[str, ...] = ()
    """Addresses."""
    calls: tuple[str, ...] = ()
    """Numbers that are to be called at the start."""
    next_start: datetime | None = None


class Entrance(Struct, frozen=True, kw_only=True):
    """How to get into a conference, as an appointment says it."""

    language: str = "de"
    dial_in: str = ""
    number: str = ""
    pin: str = ""
    """The guests' one, and no other: everybody sees an appointment."""
    notes: tuple[str, ...] = ()
    """Sentences that people should read there."""
