import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ami_bridge.errors import (
    BadRequestError,
    NotAllowedError,
    NotReachableError,
    RateLimitedError,
    UnauthorisedError,
)
from ami_bridge.people.model import People, Person
from ami_bridge.people.signin import PER_LOGIN, PER_SOURCE, SignIn
from tests.limits import allowed

ANNA = Person(login="anna", name="Anna", extensions=("101",))
HOME = "192.0.2.1"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeGroupware:
    """Knows passwords; can be away, hang, or take its time."""

    def __init__(self) -> None:
        self.passwords = {"anna": "right", "visitor": "right"}
        self.asked: list[str] = []
        self.away = False
        self.takes = 0.0
        self.at_once = 0
        self.most_at_once = 0

    async def principal(self, user: str, password: str) -> str | None:
        self.asked.append(user)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.takes)
        self.at_once -= 1
        if self.away:
            raise NotReachableError("connection refused")
        return f"/principals/{user}/" if self.passwords.get(user) == password else None


class World:
    def __init__(self, answers_after: float = 0.0) -> None:
        self.clock = Clock()
        self.groupware = FakeGroupware()
        self.people = People([ANNA])
        self.sign_in = SignIn(groupware=self.groupware, people=self.people, now=self.clock, answers_after=answers_after)

    async def tries(self, user: str, password: str, source: str = HOME) -> str:
        """Sign in and say in a word how it went."""
        try:
            return (await self.sign_in.check(user, password, source=source)).login
        except (UnauthorisedError, RateLimitedError, NotReachableError, NotAllowedError, BadRequestError) as error:
            return error.code


async def test_who_knows_the_password_is_let_in() -> None:
    assert await World().sign_in.check("anna", "right", source=HOME) is ANNA


async def test_a_wrong_password_and_an_unknown_user_sound_the_same() -> None:
    world = World()
    told = []
    for user in ("anna", "nobody"):
        with pytest.raises(UnauthorisedError) as caught:
            await world.sign_in.check(user, "wrong", source=HOME)
        told.append(str(caught.value))
    assert told[0] == told[1]


async def test_who_is_not_in_the_staff_book_is_told_what_to_do() -> None:
    with pytest.raises(NotAllowedError, match="ask the administrator"):
        await World().sign_in.check("visitor", "right", source=HOME)


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("anna", ""),
        ("", "right"),
        ("", ""),
        ("anna\0", "right"),
        ("anna\r\nX: y", "right"),
        ("anna:right", "right"),
        (" anna", "right"),
        ("a" * 201, "right"),
        ("anna", "x" * 1001),
        ("\ud800", "right"),
    ],
)
async def test_nonsense_is_refused_before_anybody_is_asked(user: str, password: str) -> None:
    world = World()
    assert await world.tries(user, password) == "bad_request"
    assert world.groupware.asked == []


async def test_guessing_ends_soon_and_later_the_right_person_gets_in() -> None:
    world = World()
    for _ in range(PER_LOGIN):
        assert await world.tries("anna", "guess") == "unauthorised"
    assert await world.tries("anna", "right", source="192.0.2.99") == "rate_limited"
    assert len(world.groupware.asked) == PER_LOGIN
    world.clock.forward(seconds=15 * 60)
    assert await world.tries("anna", "right") == "anna"


@pytest.mark.parametrize("spelling", ["ANNA", "Anna", "ａｎｎａ"])  # noqa: RUF001 - a login may be written so
async def test_another_spelling_of_the_login_brings_no_new_tries(spelling: str) -> None:
    world = World()
    for _ in range(PER_LOGIN):
        assert await world.tries("anna", "guess") == "unauthorised"
    assert await world.tries(spelling, "guess") == "rate_limited"
    assert await world.tries("straße", "guess") == "unauthorised"
    assert len(world.groupware.asked) == PER_LOGIN + 1


async def test_guessing_in_parallel_gains_nothing() -> None:
    world = World()
    world.groupware.takes = 0.01
    verdicts = await asyncio.gather(*[world.tries("anna", f"guess-{n}") for n in range(200)])
    assert verdicts.count("unauthorised") == PER_LOGIN
    assert len(world.groupware.asked) == PER_LOGIN


async def test_one_address_cannot_try_many_people() -> None:
    world = World()
    for n in range(PER_SOURCE):
        assert await world.tries(f"user-{n}", "Winter2026") == "unauthorised"
    assert await world.tries("anna", "right") == "rate_limited"
    assert await world.tries("anna", "right", source="192.0.2.2") == "anna"


async def test_all_addresses_of_one_ipv6_network_are_one() -> None:
    world = World()
    for n in range(PER_SOURCE):
        await world.tries(f"user-{n}", "x", source=f"2001:db8::{n:x}")
    assert await world.tries("anna", "right", source="2001:db8::ffff") == "rate_limited"
    assert await world.tries("anna", "right", source="2001:db8:0:1::1") == "anna"


async def test_a_right_password_costs_nothing_however_often() -> None:
    world = World()
    for _ in range(PER_SOURCE + PER_LOGIN):
        assert await world.tries("anna", "right") == "anna"


async def test_a_groupware_that_is_away_is_not_a_wrong_password_and_costs_no_try() -> None:
    world = World()
    world.groupware.away = True
    for _ in range(PER_SOURCE + 1):
        assert await world.tries("anna", "right") == "unavailable"
    world.groupware.away = False
    assert await world.tries("anna", "right") == "anna"


async def test_the_groupware_is_not_overrun() -> None:
    world = World()
    world.groupware.takes = 0.005
    await asyncio.gather(*[world.tries(f"u{n}", "x", source=f"192.0.2.{n}") for n in range(50)])
    assert world.groupware.most_at_once == 8


@pytest.mark.alone
@pytest.mark.parametrize(("user", "password"), [("anna", "right"), ("anna", "wrong"), ("visitor", "right")])
@pytest.mark.parametrize("takes", [0.0, 0.05])
async def test_every_verdict_takes_the_same_time(user: str, password: str, takes: float) -> None:
    world = World(answers_after=0.1)
    world.groupware.takes = takes
    loop = asyncio.get_running_loop()
    began = loop.time()
    await world.tries(user, password)
    assert 0.1 <= loop.time() - began < 0.1 + allowed(0.1)
