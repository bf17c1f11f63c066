"""The room of an appointment: whose it is, made, moved, and what is said of it there."""

import hashlib
from collections.abc import Awaitable, Collection, Iterable

import structlog
from msgspec import Struct

from ami_bridge.calendars.block import block
from ami_bridge.calendars.model import Appointment, Entrance
from ami_bridge.errors import BadRequestError, BusyError, NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import People, Person
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.wishes import LONGEST_TITLE, Change, Invited, Wish

log = structlog.get_logger()

MOST_PEOPLE = 50
TEXTS = {
    "de": {
        "title": "Telefonkonferenz",
        "ended": "Die Telefonkonferenz wurde beendet. Wer wieder eine braucht, löscht diese drei Zeilen.",
        "too many": "Es gibt zu viele Räume, deshalb bekam dieser Termin keinen. Bitte an die IT wenden.",
        "lines": "Zu dieser Zeit sind viele Konferenzen gebucht; vielleicht reichen die Leitungen nicht für alle.",
        "impossible": "Für diesen Termin kann es keinen Raum geben; er dauert zu lange.",
    },
    "en": {
        "title": "Telephone conference",
        "ended": "The conference was ended. Delete these three lines to have another.",
        "too many": "There are too many rooms, so this appointment got none. Please ask your administrator.",
        "lines": "Many conferences are booked for this time; there may not be lines enough for all.",
        "impossible": "This appointment cannot have a room; it takes too long.",
    },
}


class Terms(Struct, frozen=True, kw_only=True):
    """How the appointments of a calendar become rooms."""

    dial_in: str
    language: str
    owner: str | None
    """Login of whose room it is where the calendar does not say it; None: then there is none."""
    address: str = ""
    """Only appointments that invite this address become rooms; empty: all."""


class Booked:
    """Rooms of appointments."""

    def __init__(self, *, keeper: Keeper, people: People, terms: Terms) -> None:
        self._keeper = keeper
        self._people = people
        self._terms = terms
        self._texts = TEXTS.get(terms.language, TEXTS["en"])

    def wants(self, appointment: Appointment) -> bool:
        """Whether it is to have a room."""
        invited = not self._terms.address or self._terms.address.casefold() in appointment.attendees
        return (
            invited
            and not appointment.cancelled
            and not appointment.all_day
            and appointment.starts is not None
            and (self._terms.owner is not None or self.organizer(appointment) is not None)
        )

    def organizer(self, appointment: Appointment) -> Person | None:
        """Find who made the appointment, by address or login."""
        return self._person(appointment.organizer)

    async def make(self, appointment: Appointment) -> Room | str:
        """Make its room; where there can be none, return what to tell. Raises NotReachableError."""
        organizer = self.organizer(appointment)
        owner = organizer.login if organizer else self._terms.owner or ""
        guests = dict.fromkeys(one.login for one in self._known(appointment.attendees) if one.login != owner)
        wish = Wish(
            title=self._title(appointment),
            starts=appointment.starts,
            ends=appointment.ends,
            # Nobody would come who lets them in, where nobody of the house is named.
            waits=None if organizer else False,
            people=[Invited(login=login) for login in guests][:MOST_PEOPLE],
        )
        try:
            return await self._keeper.make(owner, wish)
        except (NotAllowedError, BusyError) as error:
            log.warning("rooms.booking_refused", code=error.code)
            return self._texts["too many"]
        except (BadRequestError, NotFoundError) as error:
            log.warning("rooms.booking_refused", code=error.code)
            return self._texts["impossible"]

    async def follow(self, room: Room, appointment: Appointment) -> str | None:
        """Move its room along; what to tell where that cannot be. The PBX may follow later."""
        change = Change(title=self._title(appointment), starts=appointment.starts, ends=appointment.ends)
        try:
            await self._keeper.change(room.number, change)
        except NotReachableError:
            log.info("rooms.booking_follows_later", room=room.id)
        except (BadRequestError, NotAllowedError) as error:
            log.warning("rooms.booking_refused", code=error.code)
            return self._texts["impossible"]
        return None

    async def let_in(self, room: Room, appointment: Appointment, given: Collection[str]) -> list[str]:
        """Give those who attend a PIN, and take it back from who does no more; the PBX may follow later.

        `given` are the PINs that the appointment gave; those that it gives now are returned. Others stay as they are.
        """
        attend = [one.login for one in self._known(appointment.attendees)][:MOST_PEOPLE]
        before = self._keeper.pins_of(room)
        has = {pin.login for pin in before}
        for pin in before:
            if pin.id in given and pin.login not in attend:
                await self._even_if_away(room, self._keeper.revoke(room.number, pin.id))
        for login in attend:
            if login not in has:
                await self._even_if_away(room, self._keeper.invite(room.number, Invited(login=login)))
        kept = {pin.id for pin in before} - set(given)
        return [pin.id for pin in self._keeper.pins_of(room) if pin.id not in kept]

    @staticmethod
    async def _even_if_away(room: Room, change: Awaitable[object]) -> None:
        try:
            await change
        except NotReachableError:
            log.info("rooms.booking_follows_later", room=room.id)
        except (BadRequestError, NotAllowedError, NotFoundError) as error:
            log.warning("rooms.booking_refused", code=error.code)

    def gave(self, room: Room) -> list[str]:
        """Return the PINs that a room was made with, for those who attend."""
        return [pin.id for pin in self._keeper.pins_of(room) if pin.role == "part"]

    def said(self, room: Room) -> Entrance:
        """Return what the appointment says of its room: with the guests' PIN, never with another."""
        pin = next((one.digits for one in self._keeper.pins_of(room) if one.role == "guest"), "")
        terms = self._terms
        now = self._keeper.by_id(room.id) or room  # it may just have moved
        notes = () if self._keeper.crowd(now) is None else (self._texts["lines"],)
        return Entrance(language=terms.language, dial_in=terms.dial_in, number=room.number, pin=pin, notes=notes)

    def note(self, text: str) -> Entrance:
        """Return what an appointment without a room says."""
        return Entrance(language=self._terms.language, notes=(text,))

    @property
    def ended(self) -> Entrance:
        """What an appointment says whose room somebody ended."""
        return self.note(self._texts["ended"])

    def _title(self, appointment: Appointment) -> str:
        return appointment.title[:LONGEST_TITLE].strip() or self._texts["title"]

    def _person(self, address: str) -> Person | None:
        if not address:
            return None
        return next(
            (one for one in self._people.all() if address in {(one.email or "").casefold(), one.login.casefold()}), None
        )

    def _known(self, addresses: Iterable[str]) -> list[Person]:
        """Find those of the house."""
        wanted = set(addresses)
        return [one for one in self._people.all() if wanted & {(one.email or "").casefold(), one.login.casefold()}]


def digest(said: Entrance) -> str:
    """Return what tells one text from another, without being one."""
    return hashlib.sha256(block(said).encode()).hexdigest()[:32]
