import asyncio
from pathlib import Path

import pytest

from tests.people.conftest import Browser, House


async def test_signing_in_gives_a_cookie_that_scripts_and_other_pages_do_not_get(stranger: Browser) -> None:
    got = await stranger.sign_in("anna")
    assert (await got.json())["name"] == "Anna Amsel"
    cookie = got.headers["Set-Cookie"]
    assert cookie.startswith("amib=")
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert (await stranger.send("GET", "/me")).status == 200


async def test_signing_out_ends_the_session_there_and_here(anna: Browser, house: House) -> None:
    secret = next(iter(anna.session.cookie_jar)).value
    assert (await anna.send("DELETE", "/session")).status == 204
    assert (await anna.send("GET", "/me")).status == 401
    assert (await anna.send("GET", "/me", Cookie=f"amib={secret}")).status == 401
    assert [one.partition(":")[0] for one in house.revoked] == ["session"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": "anna", "password": "wrong"}, 401),
        ({"user": "anna", "password": ""}, 400),
        ({"user": "anna"}, 400),
        ({"user": "anna", "password": "x", "admin": True}, 400),
        ({"user": ["anna"], "password": "x"}, 400),
        ({"user": "anna", "password": "x" * 60_000}, 400),
        ({"user": "anna", "password": "x" * 70_000}, 413),
        ({"user": "eva", "password": "eva's password"}, 403),
        (None, 400),
    ],
)
async def test_who_does_not_belong_gets_a_sentence_and_no_cookie(stranger: Browser, body: object, status: int) -> None:
    got = await stranger.send("POST", "/session", body)
    assert got.status == status
    assert "Set-Cookie" not in got.headers
    assert set(await got.json(content_type=None)) >= {"code", "detail"}


async def test_another_page_can_neither_sign_in_nor_change_anything(anna: Browser, house: House) -> None:
    for origin in ("http://evil.example", "null", f"http://localhost:{house.port}", house.origin + "0"):
        evil = Browser(anna.session, origin)
        assert (await evil.sign_in("ben")).status == 401
        assert (await evil.send("POST", "/tokens", {"name": "x"})).status == 401
        assert (await evil.send("DELETE", "/session")).status == 401
        rebound = await evil.send("POST", "/tokens", {"name": "x"}, Host=origin.partition("//")[2])
        assert rebound.status == 401
    assert (await (await anna.send("GET", "/me")).json())["login"] == "anna"
    assert (await (await anna.send("GET", "/tokens")).json())["tokens"] == []


async def test_guessing_over_http_ends_in_429(stranger: Browser) -> None:
    seen = [(await stranger.send("POST", "/session", {"user": "anna", "password": str(n)})).status for n in range(12)]
    assert seen == [401] * 10 + [429] * 2
    got = await stranger.sign_in("anna")
    assert int(got.headers["Retry-After"]) > 600


async def new_token(browser: Browser, **wish: object) -> dict[str, str]:
    got = await browser.send("POST", "/tokens", {"name": "desk", **wish})
    assert got.status == 201, await got.text()
    made: dict[str, str] = await got.json()
    return made


async def test_a_token_is_shown_once_and_works_for_a_program(anna: Browser, stranger: Browser) -> None:
    made = await new_token(anna, host="pc-17")
    assert made["token"].startswith("amib_")
    assert len(made["token"]) == 5 + 43
    (shown,) = (await (await anna.send("GET", "/tokens")).json())["tokens"]
    assert "token" not in shown
    assert (shown["id"], shown["host"], shown["last_used"]) == (made["id"], "pc-17", None)
    me = await stranger.send("GET", "/me", Authorization=f"Bearer {made['token']}", Origin="https://else.example")
    assert (await me.json())["login"] == "anna"


async def test_the_database_does_not_hold_what_opens_the_door(anna: Browser, house: House, tmp_path: Path) -> None:
    made = await new_token(anna)
    secret = next(iter(anna.session.cookie_jar)).value
    await house.db.forget_deleted()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert made["id"].encode() in kept
    assert made["token"].encode() not in kept
    assert secret.encode() not in kept


async def test_a_revoked_token_opens_nothing_and_its_links_are_told_at_once(
    anna: Browser, stranger: Browser, house: House
) -> None:
    made = await new_token(anna)
    bearer = f"Bearer {made['token']}"
    assert (await anna.send("DELETE", f"/tokens/{made['id']}")).status == 204
    assert house.revoked == [f"token:{made['id']}"]
    assert (await stranger.send("GET", "/me", Authorization=bearer)).status == 401
    assert (await anna.send("DELETE", f"/tokens/{made['id']}")).status == 404
    assert house.revoked == [f"token:{made['id']}"]


async def test_nobody_sees_or_revokes_the_tokens_of_others(anna: Browser, stranger: Browser) -> None:
    made = await new_token(anna)
    await stranger.sign_in("ben")
    assert (await (await stranger.send("GET", "/tokens")).json())["tokens"] == []
    assert (await stranger.send("DELETE", f"/tokens/{made['id']}")).status == 404
    for hostile in ("%00", "' OR 1=1 --", "x" * 3000, "..%2f", "%ff"):
        assert (await stranger.send("DELETE", f"/tokens/{hostile}")).status == 404


async def test_a_token_cannot_make_a_stronger_one(anna: Browser, stranger: Browser) -> None:
    made = await new_token(anna, scopes=["events"])
    bearer = f"Bearer {made['token']}"
    stronger = await stranger.send("POST", "/tokens", {"name": "x", "scopes": ["dial"]}, Authorization=bearer)
    assert stronger.status == 403
    same = await stranger.send("POST", "/tokens", {"name": "x", "scopes": ["events"]}, Authorization=bearer)
    assert same.status == 201
    assert (await stranger.send("DELETE", "/session", Authorization=bearer)).status == 400


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "a\0"},
        {"name": "\u202ea"},
        {"name": "x", "host": ""},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": ["dial", "dial", "root"]},
        {"name": "x", "scopes": "dial"},
        {"name": "x", "id": "mine"},
    ],
)
async def test_a_silly_wish_for_a_token_is_a_bad_request(anna: Browser, wish: dict[str, object]) -> None:
    got = await anna.send("POST", "/tokens", wish)
    assert got.status == 400
    assert (await got.json(content_type=None))["code"] == "bad_request"


async def test_a_person_has_at_most_fifty_tokens(anna: Browser) -> None:
    for _ in range(50):
        await new_token(anna)
    assert (await anna.send("POST", "/tokens", {"name": "x"})).status == 403


async def test_the_oldest_of_too_many_sessions_ends(house: House) -> None:
    begun = []
    for _ in range(20):
        begun.append((await house.access.new_session("anna", way="password"))[0].id)
        house.clock.forward(seconds=1)
    assert house.revoked == []
    await house.access.new_session("anna", way="password")
    assert house.revoked == [f"session:{begun[0]}"]


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer amib_", "Bearer amib_" + "x" * 43, "Bearer ' OR 1=1 --", "Basic YW5uYTp4"],
)
async def test_what_looks_like_a_token_is_none(stranger: Browser, authorization: str) -> None:
    got = await stranger.send("GET", "/me", Authorization=authorization)
    assert got.status == 401
    assert got.headers["WWW-Authenticate"] == "Bearer"


async def test_a_session_is_no_token_and_a_token_no_session(anna: Browser, stranger: Browser) -> None:
    made = await new_token(anna)
    secret = next(iter(anna.session.cookie_jar)).value
    assert (await stranger.send("GET", "/me", Authorization=f"Bearer {secret}")).status == 401
    assert (await stranger.send("GET", "/me", Cookie=f"amib={made['token']}")).status == 401
    assert (await stranger.send("GET", f"/me?token={made['token']}")).status == 401


async def test_bytes_that_are_no_text_in_the_credential_are_nobody(house: House) -> None:
    for header in (b"Authorization: Bearer amib_\xff\xfe", b"Cookie: amib=\xff\xfe", b"Cookie: \x80;;=;amib"):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n")
        async with asyncio.timeout(5):
            assert b" 401 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_behind_a_proxy_on_this_machine_guessers_are_told_apart(stranger: Browser) -> None:
    for n in range(100):
        wrong = {"user": f"user-{n}", "password": "x"}
        await stranger.send("POST", "/session", wrong, X_Forwarded_For="10.0.0.1, 192.0.2.66")
    right = {"user": "anna", "password": "anna's password"}
    from_there = await stranger.send("POST", "/session", right, X_Forwarded_For="spoofed, 192.0.2.66")
    assert from_there.status == 429
    assert (await stranger.send("POST", "/session", right, X_Forwarded_For="192.0.2.67")).status == 200
