"""At the database whoever is urgent comes first, and nobody's turn is lost when who waited has gone."""

import asyncio

from ami_bridge.db.turns import Turns, urgent


async def test_who_is_urgent_comes_before_all_that_wait_and_the_others_in_their_order() -> None:
    turns, came = Turns(1), list[str]()

    async def come(name: str) -> None:
        await turns.acquire()
        came.append(name)
        turns.release()

    await turns.acquire()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(come("first"))
        tasks.create_task(come("second"))
        with urgent():
            tasks.create_task(come("urgent"))
            tasks.create_task(come("urgent too"))
        tasks.create_task(come("third"))
        await asyncio.sleep(0)
        turns.release()
    assert came == ["urgent", "urgent too", "first", "second", "third"]
    await turns.acquire()  # it is free again


async def test_a_turn_is_not_lost_with_who_has_gone() -> None:
    turns = Turns(1)
    await turns.acquire()
    async with asyncio.TaskGroup() as tasks:
        waits, given = tasks.create_task(turns.acquire()), tasks.create_task(turns.acquire())
        await asyncio.sleep(0)
        waits.cancel()
        turns.release()
        given.cancel()  # at the moment that it is given
    async with asyncio.timeout(1):
        await turns.acquire()
