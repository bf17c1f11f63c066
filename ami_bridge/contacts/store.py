"""Address books in the database, so that names are there before the groupware is asked, or while it is away."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Row, and_, delete, insert, or_, select, update

from ami_bridge.contacts.folding import Term, searched
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.db.database import Database, Transaction
from ami_bridge.db.tables import books, contacts, numbers

T = TypeVar("T")

AT_ONCE = 20
"""Rows of one statement; putting more together would hold up everything else for too long."""
PAGE = 250


class StoredBook(Struct, frozen=True, kw_only=True):
    """An address book as of the last look."""

    id: int
    path: str
    label: str
    scope: str
    sync_token: str | None = None
    ctag: str | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """What one look at a book has brought; kept as a whole or not at all."""

    path: str
    label: str
    scope: str
    contacts: Sequence[Contact] = ()
    deleted: Collection[str] = ()
    token: str | None = None
    ctag: str | None = None


class Found(Struct, frozen=True):
    """A contact that was searched for, and the label of its book."""

    contact: Contact
    source: str


class ContactStore:
    """Books, contacts and their numbers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def books(self) -> dict[str, StoredBook]:
        """Read all books, by their configured path."""
        rows = await self._db.rows(select(books))
        return {row.path: StoredBook(**row._asdict()) for row in rows}

    async def etags(self, book: int) -> dict[str, str | None]:
        """Read which cards of a book we have, and which state of them."""
        rows = await self._db.rows(select(contacts.c.href, contacts.c.etag).where(contacts.c.book == book))
        return {row.href: row.etag for row in rows}

    async def page(self, book: int, after: int) -> tuple[int, list[Contact]]:
        """Read some contacts of a book; gives the point to go on from, and nothing at the end."""
        wanted = and_(contacts.c.book == book, contacts.c.id > after)
        rows = await self._db.rows(select(contacts).where(wanted).order_by(contacts.c.id).limit(PAGE))
        if not rows:
            return after, []
        last: int = rows[-1].id
        within = and_(contacts.c.book == book, contacts.c.id > after, contacts.c.id <= last)
        found = await self._db.rows(
            select(numbers)
            .join(contacts, contacts.c.id == numbers.c.contact)
            .where(within)
            .order_by(numbers.c.contact, numbers.c.position)
        )
        by_contact: dict[int, list[ContactNumber]] = {}
        for row in found:
            by_contact.setdefault(row.contact, []).append(_number(row.e164, row.raw, row.type))
        return last, [_contact(row, by_contact.get(row.id, ())) for row in rows]

    async def search(self, wanted: Sequence[Term], scopes: Collection[str], *, limit: int, offset: int) -> list[Found]:
        """Find contacts that have all that is wanted, in books of these scopes, in the order of their names."""
        fits = [or_(*(contacts.c.folded.contains(piece, autoescape=True) for piece in term)) for term in wanted]
        rows = await self._db.rows(
            select(contacts, books.c.label)
            .join(books, books.c.id == contacts.c.book)
            .where(books.c.scope.in_(scopes), contacts.c.folded != "", *fits)
            .order_by(contacts.c.folded, contacts.c.id)
            .limit(limit)
            .offset(offset)
        )
        if not rows:
            return []
        ids = [row.id for row in rows]
        of_those = select(numbers).where(numbers.c.contact.in_(ids)).order_by(numbers.c.contact, numbers.c.position)
        by_contact: dict[int, list[ContactNumber]] = {}
        for row in await self._db.rows(of_those):
            by_contact.setdefault(row.contact, []).append(_number(row.e164, row.raw, row.type))
        return [Found(_contact(row, by_contact.get(row.id, ())), row.label) for row in rows]

    async def keep(self, changes: Changes) -> None:
        """Keep the result of one look at a book, with the token that goes with it, in one transaction."""
        async with self._db.transaction() as transaction:
            book = await _book(transaction, changes)
            gone = [*changes.deleted, *(contact.href for contact in changes.contacts)]
            for some in _slices(gone):
                await transaction.run(delete(contacts).where(contacts.c.book == book, contacts.c.href.in_(some)))
            for several in _slices(changes.contacts):
                await _insert(transaction, book, several)
        if changes.deleted:
            await self._db.forget_deleted()

    async def keep_only(self, paths: Collection[str]) -> int:
        """Forget books that are not configured any more, with all that was in them; returns how many."""
        gone = [book for path, book in (await self.books()).items() if path not in paths]
        for book in gone:
            await self._db.run(delete(books).where(books.c.id == book.id))
        if gone:
            await self._db.forget_deleted()
        return len(gone)


async def _book(transaction: Transaction, changes: Changes) -> int:
    """Make or renew the row of the book; returns its id."""
    values: Mapping[str, object] = {
        "label": changes.label,
        "scope": changes.scope,
        "sync_token": changes.token,
        "ctag": changes.ctag,
    }
    if not await transaction.run(update(books).where(books.c.path == changes.path).values(values)):
        await transaction.run(insert(books).values({"path": changes.path, **values}))
    (row,) = await transaction.rows(select(books.c.id).where(books.c.path == changes.path))
    return int(row.id)


async def _insert(transaction: Transaction, book: int, several: Sequence[Contact]) -> None:
    rows = await transaction.rows(
        insert(contacts)
        .values(
            [
                {
                    "book": book,
                    "href": contact.href,
                    "etag": contact.etag,
                    "uid": contact.uid,
                    "fn": contact.name,
                    "org": contact.org,
                    "kind": "org" if contact.company else "individual",
                    "folded": searched([contact.name, contact.org], [one.key for one in contact.numbers]),
                }
                for contact in several
            ]
        )
        .returning(contacts.c.id, contacts.c.href)
    )
    ids = {row.href: row.id for row in rows}
    values = [
        {"contact": ids[contact.href], "position": position, "e164": one.e164, "raw": one.raw, "type": one.kind}
        for contact in several
        for position, one in enumerate(contact.numbers)
    ]
    for some in _slices(values):
        await transaction.run(insert(numbers).values(list(some)))


def _contact(row: Row[Any], its: Iterable[ContactNumber]) -> Contact:
    return Contact(
        href=row.href,
        etag=row.etag,
        uid=row.uid,
        name=row.fn or "",
        org=row.org,
        company=row.kind == "org",
        numbers=tuple(its),
    )


def _number(e164: str | None, raw: str, kind: str | None) -> ContactNumber:
    """Read a number back; an internal one has no E.164 and stands as it is."""
    return ContactNumber(raw=raw, e164=e164, exten=None if e164 else raw, kind=kind or "other")


def _slices(items: Iterable[T]) -> Iterable[Sequence[T]]:
    everything = list(items)
    return (everything[at : at + AT_ONCE] for at in range(0, len(everything), AT_ONCE))
