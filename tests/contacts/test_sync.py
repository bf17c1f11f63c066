"""Looking at address books of a groupware that is not always well."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web

from ami_bridge import config
from ami_bridge.contacts.directory import Audience, Directory
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import AT_ONCE, Sync
from ami_bridge.dav.client import DavClient
from ami_bridge.dav.transport import Limits
from ami_bridge.db.database import Database
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from tests.dav.fake import FakeDav, breaks_off, fake_dav, says
from tests.dav.radicale import vcard
from tests.empty import empty_database

QUICK = Limits(connect=0.5, sign_in=0.5, properties=0.5, listing=0.5, cards=0.5, batch=100)
SITE = config.Site(area_code="89", own_block=config.OwnBlock(prefix="+498999998", digits=3), outside_line="0")


class Persons:
    """Persons kept in memory."""

    def __init__(self) -> None:
        self.kept: list[Person] = []

    async def all(self) -> Collection[Person]:
        return self.kept

    async def replace(self, persons: Iterable[Person]) -> None:
        self.kept = list(persons)


class World:
    """A groupware, a database, and the daemon's names between them."""

    def __init__(self, dav: FakeDav, db: Database) -> None:
        self.dav = dav
        self.store = ContactStore(db)
        self.persons = Persons()
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.deaf = False
        self.told: list[frozenset[str]] = []
        self.site = SITE
        self.books = [config.Book(path="stadt", label="Stadtbuch")]
        self.staff = config.People()
        self.source: Staff | None = None

    async def start(self, client: DavClient) -> None:
        """Start the daemon's part anew."""
        self.directory, self.people, self.numbers = Directory(), People(), Numbers(self.site)
        self.sync = Sync(
            dav=client,
            books=self.books,
            staff=self.staff,
            store=self.store,
            persons=self.persons,
            people=self.people,
            directory=self.directory,
            numbers=self.numbers,
            rights_changed=self._tell,
            now=lambda: self.time,
            source=self.source,
            source_name="[people] ldap",
        )
        await self.sync.load()

    async def _tell(self, logins: frozenset[str]) -> None:
        if self.deaf:
            raise NotReachableError("the database does not answer")
        self.told.append(logins)

    async def turn(self) -> None:
        """Let five minutes pass and look again."""
        self.time += timedelta(minutes=5)
        await self.sync.run()

    def who(self, number: str) -> str | None:
        name = self.directory.lookup(self.numbers.from_pbx(number))
        return name.name if name else None


@pytest.fixture
async def client() -> AsyncIterator[DavClient]:
    async with fake_dav() as dav, DavClient(dav.url, dav.user, dav.password, limits=QUICK) as one:
        one.fake = dav  # type: ignore[attr-defined]
        yield one


@pytest.fixture
async def world(client: DavClient, tmp_path: Path) -> AsyncIterator[World]:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        made = World(client.fake, db)  # type: ignore[attr-defined]
        await made.start(client)
        yield made


def add(world: World, **tels: str) -> None:
    for name, tel in tels.items():
        world.dav.add(name, text=vcard(name.title(), tel))


async def test_names_come_change_and_go(world: World) -> None:
    add(world, anna="030 23125001", ben="030 23125002", carla="030 23125003")
    await world.turn()
    assert [world.who(f"0302312500{n}") for n in (1, 2, 3, 4)] == ["Anna", "Ben", "Carla", None]
    add(world, anna="030 23125009")
    world.dav.drop("ben")
    await world.turn()
    assert [world.who(f"0302312500{n}") for n in (1, 2, 3, 9)] == [None, None, "Carla", "Anna"]


async def test_names_are_there_at_once_while_the_groupware_is_away(world: World, client: DavClient) -> None:
    add(world, anna="030 23125001", copier="188")
    await world.turn()
    world.dav.tricks["PROPFIND"] = says("", 503)
    await world.start(client)
    assert [world.who("03023125001"), world.who("188")] == ["Anna", "Copier"]
    await world.turn()
    assert world.who("03023125001") == "Anna"


@pytest.mark.parametrize("kind", ["PROPFIND", "sync-collection", "multiget"])
async def test_trouble_in_the_middle_changes_nothing(world: World, kind: str) -> None:
    add(world, anna="030 23125001", ben="030 23125002", carla="030 23125003")
    await world.turn()
    await world.turn()
    add(world, dieter="030 23125004")
    world.dav.drop("anna")
    for trick in (says("", 503), says("<html/>"), breaks_off("<multistatus xmlns='DAV:'>")):
        world.dav.tricks[kind] = trick
        world.dav.tricks["GET"] = says("", 500)
        await world.turn()
        assert [world.who(f"0302312500{n}") for n in (1, 2, 3, 4)] == ["Anna", "Ben", "Carla", None]
    world.dav.tricks.clear()
    await world.turn()
    assert [world.who(f"0302312500{n}") for n in (1, 2, 3, 4)] == [None, "Ben", "Carla", "Dieter"]


@pytest.mark.parametrize("server", ["with tokens", "without"])
async def test_a_loss_of_more_than_half_needs_a_second_look(world: World, server: str) -> None:
    world.dav.can_sync = server == "with tokens"
    add(world, anna="030 23125001", ben="030 23125002", carla="030 23125003")
    await world.turn()
    await world.turn()
    world.dav.drop("anna", "ben")
    with structlog.testing.capture_logs() as logs:
        await world.turn()
    assert [entry["event"] for entry in logs] == ["contacts.large_loss_waits"]
    assert world.who("03023125001") == "Anna"
    await world.turn()
    assert [world.who(f"0302312500{n}") for n in (1, 2, 3)] == [None, None, "Carla"]


async def test_a_loss_that_was_a_mistake_is_forgotten(world: World) -> None:
    add(world, anna="030 23125001", ben="030 23125002", carla="030 23125003")
    await world.turn()
    cards = dict(world.dav.cards)
    world.dav.drop("anna", "ben", "carla")
    await world.turn()
    world.dav.cards = cards
    world.dav.gone.clear()
    world.dav.ctag += "back"
    await world.turn()
    assert world.who("03023125001") == "Anna"
    world.dav.drop("anna", "ben")
    await world.turn()
    assert world.who("03023125001") == "Anna"  # the doubt begins anew


async def test_the_groupware_away_is_one_line_and_one_on_return(world: World) -> None:
    add(world, anna="030 23125001")
    world.dav.tricks["PROPFIND"] = says("", 503)
    with structlog.testing.capture_logs() as logs:
        for _ in range(4):
            await world.turn()
        world.dav.tricks.clear()
        await world.turn()
        await world.turn()
    assert [entry["event"] for entry in logs] == [
        "contacts.groupware_away",
        "contacts.synced",
        "contacts.groupware_is_back",
    ]


async def test_names_outlive_a_groupware_that_is_away_for_twenty_turns(world: World) -> None:
    add(world, anna="030 23125001")
    await world.turn()
    world.dav.tricks["PROPFIND"] = says("", 503)
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            await world.turn()
            assert world.who("03023125001") == "Anna"
            assert world.sync.away
        assert [entry["event"] for entry in logs] == ["contacts.groupware_away"]
        world.dav.tricks.clear()
        await world.turn()
        assert not world.sync.away
        assert [entry["event"] for entry in logs] == ["contacts.groupware_away", "contacts.groupware_is_back"]


async def test_a_book_larger_than_a_step_is_kept_whole(world: World) -> None:
    for n in range(AT_ONCE + 3):
        world.dav.add(f"c{n}", text=vcard(f"N{n}", f"030 2{n:06}"))
    await world.turn()
    assert [world.who(f"0302{n:06}") for n in (0, AT_ONCE - 1, AT_ONCE, AT_ONCE + 2)] == [
        f"N{n}" for n in (0, AT_ONCE - 1, AT_ONCE, AT_ONCE + 2)
    ]
    world.dav.asked.clear()
    await world.turn()
    assert "multiget" not in world.dav.asked


async def test_what_came_before_a_break_is_kept_and_shown_with_the_rest(world: World) -> None:
    for n in range(AT_ONCE + 200):
        world.dav.add(f"c{n}", text=vcard(f"N{n}", f"030 2{n:06}"))
    batches = 0

    async def breaks_at_last(request: web.Request) -> web.StreamResponse:
        nonlocal batches
        batches += 1
        if batches * QUICK.batch > AT_ONCE + 100:
            return web.Response(status=503)
        del world.dav.tricks["multiget"]
        answer = await world.dav.answer(request)
        world.dav.tricks["multiget"] = breaks_at_last
        return answer

    world.dav.tricks["multiget"] = breaks_at_last
    await world.turn()
    assert world.who("0302000000") is None
    world.dav.tricks.clear()
    for n in range(AT_ONCE, AT_ONCE + 200):
        world.dav.drop(f"c{n}")  # nothing is left to fetch
    await world.turn()
    assert world.who("0302000000") == "N0"
    assert world.who(f"0302{AT_ONCE:06}") is None


async def test_one_broken_book_does_not_stop_the_others(world: World, client: DavClient) -> None:
    world.books = [config.Book(path="missing"), config.Book(path="stadt")]
    await world.start(client)
    add(world, anna="030 23125001")
    with structlog.testing.capture_logs() as logs:
        await world.turn()
        await world.turn()
    assert world.who("03023125001") == "Anna"
    assert [(entry["event"], entry["book"]) for entry in logs] == [
        ("contacts.book_failed", "missing"),
        ("contacts.synced", "stadt"),
    ]


async def test_one_broken_card_does_not_stop_the_others(world: World) -> None:
    world.dav.add("rubbish", text="rubbish")
    world.dav.add("null", text="BEGIN:VCARD\nFN:\x00\nEND:VCARD")
    world.dav.add("private", text=vcard("Private", "030 23125008", more="CLASS:PRIVATE"))
    world.dav.add("list", text=vcard("List", "030 23125009", more="KIND:group"))
    add(world, anna="030 23125001", nothing="unbekannt")
    await world.turn()
    assert [world.who(f"0302312500{n}") for n in (1, 8, 9)] == ["Anna", None, None]
    asked = world.dav.asked.count("multiget")
    await world.turn()
    assert world.dav.asked.count("multiget") == asked  # what cannot be read is not fetched again and again


async def test_nothing_changed_is_nothing_fetched(world: World) -> None:
    add(world, anna="030 23125001")
    await world.turn()
    await world.turn()
    world.dav.asked.clear()
    with structlog.testing.capture_logs() as logs:
        await world.turn()
    assert logs == []
    assert not {"multiget", "GET"} & set(world.dav.asked)


async def test_everything_is_compared_once_a_day_whatever_tokens_say(world: World) -> None:
    add(world, anna="030 23125001", ben="030 23125002", carla="030 23125003")
    await world.turn()
    await world.turn()
    world.dav.drop("ben")
    world.dav.gone.clear()  # a server that does not report it
    await world.turn()
    assert world.who("03023125002") == "Ben"
    world.time += timedelta(hours=24)
    await world.turn()
    assert world.who("03023125002") is None


async def test_a_book_of_a_group_is_for_its_members_from_the_start(world: World, client: DavClient) -> None:
    add(world, anna="030 23125001")
    await world.turn()
    assert world.who("03023125001") == "Anna"
    world.books = [config.Book(path="stadt", scope="group:Bauamt")]
    members, strangers = Audience(groups=("Bauamt",)), Audience(groups=("bauamt", "Bau"), owner="anna")
    number = world.numbers.from_pbx("03023125001")
    await world.start(client)
    for _ in range(2):
        assert world.who("03023125001") is None
        assert world.directory.lookup(number, strangers) is None
        name = world.directory.lookup(number, members)
        assert name is not None
        assert name.name == "Anna"
        assert [book.scope for book in (await world.store.books()).values()] == ["group:Bauamt"], "search asks there"
        await world.turn()


async def test_a_book_of_a_scope_that_nobody_knows_is_for_nobody(world: World, client: DavClient) -> None:
    add(world, anna="030 23125001")
    await world.turn()
    for scope in ("group:", "owner:anna", "all", ""):
        world.books = [config.Book(path="stadt", scope=scope)]
        await world.start(client)
        await world.turn()
        number = world.numbers.from_pbx("03023125001")
        assert world.directory.lookup(number, Audience(groups=("", "all"), owner="anna")) is None
        assert await world.store.books() == {}


async def test_numbers_are_read_again_when_the_site_has_changed(world: World, client: DavClient) -> None:
    add(world, anna="23125001")
    await world.turn()
    assert world.who("08923125001") == "Anna"
    world.site = config.Site(area_code="30")
    await world.start(client)
    await world.turn()
    assert [world.who("08923125001"), world.who("03023125001")] == [None, "Anna"]


def hire(world: World, **extensions: str) -> None:
    for login, extension in extensions.items():
        world.dav.add(login, text=vcard(login.title(), f"089 99998-{extension}", more=f"EMAIL:{login}@x.example"))


async def test_the_staff_book_makes_people(world: World, client: DavClient) -> None:
    world.books, world.staff = [], config.People(book="stadt", roles={"eva": ["admin"]})
    await world.start(client)
    hire(world, anna="101", ben="102", eva="105")
    await world.turn()
    assert {person.login: (person.extensions, person.roles) for person in world.people.all()} == {
        "anna": (("101",), ("user",)),
        "ben": (("102",), ("user",)),
        "eva": (("105",), ("user", "admin")),
    }
    assert [world.who("102"), world.who("08999998102")] == ["Ben", "Ben"]
    world.dav.drop("ben")
    await world.turn()
    assert world.told[-1] == frozenset({"ben"})
    assert world.who("102") is None
    world.dav.tricks["PROPFIND"] = says("", 503)
    world.staff = config.People(book="stadt", roles={"anna": ["plant"]})
    await world.start(client)
    assert {person.login: person.roles for person in world.people.all()} == {
        "anna": ("user", "plant"),
        "eva": ("user",),
    }
    assert world.who("105") == "Eva"


async def test_most_people_gone_needs_a_second_look_even_after_a_start(world: World, client: DavClient) -> None:
    world.books, world.staff = [], config.People(book="stadt")
    await world.start(client)
    hire(world, anna="101", ben="102", eva="105")
    await world.turn()
    world.dav.drop("anna", "ben", "eva")
    await world.start(client)
    await world.turn()
    assert len(world.people.all()) == 3
    await world.turn()
    assert world.people.all() == ()
    assert world.told[-1] == frozenset({"anna", "ben", "eva"})


async def test_who_is_gone_loses_everything_even_if_that_fails_at_first(world: World, client: DavClient) -> None:
    world.books, world.staff = [], config.People(book="stadt")
    await world.start(client)
    hire(world, anna="101", ben="102", eva="105")
    await world.turn()
    world.dav.drop("ben")
    world.deaf = True
    await world.turn()
    world.deaf = False
    await world.turn()
    assert world.told[-1] == frozenset({"ben"})
    assert {person.login for person in world.persons.kept} == {"anna", "eva"}


async def test_without_a_staff_book_the_configuration_counts(world: World, client: DavClient) -> None:
    world.staff = config.People(extensions={"anna": ["101"]})
    await world.start(client)
    await world.turn()
    assert world.who("101") == "anna"
    assert [person.login for person in world.persons.kept] == ["anna"]
    world.staff = config.People(extensions={"ben": ["102"]})
    await world.start(client)
    assert world.told[-1] == frozenset({"anna"})


@pytest.mark.alone
async def test_a_large_book_does_not_hold_up_the_loop(world: World) -> None:
    for n in range(600):
        world.dav.add(f"n{n}", text=vcard(f"Name {n}", f"030 {23000000 + n}", f"0171 {3920000 + n}"))
    world.dav.asked.clear()
    longest = 0.0

    async def measure() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0)
            longest = max(longest, loop.time() - before)

    async with asyncio.TaskGroup() as tasks:
        watcher = tasks.create_task(measure())
        await world.turn()
        watcher.cancel()
    assert world.who("03023000599") == "Name 599"
    assert longest < 0.2, f"{longest * 1000:.0f} ms"  # 16 ms on an idle machine, the server in the same loop


# ---- Where the staff is in no book


class Staff:
    """A directory that answers as it is told."""

    def __init__(self, *logins: str) -> None:
        self.answer: list[Person] | Exception = [who_works(login) for login in logins]

    async def persons(self) -> list[Person]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return list(self.answer)

    def names(self, *logins: str) -> None:
        self.answer = [who_works(login) for login in logins]


def who_works(login: str, **more: Any) -> Person:  # noqa: ANN401 - fields of a person
    return Person(login=login, name=login.title(), **more)


@pytest.fixture
async def directory(world: World, client: DavClient) -> Staff:
    """The staff of this world is in a directory, and no address book is read."""
    staff = Staff("anna", "ben", "carla", "dieter")
    world.books, world.source = [], staff
    await world.start(client)
    await world.turn()
    assert logins(world) == ["anna", "ben", "carla", "dieter"]
    world.told.clear()
    return staff


def logins(world: World) -> list[str]:
    return [one.login for one in world.people.all()]


async def test_a_directory_is_read_again_at_every_look(world: World, directory: Staff) -> None:
    assert [one.login for one in world.persons.kept] == logins(world)
    directory.answer = [
        who_works("anna", extensions=("101",), department="Bauamt"),
        who_works("ben", groups=("Bauamt",)),
        who_works("eva"),
        who_works("carla"),
    ]
    await world.turn()
    assert logins(world) == ["anna", "ben", "eva", "carla"]
    assert world.told == [frozenset({"anna", "ben", "dieter"})]
    assert world.who("101") == "Anna"
    await world.turn()
    assert len(world.told) == 1, "what did not change changes nobody's rights"


@pytest.mark.parametrize(
    "answer", [NotReachableError("it does not answer"), RefusedError("it refuses us"), OSError("a bug"), []]
)
async def test_no_failed_answer_empties_the_house(
    world: World, directory: Staff, answer: list[Person] | Exception
) -> None:
    directory.answer = answer
    for _ in range(4):
        await world.turn()
        assert world.sync.failing
    assert (logins(world), world.told) == (["anna", "ben", "carla", "dieter"], [])
    directory.names("anna", "ben", "carla", "dieter")
    await world.turn()
    assert not world.sync.failing


async def test_a_large_loss_is_believed_when_it_is_seen_twice(world: World, directory: Staff) -> None:
    directory.names("anna")
    await world.turn()
    assert len(logins(world)) == 4
    directory.names("anna", "ben", "carla", "dieter")
    await world.turn()
    directory.names("anna")
    await world.turn()
    assert len(logins(world)) == 4, "in between it was well again"
    await world.turn()
    assert (logins(world), world.told) == (["anna"], [frozenset({"ben", "carla", "dieter"})])


async def test_the_house_knows_its_people_before_the_directory_answers(
    world: World, client: DavClient, directory: Staff
) -> None:
    directory.answer = NotReachableError("it does not answer")
    world.staff = config.People(source="ldap", roles={"group:Wache": ["plant"], "anna": ["admin"]})
    await world.start(client)
    assert logins(world) == ["anna", "ben", "carla", "dieter"]
    assert (anna := world.people.by_login("anna")) is not None
    assert anna.roles == ("user", "admin")
    directory.answer = [who_works("anna", groups=("Wache",)), *(who_works(one) for one in ("ben", "carla", "dieter"))]
    await world.turn()
    assert (anna := world.people.by_login("anna")) is not None
    assert anna.roles == ("user", "plant", "admin")


async def test_what_cannot_be_told_of_a_loss_is_told_in_the_next_turn(world: World, directory: Staff) -> None:
    world.deaf = True
    directory.names("anna", "ben", "carla")
    await world.turn()
    world.deaf = False
    await world.turn()
    assert world.told == [frozenset({"dieter"})]
    assert [one.login for one in world.persons.kept] == ["anna", "ben", "carla"]
