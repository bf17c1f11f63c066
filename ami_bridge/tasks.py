"""Tasks with an owner: besides `app`, the only place that starts them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from ami_bridge.errors import BridgeError

log = structlog.get_logger()

ENDS_WITHIN = 2.0
"""Seconds that errands get to come to their end when the daemon stops."""

T = TypeVar("T")


async def race(*runners: Coroutine[Any, Any, object]) -> None:
    """Run all until one ends, then stop and await the others; the first error is raised."""
    tasks = [asyncio.create_task(runner) for runner in runners]  # noqa: TID251 - owned by this function
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def gathered(*runners: Coroutine[Any, Any, T]) -> list[T]:
    """Run all side by side and return what came of each, in their order; the first error ends all."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(runner) for runner in runners]
    return [one.result() for one in running]


async def every(
    seconds: float, do: Callable[[], Awaitable[object]], *, name: str, wake: asyncio.Event | None = None
) -> None:
    """Do something now and then again every `seconds`, or sooner when `wake` is set; a failure costs one turn."""
    while True:
        if wake is not None:
            wake.clear()
        try:
            await do()
        except Exception:  # a bug in one turn must not end all later ones
            log.exception("task.turn_failed", task=name)
        try:
            async with asyncio.timeout(seconds):
                await (wake.wait() if wake is not None else asyncio.Event().wait())
        except TimeoutError:
            continue


class Errands:
    """What is carried out to its end, even if whoever asked for it has gone meanwhile; `run` owns it."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    def start(self, errand: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin an errand; whoever waits for it shields it from being cancelled along."""
        task = asyncio.create_task(errand, name=name)  # noqa: TID251 - owned by this object
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    async def run(self) -> None:
        """Let errands come to their end when this is cancelled, within limits."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=ENDS_WITHIN)
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, BridgeError):
            log.error("task.errand_failed", task=task.get_name(), exc_info=error)
