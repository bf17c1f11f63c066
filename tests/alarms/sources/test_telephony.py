"""When Asterisk or a trunk is away for long, that is raised once, and ended when it is back."""

import pytest

from ami_bridge.alarms.model import Priority
from ami_bridge.alarms.sources.telephony import PATIENCE, Telephony
from ami_bridge.errors import NotReachableError


class World:
    """A house whose telephony can break."""

    def __init__(self) -> None:
        self.up = True
        self.there: dict[str, bool] = {"PJSIP/trunk": True}
        self.time = 0.0
        self.full = False
        self.open: dict[str, tuple[str, Priority | None]] = {}
        self.told = 0

    async def wrong(self, key: str, text: str, *, point: str, priority: Priority | None = None) -> None:
        assert point == "telephone"
        if self.full:
            raise NotReachableError("the disk is full")
        self.told += key not in self.open
        self.open[key] = text, priority

    async def fine(self, key: str, *, point: str) -> None:
        assert point == "telephone"
        self.open.pop(key, None)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def telephony(world: World) -> Telephony:
    return Telephony(
        up=lambda: world.up,
        trunks=["", "trunk", "unheard-of"],
        there=world.there.get,
        troubles=world,
        language="de",
        clock=lambda: world.time,
    )


async def after(world: World, telephony: Telephony, seconds: float) -> set[str]:
    await telephony.look()
    world.time += seconds
    await telephony.look()
    return set(world.open)


async def test_asterisk_may_be_restarted_but_not_be_away(world: World, telephony: Telephony) -> None:
    assert await after(world, telephony, 1000) == set()
    world.up = False
    world.there["PJSIP/trunk"] = False
    assert await after(world, telephony, PATIENCE - 1) == set()
    world.up, world.there["PJSIP/trunk"] = True, True
    assert await after(world, telephony, 1000) == set()
    world.up = False
    world.there["PJSIP/trunk"] = False
    assert await after(world, telephony, PATIENCE) == {"pbx"}, "nothing is said of trunks that nobody can ask for"
    text, priority = world.open["pbx"]
    assert "niemand angerufen" in text
    assert priority == 1
    assert await after(world, telephony, 1000) == {"pbx"}
    assert world.told == 1
    world.up, world.there["PJSIP/trunk"] = True, True
    assert await after(world, telephony, 0) == set()


async def test_a_trunk_that_is_out_of_order_is_named(world: World, telephony: Telephony) -> None:
    world.there["PJSIP/trunk"] = False
    assert await after(world, telephony, PATIENCE) == {"trunk/trunk"}
    assert "trunk" in world.open["trunk/trunk"][0]
    world.there["PJSIP/trunk"] = True
    assert await after(world, telephony, 0) == set()


async def test_what_could_not_be_kept_is_told_later(world: World, telephony: Telephony) -> None:
    world.up, world.full = False, True
    assert await after(world, telephony, PATIENCE) == set()
    world.full = False
    assert await after(world, telephony, 1) == {"pbx"}
