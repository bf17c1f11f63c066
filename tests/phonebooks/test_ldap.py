"""The phone book by LDAP: a real slapd in front of us, asked by OpenLDAP's own client."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import Audience
from ami_bridge.contacts.folding import fits, searched, terms
from ami_bridge.contacts.search import Hit, HitNumber
from ami_bridge.demo.ports import free_tcp
from ami_bridge.errors import BadRequestError
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.phonebooks import ldap as ours
from ami_bridge.phonebooks.book import Book
from ami_bridge.phonebooks.devices import Devices
from ami_bridge.phonebooks.filter import Wanted, read
from ami_bridge.phonebooks.ldap import Ldap, serve_ldap
from ami_bridge.phonebooks.store import DeviceStore
from tests.empty import empty_database
from tests.phonebooks.test_routes import NamesForTest

TEMPLATE = Path(ours.__file__).with_name("slapd.conf")
NUMBERS = Numbers(Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0"))
PEOPLE = People([Person(login="anna", name="Anna", extensions=("101",), groups=("Bauamt",))])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOON = 10.0


def hit(name: str, *numbers: tuple[str, str], org: str | None = None) -> Hit:
    found = [(one, kind) for raw, kind in numbers if (one := NUMBERS.from_pbx(raw))]
    shown = tuple(HitNumber(number=one.e164 or one.exten or "", display=one.display, kind=kind) for one, kind in found)
    return Hit(name=name, org=org, numbers=shown)


class SearchForTest:
    """Finds as the real one does, from a list."""

    def __init__(self) -> None:
        self.hits = [
            hit("Erika Müller", ("+493023125001", "work"), ("+491711234567", "mobile"), org="Straßenbau GmbH"),
            hit("Ben Amsel", ("102", "work")),
            *(hit(f"Zeno Zebra{at:03}", (f"+4930231{at:05}", "work")) for at in range(150)),
        ]
        self.audiences: set[Audience] = set()

    async def find(self, query: str, audience: Audience, *, limit: int, offset: int = 0) -> Sequence[Hit]:
        self.audiences.add(audience)
        wanted = terms(query, NUMBERS, "49")
        found = [
            one
            for one in self.hits
            if fits(searched([one.name, one.org], [number.number for number in one.numbers]), wanted)
        ]
        return found[offset : offset + min(limit, 100)]


class Client:
    """A telephone that speaks LDAP."""

    def __init__(self, port: int, secret: str) -> None:
        self.uri = f"ldap://127.0.0.1:{port}"
        self.secret = secret

    async def run(self, program: str, *words: str, stdin: str = "") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            program, "-x", "-H", self.uri, *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(SOON):
            said, _ = await process.communicate(stdin.encode())
        return process.returncode or 0, said.decode()

    async def search(
        self, wanted: str, *attributes: str, dn: str = "cn=desk-101,dc=phonebook"
    ) -> tuple[int, list[str]]:
        words = ["-LLL", "-o", "ldif-wrap=no", "-D", dn, "-w", self.secret, "-b", "dc=phonebook"]
        code, said = await self.run("ldapsearch", *words, wanted, *attributes)
        return code, [line for line in said.splitlines() if re.match(r"(cn|sn|telephoneNumber|mobile|o)::? ", line)]


@pytest.fixture
def search() -> SearchForTest:
    return SearchForTest()


@pytest.fixture
async def devices(tmp_path: Path) -> AsyncIterator[Devices]:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        yield Devices(store=DeviceStore(db), pbx_id="rathaus", now=lambda: NOON)


@pytest.fixture
async def client(tmp_path: Path, devices: Devices, search: SearchForTest) -> AsyncIterator[Client]:
    """A telephone before a slapd that is configured as our template says."""
    _, secret = await devices.add("desk-101", extension="101", private=False)
    book = Book(search=search, names=NamesForTest(), people=PEOPLE, numbers=NUMBERS, outside_line="0")
    written = TEMPLATE.read_text(encoding="utf-8").replace("/run/ami-bridge", str(tmp_path))
    config = tmp_path / "slapd.conf"
    config.write_text(written, encoding="utf-8")
    port = free_tcp()
    async with serve_ldap(f"{tmp_path}/ldap.sock", Ldap(devices=devices, book=book, suffix="dc=phonebook")):
        slapd = await asyncio.create_subprocess_exec(
            "/usr/sbin/slapd", "-d", "0", "-h", f"ldap://127.0.0.1:{port}", "-f", str(config)
        )
        try:
            async with asyncio.timeout(SOON):
                while True:
                    with suppress(OSError):
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                        writer.close()
                        break
                    await asyncio.sleep(0.05)
            yield Client(port, secret)
        finally:
            slapd.terminate()
            await slapd.wait()


async def test_names_are_found_while_they_are_typed(client: Client, search: SearchForTest) -> None:
    for wanted in (
        "(|(cn=mue*)(sn=mue*))",
        "(cn=*müll*)",
        "(sn=M\\c3\\bcll*)",
        "(&(objectClass=person)(o=strassen*))",
        "(cn=Erika Müller)",
    ):
        code, lines = await client.search(wanted, "cn", "sn", "telephoneNumber", "mobile")
        assert (code, lines) == (
            0,
            ["cn:: RXJpa2EgTcO8bGxlcg==", "sn:: TcO8bGxlcg==", "telephoneNumber: 003023125001", "mobile: 001711234567"],
        ), wanted
    assert search.audiences == {Audience(groups=("Bauamt",))}


async def test_a_number_is_found_in_any_spelling_and_told_in_the_one_that_was_asked_for(client: Client) -> None:
    by_number = "(|(telephoneNumber={0})(mobile={0})(homePhone={0}))"
    for asked in ("+493023125001", "03023125001", "003023125001", "00493023125001"):
        code, lines = await client.search(by_number.format(asked), "cn", "telephoneNumber", "mobile")
        assert (code, lines[1:]) == (0, [f"telephoneNumber: {asked}", "mobile: 001711234567"]), asked
    _, lines = await client.search("(telephoneNumber=01711234567)", "telephoneNumber", "mobile")
    assert lines == ["telephoneNumber: 003023125001", "telephoneNumber: 01711234567"]
    _, lines = await client.search("(telephoneNumber=102)", "cn", "telephoneNumber")
    assert lines == ["cn: Ben Amsel", "telephoneNumber: 102"]
    assert (await client.search("(telephoneNumber=0301*)"))[1] == []
    _, lines = await client.search("(telephoneNumber=03070055)", "cn", "telephoneNumber")
    assert lines == ["cn: Stadtwerke (Durchwahl 55)", "telephoneNumber: 03070055"]  # as a call would show it


async def test_no_answer_is_longer_than_telephones_bear(client: Client) -> None:
    code, lines = await client.search("(cn=zeb*)", "cn")
    assert (code, len(lines)) == (4, 100)  # "size limit exceeded", as every LDAP server says
    words = ["-LLL", "-D", "cn=desk-101,dc=phonebook", "-w", client.secret, "-b", "dc=phonebook", "-z", "5"]
    code, said = await client.run("ldapsearch", *words, "(cn=zeb*)", "cn")
    assert (code, said.count("cn: ")) == (4, 5)


async def test_who_shows_no_password_or_a_wrong_one_finds_nothing(client: Client, search: SearchForTest) -> None:
    code, said = await client.run("ldapsearch", "-LLL", "-b", "dc=phonebook", "(cn=*)")
    assert (code, "Erika" in said) == (48, False)
    for dn, secret in (
        ("cn=desk-101,dc=phonebook", "wrong"), ("cn=desk-102,dc=phonebook", client.secret), ("cn=x,dc=elsewhere", "x"),
    ):  # fmt: skip
        code, said = await client.run("ldapsearch", "-LLL", "-D", dn, "-w", secret, "-b", "dc=phonebook", "(cn=*)")
        assert code == 49, said
    assert search.audiences == set()


async def test_a_device_that_is_revoked_finds_nothing_more(client: Client, devices: Devices) -> None:
    await devices.revoke("desk-101")
    assert (await client.search("(cn=erika)"))[0] == 49


async def test_nothing_can_be_written(client: Client) -> None:
    entry = "dn: cn=new,dc=phonebook\nobjectClass: person\ncn: new\nsn: new\n"
    code, _ = await client.run("ldapadd", "-D", "cn=desk-101,dc=phonebook", "-w", client.secret, stdin=entry)
    assert code == 53
    code, _ = await client.run(
        "ldapdelete", "-D", "cn=desk-101,dc=phonebook", "-w", client.secret, "uid=1,dc=phonebook"
    )
    assert code == 53


async def test_many_telephones_ask_at_once(client: Client) -> None:
    found = await asyncio.gather(*(client.search(f"(cn=zebra{at:03})", "cn") for at in range(20)))
    assert [lines for _, lines in found] == [[f"cn: Zeno Zebra{at:03}"] for at in range(20)]


async def test_another_client_finds_the_same(client: Client) -> None:
    """ldap3, an implementation of its own."""
    script = (
        "import sys, ldap3; user = 'cn=desk-101,dc=phonebook'; "
        "c = ldap3.Connection(sys.argv[1], user, sys.argv[2], auto_bind=True); "
        "c.search('dc=phonebook', '(|(cn=müll*)(sn=müll*))', attributes=['cn', 'mobile']); "
        "print([sorted(one.entry_attributes_as_dict.items()) for one in c.entries])"
    )
    process = await asyncio.create_subprocess_exec(
        "/usr/bin/python3", "-W", "ignore", "-c", script, client.uri, client.secret, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SOON):
        said, _ = await process.communicate()
    assert said.decode().strip() == "[[('cn', ['Erika Müller']), ('mobile', ['001711234567'])]]"


# ---- Filters


@pytest.mark.parametrize(
    ("text", "queries", "numbers"),
    [
        ("(cn=anna*)", ("anna",), ()),
        ("(|(cn=an*)(sn=an*)(givenName=an*))", ("an",), ()),
        ("(&(cn=an*)(sn=am*))", ("an am",), ()),
        ("(&(objectClass=*)(|(cn=an*)(telephoneNumber=an*)))", ("an",), ()),
        ("(objectClass=*)", ("",), ()),
        ("(cn=*)", ("",), ()),
        ("(!(cn=anna))", ("",), ()),
        ("(&(telephoneNumber=*)(cn=b*))", ("b",), ()),
        ("(|(telephoneNumber=101)(mobile=101))", ("101",), (("telephonenumber", "101"), ("mobile", "101"))),
        ("(cn=a\\2ab\\28c\\29)", ("a*b(c)",), ()),
        ("(cn=\\c3\\a4\\ff)", ("ä\ufffd",), ()),
        ("(cn=*a*b*)", ("a b",), ()),
        ("(?=undefined)", ("",), ()),
    ],
)
def test_a_filter_comes_down_to_searches(
    text: str, queries: tuple[str, ...], numbers: tuple[tuple[str, str], ...]
) -> None:
    assert read(text.replace("?=undefined", "x=undefined")) == Wanted(queries, numbers)


@pytest.mark.parametrize(
    "text", ["", "cn=a", "(cn=a", "(&(cn=a)", "(cn=a))", "(", "()", "(&" * 50, "(cn=a)" * 500, "(cn)"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        read(text)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("Anna", "cn: Anna"), ("Müller", "cn:: TcO8bGxlcg=="), (" a", "cn:: IGE="), ("a ", "cn:: YSA="),
        (":a", "cn:: OmE="),
        ("<a", "cn:: PGE="), ("a\nb: c", "cn:: YQpiOiBj"), ("", "cn:: "),
    ],
)  # fmt: skip
def test_no_value_can_be_taken_for_another_line(value: str, line: str) -> None:
    assert ours._line("cn", value) == line
