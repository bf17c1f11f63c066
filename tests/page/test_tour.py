"""Every screen at once: hostile texts do nothing, and everybody can use it in the other language and width too."""

from typing import Any

import pytest

from tests.page import tour
from tests.page.conftest import SOAK, Desk
from tests.page.test_axe import LIGHTS, in_every_light, small_targets

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = {"viewport": {"width": 320, "height": 640}}
WIDE = {"viewport": {"width": 1280, "height": 800}}
LOOKS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "wide-german": (WIDE, ("light", "forced")),
    "wide-english": ({**WIDE, "locale": "en-GB"}, ("dark",)),
    "narrow-german": (NARROW, ("dark", "still")),
    "narrow-english": ({**NARROW, "locale": "en-GB"}, ("light", "forced-dark")),
}
"""Every width in every language, and in which lights; all of them in the long form."""


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


@pytest.mark.parametrize(
    ("looks", "lights"),
    [(look, tuple(LIGHTS) if SOAK else lights) for look, lights in LOOKS.values()],
    ids=LOOKS.keys(),
)
async def test_everybody_can_use_every_screen(
    desk: Desk, lights: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    look = request.node.callspec.id
    tour.fill(desk.daemon)
    await desk.is_signed_in()
    async for screen in tour.screens(desk, dialogs=SOAK or look == "narrow-english"):
        seen = lights if SOAK or "-dialog-" not in screen else lights[:1]
        assert await in_every_light(desk, f"{screen}-{look}", seen) == {}, screen
        assert await small_targets(desk) == [], screen
        assert await endless(desk) == [], screen


async def endless(desk: Desk) -> list[str]:
    """What moves for ever: it would distract people, and cost a computer that shows the page all day."""
    found = await desk.page.evaluate(
        """document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime === Infinity)
             .map((one) => one.animationName ?? one.transitionProperty)"""
    )
    assert isinstance(found, list)
    return found
