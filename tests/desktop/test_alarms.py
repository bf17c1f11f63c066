"""Alarms in bubbles: whoever looks after plants sees one until somebody takes care of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ami_bridge import wire
from ami_bridge.desktop.alarms import SEVERAL, Alarms
from ami_bridge.desktop.words import WORDS
from ami_bridge.errors import GoneError, NotAllowedError
from tests.desktop.world import World, a_world, alarm, call, utc
from tests.fakes.notifications import XFCE

EMIL = wire.AlarmBy(login="emil", name="Emil Elster", at=utc(), how="phone")


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("ami_bridge.desktop.screen.PROOF_WITHIN", 60.0)  # nobody sleeps here
    async with a_world(XFCE) as here:
        here.daemon.alarms = {}
        yield here


async def test_an_alarm_has_a_bubble_until_somebody_has_taken_over(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells_of_alarm(alarm())
        shown = await world.desktop.shows("ALARM: Gasmotor steht")
        assert shown.body.startswith("Kläranlage\nseit ")
        assert shown.keys == ["default", "take-over"]
        await world.desktop.press(shown, "take-over")
        async with asyncio.timeout(5):
            while not world.daemon.done:
                await asyncio.sleep(0.01)
        [(login, op, params, key)] = world.daemon.done
        assert (login, op, params) == ("anna", "alarm.take-over", {"alarm": "ALARM1"})
        assert key
        world.daemon.tells_of_alarm(alarm(2, text="Pumpe 2"))
        await world.desktop.shows("ALARM: Pumpe 2")
        world.daemon.tells_of_alarm(alarm(rev=2, taken_over=EMIL))
        world.daemon.tells_of_alarm(alarm(2, rev=2, acknowledged=EMIL, state="acknowledged"))
        await world.desktop.until(lambda: not world.desktop.on_screen)


async def test_what_did_not_happen_is_told_and_the_bubble_is_back(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.refuses = GoneError("This alarm is closed.")
        world.daemon.tells_of_alarm(alarm())
        await world.desktop.press(await world.desktop.shows("ALARM: Gasmotor"), "take-over")
        told = await world.desktop.shows("Das ging nicht")
        assert told.body == "Der Alarm ist schon erledigt."


async def test_the_bubble_leads_to_the_page_where_a_token_may_not_act(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    async def browse(address: str) -> None:
        opened.append(address)

    monkeypatch.setattr("ami_bridge.desktop.session.open_in_browser", browse)
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.refuses = NotAllowedError("This token is not good for alarms.")
        world.daemon.tells_of_alarm(alarm())
        await world.desktop.press(await world.desktop.shows("ALARM: Gasmotor"), "take-over")
        await world.desktop.until(lambda: bool(opened))
    assert opened == [f"{world.daemon.url}/#/alarms/ALARM1"]


async def test_who_looks_after_no_plant_has_calls_only(world: World) -> None:
    world.daemon.alarms = None
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.shows("Anruf: Erika Mustermann")
    assert not [one for one in world.desktop.ever if "ALARM" in one.summary]


def test_a_flood_is_one_bubble_and_what_rests_or_is_told_with_another_is_none() -> None:
    known = Alarms()
    known.replace(
        [alarm(1, overlay="shelved"), alarm(2, bundle="ALARM3"), alarm(3, bundled=7), alarm(4, state="closed")]
    )
    [one] = known.bubbles(WORDS["de"]).values()
    assert "und 7 weitere" in one.body
    known.replace([alarm(number, text=f"Störung {number}") for number in range(9)])
    bubbles = known.bubbles(WORDS["en"])
    assert list(bubbles) == [SEVERAL]
    assert bubbles[SEVERAL].summary == "9 alarms that nobody has taken over"
    assert bubbles[SEVERAL].urgent


def test_a_test_alarm_says_so_and_an_older_word_counts_for_nothing() -> None:
    known = Alarms()
    known.apply(alarm(rev=5, test=True, text="Bitte bestätigen"))
    known.apply(alarm(rev=4, taken_over=EMIL))
    assert [one.summary for one in known.bubbles(WORDS["de"]).values()] == ["Probealarm: Bitte bestätigen"]
