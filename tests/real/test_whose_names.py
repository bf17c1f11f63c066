"""Whose names: one number, two readers, two truths; in bubbles, on the wire, and nowhere else."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from ami_bridge import wire
from ami_bridge.demo.addresses import card
from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.real.house import SOON, House, Listener
from tests.real.tap import Sip, Tap

CALLER = "+493023125123"
WRITTEN = "+49 30 23125-123"
SECRET = "Frau Krause-Geheim (Therapie)"
BAND = "+491713920098"
BAND_NAME = "Jürgen (Band)"
NUMBERS = {"anna": "+498999998101", "ben": "+498999998102", "all": "+498999998000"}
WRONG = "nicht-das-Kennwort"


@asynccontextmanager
async def own_books(house: House) -> AsyncIterator[None]:
    """Anna and Ben have given their passwords; Anna alone knows the caller."""
    one = card("krause", SECRET, [("WORK", WRITTEN)])
    await put(house, "anna", "privat/krause.vcf", one.text)
    await house.add_book("anna")
    await house.add_book("ben")
    try:
        yield
    finally:
        for user in ("anna", "ben"):
            await house.rest(user, "PUT", "/settings", {"private_on_display": False})
            await house.command("book", "remove", user, "--config", str(house.folder / "config.toml"))


async def put(house: House, user: str, path: str, text: str) -> None:
    """Write into somebody's own folder of the groupware, as that person."""
    given = aiohttp.encode_basic_auth(user, house.pbx.secrets.passwords[user])
    async with house.session.put(
        f"{house.groupware.url}{user}/{path}",
        data=text.encode(),
        headers={"Authorization": given, "Content-Type": "text/vcard"},
    ) as answer:
        assert answer.status in {201, 204}, await answer.text()


def displays(tap: Tap, house: House) -> dict[str, str]:
    """What the first INVITE to each telephone shows, with all its headers that a telephone could take a name from."""
    found: dict[str, str] = {}
    for one in tap.all("INVITE"):
        if one.source[1] == house.pbx.ports.sip and (to := re.search(r"<?sip:(10\d)@", one.header("To"))):
            found.setdefault(to[1], one.text)
    return found


async def ring(house: House, called: str, *listeners: Listener, caller: str = CALLER) -> dict[str, str]:
    """Call from outside until somebody answers and it ends; returns the INVITEs by telephone."""
    starts = [len(listener.heard) for listener in listeners]
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.4), PlayedPhone(house.pbx, "102", ring_seconds=0.4):
        with Tap() as tap:
            call = await call_from_trunk(house.pbx, caller, NUMBERS[called], hold_seconds=0.3)
            for listener, start in zip(listeners, starts, strict=True):
                await listener.call("ended", after=start)
            await call.ended()
    return displays(tap, house)


def ringing(listener: Listener, after: int = 0) -> list[dict[str, Any]]:
    return [
        one["call"]
        for one in listener.heard[after:]
        if one["type"] == "event" and one.get("call", {}).get("state") == "ringing"
    ]


def test_the_number_stands_in_no_book_that_the_others_read() -> None:
    from ami_bridge.demo import addresses  # noqa: PLC0415

    for one in [*addresses.shared(), *addresses.private("ben")]:
        assert "23125123" not in re.sub(r"[^0-9]", "", one.text)


async def test_one_number_two_readers_two_truths(house: House) -> None:
    async with own_books(house), house.listen("anna") as anna, house.listen("ben") as ben:
        # Bubbles: Anna's has the name, Ben's has the number. Neither display has it.
        to_anna = await ring(house, "anna", anna)
        to_ben = await ring(house, "ben", ben)
        (annas,), (bens,) = ringing(anna), ringing(ben)
        assert (annas["peer"]["name"], annas["peer"]["source"], annas["peer"]["kind"]) == (SECRET, "Privat", "work")
        assert annas["peer"]["reason"] == "exact"
        assert {**bens["peer"], "link": None} == {**nobody(), "number": CALLER, "display": "030 23125123"}
        assert to_anna.keys() == {"101"}
        assert to_ben.keys() == {"102"}
        assert CALLER in to_anna["101"]
        assert CALLER in to_ben["102"]
        assert "Krause" not in to_anna["101"] + to_ben["102"]

        # The ring group: two bubbles of one call, two truths again; still no display.
        starts = len(anna.heard), len(ben.heard)
        both = await ring(house, "all", anna, ben)
        assert ringing(anna, starts[0])[0]["peer"]["name"] == SECRET
        assert ringing(ben, starts[1])[0]["peer"]["name"] is None
        assert both.keys() == {"101", "102"}
        assert "Krause" not in both["101"] + both["102"]

        # Anna wants it on her display: her INVITEs carry it, alone and in the group; Ben's do not.
        assert await house.rest("anna", "PUT", "/settings", {"private_on_display": True}) == (
            200,
            {"private_on_display": True, "language": None},
        )
        to_anna = await ring(house, "anna", anna)
        to_ben = await ring(house, "ben", ben)
        both = await ring(house, "all", anna, ben)
        assert SECRET in to_anna["101"]
        assert SECRET in both["101"]
        assert "Krause" not in to_ben["102"] + both["102"]

        # Ben wants it too: then his own names, and still none of Anna's.
        await house.rest("ben", "PUT", "/settings", {"private_on_display": True})
        both = await ring(house, "all", anna, ben, caller=BAND)
        assert BAND_NAME in both["102"]
        assert "Band" not in both["101"]
        both = await ring(house, "all", anna, ben)
        assert SECRET in both["101"]
        assert "Krause" not in both["102"]

        # And no more.
        await house.rest("anna", "PUT", "/settings", {"private_on_display": False})
        assert "Krause" not in (await ring(house, "anna", anna))["101"]
        assert all("Krause" not in str(one) for one in ben.heard)
        await no_sink_has_it(house)
    await gone_everywhere(house)


def files(house: House) -> list[Path]:
    """Where the daemon keeps things."""
    return list(house.folder.glob("bridge.sqlite*"))


def nobody() -> dict[str, Any]:
    """A peer of whom nothing is known."""
    plain: dict[str, Any] = msgspec.to_builtins(wire.Peer())
    return {name: [*value] if isinstance(value, tuple) else value for name, value in plain.items()}


async def no_sink_has_it(house: House) -> None:
    """Grep whatever others could read: logs, journal, records, the PBX's memory, metrics."""
    for where, text in sinks(house):
        assert "Krause" not in text, where
        assert "Therapie" not in text, where
        assert "23125-123" not in text, where
        assert "Band)" not in text, where
        assert house.pbx.secrets.passwords["anna"] not in text, where
    for row in house.journal():
        assert "Krause" not in str(row)
        assert "peer_number" in row
        assert "name" not in " ".join(row)
    assert "Krause" not in await house.pbx.cli("database show")
    assert "Krause" not in await house.pbx.cli("dialplan show globals")
    async with house.session.get(f"{house.web}/metrics") as metrics:
        assert "Krause" not in await metrics.text()


def sinks(house: House) -> Iterator[tuple[str, str]]:
    """The daemon's log; and every record of Asterisk's."""
    yield "log", (house.folder / "log").read_text(encoding="utf-8")
    yield "cdr", house.pbx.cdr.read_text(encoding="utf-8")
    yield "cel", house.pbx.cel.read_text(encoding="utf-8")


async def gone_everywhere(house: House) -> None:
    """The password was taken back: nothing of the books or of it is left, not even in the file."""
    code, said = await house.command("book", "list", "--config", str(house.folder / "config.toml"))
    assert (code, said) == (0, "")
    kept = b"".join(path.read_bytes() for path in files(house))
    assert "Krause" not in kept.decode("utf-8", "replace")
    assert BAND_NAME not in kept.decode("utf-8", "replace")
    async with house.listen("anna") as anna:
        await ring(house, "anna", anna)
        assert ringing(anna)[0]["peer"]["name"] is None


async def test_a_wrong_password_is_refused_and_nothing_is_kept(house: House) -> None:
    config = str(house.folder / "config.toml")
    code, said = await house.command("book", "add", "anna", "--config", config, stdin=f"{WRONG}\n")
    assert code == 1
    assert "does not take this password" in said
    assert await house.command("book", "list", "--config", config) == (0, "")
    status, problem = await house.rest("anna", "PUT", "/books/private", {"password": WRONG})
    assert (status, problem["code"]) == (400, "bad_request")
    assert await house.rest("anna", "GET", "/books/private") == (200, {"given": None, "books": None, "opens": True})
    assert (await house.rest("anna", "DELETE", "/books/private"))[0] == 404
    assert WRONG not in (house.folder / "log").read_text(encoding="utf-8")


async def test_the_password_is_kept_sealed_and_works_after_a_restart(house: House) -> None:
    async with own_books(house):
        password = house.pbx.secrets.passwords["anna"].encode()
        kept = b"".join(path.read_bytes() for path in files(house))
        assert password not in kept
        await house.daemon.stop()
        await house.start()
        # Names are there at once, before the groupware is asked.
        async with house.listen("anna") as anna:
            await ring(house, "anna", anna)
            assert ringing(anna)[0]["peer"]["name"] == SECRET
        # And the groupware still opens: what is new there comes.
        await put(house, "anna", "privat/new.vcf", card("new", "Neue Bekannte", [("HOME", "030 23125-950")]).text)
        async with asyncio.timeout(SOON):
            while (await who(house, "anna", "+493023125950")) != "Neue Bekannte":
                await asyncio.sleep(0.2)
        assert await who(house, "ben", "+493023125950") is None


async def who(house: House, user: str, number: str) -> str | None:
    """Who a number is to somebody."""
    status, found = await house.rest(user, "GET", f"/contacts/lookup?number={number.replace('+', '%2B')}")
    assert status == 200, found
    name: str | None = (found["bubble"] or {}).get("name")
    return name


async def test_a_live_call_loses_its_name_when_the_book_is_taken_back(house: House) -> None:
    async with own_books(house), house.listen("anna") as anna, PlayedPhone(house.pbx, "101", answer="180"):
        call = await call_from_trunk(house.pbx, CALLER, NUMBERS["anna"], cancel_after=3)
        assert (await anna.call("ringing"))["peer"]["name"] == SECRET
        place = len(anna.heard)
        assert (await house.rest("anna", "DELETE", "/books/private"))[0] == 204
        assert (await anna.call("ringing", after=place))["peer"]["name"] is None
        await call.ended()


@pytest.mark.parametrize("reader", ["anna", "ben"])
async def test_who_withholds_the_number_has_no_name_for_anybody(house: House, reader: str) -> None:
    async with own_books(house), house.listen(reader) as listener:
        await house.rest(reader, "PUT", "/settings", {"private_on_display": True})
        extension = NUMBERS[reader][-3:]
        async with PlayedPhone(house.pbx, extension, ring_seconds=0.2):
            with Tap() as tap:
                call = await call_from_trunk(house.pbx, CALLER, NUMBERS[reader], withheld=True, hold_seconds=0.3)
                await listener.call("ended")
                await call.ended()
        assert [one["peer"] for one in listener.calls()] == [nobody()] * len(listener.calls())
        assert listener.calls()
        told: list[Sip] = [one for one in tap.all("INVITE") if one.source[1] == house.pbx.ports.sip]
        assert told
        assert all("Krause" not in one.text and "23125123" not in one.text for one in told)
