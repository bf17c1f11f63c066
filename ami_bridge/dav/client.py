"""CardDAV: asks the groupware for address books, for what changed in them, and whether a password is right."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

from msgspec import Struct

from ami_bridge.dav import xml
from ami_bridge.dav.plan import Listing
from ami_bridge.dav.quirks import is_ignored, mixes_everybody, quirks_of
from ami_bridge.dav.transport import (
    MULTISTATUS,
    Answer,
    AwayError,
    Limits,
    Transport,
    UnreadableError,
    basic,
    good,
    pieces,
)
from ami_bridge.errors import RefusedError

GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
MORE_TO_COME = HTTPStatus.INSUFFICIENT_STORAGE
ONE_TO_BLAME = frozenset(
    {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
)
"""Answers of servers that stumble over one card, or over too many."""
ELSEWHERE = GONE | {HTTPStatus.METHOD_NOT_ALLOWED}
TOKEN_REFUSED = frozenset({400, 403, 409, 412, 415})  # 403 by the standard, the others in the wild
BOOK_PROPERTIES = ("D:resourcetype", "D:displayname", "D:sync-token", "S:getctag", "D:supported-report-set", "D:owner")
PRINCIPAL = "D:current-user-principal"
HOMES = "C:addressbook-home-set"


class Book(Struct, frozen=True, kw_only=True):
    """An address book as the server describes it."""

    path: str
    name: str = ""
    token: str | None = None
    ctag: str | None = None
    can_sync: bool = False
    owner: str | None = None
    """Principal of whom it belongs to, where the server says so."""


class Card(Struct, frozen=True):
    """One card as it came."""

    href: str
    etag: str | None
    text: str


class Known(Struct, frozen=True, kw_only=True):
    """What we had after the last look."""

    etags: Mapping[str, str | None] = {}
    token: str | None = None
    ctag: str | None = None


class DavClient:
    """Our connection to the groupware; use it in `async with`."""

    def __init__(self, url: str, user: str, password: str, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._dav = Transport(url, user, password, self._limits)

    async def __aenter__(self) -> Self:
        await self._dav.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._dav.__aexit__(kind, error, trace)

    async def principal(self, user: str, password: str) -> str | None:
        """Say which principal this user and password are; None if they are wrong. Raises NotReachableError."""
        if not user or not password or ":" in user or not (user + password).isprintable():
            return None
        authorisation = basic(user, password)
        try:
            async with asyncio.timeout(self._limits.sign_in):
                for url in self._entrances():
                    answer = await self._dav.ask(url, xml.propfind(PRINCIPAL), authorisation=authorisation)
                    if answer.status == HTTPStatus.UNAUTHORIZED:
                        return None
                    if any(found.unauthenticated for found in answer.resources):
                        return None
                    if principal := self._principal(answer):
                        return principal
                    if answer.status != MULTISTATUS and answer.status not in ELSEWHERE:
                        break
        except TimeoutError as error:
            raise AwayError("the groupware did not answer in time") from error
        raise AwayError(f"the groupware did not say who is signed in (status {answer.status})")

    async def books(self) -> list[Book]:
        """Find the address books in the homes of our own user."""
        found: dict[str, Book] = {}
        for home in await self._homes():
            answer = good(await self._dav.ask(home, xml.propfind(*BOOK_PROPERTIES), depth=1))
            for resource in answer.resources:
                if (book := self._book(resource)) and not is_ignored(book.path) and not mixes_everybody(book.path):
                    found[book.path] = book
        return list(found.values())

    async def book(self, name: str) -> Book:
        """Describe one book: given by its path, or by its name within a home. Raises RefusedError if there is none."""
        where = [name] if name.startswith("/") else [f"{home.rstrip('/')}/{name}/" for home in await self._homes()]
        for path in filter(None, map(self._dav.path, where)):
            answer = await self._dav.ask(path, xml.propfind(*BOOK_PROPERTIES))
            if answer.status in GONE:
                continue
            for resource in good(answer).resources:
                if book := self._book(resource):
                    if mixes_everybody(book.path):
                        raise RefusedError("this is everybody's books in one, private ones too: name a single book")
                    return book
        raise RefusedError("the groupware has no such address book for us")

    async def clock(self) -> datetime | None:
        """Say what time the groupware believes it is; None where it does not tell. Raises NotReachableError."""
        async with self._dav.request("OPTIONS", self._dav.url, within=self._limits.sign_in) as response:
            try:
                return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
            except ValueError:
                return None

    async def changes(self, book: Book, known: Known, *, full: bool = False) -> Listing:
        """Say what changed since then; `full` compares everything, whatever tokens say."""
        if full and known.etags:
            return await self._everything(book)
        if book.can_sync:
            return await self._synced(book, known)
        if known.ctag is not None and known.ctag == book.ctag:
            return Listing(etags={}, whole=False, ctag=book.ctag)
        return await self._everything(book)

    async def fetch(self, book: Book, hrefs: Sequence[str]) -> AsyncIterator[list[Card]]:
        """Fetch cards, some at a time; one that is gone meanwhile is left out, one that cannot be had is empty."""
        size = self._limits.batch
        for start in range(0, len(hrefs), 2 * size):
            async with _together() as tasks:
                pair = [
                    tasks.create_task(self._cards(book, hrefs[at : at + size]), name="fetch cards")
                    for at in range(start, min(start + 2 * size, len(hrefs)), size)
                ]
            for one in pair:
                yield one.result()

    async def _homes(self) -> list[str]:
        """Find where our user's books lie: the principal says it; else the configured address is the place."""
        own = self._dav.path(self._dav.url) or "/"
        for url in self._entrances():
            answer = await self._dav.ask(url, xml.propfind(PRINCIPAL, HOMES))
            if answer.status == HTTPStatus.UNAUTHORIZED:
                raise RefusedError("the groupware refuses our user or password ([groupware] user, password_file)")
            if answer.status != MULTISTATUS:
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    good(answer)  # in trouble, which says nothing about where books lie
                continue
            homes = self._homes_in(answer)
            principal = self._principal(answer)
            if not homes and principal:
                homes = self._homes_in(good(await self._dav.ask(principal, xml.propfind(HOMES))))
            if homes:
                return homes
        return [own]

    def _entrances(self) -> tuple[str, str]:
        return self._dav.url, f"{self._dav.origin}/.well-known/carddav"

    def _principal(self, answer: Answer) -> str | None:
        return next((path for found in answer.resources if (path := self._dav.path(found.principal))), None)

    def _homes_in(self, answer: Answer) -> list[str]:
        hrefs = [href for found in answer.resources for href in found.homes]
        return list(dict.fromkeys(path for href in hrefs if (path := self._dav.path(href))))

    def _book(self, resource: xml.Resource) -> Book | None:
        path = self._dav.path(resource.href)
        if path is None or f"{xml.CARD}addressbook" not in resource.kinds:
            return None
        return Book(
            path=path,
            name=resource.name or "",
            token=resource.token,
            ctag=resource.ctag,
            can_sync=f"{xml.D}sync-collection" in resource.reports,
            owner=self._dav.path(resource.owner),
        )

    async def _synced(self, book: Book, known: Known) -> Listing:
        """Ask for the changes since our token; one that is not known any more costs exactly one full resync."""
        token = known.token or ""
        try:
            return await self._pages(book, token)
        except _InvalidTokenError:
            if not token:
                return await self._everything(book)
        try:
            return await self._pages(book, "")
        except _InvalidTokenError:
            return await self._everything(book)

    async def _pages(self, book: Book, token: str) -> Listing:
        """Collect a listing that the server may cut into several (507: there is more)."""
        etags: dict[str, str | None] = {}
        gone: set[str] = set()
        seen = {token}
        whole = not token
        for _ in range(self._limits.pages):
            answer = await self._dav.ask(
                book.path,
                xml.sync_collection(token),
                method="REPORT",
                depth=quirks_of(book.path).sync_depth,
                within=self._limits.listing,
                large=True,
            )
            if answer.status in TOKEN_REFUSED and (token or answer.invalid_token):
                raise _InvalidTokenError
            more = False
            for resource in good(answer).resources:
                path = self._dav.path(resource.href)
                if path is None or _same(path, book.path):
                    more = more or (path is not None and resource.status == MORE_TO_COME)
                elif resource.status in GONE:
                    etags.pop(path, None)
                    gone.add(path)
                elif resource.status is None or resource.status in xml.OK:
                    etags[path] = resource.etag
                    gone.discard(path)
            if answer.token is None:
                raise AwayError("the groupware gave a listing without a token")
            token = answer.token
            if not more:
                return Listing(etags=etags, gone=frozenset(gone), whole=whole, token=token, ctag=book.ctag)
            if token in seen:
                raise AwayError("the groupware's listing goes in circles")
            seen.add(token)
        raise AwayError("the groupware's listing does not end")

    async def _everything(self, book: Book) -> Listing:
        """List all cards; the token is the one from before, so that nothing is missed in between."""
        answer = good(
            await self._dav.ask(
                book.path,
                xml.propfind("D:getetag", "D:resourcetype"),
                depth=1,
                within=self._limits.listing,
                large=True,
            )
        )
        etags = {
            path: resource.etag
            for resource in answer.resources
            if (path := self._dav.path(resource.href)) and not _same(path, book.path) and not resource.kinds
        }
        return Listing(etags=etags, whole=True, token=book.token if book.can_sync else None, ctag=book.ctag)

    async def _cards(self, book: Book, hrefs: Sequence[str]) -> list[Card]:
        """Fetch some cards; if the server or we cannot cope with one of them, the others still come."""
        cards = await self._several(book, hrefs)
        if cards and not any(card.text for card in cards):
            raise AwayError("the groupware gives none of the cards it lists")
        return cards

    async def _several(self, book: Book, hrefs: Sequence[str]) -> list[Card]:
        """Fetch cards at once, or if that fails by halves; those left out singly, for some servers forget some."""
        try:
            answer = await self._dav.ask(
                book.path, xml.multiget(hrefs), method="REPORT", within=self._limits.cards, large=True
            )
        except UnreadableError:
            answer = Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        if answer.status in ONE_TO_BLAME:
            if len(hrefs) == 1:
                return [card] if (card := await self._single(hrefs[0])) else []
            half = len(hrefs) // 2
            return await self._several(book, hrefs[:half]) + await self._several(book, hrefs[half:])
        wanted = set(hrefs)
        cards: dict[str, Card] = {}
        for resource in good(answer).resources:
            path = self._dav.path(resource.href)
            if path in wanted and resource.card is not None:
                cards[path] = Card(path, resource.etag, resource.card)
        for href in hrefs:
            if href not in cards and (card := await self._single(href)):
                cards[href] = card
        return [cards[href] for href in hrefs if href in cards]

    async def _single(self, href: str) -> Card | None:
        """Fetch one card; None if it is gone, an empty one if it cannot be had."""
        async with self._dav.request("GET", href, within=self._limits.cards) as response:
            if response.status in GONE:
                return None
            if response.status not in xml.OK:
                return Card(href, None, "")
            try:
                octets = b"".join([piece async for piece in pieces(response, self._limits.card)])
            except UnreadableError:
                return Card(href, None, "")
            return Card(href, response.headers.get("ETag"), octets.decode("utf-8", "replace"))


class _InvalidTokenError(Exception):
    """The server does not know our token any more."""


@asynccontextmanager
async def _together() -> AsyncIterator[asyncio.TaskGroup]:
    """Run tasks side by side; the first error comes out as itself, not as a group of errors."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def _same(path: str, other: str) -> bool:
    return path.rstrip("/") == other.rstrip("/")
