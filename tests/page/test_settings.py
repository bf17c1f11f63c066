"""The screen Settings: telephones, the seat, programs and their revocation, pairing, language, what is stored."""

import re

import pytest
from playwright.async_api import expect

from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opens(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Einstellungen").click()
    await expect(desk.page.get_by_role("heading", level=1, name="Einstellungen")).to_be_focused()


async def test_which_telephone_rings_first_is_chosen(desk: Desk) -> None:
    await opens(desk)
    phones = desk.page.get_by_role("region", name="Telefone und Arbeitsplatz")
    await expect(phones.get_by_role("radio", name="Tischtelefon")).to_be_checked()
    await expect(phones).to_contain_text("Kann von hier aus: annehmen, halten, von selbst abheben")
    await expect(phones).to_contain_text("nicht angemeldet")
    await phones.get_by_role("radio", name="Softphone zu Hause").check()
    await until(lambda: desk.daemon.answers.devices[1]["chosen"])
    await phones.get_by_role("radio", name="Wie es die Telefonanlage vorsieht").check()
    await until(lambda: not any(one["chosen"] for one in desk.daemon.answers.devices))
    assert await desk.check() == []


async def test_a_seat_is_taken_by_keyboard(desk: Desk) -> None:
    await opens(desk)
    seat = desk.page.get_by_label("Wo sitzen Sie heute?")
    await seat.focus()
    await desk.page.keyboard.press("ArrowDown")
    await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Enter")
    await expect(desk.said).to_contain_text("Sie sitzen jetzt an Schalter 1, Nebenstelle 150.")
    assert [one["mine"] for one in desk.daemon.answers.seats] == [True, False]
    await seat.select_option("Schalter 2 (Nebenstelle 151), besetzt")
    await desk.page.get_by_role("button", name="Platz nehmen").click()
    dialog = desk.page.get_by_role("dialog", name="Schalter 2 ist besetzt. Trotzdem dort Platz nehmen?")
    assert await desk.check() == []
    await dialog.get_by_role("button", name="Platz nehmen").click()
    await until(lambda: desk.daemon.answers.seats[1]["mine"])
    desk.daemon.answers.refuses["seat"] = (403, {"code": "not_allowed"})
    await seat.select_option("Schalter 1 (Nebenstelle 150)")
    await desk.page.get_by_role("button", name="Platz nehmen").click()
    await expect(
        desk.page.get_by_role("alert").filter(has_text="Diesen Platz dürfen Sie nicht einnehmen.")
    ).to_be_visible()


async def test_a_program_is_revoked_after_a_question(desk: Desk) -> None:
    await opens(desk)
    programs = desk.page.get_by_role("region", name="Programme und Geräte")
    rows = programs.get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Darf: Anrufe sehen, wählen und steuern")
    revoke = rows.first.get_by_role("button", name="Widerrufen Sprechblase")
    await revoke.focus()
    await desk.page.keyboard.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Zugang „Sprechblase“ widerrufen?")
    await expect(dialog.get_by_role("heading")).to_be_focused()
    await desk.page.keyboard.press("Escape")
    await expect(revoke).to_be_focused()
    assert len(desk.daemon.answers.tokens) == 2
    await desk.page.keyboard.press("Enter")
    assert await desk.check() == []
    for _ in range(2):
        await desk.page.keyboard.press("Tab")
    await desk.page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await expect(desk.said).to_contain_text("Zugang „Sprechblase“ ist widerrufen.")
    await expect(programs.get_by_role("heading", level=2)).to_be_focused()
    assert [one["id"] for one in desk.daemon.answers.tokens] == ["t2"]


async def test_who_revokes_what_is_revoked_already_is_not_told_of_a_call(desk: Desk) -> None:
    await opens(desk)
    desk.daemon.answers.refuses["tokens/"] = (404, {"code": "not_found", "detail": "There is no such token."})
    await desk.page.get_by_role("button", name="Widerrufen Sprechblase").click()
    dialog = desk.page.get_by_role("dialog", name="Zugang „Sprechblase“ widerrufen?")
    await dialog.get_by_role("button", name="Widerrufen").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Das gibt es nicht mehr. Bitte laden Sie die Seite neu.")


async def test_a_device_is_paired_by_a_code(desk: Desk) -> None:
    await opens(desk)
    await desk.page.get_by_role("button", name="Gerät koppeln").click()
    await expect(desk.page.locator(".pairing-code")).to_have_text("KRAN-7QX2")
    await expect(desk.page.locator(".pairing")).to_contain_text(re.compile(r"Gilt bis \d\d:\d\d, und nur einmal."))
    await expect(desk.said).to_contain_text("K R A N - 7 Q X 2")
    assert await desk.check() == []
    await desk.page.get_by_role("link", name="Anrufe").click()
    await desk.page.get_by_role("link", name="Einstellungen").click()
    await expect(desk.page.locator(".pairing-code")).to_have_count(0)


@pytest.mark.parametrize("looks", [{"locale": "de-DE"}], ids=["own-window"])
async def test_the_language_goes_with_the_person(desk: Desk) -> None:
    await opens(desk)
    await desk.page.get_by_role("radio", name="Englisch (English)").check()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text("Settings")
    assert desk.daemon.answers.settings["language"] == "en"
    await desk.page.evaluate("localStorage.clear()")  # another browser
    await desk.page.reload()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text("Settings")
    await desk.page.get_by_role("radio", name="as set in the browser").check()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text("Einstellungen")


async def test_a_language_that_cannot_be_had_is_told_and_forgotten(desk: Desk) -> None:
    await desk.is_signed_in()
    english = "**/static/i18n/en.json"
    await desk.page.route(english, lambda route: route.fulfill(status=503))
    await desk.page.get_by_role("button", name="English").click()
    await expect(desk.page.get_by_text("Die Texte in dieser Sprache sind gerade nicht zu bekommen.")).to_be_visible()
    await desk.page.unroute(english)
    await desk.page.reload()
    await expect(desk.page.get_by_role("heading", level=1, name="Anrufe")).to_be_visible()
    await desk.page.get_by_role("button", name="English").click()
    await expect(desk.page.get_by_role("heading", level=1, name="Calls")).to_be_visible()


async def test_what_is_stored_is_told_in_words(desk: Desk) -> None:
    await opens(desk)
    table = desk.page.get_by_role("table")
    await expect(table.get_by_role("row")).to_have_text(
        [
            re.compile("Was.*Anzahl.*Wie lange.*Wer es sieht", re.DOTALL),
            re.compile(r"Gespräche mit draußen.*1.204.*30 \w+.*nur Sie", re.DOTALL),
            re.compile("angemeldete Programme.*2.*solange es gebraucht wird", re.DOTALL),
        ]
    )


async def test_the_old_address_of_the_own_address_book_still_leads_there(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/own")
    await expect(desk.page.get_by_role("heading", name="Eigene Adressbücher")).to_be_visible()
