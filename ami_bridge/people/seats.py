"""Seats: whose telephone stands where, and who sits there for the day; kept across restarts."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge.errors import NotAllowedError, NotFoundError, NotReachableError, UnauthorisedError
from ami_bridge.people.model import People, Person, Seating
from ami_bridge.people.rules import means_any
from ami_bridge.web.identity import Identity

log = structlog.get_logger()

SITS = timedelta(hours=12)
"""A working day: nobody sits at two places because the evening was forgotten."""


class Seat(Protocol):
    """A place to sit, as configured."""

    @property
    def id(self) -> str:
        """Names it in requests."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def extension(self) -> str:
        """The telephone that stands there."""

    @property
    def hosts(self) -> Sequence[str]:
        """The machines that stand there."""

    @property
    def allow(self) -> Sequence[str]:
        """Who may sit there; empty: everybody."""


class Store(Protocol):
    """Where it is kept who sits where."""

    async def seatings(self) -> list[Seating]:
        """Read all."""

    async def sit(self, seating: Seating) -> None:
        """Keep one, instead of who sat there and where this person sat."""

    async def leave(self, logins: Collection[str]) -> None:
        """Delete what is kept of these people."""


class Shown(Struct, frozen=True, kw_only=True):
    """A seat as one person sees it: who else sits there is nobody's business."""

    id: str
    label: str
    extension: str
    taken: bool
    mine: bool
    until: datetime | None = None
    """Until when it is mine."""


class Seats:
    """Lets people sit down and get up; `People` knows at once, and `moved` is told whose extensions are others now."""

    def __init__(
        self,
        *,
        seats: Sequence[Seat],
        store: Store,
        people: People,
        now: Callable[[], datetime],
        moved: Callable[[Collection[str]], None],
    ) -> None:
        self._seats = {seat.id: seat for seat in seats}
        self._hosts = {host.casefold(): seat.id for seat in seats for host in seat.hosts}
        self._store = store
        self._people = people
        self._now = now
        self._moved = moved
        self._seatings: dict[str, Seating] = {}
        self._one_at_a_time = asyncio.Lock()

    async def load(self) -> None:
        """Begin with who sat where, but for those who may not any more; who is not known yet is looked at later."""
        for seating in await self._store.seatings():
            seat, person = self._seats.get(seating.seat), self._people.by_login(seating.login)
            if seat is not None and seating.until > self._now() and (person is None or _may(seat, person)):
                self._seatings[seating.login] = seating
        self._arrange()

    def shown(self, login: str) -> list[Shown]:
        """Return the seats that somebody may have, in the order of the configuration."""
        person = self._person(login)
        taken, mine = {one.seat for one in self._seatings.values()}, self._seatings.get(login)
        return [
            Shown(
                id=seat.id,
                label=seat.label or seat.id,
                extension=seat.extension,
                taken=seat.id in taken,
                mine=mine is not None and mine.seat == seat.id,
                until=mine.until if mine is not None and mine.seat == seat.id else None,
            )
            for seat in self._seats.values()
            if _may(seat, person)
        ]

    async def sit(self, login: str, seat_id: str) -> None:
        """Sit down: whoever sat there is not there any more, and the place where one sat before is free."""
        person, seat = self._person(login), self._seats.get(seat_id)
        if seat is None:
            raise NotFoundError("There is no such seat.")
        if not _may(seat, person):
            raise NotAllowedError("This seat is for others.")
        async with self._one_at_a_time:
            now = self._now()
            seating = Seating(seat=seat_id, login=login, since=now, until=now + SITS)
            await self._store.sit(seating)
            before = self._seatings.get(login)
            others = {one.login for one in self._seatings.values() if one.seat == seat_id} - {login}
            self._seatings = {one: it for one, it in self._seatings.items() if one not in others} | {login: seating}
            if before is None or before.seat != seat_id:
                log.info("people.seat_taken", seat=seat_id)
                self._arrange()
                self._moved({login, *others})

    async def leave(self, login: str) -> None:
        """Get up; who sits nowhere is no error."""
        await self._free({login})

    async def arrived(self, who: Identity) -> None:
        """Sit down where this machine stands, for somebody has just begun to work at it."""
        seat = self._seats.get(self._hosts.get((who.host or "").casefold(), ""))
        person = self._people.by_login(who.login)
        if seat is not None and person is not None and "dial" in who.scopes and _may(seat, person):
            try:
                await self.sit(who.login, seat.id)
            except NotReachableError:
                log.warning("people.seat_not_taken", seat=seat.id, why="the database does not answer")

    async def look(self) -> None:
        """Free the seats of those whose day is over."""
        now = self._now()
        await self._free({one.login for one in self._seatings.values() if one.until <= now})

    async def review(self, logins: Collection[str]) -> None:
        """Free the seats of those who are gone, or may not sit there any more."""
        out = set[str]()
        for login in self._seatings.keys() & set(logins):
            person = self._people.by_login(login)
            if person is None or not _may(self._seats[self._seatings[login].seat], person):
                out.add(login)
        await self._free(out)

    async def _free(self, logins: Collection[str]) -> None:
        async with self._one_at_a_time:
            there = {login for login in logins if login in self._seatings}
            if there:
                await self._store.leave(there)
                for login in there:
                    log.info("people.seat_left", seat=self._seatings.pop(login).seat)
                self._arrange()
                self._moved(there)

    def _arrange(self) -> None:
        self._people.seat({one.login: self._seats[one.seat].extension for one in self._seatings.values()})

    def _person(self, login: str) -> Person:
        person = self._people.by_login(login)
        if person is None:
            raise UnauthorisedError("This person is not in the staff book any more.")
        return person


def _may(seat: Seat, person: Person) -> bool:
    return not seat.allow or means_any(seat.allow, person)
