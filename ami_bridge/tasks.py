"""Tasks with an owner: besides `app`, the only place that starts them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


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
