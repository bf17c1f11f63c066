"""Pictures of numbers: drawn from what is told, read out in one sentence, with a table beside; never of one person."""

import pytest
from playwright.async_api import expect

from tests.page import tour
from tests.page.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_calls_of_the_house_by_hour_have_a_table_beside_them(desk: Desk) -> None:
    tour.fill(desk.daemon)
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/journal")
    house = desk.page.locator("[data-house]")
    await house.get_by_text("Anrufe des Hauses heute").focus()
    await desk.page.keyboard.press("Enter")
    image = house.get_by_role("img", name="Anrufe je Stunde. von draußen, angenommen: 138, von draußen, verpasst: 46")
    await expect(image).to_be_visible()
    await expect(image.locator(".columns rect")).to_have_count(4 * 19)  # each fifth hour nobody called
    await house.get_by_text("Als Tabelle zeigen").focus()
    await desk.page.keyboard.press("Enter")
    await expect(house.get_by_role("row")).to_have_count(25)
    assert await desk.check() == []


async def test_a_small_house_is_not_counted(desk: Desk) -> None:
    desk.daemon.answers.too_few = True
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/journal")
    await desk.page.get_by_text("Anrufe des Hauses heute").click()
    await expect(desk.page.get_by_text("weniger als fünf Telefonen wird nichts gezählt")).to_be_visible()
    await expect(desk.page.locator(".picture")).to_have_count(0)
