"""A real Asterisk and real telephones for the tests in this folder; started once, on free ports."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Mode, Phone
from ami_bridge.demo.ports import free
from tests.real.house import House, a_house
from tests.real.judge import Judge
from tests.real.plays import Stage, a_stage

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".demo"
RING_SECONDS = 4

GetPhone = Callable[..., Awaitable[Phone]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here share one event loop: the PBX's process belongs to it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pbx() -> AsyncIterator[Pbx]:
    """The town's Asterisk, with the account `judge`; nobody answers its questions for names."""
    async with Pbx(
        home=HOME, instance=f"test-{os.getpid()}", ports=free(), judge=True, ring_seconds=RING_SECONDS, say=_say
    ) as running:
        yield running
        await running.quiet()
    shutil.rmtree(running.folder)


def _say(_text: str) -> None:
    """Keep quiet: pytest shows what a failing test printed."""


@pytest_asyncio.fixture(loop_scope="session")
async def phone(pbx: Pbx) -> AsyncIterator[GetPhone]:
    """Switch on telephones: `anna = await phone("101")`; all are switched off after the test, all calls over."""
    async with AsyncExitStack() as stack:

        async def switch_on(extension: str, *, mode: Mode = "ring") -> Phone:
            return await stack.enter_async_context(Phone(pbx, extension, mode=mode))

        yield switch_on
    await pbx.quiet()


@pytest_asyncio.fixture(loop_scope="session")
async def judge(pbx: Pbx) -> Judge:
    """What Asterisk itself writes down of the calls of this test."""
    return Judge(pbx)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The whole town hall with an Asterisk of its own, which tests may kill."""
    ports, instance = free(), f"house-{os.getpid()}"
    async with Pbx(home=HOME, instance=instance, ports=ports, judge=True, ring_seconds=RING_SECONDS, say=_say) as own:
        async with a_house(own, tmp_path_factory.mktemp("house")) as running:
            yield running
        shutil.rmtree(own.folder)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(house: House) -> AsyncIterator[Stage]:
    """The telephones of the house, switched on for one test."""
    async with a_stage(house.pbx) as on:
        yield on
    await house.pbx.quiet()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _everybody_hangs_up(request: pytest.FixtureRequest) -> None:
    """Begin in a house where nobody telephones: what another test has parked or queued rings somebody again later."""
    if "house" in request.fixturenames:
        house: House = request.getfixturevalue("house")
        if any(one.startswith("PJSIP/") for one in await house.pbx.channels()):
            await house.pbx.cli("channel request hangup all")
            await house.pbx.quiet()
