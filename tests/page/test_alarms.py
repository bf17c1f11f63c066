"""The screen Alarm: who looks after plants sees at once what is wrong and who cares, and does what is to be done."""

import re

import pytest
from msgspec.structs import replace
from playwright.async_api import Locator, expect

from ami_bridge import wire
from tests.page.alarms import DIETER, EVERYTHING, MANAGER, alarm, attempt, by, every_kind
from tests.page.conftest import Desk
from tests.page.town import HOSTILE, call

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opens(desk: Desk, *alarms: wire.Alarm, user: wire.User = DIETER) -> None:
    desk.daemon.user = user
    desk.daemon.alarms.fill()
    desk.daemon.alarms.open = {one.id: one for one in alarms}
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/alarms")
    await expect(desk.page.get_by_role("heading", level=1)).to_be_visible()


def card(desk: Desk, id_: str = "gas") -> Locator:
    return desk.page.locator(f'[data-alarm="01ALARM{id_.upper()}"]')


async def stands_still(desk: Desk) -> None:
    """What has just moved takes no click."""
    await expect(desk.page.locator(".alarms:not([data-settling])").first).to_be_visible()


def warned(desk: Desk) -> Locator:
    return desk.page.locator("#warnings")


async def test_from_raised_to_closed_by_keyboard_alone(desk: Desk) -> None:
    await opens(desk)
    await expect(desk.page.get_by_text("Kein Alarm offen")).to_be_visible()
    await desk.has_read(await desk.daemon.tells_of_alarm(alarm()))
    await expect(warned(desk)).to_have_text("Alarm, Priorität 1: Kläranlage Musterhausen: Gasmotor steht.")
    await expect(desk.page).to_have_title("Alarm: Kläranlage Musterhausen, Gasmotor steht · ami_bridge")
    keyboard = desk.page.keyboard
    take_over = card(desk).get_by_role("button", name="Übernehmen Gasmotor steht")
    await take_over.focus()
    await desk.has_read(await desk.daemon.tells_of_alarm(alarm(rev=2, attempts=(), count=2)))
    await expect(take_over).to_be_focused()  # whatever else becomes of the alarm
    await keyboard.press("Enter")
    await expect(card(desk).locator('[data-fact="taken_over"]')).to_contain_text("Dieter Dachs")
    await expect(card(desk).get_by_role("heading", name="Gasmotor steht")).to_be_focused()
    await expect(desk.page).to_have_title("Alarm · ami_bridge")
    await keyboard.press("Tab")
    await expect(card(desk).get_by_role("button", name="Quittieren")).to_be_focused()
    await keyboard.press("Enter")
    await expect(card(desk).locator(".state")).to_have_text("gekommen, quittiert")
    await keyboard.press("Tab")
    await expect(card(desk).get_by_role("button", name="Störung behoben")).to_be_focused()
    await keyboard.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Ist die Störung behoben: Gasmotor steht?")
    await expect(dialog).to_be_visible()
    assert await desk.check() == []
    await dialog.get_by_role("button", name="Störung ist behoben").press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(desk.page.get_by_role("heading", name="Zuletzt erledigt")).to_be_visible()
    await expect(desk.said).to_contain_text("Erledigt: Gasmotor steht.")
    assert [one.op for one in desk.daemon.asked] == ["alarm.take-over", "alarm.acknowledge", "alarm.clear"]


async def test_who_is_called_is_told_as_it_happens(desk: Desk) -> None:
    await opens(desk, alarm())
    calls = card(desk).locator("[data-attempt]")
    await expect(calls).to_contain_text([re.compile(r"Emil Elster\s*105\s*klingelt"), "nicht abgehoben", "besetzt"])
    await expect(calls.nth(1)).to_contain_text("2. Versuch")
    await expect(card(desk).locator('[data-fact="next"]')).to_contain_text(
        re.compile(r"mehr Personen rufen um \d\d:\d\d \(in 0:\d\d\): Franz Fuchs, Gerda Gans")
    )
    talks = (attempt("t2", "Emil Elster", state="talking"), *alarm().attempts[1:])
    await desk.has_read(await desk.daemon.tells_of_alarm(alarm(rev=2, attempts=talks, why="ringing", next=())))
    await expect(calls.first).to_contain_text("spricht")
    done = alarm(rev=3, taken_over=by(), acknowledged=by(), state="acknowledged", why="acknowledged", actions=())
    await desk.has_read(await desk.daemon.tells_of_alarm(done))
    await expect(card(desk).locator('[data-fact="acknowledged"]')).to_contain_text(
        re.compile(r"Emil Elster, \d\d:\d\d, am Telefon")
    )
    await expect(desk.said).to_contain_text("Emil Elster hat quittiert: Gasmotor steht.")
    await desk.has_read(await desk.daemon.tells_of_alarm(alarm(rev=2)))  # came late
    await expect(card(desk).locator(".state")).to_have_text("gekommen, quittiert")
    await expect(card(desk).get_by_role("button")).to_have_text([re.compile("Hergang")])  # nothing that cannot work
    quiet = tuple(one for one in alarm().attempts if one.state == "done")
    await desk.has_read(await desk.daemon.tells_of_alarm(replace(done, rev=4, attempts=quiet)))
    await expect(calls).to_have_count(0)  # it is settled
    await card(desk).get_by_role("button", name="Anrufe zeigen: 2").click()
    await expect(calls).to_have_count(2)


async def test_what_needs_somebody_stands_first_and_tests_look_different(desk: Desk) -> None:
    await opens(desk, *every_kind())
    await expect(desk.page.get_by_role("main").get_by_role("heading", level=2)).to_have_text(
        ["Noch niemand hat übernommen", "Jemand kümmert sich", "Zurückgestellt", "Probealarme", "Zuletzt erledigt",
         "Weitere im Meldeschwall: 1"]
    )  # fmt: skip
    await expect(desk.page.get_by_role("link", name="Alarm (offene Alarme: 6)")).to_be_visible()
    await expect(card(desk, "test").locator(".tag-test")).to_have_text("Probealarm")
    await expect(card(desk, "more")).to_have_count(0)
    await desk.page.get_by_role("button", name="Alle zeigen").click()
    await expect(card(desk, "more")).to_be_visible()
    await expect(warned(desk)).not_to_contain_text("Probealarm")
    await expect(warned(desk)).not_to_contain_text("Unterspannung")


async def test_a_flood_is_announced_in_a_few_words(desk: Desk) -> None:
    await opens(desk, *(alarm(f"a{n}", text=f"Störung {n}") for n in range(8)))
    await expect(warned(desk)).to_contain_text("Und 5 weitere Alarme.")
    assert (await warned(desk).inner_text()).count("Priorität") == 3


async def test_it_is_set_aside_with_a_reason_and_an_end(desk: Desk) -> None:
    await opens(desk, alarm(), user=MANAGER)
    await card(desk).get_by_role("button", name="Zurückstellen").click()
    dialog = desk.page.get_by_role("dialog", name="Zurückstellen: Gasmotor steht")
    do = dialog.get_by_role("button", name="Zurückstellen", exact=True)
    await expect(do).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Grund").fill("Monteur ist da")
    await dialog.get_by_label("Bis wann?").select_option("120")
    await dialog.get_by_label("außer Betrieb").check()
    await do.click()
    await expect(card(desk).locator(".state")).to_have_text("außer Betrieb")
    await expect(card(desk)).to_contain_text("Monteur ist da")
    [asked] = desk.daemon.asked
    wish = {"alarm": "01ALARMGAS", "minutes": 120, "reason": "Monteur ist da", "overlay": "out-of-service"}
    assert (asked.op, asked.params) == ("alarm.shelve", wish)


async def test_that_work_is_done_at_a_plant_is_said_above_the_alarms_begun_and_ended(desk: Desk) -> None:
    await opens(desk, alarm(), user=MANAGER)
    await desk.page.locator('input[value="sources"]').check(force=True)
    line = desk.page.locator('tr[data-source="sewage-plant"]')
    await line.get_by_role("button", name="Wartung beginnen Kläranlage").click()
    dialog = desk.page.get_by_role("dialog", name="Wartung: Kläranlage")
    do = dialog.get_by_role("button", name="Wartung beginnen", exact=True)
    await expect(do).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Was wird gemacht?").fill("Ölwechsel")
    await dialog.get_by_label("Bis wann?").select_option("240")
    await dialog.get_by_label("Auch Alarme der Priorität 1").check()
    await do.click()
    await expect(line).to_contain_text("Auch Alarme der Priorität 1 rufen niemanden.")
    assert desk.daemon.alarms.wishes == [{"reason": "Ölwechsel", "minutes": 240, "urgent": True}]
    await desk.page.locator('input[value="open"]').check(force=True)
    banner = desk.page.locator("[data-works]")
    await expect(banner).to_contain_text("(Anna Amsel: Ölwechsel). Ihre Alarme rufen niemanden, auch nicht die der Pri")
    await desk.page.locator('input[value="sources"]').check(force=True)
    await line.get_by_role("button", name="Wartung beenden Kläranlage").click()
    await desk.page.get_by_role("dialog").get_by_role("button", name="Beenden").click()
    await expect(line.get_by_role("button", name="Wartung beginnen Kläranlage")).to_be_visible()


async def test_more_are_called_after_a_question_and_a_refusal_is_told(desk: Desk) -> None:
    await opens(desk, alarm())
    desk.daemon.refuses_ops["alarm.escalate"] = wire.Problem(code="gone", message="Closed.")
    await card(desk).get_by_role("button", name="Mehr Personen rufen").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Jetzt rufen").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Dieser Alarm ist inzwischen erledigt.")


async def test_without_a_websocket_it_is_looked_up_and_all_buttons_work(desk: Desk) -> None:
    desk.daemon.takes_links = False
    desk.daemon.user = DIETER
    desk.daemon.alarms.open = {alarm().id: alarm()}
    session = desk.daemon.new_session()
    await desk.page.context.add_cookies([{"name": "ami-bridge", "value": session, "url": desk.daemon.url}])
    await desk.page.goto(f"{desk.daemon.url}#/alarms")
    await expect(card(desk)).to_be_visible()
    await expect(desk.page.locator("[data-cut]")).to_contain_text("Zurzeit kommt hier nichts von selbst.")
    await stands_still(desk)
    await card(desk).get_by_role("button", name="Übernehmen").click()
    await expect(card(desk).locator('[data-fact="taken_over"]')).to_contain_text("Dieter Dachs")
    desk.daemon.alarms.open["01ALARMPUMP"] = alarm("pump", text="Pumpe 2")
    looks = desk.daemon.alarms.looks
    await desk.page.get_by_role("button", name="Aktualisieren").click()
    await expect(card(desk, "pump")).to_be_visible()
    await expect(desk.said).to_contain_text("Die Alarme sind aktuell.")
    assert desk.daemon.alarms.looks > looks
    assert await desk.check() == []


async def test_what_was_is_read_page_by_page(desk: Desk) -> None:
    await opens(desk)
    await desk.page.locator('input[value="closed"]').check(force=True)
    await expect(desk.page.locator(".alarm")).to_have_count(20)
    await desk.page.get_by_role("button", name="Ältere zeigen").click()
    await expect(desk.page.locator(".alarm")).to_have_count(30)
    await expect(desk.page.get_by_role("heading", name="Störung 20")).to_be_focused()
    await desk.page.locator('input[value="log"]').check(force=True)
    await expect(desk.page.locator("[data-line]")).to_have_count(50)
    await desk.page.get_by_role("button", name="Ältere zeigen").click()
    await expect(desk.page.locator("[data-line]")).to_have_count(79)
    await expect(desk.page.locator('[data-line="2"]')).to_contain_text("Dieter Dachs")
    await desk.page.locator('[data-line="79"]').get_by_role("link").click()  # of an alarm that is not there any more
    await expect(desk.page.get_by_text("Diesen Alarm gibt es nicht mehr.")).to_be_visible()


async def test_a_test_is_begun_and_its_report_counts_everybody_on_the_list(desk: Desk) -> None:
    await opens(desk, user=MANAGER)
    await desk.page.locator('input[value="tests"]').check(force=True)
    await expect(desk.page.locator("[data-reached]")).to_have_text(
        [re.compile("Dieter.*bestätigt, nach 12 s", re.DOTALL), re.compile("besetzt"), re.compile("Anrufbeantworter"),
         re.compile("kein Telefon")]
    )  # fmt: skip
    await expect(desk.page.get_by_text("1 von 4 haben bestätigt").last).to_be_visible()
    await desk.page.get_by_role("button", name="Probealarm auslösen").click()
    dialog = desk.page.get_by_role("dialog", name="Probealarm auslösen")
    await dialog.get_by_label("Wer wird angerufen?").fill("dieter, role:plant")
    await dialog.get_by_role("button", name="Jetzt anrufen").click()
    await expect(dialog).to_have_count(0)
    assert desk.daemon.alarms.wishes == [{"to": ["dieter", "role:plant"], "text": ""}]


async def test_an_alarm_is_raised_by_keyboard_in_two_steps(desk: Desk) -> None:
    await opens(desk)
    keyboard = desk.page.keyboard
    await desk.page.get_by_role("button", name="Alarm auslösen").focus()
    await keyboard.press("Enter")
    first = desk.page.get_by_role("dialog", name="Alarm auslösen")
    await expect(first.get_by_role("option")).to_have_count(2)
    await expect(first.get_by_label("Welcher Alarm?")).to_be_focused()
    await keyboard.press("Tab")
    await keyboard.type("Rauch im Schaltschrank")
    assert await desk.check() == []
    await keyboard.press("Enter")
    second = desk.page.get_by_role("dialog", name="Kläranlage: Rauch im Schaltschrank")
    await expect(second).to_contain_text("2 Personen angerufen, bis jemand übernimmt: Dieter Dachs, Emil Elster")
    await expect(second.get_by_label("Zum Bestätigen ALARM eintippen")).to_be_focused()
    await keyboard.press("Enter")  # nothing typed yet
    await keyboard.type("alarm")
    assert await desk.check() == []
    assert desk.daemon.alarms.wishes == []
    await keyboard.press("Enter")
    await expect(card(desk, "hand").get_by_role("heading", name="Rauch im Schaltschrank")).to_be_visible()
    [wish] = desk.daemon.alarms.wishes
    assert wish.pop("key")
    said = {"source": "sewage-plant", "alarm_class": "machine", "text": "Rauch im Schaltschrank", "confirmed": True}
    assert wish == said


async def test_an_alarm_interrupts_on_every_screen_and_a_bubble_leads_to_it(desk: Desk) -> None:
    desk.daemon.user = DIETER
    await desk.is_signed_in()
    await desk.sees(call())
    await desk.has_read(await desk.daemon.tells_of_alarm(alarm()))
    await expect(warned(desk)).to_contain_text("Gasmotor steht")
    await expect(desk.page.get_by_role("link", name="Alarm (offene Alarme: 1)")).to_be_visible()
    await desk.page.goto(f"{desk.daemon.url}#/alarms/01ALARMGAS")
    await expect(card(desk).get_by_role("heading", name="Gasmotor steht")).to_be_focused()


async def test_who_has_no_plant_is_not_led_there(desk: Desk) -> None:
    await desk.is_signed_in()
    await expect(desk.page.get_by_role("link", name="Verlauf")).to_be_visible()
    await expect(desk.page.get_by_role("link", name="Alarm")).to_have_count(0)
    await desk.page.goto(f"{desk.daemon.url}#/alarms")
    await expect(desk.page.get_by_text("Hier gibt es für Sie keine Alarme")).to_be_visible()
    assert [hello.topics for hello in desk.daemon.hellos] == [("calls.self", "journal.self", "rooms")]


@pytest.mark.parametrize("looks", [{"viewport": {"width": 320, "height": 640}}], ids=["narrow"])
async def test_hostile_texts_do_nothing(desk: Desk) -> None:
    alarms = []
    for at, text in enumerate(HOSTILE):
        texts = {"text": text, "plant": text, "point": text, "values": {text: text}, "next": (text,)}
        calls = (attempt("a", text, number=text, path=text),)
        aside = {"overlay": "shelved", "shelved_by": by(text), "shelved_until": by().at, "shelve_reason": text}
        alarms.append(alarm(f"x{at}", **texts, **aside, attempts=calls, taken_over=by(text), actions=EVERYTHING))
    await opens(desk, *alarms)
    await desk.has_read(await desk.daemon.tells_of_alarm(alarm(text=HOSTILE[0], plant=HOSTILE[1])))
    await expect(warned(desk)).to_contain_text("alert(1)")
    assert await desk.page.locator("main img, main script, main b").count() == 0
    assert await desk.fits()
    assert await desk.check() == []
