"""Terminal servers that have tokens made for whoever is signed in there."""

from typing import Any

import pytest
import structlog

from ami_bridge.errors import BadRequestError, BusyError, NotFoundError
from ami_bridge.people import brokers
from tests.people.conftest import ANNA, Browser, House

ROOM = "192.0.2.0/28"


async def asked(
    browser: Browser, key: str, login: str = "anna", source: str = "192.0.2.7", **more: object
) -> tuple[int, dict[str, Any]]:
    got = await browser.send(
        "POST",
        "/broker/token",
        {"login": login, "name": "desktop", **more},
        Authorization=f"Bearer {key}",
        X_Forwarded_For=source,
    )
    return got.status, await got.json(content_type=None)


async def test_a_broker_has_a_token_made_that_holds_for_a_day_used_or_not(stranger: Browser, house: House) -> None:
    broker, key = await house.brokers.add("ts1", ROOM)
    status, made = await asked(stranger, key, host="thin-17")
    assert (status, made["scopes"], made["host"]) == (201, ["events", "dial"], "thin-17")
    me = await stranger.send("GET", "/me", Authorization=f"Bearer {made['token']}")
    assert (await me.json())["login"] == "anna"
    (kept,) = await house.access.tokens_of("anna")
    assert (kept.broker, kept.expires) == (broker.id, house.clock.now + brokers.HOLDS)
    house.clock.forward(hours=11)
    assert (await stranger.send("GET", "/me", Authorization=f"Bearer {made['token']}")).status == 200
    house.clock.forward(hours=1)
    assert (await stranger.send("GET", "/me", Authorization=f"Bearer {made['token']}")).status == 401


async def test_what_ends_with_the_day_makes_nothing_that_does_not(stranger: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    lent = f"Bearer {(await asked(stranger, key))[1]['token']}"
    for path, body in (("/tokens", {"name": "for ever"}), ("/pairing", None)):
        got = await stranger.send("POST", path, body, Authorization=lent)
        assert (got.status, (await got.json(content_type=None))["code"]) == (403, "not_allowed")
    assert len(await house.access.tokens_of("anna")) == 1


async def test_a_key_opens_nothing_else_and_no_token_is_a_key(stranger: Browser, anna: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    assert (await stranger.send("GET", "/me", Authorization=f"Bearer {key}")).status == 401
    _, token = await house.access.new_token("anna", name="x")
    assert (await asked(stranger, token))[0] == 401
    got = await anna.send("POST", "/broker/token", {"login": "ben", "name": "x"})
    assert got.status == 401, "a browser's session is no broker"


@pytest.mark.parametrize("source", ["192.0.2.16", "198.51.100.1", "2001:db8::1", "::ffff:198.51.100.1"])
async def test_a_right_key_from_elsewhere_is_as_good_as_none_but_the_log_knows(
    stranger: Browser, house: House, source: str
) -> None:
    broker, key = await house.brokers.add("ts1", ROOM)
    with structlog.testing.capture_logs() as logs:
        right = await asked(stranger, key, source=source)
        wrong = await asked(stranger, "amibk_" + "x" * 43, source=source)
    assert right == wrong
    assert right[0] == 401
    assert [(one["event"], one.get("broker")) for one in logs] == [
        ("people.broker_elsewhere", broker.id),
        ("people.broker_refused", None),
    ]


async def test_the_same_address_in_its_other_spelling_is_the_same(stranger: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    assert (await asked(stranger, key, source="::ffff:192.0.2.7"))[0] == 201


async def test_guessing_keys_ends_soon_and_the_right_one_goes_on(stranger: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    guesses = [key[:-1], key + "A", key.swapcase(), "amibk_", "amibk_%", "' OR 1=1 --"]
    seen = [(await asked(stranger, guesses[n % len(guesses)]))[0] for n in range(brokers.PER_SOURCE + 10)]
    assert seen == [401] * brokers.PER_SOURCE + [429] * 10
    assert (await asked(stranger, key))[0] == 201


async def test_a_revoked_broker_ends_with_all_its_tokens_and_no_others(stranger: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    _, other = await house.brokers.add("ts2", ROOM)
    made = [(await asked(stranger, key, login))[1] for login in ("anna", "ben")]
    stays = (await asked(stranger, other))[1]
    _, own = await house.access.new_token("anna", name="own")
    assert await house.brokers.revoke("ts1") == 2
    assert sorted(house.revoked) == sorted(f"token:{one['id']}" for one in made)
    assert (await asked(stranger, key))[0] == 401
    for secret, status in ((made[0]["token"], 401), (made[1]["token"], 401), (stays["token"], 200), (own, 200)):
        assert (await stranger.send("GET", "/me", Authorization=f"Bearer {secret}")).status == status
    with pytest.raises(NotFoundError):
        await house.brokers.revoke("ts1")


async def test_a_broker_asks_often_and_one_person_does_not(stranger: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    seen = [(await asked(stranger, key))[0] for _ in range(brokers.PER_LOGIN + 3)]
    assert seen == [201] * brokers.PER_LOGIN + [429] * 3
    assert (await asked(stranger, key, "ben"))[0] == 201
    house.clock.forward(minutes=15)
    assert (await asked(stranger, key))[0] == 201


async def test_of_many_screens_the_oldest_token_ends_and_ones_own_tokens_stay(stranger: Browser, house: House) -> None:
    own, _ = await house.access.new_token("anna", name="own")
    _, key = await house.brokers.add("ts1", ROOM)
    made = []
    for _ in range(22):
        house.clock.forward(seconds=1)
        made.append((await asked(stranger, key))[1]["id"])
    assert house.revoked == [f"token:{one}" for one in made[:2]]
    assert [one.id for one in await house.access.tokens_of("anna")] == [own.id, *made[2:]]


async def test_a_broker_gets_nothing_for_who_does_not_work_here(stranger: Browser, house: House) -> None:
    _, key = await house.brokers.add("ts1", ROOM)
    for login in ("root", "Anna", "", "anna\0", "x" * 200):
        assert (await asked(stranger, key, login))[0] == 404, login
    house.people.replace([ANNA])
    assert (await asked(stranger, key, "ben"))[0] == 404
    assert (await asked(stranger, key, "x" * 201))[0] == 400
    assert (await asked(stranger, key, scopes=["alarms"]))[0] == 400


@pytest.mark.parametrize(
    "source", ["", "everywhere", "0.0.0.0/0", "::/0", "192.0.2.7/28", "192.0.2.300", "ts1.example"]
)
async def test_a_broker_comes_from_somewhere(house: House, source: str) -> None:
    with pytest.raises(BadRequestError):
        await house.brokers.add("ts1", source)


async def test_a_name_is_one_brokers(house: House) -> None:
    broker, _ = await house.brokers.add("ts1", "192.0.2.1")
    with pytest.raises(BusyError):
        await house.brokers.add("ts1", "192.0.2.2")
    with pytest.raises(BadRequestError):
        await house.brokers.add("", "192.0.2.2")
    assert [(one.name, one.source) for one in await house.brokers.all()] == [("ts1", "192.0.2.1/32")]
    assert await house.brokers.revoke(broker.id) == 0


async def test_tokens_made_are_logged_by_their_ids(stranger: Browser, house: House) -> None:
    broker, key = await house.brokers.add("ts1", ROOM)
    with structlog.testing.capture_logs() as logs:
        _, made = await asked(stranger, key, host="thin-17")
    assert [one["event"] for one in logs] == ["people.token_made", "people.broker_made"]
    assert (logs[1]["broker"], logs[1]["token"]) == (broker.id, made["id"])
    assert not any(word in str(logs) for word in ("anna", "thin-17", key, made["token"]))
