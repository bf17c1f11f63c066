import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from ami_bridge.db.database import Database, open_database
from ami_bridge.db.tables import books, contacts, parts, people, sessions
from ami_bridge.errors import ConfigError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA = {"login": "anna", "name": "Anna", "extensions": ["101"], "roles": ["user"]}


def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/data/bridge.sqlite"


async def names(db: Database) -> list[str]:
    return [row.name for row in await db.rows(select(people.c.name))]


async def test_what_is_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        assert await db.run(insert(people).values(ANNA)) == 1
    async with open_database(url(tmp_path)) as db:
        assert await names(db) == ["Anna"]


async def test_sqlite_is_set_up_so_that_nothing_acknowledged_is_lost_and_nothing_deleted_remains(
    tmp_path: Path,
) -> None:
    async with open_database(url(tmp_path)) as db:
        for pragma, value in [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)]:
            assert (await db.rows(text(f"PRAGMA {pragma}")))[0][0] == value


async def test_the_files_are_nobody_elses_business(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
        for file in (tmp_path / "data").iterdir():
            assert file.stat().st_mode & 0o077 == 0, file


async def test_a_second_daemon_is_refused_with_one_clear_sentence(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)):
        with pytest.raises(ConfigError, match="in use by another ami-bridge"):
            async with open_database(url(tmp_path)):
                pass
    async with open_database(url(tmp_path)):
        pass


async def test_the_words_of_a_failed_statement_do_not_quote_the_row(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        await db.run(insert(people).values(ANNA))
        with pytest.raises(IntegrityError) as refused:
            await db.run(insert(people).values(ANNA | {"name": "Anna Amsel"}))
    assert "Amsel" not in str(refused.value)


async def test_hundreds_at_once_lose_no_change(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        await db.run(insert(books).values(path="a", label="0", scope="shared"))

        async def count_up() -> None:
            async with db.transaction() as transaction:
                label = (await transaction.rows(select(books.c.label)))[0].label
                await asyncio.sleep(0)
                await transaction.run(update(books).values(label=str(int(label) + 1)))

        await asyncio.gather(*[count_up() for _ in range(300)])
        assert (await db.rows(select(books.c.label)))[0].label == "300"


async def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:

        async def fails() -> None:
            async with db.transaction() as transaction:
                await transaction.run(insert(people).values(ANNA))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fails()
        assert await names(db) == []


async def test_a_transaction_within_a_transaction_is_told_at_once_instead_of_waiting_for_itself(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        async with db.transaction():
            with pytest.raises(RuntimeError, match="pass the outer one down"):
                await db.rows(select(people))
        assert await names(db) == []


async def test_who_is_cancelled_in_the_middle_leaves_nothing_half_written_and_the_next_one_works(
    tmp_path: Path,
) -> None:
    async with open_database(url(tmp_path)) as db:
        written = asyncio.Event()

        async def interrupted() -> None:
            async with db.transaction() as transaction:
                await transaction.run(insert(people).values(ANNA))
                written.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(interrupted())  # noqa: TID251
        await written.wait()
        task.cancel()
        await asyncio.wait([task])
        assert await names(db) == []
        assert await db.run(insert(people).values(ANNA)) == 1


async def test_who_waits_behind_one_that_is_cancelled_while_the_file_is_opened_is_served_at_once(
    tmp_path: Path,
) -> None:
    for steps in range(40):  # of the loop, until the first is cancelled
        async with open_database(url(tmp_path)) as db:
            first, second = (asyncio.create_task(db.rows(select(people))) for _ in range(2))  # noqa: TID251
            for _ in range(steps):
                await asyncio.sleep(0.0001)
            first.cancel()
            async with asyncio.timeout(5):
                assert await second == []
            await asyncio.gather(first, return_exceptions=True)


async def test_a_wrong_statement_is_a_bug_and_not_an_absent_database(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        with pytest.raises(Exception, match="no such table"):
            await db.rows(text("SELECT * FROM nowhere"))
        assert await db.answers()


async def test_children_go_with_their_parent(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        await db.run(insert(books).values(id=1, path="a", label="A", scope="shared"))
        await db.run(insert(contacts).values(id=1, book=1, href="x"))
        await db.run(insert(parts).values(book=1, part=0, data=b"1"))
        await db.run(delete(books))
        assert await db.rows(select(parts)) == []


async def test_times_come_back_as_they_went_in_whatever_their_zone(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        berlin = NOON.astimezone(timezone(timedelta(hours=1)))
        row = {"id": "1", "hash": b"1", "login": "a", "created": berlin, "expires": NOON, "last_used": NOON}
        await db.run(insert(sessions).values(row))
        got = (await db.rows(select(sessions)))[0].created
        assert (got, got.tzinfo) == (NOON, UTC)
        with pytest.raises(Exception, match="time without a zone"):
            await db.run(update(sessions).values(created=NOON.replace(tzinfo=None)))


async def test_a_deleted_name_is_in_no_file_any_more(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        for n in range(200):
            await db.run(insert(people).values({**ANNA, "login": str(n), "name": f"Geheimnis-{n:04}-Ende"}))
        await db.run(delete(people))
        await db.forget_deleted()
        rest = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
        assert b"Geheimnis-" not in rest


async def test_a_backup_is_a_whole_database(tmp_path: Path) -> None:
    async with open_database(url(tmp_path)) as db:
        await db.run(insert(people).values(ANNA))
        await db.backup(tmp_path / "copy.sqlite")
    with sqlite3.connect(tmp_path / "copy.sqlite") as copy:
        assert copy.execute("SELECT name FROM people").fetchall() == [("Anna",)]
    copy.close()
