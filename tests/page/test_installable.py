"""The page stands on a phone's home screen like a program of its own, and leads from there to the alarms."""

import json
import struct

import pytest
from playwright.async_api import expect

from tests.page.alarms import DIETER, alarm
from tests.page.conftest import Desk
from tests.page.counterpart import STATIC

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANIFEST = json.loads((STATIC / "manifest.webmanifest").read_text("utf-8"))
PNG = b"\x89PNG\r\n\x1a\n"


async def test_a_browser_takes_it_for_a_program_that_can_be_installed(desk: Desk) -> None:
    await desk.is_signed_in()
    link = await desk.page.context.new_cdp_session(desk.page)
    manifest = await link.send("Page.getAppManifest")
    assert (manifest["errors"], json.loads(manifest["data"])) == ([], MANIFEST)
    found = await link.send("Page.getInstallabilityErrors")
    await link.detach()
    # Chromium installs nothing from a private window, as that of the tests is one: all else must be right.
    assert [one["errorId"] for one in found["installabilityErrors"]] == ["in-incognito"]


async def test_every_icon_is_there_in_the_size_that_is_told() -> None:
    there = {icon["src"]: icon["sizes"] for icon in MANIFEST["icons"] if icon["type"] == "image/png"}
    assert set(there.values()) >= {"192x192", "512x512"}
    for name, size in there.items():
        data = (STATIC / name.removeprefix("/static/")).read_bytes()
        assert data.startswith(PNG)
        assert "{}x{}".format(*struct.unpack(">II", data[16:24])) == size
    assert "maskable" in {icon.get("purpose") for icon in MANIFEST["icons"]}


@pytest.mark.parametrize("looks", [{"viewport": {"width": 320, "height": 640}, "has_touch": True}], ids=["phone"])
async def test_its_shortcut_leads_to_alarms_that_can_be_read_and_taken_over_on_a_phone(desk: Desk) -> None:
    desk.daemon.user = DIETER
    desk.daemon.alarms.open = {alarm().id: alarm()}
    await desk.is_signed_in()
    [shortcut] = [one["url"] for one in MANIFEST["shortcuts"] if "alarms" in one["url"]]
    await desk.page.goto(desk.daemon.url + shortcut.removeprefix("/"))
    card = desk.page.locator("[data-alarm]")
    take_over = card.get_by_role("button", name="Übernehmen")
    await expect(take_over).not_to_have_attribute("aria-disabled", "true")
    box, button = await card.bounding_box(), await take_over.bounding_box()
    assert box
    assert button
    assert button["height"] >= 40  # for a thumb
    assert button["width"] >= box["width"] * 0.85
    await take_over.tap()
    await expect(card.locator('[data-fact="taken_over"]')).to_contain_text("Dieter Dachs")
    assert await desk.fits()
