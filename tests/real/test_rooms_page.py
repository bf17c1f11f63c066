"""The screen Conferences on the real house: a room is made there, a telephone dials in, its moderator acts."""

import asyncio
import re

from playwright.async_api import Locator, Page, expect

from ami_bridge.demo.phones import Phone
from tests.page.axe import Axe
from tests.real.house import House
from tests.real.test_page import SCREENSHOTS, a_browser
from tests.real.test_rooms import dials_in, forgive, in_room

TITLE = "Bauabnahme Nord"
IN = 15_000
"""Milliseconds in which somebody who dials in is there: the greeting comes first."""


async def makes(page: Page) -> Locator:
    """Make a room on the page, with Ben invited; return its card."""
    await page.get_by_role("link", name="Konferenzen").click()
    await page.get_by_role("button", name="Neuer Raum").click()
    dialog = page.get_by_role("dialog", name="Neuer Konferenzraum")
    await dialog.get_by_label("Titel").fill(TITLE)
    await dialog.get_by_label("ständig, für mich").check()
    await dialog.get_by_role("combobox").press_sequentially("ben bib")
    await dialog.get_by_role("option", name="Ben Biber").click()
    await page.screenshot(path=SCREENSHOTS / "rooms-make.png")
    await dialog.get_by_role("button", name="Raum anlegen").click()
    card = page.locator(".room").filter(has=page.get_by_role("heading", name=TITLE))
    await expect(card.get_by_role("heading", name=TITLE)).to_be_focused()
    return card


async def digits(place: Locator) -> str:
    """Read a PIN off the page."""
    return re.sub(r"\D", "", await place.inner_text())


async def is_written(house: House, number: str) -> bool:
    """Whether there is a recording of the room."""
    return any(house.pbx.recordings_folder.glob(f"conf-{number}-*"))


async def has_no_room(house: House) -> None:
    """End the rooms of Anna, who may have one that stays."""
    _, said = await house.rest("anna", "GET", "/rooms")
    for room in said["rooms"]:
        if room["title"] == TITLE:
            assert (await house.rest("anna", "DELETE", f"/rooms/{room['number']}"))[0] in {200, 204}


async def test_a_room_is_made_on_the_page_and_led_from_there(house: House) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await forgive(house)
    await has_no_room(house)
    async with a_browser(house) as page, Phone(house.pbx, "101") as anna, Phone(house.pbx, "102") as ben:
        card = await makes(page)
        number = await card.get_attribute("data-room") or ""
        await card.get_by_role("button", name="Eingeladene und PINs").click()
        invited = card.locator("[data-pin]").filter(has_text="Ben Biber")
        ben_pin = await digits(invited.locator(".digits"))
        own = await digits(card.locator(".room-ways div").filter(has_text="Meine PIN").locator("dd"))
        await asyncio.gather(dials_in(ben, number, ben_pin, number=number), dials_in(anna, number, own, number=number))
        people = card.locator("[data-participant]")
        there = people.filter(has_text="Ben Biber")
        hers = people.filter(has_text="Anna Amsel")
        await expect(there).to_be_visible(timeout=IN)
        await expect(hers.get_by_text("moderiert", exact=True)).to_be_visible(timeout=IN)
        await expect(there.get_by_text("wartet", exact=True)).to_have_count(0, timeout=IN)
        await expect(hers.get_by_role("button", name="Entfernen")).to_have_count(0)

        await card.get_by_role("button", name="Aufzeichnen").click()
        await expect(card.get_by_text("wird aufgezeichnet")).to_be_visible(timeout=IN)
        await there.get_by_role("button", name="Stumm schalten").click()
        await expect(there.get_by_text("stumm", exact=True)).to_be_visible()
        assert "m" in (await house.pbx.cli(f"confbridge list {number}")).split("PJSIP/102")[1].split("\n")[0]
        await page.screenshot(path=SCREENSHOTS / "rooms-live.png", full_page=True)
        assert await Axe(page).violations() == []
        await house.pbx.until(lambda: is_written(house, number), "nothing is recorded", 20)  # all are told first
        await card.get_by_role("button", name="Aufzeichnung beenden").click()
        await expect(page.get_by_role("link", name=TITLE)).to_have_attribute("href", re.compile("recordings"))

        mark = ben.mark()
        await there.get_by_role("button", name="Entfernen").click()
        await page.get_by_role("dialog").get_by_role("button", name="Entfernen").click()
        await ben.idle(after=mark)
        await expect(there).to_have_count(0, timeout=IN)
        await expect(invited).to_have_count(0)
        assert await in_room(house, number) == 1
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.screenshot(path=SCREENSHOTS / "rooms-narrow.png", full_page=True)
        await card.get_by_role("button", name="Raum beenden").click()
        await page.get_by_role("dialog").get_by_role("button", name="Beenden").click()
        await expect(card).to_have_count(0)
    await house.pbx.quiet()
