"""Every screen at once: hostile texts do nothing, and everybody can use it in the other language and width too."""

import os
from typing import Any

import pytest

from tests.page import tour
from tests.page.conftest import Desk
from tests.page.test_axe import LIGHTS, in_every_light, small_targets

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOAK = bool(os.environ.get("AMI_BRIDGE_SOAK"))
NARROW = {"viewport": {"width": 320, "height": 640}}
LOOKS: dict[str, dict[str, Any]] = {
    "wide-english": {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"},
    "narrow-german": NARROW,
}
"""What the tests of the single screens do not look at."""


@pytest.mark.parametrize("looks", [NARROW], ids=["narrow"])
async def test_hostile_texts_do_nothing_on_any_screen(desk: Desk) -> None:
    tour.fill(desk.daemon)
    tour.make_hostile(desk.daemon)
    await desk.is_signed_in()
    seen = []
    async for screen in tour.screens(desk):
        await desk.photograph(f"hostile-{screen}-narrow")
        assert await desk.page.locator("#app :is(img:not(.brand img), script, b, iframe)").count() == 0, screen
        assert await desk.fits(), screen
        assert "alert(1)" in await desk.page.locator("main").inner_text(), f"{screen} shows no text of others"
        seen.append(screen)
    assert await desk.check() == []
    assert set(seen) >= set(tour.SCREENS)


@pytest.mark.parametrize("looks", LOOKS.values(), ids=LOOKS.keys())
async def test_everybody_can_use_every_screen(desk: Desk, request: pytest.FixtureRequest) -> None:
    lights = LIGHTS if SOAK else ["dark" if "wide" in request.node.callspec.id else "light"]
    tour.fill(desk.daemon)
    await desk.is_signed_in()
    async for screen in tour.screens(desk):
        assert await in_every_light(desk, f"{screen}-{request.node.callspec.id}", lights) == {}, screen
        assert await small_targets(desk) == [], screen
