"""The whole daemon without a groupware: people and passwords in a real LDAP directory, or people in a file."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ami_bridge import app, wire
from ami_bridge.config_file import load
from tests.people.slapd import PEOPLE, READER, SECRET, Slapd, group, person, slapd

SOON = 20.0
CONFIG = """\
[site]
area_code = "89"
own_block = {{ prefix = "+498999998", digits = 3 }}
[[pbx]]
id = "rathaus"
port = 9
secret = "nobody answers there"
[pbx.questions]
listen = "http://127.0.0.1:0"
secret = "not asked here"
[web]
listen = "http://127.0.0.1:0"
[database]
url = "sqlite:///{folder}/data/bridge.sqlite"
[groupware]
sync_every = 1
[people]
source = "{source}"
sign_in = "ldap"
{file}
[people.roles]
"department:Bürgerbüro" = ["switchboard"]
"group:Rufbereitschaft" = ["plant"]
[people.ldap]
url = "ldap://127.0.0.1:{ldap.port}"
user = "{reader}"
password_file = "ldap.password"
ca_file = "{ldap.folder}/ca.pem"
base = "{base}"
"""


class Daemon:
    """The daemon in this process, as a browser and programs meet it."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.session = session

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        sent = {"Origin": self.origin, **headers}
        async with self.session.request(method, f"{self.origin}/api/v1{path}", json=body, headers=sent) as response:
            return response.status, await response.json(content_type=None)

    async def sign_in(self, user: str, password: str) -> tuple[int, dict[str, Any]]:
        return await self.send("POST", "/session", {"user": user, "password": password})

    async def token(self, user: str, password: str) -> str:
        """Sign in, once the staff is known, and have a token."""
        async with asyncio.timeout(SOON):
            while (got := await self.sign_in(user, password))[0] == 403:
                await asyncio.sleep(0.1)
        assert got[0] == 200, got
        return str((await self.send("POST", "/tokens", {"name": "desk"}))[1]["token"])

    @asynccontextmanager
    async def listen(self, token: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.origin}/api/v1/ws"
        async with self.session.ws_connect(url, protocols=(wire.PROTOCOL,), headers=headers) as socket:
            await socket.send_json({"type": "hello"})
            yield socket


async def code_of(socket: aiohttp.ClientWebSocketResponse) -> int:
    async with asyncio.timeout(SOON):
        async for _ in socket:
            pass
    return socket.close_code or 0


@asynccontextmanager
async def a_daemon(folder: Path, ldap: Slapd, *, source: str, people: str = "") -> AsyncIterator[Daemon]:
    (folder / "ldap.password").write_text(SECRET, encoding="utf-8")
    if people:
        (folder / "people.toml").write_text(people, encoding="utf-8")
    config = folder / "config.toml"
    file = 'file = "people.toml"' if people else ""
    config.write_text(
        CONFIG.format(folder=folder, ldap=ldap, source=source, file=file, reader=READER, base=PEOPLE), encoding="utf-8"
    )
    ready = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(app.run(load(config), ready=ready.set_result))
        async with asyncio.timeout(SOON):
            where = await ready
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Daemon(where.web, session)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_people_and_passwords_come_from_the_directory_and_who_is_gone_is_cut(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with slapd(tmp_path / "slapd") as ldap:
        await ldap.add(
            person("anna", "Anna Amsel", "anna's", tels=["+49 89 99998-101"], unit="Bürgerbüro"),
            person("ben", "Ben Biber", "ben's", tels=["+49 89 99998-102"]),
            person("carla", "Carla Celik", "carla's"),
        )
        await ldap.add(group("Rufbereitschaft", "ben"))
        async with a_daemon(tmp_path, ldap, source="ldap") as daemon:
            anna = await daemon.token("ANNA", "anna's")
            _, me = await daemon.send("GET", "/me")
            assert (me["login"], me["extensions"], me["roles"], me["department"]) == (
                "anna",
                ["101"],
                ["user", "switchboard"],
                "Bürgerbüro",
            )
            ben = await daemon.token("ben", "ben's")
            assert (await daemon.send("GET", "/me"))[1]["roles"] == ["user", "plant"]
            for user, password, status in (("anna", "ben's", 401), ("*", "anna's", 401), ("ben", "", 400)):
                assert (await daemon.sign_in(user, password))[0] == status
            async with daemon.listen(anna) as hers, daemon.listen(ben) as his:
                await ldap.change(
                    "ldapmodify",
                    f"dn: uid=ben,{PEOPLE}\nchangetype: modify\nadd: departmentNumber\ndepartmentNumber: IT\n",
                )
                assert await code_of(his) == 4010, "another department is another right"
                async with daemon.listen(ben) as again:
                    await ldap.remove(f"uid=ben,{PEOPLE}")
                    assert await code_of(again) == 4500
                assert (await daemon.send("GET", "/me", Authorization=f"Bearer {ben}"))[0] == 401
                # A directory that is away, or shows nobody, costs nobody anything; passwords cannot be checked then.
                await ldap.stop()
                status, said = await daemon.sign_in("anna", "anna's")
                assert (status, said["code"]) == (503, "unavailable")
                await until_said(capfd, r"contacts\.book_failed.*\[people\] ldap")
                assert (await daemon.send("GET", "/me", Authorization=f"Bearer {anna}"))[0] == 200
                assert not hers.closed
                await ldap.start()
                await until_said(capfd, r"contacts\.book_is_back.*\[people\] ldap")
                assert (await daemon.sign_in("anna", "anna's"))[0] == 200


async def until_said(capfd: pytest.CaptureFixture[str], what: str) -> None:
    """Wait until the log has it."""
    heard = ""
    async with asyncio.timeout(SOON):
        while not re.search(what, heard):
            heard += "".join(capfd.readouterr())
            await asyncio.sleep(0.05)


async def test_the_smallest_site_has_its_people_in_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    people = '[[person]]\nlogin = "anna"\nname = "Anna"\nextensions = ["101"]\n[[person]]\nlogin = "ben"\n'
    async with slapd(tmp_path / "slapd") as ldap:
        await ldap.add(person("anna", "From the directory", "anna's"), person("eva", "Eva", "eva's"))
        async with a_daemon(tmp_path, ldap, source="file", people=people) as daemon:
            anna = await daemon.token("anna", "anna's")
            _, me = await daemon.send("GET", "/me")
            assert (me["name"], me["extensions"]) == ("Anna", ["101"])
            status, said = await daemon.sign_in("eva", "eva's")
            assert (status, "no card with this login" in said["detail"]) == (403, True)
            async with daemon.listen(anna) as hers:
                (tmp_path / "people.toml").write_text("[[person]\n")  # somebody is still typing
                await until_said(capfd, r"contacts\.book_failed.*\[people\] file")
                assert not hers.closed
                (tmp_path / "people.toml").write_text('[[person]]\nlogin = "ben"\n')
                assert await code_of(hers) == 4500
