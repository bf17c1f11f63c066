"""Administration over HTTP: for the role admin by a credential good for everything; nothing secret."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from ami_bridge import wire
from ami_bridge.admin.desk import AdminDesk
from ami_bridge.admin.routes import OPERATIONS, AdminRoutes
from ami_bridge.config import Config, Dialling, Groupware, Pbx, Pickup, Questions, Queue, Rate, Web
from ami_bridge.config import People as Staff
from ami_bridge.config_journal import Journal, KeepDays
from ami_bridge.contacts.sync import BookSeen
from ami_bridge.doctor.examine import Check, Doctor
from ami_bridge.doctor.manager import REFUSED
from ami_bridge.doctor.model import Finding
from ami_bridge.people.access import Access
from ami_bridge.people.model import People, Person
from ami_bridge.people.store import CredentialStore
from ami_bridge.privacy.audit import Audit
from ami_bridge.privacy.store import AuditStore
from ami_bridge.web.identity import Doorway
from ami_bridge.web.openapi import document
from ami_bridge.web.server import serve
from tests.empty import empty_database
from tests.journal.world import NOON

WEB = Web(listen="http://127.0.0.1:0")
CONFIG = Config(
    pbx=[Pbx(id="town", secret="ami secret", lines={"300": "Front desk"}, questions=Questions(secret="pbx secret"))],
    people=Staff(roles={"eva": ["admin"]}, presence="off"),
    pickup=[Pickup(name="Office", who=["anna"], of=["rita"], peer=True)],
    queue=[Queue(name="300", members=["anna"], manages=["eva"])],
    groupware=Groupware(url="http://groupware.example", user="u", password="dav secret"),
    dialling=Dialling(allow_for={"person:eva": ("international",)}, per_person=Rate(minute=3, day=30)),
    journal=Journal(department="dept", keep_days=20, keep=KeepDays(missed=5)),
)
PEOPLE = [
    Person(login="anna", name="Anna Amsel", department="Bürgerbüro", extensions=("101",)),
    Person(login="eva", name="Eva Eule", department="IT", extensions=("105",), roles=("user", "admin")),
    Person(login="rita", name="Rita Ratte", roles=("auditor",)),
]
ROUTES = [(one.method, one.path) for one in OPERATIONS]


class Sync:
    away = False

    def seen(self) -> list[BookSeen]:
        return [BookSeen(path="stadt", label="", scope="shared", at=NOON, why="the groupware refuses (status 403)")]


class House:
    def __init__(
        self, session: ClientSession, access: Access, audit: AuditStore, revoked: list[str], clock: list[datetime]
    ) -> None:
        self.session = session
        self.access = access
        self.audit = audit
        self.revoked = revoked
        self.clock = clock
        self.keys: dict[str, str] = {}

    async def ask(self, who: str, path: str, method: str = "GET") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        async with self.session.request(method, f"/api/v1/admin{path}", headers=headers) as got:
            return got.status, await got.json() if got.status != 204 else None


async def check() -> list[Finding]:
    return [REFUSED(pbx="town", user="ami-bridge", why="Authentication failed")]


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Check]]:
    yield {"ami": check}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    people, revoked, clock = People(PEOPLE), list[str](), [NOON]
    async with empty_database(tmp_path / "bridge.sqlite") as db:

        def now() -> datetime:
            return clock[0]

        store = AuditStore(db)
        access = Access(
            store=CredentialStore(db),
            people=people,
            doorway=Doorway(WEB),
            now=now,
            session_hours=1,
            on_revoked=revoked.append,
        )
        desk = AdminDesk(
            config=CONFIG,
            bridge=lambda: wire.Bridge(pbx="town", ami="up", since=NOON),
            sync=Sync(),
            names=lambda: 255,
            people=people,
            tokens=access,
            audit=Audit(store=store, people=people, now=now),
            kept={"audit": 366},
            now=now,
        )
        routes = AdminRoutes(guard=access, desk=desk, doctor=Doctor(checks, now=now, daemon=True))
        async with (
            serve(WEB, add_routes=[routes.add_to]) as port,
            ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            house = House(session, access, store, revoked, clock)
            for login in ("anna", "eva", "rita"):
                _, house.keys[login] = await access.new_token(login, name="all")
                clock[0] += timedelta(seconds=1)  # ids stand in the order of time
            _, house.keys["narrow"] = await access.new_token("eva", name="desktop", scopes=["events", "dial"])
            yield house


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=str)
async def test_nobody_but_an_administrator_gets_in(house: House, method: str, path: str) -> None:
    path = path.removeprefix("/api/v1/admin").replace("{id}", "x")
    assert (await house.ask("", path, method))[0] == 401
    for who in ("anna", "rita", "narrow"):
        status, problem = await house.ask(who, path, method)
        assert (status, problem["code"]) == (403, "not_allowed"), who
    assert (await house.ask("eva", path, method))[0] in ({404} if method == "DELETE" else {200})


async def test_the_state_of_the_house_and_its_rules_hold_nothing_secret(house: House) -> None:
    _, state = await house.ask("eva", "/state")
    assert state["pbxs"] == [
        {"id": "town", "host": "127.0.0.1", "port": 5038, "live": True, "since": "2026-11-21T12:00:00Z"}
    ]
    assert state["books"][0]["label"] == "stadt"
    assert state["books"][0]["why_de"] == "die Groupware lehnt ab (Status 403)"
    assert (state["names"], state["sources"]) == (255, [])
    _, rules = await house.ask("eva", "/rules")
    assert rules["keep"] == {"calls": 20, "missed": 5, "audit": 366}
    assert rules["per_person"] == {"minute": 3, "day": 30}
    assert rules["allow_for"] == {"person:eva": ["international"]}
    assert (rules["roles"], rules["presence"]) == ({"eva": ["admin"]}, False)
    assert rules["pickup"] == [{"name": "Office", "who": ["anna"], "of": ["rita"], "peer": True}]
    assert rules["queues"] == [
        {"name": "300", "label": "Front desk", "who": [], "members": ["anna"], "manages": ["eva"]}
    ]
    assert "secret" not in str((state, rules))


async def test_people_are_found_by_beginnings_of_words_and_paged(house: House) -> None:
    _, page = await house.ask("eva", "/people?limit=2")
    assert [one["login"] for one in page["people"]] == ["anna", "eva"]
    assert (page["total"], page["next"]) == (3, "eva")
    _, rest = await house.ask("eva", "/people?limit=2&after=eva")
    assert [one["login"] for one in rest["people"]] == ["rita"]
    assert rest["next"] is None
    for words, found in (("burger am", ["anna"]), ("105", ["eva"]), ("audi", ["rita"]), ("msel", [])):
        _, page = await house.ask("eva", f"/people?q={words}")
        assert [one["login"] for one in page["people"]] == found, words
    for wrong in ("limit=0", "limit=201", "limit=x", f"q={'x' * 101}"):
        assert (await house.ask("eva", f"/people?{wrong}"))[0] == 400


async def test_a_token_of_somebody_is_revoked_and_both_is_written_down(house: House) -> None:
    house.clock[0] += timedelta(days=91)
    await house.ask("eva", "/state")  # eva's is used
    _, page = await house.ask("eva", "/tokens?limit=3")
    assert [(one["login"], one["unused"]) for one in page["tokens"]] == [("anna", True), ("eva", False), ("rita", True)]
    assert page["next"]
    fields = {"id", "login", "name", "host", "scopes", "created", "expires", "unused", "broker"}
    assert set(page["tokens"][0]) == fields, "no text, and not when it was used"
    _, rest = await house.ask("eva", f"/tokens?limit=3&after={page['next']}")
    assert [one["name"] for one in rest["tokens"]] == ["desktop"]
    _, of_anna = await house.ask("eva", "/tokens?login=anna")
    token = of_anna["tokens"][0]["id"]
    assert (await house.ask("eva", f"/tokens/{token}", "DELETE"))[0] == 204
    assert house.revoked == [f"token:{token}"]
    assert (await house.ask("anna", "/state"))[0] == 401
    assert (await house.ask("eva", f"/tokens/{token}", "DELETE"))[0] == 404
    written = sorted((one.did, one.who, one.whose, one.how) for one in await house.audit.page())
    assert written == [("read", "eva", "tokens", "rest"), ("revoke", "eva", "anna", "rest")]


async def test_the_doctor_speaks_the_language_that_is_asked_for(house: House) -> None:
    _, report = await house.ask("eva", "/doctor?lang=en")
    assert (report["errors"], report["findings"][0]["code"]) == (1, "ami.refused")
    assert "refuses the account" in report["findings"][0]["what"]
    _, report = await house.ask("eva", "/doctor")
    assert "lehnt das Konto" in report["findings"][0]["what"]
    assert (await house.ask("eva", "/doctor?lang=fr"))[0] == 400


def test_the_contract_counts_and_times_nobody() -> None:
    schemas = document(OPERATIONS)["components"]["schemas"]
    fields = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert {"login", "roles", "unused"} <= fields
    assert not fields & {"last_used", "last_seen", "calls", "count", "duration", "hash", "secret", "password"}
