"""The buttons on a call: what they ask of the daemon, and that none ever means something else under a hand."""

import re

import pytest
from playwright.async_api import Locator, expect

from ami_bridge import wire
from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until
from tests.page.town import BEN, CARLA, ERIKA, OFFICE, ago, answered, call, ended

pytestmark = pytest.mark.asyncio(loop_scope="session")

RINGING = ("reject", "redirect", "note")
TALKING = ("hangup", "hold", "transfer", "consult", "park", "conference", "note")


def button(card: Locator, verb: str) -> Locator:
    return card.locator(f'[data-verb="{verb}"]')


async def press(desk: Desk, verb: str, name: str = "Erika Mustermann") -> None:
    """Click once everything stands where it will stay."""
    await expect(desk.page.locator(".calls[data-settling]")).to_have_count(0)
    await button(desk.card(name), verb).click()


async def test_only_what_can_be_done_has_a_button(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=("reject", "juggle")))
    card = desk.card("Erika Mustermann")
    await expect(card.get_by_role("button")).to_have_text(["Ablehnen"])
    await desk.sees(answered(actions=TALKING))
    words = ["Auflegen", "Halten", "Verbinden …", "Parken", "Konferenz …", "Notiz …"]
    await expect(card.get_by_role("button")).to_have_text(words)
    await desk.sees(call(rev=3, state="held", actions=("resume", "hangup")))
    await expect(card.get_by_role("button")).to_have_text(["Weitersprechen", "Auflegen"])
    await desk.sees(call(rev=4, state="parked", actions=("fetch", "forget")))
    await expect(card.get_by_role("button")).to_have_text(["Zurückholen", "Aus der Liste nehmen"])
    await desk.sees(ended())
    await expect(card.get_by_role("button")).to_have_count(0)


async def test_a_call_is_rejected_by_keyboard_alone(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=RINGING))
    await desk.page.locator("#dial-to").focus()
    for _ in range(2):
        await desk.page.keyboard.press("Tab")
    await expect(button(desk.card("Erika Mustermann"), "reject")).to_be_focused()
    await desk.page.keyboard.press("Enter")
    await until(lambda: desk.daemon.asked)
    [asked] = desk.daemon.asked
    assert (asked.op, asked.params, asked.key) == ("call.reject", {"call": "01CALLERIKA", "extension": "101"}, None)
    await desk.sees(ended(result="rejected"))
    title = desk.card("Erika Mustermann").get_by_role("heading")
    await expect(title).to_be_focused()
    await expect(desk.said).to_contain_text("Erika Mustermann, Stadtwerke Musterhausen: Abgelehnt.")


async def test_a_button_that_takes_anothers_place_is_dead_for_a_moment(desk: Desk) -> None:
    """The finger on "reject" must not hang up on the citizen who was answered in the same instant."""
    await desk.is_signed_in()
    await desk.sees(call(actions=RINGING))
    card = desk.card("Erika Mustermann")
    await button(card, "reject").focus()
    await desk.sees(answered(actions=TALKING))
    await expect(card.get_by_role("heading")).to_be_focused()
    await expect(button(card, "hangup")).to_have_attribute("aria-disabled", "true")
    await desk.page.keyboard.press("Enter")
    await button(card, "hangup").dispatch_event("click")
    assert desk.daemon.asked == []
    await expect(button(card, "hangup")).not_to_have_attribute("aria-disabled", "true")
    await press(desk, "hangup")
    await until(lambda: desk.daemon.asked)
    assert [one.op for one in desk.daemon.asked] == ["call.hangup"]


async def test_a_button_that_slides_under_the_pointer_takes_no_click(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=("reject",)))
    box = await button(desk.card("Erika Mustermann"), "reject").bounding_box()
    assert box is not None
    x, y = box["x"] + 20, box["y"] + 20
    await desk.page.mouse.move(x, y)
    await desk.sees(call("ben", peer=BEN, actions=("reject",)))  # the newest stands on top: where Erika's was
    await desk.page.mouse.down()
    await desk.page.mouse.up()
    await desk.sees(call("carla", peer=CARLA, actions=()))
    assert desk.daemon.asked == []


async def test_news_leave_the_focus_on_its_button(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(actions=TALKING))
    hold = button(desk.card("Erika Mustermann"), "hold")
    await hold.focus()
    await desk.sees(call("ben", peer=BEN))
    await desk.sees(answered(rev=5, actions=TALKING[:-1], peer=CARLA))
    await desk.has_read(await desk.daemon.loses_the_pbx())
    await expect(desk.page.locator("[data-verb]")).to_have_count(0)
    await desk.has_read(await desk.daemon.finds_the_pbx())
    await expect(button(desk.card("Carla Çelik"), "hold")).to_be_visible()


async def test_what_does_not_work_is_told_at_the_call(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=("reject",)))
    card = desk.card("Erika Mustermann")
    for code, words in (
        ("gone", "Der Anruf ist inzwischen vorbei oder in einem anderen Zustand."),
        ("unavailable", "Die Telefonanlage ist gerade nicht erreichbar."),
        ("internal", "Am Server ist etwas schiefgegangen."),
        ("brand_new", "Das ist nicht gelungen. Bitte versuchen Sie es noch einmal. (Because <b>so</b>.)"),
    ):
        desk.daemon.refuses_ops["call.reject"] = wire.Problem(code=code, message="Because <b>so</b>.")
        await press(desk, "reject")
        await expect(card.get_by_role("alert")).to_contain_text(words)
        assert await desk.check() == []
    del desk.daemon.refuses_ops["call.reject"]
    await press(desk, "reject")
    await expect(card.get_by_role("alert")).to_have_text("")


async def test_two_clicks_are_one_wish(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=("reject",)))
    desk.daemon.is_slow.clear()
    reject = button(desk.card("Erika Mustermann"), "reject")
    await expect(desk.page.locator(".calls[data-settling]")).to_have_count(0)
    await reject.dblclick()
    await expect(reject).to_have_attribute("aria-disabled", "true")
    desk.daemon.is_slow.set()
    await expect(reject).not_to_have_attribute("aria-disabled", "true")
    assert len(desk.daemon.asked) == 1


async def test_without_a_link_it_goes_over_http_and_what_came_of_it_is_asked(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=("reject",)))
    desk.daemon.takes_links = False
    await desk.daemon.ends_links(1001)
    await expect(desk.card("Erika Mustermann").locator(".state")).to_have_text("zuletzt: Klingelt")
    desk.daemon.calls["01CALLERIKA"] = ended(result="rejected")
    await press(desk, "reject")
    await expect(desk.card("Erika Mustermann").locator(".state")).to_have_text("Abgelehnt")
    assert [(one.id, one.op) for one in desk.daemon.asked] == [("http", "call.reject")]


async def test_a_ringing_call_is_redirected_to_a_colleague_by_keyboard(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.sees(call(actions=RINGING))
    redirect = button(desk.card("Erika Mustermann"), "redirect")
    await redirect.focus()
    await desk.page.keyboard.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Anruf von Erika Mustermann weiterleiten")
    await expect(dialog.get_by_role("combobox", name="Name oder Nummer")).to_be_focused()
    await desk.page.keyboard.type("çel")
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await expect(dialog.locator(".announcements")).to_have_text("Ein Vorschlag.")
    await desk.page.keyboard.press("ArrowDown")
    await expect(dialog.get_by_role("option", selected=True)).to_contain_text("Carla Çelik")
    await desk.page.keyboard.press("Enter")
    await expect(dialog.get_by_text("An Carla Çelik, 103.")).to_be_visible()
    assert desk.daemon.asked == []
    assert await desk.check() == []
    for _ in range(2):
        await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(redirect).to_be_focused()
    [asked] = desk.daemon.asked
    assert (asked.op, asked.params) == ("call.redirect", {"call": "01CALLERIKA", "extension": "101", "to": "103"})
    assert asked.key


async def test_a_transfer_is_direct_or_after_a_word(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(actions=TALKING))
    await press(desk, "transfer")
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_role("combobox").fill("102")
    await dialog.get_by_role("radio", name="Mit Rückfrage").check()
    await dialog.get_by_role("button", name="Rückfrage beginnen").click()
    await expect(dialog).to_have_count(0)
    [asked] = desk.daemon.asked
    assert (asked.op, asked.params["to"]) == ("call.consult", "102")


async def test_a_refused_transfer_can_be_tried_again_as_the_same_wish(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(actions=("transfer",)))
    await press(desk, "transfer")
    dialog = desk.page.get_by_role("dialog")
    desk.daemon.refuses_ops["call.transfer"] = wire.Problem(code="timeout", message="No answer.")
    await dialog.get_by_role("combobox").fill("102")
    submit = dialog.get_by_role("button", name="Verbinden")
    await submit.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Es kam keine Antwort.")
    await submit.click()
    await until(lambda: len(desk.daemon.asked) == 2)
    await dialog.get_by_role("combobox").fill("103")
    await submit.click()
    await until(lambda: len(desk.daemon.asked) == 3)
    first, second, third = (one.key for one in desk.daemon.asked)
    assert first == second != third
    await desk.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def test_what_is_dear_is_asked_once_more_before_a_transfer_too(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(actions=("transfer",)))
    await press(desk, "transfer")
    dialog = desk.page.get_by_role("dialog")
    desk.daemon.refuses_ops["call.transfer"] = wire.Problem(code="unconfirmed", message="Must be confirmed.")
    await dialog.get_by_role("combobox").fill("0900 123456")
    await dialog.get_by_role("button", name="Verbinden").click()
    sure = desk.page.get_by_role("dialog", name="0900 123456 wirklich anrufen?")
    await expect(sure.get_by_role("heading")).to_be_focused()
    desk.daemon.refuses_ops.clear()
    await sure.get_by_role("button", name="Jetzt anrufen").click()
    await expect(sure).to_have_count(0)
    await expect(button(desk.card("Erika Mustermann"), "transfer")).to_be_focused()
    assert [one.params.get("confirmed") for one in desk.daemon.asked] == [None, True]
    assert len({one.key for one in desk.daemon.asked}) == 2


async def test_a_call_that_ends_while_one_thinks_cannot_be_redirected(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(actions=RINGING))
    await press(desk, "redirect")
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_role("combobox").fill("102")
    await desk.sees(ended())
    await expect(dialog.get_by_text("Das geht bei diesem Anruf jetzt nicht mehr.")).to_be_visible()
    await dialog.get_by_role("button", name="Weiterleiten").click(force=True)
    assert desk.daemon.asked == []
    await desk.page.keyboard.press("Escape")
    await expect(desk.card("Erika Mustermann").get_by_role("heading")).to_be_focused()


async def test_whoever_asks_somebody_joins_the_two_or_goes_back(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(peer=CARLA, waits=ERIKA, actions=("hangup", "resume", "transfer")))
    card = desk.card("Carla Çelik")
    await expect(card.locator("dl")).to_contain_text("Wartet solangeErika Mustermann (030 23125001)")
    await expect(card.get_by_role("button")).to_have_text(["Weitersprechen", "Beide verbinden", "Auflegen"])
    await press(desk, "join", "Carla Çelik")
    await until(lambda: desk.daemon.asked)
    [asked] = desk.daemon.asked
    assert (asked.op, asked.params) == ("call.transfer", {"call": "01CALLERIKA", "extension": "101"})
    assert asked.key
    await desk.sees(answered(rev=3, actions=("hangup", "transfer")))
    await expect(desk.card("Erika Mustermann").get_by_role("button")).to_have_text(["Auflegen", "Verbinden …"])


async def test_a_note_is_written_while_one_talks(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(actions=("note",), note="Ausweis"))
    await expect(desk.card("Erika Mustermann").get_by_text("Ausweis")).to_be_visible()
    await press(desk, "note")
    dialog = desk.page.get_by_role("dialog", name="Notiz zu Erika Mustermann")
    await expect(dialog.get_by_label("Notiz")).to_have_value("Ausweis")
    await dialog.get_by_label("Notiz").fill("Ausweis und Pass")
    await dialog.get_by_role("button", name="Speichern").click()
    await expect(dialog).to_have_count(0)
    assert desk.daemon.asked[0].params == {"call": "01CALLERIKA", "extension": "101", "text": "Ausweis und Pass"}


async def test_a_note_is_not_lost_when_the_call_ends_meanwhile(desk: Desk) -> None:
    desk.daemon.answers.entries = [life.entry("01CALLERIKA", 0, result="answered")]
    await desk.is_signed_in()
    await desk.sees(answered(actions=("note",)))
    await press(desk, "note")
    dialog = desk.page.get_by_role("dialog", name="Notiz zu Erika Mustermann")
    await dialog.get_by_label("Notiz").fill("ruft wieder an")
    await desk.sees(ended(result="answered", answered_at=ago(9)))
    await dialog.get_by_role("button", name="Speichern").click()
    await expect(dialog).to_have_count(0)
    assert desk.daemon.answers.entries[0]["note"] == "ruft wieder an"


async def test_a_call_becomes_a_conference(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.sees(answered(actions=TALKING))
    await press(desk, "conference")
    dialog = desk.page.get_by_role("dialog", name="Konferenz")
    field = dialog.get_by_role("combobox")
    await field.press_sequentially("biber")
    await dialog.get_by_role("option").first.wait_for()
    await field.press("Enter")
    await expect(dialog.locator(".chip")).to_have_text(re.compile("Ben Biber"))
    await field.press_sequentially("çelik")
    await dialog.get_by_role("option").first.wait_for()
    await field.press("Enter")
    await expect(dialog.locator(".chip")).to_have_count(2)
    await dialog.get_by_role("button", name="Ben Biber doch nicht").click()
    await expect(field).to_be_focused()
    assert await desk.check() == []
    await dialog.get_by_role("button", name="Konferenz beginnen").click()
    await expect(dialog).to_have_count(0)
    assert desk.daemon.asked[0].params["add"] == ["103"]


async def test_calls_of_the_department_are_fetched_and_tell_only_what_they_may(desk: Desk) -> None:
    other = call(
        "other", peer=wire.Peer(), line=wire.Line(exten="102", label="Ben Biber"), extension="102", actions=("pickup",)
    )
    desk.daemon.department[other.id] = other
    await desk.is_signed_in()
    department = desk.page.get_by_role("region", name="Klingelt bei anderen: Bürgerbüro")
    await expect(department.get_by_role("heading", name="Anruf für Ben Biber")).to_be_visible()
    await expect(desk.page).to_have_title("Anrufe · ami_bridge")
    assert await desk.check() == []
    await press(desk, "pickup", "Anruf für Ben Biber")
    await until(lambda: desk.daemon.asked)
    [asked] = desk.daemon.asked
    assert asked.op == "call.pickup"
    assert asked.key
    await desk.sees(answered("other", peer=ERIKA, line=OFFICE))  # now it is Anna's own
    await expect(department).to_have_count(0)
    await expect(desk.card("Erika Mustermann")).to_have_count(1)
    await desk.has_read(await desk.daemon.tells_of_others(ended("other")))
    await expect(department).to_have_count(0)
