"""Contacts over HTTP and over the control socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ami_bridge.config import Site
from ami_bridge.contacts.control import ContactDesk, Turns
from ami_bridge.contacts.directory import Audience, Directory, Index
from ami_bridge.contacts.explain import Explain, ShownName
from ami_bridge.contacts.model import Contact, ContactNumber, link
from ami_bridge.contacts.progress import Progress, Reported
from ami_bridge.contacts.routes import ContactRoutes
from ami_bridge.contacts.search import Hit
from ami_bridge.dav.client import Book, Card, Known
from ami_bridge.dav.plan import Listing
from ami_bridge.errors import BadRequestError, NotReachableError, RefusedError
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.web.control import ask, follow, serve_control
from ami_bridge.web.identity import SCOPES, Identity
from ami_bridge.web.problem import problems

NUMBERS = Numbers(Site(area_code="89", outside_line="0"))
ANNA = Person(login="anna", name="Anna", extensions=("101",), groups=("Bauamt",))
SHOP = "+493023125001"


class Guard:
    scopes = frozenset(SCOPES)

    async def identify(self, request: web.Request) -> Identity:
        login = request.headers.get("X-Login", "anna")
        return Identity(login=login, credential="token:1", scopes=self.scopes, expires=datetime(2027, 1, 1, tzinfo=UTC))


class SearchForTest:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Audience, int]] = []

    async def find(self, query: str, audience: Audience, *, limit: int) -> Sequence[Hit]:
        self.asked.append((query, audience, limit))
        return [Hit(name="Zoe")]


class Groupware:
    """EGroupware's own search."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def who(self, number: str) -> Sequence[tuple[str, str]] | None:
        self.asked.append(number)
        return [("Online\r\n<b>", "")]


def a_directory() -> Directory:
    directory = Directory()
    for scope, name in (("shared", "Shop"), ("owner:anna", "Tante Erna")):
        index = Index()
        index.add(Contact(href="/x", id=7, name=name, numbers=(ContactNumber("x", e164=SHOP, kind="mobile"),)), scope)
        directory.replace(index, scope)
    directory.replace_people([ANNA])
    return directory


def an_explain(online: Groupware | None = None) -> Explain:
    def question(form: Mapping[str, str]) -> str:
        return f"=Shop for {form['to']}" if form["n"] == SHOP else "="

    click = "https://groupware.example/crm.php?from={number}"
    return Explain(
        directory=a_directory(), numbers=NUMBERS, people=People([ANNA]), question=question, click=click, online=online
    )


@pytest.fixture
def search() -> SearchForTest:
    return SearchForTest()


@pytest.fixture
async def client(search: SearchForTest) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(middlewares=[problems])
    ContactRoutes(guard=Guard(), people=People([ANNA]), search=search, explain=an_explain()).add_to(app.router)
    async with TestClient(TestServer(app)) as found:
        yield found


async def test_who_searches_gets_what_they_may_know(
    client: TestClient[web.Request, web.Application], search: SearchForTest
) -> None:
    async with client.get("/api/v1/contacts", params={"q": "zo"}) as answer:
        assert (await answer.json())["contacts"][0]["name"] == "Zoe"
    async with client.get("/api/v1/contacts", params={"q": "z", "limit": "3"}, headers={"X-Login": "gone"}):
        pass
    async with client.get("/api/v1/contacts", params={"q": "  "}) as answer:
        assert await answer.json() == {"contacts": []}
    anna = Audience(groups=("Bauamt",), owner="anna")
    assert search.asked == [("zo", anna, 20), ("z", Audience(owner="gone"), 3)]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "٣", "1e2", "9" * 5000])
async def test_a_limit_is_a_number(client: TestClient[web.Request, web.Application], limit: str) -> None:
    async with client.get("/api/v1/contacts", params={"q": "z", "limit": limit}) as answer:
        assert answer.status == 400


async def test_a_token_without_the_scope_finds_nothing(
    client: TestClient[web.Request, web.Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guard, "scopes", frozenset({"dial"}))
    for path in ("/api/v1/contacts?q=z", "/api/v1/contacts/lookup?number=1"):
        async with client.get(path) as answer:
            assert answer.status == 403


async def test_a_name_is_explained_to_its_reader(client: TestClient[web.Request, web.Application]) -> None:
    async with client.get("/api/v1/contacts/lookup", params={"number": "030 23125-001"}) as answer:
        found = await answer.json()
    assert (found["number"], found["display"], found["telephone"]) == (SHOP, "030 23125001", "Shop for 101")
    assert found["bubble"] == {"name": "Tante Erna", "org": None, "source": "owner:anna", "kind": "mobile", "ref": "7"}
    assert [(one["place"], [who["name"] for who in one["found"]]) for one in found["asked"]] == [
        ("owner:anna", ["Tante Erna"]), ("shared", ["Shop"]),
    ]  # fmt: skip
    assert found["link"] == "https://groupware.example/crm.php?from=%2B493023125001"
    assert found["groupware"] is None


@pytest.mark.parametrize("number", ["", "1" * 65])
async def test_what_can_be_no_number_is_refused(client: TestClient[web.Request, web.Application], number: str) -> None:
    async with client.get("/api/v1/contacts/lookup", params={"number": number}) as answer:
        assert answer.status == 400


async def test_for_nobody_in_particular_only_shared_books_are_asked() -> None:
    found = await an_explain().number(SHOP, None)
    assert [one.place for one in found.asked] == ["shared"]
    assert found.bubble is not None
    assert found.bubble.name == "Shop"


async def test_what_is_no_number_is_not_looked_for() -> None:
    groupware = Groupware()
    for text in ("anonymous", "", "Erika"):
        found = await an_explain(groupware).number(text, "anna")
        assert (found.number, found.asked, found.bubble) == (None, (), None)
    assert groupware.asked == []


async def test_the_groupware_is_asked_only_about_outside_numbers_that_no_book_has() -> None:
    groupware = Groupware()
    explain = an_explain(groupware)
    for known in (SHOP, "101", "8001"):
        assert (await explain.number(known, "anna", online=True)).groupware is None
    assert (await explain.number("0171 1234567", "anna")).groupware is None, "not for everybody"
    assert (await explain.number("0171 1234567", "anna", online=True)).groupware == (ShownName(name="Online b"),)
    assert groupware.asked == ["+491711234567"]


def test_a_link_needs_an_address_and_a_number() -> None:
    assert link("", SHOP) is None
    assert link("https://x/{number}", None) is None


# ---- Over the control socket


class BooksForTest:
    async def book(self, name: str) -> Book:
        if name == "gone":
            raise RefusedError("no such address book")
        return Book(path=f"/{name}/")

    async def changes(self, book: Book, known: Known, *, full: bool = False) -> Listing:  # noqa: ARG002
        return Listing(etags={"/a": "1", "/b": "2"}, whole=True)

    async def fetch(self, book: Book, hrefs: Sequence[str]) -> AsyncIterator[list[Card]]:  # noqa: ARG002
        for href in hrefs:
            yield [Card(href, "1", "")]


def a_desk(reported: Reported) -> ContactDesk:
    async def run() -> None:
        for name in ("stadt", "gone"):
            try:
                book = await reported.book(name)
                listing = await reported.changes(book, Known())
                async for _ in reported.fetch(book, [*listing.etags]):
                    pass
            except RefusedError:
                continue

    return ContactDesk(explain=an_explain(), people=People([ANNA]), sync=Turns(run), news=reported, names=lambda: 12)


async def test_the_administrator_has_a_number_explained(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[a_desk(Reported(BooksForTest())).add_to]):
        found = await ask(path, "GET", "/lookup", query={"number": "+49 30 23125001"})
        assert found["bubble"]["name"] == "Shop"
        found = await ask(path, "GET", "/lookup", query={"number": SHOP, "user": "anna"})
        assert found["bubble"]["name"] == "Tante Erna"
        with pytest.raises(BadRequestError, match="'nobody'"):
            await ask(path, "GET", "/lookup", query={"number": SHOP, "user": "nobody"})


async def test_a_look_at_the_books_tells_how_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[a_desk(Reported(BooksForTest())).add_to]):
        assert [line async for line in follow(path, "/sync")] == [
            {"book": "stadt", "state": "asked"},
            {"book": "stadt", "state": "changed", "cards": 2},
            {"book": "stadt", "state": "fetched", "cards": 1},
            {"book": "stadt", "state": "fetched", "cards": 2},
            {"book": "gone", "state": "asked"},
            {"book": "gone", "state": "failed", "why": "no such address book"},
            {"state": "done", "failed": 1, "names": 12},
        ]
    with pytest.raises(NotReachableError):
        [line async for line in follow(path, "/sync")]


async def test_who_goes_away_in_the_midst_of_a_look_does_not_stop_the_next(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    stuck = asyncio.Event()
    reported = Reported(BooksForTest())

    async def run() -> None:
        await reported.book("stadt")
        await stuck.wait()

    look = Turns(run)
    desk = ContactDesk(explain=an_explain(), people=People([ANNA]), sync=look, news=reported, names=lambda: 0)
    async with serve_control(path, add_routes=[desk.add_to]):
        news = follow(path, "/sync")
        assert (await anext(news))["state"] == "asked"
        await news.aclose()  # Ctrl-C at the terminal
        stuck.set()
        async with asyncio.timeout(5):
            lines = [line["state"] async for line in follow(path, "/sync")]
            assert lines[-1] == "done"
            await look()


async def test_looks_follow_one_another() -> None:
    inside, most = 0, 0

    async def run() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1

    look = Turns(run)
    await asyncio.gather(look(), look(), look())
    assert most == 1


async def test_who_does_not_read_the_news_costs_nothing() -> None:
    reported = Reported(BooksForTest())
    with reported.listen() as news:
        for _ in range(3000):
            await reported.book("stadt")
        assert news.get_nowait() == Progress(book="stadt", state="asked")
        assert news.qsize() < 1000
