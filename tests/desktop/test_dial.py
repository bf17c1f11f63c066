"""Somebody at a desk calls what is marked, clicked or written: `ami-dial` on a real screen with real bubbles."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ami_bridge.desktop.local import Act, Answer, Dial
from tests.desktop.desk import DIAL, Desk, Rest, click, forget, over, rest, still
from tests.desktop.screen import XScreen
from tests.desktop.test_selection import marked

pytestmark = pytest.mark.asyncio(loop_scope="session")

CASTLE = "+4970712042266"
YES, NO = 177, 66  # where the buttons of a question are, from the right
SEVERAL = "07071 204-2266, 07071 204-2267 oder +43 1 58858-0"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(xfce: XScreen, tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(xfce, tmp_path)
    yield desk
    await forget(xfce)


@pytest_asyncio.fixture(loop_scope="session")
async def daemon() -> AsyncIterator[Rest]:
    async with rest() as running:
        yield running


# ---- One number


async def test_what_is_marked_is_called_by_the_client_of_the_screen(desk: Desk) -> None:
    async with desk.client() as client, marked(desk.screen, "utf8", "Schloss, Tel. 07071/204-2266"):
        assert await desk.dial("--selection") == (0, "")
    assert client.dialled == [CASTLE]


async def test_what_is_written_is_called_by_the_telephone_that_is_named(desk: Desk) -> None:
    async with desk.client() as client:
        assert await desk.dial("--device", "PJSIP/101", "Schloss", "07071", "204-2266") == (0, "")
    assert [(one.to, one.device) for one in client.asked if isinstance(one, Dial)] == [(CASTLE, "PJSIP/101")]


async def test_a_key_that_is_pressed_five_times_is_one_wish(desk: Desk) -> None:
    async with desk.client() as client, marked(desk.screen, "utf8", "07071/204-2266"):
        await asyncio.gather(*(desk.dial("--selection") for _ in range(5)))
    assert client.dialled == [CASTLE] * 5
    assert len({one.key for one in client.asked if isinstance(one, Dial)}) == 1


async def test_where_no_number_is_marked_a_bubble_says_so(desk: Desk) -> None:
    async with desk.client() as client, marked(desk.screen, "utf8", "DE89 3704 0044 0532 0130 00"):
        assert await desk.dial("--selection") == (1, "Keine Rufnummer markiert.\n")
    await still(desk.screen)
    assert client.asked == []


async def test_without_a_screen_there_is_nothing_marked(desk: Desk) -> None:
    code, said = await desk.dial("--selection", DISPLAY=":4711", LANG="en_GB.UTF-8")
    assert (code, said) == (1, "There is no screen here.\n")


async def test_the_number_alone_leaves_the_desk(desk: Desk, daemon: Rest) -> None:
    desk.set(f'url = "{daemon.url}"', token="secret")
    async with marked(desk.screen, "utf8", "Frau Geheim, Akte 4711, 07071/204-2266"):
        assert (await desk.dial("--selection"))[0] == 0
    assert [body for _, _, body in daemon.asked] == [{"to": CASTLE, "device": None, "confirmed": False}]


# ---- Without a client


async def test_without_a_client_the_daemon_is_asked_with_the_persons_token(desk: Desk, daemon: Rest) -> None:
    desk.set(f'url = "{daemon.url}"', token="secret")
    code, said = await desk.dial("07071 204-2266")
    assert code == 0
    assert said == ("Ihr Telefon klingelt. Nehmen Sie ab, dann wird Erika Mustermann (07071 2042266) angerufen.\n")
    ((authorization, key, _),) = daemon.asked
    assert authorization == "Bearer secret"
    assert key
    await still(desk.screen)


async def test_a_cut_connection_is_tried_again_with_the_same_key(desk: Desk, daemon: Rest) -> None:
    desk.set(f'url = "{daemon.url}"', token="secret")
    daemon.answers = [None]
    assert (await desk.dial("07071 204-2266"))[0] == 0
    assert len(daemon.asked) == 2
    assert len({key for _, key, _ in daemon.asked}) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, {"code": "not_allowed", "detail": "…"}), "Diese Nummer dürfen Sie nicht anrufen"),
        ((404, {"code": "not_found", "detail": "…"}), "Sie haben kein Telefon, das klingeln könnte"),
        ((401, {"code": "unauthorised", "detail": "…"}), "Die Anmeldung gilt nicht mehr: `ami-bridge login`"),
        ((429, {"code": "rate_limited", "detail": "…"}), "Zu viele Anrufe in kurzer Zeit"),
        ((409, {"code": "of_tomorrow", "detail": "A new reason."}), "A new reason."),
        ((502, {"error": "a proxy"}), "Die Telefonanlage oder Ihr Telefon ist gerade nicht erreichbar"),
    ],
)
async def test_why_there_is_no_call_is_said(
    desk: Desk, daemon: Rest, answer: tuple[int, dict[str, str]], why: str
) -> None:
    desk.set(f'url = "{daemon.url}"', token="secret")
    daemon.answers = [answer]
    code, said = await desk.dial("07071 204-2266")
    assert (code, said.rstrip(".\n")) == (1, f"07071 2042266 wurde nicht angerufen: {why}".rstrip("."))


async def test_where_nobody_answers_it_is_said(desk: Desk) -> None:
    desk.set('url = "http://127.0.0.1:9"', token="secret")
    code, said = await desk.dial("07071 204-2266")
    assert (code, "gerade nicht erreichbar" in said) == (1, True)


async def test_a_desk_must_know_the_daemon_and_have_a_token(desk: Desk) -> None:
    assert "desktop.toml" in (await desk.dial("07071 204-2266"))[1]
    desk.set('url = "https://telefon.example.org"')
    assert "ami-bridge login" in (await desk.dial("07071 204-2266"))[1]


# ---- Questions


async def test_a_link_is_called_after_a_question(desk: Desk) -> None:
    async with desk.client() as client:
        asking = await desk.start("tel:+49-7071-2042266")
        await click(desk.screen, YES)
        assert await over(asking) == (0, "")
    assert client.dialled == [CASTLE]
    await desk.screen.empty()


async def test_the_answer_may_be_no(desk: Desk) -> None:
    async with desk.client() as client:
        asking = await desk.start("tel:+49-7071-2042266")
        await click(desk.screen, NO)
        assert (await over(asking))[0] == 1
    assert client.asked == []


async def test_where_the_browser_asks_a_link_is_called_at_once(desk: Desk) -> None:
    desk.set("[dialling]\nask_for_links = false\n")
    async with desk.client() as client:
        assert await desk.dial("tel:07071%20204-2266;phone-context=+49") == (0, "")
    assert client.dialled == [CASTLE]


@pytest.mark.parametrize("text", ["112", "0900 1234567", "tel:110", "0137 1234567"])
async def test_what_is_grave_or_dear_always_asks(desk: Desk, text: str) -> None:
    desk.set("[dialling]\nask_for_links = false\n")
    async with desk.client() as client:
        asking = await desk.start(text)
        await click(desk.screen, NO)
        assert (await over(asking))[0] == 1
    assert client.asked == []


async def test_who_says_that_it_is_meant_is_believed(desk: Desk, daemon: Rest) -> None:
    desk.set(f'url = "{daemon.url}"', token="secret")
    asking = await desk.start("0900 1234567")
    await click(desk.screen, YES)
    assert (await over(asking))[0] == 0
    assert [body["confirmed"] for _, _, body in daemon.asked] == [True]


async def test_what_the_daemon_wants_confirmed_is_asked(desk: Desk) -> None:
    async with desk.client(Answer(ok=False, code="unconfirmed")) as client:
        asking = await desk.start("204")
        await click(desk.screen, YES)
        assert await over(asking) == (0, "")
    assert [one.confirmed for one in client.asked if isinstance(one, Dial)] == [False, True]


async def test_of_several_numbers_one_is_chosen(desk: Desk) -> None:
    async with desk.client() as client:
        asking = await desk.start(SEVERAL)
        _, _, width, _ = await still(desk.screen)
        await click(desk.screen, width // 2)
        assert await over(asking) == (0, "")
    assert client.dialled == ["+4970712042267"]


async def test_more_numbers_than_buttons_are_asked_for_on_the_page(desk: Desk) -> None:
    desk.set('url = "https://telefon.example.org/t/"')
    assert await desk.dial(f"{SEVERAL}, 0171 3920012") == (0, "")
    assert await desk.opened() == (
        "https://telefon.example.org/t/dial?to=%2B4970712042266&to=%2B4970712042267&to=%2B431588580&to=%2B491713920012"
    )


async def test_who_reaches_no_button_is_asked_on_the_page(desk: Desk) -> None:
    desk.set('url = "https://telefon.example.org"\n[dialling]\nquestions = "page"\n')
    assert await desk.dial("tel:07071-2042266") == (0, "")
    assert await desk.opened() == "https://telefon.example.org/dial?to=%2B4970712042266"


async def test_where_nobody_can_be_asked_nothing_is_called(desk: Desk) -> None:
    async with desk.client() as client:
        code, said = await desk.dial("112", DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
    assert (code, said) == (1, "112 wurde nicht angerufen: Hier lässt sich nicht nachfragen.\n")
    assert client.asked == []


async def test_a_page_that_clicks_many_links_gets_one_question(desk: Desk) -> None:
    async with desk.client() as client:
        asking = await desk.start("tel:204")
        await still(desk.screen)
        for _ in range(3):
            assert await desk.dial("tel:205") == (1, "Eine Nachfrage ist noch offen.\n")
        asking.terminate()
        assert (await over(asking))[0] == 143
    assert client.asked == []


async def test_at_a_terminal_the_question_is_there(desk: Desk) -> None:
    async with desk.client() as client:
        asking = await desk.start_program("script", "-qec", f"{DIAL} 112", "/dev/null")
        code, said = await over(asking, typed=b"1\n")
    assert (code, "112 anrufen?" in said) == (0, True)
    assert client.dialled == ["112"]


# ---- Links that are none, hostile settings, other verbs


@pytest.mark.parametrize("link", ["tel:*21*0707112345%23", "sip:anna@example.org", "tel:;ext=1", "tel:--version"])
async def test_a_link_without_a_number_calls_nobody(desk: Desk, link: str) -> None:
    async with desk.client() as client:
        assert await desk.dial(link) == (1, "Keine Rufnummer markiert.\n")
    assert client.asked == []


async def test_wrong_settings_are_one_sentence(desk: Desk) -> None:
    desk.set("[dialling]\nask_for_link = false\n")
    code, said = await desk.dial("204")
    assert (code, said.count("\n"), "ask_for_link" in said) == (1, 1, True)


async def test_a_key_can_do_something_with_the_call(desk: Desk) -> None:
    answers = [Answer(ok=True, call="1"), Answer(ok=False, code="not_found", message="It is over.")]
    async with desk.client(*answers) as client:
        assert await desk.dial("--do", "reject") == (0, "")
        assert await desk.dial("--do", "redirect", "102") == (1, "It is over.\n")
    assert [(one.verb, one.to) for one in client.asked if isinstance(one, Act)] == [
        ("reject", None),
        ("redirect", "102"),
    ]
    assert "läuft auf diesem Bildschirm nicht" in (await desk.dial("--do", "hangup"))[1]


async def test_which_numbers_are_found_can_be_printed(desk: Desk) -> None:
    desk.set('[dialling]\narea_code = "7071"\n')
    assert await desk.dial("--print", "204-2266") == (0, f"{CASTLE}\n")
    assert await desk.dial("--print", SEVERAL) == (0, f"{CASTLE}\n+4970712042267\n+431588580\n")


@pytest.mark.parametrize("words", [[], ["--selection", "204"], ["--dial", "204"]])
async def test_wrong_words_are_refused(desk: Desk, words: list[str]) -> None:
    assert (await desk.dial(*words))[0] == 2
