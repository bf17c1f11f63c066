"""What people do in a calendar on a real server, by plain requests."""

import urllib.parse
from typing import Protocol

import aiohttp

MKCALENDAR = '<?xml version="1.0"?><mkcalendar xmlns="urn:ietf:params:xml:ns:caldav"/>'


class Server(Protocol):
    """A running server."""

    @property
    def url(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


class CalendarOnServer:
    """A calendar, and somebody who writes into it."""

    def __init__(
        self, server: Server, session: aiohttp.ClientSession, path: str, *, user: str = "", password: str = ""
    ) -> None:
        self.server = server
        self.path = path
        self._session = session
        self._auth = aiohttp.encode_basic_auth(user or server.user, password or server.password)

    async def make(self) -> None:
        """Make it."""
        status, _, _ = await self._ask("MKCALENDAR", self.path, MKCALENDAR, {"Content-Type": "application/xml"})
        assert status == 201

    async def put(self, name: str, text: str, etag: str = "") -> int:
        """Write an appointment; with an ETag only where it is still the same."""
        headers = {"Content-Type": "text/calendar; charset=utf-8"} | ({"If-Match": etag} if etag else {})
        return (await self._ask("PUT", f"{self.path}{name}.ics", text, headers))[0]

    async def get(self, name: str) -> tuple[str, str]:
        """Read an appointment and its ETag."""
        status, text, etag = await self._ask("GET", f"{self.path}{name}.ics")
        assert status == 200, (status, text)
        return text, etag

    async def delete(self, name: str) -> None:
        """Delete an appointment."""
        status, _, _ = await self._ask("DELETE", f"{self.path}{name}.ics")
        assert status in {200, 204}

    async def _ask(
        self, method: str, path: str, text: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        url = self.server.url.rstrip("/") + urllib.parse.quote(path)
        async with self._session.request(
            method, url, data=text.encode(), headers={"Authorization": self._auth, **(headers or {})}
        ) as response:
            return response.status, await response.text(), response.headers.get("ETag", "")
