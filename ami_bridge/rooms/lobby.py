"""Who is in which room, as it happens: told to those whom it concerns; everything here answers from memory, at once."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import structs

from ami_bridge import wire
from ami_bridge.contacts.directory import ANYBODY, Audience, audience_of
from ami_bridge.numbers import Number, Numbers
from ami_bridge.people.model import People
from ami_bridge.rooms.desk import Live
from ami_bridge.rooms.events import RoomEvent, RoomNow, Wished, WrongPin
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.participants import Participants, Person

log = structlog.get_logger()

SHOWN_DIGITS = 4
"""Of a number whose owner does not moderate with us: enough to tell two callers apart."""


class Name(Protocol):
    """Whom to show."""

    @property
    def name(self) -> str:
        """What they are called."""


class Names(Protocol):
    """Who has which number, as the reader may know it."""

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Name | None:
        """Return the name of a number for this reader, from memory."""


class Lobby:
    """Watches all rooms."""

    def __init__(
        self,
        *,
        participants: Participants,
        keeper: Keeper,
        people: People,
        numbers: Numbers,
        names: Names,
        changed: Callable[[Room], None],
        wished: Callable[[Wished], None],
        now: Callable[[], datetime],
    ) -> None:
        """Tell `changed` of each room that looks different; `wished` does what a moderator's key asks for."""
        self._participants = participants
        self._keeper = keeper
        self._people = people
        self._numbers = numbers
        self._names = names
        self._changed = changed
        self._wished = wished
        self._now = now

    def apply(self, event: RoomEvent) -> None:
        """Take in what the PBX says."""
        news = self._participants.apply(event, self._now())
        if isinstance(event, Wished):
            self._wished(event)
            return
        room = self._keeper.room(event.room)
        if room is None or not news:
            return
        if isinstance(event, WrongPin):
            log.warning("rooms.guessed", room=room.id, why="many wrong PINs within ten minutes; callers are blocked")
        self._changed(room)

    def replace(self, rooms: Iterable[RoomNow]) -> None:
        """Take a snapshot as the truth."""
        for number in self._participants.replace(rooms, self._now()):
            self.look_again(number)

    def locked(self, number: str, *, on: bool) -> None:
        """Note that a room was locked or opened."""
        if self._participants.lock(number, on=on):
            self.look_again(number)

    def recorded(self, number: str, *, on: bool) -> None:
        """Note that a room is recorded, or no longer is."""
        if self._participants.record(number, on=on):
            self.look_again(number)

    def look(self) -> None:
        """Tell of rooms of which nobody guesses PINs any more, which no event says."""
        for number in self._participants.calmed(self._now()):
            self.look_again(number)

    def look_again(self, number: str) -> None:
        """Tell of a room once more."""
        if (room := self._keeper.room(number)) is not None:
            self._changed(room)

    def live(self, room: Room, login: str, *, moderates: bool) -> Live:
        """Return what goes on in a room, as this person may know it."""
        there = self._participants.open(room.number)
        guessed = moderates and self._participants.is_guessed(room.number, self._now())
        if there is None:
            return Live(guessed=guessed)
        reader = self._people.by_login(login)
        audience = ANYBODY if reader is None else audience_of(reader)
        waits = room.waits and not there.led
        shown = [
            structs.replace(self._shown(one, audience, moderates=moderates, waits=waits), me=self.is_of(one, login))
            for one in there.people.values()
        ]
        return Live(
            since=there.since,
            locked=there.locked,
            recorded=bool(there.recorded),
            guessed=guessed,
            participants=tuple(sorted(shown, key=lambda one: (one.since, one.id))),
        )

    def is_of(self, one: Person, login: str) -> bool:
        """Whether this is somebody: by the PIN, else by one of their own telephones."""
        pin = self._keeper.pin(one.person) if one.person else None
        if pin is not None and pin.login is not None:
            return pin.login == login
        person = self._people.by_login(login)
        return person is not None and one.number is not None and one.number in person.extensions

    def _shown(self, person: Person, audience: Audience, *, moderates: bool, waits: bool) -> wire.Participant:
        number = None if person.number is None else self._numbers.from_pbx(person.number)
        pin = self._keeper.pin(person.person) if person.person else None
        name = person.name or ("" if pin is None else pin.name)
        if not name and number is not None and (found := self._names.lookup(number, audience)):
            name = found.name
        text = display = None
        if number is not None:
            whole = number.exten or number.e164 or number.display
            hidden = number.exten is None and not moderates
            text = f"…{whole[-SHOWN_DIGITS:]}" if hidden else whole
            display = text if hidden else number.display
        return wire.Participant(
            id=person.leg,
            name=name or None,
            number=text,
            display=display,
            since=person.since,
            role="mod" if person.role == "mod" else "part",
            muted=person.muted,
            talking=person.talking,
            waiting=waits and person.role != "mod",
        )
