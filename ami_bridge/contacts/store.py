"""Address books in the database, so that names are there before the groupware is asked, or while it is away."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Row, and_, bindparam, delete, func, insert, or_, select, update

from ami_bridge.contacts.folding import Term, searched
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.parts import IN_A_PART, PACKED_AS, pack
from ami_bridge.db.database import Database, Transaction
from ami_bridge.db.tables import books, contacts, parts

T = TypeVar("T")

AT_ONCE = 200
"""Rows of one statement; putting more together would hold up everything else for too long."""
PAGE = 250
MOST_ROWS = 2_000
PARTS_AT_ONCE = 8
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[ContactNumber, ...])


class StoredBook(Struct, frozen=True, kw_only=True):
    """An address book as of the last look."""

    id: int
    path: str
    label: str
    scope: str
    sync_token: str | None = None
    ctag: str | None = None
    packed_as: int | None = None
    """How its names are packed."""
    read_as: str | None = None
    """How its numbers were read."""


class Changes(Struct, frozen=True, kw_only=True):
    """What one look at a book has brought; kept as a whole or not at all."""

    path: str
    label: str
    scope: str
    contacts: Sequence[Contact] = ()
    deleted: Collection[str] = ()
    token: str | None = None
    ctag: str | None = None
    read_as: str | None = None
    whole: bool = True
    """False while more of the same look is to come; until then the token stays the old one."""


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
        found: dict[str, str | None] = {}
        after = 0
        columns = select(contacts.c.id, contacts.c.href, contacts.c.etag)
        while True:
            wanted = columns.where(contacts.c.book == book, contacts.c.id > after)
            rows = await self._db.rows(wanted.order_by(contacts.c.id).limit(MOST_ROWS))
            found.update((row.href, row.etag) for row in rows)
            if len(rows) < MOST_ROWS:
                return found
            after = rows[-1].id

    async def page(self, book: int, after: int) -> tuple[int, list[Contact]]:
        """Read some contacts of a book; gives the point to go on from, and nothing at the end."""
        wanted = select(contacts).where(contacts.c.book == book, contacts.c.id > after)
        rows = await self._db.rows(wanted.order_by(contacts.c.id).limit(PAGE))
        return (rows[-1].id, [_contact(row) for row in rows]) if rows else (after, [])

    async def parts(self, book: StoredBook) -> AsyncIterator[bytes]:
        """Read the names of a book, packed; packed anew where that was done differently, or never."""
        if book.packed_as != PACKED_AS:
            await self._pack_anew(book.id)
        after = -1
        while True:
            wanted = select(parts).where(parts.c.book == book.id, parts.c.part > after)
            rows = await self._db.rows(wanted.order_by(parts.c.part).limit(PARTS_AT_ONCE))
            for row in rows:
                yield row.data
            if len(rows) < PARTS_AT_ONCE:
                return
            after = rows[-1].part

    async def _pack_anew(self, book: int) -> None:
        """Pack everything in a book."""
        async with self._db.transaction() as transaction:
            ids = await transaction.rows(select(contacts.c.id).where(contacts.c.book == book))
            await transaction.run(delete(parts).where(parts.c.book == book))
            for part in sorted({row.id // IN_A_PART for row in ids}):
                await _pack(transaction, book, part, {})
            await transaction.run(update(books).where(books.c.id == book).values(packed_as=PACKED_AS))

    async def search(self, wanted: Sequence[Term], scopes: Collection[str], *, limit: int, offset: int) -> list[Found]:
        """Find contacts that have all that is wanted, in books of these scopes, in the order of their names."""
        fits = [or_(*(contacts.c.folded.contains(piece, autoescape=True) for piece in term)) for term in wanted]
        rows = await self._db.rows(
            select(contacts, books.c.label)
            .join(books, books.c.id == contacts.c.book)
            .where(books.c.scope.in_(scopes), contacts.c.folded != "", *fits)
            .order_by(contacts.c.folded, contacts.c.book, contacts.c.id)
            .limit(limit)
            .offset(offset)
        )
        return [Found(_contact(row), row.label) for row in rows]

    async def keep(self, changes: Changes) -> None:
        """Keep the result of one look at a book, with the token that goes with it, in one transaction."""
        async with self._db.transaction() as transaction:
            book = await _book(transaction, changes)
            here = await _ids(transaction, book, [*changes.deleted, *(contact.href for contact in changes.contacts)])
            gone = [ident for href in changes.deleted if (ident := here.pop(href, None)) is not None]
            for some in _slices(gone):
                await transaction.run(delete(contacts).where(contacts.c.id.in_(some)))
            (newest,) = await transaction.rows(select(func.max(contacts.c.id)))
            first = (newest[0] or 0) + 1
            kept = await _write(transaction, book, changes.contacts, here, first)
            old = {ident // IN_A_PART for ident in (*gone, *here.values())}
            for part in sorted(old | {ident // IN_A_PART for ident in kept}):
                whole = part not in old and part * IN_A_PART >= first
                await _pack(transaction, book, part, kept if whole else {})
        if changes.deleted:
            await self._db.forget_deleted()

    async def keep_only(self, paths: Collection[str]) -> int:
        """Forget books that are not configured any more, with all that was in them; returns how many.

        People's own books are not configured: whose they are decides about them.
        """
        gone = [path for path, book in (await self.books()).items() if path not in paths and not _is_private(book)]
        await self.drop(gone)
        return len(gone)

    async def rescope(self, scopes: Mapping[str, str]) -> None:
        """Let books, by their paths, be for those whom the configuration names now, before anything is searched."""
        for path, book in (await self.books()).items():
            if (scope := scopes.get(path, book.scope)) != book.scope:
                await self._db.run(update(books).where(books.c.id == book.id).values(scope=scope))

    async def drop(self, paths: Collection[str]) -> None:
        """Forget these books with all that is in them, so that it stands in no file any more."""
        for path in paths:
            await self._db.run(delete(books).where(books.c.path == path))
        if paths:
            await self._db.forget_deleted()


def _is_private(book: StoredBook) -> bool:
    return book.scope.startswith("owner:")


async def _book(transaction: Transaction, changes: Changes) -> int:
    """Make or renew the row of the book; returns its id. Who else writes waits here, because ids are ours to give."""
    values: dict[str, object] = {"label": changes.label, "scope": changes.scope}
    if changes.whole:
        values |= {"sync_token": changes.token, "ctag": changes.ctag, "read_as": changes.read_as}
    if not await transaction.run(update(books).where(books.c.path == changes.path).values(values)):
        await transaction.run(insert(books).values({"path": changes.path, "packed_as": PACKED_AS, **values}))
    rows = await transaction.rows(select(books.c.id, books.c.path).order_by(books.c.id).with_for_update())
    return next(int(row.id) for row in rows if row.path == changes.path)


async def _ids(transaction: Transaction, book: int, hrefs: Iterable[str]) -> dict[str, int]:
    """Find out which of these cards we have."""
    columns = select(contacts.c.href, contacts.c.id).where(contacts.c.book == book)
    found: dict[str, int] = {}
    for some in _slices(hrefs):
        found.update((row.href, row.id) for row in await transaction.rows(columns.where(contacts.c.href.in_(some))))
    return found


async def _write(
    transaction: Transaction, book: int, changed: Iterable[Contact], here: Mapping[str, int], first: int
) -> dict[int, Contact]:
    """Write rows; a contact that we have keeps its id, since people's choices name it. Returns the new ones."""
    its: dict[str, Any] = {name: bindparam(f"its_{name}") for name in _COLUMNS}
    change = update(contacts).where(contacts.c.id == bindparam("of")).values(its)
    kept: dict[int, Contact] = {}
    for some in _slices(changed):
        old = [(here[contact.href], contact) for contact in some if contact.href in here]
        new = list(enumerate((contact for contact in some if contact.href not in here), first + len(kept)))
        if old:
            values = [{f"its_{name}": value for name, value in _values(contact).items()} for _, contact in old]
            await transaction.many(change, [{"of": old[at][0], **one} for at, one in enumerate(values)])
        if new:
            rows = [{"id": ident, "book": book, **_values(contact)} for ident, contact in new]
            await transaction.many(insert(contacts), rows)
        kept.update(new)
    return kept


_COLUMNS = ("href", "etag", "uid", "fn", "org", "kind", "folded", "numbers")


def _values(contact: Contact) -> dict[str, object]:
    return {
        "href": contact.href,
        "etag": contact.etag,
        "uid": contact.uid,
        "fn": contact.name,
        "org": contact.org,
        "kind": "org" if contact.company else "individual",
        "folded": searched([contact.name, contact.org], [one.key for one in contact.numbers]),
        "numbers": _ENCODER.encode(contact.numbers) if contact.numbers else None,
    }


async def _pack(transaction: Transaction, book: int, part: int, known: Mapping[int, Contact]) -> None:
    """Pack a part of a book: of contacts that are known, else of what the rows say."""
    low, high = part * IN_A_PART, (part + 1) * IN_A_PART
    if known:
        some = [structs.replace(known[ident], id=ident) for ident in range(low, high) if ident in known]
    else:
        within = and_(contacts.c.book == book, contacts.c.id >= low, contacts.c.id < high)
        some = [_contact(row) for row in await transaction.rows(select(contacts).where(within).order_by(contacts.c.id))]
    await transaction.run(delete(parts).where(parts.c.book == book, parts.c.part == part))
    if some:
        await transaction.run(insert(parts).values(book=book, part=part, data=pack(some)))


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        href=row.href,
        id=row.id,
        etag=row.etag,
        uid=row.uid,
        name=row.fn or "",
        org=row.org,
        company=row.kind == "org",
        numbers=_DECODER.decode(row.numbers) if row.numbers else (),
    )


def _slices(items: Iterable[T]) -> Iterable[Sequence[T]]:
    everything = list(items)
    return (everything[at : at + AT_ONCE] for at in range(0, len(everything), AT_ONCE))
