"""A house with a door: the real server, a real SQLite file, and a groupware that knows two passwords."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar

from ami_bridge.config import Web
from ami_bridge.db.database import Database
from ami_bridge.people.access import Access
from ami_bridge.people.brokers import Brokers
from ami_bridge.people.entrance import Entrance
from ami_bridge.people.model import People, Person
from ami_bridge.people.pairing import Pairing
from ami_bridge.people.pairing_routes import PairingRoutes
from ami_bridge.people.routes import OPERATIONS, PeopleRoutes
from ami_bridge.people.signin import SignIn
from ami_bridge.people.store import BrokerStore, CredentialStore
from ami_bridge.web.identity import Doorway
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.server import serve
from tests.empty import empty_database

ANNA = Person(login="anna", name="Anna Amsel", extensions=("101",), department="Bürgerbüro")
BEN = Person(login="ben", name="Ben Biber", extensions=("102",))


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


class FakeGroupware:
    async def principal(self, user: str, password: str) -> str | None:
        return f"/principals/{user}/" if password == f"{user}'s password" else None


class Browser:
    """What a page of ours does, or one of somebody else's when `origin` is another."""

    def __init__(self, session: ClientSession, origin: str) -> None:
        self.session = session
        self.origin = origin

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> ClientResponse:
        sent = {"Origin": self.origin} | {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.session.request(method, f"/api/v1{path}", json=body, headers=sent)
        await response.read()
        return response

    async def sign_in(self, login: str) -> ClientResponse:
        return await self.send("POST", "/session", {"user": login, "password": f"{login}'s password"})


class House:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = Clock()
        self.people = People([ANNA, BEN])
        self.revoked: list[str] = []
        self.config = Web(listen="http://127.0.0.1:0", session_hours=12)
        self.doorway = Doorway(self.config)
        self.access = Access(
            store=CredentialStore(db),
            people=self.people,
            doorway=self.doorway,
            now=self.clock,
            session_hours=self.config.session_hours,
            on_revoked=self.revoked.append,
        )
        sign_in = SignIn(groupware=FakeGroupware(), people=self.people, now=self.clock, answers_after=0)
        self.entrance = Entrance(access=self.access, people=self.people, now=self.clock)
        self.routes = PeopleRoutes(access=self.access, sign_in=sign_in, people=self.people, doorway=self.doorway)
        self.pairing = Pairing(access=self.access, people=self.people, now=self.clock, answers_after=0)
        self.brokers = Brokers(store=BrokerStore(db), access=self.access, people=self.people, now=self.clock)
        self.more_routes = PairingRoutes(
            guard=self.access, doorway=self.doorway, pairing=self.pairing, brokers=self.brokers
        )
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def session(self) -> ClientSession:
        return ClientSession(self.origin, cookie_jar=CookieJar(unsafe=True))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_database(tmp_path / "data" / "bridge.sqlite") as db:
        it = House(db)
        async with serve(
            it.config,
            add_routes=[it.routes.add_to, it.more_routes.add_to, openapi_routes(OPERATIONS)],
            static=tmp_path,
        ) as it.port:
            yield it


@pytest.fixture
async def anna(house: House) -> AsyncIterator[Browser]:
    """Anna's browser, signed in."""
    async with house.session() as session:
        browser = Browser(session, house.origin)
        assert (await browser.sign_in("anna")).status == 200
        yield browser


@pytest.fixture
async def stranger(house: House) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in."""
    async with house.session() as session:
        yield Browser(session, house.origin)
