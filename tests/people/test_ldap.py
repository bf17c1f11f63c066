"""People and passwords in a real OpenLDAP, and in servers that are away, hang, or are not who they should be."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from ami_bridge.config import OwnBlock, Site
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.numbers import Numbers
from ami_bridge.people import ldap as ours
from ami_bridge.people.ldap import Ldap
from ami_bridge.people.model import Person
from tests.people.slapd import BASE, PEOPLE, Slapd, free_port, group, person, slapd

NUMBERS = Numbers(Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0"))
STRANGE = "pä\"ss'wörd \\ $HOME *()\t "
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Slapd]:
    """A directory with five people, one without a login, and two who share one."""
    async with slapd(tmp_path_factory.mktemp("slapd") / "town") as it:
        await it.add(
            person(
                "anna",
                "Anna Ämsel",
                "anna's",
                tels=["+49 89 99998-101", "089 / 99998 171", "0171 2"],
                unit="Bürgerbüro",
            ),
            person("ben", "Ben Biber", STRANGE.replace("\t ", "")),
            person("carla", "Carla Celik"),
            person("twin", "First Twin", "twin's", at="twin1"),
            person("twin", "Second Twin", "twin's", at="twin2"),
            person("*", "Star", "star's", at="star"),
        )
        await it.add(group("Rufbereitschaft\\, Nord", "anna", "ben"), group("Bürgerbüro", "anna"))
        yield it


async def test_everybody_is_read_with_numbers_department_and_groups(town: Slapd) -> None:
    for url in ("", f"ldaps://127.0.0.1:{town.tls_port}", f"ldap+insecure://127.0.0.1:{town.port}"):
        persons = await Ldap(town.place(url), NUMBERS).persons()
        assert [one.login for one in persons] == ["anna", "ben", "carla", "twin", "*"]
        assert persons[0] == Person(
            login="anna",
            name="Anna Ämsel",
            email="anna@town.example",
            department="Bürgerbüro",
            extensions=("101", "171"),
            groups=("Bürgerbüro", "Rufbereitschaft, Nord"),
        )
        assert persons[1].groups == ("Rufbereitschaft, Nord",)


async def test_more_people_than_the_server_gives_at_once_are_read_whole(tmp_path: Path) -> None:
    async with slapd(tmp_path / "large") as large:
        await large.add(*(person(f"p{n:04}", f"Person {n}") for n in range(1200)))
        persons = await Ldap(large.place(), NUMBERS).persons()
        assert len(persons) == len({one.login for one in persons}) == 1200


async def test_other_directories_call_things_otherwise(town: Slapd) -> None:
    place = town.place(login="mail", name="sn", department="telephoneNumber", filter="(uid=anna)")
    (anna,) = await Ldap(place, NUMBERS).persons()
    assert (anna.login, anna.name, anna.department) == ("anna@town.example", "Ämsel", "+49 89 99998-101")


@pytest.mark.parametrize(
    ("user", "password", "login"),
    [
        ("anna", "anna's", "anna"),
        ("ANNA", "anna's", "anna"),
        ("ben", STRANGE.replace("\t ", ""), "ben"),
        ("*", "star's", "*"),
        ("anna", "Anna's", None),
        ("anna", "anna's\n", None),
        ("anna", "anna's ", None),
        ("anna", " anna's", None),
        ("anna", "", None),
        ("anna", "ben's", None),
        ("carla", "carla's", None),
        ("carla", "", None),
        ("nobody", "anna's", None),
        ("twin", "twin's", None),
        ("a*", "anna's", None),
        ("anna)(uid=*", "anna's", None),
        ("*)(uid=anna))(|(uid=*", "anna's", None),
        ("\\61nna", "anna's", None),
        ("anna\\", "anna's", None),
        ("uid=anna," + PEOPLE, "anna's", None),
        ("-H ldap://127.0.0.1:1", "anna's", None),
        ("x" * 200, "anna's", None),
    ],
)
async def test_a_password_opens_one_login_and_no_other(
    town: Slapd, user: str, password: str, login: str | None
) -> None:
    assert await Ldap(town.place(), NUMBERS).principal(user, password) == login


async def test_many_sign_in_at_once(town: Slapd) -> None:
    ldap = Ldap(town.place(), NUMBERS)
    asked = [ldap.principal(*one) for _ in range(10) for one in (("anna", "anna's"), ("anna", "x"), ("nobody", "x"))]
    assert await asyncio.gather(*asked) == ["anna", None, None] * 10


async def test_who_is_not_sure_whom_it_speaks_to_says_nothing(town: Slapd, tmp_path: Path) -> None:
    """A server that another authority vouches for, or none, or of another name: no password goes there."""
    for place in (
        town.place(ca_file=""),
        town.place(ca_file="/etc/ssl/certs/ca-certificates.crt"),
        town.place(ca_file=str(tmp_path / "nothing.pem")),
        town.place(f"ldap://localhost:{town.port}"),
        town.place(f"ldaps://localhost:{town.tls_port}"),
        town.place(f"ldaps://127.0.0.1:{town.port}"),
        town.place(f"ldap://127.0.0.1:{town.tls_port}"),
    ):
        ldap = Ldap(place, NUMBERS)
        with pytest.raises(NotReachableError):
            await ldap.persons()
        with pytest.raises(NotReachableError):
            await ldap.principal("anna", "anna's")


async def test_an_account_of_ours_that_is_refused_is_told_as_that(town: Slapd) -> None:
    for place in (town.place(password="wrong"), town.place(user=f"cn=nobody,{BASE}"), town.place(user="nonsense")):
        with pytest.raises((RefusedError, NotReachableError)):
            await Ldap(place, NUMBERS).persons()
    with pytest.raises(RefusedError, match="has nothing at"):
        await Ldap(town.place(base=f"ou=nowhere,{BASE}"), NUMBERS).persons()
    with pytest.raises(NotReachableError):
        await Ldap(town.place(filter="(uid=anna"), NUMBERS).persons()
    nobody = Ldap(town.place(user="", password=""), NUMBERS)
    with pytest.raises(RefusedError):
        await nobody.persons()
    with pytest.raises(RefusedError):
        await nobody.principal("anna", "anna's")


async def test_a_directory_that_is_away_is_no_wrong_password() -> None:
    gone = Slapd(Path("/nonexistent"), free_port(), 0)
    for url in (f"ldap+insecure://127.0.0.1:{gone.port}", f"ldaps://127.0.0.1:{gone.port}", "ldap://nowhere.invalid"):
        ldap = Ldap(gone.place(url), NUMBERS)
        with pytest.raises(NotReachableError):
            await ldap.persons()
        with pytest.raises(NotReachableError):
            await ldap.principal("anna", "anna's")


@asynccontextmanager
async def says(answer: bytes | None) -> AsyncIterator[int]:
    """A server that takes every connection and says this to whatever it hears; None: nothing, for ever."""
    under_way: set[asyncio.Task[None] | None] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.current_task())
        try:
            await reader.read(100)
            if answer is None:
                await reader.read()  # until the other side gives up
            else:
                writer.write(answer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(one, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])
    await asyncio.gather(*(task for task in under_way if task is not None))


def children() -> list[str]:
    """The command lines of the LDAP programs that we run."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and f"PPid:\t{os.getpid()}\n" in (folder / "status").read_text():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return [one for one in found if "ldapsearch" in one or "ldapwhoami" in one]


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x84\xff\xff\xff\xff", b"\0" * 1000]
)
async def test_what_is_no_directory_is_none(answer: bytes) -> None:
    async with says(answer) as port:
        ldap = Ldap(Slapd(Path("/x"), 0, 0).place(f"ldap+insecure://127.0.0.1:{port}"), NUMBERS)
        with pytest.raises(NotReachableError):
            await ldap.persons()
        with pytest.raises(NotReachableError):
            await ldap.principal("anna", "anna's")


async def test_a_directory_that_hangs_is_not_waited_for_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ours, "BIND_WITHIN", 0.5)
    async with says(None) as port:
        ldap = Ldap(Slapd(Path("/x"), 0, 0).place(f"ldap+insecure://127.0.0.1:{port}"), NUMBERS)
        with pytest.raises(NotReachableError, match="in time"):
            await ldap.principal("anna", "anna's")
        assert children() == []
        asking = asyncio.get_running_loop().create_task(ldap.persons())
        async with asyncio.timeout(10):
            while not (running := children()):
                await asyncio.sleep(0.01)
        assert "secret" not in str(running), "arguments can be read by everybody"
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert children() == []


async def test_a_machine_without_the_programs_says_what_is_missing(
    town: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "PROGRAMS", "/nonexistent")
    with pytest.raises(NotReachableError, match="install the package ldap-utils"):
        await Ldap(town.place(), NUMBERS).persons()


async def test_nobodys_own_configuration_counts(town: Slapd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody has set for their own programs does not turn ours from their server, nor its certificate away."""
    (tmp_path / ".ldaprc").write_text("URI ldap://127.0.0.1:1\nTLS_REQCERT never\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ldaprc").write_text("TLS_REQCERT never\n")
    assert await Ldap(town.place(), NUMBERS).principal("anna", "anna's") == "anna"
    with pytest.raises(NotReachableError):
        await Ldap(town.place(ca_file=""), NUMBERS).persons()
