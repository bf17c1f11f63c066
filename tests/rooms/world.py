"""A house with people, rooms, and calendars on real servers."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ami_bridge.calendars.model import Appointment
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.db.database import Database
from ami_bridge.errors import NotAllowedError
from ami_bridge.people.model import People, Person
from ami_bridge.rooms.booked import Booked, Terms
from ami_bridge.rooms.booking import Bookings
from ami_bridge.rooms.bookings import BookingStore
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.lines import Lines
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.store import RoomStore
from ami_bridge.rooms.wishes import Rules
from ami_bridge.tasks import Errands
from tests.empty import empty_database
from tests.rooms.test_keeper import Pbx

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOBODY_KNOWS = Lines()
BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = (
    Person(login="anna", name="Anna Amsel", email="anna@example.org", department="Bau"),
    Person(login="ben", name="Ben Biber", email="Ben@example.org", department="Bau"),
    Person(login="carl", name="Carl Luchs", email="carl@example.org", department="Kasse"),
    Person(login="eva", name="Eva Eule", email="eva@example.org", roles=("user", "admin")),
)


class Town:
    """The house; its time stands still until somebody moves it."""

    def __init__(self, db: Database, lines: Lines) -> None:
        self.time = NOON
        self.people = People(PEOPLE)
        self.pbx = Pbx()
        self.inside: set[str] = set()
        self.told: list[str] = []
        self.called: list[tuple[str, str]] = []
        self.count = 0
        self.changed: Callable[[Room], None] = lambda _room: None
        self.store = BookingStore(db)
        rules = Rules(
            pbx_id="town", numbers=(range(8000, 9000),), before=timedelta(minutes=15), after=timedelta(hours=1),
            most=20, waits=True, per_person=500, language="de", lines=lines,
        )  # fmt: skip
        self.keeper = Keeper(
            store=RoomStore(db), pbx=self.pbx, people=self.people, rules=rules, new_id=self.new_id,
            random=random.Random(7).randrange,  # noqa: S311 - a test that can be repeated
            now=lambda: self.time, changed=self._changed, compare=lambda: None, errands=Errands(),
        )  # fmt: skip

    def _changed(self, room: Room) -> None:
        self.changed(room)

    def new_id(self) -> str:
        self.count += 1
        return f"ID{self.count:04}"

    def booked(self, **terms: Any) -> Booked:  # noqa: ANN401 - as Terms has them
        told = {"dial_in": "+49 89 99998-900", "language": "de", "owner": "eva", **terms}
        return Booked(keeper=self.keeper, people=self.people, terms=Terms(**told))

    def bookings(self, calendar: Any, path: str = "tk", **terms: Any) -> Bookings:  # noqa: ANN401 - a real one or a broken one
        return Bookings(**self.parts(calendar, path, self.tells), booked=self.booked(**terms))

    def parts(
        self,
        calendar: Any,  # noqa: ANN401 - a real one or a broken one
        path: str,
        told: Callable[[Room | None, Appointment], Awaitable[None]],
    ) -> dict[str, Any]:
        return {
            "path": path, "calendar": calendar, "store": self.store, "keeper": self.keeper, "zone": BERLIN,
            "after": timedelta(hours=1), "now": lambda: self.time, "chance": lambda: 0.0,
            "inside": lambda room: room.number in self.inside, "told": told,
            "call_in": self.call_in,
        }  # fmt: skip

    async def call_in(self, login: str, number: str, to: str) -> None:
        self.keeper.moderated_by(login, number)
        if to.startswith("00"):
            raise NotAllowedError("abroad")
        self.called.append((login, to))

    async def tells(self, room: Room | None, _appointment: Appointment) -> None:
        self.told.append(room.owner if room else "")


@asynccontextmanager
async def a_town(folder: Path, lines: Lines = NOBODY_KNOWS) -> AsyncIterator[Town]:
    async with empty_database(folder / "bridge.sqlite") as db:
        yield Town(db, lines)


@asynccontextmanager
async def dav(url: str, user: str, password: str, path: str = "tk") -> AsyncIterator[DavCalendar]:
    async with DavCalendar(url, user, password, path) as calendar:
        yield calendar


def event(uid: str, *more: str, starts: str = "DTSTART;TZID=Europe/Berlin:20261130T100000", ends: str = "") -> str:
    """Write an appointment as a plain client does."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//somebody//else//", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20261101T100000Z", starts, ends or "DURATION:PT1H", "SUMMARY:Bauabnahme", *more, "END:VEVENT",
        "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(lines)
