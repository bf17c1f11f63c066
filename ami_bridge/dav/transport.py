"""One question to the groupware over HTTP, within limits, and never to another host."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import aiohttp
from msgspec import Struct
from yarl import URL

from ami_bridge import __version__
from ami_bridge.dav import xml
from ami_bridge.dav.href import origin_of, path_of, redirected
from ami_bridge.errors import ConfigError, NotReachableError, RefusedError

MULTISTATUS = 207
REDIRECTS = frozenset({301, 302, 307, 308})
NOT_NOW = frozenset({408, 425, 429})
SERVER_AT_FAULT = 500
PIECE = 16_384


class Limits(Struct, frozen=True, kw_only=True):
    """How long we wait and how much we take."""

    connect: float = 5.0
    sign_in: float = 8.0
    properties: float = 30.0
    listing: float = 300.0
    """A server may need half a minute to answer the first sync of a large book."""
    cards: float = 120.0
    answer: int = 64_000_000
    """Octets of one answer."""
    small_answer: int = 1_000_000
    card: int = 4_000_000
    batch: int = 64
    """Cards asked for at once; servers have cut larger questions."""
    pages: int = 1_000
    redirects: int = 3


class AwayError(NotReachableError):
    """The groupware is not there, too slow, or answers something that is no DAV."""


class UnreadableError(AwayError):
    """The answer is larger than we take, or not the XML it should be."""


class Answer(Struct, frozen=True, kw_only=True):
    """A whole answer to a question in XML."""

    status: int
    resources: list[xml.Resource] = []
    token: str | None = None
    invalid_token: bool = False


class Transport:
    """The way to one DAV server; use it in `async with`."""

    def __init__(self, url: str, user: str, password: str, limits: Limits) -> None:
        try:
            scheme, host, port = origin_of(url)
        except ValueError as error:
            raise ConfigError("[groupware.url]: is not http://… or https://…") from error
        self.origin = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
        self.url = url if url.endswith("/") else url + "/"
        self.limits = limits
        self._authorisation = basic(user, password)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # A cookie of one person must never speak for the next one who signs in.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": f"ami-bridge/{__version__}", "Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(limit=16),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def path(self, href: str | None) -> str | None:
        """Where an address in an answer leads to on this server; None for any other."""
        return path_of(href, self.url) if href else None

    async def ask(
        self,
        url: str,
        body: bytes,
        *,
        method: str = "PROPFIND",
        depth: int = 0,
        within: float | None = None,
        large: bool = False,
        authorisation: str | None = None,
    ) -> Answer:
        """Ask in XML; answers that are not 207 come back with their status alone."""
        most = self.limits.answer if large else self.limits.small_answer
        reader = xml.Multistatus()
        resources: list[xml.Resource] = []
        headers = {"Depth": str(depth), "Content-Type": 'application/xml; charset="utf-8"'}
        async with self.request(
            method, url, body, headers, within or self.limits.properties, authorisation
        ) as response:
            if response.status != MULTISTATUS:
                return await _refusal(response, reader, self.limits.small_answer)
            try:
                async for piece in pieces(response, most):
                    resources += reader.feed(piece)
                    await asyncio.sleep(0)  # a large answer that is here already must not stop everything else
                reader.close()
            except xml.NotXmlError as error:
                raise UnreadableError("the groupware's answer is not the XML it should be") from error
            return Answer(status=response.status, resources=resources, token=reader.token)

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        within: float = 30.0,
        authorisation: str | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request, following redirects on the same host with method and body as they are."""
        if self._session is None:
            raise RuntimeError("DavClient is used outside of its `async with`")
        target: str | None = url if "://" in url else f"{self.origin}{url}"
        timeout = aiohttp.ClientTimeout(total=within, sock_connect=self.limits.connect)
        sent = {**(headers or {}), "Authorization": authorisation or self._authorisation}
        try:
            for _ in range(self.limits.redirects + 1):
                if target is None:
                    raise AwayError("the groupware sends us to another host; configure its right address")
                async with self._session.request(
                    method, URL(target, encoded=True), data=body, headers=sent, timeout=timeout, allow_redirects=False
                ) as response:
                    if response.status not in REDIRECTS:
                        yield response
                        return
                    target = redirected(target, response.headers.get("Location", ""))
        except TimeoutError as error:
            raise AwayError("the groupware did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise AwayError(f"the groupware cannot be reached: {type(error).__name__}") from error
        raise AwayError("the groupware sends us round in circles")


def basic(user: str, password: str) -> str:
    """Write the header for user and password; Digest is nowhere asked for alone, and broken with REPORT in places."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


async def pieces(response: aiohttp.ClientResponse, most: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives, up to `most` octets; a packed one, which could unfold to anything, is refused."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnreadableError("the groupware's answer is packed, though we asked for a plain one")
    taken = 0
    async for piece in response.content.iter_chunked(PIECE):
        taken += len(piece)
        if taken > most:
            raise UnreadableError("the groupware's answer is too large")
        yield piece


def good(answer: Answer) -> Answer:
    """Return the answer if it is one. Raises RefusedError for a no, AwayError for a fault of the server."""
    status = answer.status
    if status == MULTISTATUS:
        return answer
    if status in xml.OK or status in NOT_NOW or status >= SERVER_AT_FAULT:
        raise AwayError(f"the groupware does not answer as a DAV server (status {status})")
    raise RefusedError(f"the groupware refuses (status {status})")


async def _refusal(response: aiohttp.ClientResponse, reader: xml.Multistatus, most: int) -> Answer:
    """Look into the body of a refusal, as far as it is XML: it may say that our token is the reason."""
    try:
        async for piece in pieces(response, most):
            reader.feed(piece)
    except (xml.NotXmlError, UnreadableError):
        return Answer(status=response.status)
    return Answer(status=response.status, invalid_token=reader.says_invalid_token)
