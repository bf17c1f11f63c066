"""Makes, changes and ends conference rooms: in the database, then in the PBX; done is said when both have it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct, structs

from ami_bridge.errors import BadRequestError, GoneError, NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import People, Person
from ami_bridge.rooms.model import Kind, Pin, Role, Room
from ami_bridge.rooms.pins import Random, Row, number_for, pin_for, row_of_pin, row_of_room

log = structlog.get_logger()

LONGEST_TITLE = 200
LONGEST_BOOKING = timedelta(days=400)
MOST_PEOPLE = 200
MOST_PINS = 100
LANGUAGES = ("de", "en")
PIN_RESTS = timedelta(days=90)
"""How long a PIN that was used is not given out again."""


class Store(Protocol):
    """Where rooms are kept."""

    async def all(self) -> tuple[list[Room], list[Pin]]:
        """Read everything."""

    async def add(self, room: Room, its_pins: Sequence[Pin]) -> None:
        """Keep a new room."""

    async def change(self, room: Room) -> bool:
        """Keep a changed one; False where it has ended."""

    async def add_pin(self, pin: Pin) -> None:
        """Keep a PIN."""

    async def revoke(self, pin_id: str, now: datetime) -> bool:
        """End a PIN."""

    async def purge(self, before: datetime) -> int:
        """Delete what ended long ago."""


class Pbx(Protocol):
    """Where callers' questions are decided."""

    @property
    def up(self) -> bool:
        """Whether rows can be written now."""

    async def write(self, row: Row, value: str) -> None:
        """Write a row, or delete it, and see that it is so."""


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


class Keeper:
    """All rooms, in memory as they are in the database."""

    def __init__(
        self,
        *,
        store: Store,
        pbx: Pbx,
        people: People,
        rules: Rules,
        new_id: Callable[[], str],
        random: Random,
        now: Callable[[], datetime],
        changed: Callable[[Room], None],
        compare: Callable[[], None],
    ) -> None:
        """Tell `changed` of each room that is another now; `compare` has the PBX's rows compared soon."""
        self._store = store
        self._pbx = pbx
        self._people = people
        self._rules = rules
        self._new_id = new_id
        self._random = random
        self._now = now
        self._changed = changed
        self._compare = compare
        self._rooms: dict[str, Room] = {}
        """By number: rooms that have not ended."""
        self._pins: dict[str, dict[str, Pin]] = {}
        """By room's id, then by their own: those that let people in."""
        self._rest: dict[str, set[str]] = {}
        """By room number: digits that must not be given out again yet."""
        self._making: set[str] = set()

    async def load(self) -> None:
        """Begin with what was kept."""
        rooms, pins = await self._store.all()
        by_id = {room.id: room for room in rooms}
        self._rooms = {room.number: room for room in rooms if room.ended_at is None}
        for pin in pins:
            self._rest.setdefault(by_id[pin.room].number, set()).add(pin.digits)
            if pin.revoked_at is None and by_id[pin.room].ended_at is None:
                self._pins.setdefault(pin.room, {})[pin.id] = pin

    # -- asking -------------------------------------------------------------------------------------------------------

    def rows(self) -> Mapping[Row, str]:
        """Return all rows that the PBX is to have."""
        found = {}
        for number, room in self._rooms.items():
            if number not in self._making:
                found[Row("room", number)] = row_of_room(room)
                found |= {Row("pin", number, pin.digits): row_of_pin(pin) for pin in self.pins_of(room)}
        return found

    def room(self, number: str) -> Room | None:
        """Return the room with this number."""
        return self._rooms.get(number)

    def all(self) -> list[Room]:
        """Return all rooms, by number."""
        return [room for _, room in sorted(self._rooms.items())]

    def pins_of(self, room: Room) -> list[Pin]:
        """Return the PINs that let people in, oldest first."""
        return list(self._pins.get(room.id, {}).values())

    def pin(self, pin_id: str) -> Pin | None:
        """Return a PIN by its id, which calls carry through the room."""
        return next((pins[pin_id] for pins in self._pins.values() if pin_id in pins), None)

    def moderates(self, login: str, room: Room) -> bool:
        """Whether this person may do things in a room."""
        return room.owner == login or any(pin.login == login and pin.role == "mod" for pin in self.pins_of(room))

    def may_see(self, login: str, room: Room) -> bool:
        """Whether this person may know of a room: its owner, who is invited, a department's people, administrators."""
        person = self._people.by_login(login)
        if person is None:
            return False
        if room.kind == "department" and room.department is not None and room.department == person.department:
            return True
        invited = any(pin.login == login for pin in self.pins_of(room))
        return room.owner == login or invited or "admin" in person.roles

    def seen_by(self, login: str, number: str) -> Room:
        """Return a room that this person may see; raises NotFoundError for all others alike."""
        room = self._rooms.get(number)
        if room is None or not self.may_see(login, room):
            raise NotFoundError("There is no such room.")
        return room

    def moderated_by(self, login: str, number: str) -> Room:
        """Return a room in which this person may do things."""
        room = self.seen_by(login, number)
        if not self.moderates(login, room):
            raise NotAllowedError("Only who moderates this room may do that.")
        return room

    # -- doing --------------------------------------------------------------------------------------------------------

    async def make(self, owner: str, wish: Wish) -> Room:
        """Make a room that can be dialled when this returns."""
        person = self._people.by_login(owner)
        if person is None:
            raise NotFoundError("This person is not known.")
        now = self._now()
        room, pins = self._drafted(person, wish, now)
        if not self._pbx.up:
            raise NotReachableError("The telephone system cannot be reached, so no room can be made; try again later.")
        self._rooms[room.number] = room
        self._making.add(room.number)
        made = False
        try:
            await self._store.add(room, pins)
            self._pins[room.id] = {pin.id: pin for pin in pins}
            self._rest.setdefault(room.number, set()).update(pin.digits for pin in pins)
            for row, value in self._rows_of(room, pins):
                await self._pbx.write(row, value)
            made = True
        finally:
            self._making.discard(room.number)
            if not made:
                # Nobody was told of it: what may stand somewhere is taken away again, now or at the next comparison.
                self._rooms.pop(room.number, None)
                self._pins.pop(room.id, None)
                self._compare()
                await self._store.change(structs.replace(room, ended_at=now))
        log.info("rooms.made", room=room.id, kind=room.kind, pins=len(pins))
        self._changed(room)
        return room

    async def change(self, number: str, change: Change) -> Room:
        """Change a room; who is in it stays."""
        room = self._must_be(number)
        wanted = {name: value for name, value in structs.asdict(change).items() if value is not None}
        new = structs.replace(room, **wanted)
        if ("starts" in wanted or "ends" in wanted) and room.kind != "booked":
            raise BadRequestError("Only a booked room has a time.")
        new = self._checked(new)
        if new == room:
            return room
        if not await self._store.change(new):
            raise GoneError("This room has just ended.")
        self._rooms[number] = new
        await self._tell_pbx([(Row("room", number), row_of_room(new))])
        self._changed(new)
        return new

    async def end(self, number: str) -> None:
        """End a room: nobody gets in any more."""
        room = self._must_be(number)
        ended = structs.replace(room, ended_at=self._now())
        if not await self._store.change(ended):
            raise GoneError("This room has just ended.")
        pins = self.pins_of(room)
        self._rooms.pop(number, None)
        self._pins.pop(room.id, None)
        log.info("rooms.ended", room=room.id)
        self._changed(ended)
        await self._tell_pbx([(Row("room", number), ""), *((Row("pin", number, pin.digits), "") for pin in pins)])

    async def invite(self, number: str, invited: Invited) -> Pin:
        """Give one more person a PIN of their own."""
        room = self._must_be(number)
        if len(self.pins_of(room)) >= MOST_PINS:
            raise NotAllowedError(f"A room has at most {MOST_PINS} PINs.")
        pin = self._drafted_pin(room, "mod" if invited.moderates else "part", self._named(invited), self._now())
        await self._store.add_pin(pin)
        self._pins.setdefault(room.id, {})[pin.id] = pin
        self._rest.setdefault(number, set()).add(pin.digits)
        await self._tell_pbx([(Row("pin", number, pin.digits), row_of_pin(pin))])
        self._changed(room)
        return pin

    async def revoke(self, number: str, pin_id: str) -> None:
        """Let nobody in with this PIN any more; guests get another, or a room would be closed to all of them."""
        room = self._must_be(number)
        pin = self._pins.get(room.id, {}).get(pin_id)
        if pin is None or not await self._store.revoke(pin_id, self._now()):
            raise NotFoundError("There is no such PIN, or it is revoked already.")
        del self._pins[room.id][pin_id]
        rows = [(Row("pin", number, pin.digits), "")]
        if pin.role == "guest":
            new = self._drafted_pin(room, "guest", Invited(), self._now())
            await self._store.add_pin(new)
            self._pins[room.id][new.id] = new
            self._rest.setdefault(number, set()).add(new.digits)
            rows.append((Row("pin", number, new.digits), row_of_pin(new)))
        log.info("rooms.pin_revoked", room=room.id, pin=pin.id)
        self._changed(room)
        await self._tell_pbx(rows)

    async def purge(self) -> None:
        """End booked rooms whose time is over, and delete what ended so long ago that its PINs may be used again."""
        now = self._now()
        for room in self.all():
            if room.closes is not None and room.closes + timedelta(days=1) < now:
                await self.end(room.number)
        if await self._store.purge(now - PIN_RESTS):
            self._rest.clear()
            _, pins = await self._store.all()
            numbers = {room.id: room.number for room in (await self._store.all())[0]}
            for pin in pins:
                self._rest.setdefault(numbers[pin.room], set()).add(pin.digits)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _must_be(self, number: str) -> Room:
        room = self._rooms.get(number)
        if room is None:
            raise NotFoundError("There is no such room.")
        return room

    def _drafted(self, person: Person, wish: Wish, now: datetime) -> tuple[Room, list[Pin]]:
        """Make room and PINs of a wish; raises BadRequestError or NotAllowedError with one sentence."""
        if wish.kind == "department" and person.department is None:
            raise BadRequestError("You belong to no department, so it cannot have a room.")
        if sum(room.owner == person.login for room in self._rooms.values()) >= self._rules.per_person:
            raise NotAllowedError(f"Nobody may have more than {self._rules.per_person} rooms; end one first.")
        if len(wish.people) > MOST_PINS - 2:
            raise BadRequestError(f"At most {MOST_PINS - 2} people can be invited by a PIN of their own.")
        room = self._checked(
            Room(
                id=self._new_id(),
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
        room = structs.replace(room, number=number_for(self._rules.numbers, self._rooms.keys(), self._random))
        invited = [self._named(one) for one in wish.people if one.login != person.login]
        owner = Invited(login=person.login, name=person.name, moderates=True)
        pins = [self._drafted_pin(room, "guest", Invited(), now)]
        for one in (owner, *invited):
            pins.append(self._drafted_pin(room, "mod" if one.moderates else "part", one, now, pins))
        return room, pins

    def _checked(self, room: Room) -> Room:
        """Return the room with its window; raises BadRequestError for what cannot be."""
        title = " ".join(room.title.split())
        if not 0 < len(title) <= LONGEST_TITLE:
            raise BadRequestError(f"A title has 1 to {LONGEST_TITLE} characters.")
        if room.language not in LANGUAGES:
            raise BadRequestError(f"Rooms speak {' or '.join(LANGUAGES)}.")
        if not 1 <= room.most <= MOST_PEOPLE:
            raise BadRequestError(f"A room has 1 to {MOST_PEOPLE} people.")
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

    def _named(self, invited: Invited) -> Invited:
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

    def _drafted_pin(self, room: Room, role: Role, invited: Invited, now: datetime, others: Iterable[Pin] = ()) -> Pin:
        taken = self._rest.get(room.number, set()) | {pin.digits for pin in others}
        return Pin(
            id=self._new_id(),
            room=room.id,
            digits=pin_for(role, room.number, taken, self._random),
            role=role,
            login=invited.login,
            name=invited.name,
            created=now,
        )

    @staticmethod
    def _rows_of(room: Room, pins: Iterable[Pin]) -> list[tuple[Row, str]]:
        """PINs first, the room last: it opens only when everything is there."""
        rows = [(Row("pin", room.number, pin.digits), row_of_pin(pin)) for pin in pins]
        return [*rows, (Row("room", room.number), row_of_room(room))]

    async def _tell_pbx(self, rows: Iterable[tuple[Row, str]]) -> None:
        """Write rows now; where that fails, they are compared when the PBX is there again, and the caller is told."""
        try:
            for row, value in rows:
                await self._pbx.write(row, value)
        except NotReachableError as error:
            self._compare()
            raise NotReachableError(
                "It is kept, but the telephone system cannot be reached; it will follow as soon as it is back."
            ) from error
