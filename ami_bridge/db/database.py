"""The database: its engine, single statements, transactions; SQLite on one machine, PostgreSQL for several."""

import asyncio
import os
import weakref
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from sqlite3 import sqlite_version, sqlite_version_info
from typing import Any, Literal, TypeVar

import msgspec
import structlog
from sqlalchemy import Executable, Row, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ami_bridge.db import place, schema
from ami_bridge.db.tables import SCHEMA
from ami_bridge.db.turns import Turns
from ami_bridge.errors import ConfigError, NotReachableError

log = structlog.get_logger()

ANSWER_WITHIN = 10.0
"""Seconds after which an unanswered statement counts as failed."""
WAL_RESET_FIXED = (3, 51, 3)
SQLITE_AWAY = frozenset({5, 6, 7, 8, 10, 11, 13, 14, 26})
"""SQLite's codes for what is no fault of the statement: busy, locked, memory, read-only, disk, full, broken file."""
POSTGRESQL_AWAY = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
"""Classes of PostgreSQL's codes that mean the same: connection, login, deadlock, resources, shutdown."""
AT_ONCE = {"sqlite": 1, "postgresql": 10}
"""How many connections there may be."""
POSTGRESQL_REFUSES = ("28", "3D")
"""Login or database name are wrong: nothing that waiting would mend."""

T = TypeVar("T")


class Transaction:
    """Statements that are kept together or not at all; one's own connection for as long as it lasts."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(self, statement: Executable) -> int:
        """Carry out a change; returns how many rows it met."""
        async with _answered():
            return (await self._connection.execute(statement)).rowcount

    async def many(self, statement: Executable, values: Sequence[Mapping[str, object]]) -> None:
        """Carry out the same change with each of these values."""
        async with _answered():
            await self._connection.execute(statement, values)

    async def rows(self, statement: Executable) -> list[Row[Any]]:
        """Carry out a statement that answers with rows."""
        async with _answered():
            return list((await self._connection.execute(statement)).all())


def read(row: Row[Any], kind: type[T]) -> T:
    """Return a row as a struct of the same field names."""
    return msgspec.convert({str(name): value for name, value in row._asdict().items()}, kind)


class Database:
    """What stores work with; each single statement is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._inside: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        # One waits for one's turn here: in SQLAlchemy's pool nobody is told when a connection could not be made, for
        # example because who made it was cancelled, and all others would wait there to the end of their time.
        self._turns = Turns(AT_ONCE[self.dialect])

    async def run(self, statement: Executable) -> int:
        """Carry out one change and commit it; returns how many rows it met."""
        async with self.transaction() as transaction:
            return await transaction.run(statement)

    async def rows(self, statement: Executable) -> list[Row[Any]]:
        """Carry out one statement that answers with rows."""
        async with self.transaction() as transaction:
            return await transaction.rows(statement)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit at the end, roll back on an error. No call to a neighbour belongs inside.

        Use what is given, not the Database: with one connection the second would wait for the first for ever.
        """
        task = asyncio.current_task()
        if task is None or task in self._inside:
            raise RuntimeError("a transaction within a transaction: pass the outer one down")
        self._inside.add(task)
        try:
            async with self._connection() as connection:
                yield Transaction(connection)
        finally:
            self._inside.discard(task)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        connection = self._engine.connect()
        async with self._turn():
            try:
                async with _answered():
                    await connection.start()
                    await connection.begin()
                yield connection
                async with _answered():
                    await connection.commit()
            finally:
                if connection.sync_connection is not None:
                    # shielded, or a second cancel would leave the only connection checked out
                    await asyncio.shield(connection.close())

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with _answered():
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    async def answers(self) -> bool:
        """Whether the database carries out a statement right now."""
        try:
            await self.rows(schema.ANY_STATEMENT)
        except NotReachableError:
            return False
        return True

    async def forget_deleted(self) -> None:
        """See to it that deleted rows do not stay in SQLite's write-ahead log; for the last traces, see `rewrite`."""
        if self.dialect == "sqlite":
            await self._on_driver("PRAGMA wal_checkpoint(TRUNCATE)")

    async def rewrite(self) -> None:
        """Write the SQLite file anew, without what was deleted or changed.

        What grew and moved to another page leaves its old bytes in the gap, whatever `secure_delete` says. Everybody
        else waits meanwhile, about a second for 100 MB.
        """
        if self.dialect == "sqlite":
            await self._on_driver("VACUUM")
            await self.forget_deleted()

    async def forget_copies(self, before: datetime | None = None) -> int:
        """Delete copies that migrations left beside the SQLite file, all or the older ones; returns how many.

        They hold what the file held then, also what is to be forgotten by now.
        """
        if self.dialect != "sqlite" or self._engine.url.database is None:
            return 0
        return await asyncio.to_thread(place.drop_copies, Path(self._engine.url.database), before)

    async def backup(self, to: Path) -> None:
        """Write a complete copy into a file that does not exist yet (SQLite only)."""
        if self.dialect != "sqlite":
            raise ConfigError("PostgreSQL is backed up by pg_dump, not from here")
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # SQLite takes an empty file
        await self._on_driver("VACUUM INTO ?", str(to))

    async def _on_driver(self, sql: str, *values: str) -> None:
        """Run what must not stand within a transaction, below SQLAlchemy, which would begin one."""
        async with self._turn(), _reachable(), self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            if driver is None:
                raise NotReachableError("the database is closed")
            await (await driver.execute(sql, values)).close()


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open what `url` names, bring SQLite's schema up to date, and close it at the end.

    Raises ConfigError when it is in use, of another version or cannot be used at all.
    """
    kind, path = place.parse(url)
    if kind == "postgresql":
        engine = _postgresql(url)
        try:
            async with _accepted(), _answered(), engine.connect() as connection:
                schema.refuse_other(await schema.revision(connection))
            yield Database(engine)
        finally:
            await engine.dispose()
        return
    if sqlite_version_info < WAL_RESET_FIXED:
        log.warning("db.sqlite_has_wal_reset_bug", version=sqlite_version, fixed_in="3.51.3")
    with place.occupied(path):
        await _bring_up_to_date(path)
        engine = _sqlite(path)
        try:
            yield Database(engine)
        finally:
            await engine.dispose()


async def migrate(url: str) -> str:
    """Bring the schema up to date, whichever database it is; returns its revision."""
    kind, path = place.parse(url)
    if kind == "sqlite":
        with place.occupied(path):
            await _bring_up_to_date(path)
        return SCHEMA
    engine = _postgresql(url, command_timeout=None)
    try:
        async with _accepted(), _reachable(), engine.begin() as connection:
            await schema.lock(connection)
            schema.refuse_newer(await schema.revision(connection))
            await connection.run_sync(schema.upgrade)
    finally:
        await engine.dispose()
    return SCHEMA


async def _bring_up_to_date(path: Path) -> None:
    """Migrate a SQLite file, keeping a copy of what was there; over a connection of its own.

    Foreign keys are off meanwhile: Alembic rebuilds tables, and dropping the old one would empty its children.
    """
    engine = _sqlite(path, foreign_keys=False)
    try:
        async with engine.connect() as connection:
            found = await schema.revision(connection)
        schema.refuse_newer(found)
        if found == SCHEMA:
            return
        if found is not None:
            copy = place.fresh(place.copy_of(path, SCHEMA))
            await Database(engine).backup(copy)
            log.info("db.copied_before_migration", copy=copy.name)
        async with engine.begin() as connection:
            await connection.run_sync(schema.upgrade)
        log.info("db.migrated", found=found, schema=SCHEMA)
    except DBAPIError as error:
        raise ConfigError(f"[database.url]: {path} cannot be used: {error.orig}") from error
    finally:
        await engine.dispose()


def _sqlite(path: Path, *, foreign_keys: bool = True) -> AsyncEngine:
    """One connection that reads and writes: two could corrupt a file in WAL mode before SQLite 3.51.3."""
    engine = create_async_engine(
        place.sqlite_url(path),
        pool_size=AT_ONCE["sqlite"],
        max_overflow=0,
        pool_timeout=ANSWER_WITHIN,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(dbapi: Any, _record: object) -> None:  # noqa: ANN401 - the driver's adapter has no public type
        dbapi.isolation_level = None  # no BEGIN by the driver itself
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            dbapi.execute(f"PRAGMA {pragma}")
        dbapi.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: str, *, command_timeout: float | None = ANSWER_WITHIN) -> AsyncEngine:
    try:
        return create_async_engine(
            place.postgresql_url(url),
            pool_size=5,
            max_overflow=AT_ONCE["postgresql"] - 5,
            pool_timeout=ANSWER_WITHIN,
            pool_pre_ping=True,
            hide_parameters=True,  # a failed statement would quote the numbers it was about
            connect_args={"timeout": ANSWER_WITHIN / 2, "command_timeout": command_timeout},
        )
    except ModuleNotFoundError as error:
        raise ConfigError("[database.url]: PostgreSQL needs the extra `postgres` (asyncpg)") from error


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    """Limit the wait, and say "not reachable" where the database, not the statement, is to blame."""
    async with _reachable(), asyncio.timeout(ANSWER_WITHIN):
        yield


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except (NoConnectionError, TimeoutError, OSError) as error:
        raise NotReachableError("the database does not answer") from error
    except DBAPIError as error:
        if _is_away(error):
            raise NotReachableError("the database does not answer") from error
        raise


@asynccontextmanager
async def _accepted() -> AsyncIterator[None]:
    """At start, tell a wrong login or name from a database that is away."""
    try:
        yield
    except NotReachableError as error:
        cause = error.__cause__
        if isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", "")[:2] in POSTGRESQL_REFUSES:
            told = str(cause.orig).partition(": ")[2] or cause.orig
            raise ConfigError(f"[database.url]: PostgreSQL refuses: {told}") from error
        raise


def _is_away(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if (state := getattr(error.orig, "sqlstate", None)) is not None:
        return str(state)[:2] in POSTGRESQL_AWAY
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY
