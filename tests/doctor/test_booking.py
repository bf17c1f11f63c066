"""The calendars that become conferences are looked at as their account sees them, on a real server."""

from pathlib import Path

import aiohttp

from ami_bridge.config import Config, Groupware, Pbx, Rooms
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.doctor.booking import Booking
from tests.dav.calendars import CalendarOnServer
from tests.dav.radicale import radicale


async def test_calendars_that_cannot_be_read_are_named_and_all_others_counted(tmp_path: Path) -> None:
    async with radicale(tmp_path) as server, aiohttp.ClientSession() as session:
        await CalendarOnServer(server, session, "/bridge/tk/").make()

        async def told(**rooms: object) -> list[tuple[str, str]]:
            config = Config(
                pbx=[Pbx(id="town", secret="s")],
                groupware=Groupware(url=server.url, user=server.user, password=server.password),
                rooms=Rooms(**rooms),  # type: ignore[arg-type]
            )
            booking = Booking(
                config, open_=lambda path: DavCalendar(server.url, server.user, server.password, path)
            )  # fmt: skip
            return [(one.code, one.what.said("de")) for one in await booking.check()]

        assert await told() == []
        assert [code for code, _ in await told(calendar="tk", edits=("/bridge/tk/",))] == ["calendars.fine"]
        wrong = await told(calendar="Nirgends", invited="/bridge/none/", edits=("/bridge/tk/",))
        assert [code for code, _ in wrong] == ["calendars.missing"] * 2
        assert "«Nirgends» aus [rooms] calendar" in wrong[0][1]
        assert "«/bridge/none/» aus [rooms] invited" in wrong[1][1]
