"""Makes, changes and ends conference rooms: in the database, then in the PBX; done is said when both have it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import structs

from ami_bridge.errors import (
    BadRequestError,
    GoneError,
    NotAllowedError,
    NotFoundError,
    NotReachableError,
    RefusedError,
)
from ami_bridge.people.model import People
from ami_bridge.rooms.lines import Crowd, crowd, crowds
from ami_bridge.rooms.model import Pin, Role, Room
from ami_bridge.rooms.pins import Random, Row, row_of_pin, row_of_room
from ami_bridge.rooms.turns import Turns
from ami_bridge.rooms.wishes import MOST_PINS, Change, Drafts, Invited, Rules, Wish
from ami_bridge.tasks import Errands

log = structlog.get_logger()


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

    async def change_pin(self, pin_id: str, role: Role) -> bool:
        """Make somebody moderate, or not."""

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
        errands: Errands,
    ) -> None:
        """Tell `changed` of each room that is another now; `compare` has the PBX's rows compared soon."""
        self._store = store
        self._pbx = pbx
        self._people = people
        self._drafts = Drafts(people=people, rules=rules, new_id=new_id, random=random)
        self._lines = rules.lines
        self._kept = rules.kept
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
        self._turns = Turns(errands)

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

    @property
    def live(self) -> bool:
        """Whether the PBX is there, so that what is known of it is true."""
        return self._pbx.up

    def room(self, number: str) -> Room | None:
        """Return the room with this number."""
        return self._rooms.get(number)

    def by_id(self, room_id: str) -> Room | None:
        """Return the room with this id; its number may be another's later."""
        return next((room for room in self._rooms.values() if room.id == room_id), None)

    def all(self) -> list[Room]:
        """Return all rooms, by number."""
        return [room for _, room in sorted(self._rooms.items())]

    def crowd(self, room: Room) -> Crowd | None:
        """Return when there are not lines enough in a room's time, for what was booked before it and itself."""
        return crowd(room, self._rooms.values(), self._lines)

    def crowds(self, now: datetime) -> list[Crowd]:
        """Return all such moments that are to come."""
        return crowds(self.all(), self._lines, now)

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

    async def make(self, owner: str, wish: Wish, *, id_: str | None = None) -> Room:
        """Make a room that can be dialled when this returns; it has this id, or a new one."""
        person = self._people.by_login(owner)
        if person is None:
            raise NotFoundError("This person is not known.")
        now = self._now()
        room, pins = self._drafts.room(person, wish, now, self._rooms.values(), self._rest, id_=id_)
        if not self._pbx.up:
            raise NotReachableError("The telephone system cannot be reached, so no room can be made; try again later.")
        self._rooms[room.number] = room
        self._making.add(room.number)
        made = False
        try:
            await self._store.add(room, pins)
            self._pins[room.id] = {pin.id: pin for pin in pins}
            self._rest.setdefault(room.number, set()).update(pin.digits for pin in pins)
            self._making.discard(room.number)  # a comparison just now must not delete what is being written
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
        return await self._turns.take(number, self._change(number, change))

    async def end(self, number: str) -> None:
        """End a room: nobody gets in any more."""
        await self._turns.take(number, self._end(number))

    async def invite(self, number: str, *people: Invited) -> list[Pin]:
        """Give more people a PIN of their own, but who has one; none gets one where that cannot be for all."""
        return await self._turns.take(number, self._invite(number, *people))

    async def let_moderate(self, number: str, pin_id: str, *, on: bool) -> None:
        """Have somebody who was invited moderate, or no more; the PIN stays the same."""
        await self._turns.take(number, self._let_moderate(number, pin_id, on=on))

    async def revoke(self, number: str, pin_id: str, *, for_good: bool = False) -> None:
        """Let nobody in with this PIN any more; guests get another, and so does who made the room unless `for_good`."""
        await self._turns.take(number, self._revoke(number, pin_id, for_good=for_good))

    async def _change(self, number: str, change: Change) -> Room:
        room = self._must_be(number)
        wanted = {name: value for name, value in structs.asdict(change).items() if value is not None}
        new = structs.replace(room, **wanted)
        if ("starts" in wanted or "ends" in wanted) and room.kind != "booked":
            raise BadRequestError("Only a booked room has a time.")
        new = self._drafts.checked(new)
        if new == room:
            return room
        if not await self._store.change(new):
            raise GoneError("This room has just ended.")
        self._rooms[number] = new
        self._changed(new)
        await self._tell_pbx([(Row("room", number), row_of_room(new))])
        return new

    async def _end(self, number: str) -> None:
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

    async def _invite(self, number: str, *people: Invited) -> list[Pin]:
        room = self._must_be(number)
        new = self._drafts.invited(people, {pin.login for pin in self.pins_of(room)})
        if len(self.pins_of(room)) + len(new) > MOST_PINS:
            raise NotAllowedError(f"A room has at most {MOST_PINS} PINs.")
        given = []
        for one in new:
            role = self._drafts.role(one)
            pin = self._drafts.pin(room, role, one, self._now(), self._resting(number))
            self._rest.setdefault(number, set()).add(pin.digits)
            await self._store.add_pin(pin)
            self._pins.setdefault(room.id, {})[pin.id] = pin
            given.append(pin)
        self._changed(room)
        await self._tell_pbx([(Row("pin", number, pin.digits), row_of_pin(pin)) for pin in given])
        return given

    async def _let_moderate(self, number: str, pin_id: str, *, on: bool) -> None:
        room = self._must_be(number)
        pin = self._pins.get(room.id, {}).get(pin_id)
        if pin is None:
            raise NotFoundError("There is no such PIN, or it is revoked.")
        if pin.role == "guest" or pin.login == room.owner:
            raise BadRequestError("Guests do not moderate, and who made the room always does.")
        new = structs.replace(pin, role="mod" if on else "part")
        if new == pin:
            return
        if not await self._store.change_pin(pin_id, new.role):
            raise NotFoundError("There is no such PIN, or it is revoked.")
        self._pins[room.id][pin_id] = new
        self._changed(room)
        await self._tell_pbx([(Row("pin", number, pin.digits), row_of_pin(new))])

    async def _revoke(self, number: str, pin_id: str, *, for_good: bool) -> None:
        room = self._must_be(number)
        pin = self._pins.get(room.id, {}).get(pin_id)
        if pin is None or not await self._store.revoke(pin_id, self._now()):
            raise NotFoundError("There is no such PIN, or it is revoked already.")
        del self._pins[room.id][pin_id]
        rows = [(Row("pin", number, pin.digits), "")]
        if pin.role == "guest" or (pin.login == room.owner and not for_good):
            whose = Invited(login=pin.login, name=pin.name)
            new = self._drafts.pin(room, pin.role, whose, self._now(), self._resting(number))
            await self._store.add_pin(new)
            self._pins[room.id][new.id] = new
            self._rest.setdefault(number, set()).add(new.digits)
            rows.append((Row("pin", number, new.digits), row_of_pin(new)))
        log.info("rooms.pin_revoked", room=room.id, pin=pin.id)
        self._changed(room)
        await self._tell_pbx(rows)

    async def forget(self, logins: Collection[str], *, wholly: bool = False) -> None:
        """Let people who are gone in no more: their PINs and personal rooms end; `wholly`: all their rooms.

        What they booked for others stays until its time is over.
        """
        for room in self.all():
            if room.owner in logins and (wholly or room.kind == "personal"):
                await self._even_if_away(self.end(room.number))
                continue
            for pin in self.pins_of(room):
                if pin.login in logins:
                    await self._even_if_away(self.revoke(room.number, pin.id, for_good=True))

    @staticmethod
    async def _even_if_away(change: Awaitable[None]) -> None:
        """Have it done, unless it is; a PBX that is away follows later by itself."""
        with suppress(NotReachableError, RefusedError, NotFoundError, GoneError):
            await change

    async def purge(self) -> None:
        """End booked rooms whose time is over, and delete what ended so long ago that its PINs may be used again."""
        now = self._now()
        for room in self.all():
            if room.closes is not None and room.closes + timedelta(days=1) < now:
                await self._even_if_away(self.end(room.number))
        if await self._store.purge(now - self._kept):
            self._rest.clear()
            _, pins = await self._store.all()
            numbers = {room.id: room.number for room in (await self._store.all())[0]}
            for pin in pins:
                self._rest.setdefault(numbers[pin.room], set()).add(pin.digits)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _resting(self, number: str) -> set[str]:
        return self._rest.get(number, set())

    def _must_be(self, number: str) -> Room:
        room = self._rooms.get(number)
        if room is None:
            raise NotFoundError("There is no such room.")
        return room

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
        except RefusedError:
            self._compare()
            raise
        except NotReachableError as error:
            self._compare()
            raise NotReachableError(
                "It is kept, but the telephone system cannot be reached; it will follow as soon as it is back."
            ) from error
