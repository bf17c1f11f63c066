"""A person at a screen: what the daemon tells becomes bubbles, and what is pressed becomes requests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ami_bridge import wire
from ami_bridge.desktop import local
from ami_bridge.errors import BridgeError, NotFoundError, NotReachableError, RefusedError, UnconfirmedError
from tests.desktop.world import ERIKA, World, a_world, call, utc
from tests.fakes.notifications import DUNST, GNOME, MAKO, PLAIN, PLASMA, XFCE, Personality, a_desktop


@pytest.fixture
def personality() -> Personality:
    return XFCE


@pytest.fixture
async def world(personality: Personality, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("ami_bridge.desktop.client.AFTER_GOODBYE", 0.2)
    monkeypatch.setattr("ami_bridge.desktop.screen.PROOF_WITHIN", 60.0)  # nobody sleeps here
    async with a_world(personality) as here:
        yield here


def several(*names: Personality) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("personality", names, ids=lambda one: one.name)


@several(XFCE, GNOME, PLASMA, MAKO, DUNST, PLAIN)
async def test_a_call_has_one_bubble_from_ringing_to_its_end(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        ringing = await world.desktop.shows("Anruf: Erika Mustermann")
        assert ringing.body == "Stadtwerke Musterhausen\n030 23125001\nfür Bürgerbüro (000)"
        assert ringing.app == "Telefon"
        assert ringing.timeout == 30_000
        world.daemon.tells(call(rev=2, state="answered", answered_at=utc(), actions=("hangup", "conference")))
        talking = await world.desktop.shows("Im Gespräch: Erika Mustermann")
        assert talking.replaces == ringing.number
        assert talking.number == ringing.number
        assert "hangup" not in talking.keys, "it would stand where «Ablehnen» stood"
        assert ("conference" in talking.keys) is ("reject" in ringing.keys), "where there are buttons"
        world.daemon.tells(call(rev=3, state="ended", result="answered"))
        await world.desktop.until(lambda: not world.desktop.on_screen)
    assert len(world.desktop.ever) == 2


async def test_what_was_answered_elsewhere_is_gone(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.shows("Erika")
        world.daemon.tells(call(rev=2, state="ended", result="answered", answered_by=wire.Peer(name="Ben")))
        await world.desktop.until(lambda: not world.desktop.on_screen)
    assert len(world.desktop.ever) == 1


async def test_a_missed_call_takes_the_place_of_the_bubble_and_can_be_called_back(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        ringing = await world.desktop.shows("Anruf")
        world.daemon.tells(call(rev=2, state="ended", result="missed"))
        missed = await world.desktop.shows("Verpasster Anruf: Erika Mustermann")
        assert missed.number == ringing.number
        assert missed.actions[2:] == ["callback", "Zurückrufen", "open", "Kontakt öffnen"]
        assert "transient" not in missed.hints, "the desktop may keep it"
        await world.desktop.press(missed, "callback")
        async with asyncio.timeout(5):
            while not world.daemon.done:
                await asyncio.sleep(0.01)
    ((login, op, params, key),) = world.daemon.done
    assert (login, op, params["to"]) == ("anna", "call.originate", "+493023125001")
    assert key


async def test_who_may_not_dial_is_not_offered_it(world: World) -> None:
    world.daemon.may = ()
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call(state="ended", result="missed"))
        assert "callback" not in (await world.desktop.shows("Verpasst")).keys


async def test_only_what_can_be_done_has_a_button(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        for number, (actions, buttons) in enumerate(
            [
                ((), ["open"]),
                (("hold", "transfer"), ["open"]),
                (("reject", "redirect"), ["reject", "redirect", "open"]),
                (("answer", "reject", "redirect"), ["answer", "reject", "open"]),
            ]
        ):
            peer = wire.Peer(number=f"+49302312500{number}", name=f"Person {number}", link=ERIKA.link)
            world.daemon.tells(call(number, actions=actions, peer=peer))
            shown = await world.desktop.shows(f"Person {number}")
            assert shown.keys == ["default", *buttons]
            assert shown.actions[1] == "", "xfce4-notifyd makes a button of it otherwise"


@several(PLAIN)
async def test_a_service_without_buttons_gets_none(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call(peer=wire.Peer(name="A & B <b>", org="<i>C</i> & Co", number="1")))
        shown = await world.desktop.shows("A & B <b>")
        assert shown.actions == []
        assert shown.body.startswith("<i>C</i> & Co\n"), "it shows letters as they are"


async def test_names_of_strangers_are_no_markup_and_no_more_than_a_line(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        hostile = "<b>\u202egnp</b>\n\x07 & " + "Donaudampfschifffahrt" * 50
        world.daemon.tells(call(peer=wire.Peer(name=hostile, org=hostile + "!", display=hostile, number="+491")))
        shown = await world.desktop.shows("Anruf: <b> gnp</b> & Donau")
        assert len(shown.summary) < 100
        for line in shown.body.split("\n")[:2]:
            assert line.startswith("&lt;b&gt; gnp&lt;/b&gt; &amp; Donau")
            assert len(line) < 120
        assert shown.body.count("\n") == 2


@several(XFCE, PLASMA, GNOME, DUNST)
async def test_no_bubble_can_outlive_a_client_that_dies(world: World) -> None:
    """Urgent ones never expire at Plasma, xfce4-notifyd and GNOME."""
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        shown = await world.desktop.shows("Anruf")
        assert shown.timeout > 0
        assert shown.hints["urgency"] == ("y", 2 if world.desktop.personality is DUNST else 1)
        assert shown.hints["category"] == ("s", "call.incoming")
        assert shown.hints["desktop-entry"] == ("s", "ami-bridge-desktop")


async def test_a_press_is_asked_for_and_a_refusal_is_told_and_the_bubble_comes_back(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.refuses = NotReachableError("Asterisk does not answer.")
        world.daemon.tells(call())
        await world.desktop.press(await world.desktop.shows("Anruf"), "reject")
        told = await world.desktop.shows("Das ging nicht")
        assert told.body == "Die Telefonanlage ist gerade nicht erreichbar."
        again = await world.desktop.shows("Anruf")
        world.daemon.refuses = None
        await world.desktop.press(again, "reject")
        async with asyncio.timeout(5):
            while len(world.daemon.done) < 2:
                await asyncio.sleep(0.01)
        world.daemon.tells(call(rev=2, state="ended", result="rejected"))
        world.daemon.tells(call(2, peer=wire.Peer(name="Sentinel")))
        await world.desktop.shows("Sentinel")
    assert [one[1:3] for one in world.daemon.done] == [("call.reject", {"call": "CALL1", "extension": "101"})] * 2
    assert [one.summary for one in world.desktop.ever if "Verpasst" in one.summary] == []


async def test_a_press_on_a_bubble_that_means_something_else_by_now_does_nothing(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        shown = await world.desktop.shows("Anruf")
        world.daemon.tells(call(rev=2, state="answered", actions=("hangup",)))
        await world.desktop.shows("Im Gespräch")
        await world.desktop.press(shown, "reject")
        world.daemon.tells(call(2))
        await world.desktop.shows("Anruf")
    assert world.daemon.done == []


async def test_what_was_taken_away_stays_away_while_it_rings_but_not_when_it_was_missed(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.take_away(await world.desktop.shows("Anruf"), 2)
        for rev, name in enumerate(("First", "Second"), start=1):  # shown after the answer to the first: all is heard
            world.daemon.tells(call(2, rev=rev, peer=wire.Peer(name=name)))
            await world.desktop.shows(name)
        world.daemon.tells(call(rev=2, peer=wire.Peer(name="Erika M.")))
        world.daemon.tells(call(2, rev=3, peer=wire.Peer(name="Sentinel")))
        await world.desktop.shows("Sentinel")
        assert len(world.desktop.ever) == 4
        world.daemon.tells(call(rev=3, state="ended", result="missed"))
        await world.desktop.shows("Verpasst")


async def test_a_service_that_was_started_again_gets_the_ringing_bubbles_and_is_asked_what_it_can(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.shows("Anruf")
        first = world.desktop.connection
        first.writer.transport.abort()
        async with a_desktop(world.bus, PLAIN) as other:
            shown = await other.shows("Anruf")
            assert shown.actions == []
            assert "GetCapabilities" in other.asked


async def test_after_a_restart_of_the_daemon_the_bubble_is_the_same(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        before = await world.desktop.shows("Anruf")
        await world.daemon.stop()
        world.daemon.calls["anna"] = [call(77)]  # the daemon does not know how it called it
        await world.daemon.start()
        await world.daemon.until_followed()
        world.daemon.tells(call(77, rev=2, state="ended", result="missed"))
        after = await world.desktop.shows("Verpasst")
    assert after.number == before.number
    assert world.desktop.closed[:-1] == []


async def test_calls_that_came_and_went_while_the_link_was_cut_flash_no_bubble(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call(1))
        await world.desktop.shows("Anruf")
        world.daemon.cut()
        await world.daemon.until_followed(0)
        world.daemon.tells(call(1, rev=2, state="ended", result="rejected"))
        world.daemon.tells(call(2))
        world.daemon.tells(call(2, rev=2, state="ended", result="rejected"))
        for number in (3, 4, 5):
            peer = wire.Peer(name=f"Person {number}", number=f"+49{number}")
            world.daemon.tells(call(number, peer=peer))
            world.daemon.tells(call(number, rev=2, peer=peer, state="ended", result="missed"))
        told = await world.desktop.shows("3 verpasste Anrufe")
        assert told.body == "Person 3\nPerson 4\nPerson 5"
        await world.desktop.until(lambda: list(world.desktop.on_screen.values()) == [told])
    assert [one.summary for one in world.desktop.ever] == ["Anruf: Erika Mustermann", "3 verpasste Anrufe"]


async def test_somebody_with_two_telephones_has_one_bubble(world: World) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call(extension="101"))
        world.daemon.tells(call(extension="102"))
        await world.desktop.shows("Anruf")
        world.daemon.tells(call(extension="102", rev=2, state="answered"))
        world.daemon.tells(call(extension="101", rev=2, state="ended", result="answered", answered_by=wire.Peer()))
        await world.desktop.shows("Im Gespräch")
        world.daemon.tells(call(extension="102", rev=3, state="ended", result="answered"))
        await world.desktop.until(lambda: not world.desktop.on_screen)
    assert {one.number for one in world.desktop.ever} == {1}


async def test_calls_of_ones_own_are_shown_unless_one_does_not_want_it(world: World) -> None:
    own = {"role": "caller", "direction": "out", "state": "dialing", "actions": ("hangup",)}
    for wanted in (True, False):
        async with world.session(outgoing=wanted):
            await world.daemon.until_followed()
            world.daemon.tells(call(1, **own))
            world.daemon.tells(call(2, peer=wire.Peer(name="Sentinel")))
            await world.desktop.shows("Sentinel")
            shown = [one for one in world.desktop.on_screen.values() if "Sie rufen an: Erika" in one.summary]
            assert bool(shown) is wanted
            assert not shown or shown[0].keys == ["default", "hangup", "open"]
            world.daemon.tells(call(1, rev=2, **own | {"state": "ended", "result": "busy"}))
            world.daemon.tells(call(2, rev=2, state="ended", result="rejected"))


async def test_while_the_pbx_is_out_of_sight_nothing_pretends_to_ring(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_bridge.desktop.screen.REFRESH_EVERY", 0.05)
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.until(lambda: len(world.desktop.ever) > 2)
        world.daemon.bridge_is("down")
        world.daemon.tells(call(2, peer=wire.Peer(name="Sentinel"), pbx="other"))
        await world.desktop.shows("Sentinel")

        def shown() -> int:
            return len([one for one in world.desktop.ever if "Erika" in one.summary])

        before = shown()
        sentinels = len(world.desktop.ever) - before
        await world.desktop.until(lambda: len(world.desktop.ever) - before > sentinels + 3)
        assert shown() == before, "it expires"
        world.daemon.bridge_is("up")
        await world.desktop.until(lambda: shown() > before + 2)


async def test_while_the_daemon_is_away_no_bubble_is_renewed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.desktop.screen.REFRESH_EVERY", 0.05)
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.until(lambda: len(world.desktop.ever) > 2)
        await world.daemon.stop()
        await asyncio.sleep(0.1)
        before = len(world.desktop.ever)
        await asyncio.sleep(0.2)
        assert len(world.desktop.ever) == before, "it expires"
        await world.desktop.take_away(world.desktop.ever[0], 1)
        await world.daemon.start()
        await world.daemon.until_followed()
        await world.desktop.until(lambda: len(world.desktop.ever) > before + 2, within=10)
    assert [one.replaces for one in world.desktop.ever].count(0) == 2, "it appeared, and appeared again"


@pytest.mark.parametrize(
    ("link", "opened"),
    [
        ("https://gruppe.example.org/kontakt/7?a=b&c=d", "https://gruppe.example.org/kontakt/7?a=b&c=d"),
        ("http://intern/7", "http://intern/7"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https://a b", None),
        ("--help", None),
        (None, None),
    ],
)
async def test_only_links_of_the_web_are_opened(
    world: World, monkeypatch: pytest.MonkeyPatch, link: str | None, opened: str | None
) -> None:
    """A click on the bubble itself opens the contact, else the page."""
    program, noted = world.folder / "xdg-open", world.folder / "opened"
    program.write_text(f'#!/bin/sh\necho "$*" >{noted}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{world.folder}:/usr/bin:/bin")
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call(peer=wire.Peer(name="Erika", link=link)))
        shown = await world.desktop.shows("Erika")
        assert ("open" in shown.keys) is (opened is not None)
        await world.desktop.press(shown, "default")
        async with asyncio.timeout(5):
            while not noted.exists() or not noted.read_text():
                await asyncio.sleep(0.01)
    assert noted.read_text().strip() == (opened or f"{world.daemon.url}/#/calls/CALL1")


@several(GNOME, XFCE)
async def test_the_desktop_rings_too_if_it_can_and_one_wants_it(world: World) -> None:
    for wanted in (True, False):
        async with world.session(sound=wanted):
            await world.daemon.until_followed()
            world.daemon.tells(call())
            hints = (await world.desktop.shows("Anruf")).hints
            world.daemon.tells(call(rev=2, state="ended", result="rejected"))
            can = world.desktop.personality is GNOME
            assert ("sound-name" in hints) is (can and wanted)
            assert ("suppress-sound" in hints) is (can and not wanted)


async def test_a_player_of_ones_own_is_heard_while_it_rings(world: World) -> None:
    player, noted = world.folder / "player", world.folder / "played"
    player.write_text(f"#!/bin/sh\ntrap 'echo end >>{noted}; exit' TERM\necho begin >>{noted}\nsleep 30 & wait\n")
    player.chmod(0o755)

    async def heard(text: str) -> None:
        async with asyncio.timeout(5):
            while not noted.exists() or noted.read_text().split() != text.split():
                await asyncio.sleep(0.01)

    async with world.session(sound=True, player=(str(player),)):
        await world.daemon.until_followed()
        world.daemon.tells(call(1))
        await heard("begin")
        world.daemon.tells(call(2))
        world.daemon.tells(call(1, rev=2, state="ended", result="rejected"))
        await world.desktop.until(lambda: len(world.desktop.closed) == 1)
        await heard("begin")
        world.daemon.tells(call(2, rev=2, state="answered"))
        await heard("begin end")
        world.daemon.tells(call(3))
        await heard("begin end begin")
    await heard("begin end begin end")


async def test_who_wants_no_names_on_the_screen_sees_none(world: World) -> None:
    async with world.session(names=False, language="en"):
        await world.daemon.until_followed()
        world.daemon.tells(call())
        shown = await world.desktop.shows("Call: Somebody")
        assert shown.body == ""
        assert shown.keys == ["default", "reject"]


async def test_two_screens_on_one_bus_show_a_call_once_and_the_second_takes_over(world: World) -> None:
    async with world.session() as first, world.session(name=":8"):
        await world.daemon.until_followed(2)
        world.daemon.tells(call())
        await world.desktop.shows("Anruf")
        first.set()
        await world.daemon.until_followed(1)
        world.daemon.tells(call(2, peer=wire.Peer(name="Sentinel")))
        await world.desktop.shows("Sentinel")
    assert [one.summary for one in world.desktop.ever].count("Anruf: Sentinel") == 1


async def test_a_revoked_token_is_told_once_and_a_new_one_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_bridge.desktop.client.LOOK_FOR_TOKEN_EVERY", 0.02)
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call())
        await world.desktop.shows("Anruf")
        del world.daemon.tokens["anna"]
        world.daemon.hub.close(login="anna", code=4500, reason="revoked")
        told = await world.desktop.shows("Nicht angemeldet")
        await world.desktop.until(lambda: list(world.desktop.on_screen.values()) == [told])
        status = await asyncio.to_thread(local.ask, local.Status(), at=world.at)
        assert status.link == "refused"
        answer = await asyncio.to_thread(local.ask, local.Dial(to="1", key="k"), at=world.at)
        assert answer.code == "unauthorised"
        world.daemon.tokens["new"] = "anna"
        world.token = "new"
        await world.desktop.shows("Anruf")
    assert [one.summary for one in world.desktop.ever].count("Nicht angemeldet") == 1


@pytest.mark.parametrize(
    ("question", "error", "said"),
    [
        (local.Dial(to="102", key="a"), NotFoundError("No."), "Sie haben kein Telefon"),
        (local.Dial(to="102", key="a"), RefusedError("No."), "hat abgelehnt"),
        (local.Act(verb="redirect", to="999"), NotFoundError("No."), "Diese Nummer kennt die Telefonanlage nicht"),
        (local.Act(verb="redirect", to="0900"), UnconfirmedError("No."), "nur nach einer Nachfrage"),
        (local.Act(verb="reject"), NotFoundError("No."), "schon vorbei"),
        (local.Act(verb="reject"), BridgeError("No."), "melden Sie es Ihrer IT"),
    ],
)
async def test_why_something_was_not_done_is_said_in_the_persons_language(
    world: World, question: local.Question, error: BridgeError, said: str
) -> None:
    async with world.session():
        await world.daemon.until_followed()
        world.daemon.tells(call(actions=("reject", "redirect")))
        await world.desktop.shows("Anruf")
        world.daemon.refuses = error
        answer = await asyncio.to_thread(local.ask, question, at=world.at)
    assert (answer.ok, answer.code) == (False, error.code)
    assert said in (answer.message or "")


async def test_programs_of_the_session_ask_over_the_socket(world: World) -> None:
    async with world.session() as over:
        await world.daemon.until_followed()
        world.daemon.tells(call(1, since=utc()))
        world.daemon.tells(call(2, state="answered", actions=("hangup", "reject")))
        await world.desktop.shows("Anruf")
        status = await asyncio.to_thread(local.ask, local.Status(), at=world.at)
        assert (status.link, status.user, status.url) == ("connected", "Anna", world.daemon.url)
        assert {(one.id, one.state, one.peer) for one in status.calls} == {
            ("CALL1", "ringing", "Erika Mustermann"), ("CALL2", "answered", "Erika Mustermann"),
        }  # fmt: skip
        dialled = await asyncio.to_thread(local.ask, local.Dial(to="+4989", key="wish"), at=world.at)
        assert dialled == local.Answer(ok=True, call="NEW")
        for question, expected in [
            (local.Act(verb="reject"), "CALL1"),
            (local.Act(verb="hangup"), "CALL2"),
            (local.Act(verb="reject", call="CALL2"), "CALL2"),
        ]:
            assert await asyncio.to_thread(local.ask, question, at=world.at) == local.Answer(ok=True, call=expected)
        for impossible in (
            local.Act(verb="hold"),
            local.Act(verb="hangup", call="CALL1"),
            local.Act(verb="x", call="y"),
        ):
            assert (await asyncio.to_thread(local.ask, impossible, at=world.at)).code == "gone"
        assert (await asyncio.to_thread(local.ask, local.Quit(), at=world.at)).ok
        async with asyncio.timeout(5):
            await over.wait()
    assert world.daemon.done[0] == ("anna", "call.originate", {"to": "+4989", "device": None}, "wish")
    assert not world.desktop.on_screen, "who ends leaves nothing on the screen"
