"""The databases that contract tests run on: a SQLite file, and a PostgreSQL that is started for them."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ami_bridge.db.database import Database, migrate, open_database
from ami_bridge.db.tables import metadata
from tests.contract.postgres import Postgres
from tests.empty import empty_database


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    place = Path(tempfile.mkdtemp(prefix="amib-pg-"))  # not below pytest's own, which user postgres may not enter
    server = Postgres(place)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    url = postgres.new_database("contract")
    with ThreadPoolExecutor(1) as aside:  # a loop may be running in this thread already
        aside.submit(lambda: asyncio.run(migrate(url))).result()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.shares("postgres"))])
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        async with empty_database(tmp_path / "bridge.sqlite") as opened:
            yield opened
        return
    url = request.getfixturevalue("migrated")
    server = request.getfixturevalue("postgres")
    tables = ", ".join(metadata.tables)
    await asyncio.to_thread(server.sql, f"SET session_replication_role = replica; TRUNCATE {tables}", "contract")
    async with open_database(url) as opened:
        yield opened
