"""Whose names on the page: why a name is shown, who else it could be, and one's own address book."""

import msgspec
import pytest
from playwright.async_api import expect

from tests.page.conftest import Desk
from tests.page.counterpart import PASSWORD, until
from tests.page.town import ERIKA, SEVERAL, call, ended

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_why_a_name_is_shown_is_told_in_words(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(peer=msgspec.structs.replace(ERIKA, kind="mobile")))
    card = desk.card("Erika Mustermann")
    for text in ("mobil", "aus: Stadt"):
        await expect(card.get_by_text(text, exact=True)).to_be_visible()
    stem = msgspec.structs.replace(ERIKA, name="Stadtwerke (Durchwahl 12)", reason="stem")
    await desk.sees(call(rev=2, peer=stem))
    await expect(desk.card("Stadtwerke").get_by_text("Durchwahl", exact=True)).to_be_visible()
    await desk.sees(call(rev=3, peer=msgspec.structs.replace(ERIKA, name="Stadtwerke?", reason="head")))
    await expect(desk.card("Stadtwerke").get_by_text("vielleicht eine Durchwahl", exact=True)).to_be_visible()


async def test_all_who_have_a_number_are_named_and_one_can_be_chosen(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(peer=SEVERAL))
    card = desk.card("Bäckerei Korn / Kornblum")
    await expect(card.get_by_text("3 Treffer:")).to_be_visible()
    for name in SEVERAL.names:
        await expect(card.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "false")
    await card.get_by_role("button", name="Kornblum", exact=True).click()
    await until(lambda: desk.daemon.answers.chosen)
    assert desk.daemon.answers.chosen == [{"number": "+494066969123", "ref": "12"}]

    chosen = msgspec.structs.replace(SEVERAL, name="Kornblum", reason="choice", ref="12")
    await desk.sees(call(peer=chosen))
    card = desk.card("Kornblum")
    await expect(card.get_by_text("von Ihnen gewählt")).to_be_visible()
    await expect(card.get_by_role("button", name="Kornblum", exact=True)).to_have_attribute("aria-pressed", "true")
    await card.get_by_role("button", name="anders wählen").click()
    await until(lambda: len(desk.daemon.answers.chosen) == 2)
    assert desk.daemon.answers.chosen[1] == {"number": "+494066969123", "ref": None}
    assert await desk.check() == []

    await desk.sees(ended(rev=5, peer=chosen))
    await expect(card.get_by_text("3 Treffer:")).to_be_visible()
    await expect(card.get_by_role("button")).to_have_count(0)


async def test_ones_own_address_book_is_given_read_and_taken_back(desk: Desk) -> None:
    await desk.is_signed_in()
    page = desk.page
    await page.get_by_role("link", name="Einstellungen").click()
    field = page.get_by_label("App-Kennwort der Groupware")
    await field.fill("wrong")
    await page.get_by_role("button", name="Adressbücher lesen").click()
    books = page.get_by_role("region", name="Eigene Adressbücher")
    await expect(books.get_by_role("alert")).to_have_text("Die Groupware nimmt dieses Kennwort nicht an.")
    await expect(field).to_have_value("")
    assert await desk.check() == []

    desk.daemon.answers.refuses["books/private"] = (403, {"code": "not_allowed"})
    await field.fill("everybody's")
    await field.press("Enter")
    await expect(books.get_by_role("alert")).to_contain_text("nehmen Sie ein App-Kennwort, das nur für Sie gilt")
    desk.daemon.answers.refuses.clear()

    await field.fill(PASSWORD)
    await field.press("Enter")
    await expect(page.get_by_text("Die Adressbücher werden gerade gelesen.")).to_be_visible()
    await expect(books.get_by_role("listitem")).to_have_text(["Privat", "Verein"])
    assert PASSWORD not in await page.content()
    assert await desk.check() == []

    wish = page.get_by_label("Private Namen auch im Display meines Telefons zeigen")
    await expect(wish).not_to_be_checked()
    await wish.check()
    await until(lambda: desk.daemon.answers.settings["private_on_display"])

    await page.get_by_role("button", name="Nicht mehr lesen").click()
    await expect(field).to_be_visible()
    assert desk.daemon.answers.books["given"] is None
    await page.get_by_role("link", name="Anrufe").click()


async def test_a_password_that_does_not_open_any_more_is_asked_for_again(desk: Desk) -> None:
    desk.daemon.answers.books = {"given": "2026-11-21T12:00:00Z", "books": None, "opens": False}
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Einstellungen").click()
    await expect(desk.page.get_by_text("lässt sich nicht mehr öffnen")).to_be_visible()
    await expect(desk.page.get_by_label("App-Kennwort der Groupware")).to_be_visible()
    await desk.page.get_by_role("link", name="Anrufe").click()
