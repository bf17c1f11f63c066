"""Marked in a real Firefox and a key pressed, or a link clicked: real telephones ring, one's own first."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from ami_bridge.demo.processes import caller, without_rights
from ami_bridge.demo.sipp import PlayedPhone
from tests.desktop.desk import DIAL
from tests.desktop.firefox import Firefox, install_handler
from tests.desktop.processes import a_client, write_settings
from tests.desktop.screen import XScreen
from tests.limits import allowed
from tests.real.house import SOAK, House
from tests.real.plays import Stage
from tests.real.tap import Sip, Tap

PRESSES = 9 if SOAK else 5  # ten a minute are allowed
AT_MOST = 0.3
"""Seconds from the key to one's own telephone."""
KEY = f"""<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <keyboard>
    <keybind key="C-S-F9"><action name="Execute"><command>{DIAL} --selection</command></action></keybind>
  </keyboard>
</openbox_config>
"""
PAGE = """<!doctype html><meta charset="utf-8"><title>Rathaus</title>
<p id="ben">Bürgerbüro, Ben Biber, Tel.: (0 89) 9 99 98 \N{EN DASH} 102,
  Mo-Fr 08:00-12:00, IBAN DE89 3704 0044 0532 0130 00</p>
<p><a id="carla" href="tel:+49-89-99998-103">Bauamt</a></p>"""


@asynccontextmanager
async def a_page() -> AsyncIterator[str]:
    """A page of the house; returns its origin."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_desk(house: House, user: str) -> AsyncIterator[XScreen]:
    """Somebody's screen, set up as an administrator would: the key, the handler of links, the settings, the token."""
    async with XScreen("xfce4-notifyd") as screen:
        config = Path(screen.env["XDG_CONFIG_HOME"])
        settings = write_settings(config, url=house.web, token=house.tokens[user], outgoing=False)
        toml = Path(settings["XDG_CONFIG_HOME"]) / "ami-bridge" / "desktop.toml"
        toml.write_text(f"{toml.read_text()}\n[dialling]\nask_for_links = false\n")
        (config / "openbox").mkdir()
        (config / "openbox" / "rc.xml").write_text(KEY)
        install_handler(screen.env, DIAL)
        caller().give(screen.folder)
        await screen.run("openbox", "--reconfigure")
        yield screen


async def test_text_marked_in_firefox_and_a_key_and_a_clicked_link_ring_ones_own_telephone_first(
    house: House, stage: Stage
) -> None:
    async with a_desk(house, "anna") as screen, a_page() as origin:
        policies = {
            "Handlers": {"schemes": {"tel": {"action": "useSystemDefault", "ask": False}}},
            "AutoLaunchProtocolsFromOrigins": [{"protocol": "tel", "allowed_origins": [origin]}],
        }
        async with (
            a_client(screen.env, output=screen.folder / "client.log"),
            Firefox(screen.env, policies=policies) as browser,
        ):
            await screen.connected()
            await browser.open(f"{origin}/")
            # a number in a text, marked with a real mouse
            x, y = await browser.place("#ben")
            await screen.run("xdotool", "mousemove", str(x), str(y), "click", "--repeat", "3", "--delay", "60", "1")
            await browser.until("getSelection().toString().includes('Biber')")
            anna, ben = stage.anna.mark(), stage.ben.mark()
            with Tap() as tap:
                pressed = time.time()
                await screen.run("xdotool", "key", "ctrl+shift+F9")
                await stage.anna.ringing(after=anna)
                assert "CALL_INCOMING" not in [one.get("type") for one in stage.ben.events[ben:]]
                await stage.anna.accept()
                await stage.ben.ringing(after=ben)
                await stage.ben.accept()
                await stage.anna.talking(after=anna)
                await stage.anna.hangup()
                await stage.ben.idle(after=ben)
            own, other = rung(tap, house, "101"), rung(tap, house, "102")
            assert pressed < own.time < other.time
            assert "Ben Biber" in own.header("From")
            assert "Anna Amsel" in other.header("From")
            # a link, clicked
            anna, carla = stage.anna.mark(), stage.carla.mark()
            x, y = await browser.place("#carla")
            await screen.run("xdotool", "mousemove", str(x), str(y), "click", "1")
            await stage.anna.ringing(after=anna)
            assert "CALL_INCOMING" not in [one.get("type") for one in stage.carla.events[carla:]]
            await stage.anna.accept()
            await stage.carla.talking(after=carla)
            await stage.anna.hangup()
            await stage.carla.idle(after=carla)
    print(f"from the key in Firefox to one's own telephone: {1000 * (own.time - pressed):.0f} ms, xdotool included")


def rung(tap: Tap, house: House, number: str) -> Sip:
    """The INVITE that rang this telephone."""
    return next(
        one
        for one in tap.all("INVITE")
        if one.source[1] == house.pbx.ports.sip
        and one.start.startswith((f"INVITE sip:{number}@", f"INVITE sip:{number}-"))
    )


@pytest.mark.alone
async def test_ones_own_telephone_rings_at_once(house: House) -> None:
    async with PlayedPhone(house.pbx, "103", answer="180"), PlayedPhone(house.pbx, "104", answer="180"):
        async with a_desk(house, "carla") as screen, a_client(screen.env, output=screen.folder / "client.log"):
            await screen.connected()
            by_client = [await waited(house, screen, own="103", press=press) for press in range(PRESSES)]
        async with a_desk(house, "dieter") as screen:
            by_rest = [await waited(house, screen, own="104", press=press) for press in range(PRESSES)]
    for way, times in (("by the client", by_client), ("by REST", by_rest)):
        told = ", ".join(f"{1000 * one:.0f}" for one in sorted(times))
        print(f"ami-dial --selection {way} to the INVITE at one's own telephone: {median(times):.0f} ms (of {told})")
    assert median(by_client) <= 1000 * allowed(AT_MOST)
    assert median(by_rest) <= 1000 * allowed(AT_MOST)


def median(times: list[float]) -> float:
    return 1000 * statistics.median(times)


async def waited(house: House, screen: XScreen, *, own: str, press: int) -> float:
    """Mark a number and start `ami-dial --selection`; return the seconds until one's own telephone is called."""
    number = f"089 99998-10{1 + press % 2}"  # twice the same one would be one wish
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.desktop.owner", "utf8", f"Tel. {number}",
        cwd=Path(__file__).parents[2], env=screen.env, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert owner.stdout is not None
        await owner.stdout.readline()
        with Tap() as tap:
            begin = time.time()
            dialling = await asyncio.create_subprocess_exec(
                *without_rights([DIAL, "--selection"], account=caller()),
                env=screen.env,
                stderr=asyncio.subprocess.DEVNULL,
            )
            async with asyncio.timeout(10):
                assert await dialling.wait() == 0
                while not any(one.start.startswith(f"INVITE sip:{own}") for one in tap.all("INVITE")):
                    await asyncio.sleep(0.01)
            rang = rung(tap, house, own).time
    finally:
        owner.kill()
        await owner.wait()
        await house.pbx.cli("channel request hangup all")
        await house.pbx.quiet()
    return rang - begin
