"""A working day without a mouse: only Tab, arrows, Enter, Escape and letters, while news come in all the time."""

import pytest
from playwright.async_api import Locator, expect

from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until
from tests.page.rooms import PEOPLE, live, person
from tests.page.town import BEN, answered, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST = 60
"""Tabs that somebody would press to get somewhere on a full screen."""


async def tab_to(desk: Desk, target: Locator, back: str = "") -> None:
    """Press Tab until it is there, as people do."""
    await target.wait_for()
    for _ in range(MOST):
        if await target.evaluate("(one) => one === document.activeElement"):
            return
        await desk.page.keyboard.press(f"{back}Tab")
    raise AssertionError(f"no way by Tab to {target}")


async def test_a_call_is_answered_noted_and_sent_on_and_its_caller_called_back(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    keyboard = desk.page.keyboard
    await desk.sees(call(actions=("answer", "reject")))
    await expect(desk.said).to_contain_text("Anruf von Erika Mustermann")
    card = desk.card("Erika Mustermann")
    await tab_to(desk, card.get_by_role("button", name="Annehmen"))
    await desk.sees(call("ben", peer=BEN, rev=1, state="held"))  # another one comes and takes nothing away
    await expect(card.get_by_role("button", name="Annehmen")).to_be_focused()
    await keyboard.press("Enter")
    await until(lambda: [one.op for one in desk.daemon.asked] == ["call.answer"])
    await desk.sees(answered(actions=("hangup", "transfer", "consult", "note")))
    await expect(card.get_by_role("heading")).to_be_focused()
    await expect(desk.page.locator('[data-verb][aria-disabled="true"]')).to_have_count(0)

    await tab_to(desk, card.get_by_role("button", name="Notiz"))
    await keyboard.press("Enter")
    await expect(desk.page.get_by_role("dialog").get_by_label("Notiz")).to_be_focused()
    await keyboard.type("Müller ruft zurück")
    await tab_to(desk, desk.page.get_by_role("button", name="Speichern"))
    await keyboard.press("Enter")
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)
    await expect(card.get_by_role("button", name="Notiz")).to_be_focused()

    await tab_to(desk, card.get_by_role("button", name="Verbinden"), back="Shift+")
    await keyboard.press("Enter")
    await keyboard.type("ben")
    await desk.page.get_by_role("option", name="Ben Biber").wait_for()
    await keyboard.press("Enter")
    await tab_to(desk, desk.page.get_by_role("dialog").get_by_role("radio").first)
    await keyboard.press("ArrowDown")
    await tab_to(desk, desk.page.get_by_role("dialog").get_by_role("button", name="Rückfrage beginnen"))
    await keyboard.press("Enter")
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)

    await tab_to(desk, desk.page.get_by_role("link", name="Verlauf"), back="Shift+")
    await keyboard.press("Enter")
    await expect(desk.page.get_by_role("heading", level=1, name="Verlauf")).to_be_focused()
    await tab_to(desk, desk.page.locator(".entry").first.get_by_role("button", name="Zurückrufen"))
    await keyboard.press("Enter")
    await until(lambda: desk.daemon.asked[-1].op == "call.originate")
    asked = [
        (one.op, {key: one.params[key] for key in one.params if key in {"text", "note", "to"}})
        for one in desk.daemon.asked
    ]
    assert [op for op, _ in asked] == ["call.answer", "call.note", "call.consult", "call.originate"]
    assert "Müller ruft zurück" in asked[1][1].values()
    assert asked[2][1]["to"] == "102"
    assert asked[3][1]["to"] == "+493023125001"


async def test_somebody_is_muted_and_removed_while_others_come_and_go(desk: Desk) -> None:
    desk.daemon.rooms = {"8123": live()}
    await desk.is_signed_in()
    keyboard = desk.page.keyboard
    await tab_to(desk, desk.page.get_by_role("link", name="Konferenzen"))
    await keyboard.press("Enter")
    mute = desk.page.get_by_role("button", name="Stumm schalten Ben Biber")
    await tab_to(desk, mute)
    carla = person("e", "Carla Çelik", "103")
    await desk.has_read(await desk.daemon.tells_of_room(live(rev=3, participants=(*PEOPLE, carla))))
    await expect(mute).to_be_focused()
    await keyboard.press("Enter")
    await expect(desk.said).to_contain_text("Ben Biber ist stumm.")
    await tab_to(desk, desk.page.get_by_role("button", name="Entfernen Ben Biber"))
    await keyboard.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Ben Biber aus dem Raum entfernen?")
    await tab_to(desk, dialog.get_by_role("button", name="Entfernen"))
    await keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    others = (PEOPLE[0], *PEOPLE[2:], carla)
    await desk.has_read(await desk.daemon.tells_of_room(live(rev=4, participants=others)))
    await expect(desk.said).to_contain_text("Ben Biber hat „Bauabnahme“ verlassen.")
    assert await desk.page.evaluate("document.activeElement.closest('main') !== null"), "the focus fell to the top"
    assert [one.op for one in desk.daemon.asked] == ["room.mute", "room.remove"]
