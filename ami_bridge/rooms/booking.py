"""Appointments become rooms: a calendar is looked at again and again, and each appointment is told how to dial in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import structlog
from msgspec import structs

from ami_bridge.calendars import ics
from ami_bridge.calendars.model import Appointment, Entrance
from ami_bridge.calendars.times import UnreadableError
from ami_bridge.dav.calendar import ChangedError, Found, Listing
from ami_bridge.dav.transport import AwayError
from ami_bridge.errors import BridgeError, GoneError, NotFoundError, NotReachableError, RefusedError
from ami_bridge.rooms.booked import Booked, digest
from ami_bridge.rooms.bookings import Booking, Known
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.model import Room

log = structlog.get_logger()

COMPARE_EVERY = timedelta(hours=1)
ENDS_AFTER = timedelta(minutes=30)
"""How long a room outlives its appointment: people cut and paste."""
STILL_INSIDE = timedelta(minutes=5)
ROLLS_AFTER = timedelta(days=30)
SOON = timedelta(seconds=15)
LATEST_CALL = timedelta(minutes=5)
MOST_TRIES = 3
MOST_WAITS = 8
JITTER = 0.5
UNREAD = "?"
"""Begins what stands for the UID of what cannot be read."""


class Calendar(Protocol):
    """What we need of a calendar at the groupware."""

    async def changes(self, token: str | None) -> Listing:
        """Say what changed; everything without a token."""

    async def fetch(self, href: str) -> Found | None:
        """Fetch an appointment."""

    async def put(self, href: str, text: str, etag: str) -> None:
        """Write it back; raises ChangedError."""


class Store(Protocol):
    """Where it is kept what was made of appointments."""

    async def read(self, calendar: str) -> Known:
        """Read all of a calendar."""

    async def keep(self, booking: Booking) -> None:
        """Keep one."""

    async def is_made_elsewhere(self, booking: Booking) -> bool:
        """Whether the same appointment has a room in another calendar."""

    async def forget(self, booking: Booking) -> None:
        """Delete one."""

    async def looked(self, calendar: str, token: str | None, compared: datetime | None) -> None:
        """Note where the look ended."""


class Bookings:
    """One calendar whose appointments are conferences."""

    def __init__(
        self,
        *,
        path: str,
        calendar: Calendar,
        store: Store,
        keeper: Keeper,
        booked: Booked,
        zone: tzinfo,
        after: timedelta,
        now: Callable[[], datetime],
        chance: Callable[[], float],
        inside: Callable[[Room], bool],
        told: Callable[[Room | None, Appointment], Awaitable[None]],
        answers_as: str = "",
        call_in: Callable[[str, str, str], Awaitable[None]] | None = None,
    ) -> None:
        """`after` is how long rooms stay open; `inside` says whether anybody is in one; `told` tells its owner.

        `call_in` calls a number into a room, as somebody who moderates it; without it nobody is called.
        """
        self._call_in = call_in
        self._answers_as = answers_as
        self._path = path
        self._calendar = calendar
        self._store = store
        self._keeper = keeper
        self._booked = booked
        self._zone = zone
        self._after = after
        self._now = now
        self._chance = chance
        self._inside = inside
        self._told = told
        self._rows: dict[str, Booking] = {}
        self._failed = False
        self._waits: dict[str, tuple[int, datetime]] = {}
        """What failed, how often, and until when it is left alone."""

    async def look(self) -> None:
        """Have one look: what is new or changed becomes or moves a room, what is gone ends one."""
        now = self._now()
        known = await self._store.read(self._path)
        self._rows = {row.uid: row for row in known.bookings}
        full = known.token is None or known.compared is None or now - known.compared >= COMPARE_EVERY or self._failed
        try:
            listing = await self._calendar.changes(None if full else known.token)
        except (NotReachableError, RefusedError) as error:
            await self._away(error)
            return
        if self._failed:
            log.info("rooms.calendar_is_back", calendar=self._path)
        self._failed = False
        by_href = {row.href: row for row in known.bookings}
        try:
            for href in self._to_do(listing, by_href, now):
                await self._one(href, by_href.get(href))
        except AwayError as error:
            await self._away(error)
            return
        for href, row in by_href.items():
            there = href in listing.etags
            if (href in listing.gone or (listing.whole and not there)) and self._rows.get(row.uid) == row:
                await self._gone(row)
        await self._end_those_due()
        await self._call_those_who_asked()
        await self._store.looked(self._path, listing.token, now if listing.whole else known.compared)

    async def _away(self, error: Exception) -> None:
        """Do without the calendar what is known already: it was booked before that."""
        if not self._failed:
            log.warning("rooms.calendar_away", calendar=self._path, why=str(error))
        self._failed = True
        await self._end_those_due()
        await self._call_those_who_asked()

    # -- deciding -----------------------------------------------------------------------------------------------------

    def _to_do(self, listing: Listing, by_href: Mapping[str, Booking], now: datetime) -> list[str]:
        """Say what to look at: what changed, what is due, and what does not say what it should any more."""
        changed = [
            href for href, etag in listing.etags.items() if (row := by_href.get(href)) is None or row.etag != etag
        ]
        due = [
            row.href
            for row in by_href.values()
            if row.state != "ending" and ((row.due is not None and row.due <= now) or self._says_another(row, now))
        ]
        wait = {href for href, (_, until) in self._waits.items() if until > now}
        return [href for href in dict.fromkeys([*changed, *due]) if href not in wait]

    def _says_another(self, row: Booking, now: datetime) -> bool:
        """Whether the room has another PIN than the appointment says, or was ended by hand."""
        if row.state != "made" or (row.ends is not None and row.ends + self._after < now):
            return False
        room = self._room(row)
        return row.tries < MOST_TRIES and row.wanted != digest(self._booked.ended if room is None else self._said(room))

    def _said(self, room: Room) -> Entrance:
        return self._booked.said(room)

    def _room(self, row: Booking | None) -> Room | None:
        return None if row is None or row.room is None else self._keeper.by_id(row.room)

    # -- one appointment ----------------------------------------------------------------------------------------------

    async def _one(self, href: str, row: Booking | None) -> None:
        """Do what one appointment needs; what hinders costs this one alone, and it is looked at again."""
        try:
            if await self._done(href, row):
                self._waits.pop(href, None)
                return
            why = "others change it all the time"
        except AwayError:
            raise
        except (NotReachableError, RefusedError, GoneError, NotFoundError) as error:
            why = f"{type(error).__name__}: {error}"
        except Exception:  # a bug met by one appointment must not cost the others their turn
            log.exception("rooms.booking_failed", calendar=self._path)
            why = ""
        if why:
            log.info("rooms.booking_waits", calendar=self._path, why=why)
        row = next((one for one in self._rows.values() if one.href == href), None) or self._new(UNREAD + href, href)
        times = min(self._waits.get(href, (0, self._now()))[0] + 1, MOST_WAITS)
        self._waits[href] = times, self._now() + SOON * 2 ** (times - 1)
        await self._keep(structs.replace(row, etag="", due=self._now()))

    async def _done(self, href: str, row: Booking | None) -> bool:
        """Read, act and write back; False where others were quicker each time."""
        for turn in range(MOST_TRIES):
            if turn:
                await asyncio.sleep(JITTER * (turn + self._chance()))
            found = await self._calendar.fetch(href)
            if found is None:
                if row is not None:
                    await self._gone(row)
                return True
            try:
                appointment = await self._read(found.text)
            except UnreadableError as error:
                log.info("rooms.booking_unreadable", calendar=self._path, why=str(error))
                unread = row or self._new(UNREAD + href, href)
                await self._keep(structs.replace(unread, etag=found.etag, due=None))
                return True
            row = await self._met(href, appointment)
            row, said = await self._acted(row, appointment, found.text)
            try:
                if await self._written(row, said, found, appointment):
                    return True
            except ChangedError:
                continue
        return False

    async def _met(self, href: str, appointment: Appointment) -> Booking:
        """Return what we know of this appointment, wherever it was; a copy has another UID and is another one."""
        if stale := self._rows.get(UNREAD + href):
            self._rows.pop(stale.uid)
            await self._store.forget(stale)
        row = self._rows.get(appointment.uid) or self._new(appointment.uid, href)
        return structs.replace(row, href=href)

    async def _acted(self, row: Booking, appointment: Appointment, text: str) -> tuple[Booking, Entrance | None]:
        """Make, move or end the room; return what the appointment is to say, None for nothing."""
        room, now = self._room(row), self._now()
        if not self._booked.wants(appointment):
            if room is None:
                return structs.replace(row, state="none", due=None), None
            return structs.replace(row, state="ending", due=row.due or now + ENDS_AFTER), None
        if room is None and row.room is not None and row.state in {"made", "ended"}:
            over = row.ends is not None and row.ends + self._after < now
            by_hand = row.state == "made" or ics.shows(text, self._booked.ended)
            if not over and by_hand:
                return structs.replace(row, state="ended", due=None), self._booked.ended
        if room is None:
            made = await self._booked.make(appointment)
            if isinstance(made, str):
                return structs.replace(row, state="none", room=None, due=None), self._booked.note(made)
            pins = self._booked.gave(made)
            row = structs.replace(row, room=made.id, state="made", etag="", tries=0, due=now + SOON, pins=pins)
            await self._keep(row)  # before anything is waited for: nobody is to get two rooms
            room = made
        elif problem := await self._booked.follow(room, appointment):
            return structs.replace(row, state="made", due=None), structs.replace(self._said(room), notes=(problem,))
        else:
            pins = await self._booked.let_in(room, appointment, row.pins)
            if pins != row.pins:
                row = structs.replace(row, pins=pins)
                await self._keep(row)  # at once: who is let in by the appointment must be known when it is another
        due = now + ROLLS_AFTER if appointment.goes_on else None
        # Numbers are dialled with the rights of whoever asked for it, hence not where nobody is named.
        asks = self._call_in is not None and self._booked.organizer(appointment) is not None
        starts = appointment.next_start
        if (
            row.starts is not None
            and row.starts == appointment.starts
            and row.starts <= now <= row.starts + LATEST_CALL
        ):
            starts = row.starts  # it has begun this moment, and nobody is called yet
        calls = list(appointment.calls) if asks and starts else []
        starts = starts if calls else None
        row = structs.replace(row, state="made", ends=appointment.ends, due=due, calls=calls, starts=starts)
        return row, self._said(room)

    async def _written(self, row: Booking, said: Entrance | None, found: Found, appointment: Appointment) -> bool:
        """Write what is to be said, and see that it stands there. Raises ChangedError."""
        if said is None:
            await self._keep(structs.replace(row, etag=found.etag))
            return True
        wanted = digest(said)
        shown = ics.shows(found.text, said)
        if shown and self._answered(found):
            await self._keep(structs.replace(row, etag=found.etag, wanted=wanted, tries=0))
            return True
        tries = row.tries + 1 if row.wanted == wanted else 1
        if tries > MOST_TRIES:
            await self._keep(structs.replace(row, etag=found.etag, wanted=wanted))
            return True
        text = await asyncio.to_thread(ics.write, found.text, said)
        if self._answers_as:
            text = ics.answer(text, self._answers_as, "ACCEPTED")
        await self._calendar.put(row.href, text, found.etag)
        row = structs.replace(row, wanted=wanted, tries=tries)
        again = await self._calendar.fetch(row.href)
        if again is not None and ics.shows(again.text, said):
            if shown and self._answered(again):
                row = structs.replace(row, tries=0)  # the lines were kept all the time
            same = await self._read(again.text) == appointment
            await self._keep(row if same else structs.replace(row, due=self._now()), again.etag if same else "")
            log.info("rooms.booking_written", calendar=self._path, room=row.room)
            return True
        if tries == MOST_TRIES:
            log.warning("rooms.booking_not_kept", calendar=self._path, room=row.room)
            await self._told(self._room(row), appointment)
        await self._keep(structs.replace(row, etag="", due=self._now() + SOON * tries))
        return True

    def _answered(self, found: Found) -> bool:
        """Whether nobody waits for our answer; who moves an appointment asks everybody anew."""
        return not self._answers_as or ics.has_answered(found.text, self._answers_as, "ACCEPTED")

    async def _gone(self, row: Booking) -> None:
        """End the room of an appointment that is no more, a little later."""
        if self._room(row) is None:
            self._rows.pop(row.uid, None)
            await self._store.forget(row)
        elif row.state != "ending" or row.etag:
            await self._keep(structs.replace(row, state="ending", etag="", due=self._now() + ENDS_AFTER))

    async def _end_those_due(self) -> None:
        """End rooms whose appointment is gone long enough, unless somebody is inside."""
        now = self._now()
        for row in [one for one in self._rows.values() if one.state == "ending" and one.due and one.due <= now]:
            room = self._room(row)
            if room is not None and self._inside(room):
                await self._keep(structs.replace(row, due=now + STILL_INSIDE))
                continue
            if room is not None:
                try:
                    await self._keeper.end(room.number)
                except (NotReachableError, RefusedError, GoneError, NotFoundError):
                    log.info("rooms.booking_follows_later", room=room.id)
            if row.etag:  # it is there, but cancelled
                await self._keep(structs.replace(row, state="none", room=None, due=None))
            else:
                self._rows.pop(row.uid, None)
                await self._store.forget(row)

    async def _call_those_who_asked(self) -> None:
        """At the start of an appointment, call the numbers that it names into its room."""
        now = self._now()
        for row in [one for one in self._rows.values() if one.state == "made" and one.starts and one.starts <= now]:
            late = row.starts is None or now - row.starts > LATEST_CALL
            await self._keep(structs.replace(row, starts=None, due=now))  # first: nobody is called twice
            room = self._room(row)
            if room is None or self._call_in is None or late:
                continue
            for number in row.calls:
                try:
                    await self._call_in(room.owner, room.number, number)
                except BridgeError as error:
                    log.warning("rooms.not_called", room=room.id, code=error.code)

    # -- small things -------------------------------------------------------------------------------------------------

    async def _read(self, text: str) -> Appointment:
        return await asyncio.to_thread(ics.read, text, now=self._now(), zone=self._zone, still=self._after)

    async def _keep(self, row: Booking, etag: str | None = None) -> None:
        row = structs.replace(row, seen_at=self._now(), etag=row.etag if etag is None else etag)
        await self._store.keep(row)
        self._rows[row.uid] = row

    def _new(self, uid: str, href: str) -> Booking:
        return Booking(calendar=self._path, uid=uid, href=href, seen_at=self._now())
