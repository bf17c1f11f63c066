"""The bubbles on a screen, in time: shown anew before they expire, again after trouble, not after they were closed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from ami_bridge.desktop import screen as screens
from ami_bridge.desktop.bubble import Bubble
from ami_bridge.desktop.bus import BUS, BusError, open_bus
from ami_bridge.desktop.notifications import SERVICE, Notifications
from ami_bridge.desktop.screen import Screen
from tests.fakes.notifications import MAKO, PLASMA, XFCE, Desktop, Personality, a_bus, a_desktop

RINGING = Bubble(occasion="ringing", summary="Anruf", expires=30_000, stays=True)
MISSED = Bubble(occasion="missed", summary="Verpasst", expires=30_000)
SENTINEL = Bubble(occasion="missed", summary="Sentinel")


@asynccontextmanager
async def a_screen(personality: Personality = XFCE) -> AsyncIterator[tuple[Screen, Desktop]]:
    async with a_bus() as address, a_desktop(address, personality) as desktop, open_bus(address) as bus:
        service = Notifications(bus, app="Telefon", sound=False)
        screen = Screen(service, clock=asyncio.get_running_loop().time)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(bus.run()), tasks.create_task(screen.run(lambda _key, _verb: None))]
            await service.begin(acted=screen.pressed, closed=screen.closed, gone=screen.gone)
            yield screen, desktop
            for one in running:
                one.cancel()


async def test_what_rings_is_shown_anew_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "REFRESH_EVERY", 0.05)
    async with a_screen() as (screen, desktop):
        screen.want({"call": RINGING})
        await desktop.until(lambda: len(desktop.ever) >= 4)
        assert {one.number for one in desktop.ever} == {1}
        screen.want({})
        await desktop.until(lambda: desktop.closed == [1])
        screen.notice("missed", MISSED)
        await desktop.shows("Verpasst")
        await asyncio.sleep(0.15)
        assert len([one for one in desktop.ever if one.summary == "Verpasst"]) == 1


async def test_a_renewal_that_was_slept_through_waits_for_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "REFRESH_EVERY", 0.1)
    monkeypatch.setattr(screens, "PROOF_WITHIN", 0.3)
    async with a_screen() as (screen, desktop):
        screen.want({"call": RINGING})
        await desktop.shows("Anruf")
        awake = screen._clock
        screen._clock = lambda: awake() + 90
        await asyncio.sleep(0.2)
        assert len(desktop.ever) == 1, "perhaps it rings no more"
        await desktop.until(lambda: len(desktop.ever) > 1)


async def test_what_expired_by_itself_is_shown_again_while_it_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "REFRESH_EVERY", 0.05)
    async with a_screen() as (screen, desktop):
        screen.want({"call": RINGING})
        await desktop.take_away(await desktop.shows("Anruf"), 1)
        await desktop.shows("Anruf")


@pytest.mark.parametrize("personality", [MAKO, XFCE], ids=lambda one: one.name)
async def test_a_number_that_is_gone_is_not_used_again(personality: Personality) -> None:
    async with a_screen(personality) as (screen, desktop):
        screen.want({"call": RINGING})
        await desktop.take_away(await desktop.shows("Anruf"), 1)
        await asyncio.sleep(0.02)
        screen.want({"call": structs.replace(RINGING, summary="Anruf: Erika")})
        await desktop.shows("Erika")
        assert [one.replaces for one in desktop.ever] == [0, 0]


async def test_too_often_is_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "AGAIN_AFTER_EXCESS", 0.05)
    async with a_screen(PLASMA) as (screen, desktop):
        screen.want({"one": RINGING})
        first = await desktop.shows("Anruf")
        screen.want({"one": RINGING, "two": RINGING})
        await desktop.until(lambda: desktop.refused > 1)
        await desktop.take_away(first, 2)
        await desktop.shows("Anruf")


async def test_a_bubble_that_is_only_an_update_never_appears_by_itself() -> None:
    async with a_screen() as (screen, desktop):
        screen.want({"call": Bubble(occasion="talking", summary="Im Gespräch", opens=False)})
        screen.notice("sentinel", SENTINEL)
        await desktop.shows("Sentinel")
        assert len(desktop.ever) == 1


async def test_notices_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "MOST_NOTICES", 3)
    async with a_screen() as (screen, desktop):
        for number in range(10):
            screen.notice(str(number), structs.replace(MISSED, summary=f"Verpasst {number}"))
            await desktop.shows(f"Verpasst {number}")
        assert len(screen._slots) <= 3
        await screen.clear()
        assert not screen._slots
        assert len(desktop.closed) == 3


async def test_who_is_not_in_charge_shows_nothing_until_it_is() -> None:
    async with a_screen() as (screen, desktop):
        screen.active = False
        screen.want({"call": RINGING})
        await asyncio.sleep(0.05)
        assert desktop.ever == []
        screen.activate()
        await desktop.shows("Anruf")


async def test_without_a_service_it_is_tried_again_and_what_is_over_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "AGAIN_AFTER_FAILURE", 0.02)
    async with a_bus() as address, open_bus(address) as bus:
        screen = Screen(Notifications(bus, app="Telefon", sound=False), clock=asyncio.get_running_loop().time)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(bus.run()), tasks.create_task(screen.run(lambda _key, _verb: None))]
            screen.want({"call": RINGING})
            screen.notice("missed", MISSED)
            await asyncio.sleep(0.1)
            async with a_desktop(address) as desktop:
                await desktop.shows("Anruf")
                assert [one.summary for one in desktop.on_screen.values()] == ["Anruf"]
            for one in running:
                one.cancel()


async def test_who_was_stopped_in_the_middle_of_a_question_finds_its_answer() -> None:
    """Else a bubble whose number nobody knows stays on the screen."""
    async with a_bus() as address, open_bus(address) as bus, asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(bus.run())
        asked = tasks.create_task(bus.call(BUS, "GetId", within=0.2))
        await asyncio.sleep(0)
        time.sleep(0.5)  # noqa: ASYNC251 - it is the process that stands still
        assert await asked
        reading.cancel()


async def test_who_does_not_answer_is_an_error_in_time() -> None:
    async with a_bus() as address, a_desktop(address), open_bus(address) as bus, asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(bus.run())
        with pytest.raises(BusError, match="NoReply"):
            await bus.call(SERVICE, "Sing", within=0.05)
        reading.cancel()
