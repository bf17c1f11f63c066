"""A code of the page lets one program in, once."""

import asyncio
import itertools
import re
from typing import Any

import pytest
import structlog
from msgspec import structs

from ami_bridge.errors import BadRequestError, NotAllowedError
from ami_bridge.people import pairing
from ami_bridge.people.pairing import Pairing
from tests.people.conftest import ANNA, BEN, Browser, House


async def offered(browser: Browser, **headers: str) -> str:
    got = await browser.send("POST", "/pairing", **headers)
    assert got.status == 201, await got.text()
    code: str = (await got.json())["code"]
    return code


async def redeemed(browser: Browser, code: str, **more: object) -> tuple[int, dict[str, Any]]:
    got = await browser.send("POST", "/pairing/redeem", {"code": code, "name": "desk", **more})
    return got.status, await got.json(content_type=None)


async def test_a_code_of_the_page_lets_a_program_in_once(anna: Browser, stranger: Browser, house: House) -> None:
    code = await offered(anna)
    assert re.fullmatch("[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}", code)
    status, made = await redeemed(stranger, code, host="pc-17")
    assert (status, made["host"], made["scopes"]) == (201, "pc-17", ["events", "dial"])
    me = await stranger.send("GET", "/me", Authorization=f"Bearer {made['token']}")
    assert (await me.json())["login"] == "anna"
    assert [one.host for one in await house.access.tokens_of("anna")] == ["pc-17"]
    assert (await redeemed(stranger, code))[0] == 400


async def test_who_looks_after_plants_takes_over_at_the_desk_and_nobody_else(house: House, stranger: Browser) -> None:
    dieter = structs.replace(ANNA, login="dieter", roles=("user", "plant"))
    house.people.replace([ANNA, dieter])
    everything = {"events", "dial", "rooms", "alarms"}
    for login, scopes in (("anna", ["events", "dial"]), ("dieter", ["events", "dial", "alarms"])):
        code, _ = house.pairing.offer(login, scopes=everything)
        assert (await redeemed(stranger, code))[1]["scopes"] == scopes
    code, _ = house.pairing.offer("dieter", scopes={"events"})
    assert (await redeemed(stranger, code))[1]["scopes"] == ["events"], "never more than who shows the code"
    broker, key = await house.brokers.add("ts1", "192.0.2.0/24")
    made, _ = await house.brokers.token(key, source="192.0.2.7", login="dieter", name="desktop", host=None)
    assert made.scopes == ("events", "dial", "alarms")
    assert made.broker == broker.id


@pytest.mark.parametrize("typed", ["{0}{1}", "{0} {1}", " {0}-{1} ", "{0}--{1}\t"])
@pytest.mark.parametrize("lower", [True, False])
async def test_a_code_may_be_typed_in_many_ways(anna: Browser, stranger: Browser, typed: str, *, lower: bool) -> None:
    code = typed.format(*(await offered(anna)).split("-"))
    assert (await redeemed(stranger, code.lower() if lower else code))[0] == 201


async def test_a_code_is_over_after_minutes_and_when_another_is_shown(
    anna: Browser, stranger: Browser, house: House
) -> None:
    first, second = await offered(anna), await offered(anna)
    assert first != second
    assert (await redeemed(stranger, first))[0] == 400
    house.clock.forward(minutes=5)
    assert (await redeemed(stranger, second))[0] == 400
    third = await offered(anna)
    house.clock.forward(minutes=4, seconds=59)
    assert (await redeemed(stranger, third))[0] == 201


async def test_two_programs_at_once_and_one_code_make_one_token(house: House, anna: Browser) -> None:
    code = await offered(anna)
    came = await asyncio.gather(
        *(house.pairing.redeem(code, name="x", host=None, source="192.0.2.1") for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in came) == 1
    assert len(await house.access.tokens_of("anna")) == 1


async def test_guessing_codes_ends_soon_and_costs_the_others_nothing(anna: Browser, stranger: Browser) -> None:
    code = await offered(anna)
    wrong = ("".join(one) for one in itertools.product(pairing.LETTERS, repeat=pairing.LENGTH))
    seen = [(await redeemed(stranger, next(wrong)))[0] for _ in range(pairing.PER_SOURCE + 5)]
    assert seen == [400] * pairing.PER_SOURCE + [429] * 5
    assert (await redeemed(stranger, code))[0] == 429, "not even the right one from there"
    elsewhere = await stranger.send(
        "POST", "/pairing/redeem", {"code": code, "name": "desk"}, X_Forwarded_For="192.0.2.9"
    )
    assert elsewhere.status == 201


async def test_guessing_from_everywhere_ends_too(house: House, anna: Browser) -> None:
    await offered(anna)
    for n in range(pairing.IN_TOTAL):
        with pytest.raises(BadRequestError):
            await house.pairing.redeem("AAAAAAAA", name="x", host=None, source=f"192.0.{n // 200}.{n % 200}")
    with pytest.raises(Exception, match="Too many wrong codes"):
        await house.pairing.redeem("AAAAAAAA", name="x", host=None, source="198.51.100.1")


async def test_a_right_code_costs_no_try(house: House) -> None:
    for _ in range(pairing.PER_SOURCE + 5):
        code, _ = house.pairing.offer("anna", scopes={"events"})
        token, _ = await house.pairing.redeem(code, name="x", host=None, source="192.0.2.1")
        await house.access.revoke_token("anna", token.id)


async def test_every_verdict_takes_the_same_time(house: House) -> None:
    slow = Pairing(access=house.access, people=house.people, now=house.clock, answers_after=0.1)
    code, _ = slow.offer("anna", scopes={"events"})
    loop = asyncio.get_running_loop()
    for typed in ("AAAAAAAA", code[:-1] + "?", code, code, ""):
        began = loop.time()
        await asyncio.gather(slow.redeem(typed, name="x", host=None, source="192.0.2.1"), return_exceptions=True)
        assert 0.1 <= loop.time() - began < 0.3


async def test_a_code_gives_no_more_than_who_had_it_shown_may(anna: Browser, stranger: Browser, house: House) -> None:
    _, weak = await house.access.new_token("anna", name="wall", scopes=["events"])
    _, rooms = await house.access.new_token("anna", name="rooms", scopes=["rooms"])
    code = await offered(stranger, Authorization=f"Bearer {weak}")
    assert (await redeemed(stranger, code))[1]["scopes"] == ["events"]
    got = await stranger.send("POST", "/pairing", Authorization=f"Bearer {rooms}")
    assert got.status == 403
    assert (await stranger.send("POST", "/pairing")).status == 401
    with pytest.raises(NotAllowedError):
        house.pairing.offer("anna", scopes=set())
    assert (await Browser(anna.session, "http://evil.example").send("POST", "/pairing")).status == 401


async def test_a_code_of_who_is_gone_opens_nothing(anna: Browser, stranger: Browser, house: House) -> None:
    code = await offered(anna)
    house.people.replace([BEN])
    assert (await redeemed(stranger, code))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "AAAAAAAA"},
        {"name": "x"},
        {"code": "A" * 41, "name": "x"},
        {"code": 1, "name": "x"},
        {"code": "AAAAAAAA", "name": ""},
        {"code": "AAAAAAAA", "name": "a\nb"},
        {"code": "AAAAAAAA", "name": "x", "host": "x" * 101},
        {"code": "AAAAAAAA", "name": "x", "scopes": ["alarms"]},
        {"code": "\0ÄÖÜ", "name": "x"},
    ],
)
async def test_nonsense_is_a_bad_request(stranger: Browser, body: object) -> None:
    assert (await stranger.send("POST", "/pairing/redeem", body)).status == 400


async def test_codes_are_kept_as_hashes_and_never_logged(house: House) -> None:
    with structlog.testing.capture_logs() as logs:
        code, _ = house.pairing.offer("anna", scopes={"events"})
        plain = code.replace("-", "")
        assert plain not in str(house.pairing._offers)
        await house.pairing.redeem(code, name="x", host=None, source="192.0.2.1")
        with pytest.raises(BadRequestError):
            await house.pairing.redeem(code, name="x", host=None, source="192.0.2.1")
    assert [one["event"] for one in logs] == ["people.token_made", "people.paired", "people.pairing_refused"]
    assert plain not in str(logs)
    assert "anna" not in str(logs)
