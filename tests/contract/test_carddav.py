"""CardDAV as the client needs it: the same sentences for Radicale and for the fake that the other tests use."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from ami_bridge import config
from ami_bridge.contacts import vcard
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.model import Name
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import Sync
from ami_bridge.dav.client import Book, DavClient, Known
from ami_bridge.dav.plan import Listing, plan
from ami_bridge.dav.transport import AwayError, Limits
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People
from ami_bridge.people.store import PersonStore
from tests.dav import radicale as real
from tests.dav.fake import FakeDav, fake_dav
from tests.dav.radicale import Radicale
from tests.dav.xandikos import Xandikos, xandikos
from tests.empty import empty_database

LIMITS = Limits(connect=2, properties=10, batch=3)


class Groupware(Protocol):
    """What the tests do to a groupware."""

    url: str
    user: str
    password: str

    async def write(self, name: str, text: str) -> None:
        """Write a card into the book `stadt`."""

    async def erase(self, name: str) -> None:
        """Delete a card."""


class OnRadicale:
    def __init__(self, server: Radicale) -> None:
        self.server, self.url, self.user, self.password = server, server.url, server.user, server.password

    async def write(self, name: str, text: str) -> None:
        await self.server.put(f"/bridge/stadt/{name}.vcf", text)

    async def erase(self, name: str) -> None:
        await self.server.delete(f"/bridge/stadt/{name}.vcf")


class OnFake:
    def __init__(self, server: FakeDav) -> None:
        self.server, self.url, self.user, self.password = server, server.url, server.user, server.password

    async def write(self, name: str, text: str) -> None:
        self.server.add(name, text=text)

    async def erase(self, name: str) -> None:
        self.server.drop(name)


@pytest.fixture(params=["radicale", "xandikos", "fake"])
async def groupware(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Groupware]:
    if request.param == "fake":
        async with fake_dav() as server:
            yield OnFake(server)
        return
    if request.param == "xandikos":
        async with xandikos(tmp_path) as other:
            await other.make_book("stadt", "Stadt")
            yield other
        return
    async with real.radicale(tmp_path) as running:
        await running.make_book("stadt", "Stadt")
        yield OnRadicale(running)


@pytest.fixture
async def client(groupware: Groupware) -> AsyncIterator[DavClient]:
    async with DavClient(groupware.url, groupware.user, groupware.password, limits=LIMITS) as one:
        yield one


def known(listing: Listing) -> Known:
    return Known(etags=listing.etags, token=listing.token, ctag=listing.ctag)


async def names(client: DavClient, book: Book, listing: Listing) -> set[str]:
    found = [card async for some in client.fetch(book, tuple(listing.etags)) for card in some]
    cards = [vcard.read(card.text) for card in found]
    return {card.name for card in cards if card}


class TestCardDav:
    async def test_a_password_is_right_or_wrong(self, groupware: Groupware, client: DavClient) -> None:
        assert await client.principal(groupware.user, groupware.password)
        if not isinstance(groupware, Xandikos):  # it leaves that to the web server before it
            assert await client.principal(groupware.user, "wrong") is None
            assert await client.principal("nobody", "wrong") is None
        assert await client.principal(groupware.user, "") is None

    async def test_the_book_is_found(self, client: DavClient) -> None:
        (book,) = [book for book in await client.books() if book.name == "Stadt"]
        assert (book.name, book.can_sync) == ("Stadt", True)
        assert await client.book("stadt") == await client.book(book.path) == book

    async def test_first_then_only_what_changed(self, groupware: Groupware, client: DavClient) -> None:
        for name in ("Anna", "Bjørn", "Çelik", "Dieter", "Eva", "Fritz", "Ğüneş"):
            await groupware.write(f"card-{len(name)}-{ord(name[0])}", real.vcard(name, "030 23125001"))
        book = await client.book("stadt")
        first = await client.changes(book, Known())
        assert (len(first.etags), first.whole) == (7, True)
        assert await names(client, book, first) == {"Anna", "Bjørn", "Çelik", "Dieter", "Eva", "Fritz", "Ğüneş"}

        nothing = await client.changes(await client.book("stadt"), known(first))
        assert plan(nothing, first.etags).is_empty

        await groupware.erase("card-3-69")
        await groupware.write("card-4-65", real.vcard("Anna Neu", "030 23125001", uid="Anna"))
        after = await client.changes(await client.book("stadt"), known(first))
        planned = plan(after, first.etags)
        assert [href.rpartition("/")[2] for href in planned.delete] == ["card-3-69.vcf"]
        assert "card-4-65.vcf" in {href.rpartition("/")[2] for href in planned.fetch}

    async def test_a_token_that_never_was_costs_a_whole_listing(self, groupware: Groupware, client: DavClient) -> None:
        await groupware.write("anna", real.vcard("Anna"))
        book = await client.book("stadt")
        for token in ("http://radicale.org/ns/sync/" + "0" * 64, "rubbish", "<&>"):
            found = await client.changes(book, Known(token=token, etags={"/gone": "1"}))
            assert (len(found.etags), found.whole) == (1, True)

    async def test_a_full_comparison_sees_the_same(self, groupware: Groupware, client: DavClient) -> None:
        await groupware.write("anna", real.vcard("Anna"))
        book = await client.book("stadt")
        first = await client.changes(book, Known())
        full = await client.changes(book, known(first), full=True)
        assert (full.etags, full.whole) == (first.etags, True)
        assert plan(await client.changes(book, known(full)), full.etags).is_empty

    async def test_odd_names_of_cards(self, groupware: Groupware, client: DavClient) -> None:
        odd = ["with blank", "ü", "a+b", "a@b", "a%25b", "a&b"]
        if isinstance(groupware, OnFake):
            odd = ["a+b", "a@b", "a'b"]
        for number, name in enumerate(odd):
            await groupware.write(name.replace(" ", "%20"), real.vcard(name, uid=f"u{number}"))
        book = await client.book("stadt")
        assert await names(client, book, await client.changes(book, Known())) == set(odd)


async def test_radicale_gone_in_the_middle(tmp_path: Path) -> None:
    async with real.radicale(tmp_path) as server:
        await server.make_book("stadt", "Stadt")
        await server.put("/bridge/stadt/a.vcf", real.vcard("Anna"))
        async with DavClient(server.url, server.user, server.password, limits=LIMITS) as client:
            book = await client.book("stadt")
            listing = await client.changes(book, Known())
            await server.stop()
            with pytest.raises(AwayError):
                await client.changes(book, known(listing))
            with pytest.raises(AwayError):
                _ = [some async for some in client.fetch(book, tuple(listing.etags))]
            with pytest.raises(AwayError):
                await client.principal("anna", "annas password")


async def test_from_radicale_to_the_name_on_the_screen(tmp_path: Path) -> None:
    site = config.Site(area_code="89", own_block=config.OwnBlock(prefix="+498999998", digits=3), outside_line="0")
    numbers, directory, people = Numbers(site), Directory(own="Rathaus"), People()
    changed: list[frozenset[str]] = []

    async def rights_changed(logins: frozenset[str]) -> None:
        changed.append(logins)

    async with (
        real.radicale(tmp_path / "radicale") as server,
        DavClient(server.url, server.user, server.password, limits=LIMITS) as client,
        empty_database(tmp_path / "bridge.sqlite") as db,
    ):
        for book in ("stadt", "staff"):
            await server.make_book(book, book.title())
        await server.put("/bridge/stadt/a.vcf", real.vcard("Erika Muster", "030 / 231 25-001", more="ORG:Muster GmbH"))
        await server.put(
            "/bridge/staff/a.vcf",
            real.vcard("Anna Amsel", "+49 89 99998-101", more="EMAIL:anna@x.example\nORG:Stadt;Bürgerbüro"),
        )
        sync = Sync(
            dav=client,
            books=[config.Book(path="stadt")],
            staff=config.People(book="staff", roles={"anna": ["admin"]}),
            store=ContactStore(db),
            persons=PersonStore(db),
            people=people,
            directory=directory,
            numbers=numbers,
            rights_changed=rights_changed,
            now=lambda: datetime(2026, 11, 21, tzinfo=UTC),
        )
        await sync.load()
        await sync.run()
        assert directory.lookup(numbers.from_pbx("03023125001")) == Name(
            name="Erika Muster",
            org="Muster GmbH",
            source="Stadt",
            kind="work",
            names=("Erika Muster",),
            refs=("1",),
            ref="1",
        )
        assert directory.lookup(numbers.from_pbx("101")) == Name(
            name="Anna Amsel", org="Bürgerbüro", source="Rathaus", reason="extension", names=("Anna Amsel",)
        )
        (anna,) = people.all()
        assert (anna.login, anna.extensions, anna.roles) == ("anna", ("101",), ("user", "admin"))
        assert await client.principal("anna", "annas password") == "/anna/"
        await server.delete("/bridge/staff/")
        await sync.run()
        assert people.by_login("anna")  # a book that is not there is no book without people
