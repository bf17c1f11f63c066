"""Rooms as people wish for them, checked and filled in. Pure but for chance; nothing is kept here."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, structs

from ami_bridge.errors import BadRequestError, NotAllowedError
from ami_bridge.people.model import People, Person
from ami_bridge.rooms.lines import Lines
from ami_bridge.rooms.model import Kind, Pin, Role, Room
from ami_bridge.rooms.pins import Random, number_for, pin_for

LONGEST_TITLE = 200
LONGEST_BOOKING = timedelta(days=400)
MOST_PEOPLE = 200
LANGUAGES = ("de", "en")
MOST_PINS = 100
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Would do something to the terminal of who lists rooms."""


class Invited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who gets a PIN of their own."""

    login: str | None = None
    name: str = ""
    moderates: bool = False


class Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room that somebody wants."""

    title: str
    starts: datetime | None = None
    ends: datetime | None = None
    kind: Kind = "booked"
    language: str | None = None
    most: int | None = None
    waits: bool | None = None
    recording: bool = False
    people: list[Invited] = []


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different about a room; what is left out stays."""

    title: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    language: str | None = None
    most: int | None = None
    waits: bool | None = None
    recording: bool | None = None


class Rules(Struct, frozen=True, kw_only=True):
    """How rooms are here."""

    pbx_id: str
    numbers: tuple[range, ...]
    before: timedelta
    after: timedelta
    most: int
    waits: bool
    per_person: int
    language: str
    records: bool = False
    """Whether conferences can be recorded here."""
    kept: timedelta = timedelta(days=90)
    """After its end a room is known so long: its PINs are not given out again, its recordings are somebody's."""
    lines: Lines = Lines()
    """For conferences, from outside."""


class Drafts:
    """Makes rooms and PINs that are not kept yet."""

    def __init__(self, *, people: People, rules: Rules, new_id: Callable[[], str], random: Random) -> None:
        self._people = people
        self._rules = rules
        self._new_id = new_id
        self._random = random

    def room(
        self,
        person: Person,
        wish: Wish,
        now: datetime,
        rooms: Collection[Room],
        rest: Mapping[str, Collection[str]],
        *,
        id_: str | None = None,
    ) -> tuple[Room, list[Pin]]:
        """Make room and PINs of a wish, unlike those that there are; the room has this id, or a new one.

        Raises BadRequestError or NotAllowedError with one sentence.
        """
        if wish.kind == "department" and person.department is None:
            raise BadRequestError("You belong to no department, so it cannot have a room.")
        own = next((room for room in rooms if room.kind == "personal" and room.owner == person.login), None)
        if wish.kind == "personal" and own is not None:
            raise NotAllowedError(f"You have a room of your own already, {own.number}; everybody has one.")
        if sum(room.owner == person.login for room in rooms) >= self._rules.per_person:
            raise NotAllowedError(f"Nobody may have more than {self._rules.per_person} rooms; end one first.")
        if len(wish.people) > MOST_PINS - 2:
            raise BadRequestError(f"At most {MOST_PINS - 2} people can be invited by a PIN of their own.")
        room = self.checked(
            Room(
                id=id_ or self._new_id(),
                pbx_id=self._rules.pbx_id,
                number="",
                title=wish.title,
                owner=person.login,
                department=person.department if wish.kind == "department" else None,
                kind=wish.kind,
                language=wish.language or self._rules.language,
                starts=wish.starts,
                ends=wish.ends,
                most=self._rules.most if wish.most is None else wish.most,
                waits=self._rules.waits if wish.waits is None else wish.waits,
                recording=wish.recording,
                created=now,
            )
        )
        if room.closes is not None and room.closes < now:
            raise BadRequestError("The time of this room is over already.")
        room = structs.replace(
            room, number=number_for(self._rules.numbers, {room.number for room in rooms}, self._random)
        )
        invited = self.invited(wish.people, {person.login})
        owner = Invited(login=person.login, name=person.name, moderates=True)
        taken = set(rest.get(room.number, ()))
        pins = [self.pin(room, "guest", Invited(), now, taken)]
        for one in (owner, *invited):
            pins.append(
                self.pin(room, "mod" if one.moderates else "part", one, now, taken | {pin.digits for pin in pins})
            )
        return room, pins

    def checked(self, room: Room) -> Room:
        """Return the room with its window; raises BadRequestError for what cannot be."""
        title = " ".join(CONTROL.sub(" ", room.title).split())
        if not 0 < len(title) <= LONGEST_TITLE:
            raise BadRequestError(f"A title has 1 to {LONGEST_TITLE} characters.")
        if room.language not in LANGUAGES:
            raise BadRequestError(f"Rooms speak {' or '.join(LANGUAGES)}.")
        if not 1 <= room.most <= MOST_PEOPLE:
            raise BadRequestError(f"A room has 1 to {MOST_PEOPLE} people.")
        if room.recording and not self._rules.records:
            raise BadRequestError("Recording is not set up here.")
        if room.kind != "booked":
            if room.starts is not None or room.ends is not None:
                raise BadRequestError("A room that stays has no time.")
            return structs.replace(room, title=title)
        if room.starts is None or room.ends is None or room.starts.tzinfo is None or room.ends.tzinfo is None:
            raise BadRequestError("A booked room needs `starts` and `ends`, with their time zone.")
        if not timedelta(0) < room.ends - room.starts <= LONGEST_BOOKING:
            raise BadRequestError("A room ends after it starts, and within 400 days.")
        return structs.replace(
            room, title=title, opens=room.starts - self._rules.before, closes=room.ends + self._rules.after
        )

    @staticmethod
    def role(invited: Invited) -> Role:
        """Return what somebody is in the room."""
        return "mod" if invited.moderates else "part"

    def invited(self, people: Iterable[Invited], have: Collection[str | None]) -> list[Invited]:
        """Fill in the names; of the house everybody gets one PIN, or who is removed would come back with another."""
        found = []
        logins = {login for login in have if login is not None}
        for one in map(self.named, people):
            if one.login not in logins:
                found.append(one)
            if one.login is not None:
                logins.add(one.login)
        return found

    def named(self, invited: Invited) -> Invited:
        """Fill in the name of somebody of the house."""
        if invited.login is not None:
            person = self._people.by_login(invited.login)
            if person is None:
                raise BadRequestError(f"Nobody here has the login {invited.login[:40]!r}.")
            return structs.replace(invited, name=person.name)
        name = " ".join("".join(sign if sign.isprintable() else " " for sign in invited.name).split())
        if not 0 < len(name) <= LONGEST_TITLE:
            raise BadRequestError("Who is invited needs a login or a name.")
        return structs.replace(invited, name=name)

    def pin(self, room: Room, role: Role, invited: Invited, now: datetime, taken: Collection[str]) -> Pin:
        """Make a PIN unlike those that are taken."""
        return Pin(
            id=self._new_id(),
            room=room.id,
            digits=pin_for(role, room.number, taken, self._random),
            role=role,
            login=invited.login,
            name=invited.name,
            created=now,
        )
