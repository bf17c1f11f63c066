"""What schema a database has, read without changing anything; also while a daemon has it open."""

import asyncio
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from ami_bridge.db import place, schema
from ami_bridge.errors import ConfigError

ANSWER_WITHIN = 5.0


async def revision(url: str) -> str | None:
    """Return its revision; None where there is no database yet. Raises ConfigError where it cannot be read."""
    kind, path = place.parse(url)
    if kind == "sqlite":
        return await asyncio.to_thread(_of_a_file, path)
    try:
        engine = create_async_engine(place.postgresql_url(url), connect_args={"timeout": ANSWER_WITHIN})
        try:
            async with engine.connect() as connection:
                return await schema.revision(connection)
        finally:
            await engine.dispose()
    except ModuleNotFoundError as error:
        raise ConfigError("[database.url]: PostgreSQL needs the extra `postgres` (asyncpg)") from error
    except (DBAPIError, OSError, TimeoutError) as error:
        raise ConfigError(f"[database.url]: PostgreSQL does not answer ({type(error).__name__})") from error


def _of_a_file(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as database:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.close()
    except sqlite3.Error as error:
        raise ConfigError(f"[database.url]: {path} cannot be read: {error}") from error
    return None if row is None else str(row[0])
