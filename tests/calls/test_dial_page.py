"""The page behind a link to a number: it asks, hostile links do nothing, and only what it gave out itself dials."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import ClientResponse
from yarl import URL

from ami_bridge.calls.classes import Plan
from ami_bridge.calls.dial import Wanted
from ami_bridge.calls.dial_html import _WORDS
from ami_bridge.calls.dial_page import DialPage
from ami_bridge.calls.nonces import Nonces
from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.errors import (
    BridgeError,
    LateError,
    NotAllowedError,
    NotFoundError,
    NotReachableError,
    RateLimitedError,
)
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import Wish
from ami_bridge.web.server import serve
from tests.empty import empty_database
from tests.people.conftest import Browser, House

SITE = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0")
BEN = "102"
GROUPWARE = "https://groupware.example"
NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class Dial:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Wanted, str]] = []
        self.error: BridgeError | None = None

    async def call(self, login: str, wanted: Wanted, *, key: str, credential: str) -> str:  # noqa: ARG002
        if self.error is not None:
            raise self.error
        self.asked.append((login, wanted, key))
        return "CALL1"


class Page:
    """The house with this page, and browsers that come to it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.dial = Dial()
        numbers = Numbers(SITE)
        names = Directory()
        names.replace_people(house.people.all())
        self.routes = DialPage(
            guard=house.access,
            doorway=house.doorway,
            dial=self.dial,
            plan=Plan(SITE, numbers),
            people=house.people,
            names=names,
            nonces=Nonces(house.clock),
            trusted=[GROUPWARE],
        )


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with empty_database(tmp_path / "data" / "bridge.sqlite") as db:
        house = House(db)
        it = Page(house)
        async with serve(
            house.config, add_routes=[house.routes.add_to, it.routes.add_to], static=tmp_path
        ) as house.port:
            yield it


@pytest.fixture
async def anna(page: Page) -> AsyncIterator[Browser]:
    async with page.house.session() as session:
        browser = Browser(session, page.house.origin)
        assert (await browser.sign_in("anna")).status == 200
        yield browser


@pytest.fixture
async def stranger(page: Page) -> AsyncIterator[Browser]:
    async with page.house.session() as session:
        yield Browser(session, page.house.origin)


async def get(browser: Browser, to: str, *, more: str = "", **headers: str) -> ClientResponse:
    response = await browser.session.get(f"/dial?to={quote(to)}{more}", headers=headers)
    await response.read()
    return response


async def form(browser: Browser, to: str, **headers: str) -> dict[str, str]:
    text = await (await get(browser, to, **headers)).text()
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', text)}


async def send(browser: Browser, fields: dict[str, str], **headers: str) -> ClientResponse:
    sent = {"Origin": browser.origin} | headers
    response = await browser.session.post("/dial", data=fields, headers=sent)
    await response.read()
    return response


async def test_it_asks_and_dials_when_that_is_confirmed(page: Page, anna: Browser) -> None:
    shown = await get(anna, BEN)
    assert "Anrufen?" in await shown.text()
    assert "Ben Biber" in await shown.text()
    assert page.dial.asked == []
    answer = await send(anna, await form(anna, BEN))
    assert (answer.status, "Ihr Telefon klingelt" in await answer.text()) == (200, True)
    assert [(login, wanted) for login, wanted, _ in page.dial.asked] == [("anna", Wanted(to=BEN))]


async def test_of_several_numbers_it_asks_which_and_dials_none(page: Page, anna: Browser) -> None:
    shown = await get(anna, BEN, more=f"&to={quote('+493023125001')}&to={quote(BEN)}&to=rubbish")
    text = await shown.text()
    assert shown.status == 200
    assert [unescape(one) for one in re.findall(r'href="(/dial[^"]*)"', text)] == [
        f"/dial?{urlencode({'to': one})}" for one in (BEN, "+493023125001")
    ]
    assert "<form" not in text
    assert page.dial.asked == []


@pytest.mark.parametrize(
    ("written", "to"),
    [
        ("+41446681800", "+41446681800"),
        ("%2B41446681800", "+41446681800"),
        ("tel:+41446681800", "+41446681800"),
        ("tel%3A+41%2044%20668%2018%2000", "+41446681800"),
        ("%2B41+44+668+18+00", "+41446681800"),
        ("+102", "102"),
        ("030+23125-001", "+493023125001"),
    ],
)
async def test_a_plus_that_a_groupware_writes_as_it_is_stays_one(anna: Browser, written: str, to: str) -> None:
    async with anna.session.get(URL(f"{anna.origin}/dial?to={written}", encoded=True)) as shown:
        assert re.findall(r'name="to" value="([^"]*)"', await shown.text()) == [to]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=ascii", b"to=\xff"),
        ("application/x-www-form-urlencoded; charset=rot13", b"to=102"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"x"),
    ],
)
async def test_a_form_that_is_none_dials_nothing(page: Page, anna: Browser, kind: str, body: bytes) -> None:
    sent = {"Origin": anna.origin, "Content-Type": kind}
    async with anna.session.post("/dial", data=body, headers=sent) as answer:
        assert (answer.status, "Keine Rufnummer" in await answer.text()) == (400, True)
    assert page.dial.asked == []


async def test_looking_at_it_never_dials_whatever_the_address_says(page: Page, anna: Browser) -> None:
    nonce = (await form(anna, BEN))["nonce"]
    for more in ("", "&confirmed=1", f"&nonce={nonce}", "&at_once=1", "&again=1"):
        for headers in ({}, NAVIGATES, NAVIGATES | {"Referer": f"{GROUPWARE}/addressbook"}):
            assert (await get(anna, BEN, more=more, **headers)).status == 200
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await anna.session.request(method, "/dial", data={"to": BEN, "nonce": nonce})).status == 405
    await anna.session.head(f"/dial?to={BEN}")
    assert page.dial.asked == []


async def test_a_nonce_is_one_key_so_pressing_twice_is_one_call(page: Page, anna: Browser) -> None:
    fields = await form(anna, BEN)
    await send(anna, fields)
    await send(anna, fields)
    await send(anna, await form(anna, BEN))
    first, second, other = (key for _, _, key in page.dial.asked)
    assert first == second != other


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", GROUPWARE])
async def test_no_other_site_dials_even_with_a_right_nonce(page: Page, anna: Browser, origin: str) -> None:
    fields = await form(anna, BEN)
    assert (await send(anna, fields, Origin=origin)).status == 401
    assert page.dial.asked == []


async def test_only_what_the_page_gave_out_is_taken_and_only_for_its_number(page: Page, anna: Browser) -> None:
    nonce = (await form(anna, BEN))["nonce"]
    for fields in (
        {"to": "103", "nonce": nonce},
        {"to": BEN, "nonce": ""},
        {"to": BEN},
        {"to": BEN, "nonce": nonce[:-4] + "AAAA"},
        {"to": BEN, "nonce": "A" * 200},
        {"to": BEN, "nonce": "\u00fc"},
    ):
        assert (await send(anna, fields)).status == 400
    page.house.clock.forward(minutes=9.1)
    old = await send(anna, {"to": BEN, "nonce": nonce})
    assert (old.status, "zu alt" in await old.text()) == (400, True)
    assert page.dial.asked == []


async def test_who_is_not_signed_in_is_told_so_and_can_go_on_then(page: Page, stranger: Browser) -> None:
    fields = await form(stranger, BEN, **{"Sec-Fetch-Site": "same-origin"}) or await form_again(stranger, BEN)
    answer = await send(stranger, fields)
    assert (answer.status, "Anmelden" in await answer.text()) == (401, True)
    assert page.dial.asked == []
    assert (await stranger.sign_in("ben")).status == 200
    text = await answer.text()
    again = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', text)}
    assert (await send(stranger, again)).status == 200
    assert page.dial.asked[0][0] == "ben"


async def form_again(browser: Browser, to: str) -> dict[str, str]:
    text = await (await get(browser, to, more="&again=1")).text()
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', text)}


async def test_a_link_of_another_site_comes_again_from_our_own_page(page: Page, stranger: Browser) -> None:
    """The cookie is not sent with the first request; nobody is named to whoever is not signed in."""
    first = await (await get(stranger, "+49 30 23125001")).text()
    assert 'http-equiv="refresh"' in first
    assert "url=/dial?to=%2B493023125001&amp;again=1" in first
    second = await (await get(stranger, BEN, more="&again=1")).text()
    assert "Ben Biber" not in second
    assert page.dial.asked == []


async def test_a_trusted_page_need_not_ask_others_do(anna: Browser) -> None:
    async def at_once(to: str = BEN, **headers: str) -> bool:
        return "data-at-once" in await (await get(anna, to, **headers)).text()

    link = NAVIGATES | {"Referer": f"{GROUPWARE}/egroupware/index.php?x=1"}
    assert await at_once(**link)
    assert not await at_once("112", **link)
    assert not await at_once("+49 900 1234567", **link)
    for changed in (
        {"Referer": "https://evil.example/"},
        {"Referer": f"{GROUPWARE}.evil.example/"},
        {"Referer": "http://groupware.example/"},
        {"Referer": "https://[x"},
        {"Referer": ""},
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "no-cors"},
    ):
        assert not await at_once(**{**link, **changed})


async def test_an_emergency_call_needs_its_tick(page: Page, anna: Browser) -> None:
    fields = await form(anna, "112")
    assert "confirmed" in fields  # the box, whose value is sent where it is ticked
    del fields["confirmed"]
    await send(anna, fields)
    await send(anna, {**fields, "confirmed": "1"})
    assert [wanted.confirmed for _, wanted, _ in page.dial.asked] == [False, True]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</title><script>",
    "102\r\nSet-Cookie: x=y",
    "${7*7}{{7*7}}%s",
    "102' or 1=1--",
    "\u202e102",
    "x" * 5000,
    "102&to=103",
]


@pytest.mark.parametrize("to", HOSTILE)
async def test_a_hostile_link_is_only_text(page: Page, anna: Browser, to: str) -> None:
    shown = await get(anna, to)
    text = await shown.text()
    assert shown.status in {200, 400}
    assert shown.headers.getall("Set-Cookie", []) == []
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("<script") == 1
    assert len(text) < 5000
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert page.dial.asked == []


async def test_nothing_in_the_page_is_inline(anna: Browser) -> None:
    """The policy forbids it, so it would not work."""
    text = await (await get(anna, BEN)).text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=)", text)


async def test_the_browser_is_let_say_that_the_form_is_ours(anna: Browser) -> None:
    """Under `no-referrer` it would send `Origin: null` with a form."""
    assert (await get(anna, BEN)).headers.getall("Referrer-Policy") == ["same-origin"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NotAllowedError("x"), 403, "dürfen Sie nicht wählen"),
        (RateLimitedError("x"), 429, "zu viele Anrufe"),
        (NotFoundError("x"), 404, "kein Telefon"),
        (NotReachableError("x"), 503, "nicht erreichbar"),
        (LateError("x"), 504, "Niemand weiß"),
    ],
)
async def test_a_refusal_is_told_in_words(
    page: Page, anna: Browser, error: BridgeError, status: int, said: str
) -> None:
    page.dial.error = error
    answer = await send(anna, await form(anna, BEN))
    assert (answer.status, said in await answer.text()) == (status, True)


async def test_it_speaks_the_persons_language_else_the_browsers(page: Page, anna: Browser) -> None:
    async def asks(accept: str) -> str:
        found = re.search(r"<title>(.*?)</title>", await (await get(anna, BEN, **{"Accept-Language": accept})).text())
        assert found
        return found[1]

    assert [await asks(one) for one in ("en-GB,de;q=0.5", "fr,en", "de,en", "fr", "")] == [
        "Call?", "Call?", "Anrufen?", "Anrufen?", "Anrufen?",
    ]  # fmt: skip
    page.house.people.wished("anna", Wish(language="en"))
    assert await asks("de") == "Call?"


def test_both_languages_have_the_same_words() -> None:
    words: Any = _WORDS
    assert words["de"].keys() == words["en"].keys()


async def test_a_token_is_no_page(page: Page, stranger: Browser) -> None:
    _, secret = await page.house.access.new_token(
        "anna", name="x", host=None, scopes=["dial"], within=frozenset({"dial"})
    )
    fields = await form_again(stranger, BEN)
    answer = await send(stranger, fields, Authorization=f"Bearer {secret}")
    assert (answer.status, page.dial.asked) == (403, [])
