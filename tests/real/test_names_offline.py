"""Asterisk's own copy of the names: written by the daemon, shown while it is away."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import aiohttp

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.sipp import PlayedPhone
from tests.real.house import House
from tests.real.test_names_on_phones import ANNA, BAKER, BAKER_NAME, ask_again, breaker, rung, shown

SOON = 40.0
MANY = 230  # of 255; some numbers are no caller's
NEW = "+493023125987"


async def kept(pbx: Pbx) -> dict[str, str]:
    """What Asterisk has, by its own word."""
    lines = (await pbx.cli("database show cidname")).splitlines()
    found = (re.match(r"/cidname/(\d+) *: (.*?) *$", line) for line in lines)
    return {one[1]: one[2] for one in found if one}


async def until_kept(pbx: Pbx, key: str, name: str | None) -> None:
    for _ in range(int(SOON / 0.2)):
        if (found := (await kept(pbx)).get(key)) == name:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(found)


async def card(house: House, uid: str, name: str | None, number: str = NEW) -> None:
    """Put a card into the shared book, or delete it."""
    url = f"{house.groupware.shared_book}{uid}.vcf"
    login = {"Authorization": aiohttp.encode_basic_auth(house.groupware.user, house.groupware.password)}
    if name is None:
        async with house.session.delete(url, headers=login) as answer:
            assert answer.ok, await answer.text()
        return
    text = f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:;{name};;;\r\nTEL:{number}\r\nEND:VCARD\r\n"
    headers = login | {"Content-Type": "text/vcard"}
    async with house.session.put(url, data=text.encode(), headers=headers) as answer:
        assert answer.ok, await answer.text()


def _whole(house: House) -> Callable[[], Awaitable[bool]]:
    """Whether the copy holds what 200 contacts and five persons give."""

    async def check() -> bool:
        return len(await kept(house.pbx)) > MANY

    return check


async def test_names_are_shown_while_the_daemon_is_away(house: House) -> None:
    await until_kept(house.pbx, BAKER[1:], BAKER_NAME)
    await house.pbx.until(_whole(house), "not all names were written")
    copy = await kept(house.pbx)
    assert copy["0"] == "ami-bridge"
    assert copy["101"] == "Anna Amsel"
    await house.daemon.stop()
    try:
        async with PlayedPhone(house.pbx, "101", ring_seconds=0.1):
            await ask_again(house.pbx)
            for _ in range(2):  # the first finds out, the second knows
                assert shown((await rung(house.pbx))["101"]) == BAKER_NAME
            assert await breaker(house.pbx) > 0
            found = await rung(house.pbx, name="Firma Meier")
            assert shown(found["101"]) == "Firma Meier", "the network's name stays"
            assert shown((await rung(house.pbx, name=BAKER))["101"]) == BAKER_NAME, "a number is no name"
            assert shown((await rung(house.pbx, caller="+4930231259999"))["101"]) == ""
    finally:
        await house.start()
        await ask_again(house.pbx)


async def test_the_copy_follows_the_book(house: House) -> None:
    await house.pbx.until(_whole(house), "not all names were written", SOON)
    await card(house, "copied", "Erika\\, Quote\\, Özil")
    await until_kept(house.pbx, NEW[1:], "Erika, Quote, Özil")
    before = await kept(house.pbx)
    await card(house, "copied", "Erika Neu")
    await until_kept(house.pbx, NEW[1:], "Erika Neu")
    await card(house, "copied", None)
    await until_kept(house.pbx, NEW[1:], None)
    assert (await kept(house.pbx)) == {key: name for key, name in before.items() if key != NEW[1:]}


async def test_what_was_lost_or_forged_is_mended_after_the_login(house: House) -> None:
    await until_kept(house.pbx, BAKER[1:], BAKER_NAME)
    await house.daemon.stop()
    await house.pbx.cli(f"database del cidname {BAKER[1:]}")
    await house.pbx.cli("database put cidname 4912345678 Leaver")
    await house.pbx.cli("database put cidname 102 Forged")
    await house.start()
    await until_kept(house.pbx, BAKER[1:], BAKER_NAME)
    await until_kept(house.pbx, "4912345678", None)
    await until_kept(house.pbx, "102", "Ben Biber")
    await ask_again(house.pbx)


async def test_another_phone_book_in_the_family_is_left_alone(house: House) -> None:
    await house.daemon.stop()
    await house.pbx.cli("database deltree cidname")
    await house.pbx.cli("database put cidname 4912345678 Theirs")
    await house.start()
    async with asyncio.timeout(SOON):
        while "astdb.not_ours" not in (house.folder / "log").read_text():
            await asyncio.sleep(0.1)
    assert await kept(house.pbx) == {"4912345678": "Theirs"}
    await house.pbx.cli("database deltree cidname")
    await until_kept(house.pbx, BAKER[1:], BAKER_NAME)
    await house.pbx.until(_whole(house), "not all names were written", SOON)
    await ask_again(house.pbx)


async def test_clients_see_nothing_of_it(house: House) -> None:
    """Each row is written by a call of its own; the board must not know it."""
    await house.pbx.until(_whole(house), "not all names were written", SOON)
    async with house.listen("anna") as anna:
        await house.pbx.cli("database deltree cidname")
        await until_kept(house.pbx, BAKER[1:], BAKER_NAME)
        async with PlayedPhone(house.pbx, "101", ring_seconds=0.1):
            await rung(house.pbx, ANNA)
        await anna.call("ended")
        assert {one["peer"]["number"] for one in anna.calls()} == {BAKER}
    assert "bridge-store" not in house.pbx.cdr.read_text(), "nor do the call records"


async def test_only_digits_of_one_family_can_be_written(house: House) -> None:
    """Whatever the manager account asks for; the daemon, which would mend it, is away."""
    await house.daemon.stop()
    reader, writer = await asyncio.open_connection("127.0.0.1", house.pbx.ports.ami)
    secret = house.pbx.secrets.ami
    writer.write(f"Action: Login\r\nUsername: ami-bridge\r\nSecret: {secret}\r\nEvents: on\r\n\r\n".encode())
    await reader.readuntil(b"FullyBooted")
    before = await everything(house.pbx)
    for number, key in enumerate(("../registrar/1", "a", "", "/x", "registrar")):
        writer.write(
            f"Action: Originate\r\nActionID: o{number}\r\nChannel: Local/name@bridge-store/n\r\n"
            f"Context: bridge-store\r\nExten: done\r\nPriority: 1\r\nAsync: true\r\n"
            f"Variable: BS_KEY={key}\r\nVariable: BS_VAL=eA==\r\nVariable: BS_ID=x\r\n\r\n".encode()
        )
        async with asyncio.timeout(10):
            await reader.readuntil(b"Event: OriginateResponse")
    writer.close()
    try:
        assert await everything(house.pbx) - before == {"/cidname/1"}
        await house.pbx.cli("database del cidname 1")
    finally:
        await house.start()


async def everything(pbx: Pbx) -> set[str]:
    """All keys of AstDB."""
    return set(re.findall(r"^(/\S+)", await pbx.cli("database show"), re.MULTILINE))
