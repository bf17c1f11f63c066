"""The same key is the same wish: once, whatever is tried again, however it was cut off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from msgspec import Struct

from ami_bridge.calls.once import KEPT, Once
from ami_bridge.calls.store import KeyStore
from ami_bridge.db.database import Database
from ami_bridge.errors import BadRequestError, BusyError, LateError, NotReachableError, RateLimitedError
from ami_bridge.tasks import Errands
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Wanted(Struct):
    to: str


class World:
    """A daemon's memory over a database that stays; `restart` is a new one over the same."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.time = NOON
        self.rung: list[str] = []
        self.alive: set[str] = set()
        self._count = count(1)
        self.restart()

    def restart(self) -> None:
        self.once = Once(
            store=KeyStore(self.db),
            errands=Errands(),
            lives=self.alive.__contains__,
            new_id=lambda: f"CALL{next(self._count)}",
            now=lambda: self.time,
        )

    async def ask(
        self,
        to: str = "102",
        *,
        key: str = "k",
        login: str = "anna",
        check: Callable[[], object] = lambda: None,
        errand: Callable[[str, object], Awaitable[None]] | None = None,
    ) -> str:
        return await self.once.do(login, key, Wanted(to), check=check, errand=errand or self.ring)

    async def ring(self, id_: str, _found: object) -> None:
        await asyncio.sleep(0)
        self.rung.append(id_)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with empty_database(tmp_path / "data" / "bridge.sqlite") as db:
        yield World(db)


async def test_ten_at_once_ring_once_and_get_one_answer(world: World) -> None:
    answers = await asyncio.gather(*(world.ask() for _ in range(10)))
    assert (set(answers), world.rung) == ({"CALL1"}, ["CALL1"])


async def test_the_same_key_later_and_after_a_restart_is_the_same_call(world: World) -> None:
    first = await world.ask()
    world.time += timedelta(minutes=9)
    assert await world.ask() == first
    world.restart()
    assert await world.ask() == first
    assert world.rung == [first]


async def test_another_key_or_person_is_another_call(world: World) -> None:
    answers = [await world.ask(), await world.ask(key="other"), await world.ask(login="ben")]
    assert world.rung == answers
    assert len(set(answers)) == 3


async def test_after_ten_minutes_a_key_is_new_again(world: World) -> None:
    await world.ask()
    world.time += KEPT + timedelta(seconds=1)
    await world.ask()
    assert len(world.rung) == 2


async def test_another_wish_under_the_same_key_is_refused(world: World) -> None:
    running = asyncio.gather(world.ask(), world.ask("103"), return_exceptions=True)
    first, other = await running
    assert first == "CALL1"
    assert isinstance(other, BadRequestError)
    world.restart()
    with pytest.raises(BadRequestError):
        await world.ask("103")
    assert world.rung == ["CALL1"]


@pytest.mark.parametrize("error", [NotReachableError("away"), BusyError("busy"), RateLimitedError("often")])
async def test_what_did_not_ring_may_be_asked_for_again(world: World, error: Exception) -> None:
    async def fail(_id: str, _found: object) -> None:
        raise error

    refused = await asyncio.gather(*(world.ask(errand=fail) for _ in range(3)), return_exceptions=True)
    assert refused == [error] * 3
    assert await world.ask() in world.rung


async def test_what_may_not_be_done_claims_no_key(world: World) -> None:
    def check() -> None:
        raise BusyError("not now")

    with pytest.raises(BusyError):
        await world.ask(check=check)
    assert await world.ask("103") in world.rung


async def test_where_nobody_knows_it_is_not_tried_again_but_found_where_it_lives(world: World) -> None:
    async def cut(id_: str, _found: object) -> None:
        world.rung.append(id_)
        raise LateError("cut off")

    for _ in range(3):
        with pytest.raises(LateError):
            await world.ask(errand=cut)
        world.restart()
    assert world.rung == ["CALL1"]
    world.alive.add("CALL1")
    assert await world.ask() == "CALL1"


async def test_who_asks_may_go_meanwhile(world: World) -> None:
    """The client's link closes while Asterisk is asked: it rings all the same, and the key knows."""
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(id_: str, _found: object) -> None:
        began.set()
        await go_on.wait()
        world.rung.append(id_)

    asking = asyncio.get_running_loop().create_task(world.ask(errand=slow))
    await began.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    again = asyncio.get_running_loop().create_task(world.ask(errand=slow))
    await asyncio.sleep(0)
    go_on.set()
    assert await again == "CALL1"
    world.restart()
    assert await world.ask() == "CALL1"
    assert world.rung == ["CALL1"]


async def test_a_daemon_that_dies_between_key_and_ringing_does_not_ring_later(world: World) -> None:
    async def die(_id: str, _found: object) -> None:
        await asyncio.Event().wait()

    asking = asyncio.get_running_loop().create_task(world.ask(errand=die))
    async with asyncio.timeout(5):
        while await KeyStore(world.db).find("anna", "k", since=NOON) is None:
            await asyncio.sleep(0)
    asking.cancel()
    world.restart()
    with pytest.raises(LateError):
        await world.ask()
    assert world.rung == []


async def test_keys_are_forgotten_and_hold_no_number(world: World) -> None:
    await world.ask("+493023125001")
    assert b"3023125001" not in b"".join(path.read_bytes() for path in _files(world))
    world.time += KEPT + timedelta(seconds=1)
    await world.once.purge()
    assert await KeyStore(world.db).find("anna", "k", since=NOON - timedelta(days=1)) is None


def _files(world: World) -> list[Path]:
    url = world.db._engine.url.database
    assert url is not None
    return [*Path(url).parent.glob("bridge.sqlite*")]
