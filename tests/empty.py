"""An empty database in SQLite, migrated once for all tests of a process: a migration costs a tenth of a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ami_bridge.db.database import Database, open_database

_EMPTY: list[bytes] = []


@asynccontextmanager
async def empty_database(path: Path) -> AsyncIterator[Database]:
    """Open the database there; the first time it is empty."""
    await asyncio.to_thread(_prepared, path)
    async with open_database(f"sqlite://{path}") as db:
        yield db


def _prepared(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _EMPTY:
        model = path.with_name("empty.sqlite")
        asyncio.run(_migrated(model))
        _EMPTY.append(model.read_bytes())
    if not path.exists():
        path.write_bytes(_EMPTY[0])
        path.chmod(0o600)


async def _migrated(path: Path) -> None:
    async with open_database(f"sqlite://{path}"):
        pass
