"""A key at a telephone does what its owner could do on the screen, and for strangers nothing."""

import asyncio
from collections.abc import Callable

from structlog.testing import capture_logs

from ami_bridge.calls.control import Wish
from ami_bridge.calls.keys import Keys
from ami_bridge.errors import GoneError
from ami_bridge.people.model import People, Person


class World:
    """Anna's telephone is in a call; another is nobody's. It is what is going on, and call control."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Wish, str]] = []
        self.gone = False
        people = People([Person(login="anna", name="Anna Amsel", extensions=("101",))])
        self.keys = Keys(grip=self, people=people, control=self)

    def of_leg(self, id_: str) -> tuple[str, str] | None:
        return {"1.1": ("C1", "101"), "1.2": ("C1", "199")}.get(id_)

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> None:
        if self.gone:
            raise GoneError("The call has just ended.")
        assert len(key()) > 10
        self.done.append((login, wish, credential))


async def test_the_key_makes_ones_own_call_a_conference() -> None:
    world = World()
    running = asyncio.get_running_loop().create_task(world.keys.run())
    with capture_logs() as logs:
        world.gone = True
        world.keys.pressed("1.1")
        await asyncio.sleep(0)
        world.gone = False
        for leg in ("1.2", "9.9", "1.1"):
            world.keys.pressed(leg)
        while not world.done:
            await asyncio.sleep(0)
    running.cancel()
    assert world.done == [("anna", Wish(verb="conference", call="C1", extension="101"), "key")]
    assert [(one["event"], one["code"]) for one in logs] == [("control.key_refused", "gone")]


async def test_a_key_that_is_held_down_does_not_pile_up() -> None:
    world = World()
    for _ in range(500):
        world.keys.pressed("1.1")
    running = asyncio.get_running_loop().create_task(world.keys.run())
    while len(world.done) < 100:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    assert len(world.done) == 100
