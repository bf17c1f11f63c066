"""Screens that tests share: started once, each for one person."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.desktop.screen import XScreen


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def xfce() -> AsyncIterator[XScreen]:
    """A screen with xfce4-notifyd."""
    async with XScreen("xfce4-notifyd") as screen:
        yield screen
