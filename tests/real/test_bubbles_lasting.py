"""Bubbles when something was away for a while: the daemon, or the person; the screens are right again soon."""

import asyncio
import signal
import tempfile
from pathlib import Path

import pytest

from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.desktop.processes import CLIENT, a_client, expiring_after, noticing_after, write_settings
from tests.desktop.relay import Relay
from tests.desktop.screen import Shows, XScreen
from tests.fakes.notifications import Desktop
from tests.limits import allowed
from tests.real.crowd import Crowd, a_crowd, a_process, rings_long
from tests.real.house import SOAK, SOON, House

BAKER, ANNA, EVA = "+493023125001", "+498999998101", "+498999998105"
BACK_WITHIN = 10.0
CUT_WITHIN = 1.0
STOPPED_FOR = 90.0 if SOAK else 5.0
"""Seconds; after 38 the daemon itself cuts the link of somebody who answers no ping."""
STOPPED = CLIENT if SOAK else noticing_after(2.5)
TRUTH_WITHIN = 1.0
KEPT = 30.0


@pytest.mark.alone
async def test_120_clients_are_back_within_10_s_of_a_restart_and_no_bubble_is_lost_or_doubled(house: House) -> None:
    clock = asyncio.get_running_loop().time
    async with (
        PlayedPhone(house.pbx, "105", answer="180"),
        rings_long(house.pbx, "105"),
        a_crowd(house, EVA, inside=115, processes=5) as crowd,
    ):
        call = await call_from_trunk(house.pbx, BAKER, EVA, hold_seconds=60)
        before = await crowd.everybody_sees("Anruf: Sabine Schröder")
        began = clock()
        await house.daemon.stop()
        await house.start_only()
        await crowd.all_connected()
        back = clock() - began
        after = await crowd.everybody_sees("Anruf")
        assert {(one.sender, one.number) for one in after} == {(one.sender, one.number) for one in before}
        await call.stop()
        await house.pbx.cli("channel request hangup all")
        await crowd.nobody_sees("Anruf: ")
        print(f"120 clients were back {back:.1f} s after the daemon was told to stop")
        assert back <= allowed(BACK_WITHIN)
        await one_of_them_is_revoked(house, crowd)
    await house.until_ready()


async def one_of_them_is_revoked(house: House, crowd: Crowd) -> None:
    """Revoke the last one's token: that one is cut, is told so, and has no bubble of the next call; all others have."""
    clock = asyncio.get_running_loop().time
    (token,) = (await house.ask("GET", f"/tokens/{crowd.last}"))["tokens"]
    began = clock()
    await house.ask("DELETE", f"/tokens/{crowd.last}/{token['id']}")
    await crowd.connected(crowd.people - 1, within=5 * CUT_WITHIN)
    cut = clock() - began
    await crowd.desktops[-1].shows("Nicht angemeldet")
    call = await call_from_trunk(house.pbx, BAKER, EVA, hold_seconds=60)
    async with asyncio.timeout(SOON):
        while len([one for desktop in crowd.desktops for one in ringing(desktop)]) < crowd.people - 1:
            await asyncio.sleep(0.02)
    assert ringing(crowd.desktops[-1]) == []
    assert await crowd.clients() == crowd.people - 1
    await call.stop()
    await house.pbx.cli("channel request hangup all")
    await crowd.nobody_sees("Anruf: ")
    print(f"one of 120 whose token was revoked was cut {1000 * cut:.0f} ms later, and no other")
    assert cut <= allowed(CUT_WITHIN)


def ringing(desktop: Desktop) -> list[str]:
    """Who rings on a screen."""
    return [one.summary for one in desktop.on_screen.values() if one.summary.startswith("Anruf: ")]


@pytest.mark.alone
async def test_a_suspended_session_shows_the_truth_within_a_second_of_coming_back(house: House) -> None:
    """As X2Go does it: the processes are stopped. One link is cut meanwhile, the other one lives."""
    clock = asyncio.get_running_loop().time
    second, third = "+496990009002", "+496990009003"
    with tempfile.TemporaryDirectory(prefix="amib-") as name:
        async with (
            PlayedPhone(house.pbx, "101", answer="180") as phone,
            rings_long(house.pbx, "101"),
            Relay(house.pbx.ports.web) as relay,
            a_process(Path(name) / "cut", relay.url, house.tokens["anna"], STOPPED) as (cut, cut_client),
            a_process(Path(name) / "alive", house.web, house.tokens["anna"], STOPPED) as (alive, alive_client),
        ):
            first = await call_from_trunk(house.pbx, BAKER, ANNA, cancel_after=3)
            for desktop in (cut, alive):
                await desktop.shows("Anruf: Sabine Schröder", within=10)
            for client in (cut_client, alive_client):
                client.signal(signal.SIGSTOP)
            began = clock()
            gone = await call_from_trunk(house.pbx, second, ANNA, cancel_after=1)
            await first.ended()
            await gone.ended()
            relay.cut()
            still = await call_from_trunk(house.pbx, third, ANNA, hold_seconds=60)
            await still.until("ringing")
            (live,) = await house.calls("anna")
            await asyncio.sleep(max(0.0, STOPPED_FOR - (clock() - began)))
            back = clock()
            for client in (cut_client, alive_client):
                client.signal(signal.SIGCONT)
            truth = [f"Anruf: {live['peer']['name'] or live['peer']['display']}"]
            took = []
            for desktop in (cut, alive):
                await desktop.until(lambda desktop=desktop: ringing(desktop) == truth)  # type: ignore[misc]
                took.append(clock() - back)
                ever = [one.summary for one in desktop.ever if one.summary.startswith("Anruf: ")]
                assert ever == ["Anruf: Sabine Schröder", *truth], "what came and went flashed no bubble"
                await desktop.until(lambda desktop=desktop: len(desktop.on_screen) == 3)  # type: ignore[misc]
            await still.stop()
            await phone.until("invite")
    print(f"stopped for {STOPPED_FOR:g} s: the truth after {took[0]:.2f} s with a link that was cut, {took[1]:.2f} s")
    assert max(took) <= allowed(TRUTH_WITHIN)


@pytest.mark.parametrize("shows", ["xfce4-notifyd", "dunst"])
async def test_a_bubble_stays_while_it_rings_and_not_for_long_when_the_client_is_killed(
    house: House, shows: Shows
) -> None:
    clock = asyncio.get_running_loop().time
    kept = KEPT if SOAK else 2.0
    argv = CLIENT if SOAK else expiring_after(2000)
    async with PlayedPhone(house.pbx, "101", answer="180"), rings_long(house.pbx, "101"), XScreen(shows) as screen:
        write_settings(Path(screen.env["XDG_CONFIG_HOME"]), url=house.web, token=house.tokens["anna"])
        async with a_client(screen.env, screen.folder / "client.log", argv) as client:
            await screen.connected()
            call = await call_from_trunk(house.pbx, BAKER, ANNA, hold_seconds=60)
            await screen.bubble()
            await asyncio.sleep(1.5 * kept)
            assert len(await screen.windows()) == 1, "it was shown anew in time"
            await client.kill()
            began = clock()
            await screen.empty(within=kept + 5)
            print(f"{shows}: the bubble of a killed client was gone after {clock() - began:.1f} s")
            assert clock() - began <= kept + 1
            await call.stop()
