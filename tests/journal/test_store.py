"""Deleted calls are in no file of SQLite any more, also if they were many; the rest is in tests/contract."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import structs

from ami_bridge.config_journal import Journal
from ami_bridge.db.database import Database
from ami_bridge.journal.model import Filters, Kept, Reader
from ami_bridge.journal.retention import Retention
from ami_bridge.journal.rules import Rules
from ami_bridge.journal.store import MOST_NAMED, JournalStore
from ami_bridge.people.model import People
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def row(number: int, ended: datetime) -> Kept:
    return Kept(
        id=f"{number:05}",
        call_id=f"c{number}",
        pbx_id="rathaus",
        extension="101",
        direction="in",
        role="callee",
        result="answered",
        peer_number=f"+4930231{number:05}",
        line=None,
        started_at=ended,
        answered_at=ended,
        ended_at=ended,
        login="anna",
    )


async def names_at_most(db: Database, values: int) -> None:
    """Let a statement take so few values, as PostgreSQL's takes 32,767."""
    async with db._engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver._execute(driver._conn.setlimit, sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, values)


def all_bytes(place: Path) -> bytes:
    return b"".join(file.read_bytes() for file in place.iterdir())


async def test_numbers_and_notes_of_purged_calls_are_in_no_file_and_the_others_stay(tmp_path: Path) -> None:
    now = NOON + timedelta(days=31)
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        journal = JournalStore(db)
        await journal.add([row(n, NOON) for n in range(2900)])
        await journal.add([row(n, now) for n in range(2900, 2950)])
        for n in range(0, 2950, 50):  # rows grow, move to other pages, and leave their old bytes behind
            await journal.change(f"c{n}", "anna", {"note": f"note{n:05} " * 20})
        retention = Retention(
            store=journal,
            files=db,
            rules=Rules(Journal(), people=People(), extension_of=lambda _device: None),
            now=lambda: now,
        )
        await retention.forget()
        rest = all_bytes(tmp_path)
        left = [n for n in range(2950) if f"+4930231{n:05}".encode() in rest]
        assert left == list(range(2900, 2950))
        assert [n for n in range(2950) if f"note{n:05}".encode() in rest] == [2900]
        assert len(await journal.page(Reader(login="anna"), Filters(), limit=200)) == 50


async def test_somebody_with_more_calls_than_a_statement_can_name_is_erased_too(tmp_path: Path) -> None:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        journal, many = JournalStore(db), MOST_NAMED + 201
        await journal.add([structs.replace(row(n, NOON), result="missed", peer_number="+49301") for n in range(many)])
        await names_at_most(db, MOST_NAMED + 100)
        done = await journal.called_back("+49301", NOON + timedelta(hours=1), by="anna", department=None)
        assert {(one.done_by, one.rev) for one in done.after} == {("anna", 2)}
        assert len((await journal.erase("anna")).before) == len(done.after) == many
        assert await journal.page(Reader(login="anna"), Filters(private=True)) == []
