"""The screen Journal: what was missed, who has called back, notes, private calls, older pages."""

import re

import pytest
from playwright.async_api import Locator, expect

from ami_bridge.wire import Peer
from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until
from tests.page.town import BEN, UNKNOWN, ago

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opens(desk: Desk) -> None:
    if not desk.daemon.answers.entries:
        life.fill(desk.daemon.answers)
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Verlauf").click()
    await desk.page.locator(".entry").first.wait_for()


def row(desk: Desk, entry: str) -> Locator:
    return desk.page.locator(f'[data-entry="{entry}"]')


async def test_finished_calls_are_read_with_names_and_results(desk: Desk) -> None:
    await opens(desk)
    await expect(desk.page.get_by_role("heading", level=1, name="Verlauf")).to_be_focused()
    await expect(desk.page.locator(".entry")).to_have_count(8)  # the private one is not shown
    for entry, words in (
        ("j1", r"Erika Mustermann.*Verpasst.*Eingehend.*Bürgerbüro \(000\).*heute|gestern"),
        ("j3", r"Ben Biber.*Beendet.*Intern.*3:05"),
        ("j4", r"erledigt von Ben Biber, (heute|gestern) \d\d:\d\d"),
        ("j5", r"Will den Bauantrag"),
        ("j6", r"Rufnummer unterdrückt.*Besetzt"),
        ("j7", r"Nicht angenommen.*Ausgehend"),
    ):
        await expect(row(desk, entry)).to_contain_text(re.compile(words, re.DOTALL))
    await expect(row(desk, "j6").get_by_role("button", name="anrufen")).to_have_count(0)
    assert await desk.check() == []


async def test_a_missed_call_is_called_back_and_done(desk: Desk) -> None:
    await opens(desk)
    await row(desk, "j1").get_by_role("button", name="Zurückrufen Erika Mustermann").click()
    await until(lambda: desk.daemon.asked)
    assert desk.daemon.asked[0].params == {"to": "+493023125001"}
    await expect(desk.page.locator(".dial-now")).to_contain_text("Ihr Telefon klingelt.")
    done = row(desk, "j1").get_by_role("button", name="Erledigt Erika Mustermann")
    await done.focus()
    await desk.page.keyboard.press("Enter")
    await expect(row(desk, "j1")).to_contain_text("erledigt von Anna Amsel")
    await expect(row(desk, "j1").get_by_role("heading")).to_be_focused()
    assert desk.daemon.answers.done == ["j1"]


async def test_what_a_colleague_has_done_is_seen_at_once(desk: Desk) -> None:
    await opens(desk)
    await row(desk, "j2").get_by_role("button", name="Notiz").focus()
    await desk.daemon.tells_of_entry(life.entry("j2", 12, peer=UNKNOWN, rev=2, done_by="Ben Biber", done_at=ago(1)))
    await expect(row(desk, "j2")).to_contain_text("erledigt von Ben Biber")
    await expect(row(desk, "j2").get_by_role("button", name="Notiz")).to_be_focused()
    await desk.daemon.tells_of_entry(life.entry("j2", 12, peer=UNKNOWN, rev=1))
    await desk.daemon.tells_of_entry(life.entry("j0", 0, peer=Peer(number="110", display="110")))
    await expect(desk.page.locator(".entry").first).to_contain_text("110")
    await expect(row(desk, "j2")).to_contain_text("erledigt von Ben Biber")
    await desk.daemon.tells_of_entry(life.entry("j2", 12, peer=Peer(), rev=3, gone=True))
    await expect(row(desk, "j2")).to_have_count(0)


async def test_missed_calls_are_grouped_by_who_called(desk: Desk) -> None:
    life.fill(desk.daemon.answers)
    desk.daemon.answers.entries = [life.entry("m1", 3), life.entry("m2", 50), life.entry("m3", 70, peer=UNKNOWN)]
    await desk.is_signed_in()
    await expect(desk.page.get_by_role("link", name="Verlauf (nicht zurückgerufen: 2)")).to_be_visible()
    await desk.page.get_by_role("link", name="Verlauf").click()
    await desk.page.get_by_role("radio", name="Alle").focus()
    await desk.page.keyboard.press("ArrowRight")
    group = desk.page.locator('.entry[data-number="+493023125001"]')
    await expect(group).to_contain_text("hat 2-mal angerufen")
    assert await desk.check() == []
    await group.get_by_role("button", name="Zurückrufen").click()
    await until(lambda: desk.daemon.asked)
    await group.get_by_role("button", name="Erledigt").click()
    await expect(group).to_have_count(0)
    assert desk.daemon.answers.done == ["m1", "m2"]
    await expect(desk.page.get_by_role("link", name="Verlauf (nicht zurückgerufen: 1)")).to_be_visible()
    await desk.page.locator(".entry").get_by_role("button", name="Erledigt").click()
    await expect(desk.page.get_by_text("Nichts verpasst", exact=True)).to_be_visible()
    await expect(desk.page.get_by_role("link", name="Verlauf", exact=True)).to_be_visible()


async def test_the_list_is_narrowed(desk: Desk) -> None:
    await opens(desk)
    entries = desk.page.locator(".entry")
    await desk.page.get_by_label("Name oder Nummer suchen").fill("biber")
    await expect(entries).to_have_count(1)
    await expect(desk.said).to_contain_text("Ein Anruf.")
    await desk.page.get_by_label("Name oder Nummer suchen").fill("")
    await desk.page.get_by_label("Richtung").select_option("Ausgehend")
    await expect(entries).to_have_count(1)
    await desk.page.get_by_label("auch private").check()
    await expect(entries).to_have_count(2)
    await desk.page.get_by_label("von").fill("2026-03-28")
    await desk.page.get_by_label("bis").fill("2026-03-29")  # the day on which clocks go forward
    await until(lambda: "until" in desk.daemon.answers.asked[-1])
    query = desk.daemon.answers.asked[-1]
    assert "since=2026-03-27T23:00:00.000Z" in query
    assert "until=2026-03-29T22:00:00.000Z" in query
    assert "direction=out" in query
    assert await desk.check() == []


async def test_older_calls_are_fetched_on_wish(desk: Desk) -> None:
    desk.daemon.answers.entries = [life.entry(f"p{number}", number) for number in range(45)]
    await opens(desk)
    await expect(desk.page.locator(".entry")).to_have_count(30)
    more = desk.page.get_by_role("button", name="Ältere zeigen")
    await more.focus()
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.locator(".entry")).to_have_count(45)
    await expect(row(desk, "p30").get_by_role("heading")).to_be_focused()
    await expect(more).to_have_count(0)
    assert "after=p29" in desk.daemon.answers.asked[-1]


async def test_a_note_is_written_and_a_call_made_private(desk: Desk) -> None:
    await opens(desk)
    await row(desk, "j3").get_by_role("button", name="Notiz").click()
    dialog = desk.page.get_by_role("dialog", name="Notiz zu Ben Biber")
    field = dialog.get_by_label("Notiz")
    await expect(field).to_be_focused()
    await field.fill("Montag <b>wieder</b>")
    assert await desk.check() == []
    await dialog.get_by_role("button", name="Speichern").click()
    await expect(row(desk, "j3")).to_contain_text("Montag <b>wieder</b>")
    await expect(row(desk, "j3").get_by_role("button", name="Notiz")).to_be_focused()
    await row(desk, "j3").get_by_role("button", name="Notiz").click()
    await expect(field).to_have_value("Montag <b>wieder</b>")
    await desk.page.keyboard.press("Escape")
    await row(desk, "j3").get_by_role("button", name="Privat Ben Biber").click()
    await expect(row(desk, "j3")).to_have_count(0)
    await desk.page.get_by_label("auch private").check()
    await expect(row(desk, "j3")).to_contain_text("privat")
    await row(desk, "j3").get_by_role("button", name="Nicht privat Ben Biber").click()
    await expect(row(desk, "j3").locator(".tag")).to_have_count(0)


async def test_the_departments_journal_is_there_only_for_those_who_may(desk: Desk) -> None:
    """It is followed only while it is looked at, since each look at others' calls is written down."""
    await opens(desk)
    topic = "journal.dept:Bürgerbüro"
    [followed] = desk.daemon.followed.values()
    assert topic not in followed
    await desk.page.get_by_role("radio", name="Bürgerbüro").check(force=True)
    await until(lambda: "of=dept" in desk.daemon.answers.asked[-1])
    await until(lambda: topic in next(iter(desk.daemon.followed.values())))
    await expect(row(desk, "j3")).to_contain_text("Nebenstelle 101")
    await expect(row(desk, "j3").get_by_role("button", name="Notiz")).to_have_count(0)
    await expect(desk.page.get_by_role("link", name="Als Tabelle (CSV)")).to_have_count(0)
    await desk.page.get_by_role("link", name="Kontakte").click()
    await until(lambda: topic not in next(iter(desk.daemon.followed.values())))
    await desk.page.get_by_role("link", name="Verlauf").click()
    desk.daemon.offers = ()
    await desk.page.reload()
    await desk.page.locator(".entry").first.wait_for()
    await expect(desk.page.get_by_role("radio", name="Bürgerbüro")).to_have_count(0)
    await expect(desk.page.get_by_role("link", name="Als Tabelle (CSV)")).to_have_attribute(
        "href", "/api/v1/journal.csv"
    )


async def test_whose_department_it_is_no_longer_sees_their_own_calls_again(desk: Desk) -> None:
    await opens(desk)
    await desk.page.get_by_role("radio", name="Bürgerbüro").check(force=True)
    await until(lambda: "of=dept" in desk.daemon.answers.asked[-1])
    desk.daemon.offers = ()
    await desk.daemon.ends_links(4010)
    await until(lambda: "of=self" in desk.daemon.answers.asked[-1])
    await expect(desk.page.get_by_role("radio", name="Bürgerbüro")).to_have_count(0)
    await expect(row(desk, "j3").get_by_role("button", name="Notiz")).to_be_visible()


async def test_who_leaves_the_departments_journal_at_once_does_not_go_on_following_it(desk: Desk) -> None:
    await opens(desk)
    topic = "journal.dept:Bürgerbüro"
    desk.daemon.is_slow.clear()
    await desk.page.get_by_role("radio", name="Bürgerbüro").check(force=True)
    await until(lambda: topic in next(iter(desk.daemon.followed.values())))
    await desk.page.get_by_role("link", name="Kontakte").click()
    await expect(desk.page.get_by_role("heading", level=1, name="Kontakte")).to_be_visible()
    desk.daemon.is_slow.set()
    await until(lambda: topic not in next(iter(desk.daemon.followed.values())))


async def test_a_journal_that_cannot_be_read_says_so(desk: Desk) -> None:
    desk.daemon.answers.refuses["journal"] = (503, {"code": "unavailable"})
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Verlauf").click()
    why = "Der Server erreicht gerade etwas nicht"  # and not the telephone system, which has no part in it
    await expect(desk.page.get_by_role("alert").filter(has_text=why)).to_be_visible()
    await expect(desk.page.get_by_text("Keine Anrufe", exact=True)).to_have_count(0)


async def test_what_the_department_has_missed_never_stands_under_ones_own_however_slow_the_answers(desk: Desk) -> None:
    answers = desk.daemon.answers
    answers.entries = [life.entry("m1", 3)]
    group = {"number": UNKNOWN.number, "display": UNKNOWN.display, "name": None, "org": None, "count": 1}
    answers.of_department = [group | {"last": ago(5), "ids": ["d1"]}]
    await opens(desk)
    await desk.page.get_by_role("radio", name="Verpasst").check(force=True)
    own = desk.page.locator('.entry[data-number="+493023125001"]')
    await expect(own).to_be_visible()
    answers.is_quick.clear()
    await desk.page.get_by_role("radio", name="Bürgerbüro").check(force=True)
    await expect(own).to_have_count(0)
    await desk.page.get_by_role("radio", name="Meine").check(force=True)
    answers.is_quick.set()
    await expect(own).to_be_visible()
    await expect(desk.page.locator(".entry")).to_have_count(1)


async def test_the_last_wish_counts_while_older_calls_are_still_on_their_way(desk: Desk) -> None:
    answers = desk.daemon.answers
    answers.entries = [life.entry(f"p{number}", number) for number in range(45)] + [life.entry("ben", 50, peer=BEN)]
    await opens(desk)
    answers.is_quick.clear()
    await desk.page.get_by_role("button", name="Ältere zeigen").click()
    await until(lambda: "after=p29" in answers.asked[-1])
    await desk.page.get_by_label("Name oder Nummer suchen").fill("biber")
    await desk.page.get_by_label("auch private").check()
    answers.is_quick.set()
    await expect(desk.page.locator(".entry")).to_have_count(1)
    await expect(row(desk, "ben")).to_be_visible()


async def test_how_many_wait_to_be_called_back_is_not_forgotten_when_nobody_can_be_asked(desk: Desk) -> None:
    desk.daemon.answers.entries = [life.entry("m1", 3)]
    await desk.is_signed_in()
    missed = desk.page.get_by_role("link", name="Verlauf (nicht zurückgerufen: 1)")
    await expect(missed).to_be_visible()
    desk.daemon.answers.refuses["journal/missed"] = (503, {"code": "unavailable"})
    async with desk.page.expect_response("**/journal/missed?of=self"):
        await desk.daemon.tells_of_entry(life.entry("m2", 1, peer=UNKNOWN))
    await expect(missed).to_be_visible()
