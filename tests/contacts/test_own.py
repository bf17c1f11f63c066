"""One's own books, wishes and choices over HTTP and the control socket: for oneself alone, and nothing is told back."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from ami_bridge.config import Site, Web
from ami_bridge.contacts.choices import Choices
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.index import Index
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.own import OPERATIONS, BookDesk, OwnRoutes
from ami_bridge.contacts.private import PrivateBooks, PrivateDav
from ami_bridge.contacts.store import StoredBook
from ami_bridge.contacts.watch import Watch
from ami_bridge.errors import BadRequestError, NotFoundError, UnauthorisedError
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import Account, People, Person, Wish
from ami_bridge.people.wishes import Wishes
from ami_bridge.web.control import ask, serve_control
from ami_bridge.web.identity import Identity
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.server import serve

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NUMBER = "+493023125900"


class Guard:
    """Believes the header; somebody without scopes is let in nowhere."""

    async def identify(self, request: web.Request) -> Identity:
        who = request.headers.get("X-Who")
        if who is None:
            raise UnauthorisedError("Nobody is signed in.")
        scopes = frozenset({"dial"} if who == "dialler" else {"events"})
        login = "anna" if who == "dialler" else who
        return Identity(login=login, credential="token:1", scopes=scopes, expires=NOON)


class Accounts:
    """Knows Anna's password."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def all(self) -> list[Account]:
        return [Account(id="ID-1", login=login, sealed=b"", given=NOON) for login in self.kept]

    def of(self, login: str) -> Account | None:
        return next((one for one in self.all() if one.login == login), None)

    def password(self, login: str) -> str | None:
        return self.kept.get(login)

    async def give(self, login: str, password: str, *, source: str) -> Account:  # noqa: ARG002
        if password != "right":
            raise BadRequestError("The groupware does not take this password.")
        self.kept[login] = password
        return self.all()[-1]

    async def remove(self, login: str) -> None:
        if self.kept.pop(login, None) is None:
            raise NotFoundError("No password was given.")

    async def forget(self, logins: Collection[str]) -> None:
        raise AssertionError(logins)


class Memory:
    """All stores, in memory; and a reader of books that is never called."""

    away = True
    failing = True

    def __init__(self) -> None:
        self.kept: dict[str, Wish] = {}
        self.chosen: list[tuple[str, str, str | None]] = []

    async def wishes(self) -> list[tuple[str, Wish]]:
        return list(self.kept.items())

    async def keep_wish(self, login: str, wish: Wish) -> None:
        self.kept[login] = wish

    async def choices(self) -> list[tuple[str, str, str]]:
        return []

    async def keep_choice(self, login: str, number: str, ref: str | None) -> None:
        self.chosen.append((login, number, ref))

    async def books(self) -> dict[str, StoredBook]:
        return {}

    async def drop(self, paths: Collection[str]) -> None:
        assert not paths

    async def look_at(self, book: object, watch: Watch, *, key: str = "") -> bool:
        raise AssertionError(book, watch, key)

    async def refill(self, scope: str, keys: Collection[str]) -> None:
        raise AssertionError(scope, keys)


def no_dav(login: str, password: str) -> PrivateDav:
    raise AssertionError(login, password)


class World:
    def __init__(self) -> None:
        self.people = People([Person(login="anna", name="Anna"), Person(login="ben", name="Ben")])
        self.directory, self.memory, self.accounts = Directory(), Memory(), Accounts()
        self.retold: list[str] = []
        index = Index()
        for at, name in enumerate(("Mama", "Papa"), 1):
            index.add(Contact(href=name, id=at, name=name, numbers=(ContactNumber("x", NUMBER),)), "Privat")
        index.settle()
        self.directory.replace(index, "owner:anna")
        self.wishes = Wishes(store=self.memory, people=self.people)
        self.choices = Choices(store=self.memory, directory=self.directory, numbers=Numbers(Site()), people=self.people)
        self.books = PrivateBooks(
            dav=no_dav,
            accounts=self.accounts,
            wishes=self.wishes,
            choices=self.choices,
            sync=self.memory,
            store=self.memory,
            directory=self.directory,
            now=lambda: NOON,
            changed=self.retold.append,
        )
        self.routes = OwnRoutes(
            guard=Guard(), people=self.people, books=self.books, wishes=self.wishes, choices=self.choices
        )
        self.session: ClientSession
        self.port = 0

    async def ask(self, who: str | None, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        headers = {"X-Who": who} if who else {}
        url = f"http://127.0.0.1:{self.port}/api/v1{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, (await answer.json(content_type=None)) if answer.status != 204 else {}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    it = World()
    routes = [it.routes.add_to, openapi_routes(OPERATIONS)]
    async with (
        serve(Web(listen="http://127.0.0.1:0"), add_routes=routes, static=tmp_path) as it.port,
        ClientSession() as it.session,
    ):
        yield it


async def test_a_password_is_given_and_taken_back_and_never_told(world: World) -> None:
    nothing = {"given": None, "books": None, "opens": True}
    assert await world.ask("anna", "GET", "/books/private") == (200, nothing)
    status, told = await world.ask("anna", "PUT", "/books/private", {"password": "right"})
    assert (status, told["books"]) == (200, None)
    assert told["given"].startswith("2026-11-21T12:00:00")
    assert world.accounts.kept == {"anna": "right"}
    assert "right" not in str(await world.ask("anna", "GET", "/books/private"))
    assert (await world.ask("ben", "GET", "/books/private"))[1] == nothing
    assert (await world.ask("ben", "DELETE", "/books/private"))[0] == 404
    assert await world.ask("anna", "DELETE", "/books/private") == (204, {})
    assert (await world.ask("anna", "GET", "/books/private"))[1] == nothing
    assert world.retold == ["anna"]
    assert world.directory.scopes() == ("shared",)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/books/private", None),
        ("PUT", "/books/private", {"password": "right"}),
        ("DELETE", "/books/private", None),
        ("GET", "/settings", None),
        ("PUT", "/settings", {"private_on_display": True}),
        ("PUT", "/contacts/choice", {"number": NUMBER, "ref": "1"}),
    ],
)
async def test_nobody_else_gets_in(world: World, method: str, path: str, body: object) -> None:
    assert (await world.ask(None, method, path, body))[0] == 401
    assert (await world.ask("gone", method, path, body))[0] == 401
    assert (await world.ask("dialler", method, path, body))[0] == 403
    assert (world.accounts.kept, world.memory.kept, world.memory.chosen) == ({}, {}, [])


@pytest.mark.parametrize(
    "body",
    [None, {}, {"password": ""}, {"password": 5}, {"password": "x" * 1001}, {"password": "right", "login": "ben"}],
)
async def test_what_is_no_password_is_refused(world: World, body: object) -> None:
    assert (await world.ask("anna", "PUT", "/books/private", body))[0] == 400
    assert world.accounts.kept == {}


async def test_a_wish_is_ones_own(world: World) -> None:
    nothing = {"private_on_display": False, "language": None}
    assert await world.ask("anna", "GET", "/settings") == (200, nothing)
    shows = {"private_on_display": True, "language": None}
    assert await world.ask("anna", "PUT", "/settings", {"private_on_display": True}) == (200, shows)
    assert await world.ask("anna", "GET", "/settings") == (200, shows)
    assert await world.ask("ben", "GET", "/settings") == (200, nothing)
    assert (await world.ask("anna", "PUT", "/settings", {"private_on_displai": True}))[0] == 400
    # What is not named stays as it was.
    assert await world.ask("anna", "PUT", "/settings", {"language": "en"}) == (200, shows | {"language": "en"})
    assert await world.ask("anna", "PUT", "/settings", {"private_on_display": False}) == (
        200,
        nothing | {"language": "en"},
    )
    assert await world.ask("anna", "PUT", "/settings", {"language": None}) == (200, nothing)
    for wrong in ({"language": "fr"}, {"language": ""}, {"private_on_display": None}, {"private_on_display": 1}):
        assert (await world.ask("anna", "PUT", "/settings", wrong))[0] == 400


async def test_a_choice_is_among_what_one_may_know(world: World) -> None:
    assert await world.ask("anna", "PUT", "/contacts/choice", {"number": NUMBER, "ref": "2"}) == (204, {})
    assert world.memory.chosen == [("anna", NUMBER, "2")]
    assert world.retold == ["anna"]
    for who, body in (
        ("ben", {"number": NUMBER, "ref": "2"}),
        ("anna", {"number": NUMBER, "ref": "99"}),
        ("anna", {"number": "+4930", "ref": "2"}),
        ("anna", {"number": "anonymous", "ref": "2"}),
    ):
        assert (await world.ask(who, "PUT", "/contacts/choice", body))[0] == 404
    assert await world.ask("anna", "PUT", "/contacts/choice", {"number": NUMBER, "ref": None}) == (204, {})
    assert world.memory.chosen[1:] == [("anna", NUMBER, None)]


async def test_the_administrator_gives_lists_and_removes(world: World, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[BookDesk(books=world.books).add_to]):
        with pytest.raises(BadRequestError, match="does not take this password"):
            await ask(path, "POST", "/books", {"login": "anna", "password": "wrong"})
        with pytest.raises(BadRequestError, match="characters that no password has"):
            await ask(path, "POST", "/books", {"login": "anna", "password": "a\nb"})
        assert await ask(path, "POST", "/books", {"login": "anna", "password": "right"}) == {}
        (one,) = (await ask(path, "GET", "/books"))["accounts"]
        assert (one["login"], one["account"], one["read"], one["books"]) == ("anna", "ID-1", False, 0)
        assert "right" not in str(one)
        assert await ask(path, "DELETE", "/books/anna") == {}
        assert await ask(path, "GET", "/books") == {"accounts": []}
