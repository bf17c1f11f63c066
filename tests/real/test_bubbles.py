"""Bubbles on a real screen, of real calls, pressed by a real mouse: the whole way, from the trunk to the pixels."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ami_bridge.demo.processes import Process
from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.desktop.processes import a_client, write_settings
from tests.desktop.screen import Mapped, Shows, XScreen
from tests.limits import allowed
from tests.real.house import SOAK, SOON, House
from tests.real.tap import Tap

BAKER, ANNA = "+493023125001", "+498999998101"
CALLS = 30 if SOAK else 7
SOON_SHOWN = 0.1


@asynccontextmanager
async def at_the_desk(house: House, shows: Shows, user: str = "anna") -> AsyncIterator[tuple[XScreen, Process]]:
    """Somebody sits at a screen, and the client is connected."""
    async with XScreen(shows) as screen:
        write_settings(Path(screen.env["XDG_CONFIG_HOME"]), url=house.web, token=house.tokens[user], missed=False)
        async with a_client(screen.env, output=screen.folder / "client.log") as client:
            await screen.connected()
            yield screen, client


def refusals(house: House, tap: Tap) -> list[str]:
    """What the PBX has answered with "no", as the wire shows it."""
    return [one.start for one in tap.all("SIP/2.0 4") if one.source == ("127.0.0.1", house.pbx.ports.sip)]


async def test_an_outside_call_has_a_bubble_with_the_name_and_a_click_ends_it_on_the_wire(house: House) -> None:
    async with PlayedPhone(house.pbx, "101", answer="180") as phone, at_the_desk(house, "xfce4-notifyd") as (screen, _):
        with Tap() as tap:
            call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=30)
            await screen.bubble()
            await asyncio.sleep(0.7)  # it fades in
            picture = await screen.photograph("bubble-xfce4-notifyd")
            (live,) = await house.calls("anna")
            assert live["peer"]["name"] == "Sabine Schröder"
            buttons = [verb for verb in ("answer", "reject", "redirect") if verb in live["actions"]]
            await screen.click(buttons.index("reject"))
            await phone.until("cancel")
            await screen.empty()
            await call.stop()
            async with asyncio.timeout(SOON):
                while not (answers := refusals(house, tap)):
                    await asyncio.sleep(0.02)
        assert answers == ["SIP/2.0 486 Busy Here"], "so the caller hears busy"
        assert (await house.calls("anna")) == []
    print(f"a picture of the bubble: {picture}")


async def test_the_same_with_dunst_by_its_menu_and_its_command(house: House) -> None:
    async with PlayedPhone(house.pbx, "101", answer="180") as phone, at_the_desk(house, "dunst") as (screen, _):
        call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=30)
        await screen.bubble()
        await screen.photograph("bubble-dunst")
        await screen.run("dunstctl", "action", "0")  # a click on the bubble itself
        (live,) = await house.calls("anna")
        await screen.until(lambda: screen.opened() == [f"{house.web}/#/calls/{live['id']}"])
        assert [one["state"] for one in await house.calls("anna")] == ["ringing"], "it ends nothing"
        await call.stop()
        await house.pbx.cli("channel request hangup all")
        await screen.empty()
        call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=30)
        await screen.bubble()
        await screen.run("dunstctl", "context")  # the menu, in which «Ablehnen» is chosen
        await phone.until("cancel")
        await screen.empty()
        await call.stop()


@pytest.mark.alone
async def test_a_bubble_is_there_as_soon_as_the_telephone_rings(house: House) -> None:
    async with (
        PlayedPhone(house.pbx, "101", answer="180"),
        at_the_desk(house, "xfce4-notifyd") as (screen, _),
        Mapped(screen) as mapped,
    ):
        waited = []
        for _ in range(CALLS):
            with Tap() as tap:
                seen = len(mapped.times)
                call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=30)
                await screen.until(lambda seen=seen: len(mapped.times) > seen)  # type: ignore[misc]
                assert len(await screen.windows()) == 1
                await call.stop()
                await house.pbx.cli("channel request hangup all")
                await screen.empty()
            rang = [one.time for one in tap.all("SIP/2.0 180") if one.target[1] == house.pbx.ports.sip]
            waited.append(mapped.times[seen] - rang[0])
    told = ", ".join(f"{1000 * one:.0f}" for one in sorted(waited))
    print(f"bubble on the screen {1000 * statistics.median(waited):.0f} ms after the telephone's 180 (of {told})")
    assert statistics.median(waited) <= allowed(SOON_SHOWN)
    assert max(waited) < SOON
