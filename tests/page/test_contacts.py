"""The screen Contacts: found while one types, called by a number's button, and who a number is."""

import pytest
from playwright.async_api import expect

from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opens(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Kontakte").click()
    await expect(desk.page.get_by_role("heading", level=1, name="Kontakte")).to_be_focused()


async def test_somebody_is_found_and_called_by_keyboard(desk: Desk) -> None:
    await opens(desk)
    press = desk.page.keyboard.press
    await press("Tab")
    await expect(desk.page.get_by_role("searchbox", name="Kontakte durchsuchen")).to_be_focused()
    await desk.page.keyboard.type("erika")
    await expect(desk.page.locator(".found")).to_have_text("1 gefunden")
    await expect(desk.said).to_have_text("1 gefunden")
    hit = desk.page.locator(".entry")
    for words in ("Erika Mustermann", "Stadtwerke Musterhausen", "Stadt", "dienstlich", "mobil"):
        await expect(hit.get_by_text(words, exact=True)).to_be_visible()
    assert await desk.check() == []
    for _ in range(3):
        await press("Tab")
    await expect(hit.get_by_role("button", name="0171 39200001 Erika Mustermann anrufen")).to_be_focused()
    await press("Enter")
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "+4917139200001"}
    await expect(desk.page.locator(".dial-now")).to_contain_text("Erika Mustermann (0171 39200001)")


async def test_two_letters_are_enough_and_one_is_not(desk: Desk) -> None:
    await opens(desk)
    field = desk.page.get_by_role("searchbox")
    await field.fill("b")
    await field.press("Enter")
    await expect(desk.page.locator(".found")).to_have_count(0)
    await field.fill("bü")
    await expect(desk.page.locator(".found")).to_have_text("2 gefunden")
    await expect(desk.page.locator(".tag").first).to_have_text("im Haus")
    await field.fill("xyz")
    await expect(desk.page.locator(".found")).to_have_text("Niemand gefunden")
    await field.fill("0800 1234")
    await desk.page.get_by_role("button", name="0800 1234 anrufen").click()
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "0800 1234"}


async def test_who_a_number_is_can_be_chosen_where_several_have_it(desk: Desk) -> None:
    await opens(desk)
    await desk.page.get_by_role("searchbox").fill("korn")
    hit = desk.page.locator(".entry").filter(has=desk.page.get_by_role("heading", name="Bäckerei Korn"))
    who = hit.get_by_role("button", name="Wer erscheint? bei Anrufen von 040 66969123")
    await expect(who).to_have_attribute("aria-expanded", "false")
    await who.click()
    await expect(who).to_have_attribute("aria-expanded", "true")
    await expect(hit.get_by_text("Bei Anrufen erscheint: Kornblum / Bäckerei Korn")).to_be_visible()
    several = hit.get_by_role("group", name="Mehrere haben die 040 66969123. Wer ist es für Sie?")
    await expect(several.get_by_role("radio", name="Alle nennen")).to_be_checked()
    assert await desk.check() == []
    await several.get_by_role("radio", name="Bäckerei Korn").check()
    await expect(hit.get_by_text("(von Ihnen gewählt)")).to_be_visible()
    await expect(desk.said).to_contain_text("Bei Anrufen erscheint: Bäckerei Korn")
    await several.get_by_role("radio", name="Alle nennen").check()
    await expect(hit.get_by_text("(von Ihnen gewählt)")).to_have_count(0)
    assert desk.daemon.answers.chosen == [
        {"number": life.BAKERY, "ref": "11"},
        {"number": life.BAKERY, "ref": None},
    ]
    await who.click()
    await expect(several).to_have_count(0)


async def test_a_search_that_fails_is_told(desk: Desk) -> None:
    await opens(desk)
    desk.daemon.answers.refuses["contacts"] = (503, {"code": "unavailable"})
    await desk.page.get_by_role("searchbox").fill("erika")
    await expect(desk.page.get_by_role("alert").filter(has_text="Die Suche ist gerade nicht möglich.")).to_be_visible()
    await expect(desk.page.locator(".found")).to_have_count(0)
