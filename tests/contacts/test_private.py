"""People's own books: only their own, kept through failures, and gone at once when the password is taken back."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import structlog

from ami_bridge import config
from ami_bridge.contacts.choices import MOST, Choices
from ami_bridge.contacts.directory import Audience, Directory, audience_of
from ami_bridge.contacts.private import PrivateBooks, is_own
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import Sync
from ami_bridge.dav.client import Book, Card, Known
from ami_bridge.dav.plan import Listing
from ami_bridge.dav.transport import AwayError
from ami_bridge.db.database import Database
from ami_bridge.errors import NotAllowedError, NotFoundError, NotReachableError, RefusedError
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import Account, People, Person, Wish
from ami_bridge.people.store import OwnStore, PersonStore
from ami_bridge.people.wishes import Wishes
from tests.dav.radicale import vcard
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SITE = config.Site(area_code="89")
ANNA, BEN = Person(login="anna", name="Anna"), Person(login="ben", name="Ben")
MAMA, SECOND = "+493023125900", "+493023125901"


class Groupware:
    """Everybody's books, by path; a person sees those in `homes`."""

    def __init__(self) -> None:
        self.cards: dict[str, dict[str, str]] = {}
        self.homes: dict[str, list[Book]] = {"anna": [], "ben": []}
        self.passwords = {"anna": "a", "ben": "b"}
        self.away = False
        self.asked = 0
        self.gate: asyncio.Event | None = None

    def book(self, login: str, name: str, *, owner: str | None = None, **cards: str) -> None:
        path = f"/{login}/{name}/"
        self.cards[path] = {f"{path}{uid}.vcf": text for uid, text in cards.items()}
        self.homes[login].append(Book(path=path, name=name.title(), owner=owner))


class Dav:
    """The groupware as one person sees it."""

    def __init__(self, groupware: Groupware, login: str, password: str) -> None:
        self._groupware, self._login, self._password = groupware, login, password

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def principal(self, user: str, password: str) -> str | None:
        self._groupware.asked += 1
        if self._groupware.away:
            raise AwayError("away")
        return f"/{user}/" if self._groupware.passwords[user] == password else None

    async def books(self) -> list[Book]:
        return self._groupware.homes[self._login]

    async def book(self, name: str) -> Book:
        if self._groupware.gate is not None:
            await self._groupware.gate.wait()
        return next(book for book in self._groupware.homes[self._login] if book.path == name)

    async def changes(self, book: Book, known: Known, *, full: bool = False) -> Listing:  # noqa: ARG002
        if book.path not in self._groupware.cards:
            raise RefusedError("no such book")
        cards = self._groupware.cards[book.path]
        return Listing(etags={href: str(hash(text)) for href, text in cards.items()}, whole=True)

    async def fetch(self, book: Book, hrefs: Sequence[str]) -> AsyncIterator[list[Card]]:
        yield [Card(href, None, self._groupware.cards[book.path][href]) for href in hrefs]


class Accounts:
    """Passwords in memory."""

    def __init__(self, groupware: Groupware) -> None:
        self._groupware = groupware
        self.kept: dict[str, str] = {}
        self.closed: set[str] = set()

    def all(self) -> list[Account]:
        return [Account(id=f"ID-{login[0]}", login=login, sealed=b"", given=NOON) for login in self.kept]

    def of(self, login: str) -> Account | None:
        return next((one for one in self.all() if one.login == login), None)

    def password(self, login: str) -> str | None:
        return None if login in self.closed else self.kept.get(login)

    async def give(self, login: str, password: str, *, source: str) -> Account:  # noqa: ARG002
        self.kept[login] = password
        account = self.of(login)
        assert account is not None
        return account

    async def remove(self, login: str) -> None:
        if self.kept.pop(login, None) is None:
            raise NotFoundError("none")

    async def forget(self, logins: Collection[str]) -> None:
        for login in logins:
            self.kept.pop(login, None)


class World:
    """A daemon between groupware and database."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.folder = folder
        self.db = db
        self.groupware = Groupware()
        self.accounts = Accounts(self.groupware)
        self.time = NOON
        self.retold: list[str] = []

    async def start(self) -> None:
        """Start the daemon anew."""
        self.directory, self.people, self.numbers = Directory(), People([ANNA, BEN]), Numbers(SITE)
        store, own = ContactStore(self.db), OwnStore(self.db)

        async def rights_changed(_logins: frozenset[str]) -> None:
            """Nobody leaves here."""

        self.sync = Sync(
            dav=Dav(self.groupware, "anna", "a"),
            books=[],
            staff=config.People(extensions={"anna": ["101"], "ben": ["102"]}),
            store=store,
            persons=PersonStore(self.db),
            people=self.people,
            directory=self.directory,
            numbers=self.numbers,
            rights_changed=rights_changed,
            now=lambda: self.time,
        )
        self.choices = Choices(store=own, directory=self.directory, numbers=self.numbers, people=self.people)
        self.books = PrivateBooks(
            dav=lambda login, password: Dav(self.groupware, login, password),
            accounts=self.accounts,
            wishes=Wishes(store=own, people=self.people),
            choices=self.choices,
            sync=self.sync,
            store=store,
            directory=self.directory,
            now=lambda: self.time,
            changed=self.retold.append,
        )
        await self.sync.load()
        await self.books.load()

    async def look(self) -> None:
        await self.books.run()
        self.time += timedelta(minutes=5)

    def who(self, number: str, login: str | None) -> str | None:
        person = self.people.by_login(login) if login else None
        name = self.directory.lookup(self.numbers.from_pbx(number), audience_of(person) if person else Audience())
        return name.name if name else None

    def on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with empty_database(tmp_path / "data" / "bridge.sqlite") as db:
        it = World(db, tmp_path / "data")
        it.groupware.book("anna", "privat", owner="/anna/", m=vcard("Mama", "030 23125 900"))
        it.groupware.book("ben", "privat", owner="/ben/", c=vcard("Chef", "030 23125 900"))
        await it.start()
        yield it


async def given(world: World, *logins: str) -> None:
    for login in logins or ("anna", "ben"):
        await world.books.give(login, world.groupware.passwords[login], source="here")
    await world.look()


async def test_everybody_has_their_own_truth_and_strangers_none(world: World) -> None:
    await given(world)
    assert [world.who(MAMA, who) for who in ("anna", "ben", None)] == ["Mama", "Chef", None]
    state = world.books.state("anna")
    assert state is not None
    assert (state.given, state.books, state.opens) == (NOON, ("Privat",), True)
    assert sorted(world.retold) == ["anna", "ben"]


async def test_names_are_there_after_a_restart_while_the_groupware_is_away(world: World) -> None:
    await given(world)
    world.groupware.away = True
    await world.start()
    assert world.who(MAMA, "anna") == "Mama"
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            await world.look()
    assert logs == []
    assert world.who(MAMA, "anna") == "Mama"


async def test_only_ones_own_books_are_read(world: World) -> None:
    spy = vcard("Everybody's", "030 23125 901")
    world.groupware.book("anna", "of-ben", owner="/ben/", s=spy)
    world.groupware.book("anna", "all", owner="/principals/groups/all/", s=spy)
    await given(world)
    assert world.who(SECOND, "anna") is None
    assert b"Everybody" not in world.on_disk()


@pytest.mark.parametrize(
    ("path", "owner", "own"),
    [
        ("/dav/anna/privat/", "/principals/anna/", True),
        ("/dav/anna/privat/", "/principals/anna", True),
        ("/dav/x/y/", "/principals/anna/", True),
        ("/dav/anna/privat/", "/principals/ben/", False),
        ("/dav/anna/privat/", "/principals/annabel/", False),
        ("/dav/anna/privat/", None, True),
        ("/anna/privat/", None, True),
        ("/dav/ben/privat/", None, False),
        ("/dav/anna/books/privat/", None, False),
        ("/addressbook/", None, False),
        ("/", None, False),
    ],
)
def test_whose_a_book_is(path: str, owner: str | None, own: bool) -> None:  # noqa: FBT001
    assert is_own(Book(path=path, owner=owner), "/principals/anna/", "anna") is own


def test_a_login_may_have_any_letters() -> None:
    assert is_own(Book(path="/dav/j%C3%BCrgen/privat/"), "/principals/j%C3%BCrgen/", "jürgen")
    assert is_own(Book(path="/dav/a@b.example/privat/"), "/principals/x/", "a@b.example")


async def test_what_is_taken_back_is_gone_at_once_and_from_the_disk(world: World) -> None:
    await given(world)
    assert b"Mama" in world.on_disk()
    await world.books.remove("anna")
    assert [world.who(MAMA, who) for who in ("anna", "ben")] == [None, "Chef"]
    assert b"Mama" not in world.on_disk()
    assert world.books.state("anna") is None
    assert world.retold[-1] == "anna"
    await world.look()
    await world.start()
    assert world.who(MAMA, "anna") is None


async def test_what_is_taken_back_while_it_is_read_does_not_come_back(world: World) -> None:
    world.groupware.gate = asyncio.Event()
    await world.books.give("anna", "a", source="here")
    async with asyncio.TaskGroup() as tasks:
        look = tasks.create_task(world.books.run())
        while not world.groupware.asked:
            await asyncio.sleep(0)
        await world.books.remove("anna")
        world.groupware.gate.set()
        await look
    assert world.who(MAMA, "anna") is None
    assert b"Mama" not in world.on_disk()


async def test_who_leaves_loses_all_of_it(world: World) -> None:
    await given(world)
    world.people.wished("anna", Wish(private_on_display=True))
    await world.books.forget({"anna"})
    assert [world.who(MAMA, who) for who in ("anna", "ben")] == [None, "Chef"]
    assert not world.people.shows_private("anna")
    assert b"Mama" not in world.on_disk()


async def test_books_of_nobody_are_dropped_at_the_start(world: World) -> None:
    """The daemon was killed between the password and the contacts."""
    await given(world)
    del world.accounts.kept["anna"]
    await world.start()
    assert [world.who(MAMA, who) for who in ("anna", "ben")] == [None, "Chef"]
    assert b"Mama" not in world.on_disk()


async def test_a_revoked_password_purges_but_not_at_the_first_refusal(world: World) -> None:
    await given(world)
    world.groupware.passwords["anna"] = "another"
    await world.look()
    assert world.who(MAMA, "anna") == "Mama"
    world.groupware.passwords["anna"] = "a"
    await world.look()
    world.groupware.passwords["anna"] = "another"
    with structlog.testing.capture_logs() as logs:
        await world.look()
        await world.look()
        assert world.who(MAMA, "anna") == "Mama", "a directory may be in trouble for an hour"
        world.time += timedelta(hours=24)
        await world.look()
    assert world.who(MAMA, "anna") is None
    assert world.accounts.of("anna") is None
    assert [one["event"] for one in logs] == ["contacts.private_revoked"]
    assert logs[0]["account"] == "ID-a"


async def test_a_refused_password_is_tried_seldom(world: World) -> None:
    """A directory locks who is asked for with a wrong password too often."""
    await given(world)
    world.groupware.passwords["anna"] = "another"
    await world.look()
    before = world.groupware.asked
    for _ in range(50):
        await world.look()
    assert world.groupware.asked == before + 50, "Ben's alone"
    world.time += timedelta(hours=6)
    await world.look()
    assert world.groupware.asked == before + 52


async def test_names_that_could_not_be_shown_are_shown_later(world: World) -> None:
    """The database may be away between what is kept and what is read back."""
    await given(world)
    world.groupware.cards["/anna/privat/"]["/anna/privat/m.vcf"] = vcard("Mutter", "030 23125 900")
    refill, world.sync.refill = world.sync.refill, away  # type: ignore[method-assign,assignment]
    await world.look()
    assert world.who(MAMA, "anna") == "Mama"
    world.sync.refill = refill  # type: ignore[method-assign]
    await world.look()
    assert world.who(MAMA, "anna") == "Mutter"


async def away(_scope: str, _keys: Iterable[str]) -> None:
    raise NotReachableError("the database is away")


async def test_a_password_that_does_not_open_keeps_names_and_asks_nobody(world: World) -> None:
    await given(world)
    world.accounts.closed.add("anna")
    before = world.groupware.asked
    await world.look()
    assert world.groupware.asked == before + 1  # Ben's
    state = world.books.state("anna")
    assert state is not None
    assert not state.opens


async def test_one_persons_trouble_is_told_once_without_name_or_path_and_costs_nobody_else(world: World) -> None:
    world.groupware.homes["anna"].append(Book(path="/anna/geliebte/", name="Geliebte", owner="/anna/"))
    with structlog.testing.capture_logs() as logs:
        await given(world)
        await world.look()
    assert [world.who(MAMA, who) for who in ("anna", "ben")] == ["Mama", "Chef"]
    failed = [one for one in logs if one["event"] == "contacts.book_failed"]
    assert [(one["book"], one["why"]) for one in failed] == [("account ID-a", "no such book")]
    for word in ("geliebte", "Geliebte", "anna", "Mama", "Chef", "23125"):
        assert word not in str(logs)


async def test_a_book_that_is_gone_takes_its_names_along(world: World) -> None:
    world.groupware.book("anna", "verein", owner="/anna/", v=vcard("Vorsitz", "030 23125 901"))
    await given(world)
    assert world.who(SECOND, "anna") == "Vorsitz"
    world.groupware.homes["anna"].pop()
    await world.look()
    await world.look()  # one odd answer loses no book
    assert world.who(SECOND, "anna") is None
    assert world.who(MAMA, "anna") == "Mama"
    assert b"Vorsitz" not in world.on_disk()


async def test_a_private_card_is_private_to_its_owner(world: World) -> None:
    private = vcard("Ärztin", "030 23125 901", more="CLASS:PRIVATE")
    world.groupware.book("anna", "arzt", owner="/anna/", p=private)
    await given(world)
    assert [world.who(SECOND, who) for who in ("anna", "ben", None)] == ["Ärztin", None, None]


async def test_one_can_say_who_a_number_is_and_nobody_else_is_told(world: World) -> None:
    world.groupware.book("anna", "verein", owner="/anna/", v=vcard("Vorsitz", "030 23125 900"))
    await given(world)
    assert world.who(MAMA, "anna") == "Mama / Vorsitz"
    name = world.directory.lookup(world.numbers.from_pbx(MAMA), audience_of(ANNA))
    assert name is not None
    ref = name.refs[name.names.index("Vorsitz")]
    await world.choices.choose("anna", MAMA, ref)
    assert [world.who(MAMA, who) for who in ("anna", "ben")] == ["Vorsitz", "Chef"]
    await world.start()
    assert world.who(MAMA, "anna") == "Vorsitz", "remembered"
    with pytest.raises(NotFoundError, match="None of your address books"):
        await world.choices.choose("ben", MAMA, ref)
    with pytest.raises(NotFoundError, match="no telephone number"):
        await world.choices.choose("ben", "anonymous", ref)
    await world.choices.choose("anna", MAMA, None)
    assert world.who(MAMA, "anna") == "Mama / Vorsitz"


async def test_choices_have_an_end(world: World) -> None:
    await given(world)
    for number in range(MOST):
        world.directory.choose("anna", f"+49302312{number:04}", "1")
    name = world.directory.lookup(world.numbers.from_pbx(MAMA), audience_of(ANNA))
    assert name is not None
    with pytest.raises(NotAllowedError, match=str(MOST)):
        await world.choices.choose("anna", MAMA, name.refs[0])
    world.choices.forget("anna")
    await world.choices.choose("anna", MAMA, name.refs[0])


async def test_giving_wakes_the_reader(world: World) -> None:
    assert not world.books.wake.is_set()
    await world.books.give("anna", "a", source="here")
    assert world.books.wake.is_set()
