"""The audit log and what is stored of a person, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, DateTime, Executable, Integer, LargeBinary, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from ami_bridge.db.database import Database
from ami_bridge.db.tables import audit, books, contacts, devices, journal, metadata, people, rooms
from ami_bridge.errors import NotFoundError
from ami_bridge.privacy.model import Looked
from ami_bridge.privacy.store import AuditStore, PersonalStore
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARK = "Zaunkönig"
SECRET = b"\x00hash of a secret\xff"


def looked(number: int, at: datetime = NOON) -> Looked:
    return Looked(id=f"A{number:03}", at=at, who="ben", did="read", whose="Bauamt", how="rest")


class TestAudit:
    async def test_entries_come_back_newest_first_in_pages(self, db: Database) -> None:
        store = AuditStore(db)
        entries = [looked(n, NOON + timedelta(seconds=n // 2)) for n in range(9)]
        await store.add(entries)
        await store.add([])
        seen: list[Looked] = []
        while page := await store.page(after=seen[-1].id if seen else None, limit=4):
            seen += page
        assert seen == entries[::-1]
        with pytest.raises(NotFoundError):
            await store.page(after="no such entry")

    @pytest.mark.parametrize("what", ["update", "delete", "truncate"])
    async def test_the_database_itself_refuses_to_change_or_delete_an_entry(self, db: Database, what: str) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - the database's own clock decides
        await AuditStore(db).add([looked(1, now), looked(2, now - timedelta(days=300))])
        statements: dict[str, Executable] = {
            "update": update(audit).values(who="nobody"),
            "delete": delete(audit).where(audit.c.id == "A002"),
            "truncate": text("TRUNCATE audit" if db.dialect == "postgresql" else "DELETE FROM audit"),
        }
        with pytest.raises(DBAPIError, match="only added to"):
            await db.run(statements[what])
        assert {one.id for one in await AuditStore(db).page()} == {"A001", "A002"}

    async def test_after_a_year_an_entry_may_go(self, db: Database) -> None:
        now = datetime.now(UTC)  # noqa: TID251
        store = AuditStore(db)
        await store.add([looked(1, now), looked(2, now - timedelta(days=367))])
        assert await store.purge(now - timedelta(days=366)) == 1
        assert [one.id for one in await store.page()] == ["A001"]


async def plant(db: Database, login: str) -> None:
    """Something in every table that has a login, each with a mark."""
    async with db.transaction() as transaction:
        house = {"pbx_id": "town", "kind": "meeting", "language": "de", "most": 9, "waits": False, "recording": False}
        room = {"id": f"rooms of {login}", "number": f"81{len(login)}", "title": f"{MARK} rooms", "owner": login}
        await transaction.run(insert(rooms).values(created=NOON, **house, **room))
        for parent in ("alarms", "alarm_tests"):
            row = planted(metadata.tables[parent], login, mark="plant") | {"id": f"{parent} of {login}"}
            await transaction.run(insert(metadata.tables[parent]).values(row))
        for name, table in metadata.tables.items():
            if "login" in table.c and name != "people":
                await transaction.run(insert(table).values(**planted(table, login)))
        await transaction.run(insert(people).values(login=login, name=f"{MARK} people", extensions=["101"], roles=[]))
        own = {"path": f"owner:{login} x", "label": "Privat", "scope": f"owner:{login}"}
        await transaction.run(insert(books).values(id=len(login), **own))
        card = {"id": len(login), "book": len(login), "href": "h", "fn": f"{MARK} contacts", "numbers": b"n"}
        await transaction.run(insert(contacts).values(card))
        device = {"name": f"phone of {login}", "hash": SECRET, "pbx_id": "town", "private": False, "created": NOON}
        await transaction.run(insert(devices).values(extension="101" if login == "anna" else "102", **device))
    await AuditStore(db).add([Looked(id=login, at=NOON, who="ben", did="export", whose=login, how="control")])


def planted(table: Any, login: str, mark: str = MARK) -> dict[str, Any]:  # noqa: ANN401 - any table
    values: dict[str, Any] = {}
    for column in table.c:
        kind = column.type
        if column.name == "login":
            values["login"] = login
        elif column.foreign_keys:
            values[column.name] = f"{next(iter(column.foreign_keys)).column.table.name} of {login}"
        elif isinstance(kind, DateTime) or type(kind).__name__ == "UtcTime":
            values[column.name] = NOON
        elif isinstance(kind, Boolean):
            values[column.name] = False
        elif isinstance(kind, Integer):
            values[column.name] = 7
        elif isinstance(kind, LargeBinary):
            values[column.name] = SECRET + login.encode()
        elif type(kind).__name__ == "JSON":
            values[column.name] = [mark]
        else:
            values[column.name] = f"{mark} {table.name} {login}"
    return values


class TestPersonal:
    async def test_every_row_of_a_person_is_found_in_every_table_and_no_secret_with_it(self, db: Database) -> None:
        await plant(db, "anna")
        await plant(db, "benno")
        store = PersonalStore(db)
        tables = {name for name, table in metadata.tables.items() if "login" in table.c} | {
            "contacts",
            "audit",
            "rooms",
        }
        assert {"journal", "tokens", "sessions", "accounts", "settings", "choices", "people"} <= tables
        assert await store.counts("anna") == dict.fromkeys(tables, 1)
        found = await store.everything("anna")
        assert set(found) == tables | {"devices", "done"}
        for name in tables - {"audit"}:
            assert MARK in str(found[name]), name
        assert "benno" not in str(found)
        assert "hash of a secret" not in str(found)
        assert [one["name"] for one in found["devices"]] == ["phone of anna"]
        assert set((await store.counts("nobody")).values()) == {0}

    async def test_after_erasing_only_the_card_and_the_audit_log_know_the_person(self, db: Database) -> None:
        await plant(db, "anna")
        await plant(db, "benno")
        await db.run(update(journal).where(journal.c.login == "benno").values(done_by="anna"))
        erased = await PersonalStore(db).erase("anna")
        assert {"journal": 1, "tokens": 1, "contacts": 1, "done": 1}.items() <= erased.items()
        left = await PersonalStore(db).counts("anna")
        assert {name for name, count in left.items() if count} == {"people", "audit"}
        (row,) = await db.rows(select(journal))
        assert (row.login, row.done_by, row.done_at) == ("benno", None, NOON)
        assert set((await PersonalStore(db).counts("benno")).values()) == {1}


async def test_after_erasing_no_byte_of_it_is_in_any_file(tmp_path: Path) -> None:
    """Rows that grew and moved leave traces behind, and so do copies that a migration made."""
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        await plant(db, "anna")
        await db.run(delete(people))
        for number in range(400):
            row = planted(journal, "anna") | {"id": f"{number}", "peer_number": f"+49{number:09}"}
            await db.run(insert(journal).values(**row))
            await db.run(update(journal).where(journal.c.id == f"{number}").values(note=f"{MARK} " * (number % 50)))
        (tmp_path / "bridge.sqlite.before-0008").write_bytes((tmp_path / "bridge.sqlite").read_bytes())
        assert MARK.encode() in everything_in(tmp_path)
        await PersonalStore(db).erase("anna")
        assert MARK.encode() not in everything_in(tmp_path)
        assert b"+49000000123" not in everything_in(tmp_path)
        assert SECRET + b"anna" not in everything_in(tmp_path)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())
