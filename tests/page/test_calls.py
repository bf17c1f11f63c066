"""The screen Calls: what a person sees, hears and keeps while calls come and go."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from ami_bridge.wire import Line, Peer, Presence, PresenceState
from tests.page.conftest import Desk
from tests.page.counterpart import ANNA, utc
from tests.page.town import BEN, CARLA, ERIKA, HOSTILE, LONG, UNKNOWN, ago, answered, call, ended, every_state

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN_CLOCK = pytest.mark.parametrize("looks", [{"locale": "de-DE"}], ids=["own-clock"])
"""A moved clock stays moved, so it gets a window of its own."""
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


async def test_a_call_is_seen_from_the_first_ring_to_its_end(desk: Desk) -> None:
    await desk.is_signed_in()
    await expect(desk.page.get_by_text("Gerade kein Anruf")).to_be_visible()
    await expect(desk.page.get_by_text("rufen Sie die 101 von einem anderen Telefon aus an")).to_be_visible()

    await desk.sees(call(forwarded_by=BEN))
    card = desk.card("Erika Mustermann")
    for text in ("Klingelt", "Eingehend", "Stadtwerke Musterhausen", "030 23125001"):
        await expect(card.get_by_text(text, exact=True)).to_be_visible()
    await expect(card.locator("dl")).to_have_text(
        re.compile(r"Angerufen\s*Bürgerbüro \(000\)\s*Weitergeleitet von\s*Ben Biber \(102\)")
    )
    await expect(desk.page).to_have_title("Erika Mustermann ruft an · ami_bridge")
    await expect(desk.said).to_have_text("Anruf von Erika Mustermann, Stadtwerke Musterhausen für Bürgerbüro.")

    await desk.sees(answered())
    await expect(card.locator(".state")).to_have_text("Im Gespräch")
    await expect(desk.page).to_have_title("Anrufe · ami_bridge")
    await expect(desk.said).to_have_text("Erika Mustermann, Stadtwerke Musterhausen: Im Gespräch.")

    await desk.sees(ended(result="answered", answered_at=ago(66)))
    await expect(card.locator(".state")).to_have_text("Beendet")
    await expect(card.locator(".duration")).to_have_text("1:05")
    await expect(card).to_have_attribute("data-state", "ended")


async def test_the_duration_runs(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered(answered_at=ago(58)))
    duration = desk.card("Erika Mustermann").locator(".duration")
    await expect(duration).to_have_text(re.compile("0:5[89]"))
    await expect(duration).to_have_text(re.compile("1:0[0-3]"))
    await expect(duration).to_have_attribute("datetime", re.compile("PT6[0-3]S"))


@OWN_CLOCK
async def test_the_duration_is_right_on_a_computer_whose_clock_is_wrong(desk: Desk) -> None:
    await desk.page.clock.install(time=utc() - timedelta(hours=1))
    await desk.is_signed_in()
    await desk.sees(answered(answered_at=ago(125)))
    await expect(desk.card("Erika Mustermann").locator(".duration")).to_have_text(re.compile("2:0[5678]"))


@OWN_CLOCK
async def test_what_has_ended_stays_for_a_minute(desk: Desk) -> None:
    await desk.page.clock.install()
    await desk.is_signed_in()
    await desk.sees(ended())
    await desk.sees(answered("ben", peer=BEN))
    await desk.page.clock.fast_forward(50_000)
    await expect(desk.card("Erika Mustermann")).to_be_visible()
    await desk.page.clock.fast_forward(12_000)
    await expect(desk.card("Erika Mustermann")).to_have_count(0)
    await expect(desk.card("Ben Biber")).to_be_visible()


SITUATIONS: dict[str, dict[str, Any]] = {
    "Es klingelt dort Ausgehend": {"role": "caller", "direction": "out"},
    "Wird gewählt Intern": {"state": "dialing", "role": "caller", "direction": "internal"},
    "Wird gehalten": {"state": "held"},
    "Parkplatz 701": {"state": "parked", "parked_at": "701"},
    "Warteschlange buergerbuero": {"state": "queued", "queue": "buergerbuero"},
    "Außerdem dabei Ben Biber und Carla Çelik": {"state": "conference", "room": "8001", "others": (BEN, CARLA)},
    "Konferenz 8001": {"state": "conference", "room": "8001", "peer": Peer()},
    "Rufnummer unterdrückt": {"peer": Peer()},
    "069 90009123 Kein Name bekannt": {"peer": UNKNOWN},
    "3 Einträge mit dieser Nummer": {"peer": msgspec.structs.replace(ERIKA, matches=3)},
    "Angenommen von Ben Biber (102)": {"state": "ended", "result": "missed", "answered_by": BEN},
    "Nicht angenommen": {"state": "ended", "result": "missed", "role": "caller"},
    "Anrufer hat aufgelegt": {"state": "ended", "result": "cancelled"},
    "Weiterverbunden": {"state": "ended", "result": "transferred"},
}


async def test_every_situation_has_its_words(desk: Desk) -> None:
    for number, different in enumerate(SITUATIONS.values()):
        over = {"ended_at": ago(1)} if different.get("state") == "ended" else {}
        one = call(f"c{number}", since=ago(number), **{**different, **over})
        desk.daemon.calls[one.id] = one
    await desk.is_signed_in()
    cards = [" ".join(text.split()) for text in await desk.page.locator(".call").all_inner_texts()]
    assert len(cards) == len(SITUATIONS)
    assert [words for words, card in zip(SITUATIONS, cards, strict=True) if words not in card] == []


async def test_only_a_call_that_rings_here_is_in_the_window_title(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call("out", role="caller", direction="out", peer=CARLA))
    await desk.sees(answered("in"))
    await expect(desk.page).to_have_title("Anrufe · ami_bridge")
    await desk.sees(call("one", peer=BEN, since=ago(1)))
    await desk.sees(call("two", since=ago(3)))
    await expect(desk.page).to_have_title("Ben Biber und 1 weitere rufen an · ami_bridge")


async def test_an_older_revision_changes_nothing(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered())
    await desk.sees(call())
    await expect(desk.card("Erika Mustermann").locator(".state")).to_have_text("Im Gespräch")


async def test_focus_and_place_are_kept_through_live_updates(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call())
    english = desk.page.get_by_role("button", name="English")
    await english.focus()
    await desk.page.evaluate("window.first = document.querySelector('.call')")
    await desk.sees(call("ben", peer=BEN, since=ago(0)))
    for one in (*every_state(), answered()):
        await desk.sees(one)
    await desk.daemon.loses_the_pbx()
    await desk.has_read(await desk.daemon.finds_the_pbx())
    await expect(english).to_be_focused()
    assert await desk.page.evaluate("window.first.isConnected && window.first.dataset.call") == "01CALLERIKA"


async def test_the_language_changes_in_mid_call_and_is_remembered(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(answered())
    english = desk.page.get_by_role("button", name="English")
    await english.focus()
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    await expect(english).to_be_focused()
    await expect(english).to_have_attribute("aria-pressed", "true")
    await expect(desk.card("Erika Mustermann").locator(".state")).to_have_text("Talking")
    await expect(desk.page).to_have_title("Calls · ami_bridge")
    await desk.page.reload()
    await expect(desk.page.get_by_role("heading", name="My calls")).to_be_visible()


@pytest.mark.parametrize("looks", [{"viewport": {"width": 320, "height": 640}}], ids=["narrow"])
async def test_a_hostile_name_is_only_text(desk: Desk) -> None:
    await desk.is_signed_in()
    for number, name in enumerate(HOSTILE):
        peer = Peer(number="+4930", display=name, name=name, org=name)
        one = call(f"x{number}", since=ago(0), peer=peer, line=Line(exten="1", label=name), forwarded_by=peer)
        await desk.sees(one)
        card = desk.page.locator(f'[data-call="{one.id}"]')
        title = card.locator(".call-title")
        assert await title.text_content() == name
        measured = "(title) => [getComputedStyle(title).unicodeBidi, title.dir, title.clientHeight < 60]"
        assert await title.evaluate(measured) == ["isolate", "auto", True]
        assert await card.evaluate("(card) => card.clientHeight") < 500
        assert await desk.fits()
        said = desk.said.filter(has_text=re.compile(r"Anruf von .{4}"))
        for text in (await desk.page.title(), await said.text_content() or ""):
            assert not BIDI.search(text)
            assert len(text) < 2_000
    assert await desk.page.locator(".call :is(img, script, b)").count() == 0


async def test_a_long_name_is_not_read_out_whole(desk: Desk) -> None:
    await desk.is_signed_in()
    await desk.sees(call(peer=msgspec.structs.replace(ERIKA, name=LONG, org=None), line=None))
    await expect(desk.said).to_have_text(f"Anruf von {LONG[:80]}….")


async def test_who_has_no_telephone_is_told_what_to_do(desk: Desk) -> None:
    desk.daemon.user = msgspec.structs.replace(ANNA, extensions=())
    await desk.is_signed_in()
    await expect(desk.page.get_by_text("Ihnen ist noch kein Telefon zugeordnet")).to_be_visible()


async def test_a_storm_of_news_is_shown_to_its_end(desk: Desk) -> None:
    await desk.is_signed_in()
    for revision in range(1, 301):
        await desk.daemon.tells(call(f"s{revision % 10}", rev=revision, state=("ringing", "held")[revision % 2]))
    async with asyncio.timeout(20):
        await desk.has_read(desk.daemon.seq)
    assert await desk.page.locator(".call").count() == 10


async def test_the_callers_page_in_the_groupware_is_one_click_away(desk: Desk) -> None:
    await desk.is_signed_in()
    page = "https://groupware.example/crm.php?from=%2B493023125001"
    await desk.sees(call(peer=msgspec.structs.replace(ERIKA, link=page)))
    link = desk.card("Erika Mustermann").get_by_role("link", name="Im Adressbuch öffnen")
    await expect(link).to_have_attribute("href", page)
    await expect(link).to_have_attribute("rel", "noreferrer")
    await desk.sees(call(rev=2, peer=msgspec.structs.replace(ERIKA, link="javascript:alert(1)")))
    await expect(desk.card("Erika Mustermann").get_by_role("link")).to_have_count(0)


async def test_a_bubbles_click_leads_to_its_call(desk: Desk) -> None:
    desk.daemon.calls = {one.id: one for one in (call(), call("ben", peer=BEN, since=ago(2)))}
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/calls/01CALLERIKA")
    await expect(desk.card("Erika Mustermann").get_by_role("heading")).to_be_focused()
    await desk.page.reload()
    await expect(desk.card("Erika Mustermann").get_by_role("heading")).to_be_focused()


def colleague(login: str, name: str, extension: str, state: PresenceState = "free", rev: int = 1) -> Presence:
    return Presence(login=login, name=name, extension=extension, state=state, rev=rev)


async def test_colleagues_are_free_rung_talking_or_away_and_called_by_one_button(desk: Desk) -> None:
    daemon = desk.daemon
    daemon.colleagues = {
        "ben": colleague("ben", "Ben Biber", "102"),
        "zoe": colleague("zoe", "Zoë <b>Zander</b>", "107", "away"),
    }
    await desk.is_signed_in()
    others = desk.page.get_by_role("region", name="Kolleginnen und Kollegen: Bürgerbüro")
    ben = others.locator("[data-colleague=ben]")
    await expect(ben).to_contain_text("frei")
    await expect(others.locator("[data-colleague=zoe]")).to_contain_text("nicht erreichbar")
    await expect(others.get_by_text("Zoë <b>Zander</b>")).to_be_visible()
    call_ben = others.get_by_role("button", name="Ben Biber anrufen")
    await call_ben.focus()
    await desk.has_read(await daemon.tells_of_colleague(colleague("ben", "Ben Biber", "102", "talking", rev=3)))
    await expect(ben).to_contain_text("spricht")
    await expect(call_ben).to_be_focused()
    await desk.has_read(await daemon.tells_of_colleague(colleague("ben", "Ben Biber", "102", "ringing", rev=2)))
    await expect(ben).to_contain_text("spricht")  # what is older changes nothing
    assert await desk.check() == []
    await desk.photograph("colleagues")
    await desk.page.keyboard.press("Enter")
    async with asyncio.timeout(5):
        while not daemon.asked:
            await asyncio.sleep(0.01)
    assert [(one.op, one.params["to"]) for one in daemon.asked] == [("call.originate", "102")]
    await desk.has_read(await daemon.loses_the_pbx())
