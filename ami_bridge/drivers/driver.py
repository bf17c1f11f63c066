"""Asks a configured telephone over HTTP: one request with limits, no redirects, digest authentication."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
import structlog

from ami_bridge.drivers.makers import MAKES, Ask, Make, Maker, What, went_well
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

DONE_WITHIN = 4.0
MOST_BYTES = 8_192
UNAUTHORISED = 401


class Phone(Protocol):
    """A telephone, as configured."""

    @property
    def device(self) -> str:
        """Its name at the PBX."""

    @property
    def driver(self) -> Maker | str:
        """Whose it is; empty where it cannot be steered."""

    @property
    def address(self) -> str:
        """Its web server."""

    @property
    def user(self) -> str:
        """Who may."""

    @property
    def password(self) -> str:
        """And shows it by this."""


class Drivers:
    """All telephones that are steered over their own web server: the configured ones, and no other address."""

    def __init__(self, phones: Iterable[Phone], session: aiohttp.ClientSession) -> None:
        self._phones = {phone.device: phone for phone in phones if phone.driver}
        self._session = session

    def can(self, device: str) -> Collection[str]:
        """Return what a telephone can be told to do: `answer`, `hold`, `resume`."""
        phone = self._phones.get(device)
        return () if phone is None else _make(phone).asks.keys()

    async def do(self, device: str, what: What) -> None:
        """Have it done; raises NotReachableError, or RefusedError where the telephone says no."""
        phone = self._phones.get(device)
        ask = None if phone is None else _make(phone).asks.get(what)
        if phone is None or ask is None:
            raise RefusedError("This telephone cannot be told to do that.")
        try:
            async with asyncio.timeout(DONE_WITHIN):
                status, body = await self._ask(phone, ask)
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            log.warning("phone.not_reached", device=device, error=type(error).__name__)
            raise NotReachableError("The telephone does not answer to its web address.") from error
        if status != 200 or not went_well(_make(phone), body):  # noqa: PLR2004
            log.warning("phone.refused", device=device, status=status)
            raise RefusedError(f"The telephone refused ({status}).")

    async def _ask(self, phone: Phone, ask: Ask) -> tuple[int, bytes]:
        make, url = _make(phone), phone.address.rstrip("/") + ask.path
        query = {**ask.query, **({make.password_as: phone.password} if make.password_as else {})}
        known = bool(phone.password) and not make.password_as
        digest = (aiohttp.DigestAuthMiddleware(phone.user, phone.password),) if known else ()
        most = MOST_BYTES if make.says_how_it_went else 0
        status, body, wants = await self._get(url, query, digest, most=most)
        # In clear, a password is shown to nobody who only has to ask for it.
        if status == UNAUTHORISED and known and wants.startswith("basic") and url.startswith("https://"):
            basic = aiohttp.BasicAuth(phone.user, phone.password)
            status, body, _ = await self._get(url, query, (), basic, most=most)
        return status, body

    async def _get(
        self,
        url: str,
        query: dict[str, str],
        middlewares: tuple[aiohttp.ClientMiddlewareType, ...],
        auth: aiohttp.BasicAuth | None = None,
        *,
        most: int,
    ) -> tuple[int, bytes, str]:
        async with self._session.get(
            url, params=query, middlewares=middlewares, auth=auth, allow_redirects=False
        ) as response:
            body = b""
            while len(body) < most and (piece := await response.content.read(most - len(body))):  # it comes in pieces
                body += piece
            return response.status, body, response.headers.get("WWW-Authenticate", "").lower()


@asynccontextmanager
async def drivers(phones: Iterable[Phone]) -> AsyncIterator[Drivers]:
    """Hold the connections to telephones until the end of the block."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=DONE_WITHIN), trust_env=False
    ) as session:
        yield Drivers(phones, session)


def _make(phone: Phone) -> Make:
    return MAKES[phone.driver]  # type: ignore[index]  # the configuration has no others
