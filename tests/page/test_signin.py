"""Signing in and out, by keyboard, in both languages, and when it does not work."""

import re

import pytest
from playwright.async_api import expect

from tests.page.conftest import Desk
from tests.page.counterpart import PASSWORD, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def focused(desk: Desk) -> str:
    where = "[document.activeElement.tagName, document.activeElement.id, document.activeElement.textContent.trim()]"
    tag, name, text = await desk.page.evaluate(where)
    return f"#{name}" if tag == "INPUT" else f"{tag.lower()} {text}"[:40]


async def test_the_keyboard_is_enough(desk: Desk) -> None:
    await desk.opens()
    await expect(desk.page.get_by_label("Benutzername")).to_be_focused()
    press = desk.page.keyboard.press
    walk = []
    for _ in range(3):
        await press("Shift+Tab")
        walk.append(await focused(desk))
    assert walk == ["button English", "button Deutsch", "a Zum Inhalt springen"]
    await press("Enter")
    await press("Tab")
    assert await focused(desk) == "#user"
    await desk.page.keyboard.type("anna")
    await press("Tab")
    await desk.page.keyboard.type(PASSWORD)
    await press("Tab")
    assert await focused(desk) == "button Anmelden"
    await press("Enter")
    await desk.has_read(desk.daemon.seq)
    assert await focused(desk) == "h1 Anrufe"
    walk = []
    for _ in range(9):
        await press("Shift+Tab")
        walk.append(await focused(desk))
    assert walk[:5] == ["a Einstellungen", "a Konferenzen", "a Kontakte", "a Verlauf", "a Anrufe"]
    assert walk[5:] == ["button Abmelden", "button English", "button Deutsch", "a Zum Inhalt springen"]
    await desk.page.get_by_role("button", name="Abmelden").focus()
    await press("Space")
    await expect(desk.page.get_by_role("alert")).to_have_text("Sie sind abgemeldet.")
    assert await focused(desk) == "#user"


async def test_focus_is_visible(desk: Desk) -> None:
    await desk.is_signed_in()
    for _ in range(5):
        await desk.page.keyboard.press("Shift+Tab")
        width = await desk.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width in {"3px", "4px"}


async def test_a_wrong_password_is_said_and_can_be_typed_again(desk: Desk) -> None:
    await desk.opens()
    await desk.page.get_by_label("Benutzername").fill("anna")
    await desk.page.get_by_label("Passwort").fill("falsch")
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.get_by_role("alert")).to_have_text("Benutzername oder Passwort ist falsch.")
    password = desk.page.get_by_label("Passwort")
    await expect(password).to_be_focused()
    await expect(password).to_have_attribute("aria-invalid", "true")
    await expect(password).to_have_accessible_description("Benutzername oder Passwort ist falsch.")
    await expect(desk.page.get_by_label("Benutzername")).to_have_value("anna")
    assert await desk.check() == []
    await desk.page.keyboard.type(PASSWORD)
    await desk.page.keyboard.press("Enter")
    await desk.has_read(desk.daemon.seq)


async def test_every_refusal_has_its_words(desk: Desk) -> None:
    refusals: list[tuple[int, dict[str, str], str]] = [
        (429, {"code": "rate_limited", "title": "Too many"}, "Bitte warten Sie 30 Sekunden."),
        (503, {"code": "unavailable", "title": "No groupware"}, "Die Groupware antwortet gerade nicht"),
        (403, {"code": "not_allowed", "title": "not allowed"}, "Sie sind hier noch nicht eingetragen"),
        (
            409,
            {"code": "new", "title": "new", "detail": "<b>Ask Eva.</b>"},
            "nicht gelungen. Bitte versuchen Sie es noch einmal. (<b>Ask",
        ),
        (500, {"code": "internal", "detail": "The log knows more."}, "Am Server ist etwas schiefgegangen."),
        (500, {}, "noch einmal. (HTTP 500)"),
    ]
    await desk.opens()
    await desk.page.get_by_label("Benutzername").fill("anna")
    for status, problem, words in refusals:
        desk.daemon.refuses = (status, problem)
        await desk.page.get_by_label("Passwort").fill(PASSWORD)
        await desk.page.get_by_role("button", name="Anmelden").click()
        await expect(desk.page.get_by_role("alert")).to_contain_text(words)


@pytest.mark.parametrize(("looks", "lang"), [({"locale": "en-US"}, "en"), ({"locale": "fr-FR"}, "de")])
async def test_the_page_begins_in_the_browsers_language(desk: Desk, lang: str) -> None:
    await desk.opens()
    await expect(desk.page.locator("h1")).to_have_text({"de": "Anmelden", "en": "Sign in"}[lang])
    await expect(desk.page.locator("html")).to_have_attribute("lang", lang)


async def test_the_language_is_remembered_before_anybody_signs_in(desk: Desk) -> None:
    await desk.opens()
    await desk.page.get_by_label("Benutzername").fill("anna")
    await desk.page.get_by_role("button", name="English").click()
    await expect(desk.page.get_by_label("User name")).to_have_value("anna")
    await desk.page.reload()
    await expect(desk.page.locator("h1")).to_have_text("Sign in")


async def test_who_is_signed_in_stays_so(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.page.reload()
    await desk.has_read(desk.daemon.seq)
    await expect(desk.page.get_by_text("Anna Amsel")).to_be_visible()


async def test_signing_out_ends_the_link(desk: Desk) -> None:
    await desk.opens()
    await desk.signs_in()
    await desk.page.get_by_role("button", name="Abmelden").click()
    await until(lambda: not desk.daemon.sockets)
    await expect(desk.page).to_have_title("Anmelden · ami_bridge")
    assert not await desk.page.context.cookies()


async def test_a_page_that_finds_no_daemon_tries_again(desk: Desk) -> None:
    desk.daemon.away = True
    await desk.opens()
    await expect(desk.page.locator("h1")).to_have_text("Der Server ist nicht erreichbar")
    assert await desk.check() == []
    desk.daemon.away = False
    await expect(desk.page.get_by_label("Benutzername")).to_be_focused()


async def test_signing_out_without_a_daemon_is_told(desk: Desk) -> None:
    await desk.is_signed_in()
    desk.daemon.away = True
    await desk.page.get_by_role("button", name="Abmelden").click()
    await expect(desk.page.locator("main")).to_contain_text("Das Abmelden ist nicht gelungen.")


async def test_the_csp_is_really_on(desk: Desk) -> None:
    await desk.opens()
    await desk.page.locator("#user").wait_for()
    await desk.page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.broken = 1';"
        " document.body.append(script); document.body.setAttribute('style', 'color: red'); }"
    )
    found = await desk.csp_violations()
    assert {violation.split()[0] for violation in found} == {"script-src-elem", "style-src-attr"}
    assert re.search("Content Security Policy", " ".join(desk.complaints))
    desk.complaints.clear()
    await desk.page.evaluate("window.cspViolations = []")
