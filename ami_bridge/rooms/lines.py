"""Whether there are lines enough for conferences at the same time. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from ami_bridge.rooms.model import Room

LONGEST = timedelta(days=1)
"""What is booked for longer is a series: when it takes place is not known here, so it does not count."""


class Lines(Struct, frozen=True, kw_only=True):
    """What the site has."""

    there: int = 0
    """Calls from outside that may be in conferences at the same time; 0: not known, so there are always enough."""
    each: int = 4
    """How many are expected in a room, unless it has fewer places."""


class Crowd(Struct, frozen=True, kw_only=True):
    """A moment at which there are not lines enough."""

    at: datetime
    rooms: int
    needed: int


def crowd(room: Room, rooms: Iterable[Room], lines: Lines) -> Crowd | None:
    """Return when most lines are needed in a room's time, if there are not enough.

    Only rooms that were made before it count: whoever was first has the lines, and hears nothing when others book.
    """
    if not lines.there or not _counts(room):
        return None
    earlier = [one for one in rooms if _counts(one) and (one.created, one.id) < (room.created, room.id)]
    others = [one for one in earlier if _begin(one) < _end(room) and _begin(room) < _end(one)]
    moments = {max(_begin(one), _begin(room)) for one in (room, *others)}
    found = [_at(moment, [room, *others], lines) for moment in sorted(moments)]
    most = max(found, key=lambda one: one.needed)
    return most if most.needed > lines.there else None


def crowds(rooms: Sequence[Room], lines: Lines, now: datetime) -> list[Crowd]:
    """Return the moments to come for which too much is booked, one for each room that was one too many."""
    found = (crowd(room, rooms, lines) for room in rooms if _counts(room) and _end(room) > now)
    return sorted({(one.at, one.needed): one for one in found if one}.values(), key=lambda one: one.at)


def _at(moment: datetime, rooms: Sequence[Room], lines: Lines) -> Crowd:
    there = [one for one in rooms if _begin(one) <= moment < _end(one)]
    return Crowd(at=moment, rooms=len(there), needed=sum(min(one.most, lines.each) for one in there))


def _counts(room: Room) -> bool:
    return room.starts is not None and room.ends is not None and room.ends - room.starts <= LONGEST


def _begin(room: Room) -> datetime:
    return room.starts or room.created


def _end(room: Room) -> datetime:
    return room.ends or room.created
