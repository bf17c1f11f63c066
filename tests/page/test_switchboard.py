"""The screen Switchboard: who waits, who serves, and what one's hands and keys can do there."""

import re

import msgspec
import pytest
from playwright.async_api import expect

from ami_bridge import wire
from tests.page import queues
from tests.page.conftest import Desk
from tests.page.counterpart import until
from tests.page.queues import ANNA, BEN, caller, queue
from tests.page.town import UNKNOWN, answered

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opened(desk: Desk, *shown: wire.Queue) -> None:
    desk.daemon.queues = {one.name: one for one in shown}
    await desk.is_signed_in()
    await desk.page.get_by_role("link", name="Vermittlung").click()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text("Vermittlung")


def asked(desk: Desk) -> list[tuple[str, dict[str, object]]]:
    return [(one.op, one.params) for one in desk.daemon.asked]


async def test_who_waits_is_seen_by_name_and_since_when_the_longest_first(desk: Desk) -> None:
    await opened(desk, queue(caller("w1"), caller("w2", UNKNOWN, 20)))
    waiting = desk.page.locator("[data-waiting]")
    await expect(waiting).to_have_count(2)
    await expect(waiting.first).to_contain_text("Erika Mustermann")
    await expect(waiting.first).to_contain_text("Platz 1")
    await expect(waiting.first.locator(".duration")).to_have_text(re.compile("1:[01][0-9]"))
    await expect(waiting.first.locator(".since")).to_contain_text("wartet seit")
    await expect(desk.page.get_by_text("Wartend: 2, frei: 1 von 2")).to_be_visible()
    await expect(desk.page.get_by_role("link", name="Vermittlung")).to_contain_text("(wartende Anrufe: 2)")
    await expect(desk.page.locator('[data-member="102"]')).to_contain_text("spricht")

    await desk.has_read(await desk.daemon.tells_of_queue(queue(caller("w2", UNKNOWN, 20), caller("w3"), rev=2)))
    await expect(desk.said).to_have_text("Erika Mustermann wartet in Bürgerbüro.")
    await expect(waiting.first).to_contain_text("Platz 1")
    await desk.has_read(await desk.daemon.tells_of_queue(queue(rev=3)))
    await expect(desk.page.get_by_text("Niemand wartet.")).to_be_visible()
    await desk.has_read(await desk.daemon.tells_of_queue(queue(caller("w1"), rev=2)))
    await expect(waiting).to_have_count(0)


async def test_who_waits_is_taken_by_keys_and_the_own_call_can_be_given_on_at_once(desk: Desk) -> None:
    await opened(desk, queue(caller("w1")))
    take = desk.page.get_by_role("button", name="Übernehmen Erika Mustermann")
    await take.focus()
    await desk.page.keyboard.press("Enter")
    await until(lambda: asked(desk))
    assert asked(desk) == [("queue.take", {"queue": "300", "caller": "w1"})]
    assert desk.daemon.asked[0].key, "the telephone rings once"
    await expect(desk.said).to_have_text("Ihr Telefon klingelt. Heben Sie ab.")

    await desk.has_read(await desk.daemon.tells_of_queue(queue(rev=2)))
    assert await desk.page.evaluate("document.activeElement.closest('.queue, main') !== null"), "the focus is not lost"
    await desk.sees(msgspec.structs.replace(answered(), actions=("hangup", "transfer")))
    own = desk.page.get_by_role("region", name="Meine Anrufe")
    await expect(own.get_by_role("button", name="Verbinden …")).to_be_visible()


async def test_a_pause_begins_and_its_end_is_another_button(desk: Desk) -> None:
    await opened(desk, queue())
    pause = desk.page.get_by_role("button", name="Pause", exact=True)
    await pause.focus()
    await desk.page.keyboard.press("Space")
    await until(lambda: asked(desk))
    assert asked(desk) == [("queue.pause", {"queue": "300"})]
    resting = msgspec.structs.replace(ANNA, paused=True, actions=("unpause",))
    await desk.has_read(await desk.daemon.tells_of_queue(queue(rev=2, members=(resting, BEN))))
    await expect(desk.page.locator('[data-member="101"]')).to_contain_text("macht Pause")
    again = desk.page.get_by_role("button", name="Weiter", exact=True)
    await expect(again).to_have_attribute("aria-disabled", "true")
    assert not await again.evaluate("(button) => button === document.activeElement"), "Enter must not take it back"
    await again.click(force=True)
    await expect(again).not_to_have_attribute("aria-disabled", "true")
    assert asked(desk) == [("queue.pause", {"queue": "300"})]
    await again.click()
    await until(lambda: len(asked(desk)) > 1)
    assert asked(desk)[1] == ("queue.unpause", {"queue": "300"})


async def test_others_are_paused_by_who_manages_and_one_logs_in(desk: Desk) -> None:
    managed = msgspec.structs.replace(BEN, actions=("pause", "logout"))
    both = msgspec.structs.replace(queue(members=(managed,)), actions=("login",))
    await opened(desk, both)
    await desk.page.get_by_role("button", name="Pause Ben Biber").click()
    await until(lambda: asked(desk))
    await desk.page.get_by_role("button", name="Abmelden Ben Biber").click()
    await until(lambda: len(asked(desk)) > 1)
    await desk.page.get_by_role("button", name="Anmelden", exact=True).click()
    await until(lambda: len(asked(desk)) > 2)
    assert asked(desk) == [
        ("queue.pause", {"queue": "300", "member": "102"}),
        ("queue.logout", {"queue": "300", "member": "102"}),
        ("queue.login", {"queue": "300"}),
    ]


async def test_what_was_refused_is_told_at_the_queue(desk: Desk) -> None:
    await opened(desk, queue(caller("w1")))
    desk.daemon.refuses_ops["queue.take"] = wire.Problem(code="gone", message="over")
    await desk.page.get_by_role("button", name="Übernehmen").click()
    await expect(desk.page.locator(".queue [role=alert]")).to_contain_text("nicht mehr da")


async def test_while_asterisk_is_out_of_sight_nothing_pretends_to_be_live(desk: Desk) -> None:
    await opened(desk, queue(caller("w1")))
    await desk.has_read(await desk.daemon.loses_the_pbx())
    dead = msgspec.structs.replace(queue(msgspec.structs.replace(caller("w1"), actions=()), rev=2))
    await desk.has_read(await desk.daemon.tells_of_queue(dead))
    section = desk.page.locator(".queue")
    await expect(section.locator(".section-head")).to_contain_text("Stand nicht bekannt")
    await expect(section.locator(".duration")).to_have_count(0)
    await expect(section.locator('[data-member="101"]')).to_contain_text("nicht bekannt")
    await expect(section.get_by_role("button", name="Übernehmen")).to_have_count(0)
    await desk.has_read(await desk.daemon.finds_the_pbx())
    await expect(section.locator(".duration")).to_have_count(1)


async def test_without_a_websocket_it_is_done_over_http(desk: Desk) -> None:
    await opened(desk, queue(caller("w1")))
    desk.daemon.takes_links = False
    await desk.daemon.ends_links(1001)
    await expect(desk.page.locator(".queue .section-head")).to_contain_text("Stand nicht bekannt")
    await desk.page.get_by_role("button", name="Übernehmen").press("Enter")
    await until(lambda: asked(desk))
    assert (asked(desk), bool(desk.daemon.asked[0].key)) == ([("queue.take", {"queue": "300", "caller": "w1"})], True)
    desk.complaints = [one for one in desk.complaints if "WebSocket" not in one and "502" not in one]


async def test_who_has_nothing_to_do_with_queues_is_not_offered_the_screen(desk: Desk) -> None:
    await desk.is_signed_in()
    await expect(desk.page.get_by_role("link", name="Anrufe")).to_be_visible()
    await expect(desk.page.get_by_role("link", name="Vermittlung")).to_have_count(0)
    desk.daemon.user = msgspec.structs.replace(desk.daemon.user, roles=("user", "switchboard"))
    await desk.daemon.restarts()
    await desk.page.get_by_role("link", name="Vermittlung").click(timeout=15_000)
    await expect(desk.page.get_by_text("Keine Warteschlange")).to_be_visible()


@pytest.mark.parametrize(
    "looks", [{"viewport": {"width": 320, "height": 640}, "locale": "en-GB"}], ids=["narrow-english"]
)
async def test_it_fits_a_telephone_and_axe_finds_nothing(desk: Desk) -> None:
    desk.daemon.queues = {one.name: one for one in queues.every_kind()}
    await desk.is_signed_in()
    await desk.page.goto(f"{desk.daemon.url}#/switchboard")
    await desk.page.locator("[data-member]").first.wait_for()
    assert await desk.check() == []
    assert await desk.fits()
