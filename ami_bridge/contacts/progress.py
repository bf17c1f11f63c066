"""What the groupware is being asked and how far that is, for somebody who waits for it at a terminal."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from ami_bridge.contacts.watch import Dav
from ami_bridge.dav.client import Book, Card, Known
from ami_bridge.dav.plan import Listing
from ami_bridge.errors import BridgeError

MOST_WAITING = 1_000


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened to one book."""

    book: str
    state: str
    """`asked`, `changed`, `fetched`, `failed`."""
    cards: int = 0
    """With `changed`: how many are to be looked at; with `fetched`: how many have come."""
    why: str = ""


class Reported:
    """The groupware, with somebody looking over the shoulder; for the sync it is the groupware itself."""

    def __init__(self, dav: Dav) -> None:
        self._dav = dav
        self._listeners: list[asyncio.Queue[Progress | None]] = []
        self._names: dict[str, str] = {}

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Progress | None]]:
        """Be told what happens, until the end of the block; who does not read misses some."""
        queue: asyncio.Queue[Progress | None] = asyncio.Queue(MOST_WAITING)
        self._listeners.append(queue)
        try:
            yield queue
        finally:
            self._listeners.remove(queue)

    async def book(self, name: str) -> Book:
        """Describe a book."""
        self._tell(Progress(book=name, state="asked"))
        with self._failures(name):
            book = await self._dav.book(name)
        self._names[book.path] = name
        return book

    async def changes(self, book: Book, known: Known, *, full: bool = False) -> Listing:
        """Say what changed in it."""
        name = self._names.get(book.path, book.path)
        with self._failures(name):
            listing = await self._dav.changes(book, known, full=full)
        self._tell(Progress(book=name, state="changed", cards=len(listing.etags) + len(listing.gone)))
        return listing

    async def fetch(self, book: Book, hrefs: Sequence[str]) -> AsyncIterator[list[Card]]:
        """Fetch cards."""
        name = self._names.get(book.path, book.path)
        come = 0
        with self._failures(name):
            async for some in self._dav.fetch(book, hrefs):
                come += len(some)
                self._tell(Progress(book=name, state="fetched", cards=come))
                yield some

    @contextmanager
    def _failures(self, name: str) -> Iterator[None]:
        try:
            yield
        except BridgeError as error:
            self._tell(Progress(book=name, state="failed", why=str(error)))
            raise

    def _tell(self, progress: Progress) -> None:
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(progress)
