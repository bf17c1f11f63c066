"""Watching over the looks at address books: what failed, what must be confirmed, when to compare everything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.contacts import vcard
from ami_bridge.contacts.model import Card
from ami_bridge.dav import client as dav_client
from ami_bridge.dav.client import Known
from ami_bridge.dav.plan import Listing, Plan, drops_too_much, plan
from ami_bridge.dav.transport import AwayError
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

READ_ASIDE = 50_000
"""Characters from which on a card is read in a thread: what is that long may be written to take long."""

LONGEST_SLICE = 0.005
"""Seconds of reading cards at a stretch; then everything else gets its turn."""
FULL_EVERY = timedelta(hours=24)
FAILURES_BEFORE_FULL = 3


class Dav(Protocol):
    """What we need of the groupware."""

    async def book(self, name: str) -> dav_client.Book:
        """Describe a book."""

    async def changes(self, book: dav_client.Book, known: Known, *, full: bool = False) -> Listing:
        """Say what changed in it."""

    def fetch(self, book: dav_client.Book, hrefs: Sequence[str]) -> AsyncIterator[list[dav_client.Card]]:
        """Fetch cards."""


class Pause:
    """Lets everything else run when a stretch of work has taken long enough."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def __call__(self) -> None:
        """Pause if it is time."""
        if self._loop.time() - self._since > LONGEST_SLICE:
            await asyncio.sleep(0)
            self._since = self._loop.time()


class Watch:
    """Remembers how the looks went, and decides what to believe."""

    def __init__(self, dav: Dav, now: Callable[[], datetime], *, called: str = "") -> None:
        """Watch books that are had over `dav`; `called` stands in the log where their paths are nobody's business."""
        self._dav = dav
        self._now = now
        self.called = called
        self._doubtful: set[str] = set()
        self._compared: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}
        self._told: dict[str, str] = {}
        self._away: dict[str, str] = {}
        self._looked: set[str] = set()
        self._told_away = False
        self.seen: dict[str, datetime] = {}
        """When each book was last looked at with success, and below why the last look failed."""
        self.troubles: dict[str, str] = {}

    @property
    def failing(self) -> bool:
        """Whether any book could not be looked at in the last turn."""
        return bool(self._failures)

    @property
    def away(self) -> bool:
        """Whether no book at all could be reached in the last turn."""
        return self._told_away

    async def over(self, path: str, look: Callable[[], Awaitable[bool]]) -> bool:
        """Have a look, and note how it went."""
        self._looked.add(path)
        why = ""
        try:
            changed = await look()
        except AwayError as error:
            self._away[path] = self.troubles[path] = str(error)
        except (RefusedError, NotReachableError) as error:
            why = self.troubles[path] = str(error)
        except Exception as error:  # a bug met by one book must not cost the others their turn
            self.troubles[path] = type(error).__name__
            log.exception("contacts.look_failed", book=self.called or path)
        else:
            self._failures.pop(path, None)
            self.troubles.pop(path, None)
            self.seen[path] = self._now()
            if self._told.pop(path, None):
                log.info("contacts.book_is_back", book=self.called or path)
            return changed
        self._failures[path] = self._failures.get(path, 0) + 1
        if why:
            self._tell(path, why)
        return False

    def conclude(self) -> None:
        """Say once that the groupware is away, and once that it is back; or which book alone is in trouble."""
        # Of the groupware itself only the one says something who watches the site's books.
        away = bool(self._looked) and self._away.keys() == self._looked and not self.called
        if away and not self._told_away:
            log.warning("contacts.groupware_away", why=next(iter(self._away.values())))
        elif not away:
            if self._told_away:
                log.info("contacts.groupware_is_back")
            for path, why in self._away.items():
                self._tell(path, why)
        self._told_away = away
        self._away.clear()
        self._looked.clear()

    def _tell(self, path: str, why: str) -> None:
        if self._told.get(path) != why:
            log.warning("contacts.book_failed", book=self.called or path, why=why)
            self._told[path] = why

    async def look(self, path: str, known: Known) -> tuple[dav_client.Book, Listing, Plan] | None:
        """Ask what changed; None if so much is gone that another look must confirm it."""
        book = await self._dav.book(path)
        compared = self._compared.get(path)
        full = (
            path in self._doubtful
            or compared is None
            or self._now() - compared >= FULL_EVERY
            or self._failures.get(path, 0) >= FAILURES_BEFORE_FULL
        )
        listing = await self._dav.changes(book, known, full=full)
        # Comparing a large book takes longer than anybody else should wait.
        planned = await asyncio.to_thread(plan, listing, known.etags)
        if drops_too_much(planned, known.etags) and not self.believes(
            path, gone=len(planned.delete), of=len(known.etags)
        ):
            return None
        return book, listing, planned

    def believes(self, path: str, *, gone: int, of: int) -> bool:
        """Say whether to believe a loss: more than half only when it was seen before."""
        if 2 * gone <= of or path in self._doubtful:
            return True
        self._doubtful.add(path)
        why = "the next look must confirm it"
        log.warning("contacts.large_loss_waits", book=self.called or path, gone=gone, of=of, why=why)
        return False

    def believed(self, path: str) -> None:
        """Note that what was seen is believed."""
        self._doubtful.discard(path)

    def kept(self, path: str, listing: Listing) -> None:
        """Note that the result of a look was kept."""
        self._doubtful.discard(path)
        if listing.whole:
            self._compared[path] = self._now()

    async def cards(self, book: dav_client.Book, hrefs: Sequence[str]) -> AsyncIterator[tuple[str, Card | None]]:
        """Fetch and read cards; None stands for one that is no card, and one that cannot be had is left out."""
        pause = Pause()
        async for some in self._dav.fetch(book, hrefs):
            for got in some:
                if got.text:
                    large = len(got.text) > READ_ASIDE
                    card = await asyncio.to_thread(vcard.read, got.text) if large else vcard.read(got.text)
                    yield got.href, card
                await pause()
