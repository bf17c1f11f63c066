"""Signing in by OpenID Connect at a provider that can be told to lie. A real one stands in tests/page/test_oidc.py."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from joserfc.jwk import RSAKey

from ami_bridge.config_signin import Oidc as Settings
from ami_bridge.people.oidc import MOST_BYTES, Oidc
from ami_bridge.people.signin import PER_SOURCE
from ami_bridge.people.signin_routes import BACK, SignInRoutes
from ami_bridge.web.server import serve
from tests.empty import empty_database
from tests.fakes.oidc import CLIENT, SECRET, Provider
from tests.people.conftest import Browser, House


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider().running() as provider:
        yield provider


@pytest.fixture
def settings(provider: Provider) -> Settings:
    return Settings(issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET, label="Rathaus")


@pytest.fixture
async def house(tmp_path: Path, settings: Settings) -> AsyncIterator[House]:
    async with empty_database(tmp_path / "data" / "bridge.sqlite") as db:
        it = House(db)
        it.clock.now = datetime.fromtimestamp(int(time.time()), UTC)
        routes = SignInRoutes(
            entrance=it.entrance,
            doorway=it.doorway,
            oidc=Oidc(settings, now=it.clock) if settings.issuer else None,
        )
        async with serve(it.config, add_routes=[it.routes.add_to, routes.add_to], static=tmp_path) as it.port:
            yield it


async def get(browser: Browser, url: str, language: str = "de") -> ClientResponse:
    headers = {"Accept-Language": language}
    got = await browser.session.get(url, allow_redirects=False, headers=headers)
    await got.read()
    return got


async def way_back(browser: Browser) -> str:
    """Go to the provider, sign in, and stop at the address to which it sends us."""
    there = await get(browser, "/api/v1/sign-in/oidc")
    assert there.status == 303, await there.text()
    back = await get(browser, there.headers["Location"])
    assert back.status == 302, await back.text()
    return back.headers["Location"]


async def come(browser: Browser) -> ClientResponse:
    return await get(browser, await way_back(browser))


async def is_refused(browser: Browser, got: ClientResponse, status: int = 401) -> None:
    assert got.status == status, await got.text()
    assert got.content_type == "text/html"
    assert "amib=" not in str(got.headers.getall("Set-Cookie", []))
    assert (await browser.send("GET", "/me")).status == 401


async def test_who_signs_in_there_has_the_same_session_as_by_a_password(stranger: Browser, house: House) -> None:
    assert await (await stranger.send("GET", "/sign-in")).json() == {"oidc": "Rathaus", "kerberos": None}
    got = await come(stranger)
    assert (got.status, got.headers["Location"]) == (303, "/")
    session, over = got.headers.getall("Set-Cookie")
    assert {part.strip() for part in session.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert over.startswith('amib-oidc="";')
    assert "Max-Age=0" in over
    assert (await (await stranger.send("GET", "/me")).json())["login"] == "anna"
    evil = Browser(stranger.session, "http://evil.example")
    assert (await evil.send("DELETE", "/session")).status == 401
    assert (await stranger.send("DELETE", "/session")).status == 204
    assert [one.partition(":")[0] for one in house.revoked] == ["session"]


async def test_the_cookie_of_the_way_is_short_and_not_for_scripts(stranger: Browser) -> None:
    got = await get(stranger, "/api/v1/sign-in/oidc")
    parts = {part.strip() for part in got.headers["Set-Cookie"].split(";")[1:]}
    assert parts == {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"}
    assert got.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "says",
    [
        pytest.param({"nonce": "another"}, id="wrong nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"iss": "https://else.example"}, id="another issuer"),
        pytest.param({"aud": "another"}, id="another audience"),
        pytest.param({"aud": ["another", CLIENT]}, id="two audiences"),
        pytest.param({"azp": "another"}, id="another party"),
        pytest.param({"exp": 1_000_000_000}, id="expired"),
        pytest.param({"exp": None}, id="never expires"),
        pytest.param({"exp": True}, id="no time"),
        pytest.param({"iat": 99_000_000_000, "exp": 99_000_000_001}, id="from the future"),
        pytest.param({"nbf": 99_000_000_000}, id="not yet"),
        pytest.param({"sub": None}, id="of nobody"),
    ],
)
async def test_what_was_not_said_to_us_here_and_now_is_refused(
    stranger: Browser, provider: Provider, says: dict[str, Any]
) -> None:
    provider.says = says
    await is_refused(stranger, await come(stranger))


async def test_only_the_providers_own_key_signs(stranger: Browser, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    await is_refused(stranger, await come(stranger))
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "foreign"})
    await is_refused(stranger, await come(stranger))
    asked = provider.asked.count("keys")
    await is_refused(stranger, await come(stranger))
    assert provider.asked.count("keys") == asked, "strange keys do not make us ask each time"
    provider.signs_with, provider.algorithm = provider.key, "HS256"  # its public key as a secret
    await is_refused(stranger, await come(stranger))
    provider.algorithm = "none"
    await is_refused(stranger, await come(stranger))


async def test_a_new_key_is_learned(stranger: Browser, provider: Provider, house: House) -> None:
    assert (await come(stranger)).status == 303
    provider.key = provider.signs_with = RSAKey.generate_key(2048, {"kid": "two"})
    house.clock.forward(seconds=31)
    assert (await come(stranger)).status == 303


async def test_an_answer_that_this_browser_did_not_ask_for_is_refused(stranger: Browser, house: House) -> None:
    back = await way_back(stranger)
    async with house.session() as session:
        other = Browser(session, house.origin)
        await is_refused(other, await get(other, back))  # no question at all
        await way_back(other)
        await is_refused(other, await get(other, back))  # a question of its own
        mine = await way_back(other)
        state = mine.partition("state=")[2].partition("&")[0]
        code = back.partition("code=")[2].partition("&")[0]
        await is_refused(other, await get(other, f"{BACK}?code={code}&state={state}"))  # PKCE: another's code
    for odd in ("", "?state=", "?code=x", "?error=access_denied", "?code=x&state=%C3%BC", f"?code={'x' * 5000}"):
        await way_back(stranger)
        await is_refused(stranger, await get(stranger, BACK + odd))


async def test_a_code_is_good_once_and_so_is_the_question(stranger: Browser) -> None:
    back = await way_back(stranger)
    (way,) = (one for one in stranger.session.cookie_jar if one.key == "amib-oidc")
    assert (await get(stranger, back)).status == 303
    assert (await get(stranger, back)).status == 401, "the question is over"
    got = await stranger.session.get(back, allow_redirects=False, headers={"Cookie": f"amib-oidc={way.value}"})
    assert got.status == 401, "the code is used"


async def test_who_says_no_or_answers_for_another_is_told(stranger: Browser) -> None:
    back = await way_back(stranger)
    state = back.partition("state=")[2].partition("&")[0]
    got = await get(stranger, f"{BACK}?error=access_denied&state={state}", language="en-US,de")
    await is_refused(stranger, got)
    assert 'lang="en"' in await got.text()
    assert "Please try again." in await got.text()
    back = await way_back(stranger)
    await is_refused(stranger, await get(stranger, back.partition("&iss=")[0] + "&iss=https%3A%2F%2Felse.example"))


@pytest.mark.parametrize("login", ["eva", "Anna", "anna ", "", 5, ["anna"], None])
async def test_a_stranger_gets_a_sentence_and_no_account(
    stranger: Browser, provider: Provider, house: House, login: object
) -> None:
    provider.says = {"preferred_username": login}
    got = await come(stranger)
    await is_refused(stranger, got, 403)
    assert "hier noch nicht eingetragen" in await got.text()
    assert [person.login for person in house.people.all()] == ["anna", "ben"]


async def test_what_the_token_does_not_say_is_asked_of_the_same_person(stranger: Browser, provider: Provider) -> None:
    provider.says = {"preferred_username": None}
    provider.userinfo = {"sub": "another", "preferred_username": "ben"}
    await is_refused(stranger, await come(stranger), 403)
    provider.userinfo = {"sub": "4711", "preferred_username": "ben"}
    assert (await come(stranger)).status == 303
    assert (await (await stranger.send("GET", "/me")).json())["login"] == "ben"


class TestByMail:
    @pytest.fixture
    def settings(self, provider: Provider) -> Settings:
        return Settings(issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET, claim="email")

    async def test_an_address_counts_only_when_the_provider_has_checked_it(
        self, stranger: Browser, provider: Provider
    ) -> None:
        provider.says = {"email": "anna"}
        await is_refused(stranger, await come(stranger), 403)
        provider.says = {"email": "anna", "email_verified": True}
        assert (await come(stranger)).status == 303


class TestWithout:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings()

    async def test_without_a_provider_there_is_no_way(self, stranger: Browser) -> None:
        assert await (await stranger.send("GET", "/sign-in")).json() == {"oidc": None, "kerberos": None}
        assert (await stranger.send("GET", "/sign-in/oidc")).status == 404
        assert (await stranger.send("GET", "/sign-in/oidc/back?code=x")).status == 404


class TestAway:
    @pytest.fixture
    def settings(self) -> Settings:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            return Settings(issuer=f"http://127.0.0.1:{unused.getsockname()[1]}", client_id=CLIENT)

    async def test_a_provider_that_is_away_is_told_with_what_to_do(self, stranger: Browser) -> None:
        got = await get(stranger, "/api/v1/sign-in/oidc")
        await is_refused(stranger, got, 503)
        text = await got.text()
        assert "in ein paar Minuten" in text
        assert 'href="/"' in text
        assert "Set-Cookie" not in got.headers


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        {"text": "<html>"},
        {"text": "[1]"},
        {"text": '{"a": ' * 50_000},
        {"text": '{"id_token": "' + "x" * MOST_BYTES + '"}'},
        {"text": '{"error": "invalid_client"}', "status": 401},
        {"text": "{}", "status": 401},
    ],
)
async def test_nonsense_of_the_provider_is_its_own_fault(
    stranger: Browser, provider: Provider, answer: dict[str, Any]
) -> None:
    back = await way_back(stranger)
    provider.answers = web.Response(**answer)
    await is_refused(stranger, await get(stranger, back), 503)


@pytest.mark.parametrize("token", [None, 5, "", "a.b", "a.b.c", "x" * 20_000, "ü.ü.ü", "e30.e30."])
async def test_nonsense_instead_of_a_token_signs_nobody_in(
    stranger: Browser, provider: Provider, token: object
) -> None:
    back = await way_back(stranger)
    provider.answers = web.json_response({"id_token": token})
    await is_refused(stranger, await get(stranger, back))


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://else.example"},
        {"token_endpoint": "http://else.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
)
async def test_a_provider_that_describes_itself_oddly_is_not_used(
    stranger: Browser, provider: Provider, about: dict[str, Any]
) -> None:
    provider.says_of_itself = about
    await is_refused(stranger, await get(stranger, "/api/v1/sign-in/oidc"), 503)


async def test_trying_codes_ends_in_a_pause(stranger: Browser) -> None:
    state = (await way_back(stranger)).partition("state=")[2].partition("&")[0]
    (way,) = (one.value for one in stranger.session.cookie_jar if one.key == "amib-oidc")
    for _ in range(PER_SOURCE):
        asked = {"Cookie": f"amib-oidc={way}"}
        got = await stranger.session.get(f"{BACK}?code=x&state={state}", allow_redirects=False, headers=asked)
        assert got.status == 401
    back = await way_back(stranger)
    got = await get(stranger, back)
    await is_refused(stranger, got, 429)
    assert int(got.headers["Retry-After"]) > 600


async def test_a_web_page_that_sends_browsers_here_keeps_nobody_out(stranger: Browser, house: House) -> None:
    async with house.session() as session:
        for at in range(PER_SOURCE + 1):
            odd = {"Cookie": "amib-oidc=x"} if at % 2 else {}
            got = await session.get(f"{BACK}?code=x&state=y", allow_redirects=False, headers=odd)
            assert got.status == 401
    assert (await come(stranger)).status == 303


async def test_a_cookie_that_is_no_text_is_none_of_ours(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(f"GET {BACK}?state=y HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode())
    writer.write(b"Cookie: amib-oidc=\xff\xfe\r\nConnection: close\r\n\r\n")
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert said.startswith(b"HTTP/1.1 401")
