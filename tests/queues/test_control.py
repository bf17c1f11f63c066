"""What is done at queues: looked at again before it is done, refused where it may not be."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ami_bridge.calls.control import OwnTelephone
from ami_bridge.calls.events import Entered, Leg, Queued
from ami_bridge.errors import BadRequestError, BridgeError, GoneError, NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.queues.control import QueueControl, Wish
from tests.queues.world import CALLER, World, member, waiting


class Asterisk:
    """Notes what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    async def pause(self, queue: str, interface: str, *, on: bool) -> None:
        self.told.append(("pause" if on else "unpause", queue, interface))

    async def log_in(self, queue: str, device: str, *, name: str) -> None:
        self.told.append(("login", queue, device, name))

    async def log_out(self, queue: str, interface: str) -> None:
        self.told.append(("logout", queue, interface))

    async def take(self, channel: str, queue: str, device: str, *, waits: Callable[[], bool]) -> None:
        assert waits()
        self.told.append(("take", queue, channel, device))


class Once:
    """Carries out each key once."""

    def __init__(self) -> None:
        self.keys: set[tuple[str, str, Wish]] = set()

    async def do(
        self,
        login: str,
        key: str,
        what: Wish,
        *,
        check: Callable[[], Any],
        errand: Callable[[str, Any], Awaitable[None]],
    ) -> str:
        if (login, key, what) in self.keys:
            return key
        found = check()
        self.keys.add((login, key, what))
        await errand(key, found)
        return key


class Devices:
    def rung_first(self, login: str) -> OwnTelephone:
        return OwnTelephone(id={"anna": "PJSIP/101", "carla": "PJSIP/103", "eva": "PJSIP/105"}[login])


class Desk:
    def __init__(self) -> None:
        self.world = World().is_live(waiting(), members=(member("101"), member("102", own=True)))
        self.asterisk = Asterisk()
        self.control = QueueControl(
            desk=self.world.desk,
            standing=self.world.standing,
            steer=self.asterisk,
            devices=Devices(),
            once=Once(),  # type: ignore[arg-type]
            now=lambda: self.world.time,
        )

    async def do(self, login: str, verb: str, *, key: str = "k", **more: str) -> list[tuple[Any, ...]]:
        self.asterisk.told.clear()
        await self.control.do(
            login, Wish(verb=verb, queue=more.pop("queue", "300"), **more), credential="token:1", key=lambda: key
        )
        return self.asterisk.told

    def id_of(self, name: str) -> str:
        return next(one.id for one in self.world.sees("eva").members if one.name == name)

    @property
    def caller(self) -> str:
        return self.world.sees("eva").waiting[0].id


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_each_does_at_their_own_telephone_what_they_may(desk: Desk) -> None:
    assert await desk.do("anna", "pause") == [("pause", "300", "PJSIP/101")]
    assert await desk.do("carla", "login") == [("login", "300", "PJSIP/103", "Carla Çelik")]
    assert await desk.do("ben", "logout") == [("logout", "300", "PJSIP/102")]
    desk.world.desk.apply(member("101", paused=True))
    assert await desk.do("anna", "unpause") == [("unpause", "300", "PJSIP/101")]


async def test_who_manages_lets_others_pause_and_logs_them_out(desk: Desk) -> None:
    ben = desk.id_of("Ben Biber")
    assert await desk.do("dieter", "pause", member=ben) == [("pause", "300", "PJSIP/102")]
    assert await desk.do("dieter", "logout", member=ben) == [("logout", "300", "PJSIP/102")]


async def test_who_waits_rings_the_telephone_of_who_takes_them_once(desk: Desk) -> None:
    assert await desk.do("eva", "take", caller=desk.caller) == [("take", "300", "PJSIP/trunk-9.1", "PJSIP/105")]
    assert await desk.do("eva", "take", caller=desk.caller) == [], "the same key is the same wish"


@pytest.mark.parametrize(
    ("login", "verb", "more", "error"),
    [
        ("nobody", "pause", {}, NotFoundError),
        ("anna", "pause", {"queue": "301"}, NotFoundError),
        ("anna", "dance", {}, BadRequestError),
        ("anna", "unpause", {}, GoneError),
        ("anna", "login", {}, NotAllowedError),
        ("anna", "logout", {}, NotAllowedError),
        ("eva", "pause", {}, GoneError),
        ("eva", "pause", {"member": "Ben Biber"}, NotAllowedError),
        ("anna", "logout", {"member": "Ben Biber"}, NotAllowedError),
        ("frieda", "take", {"caller": "?"}, NotAllowedError),
        ("eva", "take", {"caller": "gone"}, GoneError),
        ("dieter", "pause", {"member": "gone"}, GoneError),
    ],
)
async def test_what_may_not_be_is_refused_and_asterisk_hears_nothing(
    desk: Desk, login: str, verb: str, more: dict[str, str], error: type[BridgeError]
) -> None:
    words = {"Ben Biber": desk.id_of("Ben Biber"), "?": desk.caller}
    with pytest.raises(error):
        await desk.do(login, verb, **{name: words.get(value, value) for name, value in more.items()})
    assert desk.asterisk.told == []


async def test_nothing_is_done_while_asterisk_is_out_of_sight(desk: Desk) -> None:
    desk.world.desk.lost()
    with pytest.raises(NotReachableError):
        await desk.do("anna", "pause")


async def test_who_comes_back_unanswered_has_waited_all_the_time(desk: Desk) -> None:
    (before,) = desk.world.sees("eva").waiting
    await desk.do("eva", "take", caller=before.id)
    desk.world.standing.leaves("9.1")
    desk.world.standing.joins("300", leg="9.1", channel="PJSIP/trunk-9.1", number=None, now=desk.world.time)
    assert desk.world.sees("eva").waiting == (before,)


async def test_who_was_served_and_is_given_back_to_the_queue_waits_anew(desk: Desk) -> None:
    (before,) = desk.world.sees("eva").waiting
    await desk.do("eva", "take", caller=before.id)
    desk.world.standing.leaves("9.1")
    leg = Leg("9.1", "9.1", "PJSIP/trunk-9.1", "up", CALLER, None, "300")
    desk.world.desk.heard(Entered(leg, "bridge", talk=True))
    desk.world.desk.heard(Queued(leg, "300"))
    (now,) = desk.world.sees("eva").waiting
    assert (now.since, now.peer.number) == (desk.world.time, CALLER)
    assert now.id != before.id
