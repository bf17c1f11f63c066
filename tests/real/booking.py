"""What people do in the booking calendar, by plain requests: a client that knows nothing of us."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import aiohttp

from ami_bridge.calendars.lines import lines_of, unescaped
from tests.real.house import House


def event(uid: str, starts: datetime, *more: str, hours: float = 1, title: str = "Bauabnahme") -> str:
    """Write an appointment as a plain client does."""
    ends = starts + timedelta(hours=hours)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//somebody//else//", "BEGIN:VEVENT", f"UID:{uid}",
        f"DTSTAMP:{starts:%Y%m%dT%H%M%SZ}", f"DTSTART:{starts.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTEND:{ends.astimezone(UTC):%Y%m%dT%H%M%SZ}", f"SUMMARY:{title}", *more, "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(lines)


class Client:
    """Somebody's calendar program."""

    def __init__(self, house: House, user: str) -> None:
        self._house = house
        self._auth = aiohttp.encode_basic_auth(user, house.pbx.secrets.passwords[user])

    async def put(self, uid: str, text: str, etag: str = "") -> int:
        """Write an appointment; with an ETag only where it is still the same."""
        headers = {"Content-Type": "text/calendar"} | ({"If-Match": etag} if etag else {})
        async with self._ask("PUT", uid, text, headers) as response:
            return response.status

    async def get(self, uid: str) -> tuple[str, str]:
        """Read an appointment and its ETag."""
        async with self._ask("GET", uid) as response:
            assert response.status == 200, response.status
            return await response.text(), response.headers["ETag"]

    async def delete(self, uid: str) -> None:
        """Delete an appointment."""
        async with self._ask("DELETE", uid) as response:
            assert response.status in {200, 204}

    async def until(self, uid: str, fits: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Wait until the appointment reads so."""
        found: dict[str, str] = {}

        async def reads() -> bool:
            nonlocal found
            text, _ = await self.get(uid)
            found = {line.name: unescaped(line.value) for line in lines_of(text)}
            return fits(found)

        await self._house.pbx.until(reads, "the appointment does not say it", within=30)
        return found

    def _ask(
        self, method: str, uid: str, text: str = "", headers: dict[str, str] | None = None
    ) -> aiohttp.client._RequestContextManager:
        url = f"{self._house.groupware.booking_calendar}{uid}.ics"
        return self._house.session.request(
            method, url, data=text.encode(), headers={"Authorization": self._auth, **(headers or {})}
        )
