"""Every screen in front of the demo's house, with real calls, a room and an alarm: `make screenshots`.

`python -m tests.page.screenshots` shows the same screens with everything that there can be.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page

from ami_bridge.demo import alarms
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import free
from tests.page.conftest import SCREENSHOTS
from tests.page.screenshots import LANGUAGES, PATIENCE, WIDTHS, take
from tests.real.conftest import HOME
from tests.real.house import House, a_house
from tests.real.test_alarms import raise_alarm

RINGS_FOR = 600
"""Seconds: as long as anybody takes pictures."""
SEEN_BY = {
    "anna": ("calls", "journal", "contacts", "conferences", "settings"),
    "eva": ("alarms", "admin"),
}


async def show(page: Page, house: House, screen: str) -> None:
    """Go to a screen, where somebody looks for Schröder among the contacts, and see it to its end."""
    await page.goto(f"{house.web}/#/{screen}")
    if screen == "contacts":
        await page.locator("#contact-search").fill("schr")
        await page.locator(".entry").first.wait_for()
    await page.wait_for_load_state("networkidle")


async def pictures(house: House, folder: Path) -> int:
    """Take all of them; returns how many."""
    taken = 0
    browser = await house.browser()
    for language, locale in LANGUAGES.items():
        for width, viewport in WIDTHS.items():
            for user, screens in SEEN_BY.items():
                async with await browser.new_context(locale=locale, viewport=viewport) as context:  # type: ignore[arg-type]
                    context.set_default_timeout(PATIENCE)
                    page = await context.new_page()
                    await page.goto(f"{house.web}/")
                    await page.locator("#user").fill(user)
                    await page.locator("#password").fill(house.pbx.secrets.passwords[user])
                    await page.keyboard.press("Enter")
                    await page.locator("html[data-seq]").wait_for(state="attached")
                    for screen in screens:
                        await show(page, house, screen)
                        taken += await take(page, folder, screen, f"{language}-{width}")
    return taken


async def main(folder: Path) -> None:
    """Open the house, let things happen in it, and take pictures into the folder."""
    with tempfile.TemporaryDirectory() as own:
        instance = f"pictures-{os.getpid()}"
        async with Pbx(home=HOME, instance=instance, ports=free(), ring_seconds=RINGS_FOR, say=_quiet) as pbx:
            config = alarms.CONFIG.format(media=pbx.alarms_folder)
            async with (
                a_house(pbx, Path(own), alarms=config) as house,
                Phone(pbx, "101") as anna,
                Phone(pbx, "103", mode="answer") as carla,
                Phone(pbx, "104") as dieter,
            ):
                at_anna, at_dieter = anna.mark(), dieter.mark()
                await anna.dial("103")
                await anna.talking(after=at_anna)
                await anna.hangup()
                await anna.idle(after=at_anna)
                at_anna = anna.mark()
                await carla.dial("101")
                await anna.ringing(after=at_anna)
                await house.rest(
                    "anna", "POST", "/rooms", {"title": "Bauabnahme Nord", "kind": "personal", "waits": True}
                )
                await raise_alarm(house, "gas-engine")
                await dieter.ringing(after=at_dieter)
                print(f"{await pictures(house, folder)} pictures in {folder}")
        shutil.rmtree(pbx.folder)


def _quiet(_text: str) -> None:
    """Keep quiet: only the pictures count."""


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else SCREENSHOTS / "house"
    where.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(where))
