"""Every screen as a picture, to be looked at: `make screenshots` or `python -m tests.page.screenshots [folder]`.

Two languages, light and dark, 1280 and 320 pixels wide: filled with everything that a house can have, with its dialogs;
empty; and when something is away.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.page import office, tour
from tests.page.conftest import FLAGS, SCREENSHOTS, Desk, window
from tests.page.counterpart import Counterpart
from tests.page.town import call

LANGUAGES = {"de": "de-DE", "en": "en-GB"}
WIDTHS = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 320, "height": 640}}
PATIENCE = 60_000
LIGHTS: tuple[Any, ...] = ("light", "dark")
BARE = ("calls", "journal", "contacts", "conferences", "alarms", "settings")


async def take(page: Page, folder: Path, name: str, ending: str) -> int:
    """One picture in each light; returns how many."""
    for light in LIGHTS:
        await page.emulate_media(color_scheme=light, reduced_motion="reduce")
        await page.screenshot(
            path=folder / f"{name}-{ending}-{light}.png", full_page="-dialog-" not in name, timeout=PATIENCE
        )
    return len(LIGHTS)


async def full(desk: Desk) -> AsyncIterator[str]:
    """Show every screen with everything on it, and its dialogs."""
    tour.fill(desk.daemon)
    await desk.is_signed_in()
    async for screen in tour.screens(desk, dialogs=True):
        yield screen


async def bare(desk: Desk) -> AsyncIterator[str]:
    """Show what somebody sees who signs in where nothing is yet, and when something is away."""
    page, daemon = desk.page, desk.daemon
    office.fill(daemon)
    daemon.user = msgspec.structs.replace(office.EVA, roles=(*office.EVA.roles, "plant"), extensions=("105",))
    await desk.opens()
    await page.locator("#user").wait_for()
    yield "signin"
    await desk.signs_in()
    for screen in BARE:
        await page.goto(f"{daemon.url}#/{screen}")
        await page.locator("main .empty, main .stored, main .muted").first.wait_for()
        yield f"{screen}-empty"
    await page.goto(f"{daemon.url}#/calls")
    await desk.sees(call())
    await desk.has_read(await daemon.loses_the_pbx())
    yield "calls-without-pbx"
    daemon.away = True
    await daemon.ends_links(4008)
    await page.locator("#badge.badge-bad").wait_for()
    yield "calls-cut"


async def pictures(browser: Browser, folder: Path) -> int:
    """Take all of them; returns how many."""
    taken = 0
    for language, locale in LANGUAGES.items():
        for width, viewport in WIDTHS.items():
            ending = f"{language}-{width}"
            for walk in (bare, full):
                async with Counterpart().running() as daemon, window(browser, locale=locale, viewport=viewport) as page:
                    page.set_default_timeout(PATIENCE)
                    async for name in walk(Desk(page, daemon)):
                        taken += await take(page, folder, name, ending)
    return taken


async def main(folder: Path) -> None:
    """Take them into the folder."""
    expect.set_options(timeout=5_000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        print(f"{await pictures(browser, folder)} pictures in {folder}")
        await browser.close()


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else SCREENSHOTS / "screens"
    where.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(where))
