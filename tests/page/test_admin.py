"""The screen Administration: who sees it, what is wrong, people, tokens of all, rules, the audit log."""

import msgspec
import pytest
from playwright.async_api import expect

from ami_bridge.doctor.groupware import FINE
from ami_bridge.doctor.people import NO_EXTENSION
from tests.page import office
from tests.page.conftest import Desk
from tests.page.counterpart import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opens(desk: Desk, *roles: str) -> None:
    office.fill(desk.daemon)
    if roles:
        desk.daemon.user = msgspec.structs.replace(office.EVA, roles=roles)
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Verwaltung").click()
    await expect(desk.page.get_by_role("heading", level=1, name="Verwaltung")).to_be_focused()


async def test_only_administrators_and_auditors_see_it_and_each_their_own(desk: Desk) -> None:
    await desk.is_signed_in()
    await expect(desk.page.get_by_role("link", name="Einstellungen")).to_be_visible()
    await expect(desk.page.get_by_role("link", name="Verwaltung")).to_have_count(0)
    await desk.page.goto(f"{desk.daemon.url}#/admin")
    await expect(desk.page.get_by_text("Diese Seite ist für die Verwaltung und die Revision.")).to_be_visible()
    assert not desk.daemon.answers.asked


async def test_an_auditor_reads_the_record_and_nothing_else(desk: Desk) -> None:
    await opens(desk, "auditor")
    await expect(desk.page.get_by_role("heading", level=2)).to_have_text(["Protokoll der Einsichten"])
    rows = desk.page.get_by_role("table").get_by_role("row")
    await expect(rows).to_have_count(5)
    await expect(rows.nth(2)).to_contain_text("Zugang widerrufen")
    await expect(rows.nth(4)).to_contain_text("Konferenz 8123")
    await desk.page.get_by_role("button", name="Mehr zeigen").click()
    await expect(rows).to_have_count(6)
    await expect(rows.nth(5)).to_contain_text("am Server")
    assert all(one.startswith("audit?") for one in desk.daemon.answers.asked)


async def test_what_is_wrong_is_told_with_what_to_do_and_checked_again(desk: Desk) -> None:
    await opens(desk, "admin")
    doctor = desk.page.get_by_role("region", name="Prüfung der Installation")
    await expect(doctor).to_contain_text("Fehler: 1, Warnungen: 1.")
    findings = doctor.locator(".finding")
    await expect(findings.first).to_contain_text("Fehler: Dem Konto «ami-bridge» fehlt das Recht write = call")
    await expect(findings.first).to_contain_text("Was zu tun ist: In manager.conf")
    await doctor.get_by_text("In Ordnung: 1").click()
    await expect(findings).to_have_count(3)
    await expect(desk.page.get_by_role("heading", name="Protokoll der Einsichten")).to_have_count(0)
    desk.daemon.answers.admin["doctor"] = office.a_report(FINE(count=2))
    again = doctor.get_by_role("button", name="Noch einmal prüfen")
    await again.focus()
    await desk.page.keyboard.press("Enter")
    await expect(desk.said).to_contain_text("Alles in Ordnung.")
    await expect(doctor).not_to_contain_text("Warnung")
    await expect(again).to_be_focused()
    desk.daemon.answers.admin["doctor"] = office.a_report(NO_EXTENSION(who="nora"), language="en")
    await desk.page.get_by_role("button", name="English").click()
    await expect(desk.page.locator(".finding-warning")).to_contain_text("Without an extension")
    assert desk.daemon.answers.asked[-1] == "doctor?lang=en"
    desk.daemon.answers.refuses["admin/doctor"] = (403, {"code": "not_allowed"})
    await desk.page.get_by_role("button", name="Check again").click()
    await expect(desk.page.get_by_role("alert").filter(has_text="You have no permission")).to_be_visible()


async def test_people_are_searched_and_more_are_shown(desk: Desk) -> None:
    await opens(desk, "admin")
    people = desk.page.get_by_role("region", name="Personen und Rollen")
    rows = people.get_by_role("row")
    await expect(rows.nth(2)).to_contain_text("Verwaltung, Revision")
    await people.get_by_role("button", name="Mehr zeigen").click()
    await expect(rows).to_have_count(5)
    await people.get_by_role("searchbox").fill("eva")
    await expect(rows).to_have_count(2)
    await expect(desk.said).to_contain_text("gefunden: 1")


async def test_who_goes_elsewhere_while_asked_whether_to_revoke_is_still_told_that_it_is_done(desk: Desk) -> None:
    await opens(desk, "admin")
    tokens = desk.page.get_by_role("region", name="Zugänge von Programmen")
    await tokens.get_by_role("button", name="Anzeigen").click()
    await tokens.get_by_role("button", name="Widerrufen ben: Skript").click()
    dialog = desk.page.get_by_role("dialog", name="Zugang „Skript“ von ben widerrufen?")
    await desk.page.go_back()
    await expect(desk.page.get_by_text("Meine Anrufe")).to_be_visible()  # the address without a screen has the first
    await dialog.get_by_role("button", name="Widerrufen").click()
    await expect(dialog).to_have_count(0)
    assert desk.daemon.answers.revoked == ["t2"]


async def test_a_token_of_somebody_is_revoked_by_keyboard_after_a_question(desk: Desk) -> None:
    await opens(desk, "admin")
    tokens = desk.page.get_by_role("region", name="Zugänge von Programmen")
    assert not [one for one in desk.daemon.answers.asked if one.startswith("tokens")], "a look is written down"
    await tokens.get_by_label("Nur von").fill("anna")
    await desk.page.keyboard.press("Enter")
    await expect(tokens.get_by_role("listitem")).to_have_count(2)
    assert desk.daemon.answers.asked[-1] == "tokens?limit=50&login=anna"
    await expect(tokens).to_contain_text("seit über 90 Tagen unbenutzt")
    revoke = tokens.get_by_role("button", name="Widerrufen ben: Skript")
    await revoke.focus()
    await desk.page.keyboard.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Zugang „Skript“ von ben widerrufen?")
    await expect(dialog.get_by_role("heading")).to_be_focused()
    await dialog.get_by_role("button", name="Widerrufen").click()
    await until(lambda: desk.daemon.answers.revoked == ["t2"])
    await expect(tokens.get_by_role("listitem")).to_have_count(1)
    await expect(desk.said).to_contain_text("Zugang „Skript“ von ben ist widerrufen.")


async def test_links_books_and_rules_are_shown_as_they_are(desk: Desk) -> None:
    await opens(desk, "admin")
    state = desk.page.get_by_role("region", name="Verbindungen und Adressbücher")
    for text in (
        "verbunden seit",
        "Gruppe Bauamt",
        "nicht lesbar: die Groupware lehnt ab (Status 403)",
        "Pumpwerk Nord",
        "1.255 Nummern",
    ):
        await expect(state).to_contain_text(text)
    rules = desk.page.get_by_role("region", name="Regeln")
    await expect(rules.get_by_role("row", name="verpasste Anrufe").get_by_role("cell")).to_have_text("1 Tag")
    for text in (
        "Abteilung IT",
        "im Haus, ins Ausland",
        "10 in der Minute, 100 am Tag",
        "verpasste Anrufe",
        "Kein Verlauf für 2",
        "übernehmen; wer in allen Abteilungen frei ist",
        "Abteilung Kläranlage",
        "Wer wessen Anrufe heranholt",
        "Wer mit Warteschlangen zu tun hat",
        "[dialling] allow, allow_for",
    ):
        await expect(rules).to_contain_text(text)
