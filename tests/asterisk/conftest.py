"""An Asterisk on a socket and a link to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.translate import WANTED
from tests.fakes.asterisk import SOON, FakeAsterisk


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


async def nothing() -> None:
    """Do nothing once connected."""


@asynccontextmanager
async def linked(
    pbx: FakeAsterisk,
    receive: Callable[[Any], None] = lambda _message: None,
    *,
    connected: Callable[[AmiLink], Callable[[], Awaitable[None]]] = lambda _link: nothing,
    lost: Callable[[], None] = lambda: None,
) -> AsyncIterator[AmiLink]:
    """Keep a link up to the end of the block; it is there when the block begins."""
    link = AmiLink(pbx.config(), wanted=WANTED, pause=lambda _attempt: 0.0, refused_pause=0.01)
    run = link.run(receive, connected=connected(link), lost=lost)
    running = asyncio.get_running_loop().create_task(run)
    try:
        async with asyncio.timeout(SOON):
            while not link.up:
                await asyncio.sleep(0.001)
        yield link
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=SOON)
        assert running.cancelled()
