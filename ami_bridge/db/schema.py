"""Which schema a database has, and bringing it up to date; Alembic is loaded only when there is something to do."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_bridge.db.tables import SCHEMA
from ami_bridge.errors import ConfigError

MIGRATIONS = Path(__file__).with_name("migrations")
ANY_STATEMENT = text("SELECT 1")
MIGRATION_LOCK = 7002
"""Key of PostgreSQL's advisory lock, so that two `ami-bridge migrate` do not meet."""


async def revision(connection: AsyncConnection) -> str | None:
    """Return the schema's revision; None where there is none yet."""
    return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer(found: str | None) -> None:
    """Raise ConfigError for a schema that only a later version knows."""
    if found is not None and found > SCHEMA:
        raise ConfigError(
            f"[database.url]: the schema {found} belongs to a newer ami-bridge, this one knows {SCHEMA}: "
            "install the newer version or restore the copy made before its migration"
        )


def refuse_other(found: str | None) -> None:
    """Raise ConfigError for any schema but our own."""
    refuse_newer(found)
    if found != SCHEMA:
        was = "is empty" if found is None else f"has the schema {found}"
        raise ConfigError(f"[database.url]: the database {was}, {SCHEMA} is needed: run `ami-bridge migrate` once")


async def lock(connection: AsyncConnection) -> None:
    """Wait for another migration to end; PostgreSQL gives the lock back with the transaction."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(7001, :key)"), {"key": MIGRATION_LOCK})


def upgrade(connection: Connection) -> None:
    """Carry out all migrations that are missing, within the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - a quarter of a second that no ordinary start should pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise ConfigError("[database.url]: the migration would leave rows without their parent; nothing was changed")
