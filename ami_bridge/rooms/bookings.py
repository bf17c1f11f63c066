"""What was made of each appointment of a calendar, and where its last look ended, in the database."""

from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import delete, insert, select, update

from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import booking_calendars, bookings

State = Literal["none", "made", "ending", "ended"]
"""No room; a room; a room that will end soon, for the appointment is gone; ended by hand, so that none is made anew."""


class Booking(Struct, frozen=True, kw_only=True):
    """An appointment that we know."""

    calendar: str
    uid: str
    href: str
    etag: str = ""
    """As it was when we were done with it; empty: look again."""
    room: str | None = None
    """Id of its room."""
    state: State = "none"
    ends: datetime | None = None
    wanted: str = ""
    """Of what is written there, to see that it is another now."""
    tries: int = 0
    """How often that was written without being found there later."""
    due: datetime | None = None
    """When to look again, whatever the calendar says."""
    starts: datetime | None = None
    """The next time, if somebody is to be called then."""
    calls: list[str] = []
    """Numbers that asked to be called."""
    pins: list[str] = []
    """Ids of the PINs that were given because of the appointment; others were given by hand."""
    seen_at: datetime


class Known(Struct, frozen=True, kw_only=True):
    """What was known after the last look."""

    token: str | None = None
    compared: datetime | None = None
    """When everything was listed last."""
    bookings: list[Booking] = []


class BookingStore:
    """Keeps what was made of appointments."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, calendar: str) -> Known:
        """Read all of a calendar."""
        async with self._db.transaction() as transaction:
            heads = await transaction.rows(select(booking_calendars).where(booking_calendars.c.calendar == calendar))
            rows = await transaction.rows(select(bookings).where(bookings.c.calendar == calendar))
        found = [read(row, Booking) for row in rows]
        return Known(
            token=heads[0].token if heads else None, compared=heads[0].compared if heads else None, bookings=found
        )

    async def keep(self, booking: Booking) -> None:
        """Keep one as it is now."""
        its = (bookings.c.calendar == booking.calendar) & (bookings.c.uid == booking.uid)
        async with self._db.transaction() as transaction:
            if await transaction.run(update(bookings).where(its).values(asdict(booking))) == 0:
                await transaction.run(insert(bookings).values(asdict(booking)))

    async def is_made_elsewhere(self, booking: Booking) -> bool:
        """Whether the same appointment has a room in another calendar, such as its organizer's."""
        its = (bookings.c.calendar != booking.calendar) & (bookings.c.uid == booking.uid) & (bookings.c.state == "made")
        async with self._db.transaction() as transaction:
            return bool(await transaction.rows(select(bookings.c.uid).where(its).limit(1)))

    async def forget(self, booking: Booking) -> None:
        """Delete one."""
        its = (bookings.c.calendar == booking.calendar) & (bookings.c.uid == booking.uid)
        await self._db.run(delete(bookings).where(its))

    async def looked(self, calendar: str, token: str | None, compared: datetime | None) -> None:
        """Note where the look ended; only after all that it told is kept."""
        values = {"calendar": calendar, "token": token, "compared": compared}
        async with self._db.transaction() as transaction:
            await transaction.run(delete(booking_calendars).where(booking_calendars.c.calendar == calendar))
            await transaction.run(insert(booking_calendars).values(values))
