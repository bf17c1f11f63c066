"""A number clicked in the groupware: a real browser, the page that asks, and one's own telephone that rings."""

from playwright.async_api import Page, Route

from ami_bridge.demo.sipp import PlayedPhone
from tests.page.axe import Axe
from tests.real.house import House
from tests.real.tap import Tap
from tests.real.test_dial import in_calls, ringing_for_ever, settled
from tests.real.test_page import a_browser

TRUSTED, OTHER = "http://localhost:1", "http://localhost:2"  # as in the house's configuration; nobody listens there


async def groupware(page: Page, house: House, origin: str, to: str) -> None:
    """Open a page of another site that links to a number, and click there."""

    async def serve(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=f'<a href="{house.web}/dial?to={to}">call</a>')

    await page.route(f"{origin}/**", serve)
    await page.goto(f"{origin}/addressbook")
    await page.get_by_role("link", name="call").click()


async def test_a_click_in_another_page_asks_who_is_meant_and_the_button_rings_ones_own_telephone(
    house: House,
) -> None:
    async with ringing_for_ever(house), a_browser(house) as page:
        with Tap() as tap:
            await groupware(page, house, OTHER, "102")
            button = page.get_by_role("button", name="Anrufen")
            await button.wait_for()
            assert "Ben Biber" in await page.locator("main").inner_text(), "known only to who is signed in"
            assert await Axe(page).violations() == []
            assert await in_calls(house, "101", "102") == []
            await button.click()
            await page.get_by_role("heading", name="Ihr Telefon klingelt").wait_for()
            assert len(await settled(tap, house, "101")) == 1
            await page.reload()  # sends the form once more
            await page.get_by_role("heading", name="Ihr Telefon klingelt").wait_for()
            assert len(await settled(tap, house, "101")) == 1


async def test_a_click_in_a_trusted_page_rings_at_once_but_an_emergency_asks(house: House) -> None:
    async with ringing_for_ever(house), a_browser(house) as page:
        with Tap() as tap:
            await groupware(page, house, TRUSTED, "%2B493023125001")
            await page.get_by_role("heading", name="Ihr Telefon klingelt").wait_for()
            assert "Sabine Schröder" in await page.locator("main").inner_text()
            (own,) = await settled(tap, house, "101")
            assert "Sabine Schröder" in own.header("From")
            await groupware(page, house, TRUSTED, "112")
            await page.get_by_role("button", name="Anrufen").click()  # the box is not ticked, so nothing is sent
            await page.get_by_label("Ja, das ist ein Notruf.").wait_for()
            assert await Axe(page).violations() == []
            assert len(await settled(tap, house, "101")) == 1


async def test_who_is_not_signed_in_is_told_so_and_nothing_rings(house: House) -> None:
    async with PlayedPhone(house.pbx, "101"), a_browser(house) as page:
        await page.context.clear_cookies()
        await groupware(page, house, OTHER, "102")
        button = page.get_by_role("button", name="Anrufen")
        await button.wait_for()
        assert "Ben Biber" not in await page.locator("main").inner_text()
        await button.click()
        await page.get_by_role("heading", name="Noch nicht angemeldet").wait_for()
        assert await in_calls(house, "101", "102") == []
