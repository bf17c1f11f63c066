"""A calendar server that delivers invitations, started once."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.dav.cyrus import Cyrus, cyrus


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cyrus_server() -> AsyncIterator[Cyrus]:
    """Cyrus with four people."""
    async with cyrus(["anna", "ben", "konferenz", "stranger"]) as found:
        yield found
