"""A working day at the page on the real house: three tabs at one call, and the truth when something is cut or away."""

import asyncio
import os
import re
from collections.abc import Sequence

from playwright.async_api import Page, WebSocketRoute, expect

from ami_bridge.demo.sipp import call_from_trunk
from tests.page.axe import Axe
from tests.real.house import House
from tests.real.plays import Stage
from tests.real.test_page import a_browser

CITIZEN = "+493023125001"
CONNECTED = "Verbunden"
CUT = re.compile(r"^Verbindung unterbrochen, Stand \d\d:\d\d$")
CUT_FOR = 60.0 if os.environ.get("AMI_BRIDGE_SOAK") else 2.0
ENDED_STAYS = 50.0
"""Seconds, a little less than a call that is over stays on the page."""
BACK = 40_000
"""Milliseconds: the page's longest pause between two tries, and some."""


async def more_tabs(page: Page, house: House, *screens: str) -> list[Page]:
    """Open the page in further tabs of the same browser."""
    tabs = []
    for screen in screens:
        tab = await page.context.new_page()
        await tab.goto(f"{house.web}/#/{screen}")
        await tab.locator("html[data-seq]").wait_for(state="attached")
        tabs.append(tab)
    return tabs


async def all_show(tabs: Sequence[Page], state: str) -> None:
    await asyncio.gather(*(tab.locator(f'.call[data-state="{state}"]').first.wait_for() for tab in tabs))


async def test_a_call_comes_in_while_three_tabs_are_open(house: House, stage: Stage) -> None:
    """Answered, noted in one tab, transferred by keyboard in another; the third finds all of it in the journal."""
    async with a_browser(house) as page:
        second, third = await more_tabs(page, house, "calls", "calls")
        tabs = [page, second, third]
        at_anna, at_ben = stage.anna.mark(), stage.ben.mark()
        await stage.carla.dial("101")
        await stage.anna.ringing(after=at_anna)
        await all_show(tabs, "ringing")
        for tab in tabs:
            await expect(tab).to_have_title("Carla Çelik ruft an · ami_bridge")
        await stage.anna.accept()
        await all_show(tabs, "answered")
        card = second.locator('.call[data-state="answered"]')
        await card.get_by_role("button", name="Notiz").press("Enter")
        await second.get_by_role("dialog").get_by_label("Notiz").fill("Bauantrag ist da")
        await second.get_by_role("dialog").get_by_role("button", name="Speichern").press("Enter")
        for tab in tabs:
            await expect(tab.locator(".call-note").first).to_contain_text("Bauantrag ist da")
        send_on = page.locator('.call[data-state="answered"]').get_by_role("button", name="Verbinden")
        await expect(send_on).not_to_have_attribute("aria-disabled", "true")
        await send_on.press("Enter")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("combobox").press_sequentially("ben bib")
        option = dialog.get_by_role(
            "option", name="Ben Biber"
        ).first  # whom Anna has talked to comes after the colleague
        await option.wait_for()
        await page.keyboard.press("ArrowDown")
        await expect(option).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Enter")
        await expect(dialog).to_contain_text("An Ben Biber, 102")
        await dialog.get_by_role("button", name="Verbinden").press("Enter")
        await stage.ben.ringing(after=at_ben)
        await stage.ben.accept()
        await all_show(tabs, "ended")
        await stage.ben.hangup()
        await third.get_by_role("link", name="Verlauf").press("Enter")
        entry = third.locator(".entry").filter(has_text="Bauantrag ist da")
        await expect(entry).to_contain_text("Carla Çelik")
        assert await Axe(third).violations() == []


async def test_a_rejected_call_is_rejected_in_every_tab(house: House, stage: Stage) -> None:
    async with a_browser(house) as page:
        tabs = [page, *await more_tabs(page, house, "calls", "calls")]
        at_anna = stage.anna.mark()
        call = await call_from_trunk(house.pbx, CITIZEN, "+498999998101", hold_seconds=1)
        await stage.anna.ringing(after=at_anna)
        await all_show(tabs, "ringing")
        await tabs[2].get_by_role("button", name="Ablehnen").press("Enter")
        for tab in tabs:
            await expect(tab.locator('.call[data-result="rejected"] .state').first).to_have_text("Abgelehnt")
        await call.ended()


async def test_a_websocket_that_is_cut_is_told_and_what_came_meanwhile_is_there_after(
    house: House, stage: Stage
) -> None:
    async with a_browser(house) as page:
        links: list[WebSocketRoute] = []
        cut = False

        async def between(link: WebSocketRoute) -> None:
            if cut:
                await link.close(code=1011)
                return
            link.connect_to_server()
            links.append(link)

        await page.route_web_socket(re.compile("/api/v1/ws"), between)
        await page.reload()
        badge = page.locator("#badge")
        await expect(badge).to_have_text(CONNECTED)
        cut = True
        await links[-1].close(code=1011)
        await expect(badge).to_have_text(CUT)
        at_anna = stage.anna.mark()
        call = await call_from_trunk(house.pbx, CITIZEN, "+498999998101", cancel_after=0.5)
        await stage.anna.ringing(after=at_anna)
        await call.ended()
        await asyncio.sleep(CUT_FOR)  # as long as it is cut: nothing pretends to be live
        await expect(badge).to_have_text(CUT)
        await expect(page.locator('.call[data-state="ringing"]')).to_have_count(0)
        cut = False
        await expect(badge).to_have_text(CONNECTED, timeout=BACK)
        if CUT_FOR < ENDED_STAYS:
            await expect(page.locator('.call[data-result="missed"]').first).to_contain_text("Sabine Schröder")
        await page.get_by_role("link", name="Verlauf").press("Enter")
        newest = page.locator(".entry").first
        await expect(newest).to_contain_text("Sabine Schröder")
        await expect(newest).to_contain_text("Verpasst")


async def test_a_daemon_that_is_killed_is_missed_and_its_next_one_believed(house: House, stage: Stage) -> None:
    async with a_browser(house) as page:
        at_anna, at_carla = stage.anna.mark(), stage.carla.mark()
        await stage.anna.dial("103")
        await stage.anna.talking(after=at_anna)
        await all_show([page], "answered")
        await house.daemon.kill()
        badge = page.locator("#badge")
        await expect(badge).to_have_text(CUT)
        card = page.locator('.call[data-state="answered"]')
        await expect(card.locator(".state")).to_have_text("zuletzt: Im Gespräch")
        await house.start()
        await expect(badge).to_have_text(CONNECTED, timeout=BACK)
        await expect(card.locator(".state")).to_have_text("Im Gespräch", timeout=10_000)
        await stage.anna.hangup()
        await stage.carla.idle(after=at_carla)
        await expect(card).to_have_count(0)


async def test_who_signs_out_in_one_tab_is_signed_out_in_all(house: House) -> None:
    async with a_browser(house) as page:
        (other,) = await more_tabs(page, house, "journal")
        await other.get_by_role("button", name="Abmelden").click()
        await expect(page.locator(".signin")).to_be_visible()
        await expect(page.locator("main")).not_to_contain_text("Anna")
