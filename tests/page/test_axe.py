"""axe-core finds nothing, in every light and both languages; and it would find something if there were."""

from collections.abc import Iterable
from typing import Any

import pytest

from ami_bridge.wire import Line, Peer
from tests.page.conftest import Desk
from tests.page.town import HOSTILE, call, ended, every_state

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = {"viewport": {"width": 320, "height": 640}}
LOOKS: dict[str, dict[str, Any]] = {
    "wide-german": {"viewport": {"width": 1280, "height": 800}},
    "narrow-english": {**NARROW, "locale": "en-GB"},
}
LIGHTS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "no-preference"},
    "dark": {"color_scheme": "dark", "forced_colors": "none", "reduced_motion": "no-preference"},
    "forced": {"color_scheme": "light", "forced_colors": "active", "reduced_motion": "no-preference"},
    "forced-dark": {"color_scheme": "dark", "forced_colors": "active", "reduced_motion": "no-preference"},
    "still": {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce"},
}


async def in_every_light(desk: Desk, name: str, lights: Iterable[str] = LIGHTS) -> dict[str, list[str]]:
    """What axe finds, by light; empty where it finds nothing. The page goes on living meanwhile."""
    found = {}
    for light in lights:
        await desk.page.emulate_media(**LIGHTS[light])
        await desk.photograph(f"{name}-{light}")
        violations = await desk.check()
        if not await desk.fits():
            violations.append("wider than the window")
        violations += [f"cut off: {text}" for text in await cut_off(desk)]
        if violations:
            found[light] = violations
    return found


@pytest.mark.parametrize("looks", LOOKS.values(), ids=LOOKS.keys())
async def test_everybody_can_use_it(desk: Desk, request: pytest.FixtureRequest) -> None:
    look = request.node.callspec.id
    await desk.opens()
    await desk.page.locator("#user").wait_for()
    assert await in_every_light(desk, f"signin-{look}") == {}
    await desk.signs_in()
    for one in every_state():
        await desk.daemon.tells(one)
    await desk.has_read(desk.daemon.seq)
    assert await in_every_light(desk, f"calls-{look}") == {}
    assert await desk.page.locator(".call").count() == len(every_state())
    assert await small_targets(desk) == []
    assert await cut_short(desk) == []
    await desk.has_read(await desk.daemon.loses_the_pbx())
    await desk.photograph(f"pbx-down-{look}")
    assert await desk.check() == []


@pytest.mark.parametrize("looks", [NARROW], ids=["narrow"])
async def test_hostile_names_break_no_rule_either(desk: Desk) -> None:
    await desk.is_signed_in()
    for number, name in enumerate(HOSTILE):
        peer = Peer(number="+4930", display=name, name=name, org=name)
        line = Line(exten="000", label=name)
        await desk.daemon.tells(call(f"x{number}", peer=peer, line=line, forwarded_by=peer, others=(peer,) * 9))
    await desk.has_read(await desk.daemon.tells(ended("last")))
    await desk.photograph("hostile-narrow")
    assert await desk.check() == []
    assert await desk.fits()


async def test_the_empty_screens_break_no_rule(desk: Desk) -> None:
    await desk.is_signed_in()
    assert await desk.check() == []
    await desk.has_read(await desk.daemon.loses_the_pbx())
    assert await desk.check() == []


async def test_axe_would_report_a_defect(desk: Desk) -> None:
    await desk.opens()
    await desk.page.locator("#user").wait_for()
    await desk.page.evaluate(
        "document.documentElement.removeAttribute('lang'); document.querySelector('label[for=user]').remove()"
    )
    found = {line.split(":")[0] for line in await desk.check()}
    assert {"html-has-lang", "label"} <= found


async def small_targets(desk: Desk) -> list[str]:
    found = await desk.page.evaluate(
        """[...document.querySelectorAll('a:not(.skip), button, input:not(.unseen), select')]
             .filter((target) => target.getClientRects().length)
             .map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect()])
             .filter(([, box]) => box.width < 23.9 || box.height < 23.9).map(([html]) => html)"""
    )
    assert isinstance(found, list)
    return found


async def cut_off(desk: Desk) -> list[str]:
    """What is too wide for its box, where it is cut off instead of making the page wide."""
    found = await desk.page.evaluate(
        """[...document.querySelectorAll('main *')]
             .filter((box) => getComputedStyle(box).overflowX === 'clip' && box.scrollWidth > box.clientWidth + 1)
             .map((box) => box.className + ' ' + box.textContent.slice(0, 40))"""
    )
    assert isinstance(found, list)
    return found


async def cut_short(desk: Desk) -> list[str]:
    """Texts of usual length that are not shown whole."""
    found = await desk.page.evaluate(
        """[...document.querySelectorAll('.call bdi, .call-title, .call-peer > *, .person-name span')]
             .filter((box) => !box.classList.contains('unseen'))
             .filter((box) => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).display !== 'inline')
             .map((box) => box.textContent)"""
    )
    assert isinstance(found, list)
    return found
