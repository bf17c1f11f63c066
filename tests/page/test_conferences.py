"""The screen Conferences: rooms are made and shared, one sees who is there, and moderators do what they may."""

import re

import msgspec
import pytest
from playwright.async_api import Locator, expect

from ami_bridge import wire
from tests.page import life
from tests.page.conftest import SCREENSHOTS, Desk
from tests.page.counterpart import until
from tests.page.rooms import GUEST, PEOPLE, every_kind, live, person, room
from tests.page.town import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opens(desk: Desk, *rooms: wire.Room) -> None:
    desk.daemon.rooms = {one.number: one for one in rooms}
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/conferences")
    await expect(desk.page.get_by_role("heading", name="Konferenzen", level=1)).to_be_visible()


def card(desk: Desk, number: str = "8123") -> Locator:
    return desk.page.locator(f'[data-room="{number}"]')


def row(desk: Desk, name: str) -> Locator:
    return card(desk).locator("[data-participant]").filter(has=desk.page.get_by_role("heading", name=name))


def asked(desk: Desk) -> list[tuple[str, object]]:
    return [(one.op, one.params) for one in desk.daemon.asked]


async def test_what_goes_on_stands_first_with_everything_one_needs_to_get_in(desk: Desk) -> None:
    await opens(desk, *every_kind())
    titles = desk.page.get_by_role("main").get_by_role("heading", level=2)
    await expect(titles).to_have_text(["Läuft gerade", "Geplant", "Ständig"])
    await expect(desk.page.get_by_role("link", name="Konferenzen (laufende Konferenzen: 2)")).to_be_visible()
    for text in ("089 99998-900", "8123", "731\u00a00924", "482\u00a0913"):
        await expect(card(desk).locator(".room-ways")).to_contain_text(text)
    others = card(desk, "8400")
    await expect(others.get_by_role("button")).to_have_text([re.compile("Einladung kopieren")])
    await expect(others.locator("[data-participant]")).to_have_count(len(PEOPLE))
    assert await desk.check() == []


async def test_a_room_is_made_by_keyboard_alone(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    desk.daemon.answers.contacts[1]["login"] = "ben"
    await opens(desk)
    keyboard = desk.page.keyboard
    await desk.page.get_by_role("button", name="Neuer Raum").focus()
    await keyboard.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Neuer Konferenzraum")
    await expect(dialog.get_by_label("Titel")).to_be_focused()
    await keyboard.type("Bauabnahme Nord")
    guests = dialog.get_by_role("combobox")
    await guests.focus()
    await keyboard.type("ben")
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await keyboard.press("Enter")
    await keyboard.type("Büro <b>Maier</b>")
    await dialog.get_by_role("button", name="Hinzufügen").focus()
    await keyboard.press("Enter")
    await expect(dialog.locator(".chip")).to_have_count(2)
    begin, end = dialog.get_by_label("Beginn"), dialog.get_by_label("Ende")
    await begin.fill("2027-01-11T10:30")
    await expect(end).to_have_value("2027-01-11T11:30")  # it lasts as long as before
    await end.fill("2027-01-11T10:00")
    await expect(dialog.get_by_text("Das Ende muss nach dem Beginn liegen.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Raum anlegen")).to_have_attribute("aria-disabled", "true")
    await end.fill("2027-01-11T12:00")
    assert await desk.check() == []
    await dialog.get_by_label("Titel").focus()
    await keyboard.press("Enter")
    await expect(card(desk, "8765").get_by_role("heading", name="Bauabnahme Nord")).to_be_focused()
    await expect(desk.said).to_contain_text("Der Raum 8765 ist angelegt und sofort erreichbar.")
    [(op, wish)] = asked(desk)
    assert op == "room.make"
    assert wish == {
        "title": "Bauabnahme Nord",
        "kind": "booked",
        "waits": True,
        "starts": "2027-01-11T09:30:00.000Z",
        "ends": "2027-01-11T11:00:00.000Z",
        "people": [{"login": "ben"}, {"name": "Büro <b>Maier</b>"}],
    }


async def test_a_room_that_stays_has_no_time_and_a_refusal_is_told(desk: Desk) -> None:
    await opens(desk)
    await desk.page.get_by_role("button", name="Neuer Raum").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_label("Titel").fill("Sprechstunde")
    await dialog.get_by_label("ständig, für mich").check()
    await expect(dialog.get_by_label("Beginn")).to_have_count(0)
    desk.daemon.refuses_ops["room.make"] = wire.Problem(code="not_allowed", message="Too many.")
    await dialog.get_by_role("button", name="Raum anlegen").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("oder so viele Räume, wie erlaubt sind.")
    assert asked(desk) == [("room.make", {"title": "Sprechstunde", "kind": "personal", "waits": True})]


async def test_the_invitation_is_copied_or_offered_where_the_browser_does_not(desk: Desk) -> None:
    await opens(desk, room())
    await desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await card(desk).get_by_role("button", name="Einladung kopieren").click()
    await expect(desk.said).to_contain_text("Die Einladung ist kopiert.")
    assert await desk.page.evaluate("navigator.clipboard.readText()") == room().invitation["de"]
    await card(desk).get_by_role("button", name="Eingeladene und PINs").click()
    maier = card(desk).locator('[data-pin="p3"]')
    await maier.get_by_role("button", name="Einladung kopieren").click()
    await expect(maier.get_by_role("button", name="Einladung ist kopiert")).to_be_visible()
    assert "PIN: 6604127#" in await desk.page.evaluate("navigator.clipboard.readText()")

    await desk.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
    await card(desk).locator('[data-id="copy"]').click()
    dialog = desk.page.get_by_role("dialog", name="Einladung zu „Bauabnahme“")
    await expect(dialog.get_by_role("textbox")).to_have_value(room().invitation["de"])
    assert await desk.check() == []
    await dialog.get_by_role("button", name="Kopieren").click()
    await expect(dialog).to_have_count(0)
    await desk.page.context.clear_permissions()


async def test_who_is_there_is_told_in_words(desk: Desk) -> None:
    await opens(desk, live())
    for name, word in (
        ("Anna Amsel", "moderiert"),
        ("Ben Biber", "spricht"),
        ("Maier", "stumm"),
        ("069 90009123", "wartet"),
    ):
        await expect(row(desk, name).locator(".tag")).to_have_text(word)
    carla = person("e", "Carla Çelik", "103")
    await desk.has_read(await desk.daemon.tells_of_room(live(rev=3, participants=(PEOPLE[0], *PEOPLE[2:], carla))))
    await expect(row(desk, "Ben Biber")).to_have_count(0)
    await expect(desk.said).to_contain_text(
        "Carla Çelik ist jetzt in „Bauabnahme“. Ben Biber hat „Bauabnahme“ verlassen."
    )
    await desk.has_read(await desk.daemon.tells_of_room(live(rev=2)))  # came late
    await expect(row(desk, "Ben Biber")).to_have_count(0)
    await desk.has_read(await desk.daemon.tells_of_room(live(rev=4, guessed=True)))
    await expect(card(desk).get_by_text("Hier versucht jemand, eine PIN zu erraten.")).to_be_visible()
    await expect(desk.said).to_contain_text("Achtung: In „Bauabnahme“")
    await desk.has_read(await desk.daemon.tells_of_room(room(rev=5, ended=True)))
    await expect(card(desk)).to_have_count(0)
    await expect(desk.page.get_by_text("Keine Konferenzräume")).to_be_visible()


async def test_moderators_mute_lock_call_in_remove_and_end(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    await opens(desk, live())
    ben = row(desk, "Ben Biber")
    await ben.get_by_role("button", name="Stumm schalten Ben Biber").click()
    await expect(desk.said).to_contain_text("Ben Biber ist stumm.")
    await row(desk, "Maier").get_by_role("button", name="Ton wieder an").click()
    for word in ("Alle stumm", "Alle wieder hörbar", "Sperren"):
        await card(desk).get_by_role("button", name=word).click()
        await expect(card(desk).locator('[aria-disabled="true"]')).to_have_count(0)
    await desk.has_read(await desk.daemon.tells_of_room(live(rev=3, locked=True)))
    await expect(card(desk).get_by_text("gesperrt", exact=True)).to_be_visible()
    await card(desk).get_by_role("button", name="Öffnen").click()

    await card(desk).get_by_role("button", name="Jemanden anrufen").click()
    await desk.page.get_by_role("combobox", name="Name oder Nummer").fill("030 231250")
    await desk.page.get_by_role("button", name="Anrufen", exact=True).click()
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)

    await ben.get_by_role("button", name="Entfernen").click()
    dialog = desk.page.get_by_role("dialog", name="Ben Biber aus dem Raum entfernen?")
    await expect(dialog).to_contain_text("Die PIN gilt danach nicht mehr.")
    assert await desk.check() == []
    await dialog.get_by_role("button", name="Entfernen").click()
    await expect(dialog).to_have_count(0)
    await card(desk).get_by_role("button", name="Raum beenden").click()
    await desk.page.get_by_role("dialog", name="„Bauabnahme“ beenden?").get_by_role("button", name="Beenden").click()
    await until(lambda: asked(desk)[-1][0] == "room.end")
    whole = {"room": "8123"}
    assert asked(desk) == [
        ("room.mute", whole | {"participant": "b"}),
        ("room.unmute", whole | {"participant": "c"}),
        ("room.mute_all", whole),
        ("room.unmute_all", whole),
        ("room.lock", whole),
        ("room.unlock", whole),
        ("room.call", whole | {"to": "030 231250"}),
        ("room.remove", whole | {"participant": "b"}),
        ("room.end", whole),
    ]
    assert [bool(one.key) for one in desk.daemon.asked] == [one.op == "room.call" for one in desk.daemon.asked]


async def test_a_pin_is_revoked_after_a_question_and_somebody_invited(desk: Desk) -> None:
    await opens(desk, room())
    await card(desk).get_by_role("button", name="Eingeladene und PINs").click()
    await expect(card(desk).locator('[data-pin="p2"]').get_by_role("button")).to_have_count(0)  # one's own
    await card(desk).get_by_role("button", name="PIN widerrufen Gäste").click()
    dialog = desk.page.get_by_role("dialog", name="PIN widerrufen: Gäste?")
    await expect(dialog).to_contain_text("Gäste bekommen eine neue PIN.")
    await dialog.get_by_role("button", name="PIN widerrufen").click()
    await expect(dialog).to_have_count(0)
    await desk.has_read(await desk.daemon.tells_of_room(room(rev=2, guest_pin="551177")))
    await expect(desk.said).to_contain_text("„Bauabnahme“ hat eine neue PIN für Gäste.")
    await card(desk).get_by_role("button", name="Jemanden einladen").click()
    await desk.page.get_by_role("combobox").fill("Dr. Wolf")
    await desk.page.get_by_role("button", name="Einladen", exact=True).click()
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)
    assert asked(desk) == [
        ("room.revoke", {"room": "8123", "pin": "p1"}),
        ("room.invite", {"room": "8123", "people": [{"name": "Dr. Wolf"}]}),
    ]


async def test_a_room_is_changed_in_what_is_another_than_before(desk: Desk) -> None:
    await opens(desk, room(can_record=True))
    await card(desk).get_by_role("button", name="Ändern").click()
    dialog = desk.page.get_by_role("dialog", name="„Bauabnahme“ ändern")
    await expect(dialog.get_by_label("Titel")).to_be_focused()
    await dialog.get_by_label("Sprache der Ansagen").select_option("Englisch")
    most = dialog.get_by_label("Höchstens im Raum")
    await most.fill("0")
    await expect(dialog.get_by_text("Ein Raum hat 1 bis 200 Plätze.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Speichern")).to_have_attribute("aria-disabled", "true")
    await most.fill("8")
    await dialog.get_by_label("Von Anfang an aufzeichnen").check()
    await expect(dialog.get_by_text("Alle hören beim Hineinkommen")).to_be_visible()
    also = dialog.get_by_role("group", name="Wer moderiert außerdem?")
    await expect(also.get_by_role("checkbox")).to_have_count(1)  # neither guests nor oneself
    await also.get_by_label("Architekturbüro Maier").check()
    assert await desk.check() == []
    await desk.page.screenshot(path=SCREENSHOTS / "room-change.png")
    await dialog.get_by_role("button", name="Speichern").click()
    await expect(dialog).to_have_count(0)
    assert asked(desk) == [
        ("room.change", {"room": "8123", "change": {"language": "en", "most": 8, "recording": True}}),
        ("room.let_moderate", {"room": "8123", "pin": "p3", "moderates": True}),
    ]


async def test_what_does_not_work_is_told_at_the_room(desk: Desk) -> None:
    await opens(desk, live())
    desk.daemon.refuses_ops["room.mute"] = wire.Problem(code="not_found", message="Gone.")
    await row(desk, "Ben Biber").get_by_role("button", name="Stumm schalten").click()
    await expect(card(desk).get_by_role("alert")).to_contain_text("inzwischen weg")
    assert await desk.check() == []


async def test_where_there_are_no_rooms_nobody_is_led_to_them(desk: Desk) -> None:
    desk.daemon.rooms = None
    await desk.is_signed_in()
    await expect(desk.page.get_by_role("link", name="Verlauf")).to_be_visible()
    await expect(desk.page.get_by_role("link", name="Konferenzen")).to_have_count(0)
    await desk.page.goto(f"{desk.daemon.url}#/conferences")
    await expect(desk.page.get_by_text("Hier gibt es keine Konferenzräume")).to_be_visible()
    assert await desk.check() == []


@pytest.mark.parametrize("looks", [{"viewport": {"width": 320, "height": 640}}], ids=["narrow"])
async def test_hostile_titles_and_names_do_nothing(desk: Desk) -> None:
    rooms = []
    for at, text in enumerate(HOSTILE):
        people = (person("x", text, text), person("y", None, text))
        pins = (wire.RoomPin(id="p", role="part", name=text, digits="1234567"),)
        rooms.append(live(f"81{at}0", title=text, owner=text, participants=people, pins=pins))
    await opens(desk, *rooms)
    for button in await card(desk, "8100").get_by_role("button", name="Eingeladene").all():
        await button.click()
    late = msgspec.structs.replace(rooms[0], rev=9, guessed=True, participants=())
    await desk.has_read(await desk.daemon.tells_of_room(late))
    await expect(desk.said).to_contain_text("alert(1)")
    await card(desk, "8110").get_by_role("button", name="Raum beenden").click()
    assert await desk.page.locator("main img, main script, main b").count() == 0
    assert await desk.fits()
    assert await desk.check() == []
    assert GUEST not in (await desk.page.locator("[data-entry]").all_inner_texts())
