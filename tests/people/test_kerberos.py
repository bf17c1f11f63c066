"""Who has a ticket of the realm is in without typing, with a real KDC, real tickets and curl; nobody else is."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from ami_bridge.config_signin import Kerberos as Settings
from ami_bridge.db.database import open_database
from ami_bridge.doctor.tickets import Tickets
from ami_bridge.errors import NotReachableError
from ami_bridge.people.kerberos import Kerberos
from ami_bridge.people.kerberos_routes import LONGEST_SHOWN, PATH, KerberosRoutes
from ami_bridge.people.signin import PER_SOURCE
from ami_bridge.web.server import serve
from tests.people.conftest import House
from tests.people.kdc import REALM, Realm, a_realm

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def realm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Realm]:
    async with a_realm(tmp_path_factory.mktemp("realm"), "anna", "anna/admin", "mallory") as one:
        yield one


class Door:
    """The house, whose service is called localhost, and what people with a ticket do at it."""

    def __init__(self, house: House, realm: Realm) -> None:
        self.house, self.realm = house, realm

    @property
    def address(self) -> str:
        return f"http://localhost:{self.house.port}{PATH}"

    async def enters(self, principal: str, *more: str) -> str:
        """Go there with a ticket; returns the answers as curl shows them, those on the way too."""
        cache = await self.realm.ticket(principal)
        return await self.realm.run(
            "curl", "-s", "-i", "--negotiate", "-u", ":", "--http1.1", *more, self.address, KRB5CCNAME=cache
        )

    async def shows(self, ticket: bytes | str, **headers: str) -> tuple[int, str]:
        text = ticket if isinstance(ticket, str) else base64.b64encode(ticket).decode()
        async with (
            self.house.session() as session,
            session.get(PATH, headers={"Authorization": f"Negotiate {text}", **headers}, allow_redirects=False) as got,
        ):
            return got.status, await got.text()


@pytest_asyncio.fixture(loop_scope="session")
async def door(realm: Realm, tmp_path: Path) -> AsyncIterator[Door]:
    async with open_database(f"sqlite://{tmp_path}/data/bridge.sqlite") as db:
        house = House(db)
        house.clock.now = datetime.fromtimestamp(int(time.time()), UTC)
        async with serve(
            house.config,
            add_routes=[house.routes.add_to, routes(house, realm).add_to],
            static=tmp_path,
            longest_header=LONGEST_SHOWN,
        ) as house.port:
            yield Door(house, realm)


def settings(realm: Realm, **different: object) -> Settings:
    said: dict[str, object] = {"keytab": str(realm.keytab), "realms": [REALM]}
    return Settings(**said | different)  # type: ignore[arg-type]


def routes(house: House, realm: Realm, **different: object) -> KerberosRoutes:
    return KerberosRoutes(
        entrance=house.entrance,
        doorway=house.doorway,
        kerberos=Kerberos(settings(realm, **different)),
    )


async def test_a_ticket_is_all_it_takes_and_the_house_shows_that_it_is_itself(door: Door, tmp_path: Path) -> None:
    jar = str(tmp_path / "jar")
    said = await door.enters("anna", "-c", jar)
    _, entered = said.split("HTTP/1.1 303")
    assert "WWW-Authenticate: Negotiate " in entered  # curl has checked it: mutual authentication
    assert "Location: /\r" in entered
    assert "HttpOnly" in entered
    assert "SameSite=Strict" in entered
    me = await door.realm.run("curl", "-s", "-b", jar, f"http://localhost:{door.house.port}/api/v1/me")
    assert '"login":"anna"' in me


async def test_without_a_ticket_a_page_says_what_to_do(door: Door) -> None:
    async with door.house.session() as session, session.get(PATH, headers={"Accept-Language": "en"}) as got:
        assert (got.status, got.headers["WWW-Authenticate"]) == (401, "Negotiate")
        assert "Your browser has shown no Kerberos ticket." in await got.text()
    async with door.house.session() as session, session.get(PATH, headers={"Authorization": "Basic YTpi"}) as got:
        assert got.status == 401
        assert "kein Kerberos-Ticket gezeigt" in await got.text()


async def test_nobody_gets_an_account_by_a_ticket_and_another_principal_is_another(door: Door) -> None:
    assert "HTTP/1.1 403" in await door.enters("mallory")
    assert "Set-Cookie" not in await door.enters("anna/admin")


async def test_a_ticket_is_good_once(door: Door) -> None:
    said = await door.enters("anna", "-v")
    (ticket,) = {line.split()[-1] for line in said.splitlines() if line.startswith("> Authorization: Negotiate")}
    assert "HTTP/1.1 303" in said
    assert (await door.shows(ticket))[0] == 401


@pytest.mark.parametrize("principal", ["", f"HTTP/localhost@{REALM}"])
async def test_whose_key_it_is_may_be_said(realm: Realm, principal: str) -> None:
    await Kerberos(settings(realm, principal=principal)).check()


async def test_tickets_of_other_realms_are_nobodys(door: Door, tmp_path: Path) -> None:
    house, others = door.house, routes(door.house, door.realm, realms=["ANOTHER.EXAMPLE"])
    async with serve(house.config, add_routes=[others.add_to], static=tmp_path) as house.port:
        said = await door.enters("anna")
        assert "gilt hier nicht" in said
        assert "Set-Cookie" not in said


async def test_what_is_no_ticket_is_refused_and_soon_nobody_listens(door: Door) -> None:
    for nonsense in (b"\0", b"`\x82\x01", b"x" * 40_000, b"", "%%%", "NTLM"):
        status, text = await door.shows(nonsense)
        assert (status, "gilt hier nicht" in text) == (401, True)
    assert (await door.shows(b"x" * 60_000))[0] == 400, "longer than any header"
    assert (await door.shows(b"x", **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
    tries = [(await door.shows(b"x"))[0] for _ in range(PER_SOURCE)]
    assert tries[-1] == 429


async def test_a_keytab_that_is_not_there_is_no_fault_of_people(door: Door, tmp_path: Path) -> None:
    house, broken = door.house, routes(door.house, door.realm, keytab="/nonexistent/keytab")
    async with serve(house.config, add_routes=[broken.add_to], static=tmp_path) as house.port:
        results = await asyncio.gather(*(door.shows(b"x") for _ in range(40)))
        assert {status for status, _ in results} == {503}
        assert "antwortet gerade nicht" in results[0][1]


async def test_the_doctor_looks_at_the_keytab(realm: Realm, tmp_path: Path) -> None:
    class Config:
        kerberos = settings(realm)

    realm.keytab.chmod(0o600)
    assert [one.code for one in await Tickets(Config).check()] == ["kerberos.fine"]  # type: ignore[arg-type]
    realm.keytab.chmod(0o644)
    assert [one.code for one in await Tickets(Config).check()] == ["kerberos.open"]  # type: ignore[arg-type]
    Config.kerberos = settings(realm, keytab=str(tmp_path / "none"))
    (found,) = await Tickets(Config).check()  # type: ignore[arg-type]
    assert found.code == "kerberos.keytab"
    assert found.do is not None
    assert "klist -k" in found.do.de
    with pytest.raises(NotReachableError):
        await Kerberos(settings(realm, principal=f"HTTP/other@{REALM}")).check()
