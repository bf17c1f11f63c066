from datetime import timedelta

import pytest
from aiohttp.test_utils import make_mocked_request

from ami_bridge.errors import UnauthorisedError
from ami_bridge.people.model import Person
from ami_bridge.web.identity import SCOPES, Identity
from tests.people.conftest import ANNA, BEN, House


async def by_token(house: House, secret: str) -> Identity:
    return await house.access.identify(make_mocked_request("GET", "/", headers={"Authorization": f"Bearer {secret}"}))


async def by_cookie(house: House, secret: str) -> Identity:
    return await house.access.identify(make_mocked_request("GET", "/", headers={"Cookie": f"amib={secret}"}))


async def test_an_identity_says_who_by_what_and_what_for(house: House) -> None:
    token, secret = await house.access.new_token("anna", name="desk", scopes=["dial", "events"])
    assert await by_token(house, secret) == Identity(
        login="anna",
        credential=f"token:{token.id}",
        scopes=frozenset({"events", "dial"}),
        expires=house.clock.now + timedelta(days=365),
    )
    session, cookie = await house.access.new_session("anna", way="password")
    identity = await by_cookie(house, cookie)
    assert (identity.credential, identity.scopes) == (f"session:{session.id}", frozenset(SCOPES))


async def test_a_token_lives_a_year_from_its_last_use(house: House) -> None:
    _, secret = await house.access.new_token("anna", name="desk")
    house.clock.forward(days=364)
    await by_token(house, secret)
    house.clock.forward(days=364)
    await by_token(house, secret)
    house.clock.forward(days=365)
    with pytest.raises(UnauthorisedError):
        await by_token(house, secret)
    assert await house.access.tokens_of("anna") == []


async def test_a_use_is_written_at_most_once_a_minute(house: House) -> None:
    _, secret = await house.access.new_token("anna", name="desk")
    await by_token(house, secret)
    first = house.clock.now
    house.clock.forward(seconds=59)
    await by_token(house, secret)
    assert (await house.access.tokens_of("anna"))[0].last_used == first
    house.clock.forward(seconds=1)
    await by_token(house, secret)
    assert (await house.access.tokens_of("anna"))[0].last_used == house.clock.now


async def test_a_session_ends_hours_after_its_last_use(house: House) -> None:
    _, secret = await house.access.new_session("anna", way="password")
    for _ in range(3):
        house.clock.forward(hours=11)
        await by_cookie(house, secret)
    house.clock.forward(hours=12)
    with pytest.raises(UnauthorisedError):
        await by_cookie(house, secret)


async def test_who_is_gone_is_nobody_at_once_and_loses_everything(house: House) -> None:
    token, secret = await house.access.new_token("anna", name="desk")
    session, cookie = await house.access.new_session("anna", way="password")
    _, bens = await house.access.new_token("ben", name="desk")
    gone = house.people.replace([BEN])
    assert gone == {"anna"}
    for door, key in ((by_token, secret), (by_cookie, cookie)):
        with pytest.raises(UnauthorisedError, match="staff book"):
            await door(house, key)
    await house.access.forget(gone)
    assert sorted(house.revoked) == sorted([f"token:{token.id}", f"session:{session.id}"])
    house.people.replace([ANNA, BEN])  # back again, but with nothing in hand
    with pytest.raises(UnauthorisedError):
        await by_token(house, secret)
    assert (await by_token(house, bens)).login == "ben"


async def test_a_change_of_rights_takes_nothing_away_but_is_told(house: House) -> None:
    _, secret = await house.access.new_token("anna", name="desk")
    moved = Person(login="anna", name="Anna", extensions=("199",))
    assert house.people.replace([moved, BEN]) == {"anna"}
    assert (await by_token(house, secret)).login == "anna"


async def test_what_is_over_is_cleared_away(house: House) -> None:
    await house.access.new_session("anna", way="password")
    await house.access.new_token("anna", name="desk")
    assert await house.access.purge() == 0
    house.clock.forward(hours=13)
    assert await house.access.purge() == 1
    house.clock.forward(days=366)
    assert await house.access.purge() == 1
    assert [credential.partition(":")[0] for credential in house.revoked] == ["session", "token"]  # links end with them
