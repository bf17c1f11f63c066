"""Appointments that invite us: we answer, and mail their organizer how to dial in, for the appointment is not ours."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Protocol

import structlog
from msgspec import structs

from ami_bridge.calendars import ics
from ami_bridge.calendars.model import Appointment, Entrance
from ami_bridge.dav.calendar import Found
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.people.model import Person
from ami_bridge.rooms.booked import digest
from ami_bridge.rooms.booking import Bookings
from ami_bridge.rooms.bookings import Booking
from ami_bridge.rooms.invitation import invitation
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.model import Room

log = structlog.get_logger()

TEXTS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "subject": "Einwahl: {title}",
        "invited": "für Ihren Termin gibt es eine Telefonkonferenz. Bitte schreiben Sie die Einwahl in den Termin:",
        "not kept": "der Kalender hat die Einwahl nicht behalten. Bitte schreiben Sie sie selbst in den Termin:",
        "none": "Ihr Termin hat keine Telefonkonferenz:",
        "greeting": "Guten Tag {name},",
    },
    "en": {
        "subject": "How to dial in: {title}",
        "invited": "there is a telephone conference for your appointment. Please put this into it:",
        "not kept": "the calendar did not keep how to dial in. Please put it into your appointment yourself:",
        "none": "your appointment has no telephone conference:",
        "greeting": "Hello {name},",
    },
}


class Post(Protocol):
    """Where mails are handed in."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send one."""


class Letters:
    """What organizers are told by mail; nothing where the site has no mail server."""

    def __init__(
        self, *, post: Post | None, keeper: Keeper, dial_in: str, language: str, zone: tzinfo,
        by_login: Callable[[str], Person | None],
    ) -> None:  # fmt: skip
        self._post = post
        self._keeper = keeper
        self._dial_in = dial_in
        self._language = language if language in TEXTS else "en"
        self._zone = zone
        self._by_login = by_login

    async def not_kept(self, room: Room | None, appointment: Appointment) -> None:
        """Tell a room's owner that the calendar did not keep how to dial in; that this fails is no further trouble."""
        owner = None if room is None else self._by_login(room.owner)
        if room is not None and owner is not None:
            try:
                await self.send(owner, appointment, room, "not kept")
            except (NotReachableError, RefusedError) as error:
                log.warning("rooms.mail_failed", why=str(error))

    async def send(self, to: Person, appointment: Appointment, room: Room | None, what: str, note: str = "") -> None:
        """Tell somebody of the house how to dial in, or why that cannot be."""
        if self._post is None or not to.email or "@" not in to.email:
            log.warning("rooms.mail_failed", why="there is no mail server, or the person has no address")
            return
        texts = TEXTS[self._language]
        body = note
        if room is not None:
            pin = next((one.digits for one in self._keeper.pins_of(room) if one.role == "guest"), "")
            text = invitation(room, pin=pin, dial_in=self._dial_in, zone=self._zone)[self._language]
            body = f"{text}\n\n{note}" if note else text
        title = appointment.title[:100] or (room.title if room else "")
        lines = [texts["greeting"].format(name=to.name), "", texts[what], "", body, ""]
        await self._post.send(to.email, texts["subject"].format(title=title), "\n".join(lines))


class Invitations(Bookings):
    """A calendar in which invitations arrive."""

    def __init__(
        self,
        *,
        address: str,
        letters: Letters,
        edits: Sequence[Bookings] = (),
        **parts: Any,  # noqa: ANN401 - those of Bookings
    ) -> None:
        """`edits` are calendars in which we write into the appointment itself: what is there needs no mail."""
        super().__init__(**parts)
        self._address = address
        self._letters = letters
        self._edits = edits

    async def _acted(self, row: Booking, appointment: Appointment, text: str) -> tuple[Booking, Entrance | None]:
        """Leave alone what is told how to dial in where it was made: one appointment, one room."""
        if row.room is None and self._booked.wants(appointment):
            for one in self._edits:  # it may have come there this moment
                await one.look()
            if await self._store.is_made_elsewhere(row):
                return structs.replace(row, state="none", due=None), None
        return await super()._acted(row, appointment, text)

    async def _written(self, row: Booking, said: Entrance | None, found: Found, appointment: Appointment) -> bool:
        """Mail the organizer first, then answer, so that an answer means that the mail is under way."""
        if said is None:
            await self._keep(row, found.etag)
            return True
        wanted = digest(said)
        organizer = self._booked.organizer(appointment)
        if row.wanted != wanted and organizer is not None:
            what = "invited" if said.number else "none"
            await self._letters.send(organizer, appointment, self._room(row), what, " ".join(said.notes))
            row = structs.replace(row, wanted=wanted)
            await self._keep(structs.replace(row, etag="", due=self._now()))
            log.info("rooms.booking_mailed", calendar=self._path, room=row.room)
        how = "ACCEPTED" if said.number else "DECLINED"
        if not ics.has_answered(found.text, self._address, how):
            text = await asyncio.to_thread(ics.answer, found.text, self._address, how)
            await self._calendar.put(row.href, text, found.etag)
            again = await self._calendar.fetch(row.href)
            found = again or found
        await self._keep(row, found.etag)
        return True
