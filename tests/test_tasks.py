"""Tasks with an owner: a race has one winner and no survivors, and a turn that fails costs only itself."""

import asyncio

import pytest
from structlog.testing import capture_logs

from ami_bridge.tasks import every, race

SOON = 5.0


class Runner:
    """Runs until somebody stops it, and remembers how it ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.ended = ""

    async def run(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # tidying up takes a moment
            self.ended = "stopped"
            raise


async def winner(after: asyncio.Event, error: Exception | None = None) -> None:
    await after.wait()
    if error is not None:
        raise error


async def test_when_one_ends_the_others_are_stopped_and_awaited() -> None:
    one, two = Runner(), Runner()
    async with asyncio.timeout(SOON):
        await race(one.run(), winner(one.began), two.run())
    assert (one.ended, two.ended) == ("stopped", "stopped")


async def test_the_error_of_who_ends_first_is_raised_when_all_have_stopped() -> None:
    other = Runner()
    async with asyncio.timeout(SOON):
        with pytest.raises(ZeroDivisionError):
            await race(other.run(), winner(other.began, ZeroDivisionError()))
    assert other.ended == "stopped"


async def test_a_race_that_is_cancelled_leaves_nobody_running() -> None:
    one, two = Runner(), Runner()
    task = asyncio.get_running_loop().create_task(race(one.run(), two.run()))
    await two.began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (one.ended, two.ended) == ("stopped", "stopped")


async def test_who_fails_while_being_stopped_does_not_hide_how_it_ended() -> None:
    async def clumsy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("stumbled on the way out")

    async with asyncio.timeout(SOON):
        await race(clumsy(), asyncio.sleep(0))


class Work:
    """Something done now and then; fails at the turns it is told to."""

    def __init__(self, fails: tuple[int, ...] = ()) -> None:
        self.turns = 0
        self._fails = fails
        self._news = asyncio.Condition()

    async def do(self) -> None:
        self.turns += 1
        async with self._news:
            self._news.notify_all()
        if self.turns in self._fails:
            raise ZeroDivisionError

    async def until(self, turns: int) -> None:
        async with asyncio.timeout(SOON), self._news:
            await self._news.wait_for(lambda: self.turns >= turns)


async def test_it_is_done_at_once_and_again_and_again() -> None:
    work = Work()
    task = asyncio.get_running_loop().create_task(every(0.001, work.do, name="work"))
    await work.until(3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_turn_that_fails_is_told_and_costs_only_itself() -> None:
    work = Work(fails=(1, 2))
    with capture_logs() as logs:
        task = asyncio.get_running_loop().create_task(every(0.001, work.do, name="work"))
        await work.until(4)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [(one["event"], one["task"]) for one in logs] == [("task.turn_failed", "work")] * 2


async def test_it_is_done_sooner_when_woken_even_if_woken_in_the_middle_of_a_turn() -> None:
    wake, work = asyncio.Event(), Work()

    async def woken_meanwhile() -> None:
        await work.do()
        if work.turns == 2:
            wake.set()

    task = asyncio.get_running_loop().create_task(every(3600, woken_meanwhile, name="work", wake=wake))
    await work.until(1)
    wake.set()
    await work.until(3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert work.turns == 3
