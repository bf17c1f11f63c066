"""People's own address books: found in their own home, read with their own password, gone at once when it is taken."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, Self
from urllib.parse import unquote

import structlog
from msgspec import Struct

from ami_bridge.contacts.store import StoredBook
from ami_bridge.contacts.sync import OWN, BookOfConfig
from ami_bridge.contacts.watch import Dav, Watch
from ami_bridge.dav.client import Book
from ami_bridge.dav.transport import AwayError
from ami_bridge.errors import NotFoundError, NotReachableError, RefusedError
from ami_bridge.people.model import Account

log = structlog.get_logger()

REFUSED_BEFORE_PURGE = timedelta(hours=24)
REFUSED_ASKED_EVERY = timedelta(hours=6)
"""A refused password is tried this seldom: a directory locks an account that is asked with a wrong one too often."""
AT_ONCE = 4
MOST_BOOKS = 20


class PrivateDav(Dav, AbstractAsyncContextManager["PrivateDav"], Protocol):
    """The groupware as one person sees it."""

    async def __aenter__(self) -> Self:
        """Open the connection."""

    async def principal(self, user: str, password: str) -> str | None:
        """Return who that is; None if the password is wrong."""

    async def books(self) -> list[Book]:
        """Return the books in the person's homes."""


class Accounts(Protocol):
    """Who has given a password."""

    def all(self) -> list[Account]:
        """Return all accounts."""

    def of(self, login: str) -> Account | None:
        """Return somebody's."""

    def password(self, login: str) -> str | None:
        """Return somebody's password."""

    async def give(self, login: str, password: str, *, source: str) -> Account:
        """Keep one that is right."""

    async def remove(self, login: str) -> None:
        """Forget one."""

    async def forget(self, logins: Collection[str]) -> None:
        """Forget all of these people."""


class Kept(Protocol):
    """Something else that people have of their own."""

    async def load(self) -> None:
        """Begin with what was kept."""

    def forget(self, login: str) -> None:
        """Forget somebody who is gone."""


class Sync(Protocol):
    """Reads books."""

    @property
    def away(self) -> bool:
        """Whether the groupware did not answer lately."""

    @property
    def failing(self) -> bool:
        """Whether a book of the site could not be looked at lately."""

    async def look_at(self, book: BookOfConfig, watch: Watch, *, key: str = "") -> bool:
        """Bring one book up to date; says whether anything changed."""

    async def refill(self, scope: str, keys: Collection[str]) -> None:
        """Build the names of a scope anew."""


class Store(Protocol):
    """Where contacts are kept."""

    async def books(self) -> Mapping[str, StoredBook]:
        """Return all books."""

    async def drop(self, paths: Collection[str]) -> None:
        """Delete books with all that is in them."""


class Directory(Protocol):
    """Who answers with the names."""

    def drop(self, scope: str) -> None:
        """Forget a scope, at once."""


class OwnBook(Struct, frozen=True):
    """An address book of one person."""

    path: str
    scope: str
    label: str


class State(Struct, frozen=True, kw_only=True):
    """How it stands with somebody's books."""

    given: datetime
    books: tuple[str, ...] | None = None
    """Labels of those that are read; None before the first look."""
    opens: bool = True
    """Whether the password can be read with the key of this daemon."""


class _Reader:
    """What is remembered of one account from look to look."""

    def __init__(self, account: Account, dav: PrivateDav, now: Callable[[], datetime]) -> None:
        self.account = account
        self.dav = dav
        self.watch = Watch(dav, now, called=f"account {account.id}")
        self.refused: datetime | None = None
        """Since when the password is refused."""
        self.asked: datetime | None = None
        """When it was tried last, while it is refused."""
        self.stale = True
        """Whether something is kept that the names in memory do not show yet."""
        self.missing: set[str] = set()
        """Books that were not there at the last look."""
        self.books: tuple[str, ...] | None = None


class PrivateBooks:
    """Reads everybody's own books in turn; what fails keeps what it had, what is taken back is gone at once."""

    def __init__(
        self,
        *,
        dav: Callable[[str, str], PrivateDav],
        accounts: Accounts,
        wishes: Kept,
        choices: Kept,
        sync: Sync,
        store: Store,
        directory: Directory,
        now: Callable[[], datetime],
        changed: Callable[[str], None],
    ) -> None:
        """`dav` makes the groupware as a login with its password sees it; `changed` hears whose names are new."""
        self._dav = dav
        self._accounts = accounts
        self._own: tuple[Kept, ...] = (wishes, choices)
        self._sync = sync
        self._store = store
        self._directory = directory
        self._now = now
        self._readers: dict[str, _Reader] = {}
        self.changed = changed
        """Says that this person's names are others now."""
        self._told: dict[str, str] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self.wake = asyncio.Event()
        """Set when there is something new to read."""

    async def load(self) -> None:
        """Begin with what was kept, except of those whose password was taken back."""
        for own in self._own:
            await own.load()
        keys = await self._keys()
        for login, kept in keys.items():
            if self._accounts.of(login) is None:
                await self._store.drop(kept)
            else:
                await self._sync.refill(OWN + login, kept)

    async def run(self) -> None:
        """Look at everybody's books once; the groupware is not asked a hundred times whether it is away."""
        if self._sync.away:
            return
        async with asyncio.TaskGroup() as tasks:
            for account in self._accounts.all():
                tasks.create_task(self._safely(account), name="private books")

    def state(self, login: str) -> State | None:
        """Say how it stands with somebody's books; None where no password was given."""
        account = self._accounts.of(login)
        if account is None:
            return None
        reader = self._readers.get(login)
        opens = self._accounts.password(login) is not None
        return State(given=account.given, books=reader.books if reader else None, opens=opens)

    def all(self) -> list[Account]:
        """Return who has given a password."""
        return self._accounts.all()

    async def give(self, login: str, password: str, *, source: str) -> State:
        """Keep a password that is right, and have the books read."""
        account = await self._accounts.give(login, password, source=source)
        self._readers.pop(login, None)
        self.wake.set()
        return State(given=account.given)

    async def remove(self, login: str) -> None:
        """Forget password and books of one person, at once."""
        await self._accounts.remove(login)
        await self._purge(login)

    async def forget(self, logins: Collection[str]) -> None:
        """Forget all of these people: they do not work here any more."""
        for login in logins:
            self._directory.drop(OWN + login)
            for own in self._own:
                own.forget(login)
        await self._accounts.forget(logins)
        for login in logins:
            await self._purge(login)

    async def _purge(self, login: str) -> None:
        self._directory.drop(OWN + login)
        self._readers.pop(login, None)
        await self._store.drop((await self._keys()).get(login, []))
        self.changed(login)

    async def _keys(self) -> dict[str, list[str]]:
        """Return under which keys whose books are kept."""
        found: dict[str, list[str]] = {}
        for key, book in (await self._store.books()).items():
            if book.scope.startswith(OWN):
                found.setdefault(book.scope.removeprefix(OWN), []).append(key)
        return found

    async def _safely(self, account: Account) -> None:
        """Have a look, and let nothing that goes wrong cost the others theirs."""
        async with self._turn:
            why = ""
            try:
                await self._look(account)
            except AwayError:
                return  # who watches the site's books says so
            except (RefusedError, NotReachableError, NotFoundError) as error:
                why = str(error)
            except Exception:  # a bug met by one person's books
                log.exception("contacts.private_broken", account=account.id)
            finally:
                if self._accounts.of(account.login) is None:  # taken back while we read
                    with suppress(NotReachableError):  # the start does it again
                        await self._purge(account.login)
            if why and self._told.get(account.id) != why:
                log.warning("contacts.private_failed", account=account.id, why=why)
            self._told[account.id] = why

    async def _look(self, account: Account) -> None:
        login = account.login
        password = self._accounts.password(login)
        if password is None:
            return
        reader = self._readers.get(login)
        if reader is None:
            reader = self._readers[login] = _Reader(account, self._dav(login, password), self._now)
        if reader.asked is not None and self._now() - reader.asked < REFUSED_ASKED_EVERY:
            return
        async with reader.dav:
            principal = await reader.dav.principal(login, password)
            if principal is None:
                await self._refused(reader)
                return
            reader.refused = reader.asked = None
            theirs = [book for book in await reader.dav.books() if is_own(book, principal, login)]
            theirs = sorted(theirs, key=lambda book: book.path)[:MOST_BOOKS]
            reader.stale = await self._gone(reader, theirs) or reader.stale
            for book in theirs:
                own = OwnBook(path=book.path, scope=OWN + login, label=book.name)
                look = partial(self._sync.look_at, own, reader.watch, key=_key(login, book.path))
                reader.stale = await reader.watch.over(book.path, look) or reader.stale
            reader.watch.conclude()
        if self._readers.get(login) is not reader:  # taken back, or given anew, while we read
            return
        if reader.stale:
            await self._sync.refill(OWN + login, [_key(login, book.path) for book in theirs])
            reader.stale = False
            self.changed(login)
        reader.books = tuple(book.name or book.path.rstrip("/").rpartition("/")[2] for book in theirs)

    async def _gone(self, reader: _Reader, theirs: Collection[Book]) -> bool:
        """Drop books that the person has no longer, at the second look without them; says whether there were any."""
        login = reader.account.login
        there = {_key(login, book.path) for book in theirs}
        missing = {key for key in (await self._keys()).get(login, []) if key not in there}
        gone = sorted(missing & reader.missing)
        reader.missing = missing
        await self._store.drop(gone)
        return bool(gone)

    async def _refused(self, reader: _Reader) -> None:
        """Note that the password is not right any more, and believe it when that holds for long.

        A directory that is in trouble refuses everybody for a while, and what is purged is given by nobody again.
        """
        reader.asked = self._now()
        if self._sync.failing:  # the site's own account is refused too, or nothing can be said
            reader.refused = None
        elif reader.refused is None:
            reader.refused = self._now()
        elif self._now() - reader.refused >= REFUSED_BEFORE_PURGE:
            log.warning("contacts.private_revoked", account=reader.account.id, why="the groupware refuses the password")
            await self.remove(reader.account.login)


def is_own(book: Book, principal: str, login: str) -> bool:
    """Tell a person's own book from a view of somebody else's, or of everybody's."""
    if book.owner is not None:
        return book.owner.rstrip("/") == principal.rstrip("/")
    *_, home, _name = ["", "", *book.path.strip("/").split("/")]
    return unquote(home) == login


def _key(login: str, path: str) -> str:
    return f"{OWN}{login} {path}"
