"""Phone books as telephones ask for them."""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from defusedxml.ElementTree import fromstring

from ami_bridge.config import OwnBlock, Site, Web
from ami_bridge.contacts.directory import ANYBODY, Audience
from ami_bridge.contacts.model import Name
from ami_bridge.contacts.search import Hit, HitNumber
from ami_bridge.db.database import Database
from ami_bridge.errors import BadRequestError, NotFoundError, UnauthorisedError
from ami_bridge.numbers import Number, Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.phonebooks.book import Book
from ami_bridge.phonebooks.control import DeviceDesk
from ami_bridge.phonebooks.devices import Devices
from ami_bridge.phonebooks.model import GERMAN, Device, audience_of
from ami_bridge.phonebooks.routes import PhonebookRoutes
from ami_bridge.phonebooks.store import DeviceStore
from ami_bridge.phonebooks.vendors import VENDORS
from ami_bridge.web.control import ask, serve_control
from ami_bridge.web.identity import Doorway
from ami_bridge.web.problem import problems
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SITE = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0")
NUMBERS = Numbers(SITE)
ANNA = Person(login="anna", name="Anna", extensions=("101",), groups=("Bauamt", "Stab"))
BEN = Person(login="ben", name="Ben", extensions=("102", "300"), groups=("Bauamt",))
CLEO = Person(login="cleo", name="Cleo", extensions=("300",), groups=("Bauamt", "Kasse"))
PEOPLE = People([ANNA, BEN, CLEO])


def hit(name: str, *numbers: str, kind: str = "work") -> Hit:
    found = [number for raw in numbers if (number := NUMBERS.from_pbx(raw))]
    return Hit(
        name=name,
        numbers=tuple(HitNumber(number=one.e164 or one.exten or "", display=one.display, kind=kind) for one in found),
    )


class SearchForTest:
    def __init__(self) -> None:
        self.hits: list[Hit] = [
            hit("Erika", "+493023125001", "+498999998101"),
            hit("Fax", "+49301", kind="fax"),
            hit("Wien", "+431588580"),
        ]
        self.asked: list[tuple[str, Audience]] = []

    async def find(self, query: str, audience: Audience, *, limit: int, offset: int = 0) -> Sequence[Hit]:
        self.asked.append((query, audience))
        return self.hits[offset : offset + min(limit, 100)]


class NamesForTest:
    """Knows a house by its head number."""

    def lookup(self, number: Number | None, audience: Audience) -> Name | None:
        known = number is not None and (number.e164 or "").startswith("+4930700") and audience.groups
        return Name(name="Stadtwerke (Durchwahl 55)", source="Stadt", reason="stem") if known else None


class Clock:
    time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with empty_database(tmp_path / "bridge.sqlite") as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def devices(db: Database, clock: Clock) -> Devices:
    return Devices(store=DeviceStore(db), pbx_id="rathaus", now=clock)


@pytest.fixture
def search() -> SearchForTest:
    return SearchForTest()


class Phone:
    """A desk telephone."""

    def __init__(self, client: TestClient[web.Request, web.Application], name: str, secret: str) -> None:
        self.client = client
        self.name = name
        self.secret = secret

    async def get(self, path: str, *, status: int = 200, method: str = "GET", **query: str) -> str:
        shown = base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {shown}"} if self.name else {}
        async with self.client.request(method, f"/api/v1/phonebook/{path}", headers=headers, params=query) as answer:
            assert answer.status == status, await answer.text()
            if status == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Basic ")
            if status == 200:
                assert answer.headers["Content-Type"].partition(";")[2].strip() == "charset=utf-8"
            return await answer.text()


@pytest.fixture
async def client(devices: Devices, search: SearchForTest) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(middlewares=[problems])
    book = Book(search=search, names=NamesForTest(), people=PEOPLE, numbers=NUMBERS, outside_line="0")
    doorway = Doorway(Web(origin="https://tel.example"))
    PhonebookRoutes(devices=devices, book=book, doorway=doorway, words=GERMAN).add_to(app.router)
    async with TestClient(TestServer(app)) as found:
        yield found


@pytest.fixture
async def phone(client: TestClient[web.Request, web.Application], devices: Devices) -> Phone:
    _, secret = await devices.add("desk-101", extension="101", private=False)
    return Phone(client, "desk-101", secret)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_every_maker_is_served(phone: Phone, vendor: str) -> None:
    shown = await phone.get(f"{vendor}/lookup", q="eri", set_first="eri*")
    fromstring(shown)
    assert "Erika" in shown
    fromstring(await phone.get(vendor))


async def test_numbers_can_be_dialled_as_they_stand_and_a_fax_is_not_called(phone: Phone) -> None:
    found = fromstring(await phone.get("yealink/lookup", q="e"))
    assert [one.text for one in found.iter("Telephone")] == ["003023125001", "101", "000431588580"]
    assert "Fax" not in await phone.get("yealink/lookup", q="e")


async def test_who_is_not_known_gets_nothing(phone: Phone, search: SearchForTest) -> None:
    for name, secret in (("", ""), ("desk-101", "wrong"), ("desk-102", phone.secret), ("desk-101", ""), ("ä", "ö")):
        await Phone(phone.client, name, secret).get("yealink", status=401)
    assert search.asked == []


async def test_a_credential_in_the_address_is_for_those_who_know_no_better(phone: Phone) -> None:
    nobody = Phone(phone.client, "", "")
    shown = await nobody.get("cisco/lookup", q="eri", device="desk-101", key=phone.secret)
    assert "Erika" in shown
    asks = fromstring(await nobody.get("cisco", device="desk-101", key=phone.secret))
    assert (
        asks.findtext("URL") == f"https://tel.example/api/v1/phonebook/cisco/lookup?device=desk-101&key={phone.secret}"
    )
    await nobody.get("yealink", status=401, device="desk-101", key=phone.secret)
    assert phone.secret not in await phone.get("cisco")


async def test_a_device_shows_what_its_people_may_know_together(
    client: TestClient[web.Request, web.Application], devices: Devices, search: SearchForTest
) -> None:
    wanted = {
        ("101", False): Audience(groups=("Bauamt", "Stab")),
        ("101", True): Audience(groups=("Bauamt", "Stab")),
        ("300", True): Audience(groups=("Bauamt",)),
        ("999", True): ANYBODY,
        (None, False): ANYBODY,
    }
    for (extension, private), audience in wanted.items():
        _, secret = await devices.add("one", extension=extension, private=private)
        await Phone(client, "one", secret).get("yealink/lookup", q="z")
        assert search.asked[-1] == ("z", audience)


def test_private_names_stand_on_a_telephone_that_may_show_them_whose_owner_wishes_it() -> None:
    anna = Person(login="anna", name="Anna", extensions=("101",))
    for private, wishes in ((True, True), (True, False), (False, True)):
        device = Device(name="d", pbx_id="p", extension="101", private=private, created=NOON)
        owner = audience_of(device, (anna,), shows_private=wishes).owner
        assert owner == ("anna" if private and wishes else None)


def test_a_device_whose_person_has_left_shows_what_anybody_may_know() -> None:
    device = Device(name="d", pbx_id="p", extension="101", private=True, created=NOON)
    assert audience_of(device, ()) == ANYBODY


async def test_pages_follow_one_another(phone: Phone, search: SearchForTest) -> None:
    search.hits = [hit(f"N{at:03}", "+493023125001") for at in range(120)]
    seen: list[str] = []
    offset: str | None = "0"
    while offset is not None:
        found = fromstring(await phone.get("fanvil/lookup", q="n", offset=offset))
        seen += [one.text or "" for one in found.findall("MenuItem/Prompt")]
        following = [one.text or "" for one in found.findall("SoftKey/URI") if "offset=" in (one.text or "")]
        offset = following[0].rpartition("=")[2] if following else None
    assert seen == [f"N{at:03}" for at in range(120)]


async def test_gigaset_asks_in_its_own_way(phone: Phone, search: SearchForTest) -> None:
    search.hits = [hit(f"N{at:03}", "+493023125001") for at in range(50)]
    found = fromstring(
        await phone.get("gigaset", command="get_list", type="pr", set_first="Mü*", first="11", count="5")
    )
    assert (found.get("first"), found.get("last"), len(found)) == ("11", "15", 5)
    assert search.asked[-1][0] == "Mü"
    await phone.get(
        "gigaset", command="get_list", fn="*", ln="*", hm="03023125001", first="1", count="1", reqsrc="auto"
    )
    assert search.asked[-1][0] == "03023125001"
    assert (
        len(fromstring(await phone.get("gigaset", hm="3023", first="1", count="1", reqsrc="auto"))) == 0
    )  # no name by chance
    shown = fromstring(await phone.get("gigaset", hm="03070055", first="1", count="1", reqsrc="auto"))
    assert [one.text for one in shown[0]] == ["Stadtwerke (Durchwahl 55)", None, "03070055"]  # as a call would show it


@pytest.mark.parametrize(
    "path", ["snom/tbook", "grandstream/phonebook.xml", "grandstream/gs_phonebook.xml", "fanvil/phonebook.xml"]
)
async def test_whole_files_hold_at_most_what_telephones_can(phone: Phone, search: SearchForTest, path: str) -> None:
    search.hits = [hit(f"N{at:04}", "+493023125001") for at in range(1200)]
    method = "POST" if path.startswith("snom") else "GET"
    found = fromstring(await phone.get(path, method=method))
    assert sum(one.tag in {"contact", "Contact", "DirectoryEntry"} for one in found) == 1000


@pytest.mark.parametrize("path", ["nokia", "yealink/phonebook.xml", "yealink/passwd", "snom/x"])
async def test_what_there_is_not_is_said(phone: Phone, path: str) -> None:
    await phone.get(path, status=404)


@pytest.mark.parametrize("offset", ["-1", "x", "100001", "9" * 5000, "٣"])
async def test_a_place_is_a_number(phone: Phone, offset: str) -> None:
    await phone.get("yealink/lookup", status=400, q="e", offset=offset)


# ---- Devices


async def test_a_device_is_kept_over_a_start_and_gone_when_it_is_revoked(
    devices: Devices, db: Database, clock: Clock
) -> None:
    device, secret = await devices.add("desk-101", extension="101", private=True)
    again = Devices(store=DeviceStore(db), pbx_id="rathaus", now=clock)
    await again.load()
    assert again.all() == [device]
    assert (await again.recognise("desk-101", secret)).extension == "101"
    await again.revoke("desk-101")
    with pytest.raises(UnauthorisedError):
        await again.recognise("desk-101", secret)
    with pytest.raises(NotFoundError):
        await again.revoke("desk-101")
    await devices.load()
    assert devices.all() == []


async def test_a_new_password_ends_the_old_one(devices: Devices) -> None:
    _, old = await devices.add("desk", extension=None, private=False)
    _, new = await devices.add("desk", extension=None, private=False)
    assert (await devices.recognise("desk", new)).name == "desk"
    with pytest.raises(UnauthorisedError):
        await devices.recognise("desk", old)


async def test_a_use_is_noted_once_an_hour(devices: Devices, db: Database, clock: Clock) -> None:
    _, secret = await devices.add("desk", extension=None, private=False)
    for minutes in (0, 30, 61):
        clock.time = NOON + timedelta(minutes=minutes)
        await devices.recognise("desk", secret)
    ((kept, secret_hash),) = await DeviceStore(db).all()
    assert kept.last_used == NOON + timedelta(minutes=61)
    assert secret.encode() not in secret_hash


@pytest.mark.parametrize(
    ("name", "extension", "private"),
    [
        ("a b", None, False),
        ("", None, False),
        ("a:b", None, False),
        ("a" * 41, None, False),
        ("a", "x", False),
        ("a", None, True),
    ],
)
async def test_what_is_no_device_is_refused(
    devices: Devices, name: str, extension: str | None, *, private: bool
) -> None:
    with pytest.raises(BadRequestError):
        await devices.add(name, extension=extension, private=private)


async def test_the_administrator_adds_lists_and_revokes(devices: Devices, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[DeviceDesk(devices).add_to]):
        made = await ask(path, "POST", "/devices", {"name": "desk", "extension": "101"})
        assert (await devices.recognise("desk", made["password"])).extension == "101"
        (listed,) = (await ask(path, "GET", "/devices"))["devices"]
        assert (listed["name"], listed["extension"]) == ("desk", "101")
        assert "hash" not in listed
        assert await ask(path, "DELETE", "/devices/desk") == {}
        assert await ask(path, "GET", "/devices") == {"devices": []}
