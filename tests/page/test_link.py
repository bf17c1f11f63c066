"""The websocket as the page uses it: coming back, missing nothing, and never pretending."""

import asyncio
import json
import re

import msgspec
import pytest
from playwright.async_api import expect

from ami_bridge.wire import Resume
from tests.page import life
from tests.page.conftest import Desk
from tests.page.counterpart import until
from tests.page.town import BEN, answered, call, ended

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONNECTED = "Verbunden"
CUT = re.compile(r"^Verbindung unterbrochen, Stand \d\d:\d\d$")
NO_PBX = re.compile(r"^Telefonanlage nicht erreichbar, Stand \d\d:\d\d$")


async def test_the_first_hello_asks_for_ones_own_calls(desk: Desk) -> None:
    await desk.is_signed_in()
    [hello] = desk.daemon.hellos
    assert hello.topics == ("calls.self", "journal.self", "rooms")
    assert hello.resume is None
    assert hello.lang == "de"
    await expect(desk.page.locator("#badge")).to_have_text(CONNECTED)


async def test_after_a_cut_it_goes_on_where_it_was(desk: Desk) -> None:
    await desk.is_signed_in()
    seen = await desk.daemon.tells(call())
    await desk.has_read(seen)
    desk.daemon.away = True
    await desk.daemon.ends_links(4008)
    await expect(desk.page.locator("#badge")).to_have_text(CUT)
    await desk.daemon.tells(answered())
    await desk.daemon.tells(call("ben", peer=BEN))
    desk.daemon.away = False
    await desk.has_read(desk.daemon.seq)
    assert desk.daemon.hellos[-1].resume == Resume(epoch=desk.daemon.epoch, seq=seen)
    await expect(desk.card("Erika Mustermann").locator(".state")).to_have_text("Im Gespräch")
    await expect(desk.card("Ben Biber")).to_be_visible()
    await expect(desk.page.locator("#badge")).to_have_text(CONNECTED)


async def test_while_cut_nothing_pretends_to_be_live(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call())
    await expect(desk.page).to_have_title("Erika Mustermann ruft an · ami_bridge")
    desk.daemon.away = True
    await desk.daemon.ends_links(4000)
    await expect(desk.page.locator("#badge")).to_have_text(CUT)
    card = desk.card("Erika Mustermann")
    await expect(card.locator(".state")).to_have_text("zuletzt: Klingelt")
    await expect(card.locator(".duration")).to_have_count(0)
    await expect(desk.page).to_have_title("Anrufe · ami_bridge")
    await expect(desk.said).to_have_text(re.compile("Verbindung unterbrochen"))


async def test_a_daemon_that_forgot_tells_everything_anew(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.daemon.tells(call())
    await desk.sees(call("ben", peer=BEN))
    del desk.daemon.calls["01CALLERIKA"]
    await desk.daemon.restarts()
    await desk.has_read(3)
    assert desk.daemon.hellos[-1].resume is not None
    await expect(desk.card("Ben Biber")).to_be_visible()
    await expect(desk.card("Erika Mustermann")).to_have_count(0)


@pytest.mark.parametrize("reveals", ["news", "tick"])
async def test_a_gap_leads_to_a_whole_new_state(desk: Desk, reveals: str) -> None:
    await desk.is_signed_in()
    await desk.sees(call())
    await desk.daemon.forgets_to_tell(ended())
    if reveals == "news":
        await desk.daemon.tells(call("ben", peer=BEN))
    else:
        await desk.daemon.ticks()
    await expect(desk.card("Erika Mustermann").locator(".state")).to_have_text("Verpasst")
    assert [hello.resume for hello in desk.daemon.hellos] == [None, None]
    await expect(desk.page.locator("#badge")).to_have_text(CONNECTED)


async def test_a_tick_moves_the_number(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.daemon.ticks()
    await desk.sees(call())
    assert len(desk.daemon.hellos) == 1


async def test_junk_leads_to_a_whole_new_state(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.daemon.says("{no json")
    await until(lambda: len(desk.daemon.hellos) == 2)
    await desk.sees(call())


async def test_what_is_unknown_is_passed_over(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.daemon.says(json.dumps({"type": "weather", "sun": True}))
    seq = desk.daemon.seq
    news = {"type": "event", "seq": seq, "prev": seq, "topic": "tides", "event": "tide.changed", "tide": {"x": 1}}
    await desk.daemon.says(json.dumps(news))
    await desk.sees(call())
    assert len(desk.daemon.hellos) == 1


async def test_when_the_pbx_is_away_the_page_says_so(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.daemon.tells(call())
    await desk.has_read(await desk.daemon.loses_the_pbx())
    await expect(desk.page.locator("#badge")).to_have_text(NO_PBX)
    await expect(desk.said).to_have_text(re.compile("Telefonanlage nicht erreichbar"))
    await expect(desk.card("Erika Mustermann").locator(".duration")).to_have_count(0)
    await desk.daemon.tells(ended())
    await desk.has_read(await desk.daemon.finds_the_pbx())
    await expect(desk.page.locator("#badge")).to_have_text(CONNECTED)


async def test_an_empty_list_is_no_promise_while_the_pbx_is_away(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.has_read(await desk.daemon.loses_the_pbx())
    await expect(desk.page.get_by_text("Zurzeit ist nicht zu sehen, wer anruft")).to_be_visible()
    await expect(desk.page.get_by_text("Gerade kein Anruf")).to_have_count(0)


async def test_silence_is_a_cut(desk: Desk) -> None:
    desk.daemon.heartbeat = 1
    await desk.is_signed_in()
    await until(lambda: len(desk.daemon.hellos) == 2)
    assert desk.daemon.hellos[-1].resume is not None


@pytest.mark.parametrize("code", [4502, 4503])
async def test_some_ends_are_final_and_told(desk: Desk, code: int) -> None:
    await desk.is_signed_in()
    await desk.daemon.ends_links(code)
    await expect(desk.page.locator("#badge")).to_have_text("Verbindung beendet")
    await asyncio.sleep(0.2)  # a reconnect would come after 25 ms
    assert len(desk.daemon.hellos) == 1
    await desk.page.get_by_role("button", name="Seite neu laden").click()
    await until(lambda: len(desk.daemon.hellos) == 2)


@pytest.mark.parametrize("login", ["anna", "ben"])
async def test_who_signs_in_by_another_tab_or_has_other_roles_sees_nothing_of_before(desk: Desk, login: str) -> None:
    desk.daemon.answers.entries = [life.entry("j1", 3)]
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Verlauf").click()
    await expect(desk.page.locator(".entry")).to_have_count(1)
    desk.daemon.answers.entries = []
    roles = ("user", "admin") if login == "anna" else ("user",)
    desk.daemon.user = msgspec.structs.replace(desk.daemon.user, login=login, name="Ben Biber", roles=roles)
    await desk.daemon.ends_links(4008)
    await expect(desk.page.locator(".person-name")).to_contain_text("Ben Biber")
    await expect(desk.page.get_by_text("Keine Anrufe", exact=True)).to_be_visible()
    await expect(desk.page.locator("#badge")).to_have_text("Verbunden")
    await expect(desk.page.get_by_role("link", name="Verwaltung")).to_have_count(1 if login == "anna" else 0)


async def test_a_revoked_session_leads_to_the_sign_in(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.daemon.tells(call())
    await desk.daemon.ends_links(4500)
    await expect(desk.page.locator(".signin [role=alert]")).to_have_text(
        "Ihre Anmeldung wurde beendet. Bitte melden Sie sich neu an."
    )
    await expect(desk.page.locator("body")).not_to_contain_text("Erika")
    await expect(desk.page.get_by_label("Benutzername")).to_be_focused()


async def test_a_session_that_ran_out_leads_to_the_sign_in(desk: Desk) -> None:
    await desk.is_signed_in()
    desk.daemon.signs_everybody_out()
    await desk.daemon.ends_links(4001)
    await expect(desk.page.get_by_role("alert")).to_have_text(re.compile("abgelaufen"))
    assert len(desk.daemon.hellos) == 1
