"""Look at the address books, keep what changed, refill the names and the staff."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from msgspec import Struct, structs

from ami_bridge.contacts import staff
from ami_bridge.contacts.directory import SHARED, Directory, Index
from ami_bridge.contacts.entry import contact_of
from ami_bridge.contacts.model import Card, Contact
from ami_bridge.contacts.parts import unpack
from ami_bridge.contacts.store import Changes, ContactStore, StoredBook
from ami_bridge.contacts.watch import Dav, Pause, Watch
from ami_bridge.dav.client import Known
from ami_bridge.dav.plan import Listing
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.people.rules import overridden

log = structlog.get_logger()

AT_ONCE = 2_048
"""Contacts that are kept in one step; a larger book is kept in several, so that it needs not fit into memory."""
OWN = "owner:"
"""What the scope of somebody's own books begins with."""


class BookOfConfig(Protocol):
    """One address book as configured."""

    @property
    def path(self) -> str:
        """Where it lies."""

    @property
    def scope(self) -> str:
        """Who may know what is in it."""

    @property
    def label(self) -> str:
        """What people call it."""


class StaffOfConfig(Protocol):
    """What the configuration says about people."""

    @property
    def book(self) -> str:
        """Path of the staff book."""

    @property
    def extensions(self) -> Mapping[str, Sequence[str]]:
        """Extensions by login, where the book is not right."""

    @property
    def roles(self) -> Mapping[str, Sequence[str]]:
        """Roles by login."""


class BookSeen(Struct, frozen=True, kw_only=True):
    """How the looks at one book, or where else the staff is read from, went."""

    path: str
    label: str
    scope: str
    """`staff` for who works here."""
    at: datetime | None
    """The last look that succeeded, of this daemon."""
    why: str | None
    """Why the last one did not."""


class Source(Protocol):
    """Knows who works here, where that is no address book."""

    async def persons(self) -> list[Person]:
        """Read everybody; NotReachableError or RefusedError where that is not possible."""


class PersonStore(Protocol):
    """Where persons are kept."""

    async def all(self) -> Collection[Person]:
        """Read everybody."""

    async def replace(self, persons: Iterable[Person]) -> None:
        """Keep these and nobody else."""


class Sync:
    """Looks at all books in turn; what fails keeps what it had."""

    def __init__(
        self,
        *,
        dav: Dav,
        books: Sequence[BookOfConfig],
        staff: StaffOfConfig,
        store: ContactStore,
        persons: PersonStore,
        people: People,
        directory: Directory,
        numbers: Numbers,
        rights_changed: Callable[[frozenset[str]], Awaitable[None]],
        now: Callable[[], datetime],
        source: Source | None = None,
        source_name: str = "",
    ) -> None:
        """`source` counts instead of the staff book; its name stands in the log."""
        self._source = source
        self._source_watch = Watch(dav, now, called=source_name)
        self._books = [book for book in books if _is_known(book.scope)]
        # A scope that nobody knows would have to be "the owner alone", and these books have no owner.
        self._unread = [book.path for book in books if not _is_known(book.scope)]
        self._staff = staff
        self._store = store
        self._persons = persons
        self._people = people
        self._directory = directory
        self._numbers = numbers
        self._rights_changed = rights_changed
        self._now = now
        self._watch = Watch(dav, now)
        self._staff_known = Known()
        self._staff_cards: dict[str, Card] = {}
        self._staff_unread = 0
        self._partly: set[str] = set()
        """Books of which a step is kept that is not shown yet, since the next one failed."""
        self._owed: frozenset[str] | None = None
        """Logins whose changed rights are not yet told and kept everywhere."""
        self._stale = False
        """Whether something is kept that the names in memory do not show yet."""

    async def load(self) -> None:
        """Begin with what was kept, so that names are there at once."""
        for path in self._unread:
            log.warning("contacts.book_not_read", book=path, why="its scope is neither shared nor group:<name>")
        await self._store.keep_only([book.path for book in self._books])
        await self._store.rescope({book.path: book.scope for book in self._books})
        extensions, roles = self._staff.extensions, self._staff.roles
        kept = await self._persons.all()
        found = [overridden(person, extensions=extensions, roles=roles) for person in kept]
        self._people.replace(found)
        self._directory.replace_people(found)
        if not self._staff.book and self._source is None:
            await self._take(staff.persons_without_book(extensions=extensions, roles=roles))
        await self._refill()
        if any(book.read_as not in {None, self._numbers.reads_as} for book in (await self._store.books()).values()):
            log.info("contacts.site_changed", why="numbers are read differently now; all books are fetched anew")
        log.info("contacts.loaded", names=len(self._directory), people=len(self._people.all()))

    async def run(self) -> None:
        """Look at the staff book and all others once; none stops the others, and nothing expected is raised."""
        looks: list[tuple[str, Callable[[], Awaitable[bool]]]] = []
        if self._source is not None:
            await self._source_watch.over("", self._look_at_source)
        elif self._staff.book:
            looks.append((self._staff.book, self._look_at_staff))
        looks += [(book.path, partial(self.look_at, book, self._watch)) for book in self._books]
        for path, look in looks:
            if await self._watch.over(path, look):
                self._stale = True
        self._watch.conclude()
        if self._stale:
            try:
                await self._refill()
            except NotReachableError as error:
                log.warning("contacts.store_away", why=str(error))
            else:
                self._stale = False

    @property
    def failing(self) -> bool:
        """Whether a book of the site could not be looked at in the last turn."""
        return self._watch.failing or self._source_watch.failing

    @property
    def away(self) -> bool:
        """Whether the groupware did not answer in the last turn."""
        return self._watch.away

    def seen(self) -> list[BookSeen]:
        """Tell how the looks at all books went."""
        watch, path = (self._source_watch, "") if self._source is not None else (self._watch, self._staff.book)
        asked = [(watch, path, watch.called or path, "staff")] if path or self._source is not None else []
        asked += [(self._watch, book.path, book.label, book.scope) for book in self._books]
        return [
            BookSeen(path=path, label=label, scope=scope, at=watch.seen.get(path), why=watch.troubles.get(path))
            for watch, path, label, scope in asked
        ]

    async def look_at(self, book: BookOfConfig, watch: Watch, *, key: str = "") -> bool:
        """Bring one address book up to date, kept under `key` (else its path); says whether anything changed."""
        key = key or book.path
        stored = (await self._store.books()).get(key)
        ours = await self._store.etags(stored.id) if stored else {}
        token, ctag = (stored.sync_token, stored.ctag) if stored else (None, None)
        if stored and stored.read_as != self._numbers.reads_as:
            ours, token, ctag = dict.fromkeys(ours), None, None
        found = await watch.look(book.path, Known(etags=ours, token=token, ctag=ctag))
        if found is None:
            return False
        theirs, listing, planned = found
        label = book.label or theirs.name or book.path
        part = Changes(path=key, label=label, scope=book.scope, whole=False)
        before = {key} & self._partly
        contacts: list[Contact] = []
        fetched = 0
        async for href, card in watch.cards(theirs, planned.fetch):
            if card is not None and card.private and book.scope.startswith(OWN):
                card = structs.replace(card, private=False)  # noqa: PLW2901 - private to the one who reads it
            contacts.append(contact_of(href, listing.etags.get(href), card, self._numbers))
            if len(contacts) == AT_ONCE:
                await self._store.keep(structs.replace(part, contacts=contacts))
                self._partly.add(key)
                fetched += len(contacts)
                contacts = []
        fetched += len(contacts)
        if stored is None or not planned.is_empty or not self._same(stored, label, listing):
            self._partly.add(key)  # until this look has told that there is news, whatever interrupts it
            await self._store.keep(
                Changes(
                    path=key,
                    label=label,
                    scope=book.scope,
                    contacts=contacts,
                    deleted=planned.delete,
                    token=listing.token,
                    ctag=listing.ctag,
                    read_as=self._numbers.reads_as,
                )
            )
        watch.kept(book.path, listing)
        if not planned.is_empty:
            name = watch.called or book.path
            log.info("contacts.synced", book=name, fetched=fetched, deleted=len(planned.delete))
        changed = key in before or not planned.is_empty or stored is None or stored.label != label
        self._partly.discard(key)
        return changed

    async def _look_at_staff(self) -> bool:
        """Bring the staff up to date; its names are refilled here, no other book has changed."""
        path = self._staff.book
        found = await self._watch.look(path, self._staff_known)
        if found is None:
            return False
        theirs, listing, planned = found
        cards = dict(self._staff_cards)
        for href in planned.delete:
            cards.pop(href, None)
        unread = set(planned.fetch)
        async for href, card in self._watch.cards(theirs, planned.fetch):
            if card is not None:
                cards[href] = card
                unread.discard(href)
        persons = await self._everybody(cards.values())
        persons += self._not_dismissed(persons, unread - cards.keys())
        gone = {person.login for person in self._people.all()} - {person.login for person in persons}
        if not self._watch.believes(path, gone=len(gone), of=len(self._people.all())):
            return False
        if self._owed is not None or persons != list(self._people.all()):
            await self._take(persons)
        etags = {href: etag for href, etag in self._staff_known.etags.items() if href in cards}
        etags |= {href: listing.etags[href] for href in planned.fetch if href not in unread}
        # What could not be read is asked for again in the next turn.
        self._staff_known = Known(etags=etags) if unread else Known(etags=etags, token=listing.token, ctag=listing.ctag)
        self._staff_cards = cards
        self._watch.kept(path, listing)
        return False

    async def _look_at_source(self) -> bool:
        """Bring the staff up to date from where it is instead of a book; whoever is not named any more is gone."""
        if self._source is None:
            return False
        persons = await self._source.persons()
        if not persons:  # a filter that fits nobody, a right that is missing: no house is empty
            raise RefusedError("it names nobody, which is not believed")
        extensions, roles = self._staff.extensions, self._staff.roles
        persons = [overridden(person, extensions=extensions, roles=roles) for person in persons]
        gone = {person.login for person in self._people.all()} - {person.login for person in persons}
        if not self._source_watch.believes("", gone=len(gone), of=len(self._people.all())):
            return False
        if self._owed is not None or persons != list(self._people.all()):
            await self._take(persons)
        self._source_watch.believed("")
        return False

    def _not_dismissed(self, persons: Sequence[Person], unread: Collection[str]) -> list[Person]:
        """Keep everybody who may stand on a card that cannot be read just now: what they have is lost for good else."""
        kept: list[Person] = []
        if unread:
            there = {person.login for person in persons}
            kept = [person for person in self._people.all() if person.login not in there]
        if len(unread) != self._staff_unread:
            self._staff_unread = len(unread)
            log.warning("contacts.staff_unread", cards=len(unread), kept=len(kept))
        return kept

    async def _take(self, persons: Sequence[Person]) -> None:
        """Believe in these persons from now on. What fails on the way is owed and done in the next turn."""
        self._owed = (self._owed or frozenset()) | self._people.replace(persons)
        self._directory.replace_people(persons)
        await self._rights_changed(self._owed)
        await self._persons.replace(persons)
        log.info("contacts.staff_synced", people=len(persons), changed=len(self._owed))
        self._owed = None

    async def _everybody(self, cards: Iterable[Card]) -> list[Person]:
        pause = Pause()
        found: dict[str, Person] = {}
        for card in cards:
            person = staff.person_of(card, self._numbers, extensions=self._staff.extensions, roles=self._staff.roles)
            if person is not None:
                found.setdefault(person.login, person)
            await pause()
        return list(found.values())

    async def _refill(self) -> None:
        """Build the names anew from what is kept, and answer from them from then on."""
        scopes: dict[str, list[str]] = {SHARED: []}
        for book in self._books:
            scopes.setdefault(book.scope, []).append(book.path)
        for scope, keys in scopes.items():
            await self.refill(scope, keys)

    async def refill(self, scope: str, keys: Iterable[str]) -> None:
        """Build the names of one scope anew from the books kept under these keys."""
        index = Index()
        pause = Pause()
        stored = await self._store.books()
        for key in keys:
            if (kept := stored.get(key)) is not None:
                async for part in self._store.parts(kept):
                    unpack(part, index, kept.label)
                    await pause()
        index.settle()
        self._directory.replace(index, scope)

    def _same(self, stored: StoredBook, label: str, listing: Listing) -> bool:
        """Tell whether there is nothing to write down."""
        now = (label, listing.token, listing.ctag, self._numbers.reads_as)
        return (stored.label, stored.sync_token, stored.ctag, stored.read_as) == now


def _is_known(scope: str) -> bool:
    """Tell whether a book of the configuration says who may know what is in it."""
    return scope == SHARED or (scope.startswith("group:") and len(scope) > len("group:"))
