"""Who is in which conference room. Pure: events in, changed rooms out."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct, structs

from ami_bridge.rooms.events import (
    Closed,
    Joined,
    Left,
    Muted,
    Recording,
    Refused,
    RoomEvent,
    RoomNow,
    Talking,
    Wished,
    WrongPin,
)

GUESSES = 10
GUESSED_WITHIN = timedelta(minutes=10)
MOST_GUESSED = 1_000
"""Rooms of which wrong tries are remembered; callers can type any number."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody in a room."""

    leg: str
    channel: str
    number: str | None
    role: str
    person: str
    name: str
    since: datetime
    muted: bool = False
    talking: bool = False


class Open:
    """A room that somebody is in. Only Participants writes here."""

    __slots__ = ("locked", "people", "recorded", "since")

    def __init__(self, since: datetime) -> None:
        self.since = since
        self.locked = False
        self.recorded = ""
        self.people: dict[str, Person] = {}

    @property
    def led(self) -> bool:
        """Whether a moderator is there, so that nobody waits."""
        return any(one.role == "mod" for one in self.people.values())


class Participants:
    """All open rooms of one PBX."""

    def __init__(self) -> None:
        self._rooms: dict[str, Open] = {}
        self._guesses: dict[str, list[datetime]] = {}
        self._guessed: set[str] = set()
        """Rooms of which it was told that somebody seems to guess."""
        self.wrong_pins = 0
        """How many wrong PINs were typed since the start."""

    def open(self, room: str) -> Open | None:
        """Return a room that somebody is in."""
        return self._rooms.get(room)

    def rooms(self) -> list[str]:
        """Return the numbers of all open rooms."""
        return list(self._rooms)

    def apply(self, event: RoomEvent, now: datetime) -> bool:  # noqa: PLR0911 - one case a kind of event
        """Take in one event; say whether the room looks different now."""
        match event:
            case Joined(room=room, leg=leg):
                there = self._rooms.setdefault(room, Open(now))
                there.people[leg] = _person(event, now)
                return True
            case Left(room, leg):
                return self._leave(room, leg)
            case Muted(room, leg, on):
                return self._change(room, leg, muted=on, talking=False) if on else self._change(room, leg, muted=False)
            case Talking(room, leg, on):
                return self._change(room, leg, talking=on)
            case Closed(room):
                return self._rooms.pop(room, None) is not None
            case Recording(room, file):
                if not file and room not in self._rooms:
                    return False
                there = self._rooms.setdefault(room, Open(now))
                there.recorded = file
                return True
            case WrongPin(room):
                self.wrong_pins += 1
                return self._guess(room, now)
            case Refused() | Wished():
                return False
            case _:
                assert_never(event)

    def is_guessed(self, room: str, now: datetime) -> bool:
        """Whether somebody seems to guess PINs of this room just now."""
        return len([at for at in self._guesses.get(room, ()) if at > now - GUESSED_WITHIN]) >= GUESSES

    def calmed(self, now: datetime) -> set[str]:
        """Return the rooms of which nobody guesses PINs any more; each once."""
        calm = {room for room in self._guessed if not self.is_guessed(room, now)}
        self._guessed -= calm
        return calm

    def lock(self, room: str, *, on: bool) -> bool:
        """Note that a room was locked or opened, which no event tells; say whether that is news."""
        there = self._rooms.get(room)
        if there is None or there.locked == on:
            return False
        there.locked = on
        return True

    def record(self, room: str, *, on: bool) -> bool:
        """Note that a room is recorded or no longer is, where no event has told it; say whether that is news."""
        there = self._rooms.get(room)
        if there is None or bool(there.recorded) == on:
            return False
        there.recorded = "yes" if on else ""
        return True

    def replace(self, rooms: Iterable[RoomNow], now: datetime) -> set[str]:
        """Take a snapshot as the truth; return the rooms that look different now."""
        before = {number: _look(there) for number, there in self._rooms.items()}
        recorded = {number: there.recorded for number, there in self._rooms.items()}
        since = {number: there.since for number, there in self._rooms.items()}
        self._rooms = {}
        for one in rooms:
            if not one.people:
                continue
            people = {person.leg: _person(person, now) for person in one.people}
            there = Open(since.get(one.room, min(person.since for person in people.values())))
            there.locked, there.people, there.recorded = one.locked, people, recorded.get(one.room, "")
            self._rooms[one.room] = there
        after = {number: _look(there) for number, there in self._rooms.items()}
        return {number for number in before.keys() | after.keys() if before.get(number) != after.get(number)}

    def _leave(self, room: str, leg: str) -> bool:
        there = self._rooms.get(room)
        if there is None or there.people.pop(leg, None) is None:
            return False
        if not there.people:
            del self._rooms[room]
        return True

    def _change(self, room: str, leg: str, **news: bool) -> bool:
        there = self._rooms.get(room)
        person = None if there is None else there.people.get(leg)
        if there is None or person is None:
            return False
        changed = structs.replace(person, **news)
        there.people[leg] = changed
        return changed != person

    def _guess(self, room: str, now: datetime) -> bool:
        """Count a wrong try; true with the one that makes it look like guessing."""
        was = self.is_guessed(room, now)
        times = [at for at in self._guesses.pop(room, []) if at > now - GUESSED_WITHIN]
        self._guesses[room] = [*times[-2 * GUESSES :], now]
        while len(self._guesses) > MOST_GUESSED:
            del self._guesses[next(iter(self._guesses))]
        if was or not self.is_guessed(room, now):
            return False
        self._guessed.add(room)
        return True


def _person(joined: Joined, now: datetime) -> Person:
    return Person(
        leg=joined.leg,
        channel=joined.channel,
        number=joined.number,
        role=joined.role,
        person=joined.person,
        name=joined.name,
        since=now - timedelta(seconds=joined.seconds),
        muted=joined.muted,
        talking=joined.talking,
    )


def _look(there: Open) -> tuple[object, ...]:
    """Return what can be seen of a room, without times, which a snapshot tells in whole seconds."""
    people = [structs.replace(one, since=there.since) for _, one in sorted(there.people.items())]
    return there.locked, there.recorded, tuple(people)
