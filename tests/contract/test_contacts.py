"""Address books on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy.exc import IntegrityError

from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.store import PAGE, Changes, ContactStore
from ami_bridge.db.database import Database

ANNA = Contact(
    href="/b/anna.vcf",
    etag='"1"',
    uid="u1",
    name="Anna Amsel",
    org="Stadt",
    numbers=(
        ContactNumber("030 / 231 25-001", e164="+493023125001", kind="work"),
        ContactNumber("188", exten="188", kind="other"),
    ),
)


@pytest.fixture
def store(db: Database) -> ContactStore:
    return ContactStore(db)


def changes(*contacts: Contact, path: str = "stadt", deleted: tuple[str, ...] = (), at: int = 1) -> Changes:
    return Changes(
        path=path, label="Stadt", scope="shared", contacts=contacts, deleted=deleted, token=f"t{at}", ctag="c"
    )


async def everything(store: ContactStore, path: str = "stadt") -> list[Contact]:
    book = (await store.books())[path]
    after, some = await store.page(book.id, 0)
    found = list(some)
    while some:
        after, some = await store.page(book.id, after)
        found += some
    return found


async def test_a_contact_comes_back_as_it_was(store: ContactStore) -> None:
    await store.keep(changes(ANNA))
    assert await everything(store) == [ANNA]
    book = (await store.books())["stadt"]
    assert (book.label, book.scope, book.sync_token, book.ctag) == ("Stadt", "shared", "t1", "c")
    assert await store.etags(book.id) == {"/b/anna.vcf": '"1"'}


async def test_a_changed_contact_replaces_the_old_one_and_a_deleted_one_goes(store: ContactStore) -> None:
    ben = Contact(href="/b/ben.vcf", etag='"1"', name="Ben")
    await store.keep(changes(ANNA, ben))
    married = Contact(href=ANNA.href, etag='"2"', name="Anna Biber", numbers=ANNA.numbers[:1])
    await store.keep(changes(married, deleted=("/b/ben.vcf", "/b/never.vcf"), at=2))
    assert await everything(store) == [married]
    assert (await store.books())["stadt"].sync_token == "t2"


async def test_hostile_text_is_kept_without_harm(store: ContactStore) -> None:
    hostile = Contact(href="/b/'); DROP TABLE books;--", etag="\x00", name="\ud800 ' \" %s :x")
    await store.keep(changes(hostile))
    (found,) = await everything(store)
    assert found.href == hostile.href


async def test_pages_of_a_large_book(store: ContactStore) -> None:
    many = [
        Contact(href=f"/b/{n}", name=f"N{n}", numbers=(ContactNumber(str(n), e164=f"+4930{n:06}"),))
        for n in range(2 * PAGE + 7)
    ]
    await store.keep(changes(*many))
    await store.keep(changes(ANNA, path="other"))
    assert [contact.name for contact in await everything(store)] == [contact.name for contact in many]
    assert all(len(contact.numbers) == 1 for contact in await everything(store))


async def test_a_book_that_is_not_configured_any_more_is_forgotten(store: ContactStore) -> None:
    await store.keep(changes(ANNA))
    await store.keep(changes(ANNA, path="other"))
    assert await store.keep_only(["stadt"]) == 1
    assert set(await store.books()) == {"stadt"}
    assert await store.keep_only(["stadt"]) == 0
    assert await everything(store) == [ANNA]


async def test_what_cannot_be_kept_whole_is_not_kept_at_all(store: ContactStore) -> None:
    await store.keep(changes(ANNA))
    twice = Contact(href="/b/twice.vcf", name="Twice")
    with pytest.raises(IntegrityError):
        await store.keep(changes(Contact(href="/b/new.vcf"), twice, twice, deleted=(ANNA.href,), at=2))
    assert await everything(store) == [ANNA]
    assert (await store.books())["stadt"].sync_token == "t1"
