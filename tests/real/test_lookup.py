"""Looking people up: the address book as it is now, on displays, in searches, on the command line, in phone books."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import aiohttp
from defusedxml.ElementTree import fromstring

import ami_bridge.phonebooks
from ami_bridge.demo.addresses import card
from ami_bridge.demo.ports import LOCAL, free_tcp
from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.real.house import SOON, House
from tests.real.tap import Tap
from tests.real.test_whose_names import own_books

CALLER = "+493023125777"
ANNA = "+498999998101"
INTERVAL = 4.0
"""`sync_every` of the house."""
PAGE = "https://groupware.example/egroupware/addressbook/crm.php?from={number}"


async def write(house: House, name: str | None) -> None:
    """Change the caller's card in the town's book, as somebody at the groupware would; None deletes it."""
    secrets = house.pbx.secrets
    given = aiohttp.encode_basic_auth("ami-bridge", secrets.groupware)
    url = f"{house.groupware.shared_book.rstrip('/')}/n4-caller.vcf"
    if name is None:
        async with house.session.delete(url, headers={"Authorization": given}) as answer:
            assert answer.status in {200, 204, 404}, await answer.text()
        return
    text = card("n4-caller", name, [("WORK", CALLER)]).text
    headers = {"Authorization": given, "Content-Type": "text/vcard"}
    async with house.session.put(url, data=text.encode(), headers=headers) as answer:
        assert answer.status in {201, 204}, await answer.text()


async def ask(house: House, *words: str) -> str:
    code, said = await house.command(*words, "--config", str(house.folder / "config.toml"))
    assert code == 0, said
    return said


async def lookup(house: House) -> dict[str, object]:
    """What `ami-bridge lookup` would say."""
    return await house.ask("GET", "/lookup", query={"number": CALLER})


async def shown_on_the_desk(house: House) -> str:
    """Call Anna; return the first line of From that her telephone gets, and the rest of its INVITE."""
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.3), house.listen("anna") as anna:
        with Tap() as tap:
            call = await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=0.2)
            await anna.call("ended")
            await call.ended()
    return "".join(one.text for one in tap.all("INVITE") if one.source[1] == house.pbx.ports.sip)


@asynccontextmanager
async def configured(house: House, *changes: tuple[str, str]) -> AsyncIterator[None]:
    """The daemon with another configuration, and then as it was."""
    config = house.folder / "config.toml"
    before = config.read_text(encoding="utf-8")
    text = before
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    await house.daemon.stop()
    config.write_text(text, encoding="utf-8")
    await house.start()
    try:
        yield
    finally:
        await house.daemon.stop()
        config.write_text(before, encoding="utf-8")
        await house.start()


async def test_a_changed_contact_is_on_the_next_calls_display_within_the_interval(house: House) -> None:
    try:
        for name in ("Nora Vorher", "Nora Nachher"):
            await write(house, name)
            began = monotonic()
            async with asyncio.timeout(INTERVAL + SOON):
                while (await lookup(house))["telephone"] != name:
                    await asyncio.sleep(0.2)
            assert monotonic() - began < INTERVAL + 3  # a look, and what a look takes on a busy machine
            assert name in await shown_on_the_desk(house)
    finally:
        await write(house, None)


async def test_sync_has_it_there_at_once_and_a_deleted_one_gone(house: House) -> None:
    try:
        async with configured(house, ("sync_every = 4", f'sync_every = 3600\nclick = "{PAGE}"')):
            await ask(house, "sync")
            for name in ("Sofie Sofort", "Sofie Soforter"):
                await write(house, name)
                assert (await lookup(house))["telephone"] != name
                said = await ask(house, "sync")
                assert "stadt: 1 cards to compare" in said
                assert said.splitlines()[-1].startswith("done: ")
                assert (await lookup(house))["telephone"] == name
                assert name in await shown_on_the_desk(house)
            words = await ask(house, "lookup", "030 / 231 25-777")
            for part in (
                "+493023125777",
                "Sofie Soforter",
                "exactly this number",
                "shared: ",
                "book Stadt",
                "from=%2B4930",
            ):
                assert part in words
            async with PlayedPhone(house.pbx, "101", ring_seconds=0.3), house.listen("anna") as anna:
                call = await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=0.2)
                ended = await anna.call("ended")
                await call.ended()
            assert ended["peer"]["link"] == PAGE.replace("{number}", "%2B493023125777")
            await write(house, None)
            await ask(house, "sync")
            found = await lookup(house)
            assert (found["bubble"], found["telephone"]) == (None, None)
    finally:
        await write(house, None)


async def test_everybody_finds_what_they_may_know_and_no_more(house: House) -> None:
    async with own_books(house):
        for user, expected in (("anna", 1), ("ben", 0)):
            status, found = await house.rest(user, "GET", "/contacts?q=krause+gehe")
            assert (status, len(found["contacts"])) == (200, expected), user
            status, found = await house.rest(user, "GET", "/contacts?q=23125-123")
            assert ["Krause" in one["name"] for one in found["contacts"]].count(True) == expected, user
            found = json.loads(await ask(house, "lookup", "+4930231251", "--user", user, "--json"))
            assert found["number"] == "+4930231251"
        for private, wishes in (((), True), (("--private",), False), (("--private",), True)):
            await house.rest("anna", "PUT", "/settings", {"private_on_display": wishes})
            secret = (await ask(house, "phonebook", "add", "desk-101", "--extension", "101", *private)).strip()
            shown = base64.b64encode(f"desk-101:{secret}".encode()).decode()
            async with house.session.get(
                f"{house.web}/api/v1/phonebook/yealink/lookup?q=krause", headers={"Authorization": f"Basic {shown}"}
            ) as answer:
                text = await answer.text()
                assert answer.status == 200, text
                assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
            names = [one.text or "" for one in fromstring(text).iter("Name")]
            assert any("Krause" in name for name in names) == bool(private and wishes)
        await house.rest("anna", "PUT", "/settings", {"private_on_display": False})
        assert "desk-101" in await ask(house, "phonebook", "list")
        await ask(house, "phonebook", "revoke", "desk-101")
        async with house.session.get(
            f"{house.web}/api/v1/phonebook/yealink", headers={"Authorization": f"Basic {shown}"}
        ) as answer:
            assert answer.status == 401


async def test_a_telephone_finds_by_ldap_what_is_in_the_book_now(house: House) -> None:
    """The daemon with slapd in front, as the how-to says."""
    folder, port = house.folder, free_tcp()
    template = Path(ami_bridge.phonebooks.__file__).with_name("slapd.conf").read_text(encoding="utf-8")
    (folder / "slapd.conf").write_text(template.replace("/run/ami-bridge", str(folder)), encoding="utf-8")
    section = f'[phonebook]\nldap = "{folder}/ldap.sock"\n\n[groupware]'
    try:
        async with configured(house, ("[groupware]", section)):
            secret = (await ask(house, "phonebook", "add", "desk-101", "--extension", "101")).strip()
            slapd = await asyncio.create_subprocess_exec(
                "/usr/sbin/slapd", "-d", "0", "-h", f"ldap://{LOCAL}:{port}", "-f", str(folder / "slapd.conf")
            )
            try:
                await write(house, "Lea Lüders-Ldap")
                await ask(house, "sync")
                for wanted in ("(|(cn=luders*)(sn=luders*))", f"(telephoneNumber=0{CALLER.replace('+49', '0')})"):
                    found = await ldapsearch(port, secret, wanted)
                    assert "cn:: TGVhIEzDvGRlcnMtTGRhcA==" in found, wanted
                assert "telephoneNumber: 101" in await ldapsearch(port, secret, "(cn=anna)")
            finally:
                slapd.terminate()
                await slapd.wait()
            await ask(house, "phonebook", "revoke", "desk-101")
    finally:
        await write(house, None)


async def ldapsearch(port: int, secret: str, wanted: str) -> str:
    """Search as a telephone does, once slapd listens."""
    async with asyncio.timeout(SOON):
        while True:
            process = await asyncio.create_subprocess_exec(
                "ldapsearch", "-x", "-LLL", "-H", f"ldap://{LOCAL}:{port}", "-D", "cn=desk-101,dc=phonebook",
                "-w", secret, "-b", "dc=phonebook", wanted,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            said, _ = await process.communicate()
            if process.returncode == 0:
                return said.decode()
            await asyncio.sleep(0.2)
