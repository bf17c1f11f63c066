"""One calendar with shifts: looked at again and again; its last good copy counts while it is away or suddenly empty."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import structlog
from msgspec import structs

from ami_bridge.alarms.duty_store import Copy, Kept
from ami_bridge.calendars.times import Occurrence, UnreadableError, occurrences
from ami_bridge.dav.calendar import Found, Listing
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

COMPARE_EVERY = timedelta(hours=1)
"""Changes since the last look are not all that servers tell: now and then everything is compared."""
OVER_AFTER = timedelta(days=40)
FAR = timedelta(days=36_500)
EMPTY = "the calendar is suddenly empty"
COMES_AGAIN = re.compile(r"^(?:RRULE|RDATE)", re.MULTILINE | re.IGNORECASE)


class Calendar(Protocol):
    """What we need of a calendar at the groupware."""

    async def changes(self, token: str | None) -> Listing:
        """Say what changed; everything without a token."""

    async def fetch(self, href: str) -> Found | None:
        """Fetch an appointment."""


class Store(Protocol):
    """Where copies are kept."""

    async def read(self, calendar: str) -> Copy | None:
        """Read one."""

    async def keep(self, copy: Copy) -> None:
        """Keep one."""


class DutyCalendar:
    """A calendar, as it was when it could be read last."""

    def __init__(
        self, *, name: str, calendar: Calendar, store: Store, zone: tzinfo, now: Callable[[], datetime]
    ) -> None:
        self.name = name
        self._calendar = calendar
        self._store = store
        self._zone = zone
        self._now = now
        self._token: str | None = None
        self._compared: datetime | None = None
        self._kept: Copy | None = None
        """As it stands in the database."""
        self.copy: Copy | None = None
        """None where it was never read."""
        self.trouble = ""
        self.trouble_since: datetime | None = None
        self.changes = 0
        """Grows whenever something else stands in it."""

    async def load(self) -> None:
        """Read the copy, before the first look."""
        self.copy = self._kept = await self._store.read(self.name)
        if self.copy is not None:
            self.trouble, self.trouble_since = self.copy.trouble, self.copy.trouble_since
            self.changes += 1

    async def look(self, *, believe_empty: bool = False) -> None:
        """Have one look; what cannot be read changes nothing but what is told about it.

        `believe_empty`: somebody says that it really is empty.
        """
        now = self._now()
        full = self._token is None or self._compared is None or now - self._compared >= COMPARE_EVERY
        before = self.copy.content if self.copy is not None else {}
        try:
            listing = await self._calendar.changes(None if full else self._token)
            content = await self._fetched(listing, before)
        except (NotReachableError, RefusedError) as error:
            await self._in_trouble(str(error) or type(error).__name__)
            return
        if not content and any(kept.text for kept in before.values()) and not believe_empty:
            await self._in_trouble(EMPTY)
            return
        if self.trouble:
            log.info("alarms.rota_is_back", calendar=self.name)
        self._token, self.trouble, self.trouble_since = listing.token, "", None
        self._compared = now if listing.whole else self._compared
        self.copy = Copy(calendar=self.name, content=content, read_at=now)
        self.changes += content != before
        await self._keep(self.copy)

    def shifts(self, since: datetime, until: datetime) -> tuple[tuple[Occurrence, ...], int]:
        """Unfold what stands there within these times; also how many appointments cannot be read. For a thread."""
        found: list[Occurrence] = []
        unreadable = 0
        for kept in (self.copy.content if self.copy is not None else {}).values():
            if not kept.text:
                continue
            try:
                found += occurrences(kept.text, since=since, until=until, zone=self._zone)
            except UnreadableError:
                unreadable += 1
        return tuple(found), unreadable

    async def _fetched(self, listing: Listing, before: dict[str, Kept]) -> dict[str, Kept]:
        """Return what stands there now; only what is another than before is fetched."""
        here = {} if listing.whole else {href: kept for href, kept in before.items() if href not in listing.gone}
        for href, etag in listing.etags.items():
            known = before.get(href)
            if known is not None and etag and known.etag == etag:
                here[href] = known
                continue
            found = await self._calendar.fetch(href)
            here.pop(href, None)
            if found is not None:
                here[href] = Kept(found.etag or etag, "" if self._is_over(found.text) else found.text)
        return here

    def _is_over(self, text: str) -> bool:
        """Whether an appointment ended long ago and does not come again."""
        if COMES_AGAIN.search(text):
            return False
        since = self._now() - OVER_AFTER
        try:
            return not occurrences(text, since=since, until=since + FAR, zone=self._zone)
        except UnreadableError:
            return False

    async def _in_trouble(self, why: str) -> None:
        self._token = None
        if why != self.trouble:
            log.warning("alarms.rota_away", calendar=self.name, why=why)
            self.trouble, self.trouble_since = why, self.trouble_since or self._now()
        if self.copy is not None:
            await self._keep(structs.replace(self.copy, trouble=self.trouble, trouble_since=self.trouble_since))

    async def _keep(self, copy: Copy) -> None:
        """Write it down, if it is another than what stands there; when it was read is written once an hour."""
        old, self.copy = self._kept, copy
        same = old is not None and (old.content, old.trouble) == (copy.content, copy.trouble)
        if same and old is not None and copy.read_at - old.read_at < COMPARE_EVERY:
            return
        await self._store.keep(copy)
        self._kept = copy
