"""The hub: news to whom they belong, in their order, and what somebody missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from ami_bridge import wire
from ami_bridge.web.hub import KEEP_NEWS, Hub, News

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOON = 5.0


def call(number: int, rev: int = 1) -> wire.Call:
    return wire.Call(
        id=f"CALL{number}", pbx="rathaus", rev=rev, state="ringing", direction="in", role="callee", since=NOON
    )


class Link:
    """A client that takes everything, or stumbles over it."""

    def __init__(self, login: str, *, credential: str = "", stumbles: bool = False) -> None:
        self.login = login
        self.credential = credential or f"token:{login}"
        self.topics = {"calls.self": 0, "bridge": 0}
        self.closed: tuple[int, str] | None = None
        self.served = asyncio.Event()
        self.got: list[str] = []
        self._stumbles = stumbles

    async def hand_on(self, news: News) -> None:
        if self._stumbles:
            raise ZeroDivisionError
        self.got.append(news.key)
        self.served.set()

    def close_soon(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


class World:
    def __init__(self) -> None:
        self.time = NOON
        self.hub = Hub(epoch="EPOCH", now=lambda: self.time)

    def rings(self, login: str, number: int, extension: str | None = None) -> None:
        one = call(number)
        self.hub.publish("calls.self", "call.changed", "call", one, key=one.id, login=login, extension=extension)

    def tells_all(self, ami: str = "down") -> None:
        bridge = wire.Bridge(pbx="rathaus", ami="down", since=NOON)
        self.hub.publish("bridge", "bridge.changed", "bridge", bridge, key=ami)

    async def all_handed_on(self) -> None:
        """The hub's own link is last in its queue: what it has, all others have."""
        sentinel = Link("sentinel")
        with self.hub.connected(sentinel):
            self.rings("sentinel", 0)
            async with asyncio.timeout(SOON):
                await sentinel.served.wait()

    def missed(
        self, login: str, seq: int, *, epoch: str = "EPOCH", extensions: tuple[str, ...] = ("101",)
    ) -> list[str] | None:
        resume = wire.Resume(epoch, seq)
        news = self.hub.missed(login, resume, topics=["calls.self", "bridge"], extensions=extensions)
        return None if news is None else [one.key for one in news]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    it = World()
    task = asyncio.get_running_loop().create_task(it.hub.run())
    yield it
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_gets_their_own_news_and_all_get_what_is_for_all(world: World) -> None:
    anna, also_anna, ben = Link("anna"), Link("anna"), Link("ben")
    with world.hub.connected(anna), world.hub.connected(also_anna), world.hub.connected(ben):
        world.rings("anna", 1)
        world.tells_all()
        world.rings("ben", 2)
        world.rings("anna", 3)
        await world.all_handed_on()
    assert anna.got == also_anna.got == ["CALL1", "down", "CALL3"]
    assert ben.got == ["down", "CALL2"]


async def test_a_topic_that_is_not_followed_is_not_told(world: World) -> None:
    anna = Link("anna")
    anna.topics = {"bridge": 0}
    with world.hub.connected(anna):
        world.rings("anna", 1)
        world.tells_all()
        await world.all_handed_on()
    assert anna.got == ["down"]


async def test_who_has_gone_is_forgotten_even_after_an_error(world: World) -> None:
    anna = Link("anna")

    def connected_for_a_moment() -> None:
        with world.hub.connected(anna):
            assert world.hub.links("anna") == world.hub.links() == [anna]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connected_for_a_moment()
    world.rings("anna", 1)
    await world.all_handed_on()
    assert (anna.got, world.hub.links()) == ([], [])


async def test_a_link_that_stumbles_is_ended_and_costs_the_others_nothing(world: World) -> None:
    broken, fine = Link("anna", stumbles=True), Link("anna")
    with world.hub.connected(broken), world.hub.connected(fine), capture_logs() as logs:
        world.rings("anna", 1)
        world.rings("anna", 2)
        await world.all_handed_on()
    assert fine.got == ["CALL1", "CALL2"]
    assert broken.closed == (1011, "internal error")
    assert {one["event"] for one in logs} == {"hub.link_failed"}


async def test_a_thousand_clients_do_not_keep_everybody_else_waiting(world: World) -> None:
    crowd = [Link("anna") for _ in range(1_000)]
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    with ExitStack() as doors:
        for one in crowd:
            doors.enter_context(world.hub.connected(one))
        other = asyncio.get_running_loop().create_task(somebody_else())
        world.rings("anna", 1)
        await world.all_handed_on()
        other.cancel()
    assert all(one.got == ["CALL1"] for one in crowd)
    assert turns >= 5


def test_publishing_counts_and_needs_no_loop_to_run() -> None:
    world = World()
    world.rings("anna", 1)
    world.tells_all()
    assert world.hub.seq == 2


def test_closing_finds_links_by_credential_or_by_person() -> None:
    world = World()
    desk, phone, ben = Link("anna", credential="token:1"), Link("anna", credential="token:2"), Link("ben")
    with world.hub.connected(desk), world.hub.connected(phone), world.hub.connected(ben):
        world.hub.close(credential="token:1", code=4500, reason="revoked")
        assert [one.closed for one in (desk, phone, ben)] == [(4500, "revoked"), None, None]
        world.hub.close(login="anna", code=4010, reason="rights changed")
        assert phone.closed == (4010, "rights changed")
        world.hub.close(login="nobody", code=4500, reason="gone")
        assert ben.closed is None


def test_what_was_missed_is_ones_own_of_ones_own_extensions_and_what_is_for_all() -> None:
    world = World()
    world.rings("anna", 1, "101")
    world.rings("ben", 2, "102")
    world.rings("anna", 3, "999")
    world.tells_all()
    world.rings("anna", 4)
    assert world.missed("anna", 0) == ["CALL1", "down", "CALL4"]
    assert world.missed("anna", 1) == ["down", "CALL4"]
    assert world.missed("anna", 5) == []
    assert world.missed("anna", 0, extensions=("999",)) == ["CALL3", "down", "CALL4"]


def test_what_cannot_be_known_is_not_pretended() -> None:
    world = World()
    world.rings("anna", 1)
    assert world.missed("anna", 0, epoch="BEFORE") is None
    assert world.missed("anna", 2) is None
    assert world.missed("anna", -1) is None
    world.hub.rights_changed("anna")
    assert world.missed("anna", 1) is None
    assert world.missed("anna", world.hub.seq) == []
    assert world.missed("ben", 1) == []


def test_only_the_last_two_thousand_and_the_last_quarter_of_an_hour_are_known() -> None:
    world = World()
    for number in range(KEEP_NEWS + 10):
        world.rings("ben", number)
    assert world.missed("anna", 9) is None
    assert world.missed("anna", 10) == []
    world.time += timedelta(minutes=15, seconds=1)
    world.rings("anna", 1)
    assert world.missed("anna", world.hub.seq - 2) is None
    assert world.missed("anna", world.hub.seq - 1) == ["CALL1"]
    world.time += timedelta(hours=1)
    assert world.missed("anna", world.hub.seq) == []
    assert world.missed("anna", world.hub.seq - 1) is None


def test_an_object_is_encoded_once_and_each_link_has_its_own_chain() -> None:
    news = News(seq=7, ts=NOON, topic="calls.self", event="call.changed", kind="call", key="CALL1", body=call(1))
    first = msgspec.json.decode(news.frame(3))
    encoded = news.raw
    second = msgspec.json.decode(news.frame(6))
    assert news.raw is encoded
    assert (first["prev"], second["prev"]) == (3, 6)
    assert first["call"] == second["call"] == msgspec.json.decode(wire.encode(call(1)))
