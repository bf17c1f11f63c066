"""Calling somebody from the page: the field, the same wish once, and the question before what is dear."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from ami_bridge import wire
from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until
from tests.page.town import BEN, call

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def has_asked(desk: Desk, times: int) -> None:
    await until(lambda: len(desk.daemon.asked) == times)


async def test_a_number_is_typed_and_called(desk: Desk) -> None:
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("030/231 25-001")
    await field.press("Enter")
    await until(lambda: desk.daemon.asked)
    [asked] = desk.daemon.asked
    assert (asked.op, asked.params) == ("call.originate", {"to": "030/231 25-001"})
    assert asked.key
    told = "Ihr Telefon klingelt. Sobald Sie abheben, wird 030/231 25-001 angerufen."
    await expect(desk.page.locator(".dial-now")).to_have_text(told)
    await expect(desk.said).to_contain_text(told)
    await expect(field).to_have_value("")
    await expect(field).to_be_focused()
    assert await desk.check() == []
    await desk.sees(call("x", id="01DIALLED1", state="dialing", role="caller", direction="out"))
    await expect(desk.page.locator(".dial-now")).to_have_text(told)
    await desk.sees(call("x", id="01DIALLED1", rev=2, role="caller", direction="out"))
    await expect(desk.page.locator(".dial-now")).to_have_count(0)


async def test_a_name_is_found_and_called_by_keyboard(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.focus()
    await desk.page.keyboard.type("stadtwerke")
    options = desk.page.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(desk.said).to_have_text("2 Vorschläge.")
    await expect(field).to_have_attribute("aria-expanded", "true")
    await desk.page.keyboard.press("Enter")  # several: it shows which one it would be
    await expect(desk.page.get_by_role("option", selected=True)).to_contain_text("030 23125001")
    assert await desk.check() == []
    await desk.page.keyboard.press("ArrowDown")
    active = await field.get_attribute("aria-activedescendant")
    await expect(desk.page.locator(f"#{active}")).to_contain_text("0171 39200001")
    assert desk.daemon.asked == []
    await desk.page.keyboard.press("Enter")
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "+4917139200001"}
    await expect(desk.page.locator(".dial-now")).to_contain_text("wird Erika Mustermann (0171 39200001) angerufen")


async def test_what_an_arrow_key_has_chosen_stays_chosen_when_the_hits_of_the_last_letter_come(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    released = asyncio.Event()

    async def late(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await desk.page.route(re.compile("/contacts\\?.*q=stadtwerke$"), late)
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("stadtwerk")
    await expect(desk.page.get_by_role("option")).to_have_count(2)
    async with desk.page.expect_response(re.compile("/contacts\\?.*q=stadtwerke$")):
        await field.press("e")
        await field.press("ArrowDown")
        await field.press("ArrowDown")
        await expect(desk.page.get_by_role("option", selected=True)).to_contain_text("0171 39200001")
        released.set()
    await expect(desk.said).to_have_text("2 Vorschläge.")
    await field.press("Enter")
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "+4917139200001"}


async def test_whoever_is_meant_alone_is_called_at_once(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("çelik")
    await field.press("Enter")
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "103"}


async def test_whom_one_has_talked_to_is_found_too_and_a_colleague_with_what_they_are_just_now(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    desk.daemon.answers.entries = [
        life.entry(f"e{at}", at, peer=wire.Peer(number=number, display=display))
        for at, (number, display) in enumerate(
            [("+493023125099", "030 23125099"), ("+493023125099", "030 23125099"), ("+493023125001", "030 23125001")]
        )
    ]
    contacts = desk.daemon.answers.contacts
    desk.daemon.answers.contacts = [one | {"login": "ben"} if one["name"] == "Ben Biber" else one for one in contacts]
    await desk.is_signed_in()
    await desk.daemon.tells_of_colleague(
        wire.Presence(login="ben", name="Ben Biber", extension="102", state="talking", rev=1)
    )
    await desk.has_read(desk.daemon.seq)
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("23125099")
    options = desk.page.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(options.last).to_contain_text("030 23125099")
    await expect(options.last).to_contain_text("zuletzt")
    await options.last.click()
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "+493023125099"}
    await field.fill("biber")
    await expect(options.first).to_contain_text("spricht")
    desk.daemon.offers = ()  # another department: what is known of the old one is not told any more
    await desk.daemon.ends_links(4010)
    await until(lambda: len(desk.daemon.hellos) > 1)
    await desk.page.locator("#badge.badge-good").wait_for()
    assert "spricht" not in await options.first.inner_text()


async def test_escape_shuts_the_list_and_nobody_found_is_said(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("erika")
    await expect(desk.page.get_by_role("option")).to_have_count(2)
    await field.press("Escape")
    await expect(desk.page.get_by_role("option")).to_have_count(0)
    await expect(field).to_have_value("erika")
    await field.fill("niemand")
    await expect(desk.page.get_by_text("Niemand gefunden.")).to_be_visible()
    await field.press("Enter")
    assert desk.daemon.asked == []
    desk.daemon.answers.refuses["contacts"] = (503, {"code": "unavailable"})
    await field.fill("nieman")
    await expect(desk.page.get_by_text("Die Suche ist gerade nicht möglich.")).to_be_visible()


async def test_a_suggestion_is_clicked(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.page.get_by_role("combobox", name="Name oder Nummer").fill("biber")
    await desk.page.get_by_role("option", name="Ben Biber").click()
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "102"}


async def test_why_a_call_was_refused_is_said(desk: Desk) -> None:
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    for code, words in (
        ("not_allowed", "Diese Nummer dürfen Sie von hier nicht anrufen."),
        ("not_found", "Sie haben hier kein Telefon"),
        ("unavailable", "Keines Ihrer Telefone ist angemeldet"),
        ("rate_limited", "Bitte warten Sie 42 Sekunden."),
    ):
        desk.daemon.refuses_ops["call.originate"] = wire.Problem(code=code, message="No.", retry_after=41.2)
        await field.fill("0900 1234567")
        await field.press("Enter")
        await expect(desk.page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    assert await desk.check() == []


async def test_the_same_wish_has_the_same_key_until_somebody_answers(desk: Desk) -> None:
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")

    async def dials(tries: int, said: str) -> None:
        await field.fill("102")
        await field.press("Enter")
        await has_asked(desk, tries)
        await expect(desk.page.locator("main")).to_contain_text(said)

    desk.daemon.takes_links = False
    desk.daemon.loses_answers = True
    await desk.daemon.ends_links(1001)
    await dials(1, "Das ist nicht gelungen.")
    await dials(2, "Das ist nicht gelungen.")
    desk.daemon.loses_answers = False
    await dials(3, "Ihr Telefon klingelt.")
    desk.daemon.refuses_ops["call.originate"] = wire.Problem(code="timeout", message="Nobody knows.")
    await dials(4, "Es kam keine Antwort. Bitte sehen Sie am Telefon nach")
    desk.daemon.refuses_ops.clear()
    await dials(5, "Ihr Telefon klingelt.")
    keys = [one.key for one in desk.daemon.asked]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 3


async def test_what_is_dear_is_asked_once_more(desk: Desk) -> None:
    desk.daemon.refuses_ops["call.originate"] = wire.Problem(code="unconfirmed", message="Must be confirmed.")
    await desk.is_signed_in()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("112")
    await field.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="112 wirklich anrufen?")
    await expect(dialog.get_by_role("heading")).to_be_focused()
    await desk.page.keyboard.press("Enter")  # a second Enter by habit calls nobody
    assert await desk.check() == []
    await desk.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await has_asked(desk, 1)
    await field.fill("112")
    await field.press("Enter")
    await dialog.wait_for()
    desk.daemon.refuses_ops.clear()
    await dialog.get_by_role("button", name="Jetzt anrufen").click()
    await expect(desk.page.locator(".dial-now")).to_contain_text("Ihr Telefon klingelt.")
    assert [one.params for one in desk.daemon.asked] == [{"to": "112"}] * 2 + [{"to": "112", "confirmed": True}]
    assert len({one.key for one in desk.daemon.asked}) == 3


async def test_a_link_that_breaks_in_between_makes_no_second_call(desk: Desk) -> None:
    await desk.is_signed_in()
    desk.daemon.is_slow.clear()
    field = desk.page.get_by_role("combobox", name="Name oder Nummer")
    await field.fill("102")
    await field.press("Enter")
    await until(lambda: desk.daemon.asked)
    await desk.daemon.ends_links(1001)
    desk.daemon.is_slow.set()
    await until(lambda: len(desk.daemon.asked) == 2)
    over_link, over_http = desk.daemon.asked
    assert over_http.id == "http"
    assert over_link.key == over_http.key
    await expect(desk.page.locator(".dial-now").filter(has_text="Ihr Telefon klingelt.")).to_be_visible()


async def test_nobody_without_a_telephone_is_offered_to_call(desk: Desk) -> None:
    desk.daemon.user = wire.User(login="anna", name="Anna Amsel", department="Bürgerbüro")
    await desk.is_signed_in()
    await expect(desk.page.get_by_role("combobox")).to_have_count(0)


async def test_the_own_call_is_counted_in_the_navigation(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call("ben", peer=BEN))
    await expect(desk.page.get_by_role("link", name="Anrufe (laufende Anrufe: 1)")).to_be_visible()
