"""Address books on SQLite and on PostgreSQL."""

import pytest
from msgspec import structs
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from ami_bridge.contacts.index import Index
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.parts import IN_A_PART, PACKED_AS, unpack
from ami_bridge.contacts.store import Changes, ContactStore
from ami_bridge.db.database import Database
from ami_bridge.db.tables import books, parts

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
    assert all(contact.id for contact in found)
    return [structs.replace(contact, id=0) for contact in found]


async def packed(store: ContactStore, path: str = "stadt") -> dict[str, str]:
    """Read the names as a start does."""
    index = Index()
    async for part in store.parts((await store.books())[path]):
        unpack(part, index, "Stadt")
    return {number: name.name for number, name in index}


async def test_a_contact_comes_back_as_it_was(store: ContactStore) -> None:
    await store.keep(changes(ANNA))
    assert await everything(store) == [ANNA]
    assert await packed(store) == {"+493023125001": "Anna Amsel", "188": "Anna Amsel"}
    book = (await store.books())["stadt"]
    assert (book.label, book.scope, book.sync_token, book.ctag) == ("Stadt", "shared", "t1", "c")
    assert await store.etags(book.id) == {"/b/anna.vcf": '"1"'}


async def test_a_changed_contact_replaces_the_old_one_and_a_deleted_one_goes(store: ContactStore) -> None:
    ben = Contact(href="/b/ben.vcf", etag='"1"', name="Ben")
    await store.keep(changes(ANNA, ben))
    married = Contact(href=ANNA.href, etag='"2"', name="Anna Biber", numbers=ANNA.numbers[:1])
    await store.keep(changes(married, deleted=("/b/ben.vcf", "/b/never.vcf"), at=2))
    assert await everything(store) == [married]
    assert await packed(store) == {"+493023125001": "Anna Biber"}
    assert (await store.books())["stadt"].sync_token == "t2"


async def test_a_contact_keeps_its_id_when_the_card_changes(store: ContactStore) -> None:
    async def ids() -> dict[str, int]:
        _, found = await store.page((await store.books())["stadt"].id, 0)
        return {contact.href: contact.id for contact in found}

    await store.keep(changes(ANNA, Contact(href="/b/ben.vcf", name="Ben")))
    before = await ids()
    await store.keep(changes(structs.replace(ANNA, name="Anna Biber"), Contact(href="/b/carla.vcf"), at=2))
    after = await ids()
    assert {href: after[href] for href in before} == before
    assert len(set(after.values())) == 3


async def test_a_large_look_is_kept_in_steps_and_its_token_last(store: ContactStore) -> None:
    await store.keep(structs.replace(changes(ANNA), whole=False))
    book = (await store.books())["stadt"]
    assert (book.sync_token, book.read_as) == (None, None)
    assert await everything(store) == [ANNA]
    await store.keep(structs.replace(changes(Contact(href="/b/ben.vcf")), read_as="here"))
    book = (await store.books())["stadt"]
    assert (book.sync_token, book.read_as) == ("t1", "here")
    assert len(await everything(store)) == 2


async def test_names_packed_in_another_way_are_packed_anew(store: ContactStore, db: Database) -> None:
    await store.keep(changes(ANNA))
    await store.keep(changes(structs.replace(ANNA, name="Other"), path="other"))
    for wrong in (None, PACKED_AS + 1):
        await db.run(update(books).values(packed_as=wrong))
        await db.run(update(parts).values(data=b"?"))
        assert await packed(store) == {"+493023125001": "Anna Amsel", "188": "Anna Amsel"}
        assert await packed(store, "other") == {"+493023125001": "Other", "188": "Other"}
        assert (await store.books())["stadt"].packed_as == PACKED_AS


async def test_hostile_text_is_kept_without_harm(store: ContactStore) -> None:
    hostile = Contact(href="/b/'); DROP TABLE books;--", etag="\x00", name="\ud800 ' \" %s :x")
    await store.keep(changes(hostile))
    (found,) = await everything(store)
    assert found.href == hostile.href


async def test_pages_of_a_large_book(store: ContactStore) -> None:
    many = [
        Contact(href=f"/b/{n}", name=f"N{n}", numbers=(ContactNumber(str(n), e164=f"+4930{n:06}"),))
        for n in range(2 * IN_A_PART + 7)
    ]
    await store.keep(changes(*many))
    await store.keep(changes(ANNA, path="other"))
    assert sorted(contact.name for contact in await everything(store)) == sorted(contact.name for contact in many)
    assert await packed(store) == {contact.numbers[0].e164: contact.name for contact in many}
    last = many[-1]
    await store.keep(changes(structs.replace(many[3], name="New"), deleted=(many[4].href, last.href)))
    now = await packed(store)
    assert len(now) == len(many) - 2
    assert now[many[3].numbers[0].key] == "New"
    await store.keep(changes(*many))
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
