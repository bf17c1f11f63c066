"""Too many conferences for the lines at one time: whoever books the last one is told, and the doctor."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from msgspec import structs

from ami_bridge.config import Config, Pbx, Rooms
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.doctor.lines import Lines as DoctorOfLines
from ami_bridge.rooms.desk import RoomDesk
from ami_bridge.rooms.lines import Crowd, Lines, crowd, crowds
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.wishes import Wish
from ami_bridge.web.hub import Hub
from tests.dav.calendars import CalendarOnServer
from tests.dav.radicale import radicale
from tests.rooms.test_booking import description
from tests.rooms.world import BERLIN, NOON, a_town, event

HOUR = timedelta(hours=1)
TEN = Lines(there=10, each=4)
NOTE = "Hinweis: Zu dieser Zeit sind viele Konferenzen gebucht"


def room(number: int, begin: float, hours: float = 1, *, most: int = 20) -> Room:
    """A room that was made after those with smaller numbers."""
    return Room(
        id=str(number), pbx_id="town", number=str(number), title="x", owner="anna", most=most,
        starts=NOON + begin * HOUR, ends=NOON + (begin + hours) * HOUR, created=NOON + number * timedelta(seconds=1),
    )  # fmt: skip


def test_two_at_once_are_enough_for_ten_lines_and_a_third_is_too_much() -> None:
    first, second, third = room(1, 0, 3), room(2, 1), room(3, 0.5)
    rooms = [first, second, third]
    assert [crowd(one, rooms, TEN) for one in rooms] == [None, None, Crowd(at=NOON + HOUR, rooms=3, needed=12)]
    assert crowds(rooms, TEN, NOON) == [Crowd(at=NOON + HOUR, rooms=3, needed=12)]
    assert crowds(rooms, TEN, NOON + 2 * HOUR) == [], "what is over"
    assert crowd(third, rooms, Lines()) is None, "not known how many there are"


def test_rooms_one_after_the_other_small_ones_and_series_are_no_crowd() -> None:
    after = [room(1, 0), room(2, 1), room(3, 2)]
    assert crowds(after, Lines(there=4), NOON) == []
    small = [room(at, 0, most=2) for at in range(5)]
    assert crowds(small, TEN, NOON) == []
    series = [structs.replace(room(at, 0), ends=NOON + timedelta(weeks=4)) for at in range(5)]
    assert crowds(series, TEN, NOON) == []


def test_the_doctor_names_the_times() -> None:
    def asked(lines: int, found: Sequence[Crowd]) -> list[str]:
        config = Config(pbx=[Pbx(id="town")], rooms=Rooms(numbers="8000-8999", lines=lines))
        return [f"{one.code} {one.what.de}" for one in DoctorOfLines(config, crowds=lambda _: found).check(NOON)]

    assert asked(0, [Crowd(at=NOON, rooms=3, needed=12)]) == []
    (fine,) = asked(10, [])
    assert fine.startswith("lines.fine ")
    (short,) = asked(10, [Crowd(at=NOON, rooms=3, needed=12)])
    assert short.startswith("lines.short ")
    assert short.endswith("10 Leitungen hat: 21.11.2026 13:00 (3 → 12).")


async def test_who_makes_the_room_too_much_is_told_and_nobody_before(tmp_path: Path) -> None:
    async with a_town(tmp_path, Lines(there=4)) as town:
        hub = Hub(epoch="E", now=lambda: NOON)
        desk = RoomDesk(keeper=town.keeper, people=town.people, hub=hub, dial_in="+49", zone=BERLIN)

        def wish(at: datetime) -> Wish:
            return Wish(title="x", starts=at, ends=at + HOUR)

        first = await town.keeper.make("anna", wish(NOON))
        second = await town.keeper.make("ben", wish(NOON))
        assert (desk.show(first, "anna").lines_short, desk.show(second, "ben").lines_short) == (False, True)
        assert not desk.show(second, "eva").lines_short, "it is of no use to who only sees it"
        await town.keeper.end(first.number)
        assert not desk.show(second, "ben").lines_short


async def test_the_appointment_says_it_as_long_as_it_is_so(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    async with (
        a_town(tmp_path, Lines(there=4)) as town,
        radicale(tmp_path / "server") as server,
        aiohttp.ClientSession() as session,
        DavCalendar(server.url, server.user, server.password, "tk") as ours,
    ):
        calendar = CalendarOnServer(server, session, "/bridge/tk/")
        await calendar.make()
        bookings = town.bookings(ours)
        await calendar.put("a", event("a"))
        await bookings.look()
        await calendar.put("b", event("b"))
        await bookings.look()
        (first, _), (second, etag) = await calendar.get("a"), await calendar.get("b")
        assert NOTE not in description(first)
        assert NOTE in description(second)
        assert await calendar.put("b", second.replace("20261130T100000", "20261201T100000"), etag) < 300
        await bookings.look()
        moved = description((await calendar.get("b"))[0])
        assert "PIN: " in moved
        assert NOTE not in moved
