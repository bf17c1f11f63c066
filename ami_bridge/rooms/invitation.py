"""What people are sent to find into a room, in German and English. Pure."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from ami_bridge.rooms.model import Room

TEXTS = {
    "de": (
        "Telefonkonferenz: {title}",
        "{day}, {begin} bis {end} Uhr",
        "Einwahl: {dial_in}",
        "Raum: {number}#",
        "PIN: {pin}#",
    ),
    "en": (
        "Telephone conference: {title}",
        "{day}, {begin} to {end}",
        "Dial in: {dial_in}",
        "Room: {number}#",
        "PIN: {pin}#",
    ),
}
DAYS = {"de": "%d.%m.%Y", "en": "%d %B %Y"}


def invitation(room: Room, *, pin: str, dial_in: str, zone: tzinfo) -> Mapping[str, str]:
    """Write it in each language; the time is left out where a room has none."""
    return {language: _text(language, room, pin, dial_in, zone) for language in TEXTS}


def _text(language: str, room: Room, pin: str, dial_in: str, zone: tzinfo) -> str:
    title, when, *lines = TEXTS[language]
    words = {"title": " ".join(room.title.split()), "dial_in": dial_in, "number": room.number, "pin": pin}
    if room.starts is not None and room.ends is not None:
        lines.insert(0, when)
        words |= {
            "day": room.starts.astimezone(zone).strftime(DAYS[language]),
            "begin": _clock(room.starts, zone),
            "end": _clock(room.ends, zone),
        }
    return "\n".join(line.format(**words) for line in (title, *lines))


def _clock(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M")
