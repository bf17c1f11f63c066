"""The page in a real browser, in front of the real daemon, with real calls."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from ami_bridge.demo.sipp import PlayedPhone, TrunkPhone, call_from_trunk
from tests.page.axe import Axe
from tests.real.house import House
from tests.real.plays import Stage

SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
REPORTS = (
    "window.complaints = [];"
    "document.addEventListener('securitypolicyviolation', (e) => window.complaints.push(e.violatedDirective));"
)


@asynccontextmanager
async def a_browser(
    house: House, *, user: str = "anna", locale: str = "de-DE", width: int = 1180
) -> AsyncIterator[Page]:
    """Somebody at the page, signed in with the groupware's password."""
    context = await (await house.browser()).new_context(locale=locale, viewport={"width": width, "height": 760})
    async with context:
        context.set_default_timeout(8_000)
        await context.add_init_script(REPORTS)
        page = await context.new_page()
        await page.goto(f"{house.web}/")
        await page.locator("#user").fill(user)
        await page.locator("#password").fill(house.pbx.secrets.passwords[user])
        await page.keyboard.press("Enter")
        await page.locator("html[data-seq]").wait_for(state="attached")
        yield page
        assert await page.evaluate("window.complaints") == []


async def test_anna_signs_in_and_sees_who_calls(house: House) -> None:
    async with PlayedPhone(house.pbx, "101", ring_seconds=1.5), a_browser(house) as page:
        call = await call_from_trunk(house.pbx, "+493023125001", "+498999998101", hold_seconds=1)
        ringing = page.locator('.call[data-state="ringing"]')
        await ringing.wait_for()
        shown = await ringing.inner_text()
        assert "Sabine Schröder" in shown
        assert "030 23125001" in shown
        assert "Sabine Schröder" in await page.title()
        await page.locator('.call[data-state="answered"]').wait_for()
        await page.locator('.call[data-state="ended"]').wait_for()
        await call.ended()
        assert await Axe(page).violations() == []


async def test_a_wrong_password_is_refused_in_words(house: House) -> None:
    async with await (await house.browser()).new_context(locale="de-DE") as context:
        page = await context.new_page()
        await page.goto(f"{house.web}/")
        await page.locator("#user").fill("anna")
        await page.locator("#password").fill("falsch")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").wait_for()
        assert await page.locator("html[data-seq]").count() == 0


async def test_the_page_says_when_the_telephone_system_is_away_and_when_it_is_back(house: House) -> None:
    async with a_browser(house, locale="en-GB") as page:
        badge = page.locator("#badge")
        usual = await badge.inner_text()
        await house.pbx.kill()
        await page.wait_for_timeout(200)
        async with asyncio.timeout(8):
            while await badge.inner_text() == usual:
                await asyncio.sleep(0.05)
        await house.pbx.start()
        async with asyncio.timeout(10):
            while await badge.inner_text() != usual:
                await asyncio.sleep(0.05)


async def test_a_call_comes_in_and_ends_by_the_pages_button(house: House, stage: Stage) -> None:
    """By keyboard alone: three tabs from the field to the button."""
    async with a_browser(house) as page:
        at_anna, at_carla = stage.anna.mark(), stage.carla.mark()
        await stage.carla.dial("101")
        await stage.anna.ringing(after=at_anna)
        reject = page.get_by_role("button", name="Ablehnen")
        await reject.focus()
        await page.keyboard.press("Enter")
        assert "486" in str(await stage.carla.idle(after=at_carla)), "the caller hears busy"
        await expect(page.locator('.call[data-result="rejected"] .state')).to_have_text("Abgelehnt")
        await expect(page.get_by_role("heading", name="Carla Çelik")).to_be_focused()


async def test_a_colleague_is_found_by_name_and_called(house: House, stage: Stage) -> None:
    async with a_browser(house) as page:
        at_anna, at_ben = stage.anna.mark(), stage.ben.mark()
        field = page.get_by_role("combobox", name="Name oder Nummer")
        await field.press_sequentially("ben bib")
        await page.get_by_role("option", name="Ben Biber").wait_for()
        await field.press("Enter")
        await stage.anna.ringing(after=at_anna)
        await expect(page.locator(".dial-now")).to_contain_text("wird Ben Biber (102) angerufen")
        await stage.anna.accept()
        await stage.ben.ringing(after=at_ben)
        await stage.ben.accept()
        await page.locator('.call[data-state="answered"]').wait_for()
        await expect(page.locator(".dial-now")).to_have_count(0)
        await expect(page.locator(".calls[data-settling]")).to_have_count(0)
        await page.get_by_role("button", name="Auflegen").click()
        await stage.ben.idle(after=at_ben)
        await page.locator('.call[data-state="ended"]').wait_for()


async def test_a_call_at_a_colleagues_telephone_is_picked_up(house: House, stage: Stage) -> None:
    """The daemon offers the group's topic, the page follows it, and the own telephone gets the call."""
    async with a_browser(house) as page:
        at_anna, at_ben = stage.anna.mark(), stage.ben.mark()
        await stage.carla.dial("102")
        await stage.ben.ringing(after=at_ben)
        others = page.get_by_role("region", name="Klingelt bei anderen: Bürgerbüro")
        await others.get_by_role("heading", name="Carla Çelik").wait_for()
        await others.get_by_role("button", name="Heranholen").click()
        await stage.anna.ringing(after=at_anna)
        await stage.anna.accept()
        await page.locator('.call[data-state="answered"]').wait_for()
        await expect(others).to_have_count(0)
        await stage.ben.idle(after=at_ben)


async def test_a_missed_call_stands_in_the_journal_until_it_is_done(house: House, stage: Stage) -> None:
    async with a_browser(house) as page:
        await page.get_by_role("link", name="Verlauf").click()
        await page.get_by_role("radio", name="Verpasst").check(force=True)
        at_anna = stage.anna.mark()
        call = await call_from_trunk(house.pbx, "+493023125001", "+498999998101", cancel_after=0.5)
        await stage.anna.ringing(after=at_anna)
        await call.ended()
        group = page.locator('.entry[data-number="+493023125001"]')
        await expect(group).to_contain_text("Sabine Schröder")
        await expect(page.get_by_role("link", name="nicht zurückgerufen")).to_be_visible()
        await group.get_by_role("button", name="Erledigt").click()
        await expect(group).to_have_count(0)
        await page.get_by_role("radio", name="Alle").check(force=True)
        await expect(page.locator(".entry").first).to_contain_text("erledigt von Anna Amsel")
        assert await Axe(page).violations() == []
        await page.get_by_role("link", name="Einstellungen").click()
        await expect(page.get_by_role("row", name="verpasste Anrufe von draußen")).to_contain_text("30 ")
        assert await Axe(page).violations() == []


@pytest.mark.parametrize("user", ["ben"])
async def test_a_picture_of_a_busy_morning(house: House, stage: Stage, user: str) -> None:
    """Several calls at once as Ben sees them: what README shows is made of this."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    async with TrunkPhone(house.pbx, ring_seconds=0.2), a_browser(house, user=user) as page:
        mark = stage.ben.mark()
        await stage.ben.dial("004066969004")
        await stage.ben.talking(after=mark)
        await stage.ben.hold()
        call = await call_from_trunk(house.pbx, "+493023125001", "+498999998102", hold_seconds=3)
        await page.locator('.call[data-state="held"]').wait_for()
        await page.locator('.call[data-state="ringing"]').wait_for()
        group = await call_from_trunk(house.pbx, "+4969 90009002".replace(" ", ""), "+498999998000", hold_seconds=3)
        async with asyncio.timeout(5):
            while await page.locator('.call[data-state="ringing"]').count() < 2:
                await asyncio.sleep(0.05)
        await expect(page.locator("[data-verb][aria-disabled]")).to_have_count(0)
        await page.screenshot(path=SCREENSHOTS / "real-calls.png", full_page=True)
        if os.environ.get("AMI_BRIDGE_PICTURES"):
            pictures = Path(__file__).parents[2] / "docs" / "pictures"
            pictures.mkdir(parents=True, exist_ok=True)
            shutil.copy(SCREENSHOTS / "real-calls.png", pictures / "calls.png")
        assert await Axe(page).violations() == []
        await call.stop()
        await group.stop()
        await house.pbx.cli("channel request hangup all")
