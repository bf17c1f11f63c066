"""CalDAV: asks what changed in a calendar, fetches appointments, and writes them back unless they changed meanwhile.

The library logs bodies, which have PINs in them: `logs.py` lets no text of a library through.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

from caldav.aio import AsyncDAVClient
from caldav.lib import error as dav_error
from msgspec import Struct
from niquests.exceptions import RequestException

from ami_bridge import __version__
from ami_bridge.dav.transport import SERVER_AT_FAULT, AwayError
from ami_bridge.errors import RefusedError

ANSWER_WITHIN = 30.0
MOST_PAGES = 100
CALENDAR_TYPE = "text/calendar; charset=utf-8"
SAFE = "/@:!$&'()*+,;=~-._"
ETAG = "{DAV:}getetag"
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
CHANGED = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT})
TOKEN_REFUSED = frozenset({400, 403, 409, 412, 415, 507})  # 403 by the standard, the others in the wild


class Listing(Struct, frozen=True, kw_only=True):
    """What is there, or what changed."""

    etags: Mapping[str, str]
    gone: frozenset[str] = frozenset()
    token: str | None = None
    whole: bool = False
    """Whether everything was listed, so that what is missing is gone."""


class Found(Struct, frozen=True):
    """An appointment as it is now."""

    text: str
    etag: str


class ChangedError(Exception):
    """Somebody else has changed it meanwhile."""


class DavCalendar:
    """One calendar at the groupware; use it in `async with`."""

    def __init__(self, url: str, user: str, password: str, path: str) -> None:
        """`path` is a whole path or the name of a calendar of the account."""
        self._url = url if url.endswith("/") else url + "/"
        self._user = user
        self._password = password
        self._path = path
        self._found: str | None = None
        self._client: AsyncDAVClient

    async def __aenter__(self) -> Self:
        self._client = AsyncDAVClient(
            url=self._url,
            username=self._user,
            password=self._password,
            auth_type="basic",
            timeout=int(ANSWER_WITHIN),
            headers={"User-Agent": f"ami-bridge/{__version__}"},
            enable_rfc6764=False,
            rate_limit_handle=False,
        )
        self._client.session.trust_env = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def changes(self, token: str | None) -> Listing:
        """Say what changed since the token; everything without one, or where it is not known any more."""
        if token is None:
            return await self._everything()
        url = await self._address()
        etags: dict[str, str] = {}
        gone: set[str] = set()
        for _ in range(MOST_PAGES):
            try:
                async with _answered():
                    answer = await self._client.sync_collection(url, sync_token=token, props=["getetag"])
                if answer.status in TOKEN_REFUSED:
                    return await self._everything()
                result = _good(answer).parse_sync_collection()
            except RefusedError:
                return await self._everything()
            for one in result.changed:
                if self._is_inside(one.href, url):
                    etags[one.href] = one.etag or ""
            gone.update(result.deleted)
            token = result.sync_token or token
            if not result.truncated:
                break
        return Listing(etags=etags, gone=frozenset(gone - etags.keys()), token=token)

    async def fetch(self, href: str) -> Found | None:
        """Fetch an appointment; None where it is gone."""
        async with _answered():
            answer = await self._client.request(self._at(href), "GET", headers={"Accept": "text/calendar"})
        if answer.status in GONE:
            return None
        _good(answer)
        raw = answer._raw_body or answer.raw  # noqa: SLF001 - `raw` alone has lost what the line ends were
        try:
            text = raw if isinstance(raw, str) else raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RefusedError("an appointment is not in UTF-8") from error
        return Found(text, answer.headers.get("ETag") or "")

    async def put(self, href: str, text: str, etag: str) -> None:
        """Write an appointment back. Raises ChangedError where it is not any more what it was."""
        if not etag:
            raise RefusedError("the calendar gives no ETag, so nothing is written: somebody's text could be lost")
        headers = {"Content-Type": CALENDAR_TYPE, "If-Match": etag}
        async with _answered():
            answer = await self._client.put(self._at(href), text, headers)
        if answer.status in CHANGED | GONE:
            raise ChangedError
        _good(answer)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _everything(self) -> Listing:
        """List all; the token is asked for first, so that nothing falls between."""
        url = await self._address()
        async with _answered():
            told = await self._client.propfind(url, depth=0, props=["sync-token"])
            there = await self._client.propfind(url, depth=1, props=["getetag", "resourcetype"])
        itself = next(iter(_good(told).parse_propfind()), None)
        token = None if itself is None else itself.properties.get("{DAV:}sync-token")
        if itself is not None and itself.href.endswith("/"):
            self._found = url = self._at(urlsplit(itself.href).path)  # Cyrus has other names for what others share
        etags = {
            one.href: str(one.properties.get(ETAG) or "")
            for one in _good(there).parse_propfind()
            if self._is_inside(one.href, url) and one.status not in GONE
        }
        return Listing(etags=etags, token=str(token) if token else None, whole=True)

    async def _address(self) -> str:
        """Find the calendar once."""
        if self._found is None:
            if "/" in self._path:
                self._found = self._at(self._path.rstrip("/") + "/")
            else:
                self._found = await self._by_name(self._path)
        return self._found

    async def _by_name(self, name: str) -> str:
        async with _answered():
            for one in await self._client.get_calendars():
                url = str(one.url)
                if unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2] == name:
                    return self._at(urlsplit(url).path)
        raise RefusedError(f"the account has no calendar {name!r}")

    def _at(self, href: str) -> str:
        """Return the address of a path on this server; the library gives paths decoded."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc}{quote(unquote(href), safe=SAFE)}"

    @staticmethod
    def _is_inside(href: str, url: str) -> bool:
        base = unquote(urlsplit(url).path)
        return href.startswith(base) and href != base and not href.endswith("/")


def _good(answer: Any) -> Any:  # noqa: ANN401 - the library's answer
    """Return the answer if it is one."""
    if answer.status >= SERVER_AT_FAULT or answer.status in {408, 425, 429}:
        raise AwayError(f"the groupware does not answer as a calendar server (status {answer.status})")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise RefusedError(f"the groupware refuses (status {answer.status})")
    return answer


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    """Limit the wait, and turn the library's errors into ours."""
    try:
        async with asyncio.timeout(2 * ANSWER_WITHIN):
            yield
    except TimeoutError as error:
        raise AwayError("the groupware did not answer in time") from error
    except (dav_error.AuthorizationError, dav_error.NotFoundError) as error:
        raise RefusedError(f"the groupware refuses ({type(error).__name__})") from error
    except (dav_error.DAVError, RequestException, OSError, SyntaxError, AssertionError) as error:
        raise AwayError(f"the groupware cannot be reached: {type(error).__name__}") from error
